//! An association names a namespace or service account that does not exist
//!
//! ## What it checks
//! The namespace or the service account of a Pod Identity association is not in the cluster. A namespace that is gone
//! altogether may be one that is scaled down, and is only told.
//!
//! ## Why it matters
//! Either it is a typing mistake, and the workload that was meant runs without its role; or whoever creates an account of
//! that name gets the role.
//!
//! ## How to fix
//! Make the association again with the right names: namespace and account of an association cannot be changed.
//!
//! ## For newcomers
//! Nothing compares the names in an association with the cluster. They are matched when a pod asks.

use crate::findings::reference::{NHI1, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, similar};
use crate::model::{EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PODID-005",
    slug: "association-names-missing-object",
    severity: Severity::Medium,
    kind: Kind::Both,
    category: Category::PodIdentity,
    needs: &[SourceKind::AssociationList, SourceKind::ServiceAccounts, SourceKind::Namespaces],
    references: &[NHI1, PR_AA_01],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for cluster in context.clusters() {
        for association in &cluster.association_list {
            let (namespace, name) = (&association.namespace, &association.service_account);
            if !matches!(cluster.service_account(namespace, name), Lookup::Absent) {
                continue;
            }
            let known = cluster.namespaces.iter().any(|it| it.meta.name == *namespace);
            if !known && !cluster.namespaces.is_complete() {
                continue;
            }
            let key = EntityKey::scoped(Thing::Association, &cluster.label, &association.id);
            let what = if known { "service account" } else { "namespace" };
            let near: Vec<&str> = match known {
                true => {
                    let own = cluster.service_accounts.iter().filter(|it| it.meta.namespace == *namespace);
                    similar::nearest(name, own.map(|it| it.meta.name.as_str()), 2)
                }
                false => similar::nearest(namespace, cluster.namespaces.iter().map(|it| it.meta.name.as_str()), 2),
            };
            // A near name says that it was a slip; without one a whole missing namespace may come back.
            let severity = Severity::Medium.or(Severity::Info, !known && near.is_empty());
            let role = cluster.associations.iter().find(|it| it.id == association.id).and_then(|it| it.details.as_ref());
            let found = out
                .report(key.clone(), severity, format!("the {what} of {namespace}/{name} does not exist"))
                .also_all(role.and_then(|it| EntityKey::role(&it.role)))
                .evidence(&key, "association.namespace", namespace.as_str())
                .evidence(&key, "association.serviceAccount", name.as_str())
                .impact("a workload that was meant has no role; whoever creates the account has it");
            if !near.is_empty() {
                found.evidence(&key, "near names", near.join(", "));
            }
            found.fixes([fix::delete_association(cluster, &association.id)]);
            if let Some(details) = role {
                let right = near.first().copied().unwrap_or("NAME");
                let (namespace, name) = if known { (namespace.as_str(), right) } else { (right, name.as_str()) };
                found.fixes([fix::create_association(cluster, namespace, name, &details.role)]);
            }
        }
    }
}
