//! A subject may impersonate identities that lead to roles
//!
//! ## What it checks
//! Somebody outside the platform may impersonate groups, users or service accounts (R158), one of which may mint tokens,
//! start pods, write workloads or run commands where AWS roles are (R145 to R148). Groups without names include
//! `system:masters`. That the built-in `edit` and `admin`, and the access policies of the same purpose, let their holders
//! impersonate the accounts of the namespace is by design, and not told.
//!
//! ## Why it matters
//! Requests are made in somebody else's name and with his rights; RBAC of the one who makes them no longer counts.
//!
//! ## How to fix
//! Take `impersonate` out of the role, or name whom in `resourceNames`.
//!
//! ## For newcomers
//! `kubectl --as ann` asks the API server to act as Ann. It is meant for trying out what others may do, and it does what
//! they may do.

use crate::findings::context::Holding;
use crate::findings::granted::Lead;
use crate::findings::reference::{CIS_4_1_8, NHI5, PR_AA_03, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, granted};
use crate::graph::authorization::{HeldPower, MASTERS, Subject};
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-011",
    slug: "impersonation-to-role",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: granted::NEEDS_OF_PODS,
    references: &[NHI5, PR_AA_03, PR_AA_05, CIS_4_1_8],
    check,
};

/// Roles that include impersonation of accounts by design.
const BY_DESIGN: &[&str] = &["admin", "edit", "AmazonEKSAdminPolicy", "AmazonEKSEditPolicy"];

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let leads = granted::leads(context, true);
    for holding in context.holdings(&[Power::Impersonate]) {
        let Some(holding) = holding.only(|held| !is_by_design(&holding, held)) else { continue };
        let of_cluster = leads.iter().filter(|it| it.cluster.label == holding.cluster.label);
        let mut found: Vec<&Lead<'_>> =
            of_cluster.filter(|lead| lead.subject != holding.subject && may(&holding, lead.subject)).collect();
        // Whoever passes every check first, then by the strength of the role.
        found.sort_by_key(|it| (it.key.name != MASTERS, it.best.class, it.key.clone()));
        let Some(first) = found.first() else { continue };
        let masters = first.key.name == MASTERS;
        let sensitive = found.iter().any(|it| it.best.is_sensitive());
        let low_trust = sensitive && context.is_low_trust(&holding);
        let severity = if low_trust { Severity::Critical } else { Severity::High };
        let who = granted::who(holding.subject);
        let next = format!("by {} {} is in reach", first.power, granted::strongest(&first.best));
        let message = match masters {
            true => format!("{who} may impersonate any group, system:masters among them, to which every right belongs"),
            false => format!("{who} may impersonate {}, from where {next}", granted::who(first.subject)),
        };
        let shown: Vec<String> = found.iter().take(5).map(|it| format!("{} ({})", it.key, it.power)).collect();
        let rest = found.len().saturating_sub(shown.len());
        let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        granted::report(out, &holding, severity, message)
            .also(first.key.clone())
            .evidence(&holding.key, "identities that lead to roles", shown.join(", ") + &rest)
            .evidence(&holding.key, "example path", format!("{} > impersonate > {} > {}", holding.key, first.key, next))
            .impact("acts in the cluster as whoever it names, and through that one as AWS roles")
            .fixes(granted::take_away(&holding, "impersonate"));
    }
}

/// The right comes with a built-in role, over service accounts alone.
fn is_by_design(holding: &Holding<'_>, held: &HeldPower) -> bool {
    held.object == "serviceaccounts"
        && held.grants.iter().all(|at| {
            let grant = &holding.authorization.grants()[*at];
            BY_DESIGN.contains(&holding.authorization.roles[grant.role].name.as_str())
        })
}

fn may(holding: &Holding<'_>, subject: &Subject) -> bool {
    let object = match subject {
        Subject::Group(_) => "groups",
        Subject::User(_) => "users",
        Subject::ServiceAccount { .. } => "serviceaccounts",
        Subject::Iam(_) => return false,
    };
    holding.powers.iter().any(|held| {
        held.object == object
            && held.certainty.is_yes()
            && held.names.as_ref().is_none_or(|names| names.contains(subject.name()))
            && subject.namespace().is_none_or(|namespace| held.scope.covers(namespace))
    })
}
