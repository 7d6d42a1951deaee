//! What every node reaches, all at once: roles, accounts and clusters. The program asks one thing at a time; this is
//! the yardstick for what asking about all of them would cost.
//!
//! Nodes that reach each other reach the same, so their strongly connected components are taken in reverse topological
//! order, each joining what its successors reach. Sets that are equal to a successor's are shared, small ones are
//! lists; only those of nodes that somebody asks for are kept.

use std::sync::Arc;

use fixedbitset::FixedBitSet;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use rayon::join;
use rolewalk::base::Truth;
use rolewalk::graph::{AccessGraph, Foothold, NodeId};

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
    /// By component; `None` for those that no identity is in.
    sets: Vec<Option<Arc<Set>>>,
}

/// Certain and possible reach of all identities. Cost: every edge a few times.
pub fn closures(graph: &AccessGraph) -> (Closure, Closure) {
    let mut nodes: Vec<NodeId> = graph.keys().flat_map(|key| graph.nodes_of(key)).copied().collect();
    nodes.sort_unstable();
    let mut count = 0;
    let target = |node: &NodeId| match graph.foothold(*node) {
        Foothold::Session | Foothold::AccountAdmin | Foothold::ClusterAdmin => {
            count += 1;
            count - 1
        }
        _ => u32::MAX,
    };
    let targets: Vec<u32> = nodes.iter().map(target).collect();
    let (nodes, targets) = (&nodes, &targets);
    let of = |certainty| closure(graph, nodes, certainty, targets, count as usize);
    join(|| of(Truth::Yes), || of(Truth::Unknown))
}

fn closure(graph: &AccessGraph, nodes: &[NodeId], certainty: Truth, targets: &[u32], count: usize) -> Closure {
    let place = |node: NodeId| {
        let at = nodes.binary_search(&node).expect("every node stands on a thing");
        u32::try_from(at).expect("fewer nodes than 32 bits count")
    };
    let mut plain: DiGraph<(), (), u32> = DiGraph::with_capacity(nodes.len(), graph.edge_count());
    for _ in nodes {
        plain.add_node(());
    }
    for node in nodes {
        let steps = graph.out(*node).filter(|(_, edge)| edge.kind.is_step() && edge.certainty >= certainty);
        for (_, edge) in steps {
            plain.add_edge(place(edge.from).into(), place(edge.to).into(), ());
        }
    }
    let components = kosaraju_scc(&plain);
    let mut component = vec![0u32; nodes.len()];
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
    for (at, node) in nodes.iter().enumerate() {
        let identity = matches!(
            graph.foothold(*node),
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
    Closure { sets }
}

impl Closure {
    /// Bytes on the heap; shared sets count once.
    pub fn bytes(&self) -> usize {
        let mut seen: rustc_hash::FxHashSet<*const Set> = rustc_hash::FxHashSet::default();
        let sets = self.sets.iter().flatten().filter(|set| seen.insert(Arc::as_ptr(set)));
        sets.map(|set| set.bytes() + size_of::<Set>()).sum::<usize>()
            + self.sets.capacity() * size_of::<Option<Arc<Set>>>()
    }
}
