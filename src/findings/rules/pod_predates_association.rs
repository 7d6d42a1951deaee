//! The pod is older than its association
//!
//! ## What it checks
//! A Pod Identity association exists for the account, and a running container that no skip label leaves out carries
//! nothing of it, or still carries web identity.
//!
//! ## Why it matters
//! The pod has no role or the old one until it is made again.
//!
//! ## How to fix
//! Restart the workload.
//!
//! ## For newcomers
//! Creating an association changes no pod. It counts for the pods that are made afterwards.

use crate::findings::reference::{NHI4, PR_AA_02};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "DRIFT-002",
    slug: "pod-predates-association",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Drift,
    needs: &[SourceKind::Pods, SourceKind::AssociationList, SourceKind::Associations],
    references: &[NHI4, PR_AA_02],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        let associations = &context.cluster_index(workload.cluster).associations;
        for seat in workload.seats() {
            let nothing = seat.identity.drift.contains(&'f');
            if !nothing && !seat.identity.drift.contains(&'d') {
                continue;
            }
            let Ok(Some(association)) = associations.of(workload.namespace, workload.service_account) else { continue };
            let created = association.details.as_ref().and_then(|it| it.created);
            let made = seat.entry.pod.as_ref().and_then(|it| it.meta.created);
            // A pod that is younger was injected by hand or missed by the webhook: other rules tell.
            if created.zip(made).is_some_and(|(created, made)| created <= made) {
                continue;
            }
            let dated = created.is_some() && made.is_some();
            let key = EntityKey::scoped(Thing::Association, &workload.cluster.label, &association.id);
            let time = |it: Option<jiff::Timestamp>| it.map_or_else(|| "not known".to_owned(), |it| it.to_string());
            let carried = if nothing { "nothing" } else { "web identity" };
            out.report(
                workload.key.clone(),
                Severity::High,
                format!("container {} is older than the association, and carries {carried}", seat.container.name),
            )
            .also(key.clone())
            .also(workload.account_key())
            .evidence(&key, "association.createdAt", time(created))
            .evidence(&workload.key, "pods.metadata.creationTimestamp", time(made))
            .evidence(&workload.key, seat.path("identity"), seat.identity.why.clone())
            .impact(match nothing {
                true => "the pod has no role of its own until it restarts",
                false => "the pod keeps the role of its web identity until it restarts",
            })
            .certain_if(dated)
            .fixes([fix::restart(workload)]);
        }
    }
}
