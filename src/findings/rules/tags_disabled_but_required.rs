//! The association sends no session tags, and something asks for them
//!
//! ## What it checks
//! Session tags are turned off for an association, and the trust policy of its role or of its target role refuses for that
//! alone, or a permission policy of the role that its pods end up with asks for one of the tags. A role that carries the
//! tag itself is left out.
//!
//! ## Why it matters
//! EKS cannot take the role, or the pod is refused what its policy seems to grant.
//!
//! ## How to fix
//! Turn the tags on. An association with a session policy cannot have them: then the conditions must go.
//!
//! ## For newcomers
//! Pod Identity tells AWS which cluster, namespace and account a call comes from, as tags of the session. Policies can ask
//! for them, and an association can leave them out.

use std::collections::BTreeSet;

use crate::base::Name;
use crate::findings::associations::{Described, described};
use crate::findings::context::role_key;
use crate::findings::reference::{NHI4, PR_AA_04, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::identity::trace::Trace;
use crate::model::facts::iam::Role;
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PODID-006",
    slug: "tags-disabled-but-required",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::PodIdentity,
    needs: &[SourceKind::Iam, SourceKind::Associations, SourceKind::Cluster],
    references: &[NHI4, PR_AA_04, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in described(context).filter(|it| it.details.disable_session_tags) {
        let Some(base) = it.base(context) else { continue };
        if let Some(why) = refused_for_tags(context, &it, base) {
            report(out, &it, "the trust policy of its role asks for tags", role_key(base), why);
        }
        if let Some(target) = it.target(context)
            && let Some(why) = target_refused_for_tags(context, &it, base)
        {
            report(out, &it, "the trust policy of its target role asks for tags", role_key(target), why);
        }
        let last = if it.details.target_role.is_some() { it.target(context) } else { Some(base) };
        if let Some(role) = last {
            let keys = asked_by_policies(context, role);
            if !keys.is_empty() {
                let shown = keys.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
                report(out, &it, "a policy of its role asks for tags", role_key(role), shown);
            }
        }
    }
}

fn report(out: &mut Sink<'_>, it: &Described<'_>, message: &str, role: EntityKey, why: String) {
    let limited = it.details.policy.is_some();
    let found = out
        .report(it.key.clone(), Severity::High, format!("session tags are off, and {message}"))
        .also(role.clone())
        .also(it.account())
        .evidence(&it.key, "association.disableSessionTags", "true")
        .evidence(&role, "Condition", why)
        .impact(match message.starts_with("the trust") {
            true => "EKS cannot take the role, so no pod of the account gets credentials",
            false => "what the policy grants under that condition is refused",
        });
    if limited {
        found.evidence(&it.key, "association.policy", "set: EKS asks for tags to be off then");
        found.fixes([fix::by_hand(format!(
            "take the conditions on the tags of the session out of {role}: an association with a policy cannot send them"
        ))]);
    } else {
        found.fixes([fix::enable_tags(it.cluster, &it.association.id)]);
    }
}

/// The agent's service is refused without the tags, and would not be with them.
fn refused_for_tags(context: &Context<'_>, it: &Described<'_>, base: &std::sync::Arc<Role>) -> Option<String> {
    let (namespace, account) = (&it.association.namespace, &it.association.service_account);
    let ask = |association| {
        let trusts = &context.trusts;
        trusts.pod_identity(context.inventory, it.cluster, base, association, namespace, account, &mut Trace::off())
    };
    let now = ask(it.association);
    (now.truth.is_no() && !ask(&it.with_tags()).truth.is_no()).then_some(now.why)
}

fn target_refused_for_tags(context: &Context<'_>, it: &Described<'_>, base: &std::sync::Arc<Role>) -> Option<String> {
    let target = it.details.target_role.as_ref()?;
    let ask = |association| {
        context.trusts.target_role(context.inventory, it.cluster, base, target, association, &mut Trace::off())
    };
    let now = ask(it.association);
    (now.truth.is_no() && !ask(&it.with_tags()).truth.is_no()).then_some(now.why)
}

/// Condition keys of the role's policies that only session tags of Pod Identity fill, as written (R108).
fn asked_by_policies(context: &Context<'_>, role: &Role) -> BTreeSet<Name> {
    let policies = context.trusts.documents.of_role(context.inventory, role);
    let statements = policies.identity.iter().flat_map(|policy| policy.document.statements.iter());
    let keys = statements.flat_map(|it| &it.conditions).flat_map(|condition| condition.keys().cloned());
    keys.filter(|key| {
        let tag = key.strip_prefix("aws:principaltag/").unwrap_or_default();
        (tag.starts_with("kubernetes-") || tag.starts_with("eks-cluster-"))
            && !role.tags.iter().any(|(own, _)| own.eq_ignore_ascii_case(tag))
    })
    .collect()
}
