//! The role is open to every service account of a namespace
//!
//! ## What it checks
//! A statement for the cluster's provider asks for the subject under StringLike with a pattern that fixes the namespace
//! and leaves the name open.
//!
//! ## Why it matters
//! Any workload of the namespace takes the role, those of tomorrow included. It weighs more where the role is sensitive or
//! where somebody outside the platform can create pods or service accounts there.
//!
//! ## How to fix
//! List the service accounts under StringEquals.
//!
//! ## For newcomers
//! `system:serviceaccount:shop:*` means everybody who works in the shop, and everybody who will.

use crate::findings::reference::{NHI5, NHI9, PR_AA_05, ZT3};
use crate::findings::subjects::Reach;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink};
use crate::identity::injection::ROLE_ANNOTATION;
use crate::model::{EntityKey, Kind as Thing, Lookup, SourceKind};
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "TRUST-008",
    slug: "namespace-wide-trust",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Trust,
    needs: &[
        SourceKind::Iam,
        SourceKind::Cluster,
        SourceKind::ServiceAccounts,
        SourceKind::Roles,
        SourceKind::RoleBindings,
        SourceKind::ClusterRoles,
        SourceKind::ClusterRoleBindings,
    ],
    references: &[NHI5, NHI9, PR_AA_05, ZT3],
    check,
};

/// R146, R147, R155.
const POWERS: [Power; 4] = [Power::PodCreate, Power::WorkloadCreate, Power::WorkloadPatch, Power::SaCreate];

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in context.web_statements() {
        for value in it.values() {
            let Reach::Namespace(namespace) = &value.reach else { continue };
            let probe = format!("system:serviceaccount:{namespace}:rw-probe-9c1e");
            let admits = it.admits(context, &probe);
            if admits.is_no() {
                continue;
            }
            let of_namespace = it.cluster.service_accounts.iter().filter(|account| account.meta.namespace == *namespace);
            let admitted: Vec<&str> = of_namespace.map(|account| account.meta.name.as_str()).collect();
            let unannotated = admitted.iter().filter(|name| match it.cluster.service_account(namespace, name) {
                Lookup::Found(account) => !account.meta.annotations.contains(ROLE_ANNOTATION),
                _ => false,
            });
            let writers = context.holders(&it.cluster, &POWERS, namespace);
            let single = admitted.iter().filter(|name| **name != "default").count() == 1;
            let sensitive = context.is_known_sensitive(&it.role);
            let severity = if single && writers.is_empty() {
                Severity::Low
            } else {
                Severity::Medium.or(Severity::High, sensitive || !writers.is_empty())
            };
            let object = EntityKey::scoped(Thing::Namespace, &it.cluster.label, namespace);
            out.report(it.key.clone(), severity, format!("every service account of {namespace} may take the role"))
                .also(object.clone())
                .evidence(
                    &it.key,
                    it.path(&format!("Condition.{}.{}", value.operator, it.subject_key())),
                    value.text.as_str(),
                )
                .evidence(
                    &object,
                    "serviceaccounts",
                    format!("{} admitted now, {} of them without the annotation", admitted.len(), unannotated.count()),
                )
                .evidence(&object, "subjects that create pods or accounts there", crate::findings::subjects::named(&writers))
                .evidence(&it.key, "class", context.privilege_of(&it.role).class.as_str())
                .impact(format!("any workload of {namespace}, now or later, becomes {}", it.role.name))
                .certain_if(admits.is_yes())
                .fixes(it.pinned(context))
                .fixes([it.pinned_terraform(context)]);
        }
    }
}
