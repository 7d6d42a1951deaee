//! The base role of an association does not get on to its target role
//!
//! ## What it checks
//! An association names a target role, and the engine refuses the step from the base role to it: the base role's own
//! policies do not allow `sts:AssumeRole` and `sts:TagSession` on it, or its trust policy does not admit the base role with
//! this association's external id and tags, or it does not exist (R84).
//!
//! ## Why it matters
//! The pod gets no credentials at all: the base role's are never handed out.
//!
//! ## How to fix
//! Allow both actions in a policy of the base role, and admit the base role in the trust policy of the target with the
//! external id of the association.
//!
//! ## For newcomers
//! Across accounts Pod Identity takes two steps: a role of the cluster's account, and from there a role of the other one.
//! Both accounts must agree to the second step.

use serde_json::json;

use crate::findings::associations::{Described, described};
use crate::findings::context::role_key;
use crate::findings::reference::{NHI4, PR_AA_02, PR_AA_05};
use crate::findings::trust_text::TrustText;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::identity::trace::Trace;
use crate::model::facts::iam::Role;
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PODID-007",
    slug: "target-role-chain-broken",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::PodIdentity,
    needs: &[SourceKind::Iam, SourceKind::Associations, SourceKind::Cluster],
    references: &[NHI4, PR_AA_02, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in described(context) {
        let (Some(arn), Some(base)) = (&it.details.target_role, it.base(context)) else { continue };
        let check =
            context.trusts.target_role(context.inventory, it.cluster, base, arn, it.association, &mut Trace::off());
        if !check.truth.is_no() {
            out.cannot(check.missing);
            continue;
        }
        let sides = context.trusts.target_sides(context.inventory, it.cluster, base, arn, it.association);
        let (base_key, target_key) = (role_key(base), EntityKey::role(arn));
        let why = match &sides {
            None => check.why.clone(),
            Some(sides) if sides.trust.is_no() => sides.refusal.clone(),
            Some(_) => format!("no policy of {} allows the step", base.name),
        };
        let found = out
            .report(it.key.clone(), Severity::High, format!("{} does not get on to {arn}: {why}", base.name))
            .also(base_key.clone())
            .also_all(target_key.clone())
            .also(it.account())
            .evidence(&it.key, "association.targetRoleArn", arn.as_str())
            .evidence(&it.key, "association.externalId", it.details.external_id.as_deref().unwrap_or("none"))
            .impact("no pod of the account gets credentials");
        let Some(sides) = sides else {
            found.evidence(&it.key, "target role", why);
            found.fixes([fix::by_hand(format!("create {arn}, or name a target role that exists"))]);
            continue;
        };
        found.evidence(&base_key, "policies: sts:AssumeRole, sts:TagSession", word(!sides.identity.is_no()));
        if let Some(key) = &target_key {
            found.evidence(key, "AssumeRolePolicyDocument", match sides.trust.is_no() {
                true => sides.refusal.clone(),
                false => "admits the base role".into(),
            });
        }
        if sides.identity.is_no() {
            found.fixes([allow_step(base, arn)]);
        }
        if sides.trust.is_no() {
            found.fixes(it.target(context).and_then(|target| admit(&it, base, target)));
        }
    }
}

fn word(allowed: bool) -> &'static str {
    if allowed { "allowed" } else { "not allowed" }
}

/// An inline policy for the step.
fn allow_step(base: &Role, target: &str) -> crate::findings::Fix {
    let document = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": target,
    }] });
    fix::put_role_policy(&base.name, "pod-identity-target", &document.to_string())
}

/// One more statement in the target's trust policy. A Deny there must be narrowed by hand.
fn admit(it: &Described<'_>, base: &Role, target: &Role) -> Option<crate::findings::Fix> {
    let mut statement = json!({
        "Effect": "Allow", "Principal": { "AWS": base.arn.as_str() }, "Action": ["sts:AssumeRole", "sts:TagSession"],
    });
    if let Some(id) = &it.details.external_id {
        statement["Condition"] = json!({ "StringEquals": { "sts:ExternalId": id.as_str() } });
    }
    let mut text = TrustText::of(target)?;
    text.add(statement)?;
    Some(text.fix())
}
