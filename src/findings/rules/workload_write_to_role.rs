//! A subject may write workloads beside a service account with a role
//!
//! ## What it checks
//! Somebody outside the platform may create, or change the template of, Deployments, StatefulSets, DaemonSets, ReplicaSets,
//! Jobs, CronJobs or ReplicationControllers in a namespace in which a service account has, or could be given, an AWS role
//! (R147). Programs that apply manifests from a repository must do that and weigh less. Custom workloads, whose controller
//! decides as whom their pods run, are told as unknown.
//!
//! ## Why it matters
//! The template says which service account its pods run as, so the right to write it is the right to be any of the
//! namespace. Where strangers hold the right and a sensitive role is in reach, it is critical.
//!
//! ## How to fix
//! Bind deployers per namespace, and keep strong accounts in namespaces that deployers of others do not write to.
//!
//! ## For newcomers
//! A workload is a stencil for pods. Nobody checks whether the one who writes the stencil may himself use the service
//! account named in it.

use crate::findings::reference::{CIS_4_1_4, NHI5, NHI8, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Through, fix, granted, platform};
use crate::graph::authorization::Subject;
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-003",
    slug: "workload-write-to-role",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: granted::NEEDS,
    references: &[NHI5, NHI8, PR_AA_05, CIS_4_1_4],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for holding in context.holdings(&[Power::WorkloadCreate, Power::WorkloadPatch]) {
        let reached = context.within_reach(&holding, Through::NewPods, false);
        let Some(best) = reached.best() else { continue };
        let who = granted::who(holding.subject);
        let applies = matches!(holding.subject, Subject::ServiceAccount { name, .. } if platform::is_gitops(name));
        let place = holding.place();
        let best_role = granted::strongest(best);
        let found = if applies {
            let message = format!("{who} applies manifests {place}, and so controls everything there, {best_role} among it");
            granted::report_plainly(out, &holding, Severity::Medium, message)
        } else {
            let severity = granted::raised(context, Severity::High, &holding, &reached);
            let message = format!("{who} may write workloads {place}, and so run pods as {best_role}");
            granted::report(out, &holding, severity, message)
        };
        let kinds: Vec<&str> = holding.powers.iter().map(|it| it.object).collect();
        let kinds = if kinds.contains(&"workloads") { "workloads of Kubernetes" } else { "custom workloads" };
        granted::reached(found, &holding, &reached)
            .evidence(&holding.key, "kinds", kinds)
            .certain_if(reached.is_certain())
            .impact("a template of its own, with the identity of any service account of the namespace")
            .fixes(granted::take_away(&holding, "writing workloads"))
            .fixes([fix::by_hand("bind deployers to the one namespace that each deploys to".to_owned())]);
    }
}
