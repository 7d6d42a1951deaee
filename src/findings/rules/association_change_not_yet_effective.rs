//! A change of an association has not reached the pods yet
//!
//! ## What it checks
//! A Pod Identity association was changed after a pod was made, and less time has passed than its credentials may live: six
//! hours, or 59 minutes where there is a target role.
//!
//! ## Why it matters
//! "I changed it and it still fails": the pod goes on with the old role until its credentials are renewed.
//!
//! ## How to fix
//! Wait, or make the pods again.
//!
//! ## For newcomers
//! Credentials are handed out for hours, and nobody takes them back when the association changes.

use jiff::SignedDuration;

use crate::findings::reference::{NHI1, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::model::{EntityKey, Kind as Thing, SourceId, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "DRIFT-005",
    slug: "association-change-not-yet-effective",
    severity: Severity::Low,
    kind: Kind::Broken,
    category: Category::Drift,
    needs: &[SourceKind::Pods, SourceKind::AssociationList, SourceKind::Associations],
    references: &[NHI1, PR_AA_01],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        let associations = &context.cluster_index(workload.cluster).associations;
        for seat in workload.seats().filter(|it| it.identity.drift.contains(&'g')) {
            let Ok(Some(association)) = associations.of(workload.namespace, workload.service_account) else { continue };
            let Some(details) = &association.details else { continue };
            let Some(modified) = details.modified else { continue };
            let Some(now) = context.inventory.now else {
                out.cannot([SourceId::world()]);
                continue;
            };
            // R87: how long the agent's credentials live.
            let life = if details.target_role.is_some() {
                SignedDuration::from_mins(59)
            } else {
                SignedDuration::from_hours(6)
            };
            if now.duration_since(modified) >= life {
                continue;
            }
            let latest = modified.checked_add(life).map_or_else(|_| "not known".to_owned(), |it| it.to_string());
            let key = EntityKey::scoped(Thing::Association, &workload.cluster.label, &association.id);
            let made = seat.entry.pod.as_ref().and_then(|it| it.meta.created);
            out.report(
                workload.key.clone(),
                Severity::Low,
                format!("the association changed after the pods were made; it reaches all of them by {latest}"),
            )
            .also(key.clone())
            .also(workload.account_key())
            .evidence(&key, "association.modifiedAt", modified.to_string())
            .evidence(
                &workload.key,
                "pods.metadata.creationTimestamp",
                made.map_or_else(|| "not known".into(), |it| it.to_string()),
            )
            .evidence(&key, "latest effective time", latest)
            .impact("until then pods go on with the role they had")
            .fixes([fix::restart(workload)]);
        }
    }
}
