//! The pod is older than the role annotation
//!
//! ## What it checks
//! A role is declared by annotation, a container carries nothing of it, and the annotation was set after the pod was made.
//! Where no managed fields tell when it was set, that is said, and the finding stays open: IRSA-001 tells of the pod.
//!
//! ## Why it matters
//! Pods are injected when they are made. Until it restarts, the workload has the identity it had before.
//!
//! ## How to fix
//! Restart the workload.
//!
//! ## For newcomers
//! No edit of an annotation changes a pod that runs.

use crate::findings::reference::{NHI4, PR_AA_02};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, annotation, fix};
use crate::identity::injection::ROLE_ANNOTATION;
use crate::model::{Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "DRIFT-001",
    slug: "pod-predates-annotation",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Drift,
    needs: &[SourceKind::Pods, SourceKind::ServiceAccounts, SourceKind::AssociationList],
    references: &[NHI4, PR_AA_02],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        for seat in workload.seats().filter(|it| it.identity.drift.contains(&'a')) {
            let account = workload.cluster.service_account(workload.namespace, workload.service_account);
            let (Lookup::Found(account), Some(created)) = (account, seat.entry.pod.as_ref().and_then(|it| it.meta.created))
            else {
                continue;
            };
            let set = annotation::set_at(&account.meta, ROLE_ANNOTATION);
            let younger = annotation::is_younger_than_pod(&account.meta, ROLE_ANNOTATION, created);
            if !younger && set.is_some() {
                continue;
            }
            let key = workload.account_key();
            let role = seat.identity.declared.as_ref().and_then(|it| it.role.as_deref()).unwrap_or_default();
            out.report(
                workload.key.clone(),
                Severity::High,
                match younger {
                    true => format!("container {} is older than the annotation {role}", seat.container.name),
                    false => format!("whether container {} is older than the annotation {role} cannot be dated", seat.container.name),
                },
            )
            .also(key.clone())
            .evidence(&key, format!("metadata.annotations[{ROLE_ANNOTATION}]"), role)
            .evidence(&key, "metadata.managedFields.time", set.or(account.meta.created.filter(|_| younger)).map_or_else(|| "not known".into(), |it| it.to_string()))
            .evidence(&workload.key, "pods.metadata.creationTimestamp", created.to_string())
            .evidence(&workload.key, seat.path("identity"), seat.identity.why.clone())
            .impact("the workload keeps its old identity until it restarts")
            .certain_if(younger)
            .fixes([fix::restart(workload)]);
        }
    }
}
