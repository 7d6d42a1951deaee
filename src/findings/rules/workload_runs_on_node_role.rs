//! A workload signs its calls with the role of its node
//!
//! ## What it checks
//! What an ordinary SDK call in a container signs with is the node's role, from the metadata service, and the container
//! looks as if it called AWS: a region variable is set, or it is a controller known to. Where the node role has policies
//! that no node needs, they are probably there for such workloads, which is worse.
//!
//! ## Why it matters
//! The role is shared by every pod of the node, CloudTrail names the instance and not the workload, and what one workload
//! needs is granted to all of them.
//!
//! ## How to fix
//! Give the workload a role by association or annotation with what it needs, then take those policies off the node role.
//!
//! ## For newcomers
//! A program that finds no credentials of its own asks the machine it runs on. On a node that answers, everything works
//! without any configuration, which is why nobody notices.

use crate::findings::reference::{NHI5, NHI9, PR_AA_01, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, node_roles};
use crate::identity::Source;
use crate::model::{EntityKey, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "NODE-003",
    slug: "workload-runs-on-node-role",
    severity: Severity::Medium,
    kind: Kind::Both,
    category: Category::Node,
    needs: &[SourceKind::Pods, SourceKind::Nodes, SourceKind::Instances],
    references: &[NHI5, NHI9, PR_AA_01, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        for seat in workload.seats().filter(|seat| seat.identity.identity.source == Source::NodeRole) {
            let Some(role) = &seat.identity.identity.role else { continue };
            let Some(sign) = node_roles::looks_like_aws_client(workload, &seat) else { continue };
            let extra = match context.inventory.role(role) {
                Lookup::Found(found) => node_roles::beyond_standard(found),
                Lookup::Absent | Lookup::Unknown => Vec::new(),
            };
            let severity = if extra.is_empty() { Severity::Medium } else { Severity::High };
            let name = &seat.container.name;
            let account = workload.account_key();
            let found = out
                .report(workload.key.clone(), severity, format!("container {name} signs with the node's role {role}"))
                .also_all(EntityKey::role(role))
                .evidence(&workload.key, seat.path("credentials"), format!("instance metadata ({sign})"))
                .impact("the role is shared by every pod of the node, and calls carry the name of the instance")
                .fixes([
                    fix::aws(format!(
                        "aws eks create-pod-identity-association --cluster-name {} --namespace {} --service-account {} --role-arn ROLE_ARN",
                        fix::quoted(workload.cluster.description().map_or(&workload.cluster.label, |it| &it.name)),
                        fix::quoted(workload.namespace),
                        fix::quoted(&account.name)
                    )),
                    fix::restart(workload),
                ]);
            if let Some(key) = EntityKey::role(role) {
                for policy in &extra {
                    found.evidence(&key, "AttachedManagedPolicies", format!("{policy} is none that nodes need"));
                }
            }
        }
    }
}
