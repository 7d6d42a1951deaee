//! Whether a gain adds anything to what is held (iam-evaluation.md section 11, reporting rule c). A no is certain: where it
//! is not plain that everything is held already, the gain counts.

use std::sync::Arc;

use crate::base::Truth;
use crate::iam::access::is_damaged;
use crate::iam::document::{Clause, Effect, Statement};
use crate::iam::permissions::actions::ActionGlob;
use crate::iam::permissions::{Permissions, Row, permissions};
use crate::iam::{Context, Document, Policies};

use super::holder::Holder;

/// What a principal surely holds, statement by statement.
pub(super) struct Holdings<'h> {
    statements: Vec<&'h Statement>,
    context: &'h Context,
}

impl<'h> Holdings<'h> {
    pub fn new(holder: &'h Holder<'_>) -> Holdings<'h> {
        let identity = &holder.policies.identity;
        let all = || identity.iter().flat_map(|policy| &policy.document.statements);
        // What a Deny, a boundary or a broken document takes away is not followed: then nothing is surely held.
        let limited = holder.damaged
            || holder.policies.boundary.is_some()
            || all().any(|it| it.effect != Some(Effect::Allow) && applies(it, &holder.context) != Truth::No);
        let holds = |it: &&Statement| it.effect == Some(Effect::Allow) && applies(it, &holder.context).is_yes();
        let statements = if limited { Vec::new() } else { all().filter(holds).collect() };
        Holdings { statements, context: &holder.context }
    }

    /// Whether the policies grant something that is not surely held. Their own denies and boundary are not looked at,
    /// which can only make more of them.
    pub fn lack(&self, policies: &Policies) -> bool {
        self.lack_any(policies.identity.iter().map(|it| &it.document))
    }

    pub fn lack_any<'d>(&self, documents: impl IntoIterator<Item = &'d Arc<Document>>) -> bool {
        documents.into_iter().any(|document| {
            is_damaged(document)
                || document
                    .statements
                    .iter()
                    .filter(|it| it.effect != Some(Effect::Deny))
                    .any(|it| !self.statements.iter().any(|held| self.covers(held, it)))
        })
    }

    fn covers(&self, held: &Statement, other: &Statement) -> bool {
        let (Some(own), Some(theirs)) = (&held.resources, &other.resources) else { return false };
        if own.negated || held.actions.negated {
            return false;
        }
        let mine: Vec<ActionGlob> = held.actions.values().filter_map(ActionGlob::of).collect();
        if mine.contains(&ActionGlob::Everything) && own.values().any(|it| it.is_all()) {
            return true;
        }
        let named = |clause: &Clause<_>| clause.negated;
        if named(&other.actions) || theirs.negated {
            return false;
        }
        let actions = other.actions.values().all(|it| match ActionGlob::of(it) {
            Some(glob) => mine.iter().any(|held| held.contains(&glob)),
            None => true,
        });
        actions && {
            let open = Context::open();
            let held: Vec<_> = own.values().map(|it| it.narrowest(self.context)).collect();
            theirs.values().map(|it| it.widest(&open)).all(|it| held.iter().any(|held| held.contains(&it)))
        }
    }
}

fn applies(statement: &Statement, context: &Context) -> Truth {
    let effect = statement.effect.unwrap_or(Effect::Deny);
    statement.conditions.iter().fold(Truth::Yes, |truth, it| truth.and(it.holds(context, effect)))
}

/// Whether the policies would allow something after a change that they do not allow before; by permission sets, for the
/// few principals that can change themselves. Cost: two permission sets, some milliseconds.
pub(super) fn more_after(holder: &Holder<'_>, after: &Policies, context: &Context) -> bool {
    let catalogue = holder.ground.catalogue;
    let now = permissions(catalogue, &holder.principal, &holder.policies, &holder.context);
    let then = permissions(catalogue, &holder.principal, after, context);
    then.rows.iter().any(|row| !is_within(row, &then, &now))
}

fn is_within(row: &Row, of: &Permissions, now: &Permissions) -> bool {
    let covering: Vec<&Row> = now
        .rows
        .iter()
        .filter(|it| {
            it.resources.contains(&row.resources) && is_implied(it, now, row, of) && it.marks.is_subset(&row.marks)
        })
        .collect();
    row.actions.known.iter().all(|id| covering.iter().any(|it| it.actions.known.binary_search(id).is_ok()))
}

/// Whether whatever meets the requirement of `row` meets that of `wider`. The two count conditions differently.
fn is_implied(wider: &Row, now: &Permissions, row: &Row, of: &Permissions) -> bool {
    let condition = |set: &Permissions, id: crate::iam::permissions::requirement::ConditionId| {
        set.conditions.get(id.0 as usize).cloned()
    };
    let holds: Vec<_> = row.requirement.holds.iter().filter_map(|id| condition(of, *id)).collect();
    let fails: Vec<Vec<_>> =
        row.requirement.fails.iter().map(|all| all.iter().filter_map(|id| condition(of, *id)).collect()).collect();
    let wanted = &wider.requirement;
    wanted.opaque.is_empty()
        && wanted.holds.iter().filter_map(|id| condition(now, *id)).all(|it| holds.contains(&it))
        && wanted.fails.iter().all(|all| {
            let all: Vec<_> = all.iter().filter_map(|id| condition(now, *id)).collect();
            fails.iter().any(|it| it.iter().all(|one| all.contains(one)))
        })
}
