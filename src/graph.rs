//! The access graph: who runs as whom, who can become which role, and where from.
//!
//! Node numbers are valid inside one estate; everything outside holds an [`EntityKey`].

pub mod authorization;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::identity::resolve::PodIdentity;
use crate::identity::{Owner, Source};
use crate::model::{EntityKey, Inventory, Kind};

/// What an edge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// Workload to service account.
    RunsAs,
    /// Workload to the role that its containers sign with.
    SignsWith(Source),
    /// Workload to a role that its code could obtain beside that.
    CouldReach,
    /// Service account to the role that annotation or association name now.
    Declares(Source),
    /// Role to an attached managed policy.
    Attaches,
    /// Role to its permissions boundary.
    BoundedBy,
}

impl EdgeKind {
    pub fn title(self) -> &'static str {
        match self {
            EdgeKind::RunsAs => "runs as",
            EdgeKind::SignsWith(_) => "signs with",
            EdgeKind::CouldReach => "could reach",
            EdgeKind::Declares(_) => "declares",
            EdgeKind::Attaches => "attaches",
            EdgeKind::BoundedBy => "bounded by",
        }
    }
}

/// An edge and how sure it is. `certainty` is never `No`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    pub kind: EdgeKind,
    pub certainty: Truth,
}

/// Workloads, accounts, roles and policies, and the edges between them.
#[derive(Debug, Default)]
pub struct AccessGraph {
    graph: DiGraph<EntityKey, Edge>,
    index: FxHashMap<EntityKey, NodeIndex>,
}

/// One neighbour of a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    pub key: EntityKey,
    pub edge: Edge,
}

impl AccessGraph {
    /// Builds the graph. Pods stand for themselves only where nobody owns them: replicas share their owner's node.
    pub fn build(inventory: &Inventory, pods: &[PodIdentity]) -> AccessGraph {
        let mut graph = AccessGraph::default();
        let mut last: Option<(&Name, &Name, &Owner, *const ())> = None;
        for entry in pods {
            // Replicas come one after the other and share their identities.
            let this = (&entry.cluster, &entry.namespace, &entry.owner, entry.containers.as_ptr().cast::<()>());
            if last == Some(this) && entry.owner != Owner::Pod {
                continue;
            }
            last = Some(this);
            graph.add_workload(entry);
        }
        for account in inventory.accounts.values() {
            for role in &account.roles {
                let from = EntityKey::scoped(Kind::Role, &account.id, &role.name);
                let from = graph.node(from);
                for arn in &role.attached {
                    graph.connect(from, policy_key(&account.id, arn), EdgeKind::Attaches, Truth::Yes);
                }
                if let Some(arn) = &role.boundary {
                    graph.connect(from, policy_key(&account.id, arn), EdgeKind::BoundedBy, Truth::Yes);
                }
            }
        }
        graph
    }

    fn add_workload(&mut self, entry: &PodIdentity) {
        let workload = self.node(entry.owner_key());
        let account =
            EntityKey::namespaced(Kind::ServiceAccount, &entry.cluster, &entry.namespace, &entry.spec.service_account);
        let account = self.connect(workload, account, EdgeKind::RunsAs, Truth::Yes);
        for identity in entry.containers.iter() {
            let certainty = Truth::from(identity.certain).or(Truth::Unknown);
            if let Some(role) = identity.identity.role.as_deref().and_then(EntityKey::role) {
                self.connect(workload, role, EdgeKind::SignsWith(identity.identity.source), certainty);
            }
            for reachable in &identity.reachable {
                if let Some(role) = EntityKey::role(&reachable.role) {
                    self.connect(workload, role, EdgeKind::CouldReach, reachable.certainty);
                }
            }
            if let Some(declared) = &identity.declared
                && let Some(role) = declared.role.as_deref().and_then(EntityKey::role)
            {
                self.connect(account, role, EdgeKind::Declares(declared.source), Truth::Yes);
            }
        }
    }

    fn node(&mut self, key: EntityKey) -> NodeIndex {
        match self.index.get(&key) {
            Some(node) => *node,
            None => {
                let node = self.graph.add_node(key.clone());
                self.index.insert(key, node);
                node
            }
        }
    }

    /// Adds an edge once; of two of a kind the surer stays.
    fn connect(&mut self, from: NodeIndex, to: EntityKey, kind: EdgeKind, certainty: Truth) -> NodeIndex {
        let to = self.node(to);
        let same = self.graph.edges_connecting(from, to).find(|edge| edge.weight().kind == kind).map(|edge| edge.id());
        match same {
            Some(edge) => self.graph[edge].certainty = self.graph[edge].certainty.or(certainty),
            None => {
                self.graph.add_edge(from, to, Edge { kind, certainty });
            }
        }
        to
    }

    /// Everything that points at a thing, sorted by address and edge.
    pub fn used_by(&self, key: &EntityKey) -> Vec<Neighbour> {
        self.neighbours(key, Direction::Incoming)
    }

    /// Everything a thing points at, sorted by address and edge.
    pub fn uses(&self, key: &EntityKey) -> Vec<Neighbour> {
        self.neighbours(key, Direction::Outgoing)
    }

    fn neighbours(&self, key: &EntityKey, direction: Direction) -> Vec<Neighbour> {
        let Some(node) = self.index.get(key) else { return Vec::new() };
        let mut found: Vec<Neighbour> = self
            .graph
            .edges_directed(*node, direction)
            .map(|edge| {
                let other = if direction == Direction::Incoming { edge.source() } else { edge.target() };
                Neighbour { key: self.graph[other].clone(), edge: *edge.weight() }
            })
            .collect();
        found.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.edge.kind.cmp(&b.edge.kind)));
        found
    }

    pub fn node_count(&self) -> usize {
        self.graph.node_count()
    }

    pub fn edge_count(&self) -> usize {
        self.graph.edge_count()
    }
}

/// A managed policy by the account that uses it; AWS's own keep their owner `aws`.
pub fn policy_key(account: &Name, arn: &str) -> EntityKey {
    let owner = crate::model::Arn::parse(arn).map_or(account.as_str(), |parts| parts.account);
    let name = arn.rsplit('/').next().unwrap_or(arn);
    EntityKey::scoped(Kind::Policy, &owner.into(), &name.into())
}
