//! A target role admits the base role for whomever it acts
//!
//! ## What it checks
//! The step from an association's base role to its target role would also be allowed for another service account of the
//! cluster: the target's trust policy asks neither for the external id of the association nor for the tags of its session.
//! It is worse where the base role serves several accounts, and little where the base role has this one association and
//! its own trust policy is pinned to it.
//!
//! ## Why it matters
//! Whoever has the base role reaches the target, also by an association that was never meant to (a confused deputy).
//!
//! ## How to fix
//! Ask for `sts:ExternalId` of the association in the statement that admits the base role.
//!
//! ## For newcomers
//! EKS sends a value with every step to a target role that tells which association it is for. The target role has to look
//! at it.

use std::collections::BTreeSet;

use crate::findings::associations::{Described, by_role, described};
use crate::findings::context::role_key;
use crate::findings::reference::{NHI4, NHI5, PR_AA_05, ZT3};
use crate::findings::trust_text::TrustText;
use crate::findings::{Category, Context, Fix, Kind, Rule, Severity, Sink, fix};
use crate::identity::trace::Trace;
use crate::model::SourceKind;
use crate::model::facts::iam::Role;

pub(super) static RULE: Rule = Rule {
    id: "PODID-008",
    slug: "target-role-trusts-base-without-externalid",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::PodIdentity,
    needs: &[SourceKind::Iam, SourceKind::Associations, SourceKind::Cluster],
    references: &[NHI4, NHI5, PR_AA_05, ZT3],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let all: Vec<Described<'_>> = described(context).collect();
    let by_role = by_role(&all);
    for it in all.iter().filter(|it| it.details.target_role.is_some()) {
        let (Some(base), Some(target), Some(arn)) = (it.base(context), it.target(context), &it.details.target_role)
        else {
            continue;
        };
        let mut trace = Trace::on();
        let stranger = it.of_another();
        let check = context.trusts.target_role(context.inventory, it.cluster, base, arn, &stranger, &mut trace);
        if !check.truth.is_yes() {
            out.cannot(check.missing);
            continue;
        }
        let users = &by_role[&it.details.role];
        let alone = users.len() == 1 && !it.admits_others(context, base).is_yes();
        let severity = match alone {
            true => Severity::Low,
            false => Severity::Medium.or(Severity::High, users.len() > 1),
        };
        let base_key = role_key(base);
        let target_key = role_key(target);
        let statements: BTreeSet<usize> =
            trace.into_hops().iter().flat_map(|hop| &hop.evidence).filter_map(|it| index(&it.path)).collect();
        let found = out
            .report(it.key.clone(), severity, format!("{} admits {} without asking for whom", target.name, base.name))
            .also(base_key.clone())
            .also(target_key.clone())
            .also(it.account())
            .evidence(&it.key, "association.externalId", it.details.external_id.as_deref().unwrap_or("none"))
            .evidence(&base_key, "associations that use it", users.len().to_string())
            .impact(format!("any service account that gets {} reaches {} as well", base.name, target.name));
        for at in &statements {
            found.evidence(&target_key, format!("Statement[{at}].Condition"), "no sts:ExternalId, no tag of the session");
        }
        let ids: BTreeSet<String> = users
            .iter()
            .filter(|user| user.details.target_role == it.details.target_role)
            .filter_map(|user| user.details.external_id.as_ref().map(ToString::to_string))
            .collect();
        let ids: Vec<String> = ids.into_iter().collect();
        match pinned(target, &statements, &ids) {
            Some(change) => found.fixes([change]),
            None => found.fixes([fix::by_hand(format!(
                "ask for sts:ExternalId in the trust policy of {}, with the externalId that describe-pod-identity-association gives",
                target.name
            ))]),
        };
    }
}

/// `AssumeRolePolicyDocument.Statement[2]`
fn index(path: &str) -> Option<usize> {
    path.strip_prefix("AssumeRolePolicyDocument.Statement[")?.strip_suffix(']')?.parse().ok()
}

fn pinned(target: &Role, statements: &BTreeSet<usize>, ids: &[String]) -> Option<Fix> {
    if ids.is_empty() || statements.is_empty() {
        return None;
    }
    let mut text = TrustText::of(target)?;
    for at in statements {
        text.pin(*at, "sts:ExternalId", ids)?;
    }
    Some(text.fix())
}
