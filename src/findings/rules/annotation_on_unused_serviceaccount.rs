//! An annotated service account that nothing uses
//!
//! ## What it checks
//! A service account names a role, and no pod and no pod template runs as it.
//!
//! ## Why it matters
//! It is an identity that lies ready for whoever may create a pod in the namespace.
//!
//! ## How to fix
//! Delete the service account, or at least its annotation and its place in the trust policy.
//!
//! ## For newcomers
//! An account costs nothing and is easily left behind when an application goes. Its role stays as strong as ever.

use std::collections::BTreeMap;

use crate::base::Name;
use crate::findings::reference::{NHI1, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, account_roles, fix, revocation};
use crate::identity::injection::ROLE_ANNOTATION;
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "HYG-001",
    slug: "annotation-on-unused-serviceaccount",
    severity: Severity::Low,
    kind: Kind::Open,
    category: Category::Hygiene,
    needs: &[
        SourceKind::ServiceAccounts,
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
    let named: BTreeMap<&Name, _> =
        context.clusters().map(|it| (&it.label, account_roles::named_by_templates(it))).collect();
    for it in account_roles::annotated(context) {
        let Some(Some(named)) = named.get(&it.cluster.label) else { continue };
        let (namespace, name) = (&it.account.namespace, &it.account.name);
        if !it.workloads().is_empty() || is_of_operator(&it) || named.contains(&(namespace, name)) {
            continue;
        }
        out.report(it.account.clone(), Severity::Low, format!("no pod and no template runs as {}", it.account.name))
            .also_all(EntityKey::role(&it.role))
            .evidence(&it.account, format!("metadata.annotations[{ROLE_ANNOTATION}]"), it.role.as_str())
            .evidence(&it.account, "pods and templates that name it", "0")
            .impact("an identity lies ready for whoever may create a pod in the namespace")
            .fixes([fix::kubectl(format!(
                "kubectl -n {} delete serviceaccount {}",
                fix::quoted(&it.account.namespace),
                fix::quoted(&it.account.name)
            ))])
            .fixes(EntityKey::role(&it.role).and_then(|role| revocation::without(context, &role, std::slice::from_ref(&it.account))));
    }
}

/// An operator makes pods for it on demand: its owner or its manager says so.
fn is_of_operator(it: &account_roles::Annotated<'_>) -> bool {
    let labels = &it.facts.meta.labels;
    let manager = labels.get("app.kubernetes.io/managed-by").map_or("", |it| it.as_str());
    it.facts.meta.owner.is_some() || manager.to_ascii_lowercase().contains("operator")
}
