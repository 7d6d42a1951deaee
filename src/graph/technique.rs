//! Who could become one of several identities by a single technique more than what they are and sign with.
//!
//! Three walks against the direction of power. From the wanted identities over what footholds are worth: tokens, pods,
//! nodes, everything under an administrator. Then exactly one edge that somebody has to do something for. Then over who
//! somebody is: the account that a workload runs as, its groups, the role that it signs with and whom that is mapped to.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use crate::base::Truth;
use crate::model::{EntityKey, Kind};

use super::authorization::{AUTHENTICATED, MASTERS};
use super::kind::EdgeKind;
use super::links::Edge;
use super::node::Foothold;
use super::{AccessGraph, NodeId};

/// An identity that would be worth becoming.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub node: NodeId,
    /// Of two the one of the lower class is named; at most 3.
    pub class: u8,
}

/// Somebody, and the best that they could become.
#[derive(Clone, Copy, Debug)]
pub struct Becoming {
    pub actor: NodeId,
    /// Position among the wanted.
    pub wanted: usize,
    /// Of all steps together.
    pub certainty: Truth,
    /// The technique.
    pub kind: EdgeKind,
    /// What it gives first: a service account, a workload, a node, a cluster, or the identity itself.
    pub over: NodeId,
    /// There are others among the wanted that they could become, or other techniques.
    pub others: bool,
}

/// What is known of a node: `rank` orders class, certainty, position; the lower the better.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Label {
    rank: u32,
    /// The node after it on the way.
    next: u32,
    others: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Act {
    rank: u32,
    kind: EdgeKind,
    /// Where the technique leads.
    to: u32,
    others: bool,
}

const UNCERTAIN: u32 = 1 << 29;
const POSITION: u32 = UNCERTAIN - 1;
const NONE: Label = Label { rank: u32::MAX, next: u32::MAX, others: false };

fn over(rank: u32, edge: &Edge) -> u32 {
    if edge.certainty.is_yes() { rank } else { rank | UNCERTAIN }
}

/// What a foothold gives without anything done for it, and sets with what is in them.
fn is_worth(graph: &AccessGraph, edge: &Edge) -> bool {
    use EdgeKind as E;
    match edge.kind {
        E::Same | E::Includes | E::RunsAs => graph.foothold(edge.to) != Foothold::Api,
        E::Irsa | E::PodIdentity | E::NodeIdentity | E::OtherCredential => true,
        E::Imds | E::HostNetwork | E::Token | E::LatentTrust | E::AssociationToken | E::Interceptor => true,
        E::NewPodIrsa | E::NewPodAssociation | E::MintIrsa | E::MintAssociation => true,
        E::NodeRole | E::NodePods | E::NodeTokens | E::KubeletToken => true,
        E::ClusterAdmin | E::NamespaceAdmin | E::AccountRole => is_administration(graph.foothold(edge.from)),
        _ => false,
    }
}

fn is_administration(foothold: Foothold) -> bool {
    matches!(foothold, Foothold::ClusterAdmin | Foothold::NamespaceAdmin | Foothold::AccountAdmin)
}

/// Who somebody is without doing anything.
fn is_being(edge: &Edge) -> bool {
    use EdgeKind as E;
    matches!(edge.kind, E::Same | E::RunsAs | E::MemberOf | E::AccessEntry | E::AwsAuth) || edge.kind.is_signature()
}

/// Everybody who could become one of `wanted`, which stand in order of preference within their class; each actor once,
/// by node. Cost: the edges that lead to the wanted, most of them once.
pub fn becoming(graph: &AccessGraph, wanted: &[Wanted]) -> Vec<Becoming> {
    let mut worth = vec![NONE; graph.node_count()];
    let mut acts: Vec<(NodeId, Act)> = Vec::new();
    let mut open: Vec<NodeId> = Vec::new();
    let mut touched: Vec<NodeId> = Vec::new();
    let mut order: Vec<(u32, NodeId)> = wanted
        .iter()
        .enumerate()
        .map(|(at, it)| {
            (u32::from(it.class.min(3)) << 30 | (u32::try_from(at).unwrap_or(POSITION) & POSITION), it.node)
        })
        .collect();
    order.sort_unstable();
    for (rank, node) in order {
        if meet(&mut worth[node.at()], Label { rank, ..NONE }) {
            touched.push(node);
            open.push(node);
        }
        while let Some(node) = open.pop() {
            let label = worth[node.at()];
            for (_, edge) in graph.incoming(node).filter(|(_, edge)| is_worth(graph, edge)) {
                let known = &mut worth[edge.from.at()];
                let is_new = known.rank == u32::MAX;
                if meet(known, Label { rank: over(label.rank, &edge), next: node.0, others: label.others }) {
                    open.push(edge.from);
                    if is_new {
                        touched.push(edge.from);
                    }
                }
            }
        }
    }
    for node in touched {
        let label = worth[node.at()];
        for (_, edge) in graph.incoming(node) {
            // What a workload's own code does where it stands is among the roles that it reaches.
            let own = matches!(edge.kind, EdgeKind::NodeTakeover | EdgeKind::NodeTokensOf);
            if edge.kind.is_step() && !own && !is_worth(graph, &edge) && !is_being(&edge) {
                let rank = over(label.rank, &edge);
                acts.push((edge.from, Act { rank, kind: edge.kind, to: node.0, others: label.others }));
            }
        }
    }
    actors(graph, acts)
        .into_iter()
        .map(|(actor, act)| {
            let mut over = NodeId(act.to);
            while graph.is_set(over) && worth[over.at()].next != u32::MAX {
                over = NodeId(worth[over.at()].next);
            }
            Becoming {
                actor,
                wanted: (act.rank & POSITION) as usize,
                certainty: if act.rank & UNCERTAIN == 0 { Truth::Yes } else { Truth::Unknown },
                kind: act.kind,
                over,
                others: act.others,
            }
        })
        .collect()
}

