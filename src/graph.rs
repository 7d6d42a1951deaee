//! The access graph: who runs as whom, who can become whom, from pod to data and back.
//!
//! One graph joins the identities of pods, Kubernetes RBAC, nodes and AWS IAM. [`node`] says what can be held of a thing,
//! [`kind`] is the one table of edges, `build` has a file per family of edges, [`reach`] walks by hops, [`path`] finds
//! ways between two things and what cuts them, [`cut`] weighs changes that take edges away, [`evidence`] leads an edge
//! back to the facts, [`technique`] finds who is a single step away from something.
//!
//! A *hop* leads from one thing to another. Between two footholds of a thing and into sets (all pods of a namespace) no
//! hop is counted: sets keep powers and what they are over from being multiplied out, and nobody sees them.
//!
//! Node numbers are valid inside one estate; everything outside holds an [`EntityKey`].

pub mod authorization;
mod behind;
mod build;
pub mod closure;
pub mod cut;
pub mod escalation;
pub mod evidence;
pub mod kind;
mod links;
pub mod node;
pub mod path;
pub mod reach;
pub mod technique;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{Name, Truth};
use crate::identity::accounts::AccountTrust;
use crate::identity::instance::Nodes;
use crate::identity::resolve::PodIdentity;
use crate::model::{EntityKey, Inventory, Kind};

use authorization::Authorization;
use build::Sources;
use escalation::Gains;
use links::Links;
use node::{Node, Things};

pub use behind::Behind;
pub use kind::{EdgeKind, KINDS, KindRow};
pub use links::{Edge, EdgeId};
pub use node::{Foothold, NodeId};

/// Everything and what leads from one to the other.
#[derive(Debug, Default)]
pub struct AccessGraph {
    things: Things,
    nodes: Vec<Node>,
    index: FxHashMap<(Foothold, u32), u32>,
    /// Per thing: where its nodes start in `of_thing`; one more at the end.
    thing_starts: Vec<u32>,
    of_thing: Vec<NodeId>,
    links: Links,
    sources: Sources,
}

/// One neighbour of a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    pub key: EntityKey,
    pub kind: EdgeKind,
    /// Never `No`.
    pub certainty: Truth,
}

/// What the identity step found, as the graph reads it ([`crate::identity::resolve::Identities`]).
#[derive(Clone, Copy)]
pub struct Resolved<'a> {
    pub pods: &'a [PodIdentity],
    pub accounts: &'a [AccountTrust],
    pub role_steps: &'a [(Name, Name, Truth)],
    pub nodes: &'a BTreeMap<Name, Nodes>,
}

/// Which way an edge is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Along,
    Against,
}

impl AccessGraph {
    /// Builds the graph from what is known of identities.
    pub fn build(
        inventory: &Inventory,
        identities: Resolved<'_>,
        authorizations: Vec<Arc<Authorization>>,
        gains: Arc<Gains>,
    ) -> AccessGraph {
        build::build(inventory, identities, authorizations, gains)
    }

    fn new(
        things: Things,
        nodes: Vec<Node>,
        index: FxHashMap<(Foothold, u32), u32>,
        edges: Vec<Edge>,
        sources: Sources,
    ) -> AccessGraph {
        let mut thing_starts = vec![0u32; things.len() + 1];
        for node in &nodes {
            thing_starts[node.thing as usize + 1] += 1;
        }
        for at in 1..thing_starts.len() {
            thing_starts[at] += thing_starts[at - 1];
        }
        let mut next = thing_starts.clone();
        let mut of_thing = vec![NodeId(0); nodes.len()];
        for (at, node) in nodes.iter().enumerate() {
            let place = &mut next[node.thing as usize];
            of_thing[*place as usize] = NodeId(u32::try_from(at).expect("fewer nodes than 32 bits count"));
            *place += 1;
        }
        let links = Links::new(nodes.len(), edges);
        AccessGraph { things, nodes, index, thing_starts, of_thing, links, sources }
    }

