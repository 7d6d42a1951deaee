//! Edges packed by source and by target: a walk reads neighbours that lie side by side.
//!
//! A graph of a hundred thousand nodes is walked whole for one answer; flat arrays keep that within milliseconds and
//! take two dozen bytes an edge.

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
    /// As `is_hop`, for who comes against the edge: then the edge into a set is the hop, not the one out of it.
    pub(super) is_hop_back: bool,
}

impl Edge {
    /// From one thing to another; the others lead to another capacity of one thing, or into a set.
    pub fn is_hop(&self) -> bool {
        self.is_hop
    }
}

/// No proof of its own: the evidence follows from the two ends.
pub(super) const NO_PROOF: u32 = u32::MAX;

/// What a walk asks of an edge, in bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits(u8);

impl Traits {
    /// It gives a power.
    pub const STEP: u8 = 1;
    pub const CERTAIN: u8 = 2;
    const HOP: u8 = 4;
    const HOP_BACK: u8 = 8;

    fn of(edge: &Edge) -> Traits {
        let bit = |is: bool, bit: u8| if is { bit } else { 0 };
        Traits(
            bit(edge.kind.is_step(), Traits::STEP)
                | bit(edge.certainty.is_yes(), Traits::CERTAIN)
                | bit(edge.is_hop, Traits::HOP)
                | bit(edge.is_hop_back, Traits::HOP_BACK),
        )
    }

    #[inline]
    pub fn has(self, all: u8) -> bool {
        self.0 & all == all
    }
}

/// An edge as a walk meets it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub other: u32,
    pub edge: u32,
    pub traits: Traits,
    pub is_hop: bool,
}

#[derive(Clone, Copy, Debug)]
struct Half {
    to: u32,
    proof: u32,
    kind: EdgeKind,
    certainty: Truth,
    traits: Traits,
}

#[derive(Clone, Copy, Debug)]
struct Incoming {
    from: u32,
    edge: u32,
    traits: Traits,
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
    into: Vec<Incoming>,
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
            into: vec![Incoming { from: 0, edge: 0, traits: Traits(0) }; edges.len()],
        };
        for edge in &edges {
            links.out_starts[edge.from.at() + 1] += 1;
            links.in_starts[edge.to.at() + 1] += 1;
            let Edge { to, kind, certainty, proof, .. } = *edge;
            links.out.push(Half { to: to.0, proof, kind, certainty, traits: Traits::of(edge) });
        }
        for at in 0..nodes {
            links.out_starts[at + 1] += links.out_starts[at];
            links.in_starts[at + 1] += links.in_starts[at];
        }
        let mut next = links.in_starts.clone();
        for (at, edge) in edges.iter().enumerate() {
            let place = &mut next[edge.to.at()];
            let at = u32::try_from(at).expect("fewer edges than 32 bits count");
            links.into[*place as usize] = Incoming { from: edge.from.0, edge: at, traits: Traits::of(edge) };
            *place += 1;
        }
        links
    }

    pub fn len(&self) -> usize {
        self.out.len()
    }

    #[inline]
    fn edge(&self, from: u32, at: u32) -> Edge {
        let Half { to, proof, kind, certainty, traits } = self.out[at as usize];
        let (is_hop, is_hop_back) = (traits.has(Traits::HOP), traits.has(Traits::HOP_BACK));
        Edge { from: NodeId(from), to: NodeId(to), kind, certainty, proof, is_hop, is_hop_back }
    }

    /// Cost: a search for the source.
    pub fn get(&self, id: EdgeId) -> Edge {
        let from = self.out_starts.partition_point(|start| *start <= id.0) - 1;
        self.edge(u32::try_from(from).expect("fewer nodes than 32 bits count"), id.0)
    }

    #[inline]
    pub fn out(&self, node: NodeId) -> impl Iterator<Item = (EdgeId, Edge)> {
        let range = self.out_starts[node.at()]..self.out_starts[node.at() + 1];
        range.map(move |at| (EdgeId(at), self.edge(node.0, at)))
    }

    #[inline]
    pub fn incoming(&self, node: NodeId) -> impl Iterator<Item = (EdgeId, Edge)> {
        let range = self.in_starts[node.at()] as usize..self.in_starts[node.at() + 1] as usize;
        self.into[range].iter().map(move |it| (EdgeId(it.edge), self.edge(it.from, it.edge)))
    }

    /// As [`Links::out`], for walks of the whole graph.
    #[inline]
    pub fn ahead(&self, node: NodeId) -> impl Iterator<Item = Step> {
        let range = self.out_starts[node.at()]..self.out_starts[node.at() + 1];
        let halves = &self.out[range.start as usize..range.end as usize];
        range.zip(halves).map(|(edge, half)| {
            let traits = half.traits;
            Step { other: half.to, edge, traits, is_hop: traits.has(Traits::HOP) }
        })
    }

    /// As [`Links::incoming`], for walks of the whole graph.
    #[inline]
    pub fn behind(&self, node: NodeId) -> impl Iterator<Item = Step> {
        let range = self.in_starts[node.at()] as usize..self.in_starts[node.at() + 1] as usize;
        self.into[range].iter().map(|it| {
            let traits = it.traits;
            Step { other: it.from, edge: it.edge, traits, is_hop: traits.has(Traits::HOP_BACK) }
        })
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.out.capacity() * size_of::<Half>()
            + self.into.capacity() * size_of::<Incoming>()
            + (self.out_starts.capacity() + self.in_starts.capacity()) * 4
    }
}
