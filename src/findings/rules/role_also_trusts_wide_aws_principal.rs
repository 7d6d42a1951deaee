//! A role of pods also trusts people, or a whole account
//!
//! ## What it checks
//! A role that pods use also allows AWS principals to take it: the root of its own or of another account, a user, or a
//! role of single sign-on. A role tagged as break-glass, and the own root, which only leaves it to IAM policies, weigh
//! little.
//!
//! ## Why it matters
//! What was scoped to a pod can be reached by other ways. The root of another account without conditions leaves it to
//! that account's administrators who may come.
//!
//! ## How to fix
//! Take the statement out; or name single ARNs, with an external id for other accounts.
//!
//! ## For newcomers
//! `arn:aws:iam::ACCOUNT:root` in a trust policy is not the root user alone: it means everyone in that account whom the
//! account lets.

use crate::findings::context::role_key;
use crate::findings::reference::{NHI10, NHI5, PR_AA_05};
use crate::findings::subjects::acts_by;
use crate::findings::trust_text::TrustText;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::{Effect, PrincipalPattern};
use crate::identity::Source;
use crate::model::SourceKind;
use crate::model::facts::iam::Role;

pub(super) static RULE: Rule = Rule {
    id: "TRUST-020",
    slug: "role-also-trusts-wide-aws-principal",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Trust,
    needs: &[SourceKind::Iam, SourceKind::Pods],
    references: &[NHI5, NHI10, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for role in context.roles().filter(|it| it.trust.as_ref().is_some_and(|text| text.contains("\"AWS\""))) {
        if !is_of_pods(context, role) {
            continue;
        }
        let key = role_key(role);
        let document = context.trust(role);
        for statement in document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)) {
            let Some(clause) = statement.principals.as_ref().filter(|it| !it.negated) else { continue };
            if !acts_by(statement, "sts:AssumeRole") {
                continue;
            }
            for entry in &clause.entries {
                let pinned = !statement.conditions.is_empty();
                let (what, severity) = match &entry.value {
                    PrincipalPattern::Account(account) if *account == role.account => ("the root of its own account", Severity::Low),
                    PrincipalPattern::Account(_) => {
                        ("the root of another account", Severity::Medium.or(Severity::High, !pinned))
                    }
                    PrincipalPattern::User(_) => ("a user", Severity::Medium),
                    PrincipalPattern::Role(arn) if arn.contains("AWSReservedSSO_") => ("people by single sign-on", Severity::Medium),
                    _ => continue,
                };
                let severity = if is_break_glass(role) { Severity::Low } else { severity };
                let mut text = TrustText::of(role);
                let removed = text.as_mut().and_then(|text| {
                    text.remove(statement.index)?;
                    Some(text.fix())
                });
                let conditions: Vec<String> =
                    statement.conditions.iter().map(|it| format!("{} {}", it.written, it.key)).collect();
                out.report(key.clone(), severity, format!("a role of pods also trusts {what}: {}", entry.written))
                    .evidence(&key, format!("Statement[{}].Principal.AWS", statement.index), entry.written.as_str())
                    .evidence(
                        &key,
                        format!("Statement[{}].Condition", statement.index),
                        if conditions.is_empty() { "none".into() } else { conditions.join(", ") },
                    )
                    .impact("what was scoped to a pod can be reached by another way")
                    .fixes(removed)
                    .fixes([fix::by_hand(format!(
                        "name the principal that needs it in the place of {}, with sts:ExternalId for another account",
                        entry.written
                    ))]);
            }
        }
    }
}

/// A workload uses it by web identity or Pod Identity, or its trust admits a cluster's tokens or the agent.
fn is_of_pods(context: &Context<'_>, role: &Role) -> bool {
    let key = role_key(role);
    let used = context.users_of_role(&key).any(|workload| {
        workload.seats().any(|seat| {
            let credentials = [seat.identity.attempted.as_ref(), seat.identity.declared.as_ref()];
            credentials.into_iter().flatten().any(|it| {
                matches!(it.source, Source::Irsa | Source::PodIdentity) && it.role.as_deref() == Some(role.arn.as_str())
            })
        })
    });
    used || context.web_statements().iter().any(|it| it.key == key)
}

fn is_break_glass(role: &Role) -> bool {
    let says = |text: &str| {
        let text = text.to_ascii_lowercase().replace(['-', '_', ' '], "");
        text.contains("breakglass") || text.contains("emergency")
    };
    role.tags.iter().any(|(key, value)| (says(key) && !value.eq_ignore_ascii_case("false")) || says(value))
}
