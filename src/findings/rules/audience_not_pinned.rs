//! The trust policy does not ask for the token's audience
//!
//! ## What it checks
//! An Allow for the cluster's provider has no effective condition on `aud`.
//!
//! ## Why it matters
//! Little: STS checks the audience against the provider's client ids anyway. It only widens from one audience to all that
//! are registered, which matters where there are several.
//!
//! ## How to fix
//! Add `aud` of the issuer under StringEquals.
//!
//! ## For newcomers
//! A missing audience is not an open door, whatever scanners say: a token for somebody else is refused before the policy
//! is looked at.

use crate::findings::reference::{NHI4, PR_AA_04};
use crate::findings::subjects::{claim, issuer_of_key, narrows};
use crate::findings::trust_text::TrustText;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "TRUST-015",
    slug: "audience-not-pinned",
    severity: Severity::Low,
    kind: Kind::Open,
    category: Category::Trust,
    needs: &[SourceKind::Iam, SourceKind::Cluster, SourceKind::Providers],
    references: &[NHI4, PR_AA_04],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in context.web_statements() {
        let pinned = it.statement().conditions.iter().any(|condition| {
            claim(&condition.folded) == Some("aud")
                && issuer_of_key(&condition.folded).eq_ignore_ascii_case(&it.issuer)
                && narrows(condition)
                && !condition.values.iter().any(|value| value.as_str() == "*" && condition.written.to_lowercase().contains("like"))
        });
        if pinned {
            continue;
        }
        let clients = it.provider.as_ref().and_then(|it| it.client_ids.as_ref());
        let several = clients.is_some_and(|it| it.len() > 1);
        let listed = clients.map_or_else(|| "not read".to_owned(), |it| {
            if it.is_empty() { "empty".into() } else { it.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ") }
        });
        let mut text = TrustText::of(&it.role);
        let changed = text.as_mut().and_then(|text| {
            text.pin(it.statement().index, &format!("{}:aud", it.issuer), &[it.audience.to_string()])?;
            Some(text.fix())
        });
        out.report(
            it.key.clone(),
            Severity::Low.or(Severity::Medium, several),
            format!("no condition asks for the audience; the provider registers {listed}"),
        )
        .evidence(&it.key, it.path("Condition"), format!("nothing about {}:aud", it.issuer))
        .evidence(&it.key, it.path("Principal.Federated"), format!("ClientIDList {listed}"))
        .impact(match several {
            true => "tokens minted for another registered audience are accepted too",
            false => "none while one client id is registered: STS checks it anyway",
        })
        .fixes(changed)
        .fixes([fix::terraform(format!(
            "condition {{\n  test     = \"StringEquals\"\n  variable = \"{}:aud\"\n  values   = [\"{}\"]\n}}",
            it.issuer, it.audience
        ))]);
    }
}
