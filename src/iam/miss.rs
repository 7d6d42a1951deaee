//! Why a statement does not apply: the first clause that fails, what it expects and what was asked.

use std::cell::Cell;
use std::sync::Arc;

use crate::base::{Name, Truth};

use super::document::{Clause, Effect, Statement};
use super::json::Span;
use super::policies::{Layer, Policy};
use super::request::{Context, Lookup, Request};
use super::residual::Source;
use super::statement::{Asked, Bonds};

/// The clause of a statement that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    pub source: Arc<Source>,
    pub failed: Failed,
    /// What the clause asks for, as written.
    pub expected: Vec<Name>,
    /// What the request has there.
    pub actual: String,
    /// No: it fails. Unknown: it hangs on what is not known.
    pub truth: Truth,
    /// The whole statement in the stored text.
    pub statement: Span,
    /// The clause in the stored text.
    pub clause: Span,
    /// How many clauses before this one held; a condition block counts each of its conditions.
    pub held: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    Action,
    NotAction,
    Resource,
    NotResource,
    Principal,
    NotPrincipal,
    Condition { operator: Name, key: Name },
}

impl Failed {
    /// The name in protocols.md section 7.
    pub fn as_str(&self) -> &'static str {
        match self {
            Failed::Action | Failed::NotAction => "action",
            Failed::Resource | Failed::NotResource => "resource",
            Failed::Principal | Failed::NotPrincipal => "principal",
            Failed::Condition { .. } => "condition",
        }
    }
}

/// What a context says of a key, in words.
pub fn actual(context: &Context, folded: &str) -> String {
    match context.get(folded) {
        Lookup::One(value) => value.to_owned(),
        Lookup::Many(values) => format!("[{}]", values.iter().map(Name::as_str).collect::<Vec<_>>().join(", ")),
        Lookup::Absent => "absent".to_owned(),
        Lookup::Unknown => "not known".to_owned(),
    }
}

/// The clause that keeps a statement from certainly applying; none when it applies. A clause that fails is preferred
/// over one that is open, and earlier clauses over later ones.
pub(super) fn miss(
    policy: &Policy,
    statement: &Statement,
    layer: Layer,
    level: Option<&Name>,
    request: &Request,
    has_boundary: bool,
) -> Option<Miss> {
    let effect = statement.effect?;
    let spans = Cell::new(false);
    let asked = Asked { document: &policy.document, statement, effect, request, has_boundary, spans: &spans };
    let source = Arc::new(Source {
        layer,
        level: level.cloned(),
        policy: policy.name.clone(),
        statement: statement.index,
        sid: statement.sid.clone(),
        effect,
    });
    let of = || Arc::clone(&source);
    let mut held = 0;
    let mut open: Option<Miss> = None;
    let mut found = |failed: Failed, expected: Vec<Name>, actual: String, truth: Truth, clause: Span| -> Option<Miss> {
        if truth.is_yes() {
            held += 1;
            return None;
        }
        let miss = Miss { source: of(), failed, expected, actual, truth, statement: statement.span, clause, held };
        if truth.is_no() {
            return Some(miss);
        }
        open.get_or_insert(miss);
        None
    };
    let action: Truth = asked.action(&statement.actions, &of);
    let failed = if statement.actions.negated { Failed::NotAction } else { Failed::Action };
    let asked_for = request.action.as_str().to_owned();
    if let Some(miss) = found(failed, written(&statement.actions), asked_for, action, statement.actions.span) {
        return Some(miss);
    }
    if let Some(clause) = &statement.resources {
        let truth: Truth = asked.resource(clause, &of);
        let failed = if clause.negated { Failed::NotResource } else { Failed::Resource };
        let actual = request.resource.as_str().to_owned();
        if let Some(miss) = found(failed, written(clause), actual, truth, clause.span) {
            return Some(miss);
        }
    }
    if let Some(clause) = &statement.principals {
        let bonds: Bonds<Truth> = asked.principal(clause, &of);
        let failed = if clause.negated { Failed::NotPrincipal } else { Failed::Principal };
        let actual = request.principal.to_string();
        if let Some(miss) = found(failed, written(clause), actual, bonds.any(), clause.span) {
            return Some(miss);
        }
    }
    for condition in &statement.conditions {
        let truth = condition.holds(&request.context, effect);
        let failed = Failed::Condition { operator: condition.written.clone(), key: condition.key.clone() };
        let actual = actual(&request.context, &condition.folded);
        if let Some(miss) = found(failed, condition.values.clone(), actual, truth, condition.span) {
            return Some(miss);
        }
    }
    open
}

fn written<T>(clause: &Clause<T>) -> Vec<Name> {
    clause.entries.iter().map(|entry| entry.written.clone()).collect()
}

/// The Allow that came closest among these policies: most clauses held, then the earliest. Statements about another
/// service only count when nothing else is there.
pub(super) fn nearest<'a>(
    policies: impl IntoIterator<Item = (Layer, Option<&'a Name>, &'a Policy)>,
    request: &Request,
    has_boundary: bool,
) -> Option<Miss> {
    let mut best: Option<(usize, Miss)> = None;
    for (layer, level, policy) in policies {
        for statement in policy.document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)) {
            let Some(miss) = miss(policy, statement, layer, level, request, has_boundary) else {
                continue;
            };
            let service = statement.actions.values().any(|action| action.service() == Some(request.action.service()));
            let rank = 4 * miss.held + 2 * usize::from(miss.truth.is_unknown()) + usize::from(service);
            if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                best = Some((rank, miss));
            }
        }
    }
    best.map(|(_, miss)| miss)
}
