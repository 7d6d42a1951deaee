//! A role is given to the service account `default`
//!
//! ## What it checks
//! The trust policy names `system:serviceaccount:NAMESPACE:default`, or the account `default` of a namespace is
//! annotated with the role, or an association gives it the role.
//!
//! ## Why it matters
//! Every pod that names no service account runs as `default`, and so gets the role without anybody having meant it. In a
//! namespace with exactly one workload it weighs less.
//!
//! ## How to fix
//! Make a service account for the workload that needs the role.
//!
//! ## For newcomers
//! Every namespace has an account called `default`. It is what pods get whose author did not think about accounts.

use std::collections::BTreeMap;

use crate::findings::context::role_key;
use crate::findings::reference::{CIS_4_1_5, NHI5, NHI9, PR_AA_05};
use crate::findings::subjects::Reach;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, account_roles, fix};
use crate::identity::injection::ROLE_ANNOTATION;
use crate::model::{ClusterFacts, EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "TRUST-011",
    slug: "default-service-account-trusted",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Trust,
    needs: &[SourceKind::Iam, SourceKind::ServiceAccounts, SourceKind::Associations, SourceKind::Pods],
    references: &[NHI5, NHI9, PR_AA_05, CIS_4_1_5],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let mut workloads: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for workload in &context.workloads {
        *workloads.entry((&workload.cluster.label, workload.namespace)).or_default() += 1;
    }
    let one = |cluster: &ClusterFacts, namespace: &str| {
        workloads.get(&(cluster.label.as_str(), namespace)).is_some_and(|count| *count == 1)
    };
    let mut report = |role: EntityKey, cluster: &ClusterFacts, namespace: &str, object: &EntityKey, path: String, value: &str| {
        let account = EntityKey::namespaced(Thing::ServiceAccount, &cluster.label, &namespace.into(), &"default".into());
        let users = context.users_of_account(&account).count();
        let name = role.name.clone();
        out.report(
            role,
            Severity::High.or(Severity::Medium, one(cluster, namespace)),
            format!("the account `default` of {namespace} gets the role"),
        )
        .also(account.clone())
        .evidence(object, path, value)
        .evidence(&account, "workloads that run as it", users.to_string())
        .impact(format!("every pod of {namespace} that names no service account becomes {name}"))
        .fixes([
            fix::kubectl(format!(
                "kubectl -n {0} create serviceaccount NAME   # then serviceAccountName: NAME in the one workload that needs it",
                fix::quoted(namespace)
            )),
            fix::by_hand(format!("give the role to that account in the trust policy or association, and take it from {namespace}/default")),
        ]);
    };
    for it in context.web_statements() {
        for value in it.values() {
            let Reach::Account { namespace, name } = &value.reach else { continue };
            if name.as_str() == "default" && !it.admits(context, &value.text).is_no() {
                let path = it.path(&format!("Condition.{}.{}", value.operator, it.subject_key()));
                report(it.key.clone(), &it.cluster, namespace, &it.key, path, &value.text);
            }
        }
    }
    for it in account_roles::annotated(context).filter(|it| it.account.name.as_str() == "default") {
        if let Lookup::Found(role) = context.inventory.role(&it.role) {
            let path = format!("metadata.annotations[{ROLE_ANNOTATION}]");
            report(role_key(role), it.cluster, &it.account.namespace, &it.account, path, &it.role);
        }
    }
    for cluster in context.clusters() {
        for association in cluster.associations.iter().filter(|it| it.service_account.as_str() == "default") {
            let Some(details) = &association.details else { continue };
            if let Lookup::Found(role) = context.inventory.role(&details.role) {
                let key = EntityKey::scoped(Thing::Association, &cluster.label, &association.id);
                report(role_key(role), cluster, &association.namespace, &key, "association.serviceAccount".into(), "default");
            }
        }
    }
}
