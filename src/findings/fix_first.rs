//! What to fix first: the few changes that cut most of what code in one workload, or one user, could come to.
//!
//! A *change* is one edit: the trust policy of a role, the metadata settings of nodes, a binding. Findings that the same
//! edit mends share it. It is weighed by the *pairs* that it cuts: a pair is a starting point (a workload with running
//! pods, a user or group that a binding names, an IAM user) and something sensitive (a role of a worse class than
//! `scoped`, the administration of an account or of a cluster) that it surely comes to. Ways that hang on something
//! unknown are not counted on either side, and neither is who stands outside all that was read.
//!
//! A change counts for no more than it surely takes away: where another grant or another way gives the same, it cuts
//! nothing. Findings whose fix takes no edge away, because something is broken or only hard to see, have no change here.

mod change;
mod edges;

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::analysis::roles::Classes;
use crate::base::Truth;
use crate::graph::cut::{Pick, Question, cuts};
use crate::graph::{AccessGraph, Foothold, NodeId};
use crate::iam::privilege::Class;
use crate::identity::documents::Documents;
use crate::model::{EntityKey, Inventory, Kind};

use super::finding::{Finding, Fix};
use super::platform;
use super::severity::Severity;

pub use change::Change;

/// The answer.
#[derive(Clone, Debug, Default)]
pub struct FixFirst {
    /// Workloads, users and groups that are looked at.
    pub starts: usize,
    /// Sensitive things.
    pub targets: usize,
    /// Pairs that are surely connected now.
    pub pairs: u64,
    /// Pairs that all changes together cut.
    pub together: u64,
    /// Those chosen in their order, then the others, those that cut most alone first.
    pub changes: Vec<Weighed>,
}

/// A change and what it comes to.
#[derive(Clone, Debug)]
pub struct Weighed {
    pub change: Change,
    /// Findings that it mends, as positions in the list that was given, worst first.
    pub findings: Vec<usize>,
    /// Pairs that it cuts when nothing else is changed. `None`: the estate is too large to weigh every change.
    pub alone: Option<u64>,
    /// It is one of the few; `pairs` is what it cuts after those before it.
    pub chosen: Option<Pick>,
}

impl Weighed {
    /// Ways to do it: those of the worst finding that asks for this very change. `findings` is the list that was given.
    pub fn fix<'a>(&self, findings: &'a [Finding]) -> &'a [Fix] {
        let mut named = self.findings.iter().map(|at| &findings[*at]);
        named.find(|it| change::is_named(&self.change, it)).map_or(&[], |it| &it.fix)
    }
}

impl FixFirst {
    /// The few changes that cut most, each after those before it.
    pub fn few(&self) -> impl Iterator<Item = (&Weighed, &Pick)> {
        self.changes.iter().filter_map(|it| Some((it, it.chosen.as_ref()?)))
    }
}

/// Weighs the changes behind findings that are certain and more than a note, that nobody accepted and that are not about
/// the platform, and chooses at most `most`.
///
/// Cost: the class of every role, then that of [`crate::graph::cut`].
pub fn fix_first(inventory: &Inventory, graph: &AccessGraph, findings: &[Finding], most: usize) -> FixFirst {
    let starts = starts(graph);
    let targets = targets(inventory, graph);
    let mut by_change: BTreeMap<Change, Vec<usize>> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate().filter(|it| asks(it.1)) {
        for change in change::of(graph, finding) {
            let mended = by_change.entry(change).or_default();
            if mended.last() != Some(&at) {
                mended.push(at);
            }
        }
    }
    let mut changes: Vec<(Change, Vec<usize>)> = by_change.into_iter().collect();
    // Of changes that cut the same, the one that mends the worst is chosen first.
    changes.sort_by_key(|it| it.1.iter().map(|at| findings[*at].severity).min());
    let (removals, joints) = edges::of(inventory, graph, &changes);
    let question = Question {
        starts: &starts,
        targets: &targets,
        removals: &removals,
        joints: &joints,
        certainty: Truth::Yes,
        most,
    };
    let cuts = cuts(graph, question);
    let mut places: FxHashMap<usize, usize> = FxHashMap::default();
    places.extend(cuts.first.iter().enumerate().map(|(place, pick)| (pick.change, place)));
    let mut changes: Vec<(usize, Weighed)> = changes
        .into_iter()
        .zip(&cuts.alone)
        .enumerate()
        .map(|(at, ((change, mut findings_of), alone))| {
            findings_of.sort_by_key(|at| findings[*at].severity);
            let place = places.get(&at).copied();
            let chosen = place.map(|place| cuts.first[place].clone());
            (place.unwrap_or(usize::MAX), Weighed { change, findings: findings_of, alone: *alone, chosen })
        })
        .collect();
    changes.sort_by_key(|(place, it)| (*place, std::cmp::Reverse(it.alone)));
    FixFirst {
        starts: starts.len(),
        targets: targets.len(),
        pairs: cuts.pairs,
        together: cuts.together,
        changes: changes.into_iter().map(|it| it.1).collect(),
    }
}

/// Somebody can and should act on it: it is certain and more than a note, nobody accepted it, and it is not about what
/// AWS and Kubernetes ship.
fn asks(finding: &Finding) -> bool {
    finding.certain && finding.severity < Severity::Info && finding.accepted.is_none() && !finding.platform
}

/// Code in each workload that runs, and each user, group and IAM user outside the platform.
fn starts(graph: &AccessGraph) -> Vec<Vec<NodeId>> {
    let mut workloads: BTreeMap<&EntityKey, Vec<NodeId>> = BTreeMap::new();
    for group in graph.groups().filter(|it| it.lives) {
        workloads.entry(group.owner).or_default().push(group.shell);
    }
    let mut people: Vec<(&EntityKey, NodeId)> = graph
        .keys()
        .filter_map(|key| match key.kind {
            Kind::User | Kind::Group if !platform::is_subject(&key.name) => {
                Some((key, graph.node(Foothold::Subject, key)?))
            }
            Kind::IamUser => Some((key, graph.node(Foothold::IamUser, key)?)),
            _ => None,
        })
        .collect();
    people.sort();
    workloads.into_values().chain(people.into_iter().map(|it| vec![it.1])).collect()
}

/// Sessions of sensitive roles (guard G1), and the administration of accounts and clusters.
fn targets(inventory: &Inventory, graph: &AccessGraph) -> Vec<NodeId> {
    let (documents, classes) = (Documents::default(), Classes::default());
    let roles: Vec<_> = inventory.accounts.values().flat_map(|account| account.roles.iter()).collect();
    let sensitive = roles.into_par_iter().filter_map(|role| {
        let key = EntityKey::scoped(Kind::Role, &role.account, &role.name);
        let node = graph.node(Foothold::Session, &key)?;
        let class = classes.of(inventory, &documents, role).class;
        matches!(class, Class::Admin | Class::Escalates | Class::Sensitive | Class::ClusterLoop).then_some(node)
    });
    let mut targets: Vec<NodeId> = sensitive.collect();
    for key in graph.keys() {
        targets.extend(match key.kind {
            Kind::Resource => graph.node(Foothold::AccountAdmin, key),
            Kind::Cluster => graph.node(Foothold::ClusterAdmin, key),
            _ => None,
        });
    }
    targets.sort_unstable();
    targets.dedup();
    targets
}