    /// The thing that a node is a foothold on; of a set the namespace, node, cluster or account that it is of.
    pub fn key(&self, node: NodeId) -> &EntityKey {
        self.things.key(self.nodes[node.at()].thing)
    }

    /// Every thing, in no order that means anything.
    pub fn keys(&self) -> impl Iterator<Item = &EntityKey> {
        self.things.keys()
    }

    #[inline]
    pub fn foothold(&self, node: NodeId) -> Foothold {
        self.nodes[node.at()].foothold
    }

    /// The node of a foothold that a thing has at most once.
    pub fn node(&self, foothold: Foothold, key: &EntityKey) -> Option<NodeId> {
        self.index.get(&(foothold, self.things.find(key)?)).map(|at| NodeId(*at))
    }

    /// Every foothold on a thing, sets of it included.
    pub fn nodes_of(&self, key: &EntityKey) -> &[NodeId] {
        let Some(thing) = self.things.find(key) else { return &[] };
        self.nodes_of_thing(thing)
    }

    fn nodes_of_thing(&self, thing: u32) -> &[NodeId] {
        let range = self.thing_starts[thing as usize] as usize..self.thing_starts[thing as usize + 1] as usize;
        &self.of_thing[range]
    }

    #[inline]
    fn thing(&self, node: NodeId) -> u32 {
        self.nodes[node.at()].thing
    }

    #[inline]
    fn is_set(&self, node: NodeId) -> bool {
        self.nodes[node.at()].foothold.is_set()
    }

    #[inline]
    pub fn out(&self, node: NodeId) -> impl Iterator<Item = (EdgeId, Edge)> {
        self.links.out(node)
    }

    pub fn edge(&self, id: EdgeId) -> Edge {
        self.links.get(id)
    }

    #[inline]
    pub fn incoming(&self, node: NodeId) -> impl Iterator<Item = (EdgeId, Edge)> {
        self.links.incoming(node)
    }

    /// What principals can gain, as edges of the graph name it.
    pub fn gains(&self) -> &Gains {
        &self.sources.gains
    }

    /// Who may do what in a cluster; `None` for clusters that the graph does not hold.
    pub fn authorization(&self, cluster: &str) -> Option<&Authorization> {
        self.sources.authorizations.iter().find(|it| it.cluster == *cluster).map(|it| &**it)
    }

    /// Everything that points at a thing, sorted by address and edge; sets are seen through.
    pub fn used_by(&self, key: &EntityKey) -> Vec<Neighbour> {
        self.around(key, Way::Against)
    }

    /// Everything a thing points at, sorted by address and edge; sets are seen through.
    pub fn uses(&self, key: &EntityKey) -> Vec<Neighbour> {
        self.around(key, Way::Along)
    }

    fn around(&self, key: &EntityKey, way: Way) -> Vec<Neighbour> {
        let Some(thing) = self.things.find(key) else { return Vec::new() };
        let mut found: FxHashMap<(u32, EdgeKind), Truth> = FxHashMap::default();
        let mut seen: FxHashSet<(NodeId, EdgeKind)> = FxHashSet::default();
        let own = self.nodes_of_thing(thing).iter().filter(|node| !self.is_set(**node));
        let mut open: Vec<(NodeId, EdgeKind, Truth)> = own.map(|node| (*node, EdgeKind::Same, Truth::Yes)).collect();
        while let Some((node, so_far, certainty)) = open.pop() {
            let edges: Vec<Edge> = match way {
                Way::Along => self.links.out(node).map(|(_, edge)| edge).collect(),
                Way::Against => self.links.incoming(node).map(|(_, edge)| edge).collect(),
            };
            for edge in edges {
                // Of several edges through sets the one next to what is pointed at says how.
                let (other, kind) = match way {
                    Way::Along => (edge.to, if edge.kind.is_inner() { so_far } else { edge.kind }),
                    Way::Against => (edge.from, if so_far.is_inner() { edge.kind } else { so_far }),
                };
                let certainty = certainty.and(edge.certainty);
                if self.is_set(other) {
                    if seen.insert((other, kind)) {
                        open.push((other, kind, certainty));
                    }
                } else if self.thing(other) != thing {
                    let known = found.entry((self.thing(other), kind)).or_insert(Truth::No);
                    *known = known.or(certainty);
                }
            }
        }
        self.neighbours(found)
    }

