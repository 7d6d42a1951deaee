//! Walking the graph: what falls if something falls, and who can become something, hop by hop with certainty.
//!
//! A thing is reached *certainly* when some way to it holds in every step, whatever else turns out; then its hop is
//! that of the shortest such way. Otherwise its hop is that of the shortest way at all. So what a row says and how it
//! is reached always belong together.

use crate::base::Truth;
use crate::model::{EntityKey, Kind};

use super::kind::EdgeKind;
use super::links::{Edge, EdgeId, Step, Traits};
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

/// Hops to every node that a walk came to, and the edge it came by.
#[derive(Clone, Debug)]
pub struct Walk {
    direction: Direction,
    /// One more than the hops; 0 for nodes that it did not come to. Zeros, so that what no walk touches costs nothing.
    hops: Vec<u16>,
    /// One more than the edge and than the previous node, each; 0 for none.
    parents: Vec<(u32, u32)>,
    /// In the order of hops.
    pub order: Vec<NodeId>,
}

/// Walks all edges of at least `certainty`, at most `depth` hops far. Cost: the edges met.
pub fn walk(graph: &AccessGraph, seeds: &[Seed], direction: Direction, depth: usize, certainty: Truth) -> Walk {
    let links = &graph.links;
    let count = graph.node_count();
    let mut walk = Walk { direction, hops: vec![0; count], parents: vec![(0, 0); count], order: Vec::new() };
    let depth = u16::try_from(depth).unwrap_or(u16::MAX).min(u16::MAX - 2);
    match direction {
        Direction::Forward => walk.spread(seeds, depth, certainty, |node| links.ahead(node)),
        Direction::Backward => walk.spread(seeds, depth, certainty, |node| links.behind(node)),
    }
    walk
}

impl Walk {
    /// Layer by layer; edges inside things and into sets lead on within a layer.
    fn spread<I: Iterator<Item = Step>>(
        &mut self,
        seeds: &[Seed],
        depth: u16,
        certainty: Truth,
        steps: impl Fn(NodeId) -> I,
    ) {
        let needed = Traits::STEP | if certainty.is_yes() { Traits::CERTAIN } else { 0 };
        let mut layer: Vec<NodeId> = Vec::new();
        let mut next: Vec<NodeId> = Vec::new();
        for seed in seeds {
            let at = seed.node.at();
            match seed.edge {
                None => {
                    self.hops[at] = 1;
                    self.parents[at] = (0, 0);
                    layer.push(seed.node);
                }
                Some((id, edge)) if edge.certainty >= certainty && depth > 0 => {
                    if self.hops[at] == 0 {
                        self.hops[at] = 2;
                        self.parents[at] = (id.0 + 1, 0);
                        next.push(seed.node);
                    }
                }
                Some(_) => {}
            }
        }
        // One more than the hops, as stored.
        let mut hop = 1;
        while !layer.is_empty() || !next.is_empty() {
            let mut at = 0;
            while let Some(node) = layer.get(at).copied() {
                at += 1;
                // A shorter way was found after it had been put down here.
                if self.hops[node.at()] != hop {
                    continue;
                }
                self.order.push(node);
                for step in steps(node).filter(|it| it.traits.has(needed)) {
                    let far = hop + u16::from(step.is_hop);
                    let known = &mut self.hops[step.other as usize];
                    // Nothing comes before zero but what no walk came to.
                    if far.wrapping_sub(1) < known.wrapping_sub(1) && far <= depth + 1 {
                        *known = far;
                        self.parents[step.other as usize] = (step.edge + 1, node.0 + 1);
                        if step.is_hop { next.push(NodeId(step.other)) } else { layer.push(NodeId(step.other)) }
                    }
                }
            }
            layer.clear();
            std::mem::swap(&mut layer, &mut next);
            hop += 1;
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
        usize::from(self.hops[node.at()]).checked_sub(1)
    }

    /// The hop by which the walk came to a node's thing; `None` for a start. `start` names the thing that the walk
    /// started from, where its seeds are only its neighbours.
    pub fn hop(&self, graph: &AccessGraph, node: NodeId, start: &EntityKey) -> Option<Hop> {
        let thing = graph.thing(node);
        let mut edges: Vec<EdgeId> = Vec::new();
        let mut here = node;
        let other = loop {
            let (edge, previous) = self.parents[here.at()];
            // Other footholds of the start have no edge.
            edges.push(EdgeId(edge.checked_sub(1)?));
            let Some(previous) = previous.checked_sub(1) else { break start.clone() };
            here = NodeId(previous);
            if !graph.is_set(here) && graph.thing(here) != thing {
                // Pods and workloads start at nodes that they share; a namespace at those of its workloads.
                let is_start = self.parents[here.at()] == (0, 0) && start.kind != Kind::Namespace;
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
            here = NodeId(previous.checked_sub(1)?);
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
        || walk(graph, seeds, direction, depth, Truth::Yes),
        || walk(graph, seeds, direction, depth, Truth::Unknown),
    );
    // One more than the position in `things`, by thing; starts are in none.
    let mut places = vec![0_u32; graph.things.len()];
    const START: u32 = u32::MAX;
    for seed in seeds.iter().filter(|seed| seed.edge.is_none()) {
        places[graph.thing(seed.node) as usize] = START;
    }
    let mut things: Vec<Reached> = Vec::new();
    for (walk, certainty) in [(&certain, Truth::Yes), (&possible, Truth::Unknown)] {
        for node in walk.order.iter().filter(|node| !graph.is_set(**node)) {
            let place = &mut places[graph.thing(*node) as usize];
            if *place == START {
                continue;
            }
            let reached = Reached { node: *node, hops: usize::from(walk.hops[node.at()]) - 1, certainty };
            if let Some(at) = place.checked_sub(1) {
                // Of two capacities that are equally near and sure the stronger one stands for the thing.
                let known = &mut things[at as usize];
                let same = known.hops == reached.hops && known.certainty == certainty;
                if same && graph.foothold(reached.node).strength() > graph.foothold(known.node).strength() {
                    *known = reached;
                }
            } else {
                things.push(reached);
                *place = u32::try_from(things.len()).expect("fewer things than 32 bits count");
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
