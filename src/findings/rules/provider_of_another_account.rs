//! The trust policy names an identity provider of another account
//!
//! ## What it checks
//! An Allow names an OIDC provider whose ARN has another account than the role.
//!
//! ## Why it matters
//! STS looks for the provider in the account of the role, so the statement admits nobody.
//!
//! ## How to fix
//! Create the provider in the role's account and name that one.
//!
//! ## For newcomers
//! An identity provider belongs to one account. A role cannot borrow the one of its neighbour, even for the same cluster.

use crate::findings::context::role_key;
use crate::findings::reference::{NHI4, PR_AA_04};
use crate::findings::subjects::providers;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, trust_text};
use crate::iam::Effect;
use crate::model::{Arn, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "TRUST-003",
    slug: "provider-of-another-account",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::Trust,
    needs: &[SourceKind::Iam],
    references: &[NHI4, PR_AA_04],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for role in context.roles().filter(|it| it.trust.as_ref().is_some_and(|text| text.contains("oidc-provider"))) {
        let key = role_key(role);
        let document = context.trust(role);
        for statement in document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)) {
            for provider in providers(statement) {
                let Some(arn) = Arn::parse(provider).filter(|arn| arn.account != role.account.as_str()) else { continue };
                let right = provider.replacen(arn.account, &role.account, 1);
                let changed = trust_text::replace(role, provider, &right);
                let url = arn.resource.trim_start_matches("oidc-provider/");
                out.report(
                    key.clone(),
                    Severity::Medium,
                    format!("the provider is of account {}, the role of {}", arn.account, role.account),
                )
                .evidence(&key, format!("Statement[{}].Principal.Federated", statement.index), provider.as_str())
                .evidence(&key, "Arn", role.arn.as_str())
                .impact("the statement admits nobody: STS asks the provider of the role's own account")
                .fixes(changed)
                .fixes([fix::aws(format!(
                    "# with credentials of account {}, where it is not there yet\naws iam create-open-id-connect-provider --url {} --client-id-list sts.amazonaws.com",
                    role.account,
                    fix::quoted(&format!("https://{url}"))
                ))]);
            }
        }
    }
}
