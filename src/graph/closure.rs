//! What every node reaches, all at once: roles, accounts and clusters.
//!
//! Nodes that reach each other reach the same, so their strongly connected components are taken in reverse topological
//! order, each joining what its successors reach. Sets that are equal to a successor's are shared, small ones are
//! lists; only those of nodes that somebody asks for are kept.

use std::sync::Arc;

use fixedbitset::FixedBitSet;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use rayon::join;

use crate::base::Truth;

use super::node::Foothold;
use super::{AccessGraph, NodeId};

/// Longest list before a set becomes a row of bits.
const LIST: usize = 48;

/// Positions of targets.
#[derive(Clone, Debug)]
enum Set {
    /// Sorted.
    List(Vec<u32>),
    Bits(FixedBitSet),
}

impl Set {
    fn len(&self) -> usize {
        match self {
            Set::List(list) => list.len(),
            Set::Bits(bits) => bits.count_ones(..),
        }
    }

    fn contains(&self, target: u32) -> bool {
        match self {
            Set::List(list) => list.binary_search(&target).is_ok(),
            Set::Bits(bits) => bits.contains(target as usize),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Set::List(list) => list.capacity() * 4,
            Set::Bits(bits) => bits.len() / 8,
        }
    }
}

/// What each node reaches over edges of some certainty.
#[derive(Debug)]
pub struct Closure {
    /// Component of each node.
    component: Vec<u32>,
    /// By component; `None` for those that no identity is in.
    sets: Vec<Option<Arc<Set>>>,
    /// Target number of each node; `u32::MAX` for nodes that are none.
    targets: Arc<[u32]>,
}

/// Certain and possible reach of all identities. Cost: every edge a few times.
pub fn closures(graph: &AccessGraph) -> (Closure, Closure) {
    let mut count = 0;
    let targets: Arc<[u32]> = graph
        .nodes
        .iter()
        .map(|node| match node.foothold {
            Foothold::Session | Foothold::AccountAdmin | Foothold::ClusterAdmin => {
                count += 1;
                count - 1
            }
            _ => u32::MAX,
        })
        .collect();
    join(
        || closure(graph, Truth::Yes, &targets, count as usize),
        || closure(graph, Truth::Unknown, &targets, count as usize),
    )
}

fn closure(graph: &AccessGraph, certainty: Truth, targets: &Arc<[u32]>, count: usize) -> Closure {
    let nodes = graph.node_count();
    let mut plain: DiGraph<(), (), u32> = DiGraph::with_capacity(nodes, graph.edge_count());
    (0..nodes).for_each(|_| {
        plain.add_node(());
    });
    let id = |at: usize| NodeId(u32::try_from(at).expect("fewer nodes than 32 bits count"));
    for at in 0..nodes {
        for (_, edge) in graph.out(id(at)) {
            if edge.kind.is_step() && edge.certainty >= certainty {
                plain.add_edge((edge.from.0).into(), (edge.to.0).into(), ());
            }
        }
    }
    let components = kosaraju_scc(&plain);
    let mut component = vec![0u32; nodes];
    for (at, members) in components.iter().enumerate() {
        for member in members {
            component[member.index()] = u32::try_from(at).expect("fewer components than nodes");
        }
    }
    let empty: Arc<Set> = Arc::new(Set::List(Vec::new()));
    let mut sets: Vec<Option<Arc<Set>>> = Vec::with_capacity(components.len());
    let mut scratch = FixedBitSet::with_capacity(count);
    for (at, members) in components.iter().enumerate() {
        let mut own: Vec<u32> = Vec::new();
        let mut successors: Vec<u32> = Vec::new();
        for member in members {
            let target = targets[member.index()];
            if target != u32::MAX {
                own.push(target);
            }
            for next in plain.neighbors(*member) {
                let next = component[next.index()];
                if next as usize != at {
                    successors.push(next);
                }
            }
        }
        successors.sort_unstable();
        successors.dedup();
        let below: Vec<&Arc<Set>> =
            successors.iter().filter_map(|it| sets[*it as usize].as_ref()).filter(|it| it.len() > 0).collect();
        let set = match (&own[..], &below[..]) {
            ([], []) => Arc::clone(&empty),
            ([], [one]) => Arc::clone(one),
            _ => {
                scratch.clear();
                own.iter().for_each(|it| scratch.insert(*it as usize));
                for set in below {
                    match &**set {
                        Set::List(list) => list.iter().for_each(|it| scratch.insert(*it as usize)),
                        Set::Bits(bits) => scratch.union_with(bits),
                    }
                }
                Arc::new(if scratch.count_ones(..) <= LIST {
                    Set::List(scratch.ones().map(|it| u32::try_from(it).expect("a target's number")).collect())
                } else {
                    Set::Bits(scratch.clone())
                })
            }
        };
        sets.push(Some(set));
    }
    let mut asked = vec![false; sets.len()];
    for (at, node) in graph.nodes.iter().enumerate() {
        let identity = matches!(
            node.foothold,
            Foothold::Shell
                | Foothold::Mint
                | Foothold::Api
                | Foothold::Session
                | Foothold::Subject
                | Foothold::NodeRoot
        );
        asked[component[at] as usize] |= identity;
    }
    for (set, asked) in sets.iter_mut().zip(asked) {
        if !asked {
            *set = None;
        }
    }
    Closure { component, sets, targets: Arc::clone(targets) }
}

impl Closure {
    fn set(&self, node: NodeId) -> Option<&Set> {
        self.sets[self.component[node.at()] as usize].as_deref()
    }

    /// How many roles, accounts and clusters an identity reaches, itself among them when it is one.
    pub fn count(&self, node: NodeId) -> usize {
        self.set(node).map_or(0, Set::len)
    }

    /// Whether an identity reaches a role, account or cluster.
    pub fn reaches(&self, node: NodeId, target: NodeId) -> bool {
        let number = self.targets[target.at()];
        number != u32::MAX && self.set(node).is_some_and(|set| set.contains(number))
    }

    /// Bytes on the heap; shared sets count once.
    pub fn bytes(&self) -> usize {
        let mut seen: rustc_hash::FxHashSet<*const Set> = rustc_hash::FxHashSet::default();
        let sets = self.sets.iter().flatten().filter(|set| seen.insert(Arc::as_ptr(set)));
        sets.map(|set| set.bytes() + size_of::<Set>()).sum::<usize>()
            + self.component.capacity() * 4
            + self.sets.capacity() * size_of::<Option<Arc<Set>>>()
    }
}
