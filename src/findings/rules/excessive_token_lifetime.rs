//! Tokens or sessions live longer than they should
//!
//! ## What it checks
//! The annotation on a service account asks for tokens of more than a day, which Kubernetes does not give; or a sensitive
//! role that pods have allows sessions of twelve hours.
//!
//! ## Why it matters
//! What is stolen stays good that long.
//!
//! ## How to fix
//! 3600 seconds are enough: everything renews itself.
//!
//! ## For newcomers
//! Credentials of pods are renewed without anybody noticing. A long life helps nobody but the thief.

use crate::findings::reference::{NHI7, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "HYG-003",
    slug: "excessive-token-lifetime",
    severity: Severity::Low,
    kind: Kind::Open,
    category: Category::Hygiene,
    needs: &[SourceKind::ServiceAccounts, SourceKind::Pods, SourceKind::Iam],
    references: &[NHI7, PR_AA_01],
    check,
};

/// Seconds that a token asks for (R19).
const EXPIRATION: &str = "eks.amazonaws.com/token-expiration";
const DAY: i64 = 86_400;
const TWELVE_HOURS: i64 = 43_200;

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for (cluster, facts) in context.service_accounts() {
        let Some(asked) = facts.meta.annotations.get(EXPIRATION) else { continue };
        if !asked.trim().parse::<i64>().is_ok_and(|seconds| seconds > DAY) {
            continue;
        }
        let key = EntityKey::namespaced(Thing::ServiceAccount, &cluster.label, &facts.meta.namespace, &facts.meta.name);
        out.report(
            key.clone(),
            Severity::Low,
            format!("asks for tokens of {asked} seconds; a day is the most there is"),
        )
        .evidence(&key, format!("metadata.annotations[{EXPIRATION}]"), asked.as_str())
        .impact("a stolen token is good for a day")
        .fixes([fix::kubectl(format!(
            "kubectl -n {} annotate serviceaccount {} {EXPIRATION}=3600 --overwrite",
            fix::quoted(&facts.meta.namespace),
            fix::quoted(&facts.meta.name)
        ))]);
    }
    for it in context.pod_roles().iter().filter(|it| !it.is_of_nodes()) {
        let Some(seconds) = it.role.max_session.filter(|seconds| *seconds >= TWELVE_HOURS) else { continue };
        if !context.is_known_sensitive(&it.role) {
            continue;
        }
        for account in it.accounts() {
            out.report(
                account.clone(),
                Severity::Low,
                format!("its role {} allows sessions of {} hours", it.role.name, seconds / 3600),
            )
            .also(it.key.clone())
            .certain_if(it.held.is_yes())
            .evidence(&it.key, "MaxSessionDuration", seconds.to_string())
            .evidence(&it.key, "class", context.privilege_of(&it.role).class.as_str())
            .impact("stolen credentials of a strong role are good for half a day")
            .fixes([fix::aws(format!(
                "aws iam update-role --role-name {} --max-session-duration 3600",
                fix::quoted(&it.role.name)
            ))]);
        }
    }
}
