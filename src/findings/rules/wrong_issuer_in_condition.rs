//! The conditions ask for keys of another issuer than the principal's
//!
//! ## What it checks
//! A statement names the provider of one issuer, and all its conditions on subject and audience are spelt with another
//! issuer, under operators that fail when the key is missing.
//!
//! ## Why it matters
//! No token of the named provider carries those keys, so everybody is refused. The mirror case, in which everybody gets
//! in, is TRUST-002.
//!
//! ## How to fix
//! Spell the keys with the issuer of the provider. In a template, derive them from the provider's ARN.
//!
//! ## For newcomers
//! Every cluster has an issuer of its own, and a new cluster of the same name gets another one. Policies copied from the
//! old cluster often keep its id in one of the two places.

use crate::findings::context::role_key;
use crate::findings::reference::{NHI1, NHI4, PR_AA_02};
use crate::findings::subjects::{acts_by_web_identity, claim, issuer_of_key, providers};
use crate::findings::trust_text::TrustText;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::Effect;
use crate::iam::condition::{Condition, Quantifier, Test};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "TRUST-006",
    slug: "wrong-issuer-in-condition",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Trust,
    needs: &[SourceKind::Iam, SourceKind::Cluster],
    references: &[NHI1, NHI4, PR_AA_02],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for role in context.roles().filter(|it| it.trust.as_ref().is_some_and(|text| text.contains("oidc-provider"))) {
        let key = role_key(role);
        let document = context.trust(role);
        for statement in &document.statements {
            if statement.effect != Some(Effect::Allow) || !acts_by_web_identity(statement) {
                continue;
            }
            let own: Vec<&str> = providers(statement).filter_map(|it| it.split_once(":oidc-provider/")).map(|it| it.1).collect();
            let claims: Vec<&Condition> =
                statement.conditions.iter().map(|it| &**it).filter(|it| claim(&it.folded).is_some()).collect();
            let foreign = |it: &&Condition| !own.iter().any(|own| issuer_of_key(&it.folded).eq_ignore_ascii_case(own));
            if own.is_empty() || claims.is_empty() || !claims.iter().all(foreign) || !claims.iter().all(|it| fails_when_missing(it)) {
                continue;
            }
            let wrong = issuer_of_key(&claims[0].key);
            let whose = context
                .clusters()
                .find(|it| it.description().is_some_and(|it| it.issuer_path().eq_ignore_ascii_case(wrong)))
                .map_or_else(|| "no cluster that was read".to_owned(), |it| format!("cluster {}", it.label));
            let found = out
                .report(
                    key.clone(),
                    Severity::High,
                    format!("the conditions are about the issuer of {whose}, the principal is {}", own.join(", ")),
                )
                .impact("everybody is refused: the keys are in no token of the provider that is named");
            for condition in &claims {
                found.evidence(
                    &key,
                    format!("Statement[{}].Condition.{}.{}", statement.index, condition.written, condition.key),
                    condition.values.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", "),
                );
            }
            for provider in providers(statement) {
                found.evidence(&key, format!("Statement[{}].Principal.Federated", statement.index), provider.as_str());
            }
            let mut text = TrustText::of(role);
            let changed = text.as_mut().and_then(|text| {
                for condition in &claims {
                    let name = format!("{}:{}", own[0], claim(&condition.folded)?);
                    let block = text.operator(statement.index, &condition.written)?;
                    let value = block.remove(condition.key.as_str())?;
                    block.insert(name, value);
                }
                Some(text.fix())
            });
            found.fixes(changed);
            found.fixes([fix::terraform(
                "variable = \"${replace(aws_iam_openid_connect_provider.cluster.url, \"https://\", \"\")}:sub\"",
            )]);
        }
    }
}

fn fails_when_missing(condition: &Condition) -> bool {
    let operator = condition.operator;
    !operator.row.negated
        && !operator.if_exists
        && operator.quantifier != Some(Quantifier::ForAllValues)
        && operator.row.test != Test::Null
}
