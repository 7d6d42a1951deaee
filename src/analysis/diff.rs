//! What changed between two estates in terms of access: who gained or lost which identity, role, permission or finding.
//!
//! Texts are never compared: a policy that was reformatted, reordered or split says the same and is `SAME`. Pods are
//! folded into their owner, so that a rollout is no change. What was not read on one side is never lost or gained: it
//! is named as not comparable. [`diff`] of an estate with itself is empty, and with the sides exchanged it says the
//! same with gained and lost exchanged.
//!
//! To compare one more thing: 1. a [`Topic`]; 2. a file below `diff` that pushes [`Change`]s; 3. a line in [`diff`].

mod associations;
mod grants;
mod marks;
mod nodes;
mod rights;
mod roles;
mod trust;
mod workloads;

use std::collections::BTreeSet;

use crate::base::Name;
use crate::identity::resolve::PodIdentity;
use crate::model::facts::iam::PolicyText;
use crate::model::{EntityKey, Inventory, Kind};

pub use marks::{Mark, MarkKind, Marks};
pub use rights::RightsDifference;

/// One of the two estates.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    pub inventory: &'a Inventory,
    /// In estate order.
    pub pods: &'a [PodIdentity],
    /// Findings, RBAC powers and the like: what appears and vanishes as a whole.
    pub marks: &'a Marks,
}

/// What a change is about, most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    Permissions,
    Trust,
    Role,
    Identity,
    Reachable,
    Node,
    Association,
    Workload,
    Rbac,
    Finding,
}

impl Topic {
    pub fn word(self) -> &'static str {
        match self {
            Topic::Permissions => "permissions",
            Topic::Trust => "trust",
            Topic::Role => "role",
            Topic::Identity => "identity",
            Topic::Reachable => "reachable",
            Topic::Node => "node",
            Topic::Association => "association",
            Topic::Workload => "workload",
            Topic::Rbac => "rbac",
            Topic::Finding => "finding",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sign {
    Appeared,
    Vanished,
    Changed,
}

impl Sign {
    pub fn symbol(self) -> &'static str {
        match self {
            Sign::Appeared => "+",
            Sign::Vanished => "-",
            Sign::Changed => "~",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Sign::Appeared => "appeared",
            Sign::Vanished => "vanished",
            Sign::Changed => "changed",
        }
    }
}

/// What a change does to access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Something can be done that could not be done before.
    Up,
    /// Less can be done than before, and nothing more.
    Down,
    Same,
}

impl Effect {
    pub const ALL: [Effect; 3] = [Effect::Up, Effect::Down, Effect::Same];

    pub fn word(self) -> &'static str {
        match self {
            Effect::Up => "UP",
            Effect::Down => "DOWN",
            Effect::Same => "SAME",
        }
    }
}

/// A policy document that one change rests on; `None` where a side does not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedDocument {
    pub name: Name,
    pub before: Option<PolicyText>,
    pub after: Option<PolicyText>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub topic: Topic,
    pub sign: Sign,
    pub subject: EntityKey,
    /// One sentence without period, such as `IRSA role api is now Pod Identity role api`.
    pub text: String,
    /// What can be done now and could not before, each in one line, sorted.
    pub gained: Vec<String>,
    /// What could be done before and cannot now.
    pub lost: Vec<String>,
    /// It hangs on nothing that was not read.
    pub certain: bool,
    pub documents: Vec<ChangedDocument>,
}

impl Change {
    /// Gaining anything makes it UP, whatever was lost beside it.
    pub fn effect(&self) -> Effect {
        match (self.gained.is_empty(), self.lost.is_empty()) {
            (false, _) => Effect::Up,
            (true, false) => Effect::Down,
            (true, true) => Effect::Same,
        }
    }
}

/// Something that is known on one side only because the other did not read it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotComparable {
    pub subject: EntityKey,
    /// One sentence without period.
    pub why: String,
}

