//! A service account has both an annotation and an association
//!
//! ## What it checks
//! The service account carries a role annotation, and a Pod Identity association names it too. It weighs more where the two
//! roles differ.
//!
//! ## Why it matters
//! Which identity a pod has depends on its age: new pods get Pod Identity, pods from before the association keep IRSA.
//!
//! ## How to fix
//! Finish the migration: restart, see that it works, then remove the annotation and the statement for OIDC in the trust
//! policy.
//!
//! ## For newcomers
//! EKS has two ways to give a role to a pod. When both are set up, the association wins for every pod made from then on.

use crate::findings::reference::{NHI1, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, account_roles, fix, revocation};
use crate::identity::injection::{ROLE_ANNOTATION, association_role};
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PODID-010",
    slug: "both-mechanisms-configured",
    severity: Severity::Low,
    kind: Kind::Both,
    category: Category::PodIdentity,
    needs: &[SourceKind::ServiceAccounts, SourceKind::AssociationList, SourceKind::Associations],
    references: &[NHI1, PR_AA_01],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in account_roles::annotated(context) {
        let index = context.cluster_index(it.cluster);
        let Ok(Some(association)) = index.associations.of(&it.account.namespace, &it.account.name) else { continue };
        let other = association_role(association);
        let differ = other.as_ref().is_some_and(|role| *role != it.role);
        let key = EntityKey::scoped(Thing::Association, &it.cluster.label, &association.id);
        out.report(
            key.clone(),
            Severity::Low.or(Severity::Medium, differ),
            match differ {
                true => format!("{} has this association and is annotated with another role", it.account),
                false => format!("{} has this association and an annotation", it.account),
            },
        )
        .also(it.account.clone())
        .also_all(it.workloads().iter().cloned())
        .evidence(&it.account, format!("metadata.annotations[{ROLE_ANNOTATION}]"), it.role.as_str())
        .evidence(&key, "association.roleArn", other.as_deref().unwrap_or("not read"))
        .impact("new pods get Pod Identity, old pods keep IRSA: the identity depends on the age of the pod")
        .fixes(it.workloads().iter().filter_map(|key| context.workload(key)).map(fix::restart))
        .fixes([fix::kubectl(format!(
            "# when the new pods work\nkubectl -n {} annotate serviceaccount {} {ROLE_ANNOTATION}-",
            fix::quoted(&it.account.namespace),
            fix::quoted(&it.account.name)
        ))])
        .fixes(EntityKey::role(&it.role).and_then(|role| revocation::without(context, &role, std::slice::from_ref(&it.account))));
    }
}