    fn neighbours(&self, found: FxHashMap<(u32, EdgeKind), Truth>) -> Vec<Neighbour> {
        let mut found: Vec<Neighbour> = found
            .into_iter()
            .map(|((thing, kind), certainty)| Neighbour { key: self.things.key(thing).clone(), kind, certainty })
            .collect();
        found.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.kind.cmp(&b.kind)));
        found
    }

    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    pub fn thing_count(&self) -> usize {
        self.things.len()
    }

    pub fn edge_count(&self) -> usize {
        self.links.len()
    }

    /// Bytes that nodes and edges take, names left out.
    pub fn bytes(&self) -> usize {
        self.links.bytes()
            + self.nodes.capacity() * size_of::<Node>()
            + self.index.capacity() * size_of::<((Foothold, u32), u32)>()
            + self.things.len() * 2 * size_of::<EntityKey>()
            + self.of_thing.capacity() * 4
            + self.thing_starts.capacity() * 4
    }
}

/// Parts of the names of the workloads that act in AWS on custom resources of a group ([`crate::rbac::Way::object`] of
/// R167). Empty for groups that are not known.
pub fn controllers_of(object: &str) -> &'static [&'static str] {
    build::CONTROLLERS.iter().find(|it| it.0 == object).map_or(&[], |it| it.1)
}

/// A managed policy by the account that uses it; AWS's own keep their owner `aws`.
pub fn policy_key(account: &Name, arn: &str) -> EntityKey {
    let owner = crate::model::Arn::parse(arn).map_or(account.as_str(), |parts| parts.account);
    let name = arn.rsplit('/').next().unwrap_or(arn);
    EntityKey::scoped(Kind::Policy, &owner.into(), &name.into())
}

/// An AWS account as a thing: the ARN that IAM writes for it.
pub fn account_key(partition: &str, account: &str) -> EntityKey {
    EntityKey::plain(Kind::Resource, &format!("arn:{partition}:iam::{account}:root"))
}

/// Nodes of pods that are alike.
#[derive(Clone, Copy, Debug)]
pub struct GroupNodes<'a> {
    pub key: &'a EntityKey,
    /// The owner's address, which several groups share when their pods differ.
    pub owner: &'a EntityKey,
    pub shell: NodeId,
    pub inside: NodeId,
    /// Some pod of it may still run.
    pub lives: bool,
    /// Pods in it; 0 for what new pods would get.
    pub pods: u32,
}

impl AccessGraph {
    /// Every group of pods, in estate order of their first pods.
    pub fn groups(&self) -> impl Iterator<Item = GroupNodes<'_>> {
        self.sources.groups.all.iter().map(group_nodes)
    }

    /// The group of the pod at a position of the estate.
    pub fn group_of(&self, pod: usize) -> Option<GroupNodes<'_>> {
        let at = *self.sources.groups.of_pod.get(pod)?;
        self.sources.groups.all.get(at as usize).map(group_nodes)
    }

    /// The group that a node stands for.
    pub fn group_at(&self, node: NodeId) -> Option<GroupNodes<'_>> {
        let at = *self.sources.groups.by_node.get(&node)?;
        self.sources.groups.all.get(at as usize).map(group_nodes)
    }
}

fn group_nodes(group: &build::Group) -> GroupNodes<'_> {
    let build::Group { key, owner, shell, inside, lives, pods, .. } = group;
    GroupNodes { key, owner, shell: *shell, inside: *inside, lives: *lives, pods: *pods }
}
