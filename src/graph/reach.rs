//! Walking the graph: what falls if something falls, and who can become something, hop by hop with certainty.
//!
//! A thing is reached *certainly* when some way to it holds in every step, whatever else turns out; then its hop is
//! that of the shortest such way. Otherwise its hop is that of the shortest way at all. So what a row says and how it
//! is reached always belong together.

use crate::base::Truth;
use crate::model::{EntityKey, Kind};

use super::kind::EdgeKind;
use super::links::{Edge, EdgeId};
use super::{AccessGraph, NodeId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// If this falls.
    Forward,
    /// Who can become this.
    Backward,
}

/// Where a walk starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    pub node: NodeId,
    /// The node is a hop away from the start, over an edge like this one.
    pub edge: Option<(EdgeId, Edge)>,
}

impl Seed {
    /// The start itself.
    pub fn at(node: NodeId) -> Seed {
        Seed { node, edge: None }
    }
}

const FAR: u16 = u16::MAX;
const NONE: u32 = u32::MAX;

/// Hops to every node that a walk came to, and the edge it came by.
#[derive(Clone, Debug)]
pub struct Walk {
    direction: Direction,
    hops: Vec<u16>,
    /// Edge and previous node; `NONE` for a start.
    parents: Vec<(u32, u32)>,
    /// In the order of hops.
    pub order: Vec<NodeId>,
}

/// Which edges a walk takes.
pub type Admits<'a> = &'a dyn Fn(EdgeId, &Edge) -> bool;

/// Walks all edges of at least `certainty`, at most `depth` hops far. Cost: the edges met.
pub fn walk(
    graph: &AccessGraph,
    seeds: &[Seed],
    direction: Direction,
    depth: usize,
    certainty: Truth,
    admits: Option<Admits<'_>>,
) -> Walk {
    let count = graph.node_count();
    let mut walk = Walk { direction, hops: vec![FAR; count], parents: vec![(NONE, NONE); count], order: Vec::new() };
    let depth = u16::try_from(depth).unwrap_or(FAR - 1).min(FAR - 1);
    let mut layer: Vec<NodeId> = Vec::new();
    let mut next: Vec<NodeId> = Vec::new();
    for seed in seeds {
        match seed.edge {
            None => {
                walk.hops[seed.node.at()] = 0;
                walk.parents[seed.node.at()] = (NONE, NONE);
                layer.push(seed.node);
            }
            Some((id, edge)) if edge.certainty >= certainty && depth > 0 => {
                if walk.hops[seed.node.at()] > 1 {
                    walk.hops[seed.node.at()] = 1;
                    walk.parents[seed.node.at()] = (id.0, NONE);
                    next.push(seed.node);
                }
            }
            Some(_) => {}
        }
    }
    let mut hop = 0;
    while !layer.is_empty() || !next.is_empty() {
        let mut at = 0;
        while let Some(node) = layer.get(at).copied() {
            at += 1;
            // A shorter way was found after it had been put down here.
            if walk.hops[node.at()] != hop {
                continue;
            }
            walk.order.push(node);
            let mut visit = |id: EdgeId, edge: &Edge| {
                if !edge.kind.is_step() || edge.certainty < certainty || admits.is_some_and(|admits| !admits(id, edge))
                {
                    return;
                }
                let other = if direction == Direction::Forward { edge.to } else { edge.from };
                let far = hop + u16::from(counts(graph, direction, edge));
                if far < walk.hops[other.at()] && far <= depth {
                    walk.hops[other.at()] = far;
                    walk.parents[other.at()] = (id.0, node.0);
                    if far == hop { layer.push(other) } else { next.push(other) }
                }
            };
            match direction {
                Direction::Forward => graph.out(node).for_each(|(id, edge)| visit(id, &edge)),
                Direction::Backward => graph.incoming(node).for_each(|(id, edge)| visit(id, &edge)),
            }
        }
        layer.clear();
        std::mem::swap(&mut layer, &mut next);
        hop += 1;
    }
    walk
}

/// Whether the edge counts as a hop. Forwards the hop is on the edge out of a set, backwards on the edge into it: the
/// thing on the far side is the one that is a hop away.
fn counts(graph: &AccessGraph, direction: Direction, edge: &Edge) -> bool {
    match direction {
        Direction::Forward => edge.is_hop,
        Direction::Backward => {
            !graph.is_set(edge.from) && (graph.is_set(edge.to) || graph.thing(edge.from) != graph.thing(edge.to))
        }
    }
}

/// A hop between two things with the edges behind it, in the direction of power.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    pub from: EntityKey,
    pub to: EntityKey,
    pub kind: EdgeKind,
    pub certainty: Truth,
    pub edges: Vec<EdgeId>,
}

