//! The trust policy waits for a service account that is not there
//!
//! ## What it checks
//! StringEquals names a subject whose service account or namespace does not exist in the cluster of that issuer.
//!
//! ## Why it matters
//! Whoever creates a service account of that name, and a pod that runs as it, has the role. Where somebody outside the
//! platform may do that it weighs more; a namespace that comes and goes with a preview environment weighs little.
//!
//! ## How to fix
//! Take the value out of the condition; where it is the only one, the role may have no use left.
//!
//! ## For newcomers
//! Trust policies name accounts by text. AWS does not know whether the account exists; it admits whoever bears the name.

use crate::findings::reference::{NHI1, PR_AA_01, PR_AA_05};
use crate::findings::subjects::{Reach, named};
use crate::findings::trust_text::TrustText;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::model::{EntityKey, Kind as Thing, Lookup, SourceKind};
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "TRUST-010",
    slug: "dangling-subject",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Trust,
    needs: &[
        SourceKind::Iam,
        SourceKind::Cluster,
        SourceKind::ServiceAccounts,
        SourceKind::Namespaces,
        SourceKind::Roles,
        SourceKind::RoleBindings,
        SourceKind::ClusterRoles,
        SourceKind::ClusterRoleBindings,
    ],
    references: &[NHI1, PR_AA_01, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in context.web_statements() {
        for value in it.values() {
            let Reach::Account { namespace, name } = &value.reach else { continue };
            if !matches!(it.cluster.service_account(namespace, name), Lookup::Absent) {
                continue;
            }
            let known = it.cluster.namespaces.iter().any(|found| found.meta.name == *namespace);
            if !known && !it.cluster.namespaces.is_complete() {
                continue;
            }
            let creators = context.holders(&it.cluster, &[Power::SaCreate], namespace);
            let makers = if known { Vec::new() } else { context.namespace_creators(&it.cluster) };
            // Of a namespace that is not there, those who may create it must be able to act in it as well.
            let claimers: Vec<_> =
                creators.into_iter().filter(|subject| known || makers.contains(subject)).collect();
            let preview = !known && is_preview(namespace);
            let severity =
                if preview { Severity::Info } else { Severity::Medium.or(Severity::High, !claimers.is_empty()) };
            let object = EntityKey::namespaced(Thing::ServiceAccount, &it.cluster.label, namespace, name);
            let what = if known { "service account" } else { "namespace" };
            let mut text = TrustText::of(&it.role);
            let changed = text.as_mut().and_then(|text| {
                let index = it.statement().index;
                let condition = it.on_subjects().find(|condition| condition.written == value.operator)?;
                text.without_value(index, &value.operator, &condition.key, &value.text).or_else(|| text.remove(index))?;
                Some(text.fix())
            });
            let found = out
                .report(it.key.clone(), severity, format!("the trust names {}, whose {what} does not exist", value.text))
                .also(object.clone())
                .evidence(
                    &it.key,
                    it.path(&format!("Condition.{}.{}", value.operator, it.subject_key())),
                    value.text.as_str(),
                )
                .evidence(&object, what, "does not exist")
                .evidence(&object, "subjects that could claim it", named(&claimers))
                .impact(format!("whoever creates {namespace}/{name} and a pod for it becomes {}", it.role.name));
            if changed.is_none() {
                found.fixes([fix::aws(format!(
                    "# nobody else is named: delete the role if nothing else uses it\naws iam delete-role --role-name {}",
                    fix::quoted(&it.role.name)
                ))]);
            }
            found.fixes(changed);
        }
    }
}

/// Names of environments that come and go with a change.
fn is_preview(namespace: &str) -> bool {
    let mut parts = namespace.split('-');
    parts.any(|part| matches!(part, "preview" | "review" | "ephemeral" | "pr" | "mr"))
}