/// Takes the better of two and remembers that there was another; whether anything changed.
fn meet(known: &mut Label, new: Label) -> bool {
    if known.rank == u32::MAX {
        *known = new;
        return true;
    }
    let others = known.others || new.others || known.rank & POSITION != new.rank & POSITION;
    let before = *known;
    if new.rank < known.rank {
        *known = new;
    }
    known.others = others;
    (known.rank, known.others) != (before.rank, before.others)
}

/// From those who may act to everybody who is one of them. A group of whoever runs in the cluster stands for its members.
fn actors(graph: &AccessGraph, acts: Vec<(NodeId, Act)>) -> Vec<(NodeId, Act)> {
    let mut known: FxHashMap<NodeId, Act> = FxHashMap::default();
    let mut open = acts;
    while let Some((node, act)) = open.pop() {
        let changed = match known.entry(node) {
            Entry::Vacant(place) => {
                place.insert(act);
                true
            }
            Entry::Occupied(mut place) => place.get_mut().meet(act),
        };
        if !changed || is_everybody(graph.key(node)) {
            continue;
        }
        let act = known[&node];
        for (_, edge) in graph.incoming(node).filter(|(_, edge)| is_being(edge)) {
            // As are the roles that its own role may assume.
            let chained = edge.kind.is_signature() && act.kind == EdgeKind::AssumeRole;
            if chained || matches!(graph.foothold(edge.from), Foothold::Mint | Foothold::NewPod | Foothold::Kubelet) {
                continue;
            }
            open.push((edge.from, Act { rank: over(act.rank, &edge), ..act }));
        }
    }
    let mut actors: Vec<(NodeId, Act)> = known.into_iter().filter(|(node, _)| is_actor(graph, *node)).collect();
    actors.sort_unstable_by_key(|it| it.0);
    actors
}

impl Act {
    /// Takes the better of two and remembers that there was another; whether anything changed.
    fn meet(&mut self, new: Act) -> bool {
        let before = *self;
        let others = self.others || new.others || (self.rank & POSITION, self.kind) != (new.rank & POSITION, new.kind);
        if (new.rank, new.kind, new.to) < (self.rank, self.kind, self.to) {
            *self = new;
        }
        self.others = others;
        *self != before
    }
}

/// `system:serviceaccounts` and the like: members by running in the cluster at all.
pub fn is_everybody(key: &EntityKey) -> bool {
    key.kind == Kind::Group && (key.name.starts_with("system:serviceaccounts") || key.name == AUTHENTICATED)
}

/// Somebody whom people would name: a workload, a user or group, and roles and accounts that no workload is.
fn is_actor(graph: &AccessGraph, node: NodeId) -> bool {
    let worn = |is: &dyn Fn(&Edge) -> bool| graph.incoming(node).any(|(_, edge)| is(&edge));
    match graph.foothold(node) {
        Foothold::Shell => graph.sources.groups.by_node.contains_key(&node),
        // Whoever is mapped to the group of masters is named; that the group exists says nothing.
        Foothold::Subject => {
            let name = &graph.key(node).name;
            *name != MASTERS && !name.starts_with("system:serviceaccount:")
        }
        Foothold::IamUser => true,
        Foothold::Session => !worn(&|edge| edge.kind.is_signature()),
        Foothold::Api => !worn(&|edge| graph.foothold(edge.from) == Foothold::Mounted),
        _ => false,
    }
}
