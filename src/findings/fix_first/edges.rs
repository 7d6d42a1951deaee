//! The edges that a change takes away: no more than surely go.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::Name;
use crate::graph::authorization::{Origin, Subject};
use crate::graph::cut::{Joint, Removal};
use crate::graph::{AccessGraph, Behind, EdgeId, EdgeKind, Foothold, NodeId};
use crate::model::{EntityKey, Inventory, Kind, Lookup};

use super::change::Change;

/// What each change takes away, in their order, and the edges that several must take away together.
///
/// Cost: the edges at the things that are edited.
pub(super) fn of(
    inventory: &Inventory,
    graph: &AccessGraph,
    changes: &[(Change, Vec<usize>)],
) -> (Vec<Removal>, Vec<Joint>) {
    let shears = Shears { inventory, graph, shells: shells(graph) };
    let mut removals: Vec<Removal> = changes
        .iter()
        .map(|(change, _)| match change {
            Change::TrustOfAccounts { role } => shears.trust_of_accounts(role),
            Change::TrustOfPrincipals { role } => shears.trust_of_principals(role),
            Change::Metadata { cluster, role } => shears.metadata(cluster, role),
            Change::HostNetwork { workload } => shears.host_network(workload),
            Change::Privilege { workload } => shears.privilege(workload),
            Change::Rights { role } => shears.rights(role),
            Change::Escalation { role } => shears.escalation(role),
            Change::Mapping { cluster, principal } => shears.mapping(cluster, principal),
            Change::Association { association } => shears.association(association),
            Change::Binding { .. } => Removal::default(),
        })
        .collect();
    let joints = shears.bindings(changes, &mut removals);
    (removals, joints)
}

struct Shears<'a> {
    inventory: &'a Inventory,
    graph: &'a AccessGraph,
    /// Nodes of the groups of each workload: code in its pods, with and without the nodes underneath.
    shells: FxHashMap<EntityKey, Vec<(NodeId, NodeId)>>,
}

fn shells(graph: &AccessGraph) -> FxHashMap<EntityKey, Vec<(NodeId, NodeId)>> {
    let mut shells: FxHashMap<EntityKey, Vec<(NodeId, NodeId)>> = FxHashMap::default();
    for group in graph.groups() {
        shells.entry(group.owner.clone()).or_default().push((group.shell, group.inside));
    }
    shells
}

fn removal(edges: Vec<EdgeId>) -> Removal {
    Removal { edges, targets: Vec::new() }
}

