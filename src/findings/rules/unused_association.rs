//! An association that nothing uses
//!
//! ## What it checks
//! No pod and no pod template runs as the service account of a Pod Identity association. Workloads without pods count as
//! users, cron jobs among them.
//!
//! ## Why it matters
//! It is a grant that lies ready for whoever may create a pod in the namespace.
//!
//! ## How to fix
//! Delete the association.
//!
//! ## For newcomers
//! An association costs nothing and stays when the application goes. Its role stays as strong as ever.

use crate::findings::reference::{NHI1, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, account_roles, fix};
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PODID-013",
    slug: "unused-association",
    severity: Severity::Low,
    kind: Kind::Open,
    category: Category::PodIdentity,
    needs: &[
        SourceKind::AssociationList,
        SourceKind::Pods,
        SourceKind::Deployments,
        SourceKind::StatefulSets,
        SourceKind::DaemonSets,
        SourceKind::Jobs,
        SourceKind::CronJobs,
    ],
    references: &[NHI1, PR_AA_01],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for cluster in context.clusters() {
        let Some(named) = account_roles::named_by_templates(cluster) else { continue };
        for association in &cluster.association_list {
            let (namespace, name) = (&association.namespace, &association.service_account);
            let account = EntityKey::namespaced(Thing::ServiceAccount, &cluster.label, namespace, name);
            if named.contains(&(namespace, name)) || context.users_of_account(&account).next().is_some() {
                continue;
            }
            let key = EntityKey::scoped(Thing::Association, &cluster.label, &association.id);
            let details = cluster.associations.iter().find(|it| it.id == association.id).and_then(|it| it.details.as_ref());
            let created = details.and_then(|it| it.created).map_or_else(|| "not known".to_owned(), |it| it.to_string());
            out.report(key.clone(), Severity::Low, format!("no pod and no template runs as {namespace}/{name}"))
                .also(account.clone())
                .also_all(details.and_then(|it| EntityKey::role(&it.role)))
                .evidence(&key, "association.createdAt", created)
                .evidence(&account, "pods and templates that name it", "0")
                .impact("a grant lies ready for whoever may create a pod in the namespace")
                .fixes([fix::delete_association(cluster, &association.id)]);
        }
    }
}
