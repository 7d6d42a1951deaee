//! What changes cut: how many pairs of a starting point and a target are no longer connected when edges go.
//!
//! Only what lies between starting points and targets is looked at; what no change touches and reaches itself is one
//! point. Targets are gone over 64 at a time: a bit says that a point reaches one, and bits are handed on against the
//! edges until nothing changes. One change is weighed over the targets behind its edges alone.
//!
//! Cost: for `e` edges between starts and targets and `t` targets `e * t / 64` steps for all that is connected now, and
//! as much at most for each change; `EFFORT` bounds the sum. The few that cut most are found greedily: the best, then
//! the best of what is left, and so on. Several ways between two things can make single changes worth nothing that
//! together are worth much: then greed sees nothing, and [`Cuts::together`] says what all of them come to.

use fixedbitset::FixedBitSet;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::base::Truth;

use super::links::EdgeId;
use super::{AccessGraph, NodeId};

/// What one change takes away.
#[derive(Clone, Debug, Default)]
pub struct Removal {
    /// These are gone with it.
    pub edges: Vec<EdgeId>,
    /// These are no targets any more.
    pub targets: Vec<NodeId>,
}

/// An edge that is gone when all of several changes are made.
#[derive(Clone, Debug)]
pub struct Joint {
    pub edge: EdgeId,
    /// Positions among the removals.
    pub changes: Vec<usize>,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Each is one starting point with everything that is held there.
    pub starts: &'a [Vec<NodeId>],
    pub targets: &'a [NodeId],
    pub removals: &'a [Removal],
    pub joints: &'a [Joint],
    /// Edges less sure than this do not count.
    pub certainty: Truth,
    /// Changes to choose, at most.
    pub most: usize,
}

/// What changes cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cuts {
    /// Pairs that are connected now.
    pub pairs: u64,
    /// Pairs that each change alone cuts, in the order of the removals; `None` where the effort did not suffice.
    pub alone: Vec<Option<u64>>,
    /// The few that cut most, each after those before it.
    pub first: Vec<Pick>,
    /// Pairs that all changes together cut.
    pub together: u64,
}

/// A change that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Position among the removals.
    pub change: usize,
    /// Pairs that it cuts when those before it are made.
    pub pairs: u64,
    /// Starting points that lose a target by it.
    pub starts: u64,
    /// Targets that a starting point loses by it.
    pub targets: u64,
}

/// Edges looked at for one answer, about: a second or two of one core.
const EFFORT: u64 = 1_500_000_000;

/// No change touches it.
const FREE: u32 = u32::MAX;

/// Answers. Deterministic; of changes that cut the same the one that stands first is chosen first.
pub fn cuts(graph: &AccessGraph, question: Question<'_>) -> Cuts {
    let field = Field::new(graph, question);
    let mut effort = EFFORT;
    let mut removed = vec![false; question.removals.len()];
    let mut state = field.state(&removed);
    let mut cuts = Cuts { pairs: state.pairs(), ..Cuts::default() };
    let all = vec![true; question.removals.len()];
    cuts.together = cuts.pairs - field.pairs(&field.alive(&all));
    cuts.alone = field.weigh(&state, &removed, &mut effort, 0);
    let mut gains = cuts.alone.clone();
    while cuts.first.len() < question.most {
        // Of equals the first: the key of later ones is not greater.
        let best = (0..gains.len()).rev().max_by_key(|at| gains[*at]).and_then(|at| Some((at, gains[at]?)));
        let Some((change, pairs)) = best.filter(|it| it.1 > 0) else { break };
        let (starts, targets) = field.losses(&state, &removed, change);
        cuts.first.push(Pick { change, pairs, starts, targets });
        removed[change] = true;
        if cuts.first.len() == question.most {
            break;
        }
        state = field.state(&removed);
        gains = field.weigh(&state, &removed, &mut effort, 1);
    }
    cuts
}

/// What lies between starting points and targets. A point stands for nodes that reach each other whatever is changed;
/// points are numbered so that free edges lead to smaller numbers.
struct Field {
    /// Per point: where its edges start; one more at the end.
    from: Vec<u32>,
    /// Point and label of each edge.
    to: Vec<(u32, u32)>,
    /// Per label: sets of changes, each of which takes the edge away when all in it are made.
    labels: Vec<Vec<Vec<usize>>>,
    /// Point and label of each target; targets that no start reaches are left out.
    targets: Vec<(u32, u32)>,
    /// Points of each starting point, and how many have just these.
    starts: Vec<(Vec<u32>, u64)>,
    /// Ends of edges with labels.
    labelled: Vec<(u32, u32, u32)>,
    changes: usize,
}