impl Shears<'_> {
    fn session(&self, role: &EntityKey) -> Option<NodeId> {
        self.graph.node(Foothold::Session, role)
    }

    /// Edges into a node that a test holds of.
    fn into(&self, node: NodeId, test: impl Fn(EdgeKind, NodeId) -> bool) -> Vec<EdgeId> {
        self.graph.incoming(node).filter(|(_, edge)| test(edge.kind, edge.from)).map(|(id, _)| id).collect()
    }

    fn out(&self, node: NodeId, test: impl Fn(EdgeKind, NodeId) -> bool) -> Vec<EdgeId> {
        self.graph.out(node).filter(|(_, edge)| test(edge.kind, edge.to)).map(|(id, _)| id).collect()
    }

    /// What trusts give beyond the accounts that declare the role, or whose pods sign with it: the fix of the rules
    /// keeps those.
    fn trust_of_accounts(&self, role: &EntityKey) -> Removal {
        let Some(session) = self.session(role) else { return Removal::default() };
        let graph = self.graph;
        let uses = |kind: EdgeKind| matches!(kind, EdgeKind::Declares | EdgeKind::Irsa);
        let keep: FxHashSet<&EntityKey> = graph
            .incoming(session)
            .filter(|(_, edge)| uses(edge.kind) && graph.key(edge.from).kind == Kind::ServiceAccount)
            .map(|(_, edge)| graph.key(edge.from))
            .collect();
        let kept = |from: NodeId| match graph.foothold(from) {
            // Code in pods: the account is behind its mounted token.
            Foothold::Inside => {
                graph.out(from).any(|(_, edge)| edge.kind == EdgeKind::RunsAs && keep.contains(graph.key(edge.to)))
            }
            _ => keep.contains(graph.key(from)),
        };
        removal(self.into(session, |kind, from| match kind {
            EdgeKind::MintIrsa | EdgeKind::NewPodIrsa | EdgeKind::LatentTrust | EdgeKind::Token => !kept(from),
            EdgeKind::Includes => graph.foothold(from) == Foothold::AllLatent,
            _ => false,
        }))
    }

    /// Roles that the trust policy does not name itself.
    fn trust_of_principals(&self, role: &EntityKey) -> Removal {
        let (Some(session), Some(account)) = (self.session(role), self.inventory.accounts.get(&role.scope)) else {
            return Removal::default();
        };
        let Lookup::Found(facts) = account.role(&role.name) else { return Removal::default() };
        let Some(text) = &facts.trust else { return Removal::default() };
        let named = |from: NodeId| {
            let key = self.graph.key(from);
            match self.inventory.accounts.get(&key.scope).map(|it| it.role(&key.name)) {
                Some(Lookup::Found(from)) => text.contains(&format!("\"{}\"", from.arn)),
                // Of an account that was not read only what is named is known at all.
                _ => true,
            }
        };
        removal(self.into(session, |kind, from| kind == EdgeKind::AssumeRole && !named(from)))
    }

    /// Pods on the host's network are answered whatever the hop limit.
    fn is_on_host(&self, code: NodeId) -> bool {
        let inside = match self.graph.foothold(code) {
            Foothold::Inside => Some(code),
            _ => self.graph.out(code).find(|(_, edge)| edge.kind == EdgeKind::Same).map(|(_, edge)| edge.to),
        };
        inside.is_some_and(|node| self.graph.out(node).any(|(_, edge)| edge.kind == EdgeKind::HostNetwork))
    }

    fn metadata(&self, cluster: &Name, role: &EntityKey) -> Removal {
        let Some(session) = self.session(role) else { return Removal::default() };
        let graph = self.graph;
        let here = |from: NodeId| graph.key(from).scope == *cluster || graph.key(from).name == *cluster;
        let asks = |kind: EdgeKind, from: NodeId| match kind {
            EdgeKind::Imds | EdgeKind::NodeIdentity | EdgeKind::KubeletByMetadata => {
                here(from) && !self.is_on_host(from)
            }
            EdgeKind::Includes => graph.foothold(from) == Foothold::AllMetadata && here(from),
            _ => false,
        };
        let mut edges = self.into(session, asks);
        let nodes = graph.incoming(session).filter(|(_, edge)| edge.kind == EdgeKind::NodeRole && here(edge.from));
        for (_, edge) in nodes {
            if let Some(kubelet) = graph.node(Foothold::Kubelet, graph.key(edge.from)) {
                edges.extend(self.into(kubelet, asks));
            }
        }
        removal(edges)
    }

    /// Only where ordinary pods get no answer: else the workload gets it all the same.
    fn host_network(&self, workload: &EntityKey) -> Removal {
        let graph = self.graph;
        let open = |to: NodeId| graph.incoming(to).any(|(_, edge)| graph.foothold(edge.from) == Foothold::AllMetadata);
        let asks = |kind: EdgeKind, to: NodeId| {
            let by_network =
                matches!(kind, EdgeKind::HostNetwork | EdgeKind::NodeIdentity | EdgeKind::KubeletByMetadata);
            by_network && !open(to)
        };
        let nodes = self.shells.get(workload).into_iter().flatten().filter(|it| self.is_on_host(it.1));
        let pairs = nodes.flat_map(|(shell, inside)| [*shell, *inside]);
        removal(pairs.flat_map(|node| self.out(node, asks)).collect())
    }

    fn privilege(&self, workload: &EntityKey) -> Removal {
        let shells = self.shells.get(workload).into_iter().flatten();
        let takes = |kind: EdgeKind, _| matches!(kind, EdgeKind::NodeTakeover | EdgeKind::NodeTokensOf);
        removal(shells.flat_map(|(shell, _)| self.out(*shell, takes)).collect())
    }

    /// The role is nothing sensitive any more, and gains nothing by what it may do.
    fn rights(&self, role: &EntityKey) -> Removal {
        let Some(session) = self.session(role) else { return Removal::default() };
        let gains = |kind: EdgeKind, _| {
            matches!(
                kind,
                EdgeKind::AccountAdmin
                    | EdgeKind::Escalation
                    | EdgeKind::NodeAccess
                    | EdgeKind::AccessEntryEdit
                    | EdgeKind::AssociationEdit
                    | EdgeKind::AssumeRole
            )
        };
        Removal { edges: self.out(session, gains), targets: vec![session] }
    }

    fn escalation(&self, role: &EntityKey) -> Removal {
        let Some(session) = self.session(role) else { return Removal::default() };
        let gained = self.graph.out(session).filter(|(_, edge)| matches!(self.graph.behind(edge), Behind::Gain(_)));
        removal(gained.map(|(id, _)| id).collect())
    }

    /// Who the principal is by its entry, and what access policies and bindings give it through that.
    fn mapping(&self, cluster: &Name, principal: &EntityKey) -> Removal {
        let foothold = if principal.kind == Kind::IamUser { Foothold::IamUser } else { Foothold::Session };
        let Some(node) = self.graph.node(foothold, principal) else { return Removal::default() };
        let goes = |edge: &crate::graph::Edge| match self.graph.behind(edge) {
            Behind::Mapping { cluster: here, .. } => here == cluster,
            Behind::Grants { cluster: here, grants } => {
                here == cluster && grants.iter().all(|grant| grant.mapping.is_some())
            }
            Behind::Ends | Behind::Gain(_) => false,
        };
        removal(self.graph.out(node).filter(|(_, edge)| goes(edge)).map(|(id, _)| id).collect())
    }

    fn association(&self, association: &EntityKey) -> Removal {
        let Some(cluster) = self.inventory.clusters.get(&association.scope) else { return Removal::default() };
        let Some(facts) = cluster.association_list.iter().find(|it| it.id == association.name) else {
            return Removal::default();
        };
        let (namespace, name) = (&facts.namespace, &facts.service_account);
        let account = EntityKey::namespaced(Kind::ServiceAccount, &cluster.label, namespace, name);
        let by_it = |kind: EdgeKind, _| matches!(kind, EdgeKind::NewPodAssociation | EdgeKind::MintAssociation);
        let nodes = self.graph.nodes_of(&account).iter();
        removal(nodes.flat_map(|node| self.out(*node, by_it)).collect())
    }

    /// An edge goes when all bindings behind it go: alone where it is one, else only together.
    fn bindings(&self, changes: &[(Change, Vec<usize>)], removals: &mut [Removal]) -> Vec<Joint> {
        let mut wanted: FxHashMap<&EntityKey, usize> = FxHashMap::default();
        for (at, (change, _)) in changes.iter().enumerate() {
            if let Change::Binding { binding } = change {
                wanted.insert(binding, at);
            }
        }
        let mut joints = Vec::new();
        if wanted.is_empty() {
            return joints;
        }
        for label in self.inventory.clusters.keys() {
            let Some(authorization) = self.graph.authorization(label) else { continue };
            let concerned = |origin: &Origin| matches!(origin, Origin::Binding(key) if wanted.contains_key(key));
            let mut subjects: Vec<&Subject> = authorization
                .grants()
                .iter()
                .filter(|grant| concerned(&grant.origin))
                .map(|grant| &grant.subject)
                .collect();
            subjects.dedup();
            for subject in subjects {
                let Some(node) = self.subject(label, subject) else { continue };
                for (id, edge) in self.graph.out(node) {
                    let Behind::Grants { grants, .. } = self.graph.behind(&edge) else { continue };
                    let mut behind: Vec<usize> = Vec::new();
                    let all = grants.iter().all(|grant| match &grant.origin {
                        Origin::Binding(key) => wanted.get(key).map(|at| behind.push(*at)).is_some(),
                        Origin::AccessPolicy | Origin::Builtin => false,
                    });
                    behind.sort_unstable();
                    behind.dedup();
                    match &behind[..] {
                        _ if !all => {}
                        [one] => removals[*one].edges.push(id),
                        _ => joints.push(Joint { edge: id, changes: behind }),
                    }
                }
            }
        }
        joints
    }

    fn subject(&self, cluster: &Name, subject: &Subject) -> Option<NodeId> {
        let key = subject.key(cluster);
        let foothold = match key.kind {
            Kind::ServiceAccount => Foothold::Api,
            Kind::Role => Foothold::Session,
            Kind::IamUser => Foothold::IamUser,
            Kind::User | Kind::Group => Foothold::Subject,
            _ => Foothold::Thing,
        };
        self.graph.node(foothold, &key)
    }
}
