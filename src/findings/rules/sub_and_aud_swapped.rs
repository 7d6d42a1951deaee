//! Subject and audience are swapped in the condition
//!
//! ## What it checks
//! A value that begins with `system:serviceaccount:` stands under an `aud` key, or an STS audience under a `sub` key.
//!
//! ## Why it matters
//! Neither can ever match: the statement admits nobody.
//!
//! ## How to fix
//! Swap the two keys, so that each claim is compared with its own value.
//!
//! ## For newcomers
//! `sub` says whose token it is, `aud` whom it is meant for. Both end up in the same condition block and are easily taken
//! for each other.

use crate::findings::context::role_key;
use crate::findings::reference::{NHI4, PR_AA_04};
use crate::findings::subjects::{PREFIX, claim, issuer_of_key, narrows};
use crate::findings::trust_text::TrustText;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink};
use crate::iam::Effect;
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "TRUST-016",
    slug: "sub-and-aud-swapped",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Trust,
    needs: &[SourceKind::Iam],
    references: &[NHI4, PR_AA_04],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for role in context.roles().filter(|it| it.trust.as_ref().is_some_and(|text| text.contains(":sub") || text.contains(":aud"))) {
        let key = role_key(role);
        let document = context.trust(role);
        for statement in document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)) {
            for condition in statement.conditions.iter().filter(|it| narrows(it)) {
                let fits = |value: &str| match claim(&condition.folded) {
                    Some("aud") => value.starts_with(PREFIX),
                    Some("sub") => value.starts_with("sts.amazonaws.com"),
                    _ => false,
                };
                let Some(value) = condition.values.iter().find(|value| fits(value)) else { continue };
                let here = claim(&condition.folded).unwrap_or_default();
                let there = if here == "aud" { "sub" } else { "aud" };
                let issuer = issuer_of_key(&condition.key);
                let mut text = TrustText::of(role);
                let changed = text.as_mut().and_then(|text| swap(text, statement.index, issuer));
                out.report(key.clone(), Severity::High, format!("`{value}` is a value of {there} and stands under {here}"))
                    .evidence(
                        &key,
                        format!("Statement[{}].Condition.{}.{}", statement.index, condition.written, condition.key),
                        value.as_str(),
                    )
                    .impact("the statement admits nobody: the value can never be there")
                    .fixes(changed);
            }
        }
    }
}

/// Every `sub` of the issuer becomes `aud` and the reverse, where the values say so.
fn swap(text: &mut TrustText, index: usize, issuer: &str) -> Option<crate::findings::Fix> {
    let block = text.statement(index)?.get_mut("Condition")?.as_object_mut()?;
    for operator in block.values_mut().filter_map(serde_json::Value::as_object_mut) {
        let all = std::mem::take(operator);
        for (key, value) in all {
            let shown = value.to_string();
            let name = match key.rsplit_once(':') {
                Some((of, claim)) if of.eq_ignore_ascii_case(issuer) => match claim.to_ascii_lowercase().as_str() {
                    "aud" if shown.contains(PREFIX) => format!("{of}:sub"),
                    "sub" if shown.contains("sts.amazonaws.com") => format!("{of}:aud"),
                    _ => key.clone(),
                },
                _ => key.clone(),
            };
            operator.insert(name, value);
        }
    }
    Some(text.fix())
}
