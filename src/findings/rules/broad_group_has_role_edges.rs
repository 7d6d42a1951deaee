//! Everybody holds a right that leads to roles
//!
//! ## What it checks
//! A binding gives one of the powers R145 to R166 to `system:authenticated`, `system:unauthenticated`, `system:anonymous`
//! or `system:serviceaccounts`. The roles for discovery that every cluster binds to them hold none.
//!
//! ## Why it matters
//! These are every pod, every mapped IAM principal, or anybody who can reach the API server. What they may do, whoever
//! gets into the least of the pods may do.
//!
//! ## How to fix
//! Delete the binding, and bind those that need the right by name.
//!
//! ## For newcomers
//! Every request to the API server is in some groups by itself. Binding a role to such a group is publishing it.

use crate::findings::reference::{NHI4, NHI5, PR_AA_03, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, granted};
use crate::model::SourceKind;
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-014",
    slug: "broad-group-has-role-edges",
    severity: Severity::Critical,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: &[
        SourceKind::ClusterRoles,
        SourceKind::ClusterRoleBindings,
        SourceKind::Roles,
        SourceKind::RoleBindings,
    ],
    references: &[NHI4, NHI5, PR_AA_03, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let edges: Vec<Power> = Power::all().filter(|it| (145..=166).contains(&it.rule())).collect();
    for holding in context.holdings(&edges).into_iter().filter(|it| it.standing.broad) {
        let mut words: Vec<&str> = holding.powers.iter().filter(|it| it.certainty.is_yes()).map(|it| it.power.word()).collect();
        if words.is_empty() {
            words = holding.powers.iter().map(|it| it.power.word()).collect();
        }
        words.dedup();
        let who = granted::who(holding.subject);
        let more = if words.len() > 3 { format!(" and {} more", words.len() - 3) } else { String::new() };
        let shown = words[..words.len().min(3)].join(", ");
        let message = format!("{who} holds {shown}{more} {}", holding.place());
        granted::report_plainly(out, &holding, Severity::Critical, message)
            .evidence(&holding.key, "powers", words.join(", "))
            .impact("every pod, every mapped IAM principal, or anybody at all holds it")
            .fixes(granted::take_away(&holding, "the right"));
    }
}
