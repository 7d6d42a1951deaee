//! Symbolic permission sets: everything that a principal may do, as rows of actions on resources under conditions.
//!
//! [`permissions`] gives the union of what identity and resource policies grant, intersected with boundary, session
//! policies and each SCP level, minus every Deny (rules S1 to S9). Three promises, kept under every approximation:
//! an access that some completion of the unknown keys allows is in some row; a row of status [`Status::Exact`] is
//! allowed under every completion; an exception is never wider than what is denied.
//!
//! The work is done once for each class of actions that the statements tell apart ([`actions`]), a few hundred at most.

pub mod actions;
pub mod cell;
mod grant;
pub mod meet;
pub mod notation;
pub mod requirement;
pub mod resources;
mod statement;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::Name;
use crate::iam::catalogue::{ActionId, Catalogue};
use crate::iam::condition::Condition;
use crate::iam::permissions::actions::{ActionSet, Outside};
use crate::iam::permissions::cell::{Cell, Mark, Marks};
use crate::iam::permissions::grant::{Evaluation, Extent};
use crate::iam::permissions::requirement::Requirement;
use crate::iam::permissions::resources::ResourceSet;
use crate::iam::policies::Policies;
use crate::iam::principal::Principal;
use crate::iam::request::Context;

/// How far a row can be relied on; the worst that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Every request in the row is allowed.
    Exact,
    /// Allowed when the requirement holds, which is not known before the request is made.
    Conditional,
    /// The row may say more than is allowed; its marks say why.
    Approximated,
    /// Something that could change the row could not be read.
    Unknown,
}

impl Status {
    /// The name in protocols.md section 2.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Exact => "exact",
            Status::Conditional => "conditional",
            Status::Approximated => "approximated",
            Status::Unknown => "unknown",
        }
    }
}

/// Actions allowed on resources when a requirement holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub actions: ActionSet,
    pub resources: ResourceSet,
    pub requirement: Requirement,
    pub marks: Marks,
}

impl Row {
    pub fn status(&self) -> Status {
        if self.marks.iter().any(|mark| matches!(mark, Mark::Unread(_) | Mark::NotSupplied(_))) {
            Status::Unknown
        } else if !self.marks.is_empty() {
            Status::Approximated
        } else if !self.requirement.is_none() {
            Status::Conditional
        } else {
            Status::Exact
        }
    }
}

/// All that a principal may do.
#[derive(Clone, Debug, Default)]
pub struct Permissions {
    /// By first action, then resources, then requirement (rule S9).
    pub rows: Vec<Row>,
    /// What the requirements of the rows name.
    pub conditions: Vec<Arc<Condition>>,
}

impl Permissions {
    /// Lower-case context keys on which a row hangs, sorted.
    pub fn keys(&self, row: &Row) -> Vec<Name> {
        let conditions = row.requirement.conditions();
        let mut keys: Vec<Name> = conditions
            .iter()
            .filter_map(|id| self.conditions.get(id.0 as usize))
            .flat_map(|condition| condition.keys().cloned().collect::<Vec<_>>())
            .chain(row.marks.iter().filter_map(
                |mark| {
                    if let Mark::Variable(key) = mark { Some(key.clone()) } else { None }
                },
            ))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The rows that a request for this action on this resource is in; `*` stands for a request without resource.
    pub fn of<'a>(
        &'a self,
        catalogue: &'a Catalogue,
        action: &'a str,
        resource: &'a str,
    ) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| row.resources.matches(resource) && row.actions.matches(catalogue, action))
    }
}

/// What the principal may do under these policies, given what is known of its requests.
///
/// Cost: about a millisecond for ten policies of twenty statements.
pub fn permissions(
    catalogue: &Catalogue,
    principal: &Principal,
    policies: &Policies,
    context: &Context,
) -> Permissions {
    rows_of(catalogue, Extent::All(Outside::Names), principal, policies, context)
}

/// As [`permissions`], without names that known services may get one day: enough to say which services are reached.
pub fn permissions_by_service(
    catalogue: &Catalogue,
    principal: &Principal,
    policies: &Policies,
    context: &Context,
) -> Permissions {
    rows_of(catalogue, Extent::All(Outside::Services), principal, policies, context)
}

/// As [`permissions`], of these actions only and at a fraction of the cost.
pub fn permissions_of(
    catalogue: &Catalogue,
    actions: &[ActionId],
    principal: &Principal,
    policies: &Policies,
    context: &Context,
) -> Permissions {
    rows_of(catalogue, Extent::These(actions), principal, policies, context)
}

fn rows_of(
    catalogue: &Catalogue,
    extent: Extent<'_>,
    principal: &Principal,
    policies: &Policies,
    context: &Context,
) -> Permissions {
    let evaluation = Evaluation::new(catalogue, principal, policies, context);
    let mut rows: BTreeMap<Cell, ActionSet> = BTreeMap::new();
    for (class, cells) in evaluation.classes(extent) {
        for cell in cells {
            rows.entry(cell).or_default().extend(&class);
        }
    }
    let mut rows: Vec<Row> = rows
        .into_iter()
        .map(|(cell, mut actions)| {
            actions.sort();
            Row { actions, resources: cell.resources, requirement: cell.requirement, marks: cell.marks }
        })
        .collect();
    // Stable: rows of the same first action stay in the order of their cells.
    rows.sort_by(|a, b| {
        let first = |row: &Row| {
            (row.actions.known.is_empty(), row.actions.known.first().copied(), row.actions.regions.first().cloned())
        };
        first(a).cmp(&first(b))
    });
    Permissions { rows, conditions: evaluation.into_conditions() }
}

#[cfg(test)]
pub(crate) mod agreement;
#[cfg(test)]
mod tests;
