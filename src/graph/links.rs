//! Edges packed by source and by target: a walk reads neighbours that lie side by side.
//!
//! A graph of a hundred thousand nodes is walked whole for one answer; flat arrays keep that within milliseconds and
//! take twenty bytes an edge.

use crate::base::Truth;

use super::kind::EdgeKind;
use super::node::NodeId;

/// Position of an edge. Valid inside one estate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeId(pub(super) u32);

/// An edge with its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from: NodeId,
    pub to: NodeId,
    pub kind: EdgeKind,
    /// Never `No`.
    pub certainty: Truth,
    /// Position of what speaks for it, in the list that its kind has.
    pub(super) proof: u32,
    /// From one thing to another; what is left are steps inside one thing and into sets.
    pub(super) is_hop: bool,
}

impl Edge {
    /// From one thing to another; the others lead to another capacity of one thing, or into a set.
    pub fn is_hop(&self) -> bool {
        self.is_hop
    }
}

/// No proof of its own: the evidence follows from the two ends.
pub(super) const NO_PROOF: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Half {
    to: u32,
    proof: u32,
    kind: EdgeKind,
    certainty: Truth,
    is_hop: bool,
}

/// By source first, of which there are many with few edges each: counted into place, then each source's own are sorted.
fn sort(nodes: usize, edges: &mut Vec<Edge>) {
    let mut starts = vec![0usize; nodes + 1];
    edges.iter().for_each(|edge| starts[edge.from.at() + 1] += 1);
    for at in 0..nodes {
        starts[at + 1] += starts[at];
    }
    let mut next = starts.clone();
    let Some(first) = edges.first().copied() else { return };
    let mut sorted = vec![first; edges.len()];
    for edge in edges.iter() {
        let place = &mut next[edge.from.at()];
        sorted[*place] = *edge;
        *place += 1;
    }
    for at in 0..nodes {
        let own = &mut sorted[starts[at]..starts[at + 1]];
        own.sort_unstable_by_key(|it| (it.to, it.kind, std::cmp::Reverse(it.certainty), it.proof));
    }
    *edges = sorted;
}

/// All edges of a graph.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Per node: where its edges start; one more at the end.
    out_starts: Vec<u32>,
    out: Vec<Half>,
    in_starts: Vec<u32>,
    /// Source and edge of what comes in.
    into: Vec<(u32, u32)>,
}

impl Links {
    /// Packs. Of two edges of one kind between two nodes the surer stays.
    pub fn new(nodes: usize, mut edges: Vec<Edge>) -> Links {
        sort(nodes, &mut edges);
        edges.dedup_by_key(|it| (it.from, it.to, it.kind));
        let mut links = Links {
            out_starts: vec![0; nodes + 1],
            out: Vec::with_capacity(edges.len()),
            in_starts: vec![0; nodes + 1],
            into: vec![(0, 0); edges.len()],
        };
        for edge in &edges {
            links.out_starts[edge.from.at() + 1] += 1;
            links.in_starts[edge.to.at() + 1] += 1;
            let Edge { to, kind, certainty, proof, is_hop, .. } = *edge;
            links.out.push(Half { to: to.0, proof, kind, certainty, is_hop });
        }
        for at in 0..nodes {
            links.out_starts[at + 1] += links.out_starts[at];
            links.in_starts[at + 1] += links.in_starts[at];
        }
        let mut next = links.in_starts.clone();
        for (at, edge) in edges.iter().enumerate() {
            let place = &mut next[edge.to.at()];
            links.into[*place as usize] = (edge.from.0, u32::try_from(at).expect("fewer edges than 32 bits count"));
            *place += 1;
        }
        links
    }

    pub fn len(&self) -> usize {
        self.out.len()
    }

    fn edge(&self, from: u32, at: u32) -> Edge {
        let Half { to, proof, kind, certainty, is_hop } = self.out[at as usize];
        Edge { from: NodeId(from), to: NodeId(to), kind, certainty, proof, is_hop }
    }

    /// Cost: a search for the source.
    pub fn get(&self, id: EdgeId) -> Edge {
        let from = self.out_starts.partition_point(|start| *start <= id.0) - 1;
        self.edge(u32::try_from(from).expect("fewer nodes than 32 bits count"), id.0)
    }

    pub fn out(&self, node: NodeId) -> impl Iterator<Item = (EdgeId, Edge)> {
        let range = self.out_starts[node.at()]..self.out_starts[node.at() + 1];
        range.map(move |at| (EdgeId(at), self.edge(node.0, at)))
    }

    pub fn incoming(&self, node: NodeId) -> impl Iterator<Item = (EdgeId, Edge)> {
        let range = self.in_starts[node.at()] as usize..self.in_starts[node.at() + 1] as usize;
        self.into[range].iter().map(move |(from, at)| (EdgeId(*at), self.edge(*from, *at)))
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.out.capacity() * size_of::<Half>()
            + self.into.capacity() * 8
            + (self.out_starts.capacity() + self.in_starts.capacity()) * 4
    }
}
