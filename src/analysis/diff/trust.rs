//! Who a trust policy admits, as grants that do not depend on how it is written down.

use crate::base::Name;
use crate::iam::document::{Damage, Document, Effect, Statement};

use super::grants::condition_text;

/// One principal that one statement names for one action under its conditions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Admission {
    principal: String,
    action: String,
    /// Sorted; all must hold.
    conditions: Vec<String>,
}

/// What a trust policy says, whatever its form.
#[derive(Debug, Default)]
struct Admissions {
    allows: Vec<Admission>,
    denies: Vec<Admission>,
}

const EVERYONE: &str = "everyone";

impl Admissions {
    fn of(document: &Document) -> Admissions {
        let mut found = Admissions::default();
        for statement in &document.statements {
            match statement.effect {
                Some(Effect::Allow) => found.allows.extend(admissions(statement)),
                Some(Effect::Deny) => found.denies.extend(admissions(statement)),
                None => {}
            }
        }
        found.allows.sort();
        found.allows.dedup();
        found.denies.sort();
        found.denies.dedup();
        found
    }
}

fn admissions(statement: &Statement) -> Vec<Admission> {
    let Some(principals) = &statement.principals else { return Vec::new() };
    let mut conditions: Vec<String> = statement.conditions.iter().map(|it| condition_text(it)).collect();
    conditions.sort();
    conditions.dedup();
    let written = |names: Vec<&Name>, negated: bool| -> Vec<String> {
        let mut names: Vec<String> = names.into_iter().map(ToString::to_string).collect();
        names.sort();
        names.dedup();
        // All entries of a negated element make one set together.
        if negated { vec![format!("all but {}", names.join(", "))] } else { names }
    };
    let who = written(principals.entries.iter().map(|it| &it.written).collect(), principals.negated);
    let actions = written(statement.actions.entries.iter().map(|it| &it.written).collect(), statement.actions.negated);
    let mut found = Vec::new();
    for principal in &who {
        let principal = if principal == "*" { EVERYONE } else { principal };
        for action in &actions {
            let (principal, action) = (principal.to_owned(), action.to_ascii_lowercase());
            found.push(Admission { principal, action, conditions: conditions.clone() });
        }
    }
    found
}

impl Admission {
    /// Whoever `other` admits, this admits. A no may be too careful.
    fn covers(&self, other: &Admission) -> bool {
        let action = self.action == other.action
            || matches!(self.action.as_str(), "*" | "sts:*")
            || self.action == "sts:assumerole*" && other.action.starts_with("sts:assumerole");
        (self.principal == other.principal || self.principal == EVERYONE)
            && action
            && self.conditions.iter().all(|it| other.conditions.contains(it))
    }

    fn text(&self) -> String {
        let mut text = format!("{} by {}", self.principal, self.action);
        if !self.conditions.is_empty() {
            text.push_str(&format!(" if {}", self.conditions.join(" and ")));
        }
        text
    }
}

/// Whom `wide` admits and `narrow` does not, and whom `narrow` turns away and `wide` does not; each in one line, sorted.
pub(super) fn beyond(wide: &Document, narrow: &Document) -> Vec<String> {
    let (wide, narrow) = (Admissions::of(wide), Admissions::of(narrow));
    let admitted = wide.allows.iter().filter(|it| !narrow.allows.iter().any(|other| other.covers(it)));
    let denied = narrow.denies.iter().filter(|it| !wide.denies.iter().any(|other| other.covers(it)));
    let mut lines: Vec<String> = admitted.map(|it| format!("admits {}", it.text())).collect();
    lines.extend(denied.map(|it| format!("no longer turns away {}", it.text())));
    lines.sort();
    lines
}

/// Whether it could be read well enough to compare.
pub(super) fn is_readable(document: &Document) -> bool {
    document.damage != Damage::Unreadable && document.statements.iter().all(|it| it.damage != Damage::Unreadable)
}