/// What is connected when some changes are made.
struct State {
    /// Starting points that reach each target.
    counts: Vec<u64>,
    /// Targets behind the edges of each change.
    behind: Vec<FixedBitSet>,
    /// Pairs that each change cuts at most.
    bounds: Vec<u64>,
}

impl State {
    fn pairs(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Field {
    fn new(graph: &AccessGraph, question: Question<'_>) -> Field {
        let mut sets: FxHashMap<u32, Vec<Vec<usize>>> = FxHashMap::default();
        let mut retired: FxHashMap<NodeId, Vec<Vec<usize>>> = FxHashMap::default();
        for (at, removal) in question.removals.iter().enumerate() {
            removal.edges.iter().for_each(|edge| sets.entry(edge.0).or_default().push(vec![at]));
            removal.targets.iter().for_each(|node| retired.entry(*node).or_default().push(vec![at]));
        }
        for joint in question.joints {
            sets.entry(joint.edge.0).or_default().push(joint.changes.clone());
        }
        let kept = between(graph, question);
        let mut labels: Vec<Vec<Vec<usize>>> = Vec::new();
        let mut numbers: FxHashMap<Vec<Vec<usize>>, u32> = FxHashMap::default();
        let mut label = |set: Option<&Vec<Vec<usize>>>| -> u32 {
            let Some(set) = set else { return FREE };
            *numbers.entry(set.clone()).or_insert_with(|| {
                labels.push(set.clone());
                u32::try_from(labels.len() - 1).expect("fewer labels than edges")
            })
        };
        let mut free: DiGraph<(), (), u32> = DiGraph::new();
        kept.nodes.iter().for_each(|_| {
            free.add_node(());
        });
        let mut held: Vec<(u32, u32, u32)> = Vec::new();
        for (at, node) in kept.nodes.iter().enumerate() {
            let at = u32::try_from(at).expect("fewer nodes than 32 bits count");
            for (id, edge) in graph.out(*node) {
                let to = kept.places[edge.to.at()];
                if to == FREE || !edge.kind.is_step() || edge.certainty < question.certainty {
                    continue;
                }
                match label(sets.get(&id.0)) {
                    FREE => {
                        free.add_edge(at.into(), to.into(), ());
                    }
                    label => held.push((at, to, label)),
                }
            }
        }
        // In an order in which edges lead back.
        let mut point = vec![0u32; kept.nodes.len()];
        let components = kosaraju_scc(&free);
        for (number, members) in components.iter().enumerate() {
            let number = u32::try_from(number).expect("fewer points than nodes");
            members.iter().for_each(|member| point[member.index()] = number);
        }
        let mut edges: Vec<(u32, u32, u32)> =
            free.raw_edges().iter().map(|it| (point[it.source().index()], point[it.target().index()], FREE)).collect();
        edges.extend(held.iter().map(|(from, to, label)| (point[*from as usize], point[*to as usize], *label)));
        edges.retain(|it| it.0 != it.1);
        edges.sort_unstable();
        edges.dedup();
        // Beside a free edge one that can be taken away says nothing.
        let mut bare: Vec<(u32, u32, u32)> = Vec::with_capacity(edges.len());
        let is_free: rustc_hash::FxHashSet<(u32, u32)> =
            edges.iter().filter(|it| it.2 == FREE).map(|it| (it.0, it.1)).collect();
        bare.extend(edges.iter().filter(|it| it.2 == FREE || !is_free.contains(&(it.0, it.1))));
        let mut from = vec![0u32; components.len() + 1];
        bare.iter().for_each(|it| from[it.0 as usize + 1] += 1);
        for at in 1..from.len() {
            from[at] += from[at - 1];
        }
        let place = |node: &NodeId| Some(kept.places[node.at()]).filter(|at| *at != FREE).map(|at| point[at as usize]);
        let mut targets: Vec<NodeId> = question.targets.to_vec();
        targets.sort_unstable();
        targets.dedup();
        let targets = targets.iter().filter_map(|node| Some((place(node)?, label(retired.get(node))))).collect();
        let mut starts: FxHashMap<Vec<u32>, u64> = FxHashMap::default();
        for start in question.starts {
            let mut points: Vec<u32> = start.iter().filter_map(place).collect();
            points.sort_unstable();
            points.dedup();
            if !points.is_empty() {
                *starts.entry(points).or_default() += 1;
            }
        }
        let mut starts: Vec<(Vec<u32>, u64)> = starts.into_iter().collect();
        starts.sort_unstable();
        Field {
            from,
            to: bare.iter().map(|it| (it.1, it.2)).collect(),
            labelled: bare.iter().filter(|it| it.2 != FREE).copied().collect(),
            labels,
            targets,
            starts,
            changes: question.removals.len(),
        }
    }

    /// Whether edges with each label are there.
    fn alive(&self, removed: &[bool]) -> Vec<bool> {
        let gone = |sets: &Vec<Vec<usize>>| sets.iter().any(|set| set.iter().all(|change| removed[*change]));
        self.labels.iter().map(|sets| !gone(sets)).collect()
    }

    /// Hands bits on against the edges until nothing changes.
    fn spread(&self, bits: &mut [u64], alive: &[bool]) {
        let mut again = true;
        while again {
            again = false;
            for at in 0..bits.len() {
                let mut own = bits[at];
                for (to, label) in &self.to[self.from[at] as usize..self.from[at + 1] as usize] {
                    if *label == FREE || alive[*label as usize] {
                        own |= bits[*to as usize];
                    }
                }
                if own != bits[at] {
                    bits[at] = own;
                    // Free edges lead back, and what they lead to was seen to before.
                    again = true;
                }
            }
            again &= !self.labelled.is_empty();
        }
    }

    /// Which of up to 64 targets each point reaches.
    fn reach(&self, targets: &[usize], alive: &[bool]) -> Vec<u64> {
        let mut bits = vec![0u64; self.from.len() - 1];
        for (bit, at) in targets.iter().enumerate() {
            let (point, label) = self.targets[*at];
            if label == FREE || alive[label as usize] {
                bits[point as usize] |= 1 << bit;
            }
        }
        self.spread(&mut bits, alive);
        bits
    }

    fn all_targets(&self) -> Vec<usize> {
        (0..self.targets.len()).collect()
    }

    /// What a starting point reaches.
    fn of_start(points: &[u32], bits: &[u64]) -> u64 {
        points.iter().fold(0, |so_far, point| so_far | bits[*point as usize])
    }

    fn pairs_of(&self, bits: &[u64]) -> u64 {
        let of = |(points, count): &(Vec<u32>, u64)| count * u64::from(Field::of_start(points, bits).count_ones());
        self.starts.iter().map(of).sum()
    }

    fn pairs(&self, alive: &[bool]) -> u64 {
        self.all_targets().par_chunks(64).map(|targets| self.pairs_of(&self.reach(targets, alive))).sum()
    }

    fn state(&self, removed: &[bool]) -> State {
        let alive = self.alive(removed);
        let all = self.all_targets();
        let blocks: Vec<Vec<u64>> = all.par_chunks(64).map(|targets| self.reach(targets, &alive)).collect();
        let mut counts = vec![0u64; all.len()];
        let mut behind = vec![FixedBitSet::with_capacity(all.len()); self.changes];
        let live = |label: u32| label != FREE && alive[label as usize];
        for (block, bits) in blocks.iter().enumerate() {
            for (points, count) in &self.starts {
                ones(Field::of_start(points, bits)).for_each(|bit| counts[block * 64 + bit] += count);
            }
            for (_, to, label) in self.labelled.iter().filter(|it| live(it.2)) {
                let reached = bits[*to as usize];
                for change in self.labels[*label as usize].iter().flatten() {
                    ones(reached).for_each(|bit| behind[*change].insert(block * 64 + bit));
                }
            }
        }
        for (at, (_, label)) in self.targets.iter().enumerate().filter(|it| live(it.1.1)) {
            self.labels[*label as usize].iter().flatten().for_each(|change| behind[*change].insert(at));
        }
        let before = self.before(&alive);
        let bound = |change: usize| behind[change].ones().map(|at| counts[at].min(before[change])).sum();
        let bounds = (0..self.changes).map(bound).collect();
        State { counts, behind, bounds }
    }

    /// How many starting points come to an edge of each change.
    fn before(&self, alive: &[bool]) -> Vec<u64> {
        let mut before = vec![0u64; self.changes];
        for (block, counts) in before.chunks_mut(64).enumerate() {
            let mut bits = vec![0u64; self.from.len() - 1];
            let mut note = |point: u32, label: u32| {
                if label != FREE && alive[label as usize] {
                    for change in self.labels[label as usize].iter().flatten().filter(|it| *it / 64 == block) {
                        bits[point as usize] |= 1 << (change % 64);
                    }
                }
            };
            self.labelled.iter().for_each(|(from, _, label)| note(*from, *label));
            self.targets.iter().for_each(|(point, label)| note(*point, *label));
            self.spread(&mut bits, alive);
            for (points, count) in &self.starts {
                ones(Field::of_start(points, &bits)).for_each(|bit| counts[bit] += count);
            }
        }
        before
    }

    /// Pairs that each change cuts, those first that may cut most. With `enough` only until no other can cut more than
    /// the best; `None` for the others.
    fn weigh(&self, state: &State, removed: &[bool], effort: &mut u64, enough: usize) -> Vec<Option<u64>> {
        let mut gains: Vec<Option<u64>> = vec![None; self.changes];
        let mut order: Vec<usize> = (0..self.changes).collect();
        order.sort_by_key(|at| std::cmp::Reverse(state.bounds[*at]));
        let mut best = 0;
        for some in order.chunks(16) {
            if enough > 0 && state.bounds[some[0]] < best {
                break;
            }
            let cost = |change: &usize| (state.behind[*change].count_ones(..).div_ceil(64) * self.to.len() * 3) as u64;
            let asked: Vec<usize> =
                some.iter().filter(|at| !removed[**at] && state.bounds[**at] > 0).copied().collect();
            some.iter().filter(|at| !asked.contains(at)).for_each(|at| gains[*at] = Some(0));
            let cost: u64 = asked.iter().map(cost).sum();
            if cost > *effort {
                break;
            }
            *effort -= cost;
            let found: Vec<u64> = asked.par_iter().map(|change| self.gain(state, removed, *change)).collect();
            for (change, gain) in asked.into_iter().zip(found) {
                best = best.max(gain);
                gains[change] = Some(gain);
            }
        }
        gains
    }

    fn with(&self, removed: &[bool], change: usize) -> Vec<bool> {
        let mut removed = removed.to_vec();
        removed[change] = true;
        self.alive(&removed)
    }

    fn gain(&self, state: &State, removed: &[bool], change: usize) -> u64 {
        let alive = self.with(removed, change);
        let targets: Vec<usize> = state.behind[change].ones().collect();
        let now: u64 = targets.iter().map(|at| state.counts[*at]).sum();
        now - targets.chunks(64).map(|some| self.pairs_of(&self.reach(some, &alive))).sum::<u64>()
    }

    /// Starting points and targets that lose something by a change.
    fn losses(&self, state: &State, removed: &[bool], change: usize) -> (u64, u64) {
        let (alive, after) = (self.alive(removed), self.with(removed, change));
        let targets: Vec<usize> = state.behind[change].ones().collect();
        let mut losing = vec![false; self.starts.len()];
        let mut lost = 0;
        for some in targets.chunks(64) {
            let (now, then) = (self.reach(some, &alive), self.reach(some, &after));
            let mut any = 0;
            for (at, (points, _)) in self.starts.iter().enumerate() {
                let gone = Field::of_start(points, &now) & !Field::of_start(points, &then);
                losing[at] |= gone != 0;
                any |= gone;
            }
            lost += u64::from(any.count_ones());
        }
        let starts = self.starts.iter().zip(&losing).filter(|it| *it.1).map(|it| it.0.1).sum();
        (starts, lost)
    }
}

fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = bits.trailing_zeros() as usize;
        (bits != 0).then(|| {
            bits &= bits - 1;
            bit
        })
    })
}

