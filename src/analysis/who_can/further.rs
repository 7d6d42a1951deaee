//! Rows of those who cannot yet, but need one more step: a token to mint, a pod to start or enter, a node, a role to
//! assume or rewrite ([`crate::graph::technique`]).
//!
//! What a workload's own code could obtain where it stands has rows of its own already; these come from rights.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::graph::technique::{Becoming, Wanted, becoming, is_everybody};
use crate::graph::{AccessGraph, EdgeKind, Foothold, NodeId};
use crate::model::EntityKey;

use super::super::verdict::Verdict;
use super::{Grant, Row, RowKind};

/// The step that a row needs beyond what its actor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Further {
    pub kind: EdgeKind,
    /// What the step gives first: a service account, a workload, a node, a cluster, or the role itself.
    pub over: EntityKey,
    /// There are other ways, or other identities that the actor could become and that can do it.
    pub others: bool,
}

/// An identity that can, with everything that it is granted.
struct Able<'r> {
    node: NodeId,
    role: &'r Name,
    grants: Vec<&'r Arc<Grant>>,
}

/// One row for each actor and grant of the best identity that it could become; none for who can as well already, or
/// could obtain that identity where it stands.
pub(super) fn rows(graph: &AccessGraph, rows: &[Row]) -> Vec<Row> {
    let able = able(graph, rows);
    let known = known(rows);
    let wanted: Vec<Wanted> =
        able.iter().map(|it| Wanted { node: it.node, class: it.grants[0].verdict as u8 }).collect();
    let mut found = Vec::new();
    for step in becoming(graph, &wanted) {
        let Some(able) = able.get(step.wanted) else { continue };
        let actor = Actor::new(graph, &step);
        for grant in &able.grants {
            let certain = grant.certain && step.certainty.is_yes();
            let same = |role| known.get(&(actor.key, role)).is_some_and(|best| *best <= (grant.verdict, !certain));
            if !same(None) && !same(Some(able.role)) {
                found.push(actor.row(graph, &step, able.role, grant, certain));
            }
        }
    }
    found
}

/// The best that an actor can do by itself, and what it could obtain of a role; certain is the lesser.
type Known<'r> = FxHashMap<(&'r EntityKey, Option<&'r Name>), (Verdict, bool)>;

fn known(rows: &[Row]) -> Known<'_> {
    let mut known = Known::default();
    for row in rows {
        let Some(key) = &row.key else { continue };
        let now = (row.verdict, !row.certain);
        let role = row.role.as_ref().filter(|_| row.steps_more > 0);
        known.entry((key, role)).and_modify(|best| *best = now.min(*best)).or_insert(now);
    }
    known
}

/// Identities with a row that is open, best first.
fn able<'r>(graph: &AccessGraph, rows: &'r [Row]) -> Vec<Able<'r>> {
    let mut places: FxHashMap<&Name, Option<usize>> = FxHashMap::default();
    let mut able: Vec<Able<'r>> = Vec::new();
    for row in rows.iter().filter(|row| row.verdict.is_open()) {
        let Some(role) = &row.role else { continue };
        let place = places.entry(role).or_insert_with(|| {
            let (foothold, key) = match row.kind {
                RowKind::Person => (Foothold::IamUser, row.key.clone()?),
                RowKind::Workload | RowKind::Role | RowKind::Outside => (Foothold::Session, EntityKey::role(role)?),
            };
            able.push(Able { node: graph.node(foothold, &key)?, role, grants: Vec::new() });
            Some(able.len() - 1)
        });
        let Some(at) = *place else { continue };
        let grants = &mut able[at].grants;
        if !grants.iter().any(|it| Arc::ptr_eq(it, &row.grant)) {
            grants.push(&row.grant);
        }
    }
    let order = |grant: &Grant| (grant.verdict, !grant.certain);
    able.iter_mut().for_each(|it| it.grants.sort_by_key(|grant| order(grant)));
    able.sort_by(|a, b| order(a.grants[0]).cmp(&order(b.grants[0])).then_with(|| a.role.cmp(b.role)));
    able
}

struct Actor<'g> {
    key: &'g EntityKey,
    kind: RowKind,
    pods: u32,
}

impl<'g> Actor<'g> {
    fn new(graph: &'g AccessGraph, step: &Becoming) -> Actor<'g> {
        let key = graph.key(step.actor);
        let group = graph.group_at(step.actor);
        let kind = match graph.foothold(step.actor) {
            Foothold::Subject if is_everybody(key) => RowKind::Workload,
            Foothold::Subject | Foothold::IamUser => RowKind::Person,
            Foothold::Session | Foothold::Api => RowKind::Role,
            _ => RowKind::Workload,
        };
        Actor { key: group.map_or(key, |it| it.key), kind, pods: group.map_or(0, |it| it.pods) }
    }

    fn row(&self, graph: &AccessGraph, step: &Becoming, role: &Name, grant: &Arc<Grant>, certain: bool) -> Row {
        let doubt = (step.certainty == Truth::Unknown).then(|| "a step to that identity is not certain".into());
        Row {
            kind: self.kind,
            address: self.key.to_string().into(),
            key: Some(self.key.clone()),
            role: Some(role.clone()),
            via: step.kind.word(),
            pods: self.pods,
            verdict: grant.verdict,
            certain,
            steps_more: 1,
            doubt,
            further: Some(Further { kind: step.kind, over: graph.key(step.over).clone(), others: step.others }),
            grant: Arc::clone(grant),
        }
    }
}