/// All changes from one estate to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// By effect, topic, subject.
    pub changes: Vec<Change>,
    /// Sorted by subject.
    pub not_comparable: Vec<NotComparable>,
    /// Sources that one side read further than the other, sorted by source.
    pub rights: Vec<RightsDifference>,
    /// Pods that have another name now and are otherwise alike.
    pub folded: usize,
    /// Findings that both sides have.
    pub remaining: usize,
}

impl Diff {
    pub fn of(&self, effect: Effect) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.effect() == effect)
    }

    /// Nothing that anybody can do has changed, as far as was read on both sides.
    pub fn is_same_access(&self) -> bool {
        self.changes.iter().all(|change| change.effect() == Effect::Same)
    }
}

/// Compares two estates. Cost: a pass over the pods of both; permissions are only worked out for roles whose policies
/// are not the same texts.
pub fn diff(before: Side<'_>, after: Side<'_>) -> Diff {
    let mut found = Found::default();
    let rights = rights::compare(&before.inventory.coverage, &after.inventory.coverage);
    let common = Common::of(before.inventory, after.inventory, &rights);
    workloads::compare(before, after, &common, &mut found);
    roles::compare(before.inventory, after.inventory, &common, &mut found);
    nodes::compare(before.inventory, after.inventory, &common, &mut found);
    associations::compare(before.inventory, after.inventory, &common, &mut found);
    let remaining = marks::compare(before.marks, after.marks, &common, &mut found);
    let Found { mut changes, mut not_comparable, folded } = found;
    changes.sort_by(|a, b| {
        let order = |it: &Change| (it.effect(), it.topic);
        order(a).cmp(&order(b)).then_with(|| (&a.subject, a.sign, &a.text).cmp(&(&b.subject, b.sign, &b.text)))
    });
    not_comparable.sort();
    not_comparable.dedup();
    Diff { changes, not_comparable, rights, folded, remaining }
}

/// What the comparisons find.
#[derive(Default)]
struct Found {
    changes: Vec<Change>,
    not_comparable: Vec<NotComparable>,
    folded: usize,
}

impl Found {
    fn unread(&mut self, subject: EntityKey, why: impl Into<String>) {
        self.not_comparable.push(NotComparable { subject, why: why.into() });
    }
}

/// Clusters and accounts that both sides have; what only one has is compared with nothing.
struct Common<'a> {
    /// The earlier side read something less far than the later one; and the other way round.
    blind_before: bool,
    blind_after: bool,
    /// Clusters and accounts of one side alone.
    alone: BTreeSet<&'a Name>,
    clusters: BTreeSet<&'a Name>,
    accounts: BTreeSet<&'a Name>,
}

impl<'a> Common<'a> {
    fn of(before: &'a Inventory, after: &'a Inventory, rights: &[RightsDifference]) -> Common<'a> {
        let places =
            |it: &'a Inventory| -> BTreeSet<&'a Name> { it.clusters.keys().chain(it.accounts.keys()).collect() };
        Common {
            blind_before: rights.iter().any(|it| it.before > it.after),
            blind_after: rights.iter().any(|it| it.after > it.before),
            alone: places(before).symmetric_difference(&places(after)).copied().collect(),
            clusters: before.clusters.keys().filter(|it| after.clusters.contains_key(*it)).collect(),
            accounts: before.accounts.keys().filter(|it| after.accounts.contains_key(*it)).collect(),
        }
    }
}

impl Common<'_> {
    /// The thing is not of a place that only one side has.
    fn has(&self, key: &EntityKey) -> bool {
        let place = if key.kind == Kind::Cluster { &key.name } else { &key.scope };
        !self.alone.contains(place)
    }
}

/// Which of two sorted sets has what: (only in the first, only in the second).
fn only<T: Ord + Clone>(before: &BTreeSet<T>, after: &BTreeSet<T>) -> (Vec<T>, Vec<T>) {
    (before.difference(after).cloned().collect(), after.difference(before).cloned().collect())
}
