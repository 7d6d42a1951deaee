//! Building the graph: one file per family of edges, all through one builder.
//!
//! To add one more kind of edge: a row in [`super::kind`], and a call of [`Builder::connect`] in the file of its family.

mod account;
mod cloud;
mod membership;
mod node;
mod power;
mod workload;

pub(super) use power::CONTROLLERS;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::identity::alike::{Alike, alike};
use crate::identity::resolve::PodIdentity;
use crate::model::{EntityKey, Inventory, Kind};

use super::authorization::{Authorization, Subject};
use super::escalation::Gains;
use super::kind::EdgeKind;
use super::links::{Edge, NO_PROOF};
use super::node::{Foothold, Node, NodeId, Things};
use super::{AccessGraph, Resolved, account_key};

/// Pods that share nodes.
#[derive(Debug, Default)]
pub(super) struct Groups {
    pub all: Vec<Group>,
    /// Position in `all` of each pod of the estate; `u32::MAX` for pods without containers.
    pub of_pod: Vec<u32>,
    /// Position in `all` of the group that a node stands for.
    pub by_node: FxHashMap<NodeId, u32>,
}

/// What edges were made from, for their evidence.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub groups: Groups,
    pub proofs: Vec<Proof>,
    pub authorizations: Vec<Arc<Authorization>>,
    pub gains: Arc<Gains>,
}

/// Nodes of one group of pods.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub key: EntityKey,
    /// The owner's address, which several groups share when their pods differ.
    pub owner: EntityKey,
    /// Positions among all pods.
    pub members: Vec<u32>,
    pub shell: NodeId,
    pub inside: NodeId,
    pub mounted: NodeId,
    /// Some member may still run.
    pub lives: bool,
    /// Members that are pods; what new pods would get is none.
    pub pods: u32,
}

/// Collects nodes and edges.
pub(super) struct Builder<'a> {
    pub inventory: &'a Inventory,
    pub identities: Resolved<'a>,
    things: Things,
    nodes: Vec<Node>,
    index: FxHashMap<(Foothold, u32), u32>,
    sessions: FxHashMap<Name, Option<NodeId>>,
    edges: Vec<Edge>,
    proofs: Vec<Proof>,
    pod_shells: FxHashMap<EntityKey, Option<NodeId>>,
    /// Roles of the controllers behind a kind of custom resource, by cluster.
    pub controllers: FxHashMap<(Name, &'static str), Vec<NodeId>>,
    pub groups: Groups,
}

/// What speaks for an edge where its ends do not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Position of the cluster's authorization, and of the power in it.
    Power {
        cluster: u32,
        power: usize,
    },
    Grant {
        cluster: u32,
        grant: usize,
    },
    Mapping {
        cluster: u32,
        mapping: usize,
    },
    Gain(usize),
}

pub(super) fn build(
    inventory: &Inventory,
    identities: Resolved<'_>,
    authorizations: Vec<Arc<Authorization>>,
    gains: Arc<Gains>,
) -> AccessGraph {
    let mut builder = Builder {
        inventory,
        identities,
        things: Things::default(),
        nodes: Vec::new(),
        index: FxHashMap::default(),
        sessions: FxHashMap::default(),
        edges: Vec::new(),
        proofs: Vec::new(),
        pod_shells: FxHashMap::default(),
        controllers: FxHashMap::default(),
        groups: Groups::default(),
    };
    workload::add(&mut builder);
    node::add(&mut builder);
    account::add(&mut builder);
    cloud::add(&mut builder, &gains);
    for (at, authorization) in authorizations.iter().enumerate() {
        let at = u32::try_from(at).expect("fewer clusters than 32 bits count");
        membership::add(&mut builder, at, authorization);
        power::add(&mut builder, at, authorization);
    }
    builder.finish(authorizations, gains)
}

impl<'a> Builder<'a> {
    /// The node of a foothold on a thing, made when it is first asked for.
    pub fn node(&mut self, foothold: Foothold, key: &EntityKey) -> NodeId {
        let thing = self.things.add(key);
        if let Some(at) = self.index.get(&(foothold, thing)) {
            return NodeId(*at);
        }
        let node = self.push(foothold, thing);
        self.index.insert((foothold, thing), node.0);
        node
    }

    /// One more node of a kind that a thing may have several of.
    pub fn another(&mut self, foothold: Foothold, key: &EntityKey) -> NodeId {
        let thing = self.things.add(key);
        self.push(foothold, thing)
    }

    fn push(&mut self, foothold: Foothold, thing: u32) -> NodeId {
        let node = NodeId(u32::try_from(self.nodes.len()).expect("fewer nodes than 32 bits count"));
        self.nodes.push(Node { foothold, thing });
        node
    }

    /// A session of the role that an ARN names; `None` when it names none.
    pub fn session(&mut self, arn: &Name) -> Option<NodeId> {
        if let Some(known) = self.sessions.get(arn) {
            return *known;
        }
        let node = EntityKey::role(arn).map(|key| self.node(Foothold::Session, &key));
        self.sessions.insert(arn.clone(), node);
        node
    }