/// Nodes that some start reaches and from which some target is reached.
struct Between {
    nodes: Vec<NodeId>,
    /// Position in `nodes` of each node of the graph; `FREE` for those that are left out.
    places: Vec<u32>,
}

fn between(graph: &AccessGraph, question: Question<'_>) -> Between {
    let count = graph.node_count();
    let counts = |kind: super::EdgeKind, certainty: Truth| kind.is_step() && certainty >= question.certainty;
    let mut ahead = FixedBitSet::with_capacity(count);
    let mut open: Vec<NodeId> = question.starts.iter().flatten().copied().collect();
    open.iter().for_each(|node| ahead.insert(node.at()));
    while let Some(node) = open.pop() {
        for (_, edge) in graph.out(node).filter(|(_, edge)| counts(edge.kind, edge.certainty)) {
            if !ahead.put(edge.to.at()) {
                open.push(edge.to);
            }
        }
    }
    let mut places = vec![FREE; count];
    let mut nodes: Vec<NodeId> = Vec::new();
    let mut add = |node: NodeId, nodes: &mut Vec<NodeId>| {
        if ahead.contains(node.at()) && places[node.at()] == FREE {
            places[node.at()] = u32::try_from(nodes.len()).expect("fewer nodes than 32 bits count");
            nodes.push(node);
        }
    };
    question.targets.iter().for_each(|node| add(*node, &mut nodes));
    let mut next = 0;
    while let Some(node) = nodes.get(next).copied() {
        next += 1;
        for (_, edge) in graph.incoming(node).filter(|(_, edge)| counts(edge.kind, edge.certainty)) {
            add(edge.from, &mut nodes);
        }
    }
    Between { nodes, places }
}
