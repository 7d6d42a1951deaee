//! Ways between two things: the shortest first, none through one thing twice, and the single edges whose removal leaves
//! no way at all.

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashSet;

use crate::base::Truth;
use crate::model::EntityKey;

use super::kind::EdgeKind;
use super::links::{Edge, EdgeId};
use super::reach::{Direction, Hop, Seed, Walk, walk};
use super::{AccessGraph, NodeId};

/// One way, step by step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub hops: Vec<Hop>,
}

impl Path {
    /// Yes when every step holds.
    pub fn certainty(&self) -> Truth {
        self.hops.iter().fold(Truth::Yes, |so_far, hop| so_far.and(hop.certainty))
    }

    /// Addresses and edges in turn: what paths of one length are sorted by.
    fn text(&self) -> String {
        let mut text = String::new();
        for hop in &self.hops {
            text.push_str(&format!("{}\0{}\0{}\0", hop.from, hop.kind.word(), hop.to));
        }
        text
    }
}

/// How far to look.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Paths at most.
    pub paths: usize,
    /// Hops beyond the shortest path.
    pub detour: usize,
    /// Hops at most.
    pub hops: usize,
    /// Nodes looked at, so that a dense estate cannot hold anybody up.
    pub effort: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { paths: 100, detour: 2, hops: 16, effort: 200_000 }
    }
}

/// The answer to a question for paths.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    /// Shortest first, then bytewise.
    pub paths: Vec<Path>,
    /// Single edges that lie on every path: without one of them there is none.
    pub cuts: Vec<Hop>,
    /// There are more, or there may be: a limit ended the search.
    pub more: bool,
}

/// Paths from `from` to any node of `to`. `start` and `end` are the things meant.
pub fn paths(graph: &AccessGraph, from: &[Seed], to: &[NodeId], start: &EntityKey, limits: Limits) -> Paths {
    let targets: Vec<Seed> = to.iter().map(|node| Seed::at(*node)).collect();
    let back = walk(graph, &targets, Direction::Backward, limits.hops, Truth::Unknown);
    let distance = |seed: &Seed| {
        let own = usize::from(seed.edge.is_some());
        remaining(&back, graph, seed.node).map(|hops| hops + own)
    };
    let Some(shortest) = from.iter().filter_map(distance).min() else { return Paths::default() };
    // Nobody walks from a thing to itself.
    if shortest == 0 {
        return Paths::default();
    }
    let mut search = Search {
        graph,
        back: &back,
        targets: to.iter().copied().collect(),
        limits,
        length: shortest,
        effort: 0,
        things: FxHashSet::default(),
        on_way: FxHashSet::default(),
        edges: Vec::new(),
        found: Vec::new(),
        seen: FxHashSet::default(),
        start: start.clone(),
    };
    let mut paths: Vec<Path> = Vec::new();
    let longest = (shortest + limits.detour).min(limits.hops);
    let mut more = false;
    for length in shortest..=longest {
        search.length = length;
        for seed in from {
            search.begin(seed);
        }
        let mut found = std::mem::take(&mut search.found);
        found.sort_by_cached_key(Path::text);
        paths.append(&mut found);
        if paths.len() >= limits.paths || search.effort >= limits.effort {
            more = true;
            break;
        }
    }
    paths.truncate(limits.paths);
    let cuts = paths.first().map_or_else(Vec::new, |path| cuts(&search, from, path));
    Paths { paths, cuts, more }
}

/// Hops from a node to the end. A walk backwards counts a hop when it leaves a set, a way forwards when it enters the
/// thing behind it: inside a set one hop is still to come.
fn remaining(back: &Walk, graph: &AccessGraph, node: NodeId) -> Option<usize> {
    back.hops(node).map(|hops| hops + usize::from(graph.is_set(node)))
}

struct Search<'a> {
    graph: &'a AccessGraph,
    back: &'a Walk,
    targets: FxHashSet<NodeId>,
    limits: Limits,
    /// Hops that a path must have to be taken now.
    length: usize,
    effort: usize,
    things: FxHashSet<u32>,
    on_way: FxHashSet<NodeId>,
    edges: Vec<EdgeId>,
    found: Vec<Path>,
    seen: FxHashSet<Vec<(u32, EdgeKind)>>,
    start: EntityKey,
}

