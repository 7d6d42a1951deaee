//! A workload that calls AWS has no credentials, and the node does not give it any
//!
//! ## What it checks
//! A container holds no credentials of any kind, the metadata service does not answer it, and it looks as if it called
//! AWS: a region variable is set, or it is a controller known to.
//!
//! ## Why it matters
//! It fails with "unable to locate credentials", or hangs on 169.254.169.254 until a time-out. This is what a move to
//! Amazon Linux 2023, or a hop limit of 1, leaves behind for workloads that used the node's role without saying so.
//!
//! ## How to fix
//! Give the workload a role. A controller that only asks the metadata service for region and VPC can be told both by
//! flags. Raising the hop limit opens the node's role to every pod.
//!
//! ## For newcomers
//! Nothing in Kubernetes says that a program expects credentials from its node. It shows when the node stops giving them.

use crate::findings::reference::{NHI4, PR_AA_03};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, node_roles};
use crate::identity::{Source, Verdict};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "NODE-006",
    slug: "workload-needs-imds-but-blocked",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::Node,
    needs: &[SourceKind::Pods, SourceKind::Nodes, SourceKind::Instances],
    references: &[NHI4, PR_AA_03],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        for seat in workload.seats() {
            let identity = seat.identity;
            let nothing = identity.verdict == Verdict::None
                && identity.identity.source == Source::None
                && identity.declared.is_none()
                && identity.attempted.is_none();
            // On Fargate there never was a metadata service to lose; the identity says so with its own rule.
            if !nothing || !matches!(identity.rule, "R96" | "R97" | "R98") {
                continue;
            }
            let Some(sign) = node_roles::looks_like_aws_client(workload, &seat) else { continue };
            let name = &seat.container.name;
            out.report(workload.key.clone(), Severity::Medium, format!("container {name} calls AWS and has no credentials"))
                .also(workload.account_key())
                .evidence(&workload.key, seat.path("env"), sign)
                .evidence(&workload.key, "metadata service", identity.why.as_str())
                .impact("calls end with no credentials, a 401, or a time-out on 169.254.169.254")
                .fixes([
                    fix::aws(format!(
                        "aws eks create-pod-identity-association --cluster-name {} --namespace {} --service-account {} --role-arn ROLE_ARN",
                        fix::quoted(workload.cluster.description().map_or(&workload.cluster.label, |it| &it.name)),
                        fix::quoted(workload.namespace),
                        fix::quoted(workload.service_account)
                    )),
                    fix::restart(workload),
                    fix::by_hand("where only region and VPC are asked for, pass them as flags; leave the hop limit at 1"),
                ]);
        }
    }
}