    /// An edge whose evidence follows from its ends. `No` adds nothing.
    pub fn connect(&mut self, from: NodeId, to: NodeId, kind: EdgeKind, certainty: Truth) {
        self.prove(from, to, kind, certainty, NO_PROOF);
    }

    /// An edge with the position of its proof in the list of its kind.
    pub fn prove(&mut self, from: NodeId, to: NodeId, kind: EdgeKind, certainty: Truth, proof: u32) {
        if certainty.is_no() || from == to {
            return;
        }
        let (source, target) = (self.nodes[from.at()], self.nodes[to.at()]);
        let apart = source.thing != target.thing;
        let is_hop = !target.foothold.is_set() && (source.foothold.is_set() || apart);
        let is_hop_back = !source.foothold.is_set() && (target.foothold.is_set() || apart);
        self.edges.push(Edge { from, to, kind, certainty, proof, is_hop, is_hop_back });
    }

    /// The position of a proof, for [`Builder::prove`].
    pub fn proof(&mut self, proof: Proof) -> u32 {
        self.proofs.push(proof);
        u32::try_from(self.proofs.len() - 1).expect("fewer proofs than 32 bits count")
    }

    /// A subject of RBAC: acting as a service account, a user, a group, or a session of an IAM principal.
    pub fn subject(&mut self, cluster: &Name, subject: &Subject) -> NodeId {
        let key = subject.key(cluster);
        let foothold = match key.kind {
            Kind::ServiceAccount => Foothold::Api,
            Kind::Role => Foothold::Session,
            Kind::IamUser => Foothold::IamUser,
            Kind::User | Kind::Group => Foothold::Subject,
            _ => Foothold::Thing,
        };
        self.node(foothold, &key)
    }

    /// Code in one pod alone: what its group holds, and of the nodes only its own.
    pub fn pod_shell(&mut self, key: &EntityKey) -> Option<NodeId> {
        if let Some(known) = self.pod_shells.get(key) {
            return *known;
        }
        let found = workload::pod_shell(self, key);
        self.pod_shells.insert(key.clone(), found);
        found
    }

    /// The set of a namespace.
    pub fn set(&mut self, foothold: Foothold, cluster: &Name, namespace: &Name) -> NodeId {
        self.node(foothold, &EntityKey::scoped(Kind::Namespace, cluster, namespace))
    }

    /// The set of a whole cluster.
    pub fn cluster_set(&mut self, foothold: Foothold, cluster: &Name) -> NodeId {
        self.node(foothold, &EntityKey::plain(Kind::Cluster, cluster))
    }

    /// Administration of an account.
    pub fn account(&mut self, account: &Name) -> NodeId {
        let partition = self.inventory.accounts.get(account).and_then(|it| it.roles.iter().next().cloned());
        let partition =
            partition.and_then(|role| crate::model::Arn::parse(&role.arn).map(|it| it.partition.to_owned()));
        self.node(Foothold::AccountAdmin, &account_key(partition.as_deref().unwrap_or("aws"), account))
    }

    fn finish(self, authorizations: Vec<Arc<Authorization>>, gains: Arc<Gains>) -> AccessGraph {
        let Builder { things, nodes, index, edges, mut groups, proofs, .. } = self;
        for (at, group) in groups.all.iter().enumerate() {
            let at = u32::try_from(at).expect("fewer groups than 32 bits count");
            for node in [group.shell, group.inside, group.mounted] {
                groups.by_node.insert(node, at);
            }
        }
        let sources = Sources { groups, proofs, authorizations, gains };
        AccessGraph::new(things, nodes, index, edges, sources)
    }
}

/// Groups of all pods, with their nodes.
pub(super) fn groups(builder: &mut Builder<'_>) {
    let identities = builder.identities.pods;
    let mut of_pod = vec![u32::MAX; identities.len()];
    let mut all = Vec::new();
    for (at, Alike { key, members, .. }) in alike(identities).into_iter().enumerate() {
        let entry: &PodIdentity = &identities[members[0] as usize];
        let account = service_account(entry);
        for member in &members {
            of_pod[*member as usize] = u32::try_from(at).expect("fewer groups than pods");
        }
        let lives =
            members.iter().any(|it| identities[*it as usize].pod.as_ref().is_some_and(|pod| !pod.phase.is_over()));
        let pods = members.iter().filter(|it| identities[**it as usize].pod.is_some()).count();
        let pods = u32::try_from(pods).unwrap_or(u32::MAX);
        all.push(Group {
            owner: entry.owner_key(),
            shell: builder.node(Foothold::Shell, &key),
            inside: builder.node(Foothold::Inside, &key),
            mounted: builder.another(Foothold::Mounted, &account),
            key,
            members,
            lives,
            pods,
        });
    }
    builder.groups = Groups { all, of_pod, by_node: FxHashMap::default() };
}

/// The service account that a pod runs as.
pub(super) fn service_account(entry: &PodIdentity) -> EntityKey {
    let account = &entry.spec.service_account;
    EntityKey::namespaced(Kind::ServiceAccount, &entry.cluster, &entry.namespace, account)
}