impl Search<'_> {
    fn begin(&mut self, seed: &Seed) {
        self.things.clear();
        self.on_way.clear();
        self.edges.clear();
        let hops = match seed.edge {
            Some((id, _)) => {
                self.edges.push(id);
                1
            }
            None => 0,
        };
        self.things.insert(self.graph.thing(seed.node));
        self.on_way.insert(seed.node);
        self.step(seed.node, hops);
    }

    fn step(&mut self, node: NodeId, hops: usize) {
        self.effort += 1;
        if self.effort >= self.limits.effort || self.found.len() >= self.limits.paths {
            return;
        }
        if self.targets.contains(&node) {
            if hops == self.length {
                self.take();
            }
            return;
        }
        let graph = self.graph;
        for (id, edge) in graph.out(node) {
            if !edge.kind.is_step() || self.on_way.contains(&edge.to) {
                continue;
            }
            let far = hops + usize::from(edge.is_hop);
            if remaining(self.back, graph, edge.to).is_none_or(|rest| far + rest > self.length) {
                continue;
            }
            let thing = graph.thing(edge.to);
            if edge.is_hop && !self.things.insert(thing) {
                continue;
            }
            self.on_way.insert(edge.to);
            self.edges.push(id);
            self.step(edge.to, far);
            self.edges.pop();
            self.on_way.remove(&edge.to);
            if edge.is_hop {
                self.things.remove(&thing);
            }
        }
    }

    fn take(&mut self) {
        let path = contract(self.graph, &self.start, &self.edges);
        let graph = self.graph;
        let signature = path
            .hops
            .iter()
            .map(|hop| (hop.edges.last().map_or(0, |id| graph.thing(graph.edge(*id).to)), hop.kind))
            .collect();
        if self.seen.insert(signature) {
            self.found.push(path);
        }
    }
}

/// Edges of one way as hops between things.
fn contract(graph: &AccessGraph, start: &EntityKey, edges: &[EdgeId]) -> Path {
    let mut hops = Vec::new();
    let mut pending: Vec<EdgeId> = Vec::new();
    let mut from = start.clone();
    for id in edges {
        let edge = graph.edge(*id);
        pending.push(*id);
        if edge.is_hop {
            let to = graph.key(edge.to).clone();
            hops.push(Hop::new(graph, std::mem::replace(&mut from, to.clone()), to, std::mem::take(&mut pending)));
        }
    }
    // A way may end with another capacity of the thing it came to.
    if let (Some(last), false) = (hops.last_mut(), pending.is_empty()) {
        let mut all = std::mem::take(&mut last.edges);
        all.append(&mut pending);
        *last = Hop::new(graph, last.from.clone(), last.to.clone(), all);
    }
    Path { hops }
}

/// Edges of a path without which nothing leads to the end. Whoever takes an edge away takes all of its kind between the
/// two things. Cost: for each hop at most the edges between start and end.
fn cuts(search: &Search<'_>, from: &[Seed], path: &Path) -> Vec<Hop> {
    let graph = search.graph;
    let mut cuts = Vec::new();
    for hop in &path.hops {
        let Some(gone) = hop.edges.iter().map(|id| graph.edge(*id)).find(|edge| edge.kind == hop.kind) else {
            continue;
        };
        let alike = |edge: &Edge| {
            edge.kind == gone.kind
                && graph.thing(edge.from) == graph.thing(gone.from)
                && graph.thing(edge.to) == graph.thing(gone.to)
        };
        if !search.arrives(from, alike) {
            cuts.push(hop.clone());
        }
    }
    cuts
}

impl Search<'_> {
    /// Whether some way leads to the end without certain edges.
    fn arrives(&self, from: &[Seed], is_gone: impl Fn(&Edge) -> bool) -> bool {
        let mut seen = FixedBitSet::with_capacity(self.graph.node_count());
        let left = from.iter().filter(|seed| seed.edge.is_none_or(|(_, edge)| !is_gone(&edge)));
        let mut open: Vec<NodeId> = left.map(|seed| seed.node).collect();
        while let Some(node) = open.pop() {
            if self.targets.contains(&node) {
                return true;
            }
            for (_, edge) in self.graph.out(node) {
                let leads = edge.kind.is_step() && self.back.hops(edge.to).is_some() && !is_gone(&edge);
                if leads && !seen.put(edge.to.at()) {
                    open.push(edge.to);
                }
            }
        }
        false
    }
}
