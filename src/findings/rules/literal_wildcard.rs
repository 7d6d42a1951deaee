//! A wildcard under StringEquals is compared letter by letter
//!
//! ## What it checks
//! A value for the subject of a token holds `*` or `?` under StringEquals (with or without `ForAnyValue:`).
//!
//! ## Why it matters
//! StringEquals knows no wildcards, and no service account has such a character in its name: the value never matches, and
//! whoever was meant is refused.
//!
//! ## How to fix
//! Name the service accounts one by one; or use StringLike, which admits all that will ever fit.
//!
//! ## For newcomers
//! StringEquals and StringLike look alike. Only the second reads `*` as "anything".

use crate::findings::context::role_key;
use crate::findings::reference::{NHI4, PR_AA_05};
use crate::findings::subjects::{PREFIX, claim};
use crate::findings::trust_text::TrustText;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink};
use crate::iam::Effect;
use crate::iam::condition::Test;
use crate::iam::glob::Glob;
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "TRUST-005",
    slug: "literal-wildcard",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Trust,
    needs: &[SourceKind::Iam],
    references: &[NHI4, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for role in context.roles().filter(|it| it.trust.as_ref().is_some_and(|text| text.contains("system:serviceaccount"))) {
        let key = role_key(role);
        let document = context.trust(role);
        for statement in document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)) {
            for condition in &statement.conditions {
                let row = condition.operator.row;
                let exact = matches!(row.test, Test::TextEquals | Test::TextEqualsIgnoreCase) && !row.negated;
                if !exact || claim(&condition.folded) != Some("sub") {
                    continue;
                }
                for value in condition.values.iter().filter(|it| it.contains(['*', '?']) && !it.contains("${")) {
                    let meant = meant(context, value);
                    let mut like = TrustText::of(role);
                    let changed = like.as_mut().and_then(|text| {
                        let all: Vec<String> = condition.values.iter().map(ToString::to_string).collect();
                        text.without_key(statement.index, &condition.key);
                        text.operator(statement.index, "StringLike")?.insert(condition.key.to_string(), all.into());
                        Some(text.fix())
                    });
                    let mut exact = TrustText::of(role);
                    let listed = exact.as_mut().filter(|_| !meant.is_empty()).and_then(|text| {
                        let subjects: Vec<String> = meant.iter().map(|it| format!("{PREFIX}{}:{}", it.namespace, it.name)).collect();
                        text.pin(statement.index, &condition.key, &subjects)?;
                        Some(text.fix())
                    });
                    let path = format!("Statement[{}].Condition.{}.{}", statement.index, condition.written, condition.key);
                    out.report(
                        key.clone(),
                        Severity::High,
                        format!("`{value}` under {} is compared letter by letter and never matches", condition.written),
                    )
                    .also_all(meant.iter().take(20).cloned())
                    .evidence(&key, path, value.as_str())
                    .evidence(&key, "service accounts that were presumably meant", meant.len().to_string())
                    .impact("whoever was meant is refused with AccessDenied")
                    .fixes(listed)
                    .fixes(changed);
                }
            }
        }
    }
}

/// Service accounts that the pattern would fit, in all clusters.
fn meant(context: &Context<'_>, pattern: &str) -> Vec<EntityKey> {
    let glob = Glob::new(pattern);
    let fits = context.service_accounts().filter(|(_, account)| {
        glob.matches(&format!("{PREFIX}{}:{}", account.meta.namespace, account.meta.name))
    });
    fits.map(|(cluster, account)| {
        EntityKey::namespaced(Thing::ServiceAccount, &cluster.label, &account.meta.namespace, &account.meta.name)
    })
    .collect()
}