impl Walk {
    pub fn hops(&self, node: NodeId) -> Option<usize> {
        match self.hops[node.at()] {
            FAR => None,
            hops => Some(usize::from(hops)),
        }
    }

    /// The hop by which the walk came to a node's thing; `None` for a start. `start` names the thing that the walk
    /// started from, where its seeds are only its neighbours.
    pub fn hop(&self, graph: &AccessGraph, node: NodeId, start: &EntityKey) -> Option<Hop> {
        let thing = graph.thing(node);
        let mut edges: Vec<EdgeId> = Vec::new();
        let mut here = node;
        let other = loop {
            let (edge, previous) = self.parents[here.at()];
            if edge == NONE {
                // Other footholds of the start.
                return None;
            }
            edges.push(EdgeId(edge));
            if previous == NONE {
                break start.clone();
            }
            here = NodeId(previous);
            if !graph.is_set(here) && graph.thing(here) != thing {
                // Pods and workloads start at nodes that they share; a namespace at those of its workloads.
                let is_start = self.parents[here.at()] == (NONE, NONE) && start.kind != Kind::Namespace;
                break if is_start { start.clone() } else { graph.key(here).clone() };
            }
        };
        if self.direction == Direction::Forward {
            edges.reverse();
        }
        let (from, to) = match self.direction {
            Direction::Forward => (other, graph.key(node).clone()),
            Direction::Backward => (graph.key(node).clone(), other),
        };
        Some(Hop::new(graph, from, to, edges))
    }

    /// The previous thing's node on the way to this one.
    pub fn previous(&self, graph: &AccessGraph, node: NodeId) -> Option<NodeId> {
        let thing = graph.thing(node);
        let mut here = node;
        loop {
            let (_, previous) = self.parents[here.at()];
            if previous == NONE {
                return None;
            }
            here = NodeId(previous);
            if !graph.is_set(here) && graph.thing(here) != thing {
                return Some(here);
            }
        }
    }
}

impl Hop {
    /// `edges` in the direction of power.
    pub(super) fn new(graph: &AccessGraph, from: EntityKey, to: EntityKey, edges: Vec<EdgeId>) -> Hop {
        let mut kind = EdgeKind::Same;
        let mut certainty = Truth::Yes;
        for id in &edges {
            let edge = graph.edge(*id);
            if !edge.kind.is_inner() {
                kind = edge.kind;
            }
            certainty = certainty.and(edge.certainty);
        }
        Hop { from, to, kind, certainty, edges }
    }
}

/// A thing that a walk came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    pub node: NodeId,
    pub hops: usize,
    pub certainty: Truth,
}

/// Both walks of an answer: over certain edges, and over all.
#[derive(Clone, Debug)]
pub struct Reach {
    pub certain: Walk,
    pub possible: Walk,
    /// Things by hop, then in the order in which they were met; starts left out.
    pub things: Vec<Reached>,
}

/// Walks twice and says of each thing how surely and over how many hops it is reached.
pub fn reach(graph: &AccessGraph, seeds: &[Seed], direction: Direction, depth: usize) -> Reach {
    let (certain, possible) = rayon::join(
        || walk(graph, seeds, direction, depth, Truth::Yes, None),
        || walk(graph, seeds, direction, depth, Truth::Unknown, None),
    );
    // Position in `things` by thing; starts are in none.
    let mut places = vec![NONE; graph.things.len()];
    const START: u32 = NONE - 1;
    for seed in seeds.iter().filter(|seed| seed.edge.is_none()) {
        places[graph.thing(seed.node) as usize] = START;
    }
    let mut things: Vec<Reached> = Vec::new();
    for (walk, certainty) in [(&certain, Truth::Yes), (&possible, Truth::Unknown)] {
        for node in walk.order.iter().filter(|node| !graph.is_set(**node)) {
            let place = &mut places[graph.thing(*node) as usize];
            let reached = Reached { node: *node, hops: usize::from(walk.hops[node.at()]), certainty };
            match *place {
                START => {}
                NONE => {
                    *place = u32::try_from(things.len()).expect("fewer things than 32 bits count");
                    things.push(reached);
                }
                at => {
                    // Of two capacities that are equally near and sure the stronger one stands for the thing.
                    let known = &mut things[at as usize];
                    let same = known.hops == reached.hops && known.certainty == certainty;
                    if same && graph.foothold(reached.node).strength() > graph.foothold(known.node).strength() {
                        *known = reached;
                    }
                }
            }
        }
    }
    things.sort_by_key(|it| it.hops);
    Reach { certain, possible, things }
}

impl Reach {
    /// The walk that a thing's hop and certainty belong to.
    pub fn walk_of(&self, reached: &Reached) -> &Walk {
        if reached.certainty.is_yes() { &self.certain } else { &self.possible }
    }
}
