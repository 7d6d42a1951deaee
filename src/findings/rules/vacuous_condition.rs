//! The condition on the subject looks like a restriction and is none
//!
//! ## What it checks
//! The only conditions on a token's subject are under `ForAllValues:`, `…IfExists`, a negated operator or `Null`, and
//! their key is not that of the issuer in the principal: the key is missing from every request, and these operators hold
//! for a missing key. `…IfExists` on the right issuer's key is told as well, but harmless: the key is always there.
//!
//! ## Why it matters
//! The role is open to every service account of the cluster, and reviews pass it because a condition is there.
//!
//! ## How to fix
//! Use plain StringEquals with the right issuer; where a set operator must stay, add
//! `"Null": {"ISSUER:sub": "false"}`.
//!
//! ## For newcomers
//! The key of a condition is spelt with the issuer in front. With another cluster's issuer it asks about a value that no
//! request of this cluster has, and "all of nothing" is true.

use crate::findings::reference::{NHI4, NHI5, PR_AA_05, ZT6};
use crate::findings::subjects::{WebStatement, issuer_of_key};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink};
use crate::iam::condition::{Condition, Quantifier, Test};
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "TRUST-002",
    slug: "vacuous-condition",
    severity: Severity::Critical,
    kind: Kind::Open,
    category: Category::Trust,
    needs: &[SourceKind::Iam, SourceKind::Cluster],
    references: &[NHI4, NHI5, PR_AA_05, ZT6],
    check,
};

/// The condition that looks like a restriction on the subject, where none restricts it.
pub(super) fn vacuous(it: &WebStatement) -> Option<&Condition> {
    if !it.values().is_empty() {
        return None;
    }
    let hollow = |condition: &&std::sync::Arc<Condition>| {
        let foreign = !issuer_of_key(&condition.folded).eq_ignore_ascii_case(&it.issuer);
        let operator = condition.operator;
        let holds_when_missing = operator.quantifier == Some(Quantifier::ForAllValues)
            || operator.if_exists
            || operator.row.negated
            || operator.row.test == Test::Null;
        foreign && holds_when_missing
    };
    it.on_subjects().find(hollow).map(|it| &**it)
}

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in context.web_statements() {
        let cluster = EntityKey::plain(Thing::Cluster, &it.cluster.label);
        if let Some(condition) = vacuous(it) {
            let open = it.is_open(context);
            if open.is_no() {
                continue;
            }
            out.report(
                it.key.clone(),
                Severity::Critical,
                format!("{} on {} holds for every token of {}: the key is never there", condition.written, condition.key, it.cluster.label),
            )
            .also(cluster)
            .evidence(&it.key, it.path(&format!("Condition.{}.{}", condition.written, condition.key)), joined(condition))
            .evidence(&it.key, it.path("Principal.Federated"), it.provider_arn())
            .evidence(&it.key, "issuer of the key", issuer_of_key(&condition.key))
            .evidence(&it.key, "issuer of the principal", it.issuer.as_str())
            .impact(format!("every service account of {} may take {}, though the policy looks restricted", it.cluster.label, it.role.name))
            .certain_if(open.is_yes())
            .fixes(it.pinned(context))
            .fixes([it.pinned_terraform(context)]);
            continue;
        }
        let own = it.on_subjects().find(|condition| {
            condition.operator.if_exists && issuer_of_key(&condition.folded).eq_ignore_ascii_case(&it.issuer)
        });
        if let Some(condition) = own {
            out.report(
                it.key.clone(),
                Severity::Low,
                format!("{} on the subject also holds when the key is missing, which it never is", condition.written),
            )
            .also(cluster)
            .evidence(&it.key, it.path(&format!("Condition.{}.{}", condition.written, condition.key)), joined(condition))
            .impact("none today: every token has a subject; the next copy of this policy may have another issuer")
            .fixes(it.pinned(context));
        }
    }
}

fn joined(condition: &Condition) -> String {
    condition.values.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", ")
}
