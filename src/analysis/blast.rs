//! Blast radius: what falls if a thing falls, and who can become it (issue "Reach").
//!
//! What is assumed to be held of a thing when it falls depends on its kind; [`assumes`] says it in a sentence.

use std::collections::BTreeMap;

use crate::base::{Name, Truth};
use crate::graph::reach::{Direction, Hop, Reach, Reached, Seed, reach};
use crate::graph::{AccessGraph, EdgeKind, Foothold, NodeId, evidence};
use crate::iam::access::{Access, Levels};
use crate::iam::catalogue::Level;
use crate::identity::Evidence;
use crate::identity::resolve::PodIdentity;
use crate::model::{EntityKey, Inventory, Kind};

use super::data::{Data, Grant};

/// What a question about the graph is asked of.
#[derive(Clone, Copy)]
pub struct World<'a> {
    pub inventory: &'a Inventory,
    /// In estate order.
    pub pods: &'a [PodIdentity],
    pub graph: &'a AccessGraph,
}

/// A question and its answer.
#[derive(Debug)]
pub struct Blast {
    pub key: EntityKey,
    pub direction: Direction,
    pub reach: Reach,
}

/// A thing with the way it is reached.
#[derive(Clone, Debug)]
pub struct Row {
    pub key: EntityKey,
    pub hops: usize,
    pub certainty: Truth,
    /// The thing before it on the way; forwards the one that leads to it, backwards the one that it leads to.
    pub from: EntityKey,
    pub hop: Hop,
    pub node: NodeId,
}

/// Depth that ends only with the graph.
pub const ENDLESS: usize = usize::MAX;

/// Asks. `None` when nothing can be held of such a thing, or the graph does not hold it.
pub fn blast(world: World<'_>, key: &EntityKey, direction: Direction, depth: usize) -> Option<Blast> {
    let seeds = match direction {
        Direction::Forward => starts(world, key),
        Direction::Backward => ends(world, key).into_iter().map(Seed::at).collect(),
    };
    if seeds.is_empty() {
        return None;
    }
    let reach = reach(world.graph, &seeds, direction, depth);
    Some(Blast { key: key.clone(), direction, reach })
}

impl Blast {
    /// By hop, then address. Cost: a look at each thing reached.
    pub fn rows(&self, world: World<'_>) -> Vec<Row> {
        let mut rows: Vec<Row> =
            self.reach.things.iter().filter_map(|reached| self.row(world.graph, reached)).collect();
        rows.sort_by_cached_key(|row| (row.hops, row.key.to_string()));
        rows
    }

    fn row(&self, graph: &AccessGraph, reached: &Reached) -> Option<Row> {
        let key = graph.key(reached.node);
        if *key == self.key || key.name.is_empty() {
            return None;
        }
        let hop = self.reach.walk_of(reached).hop(graph, reached.node, &self.key)?;
        let from = match self.direction {
            Direction::Forward => hop.from.clone(),
            Direction::Backward => hop.to.clone(),
        };
        Some(Row { key: key.clone(), hops: reached.hops, certainty: reached.certainty, from, hop, node: reached.node })
    }
}

/// What speaks for the hop of a row.
pub fn evidence_of(world: World<'_>, row: &Row) -> Vec<Evidence> {
    evidence::of(world.graph, world.inventory, world.pods, &row.hop)
}

/// What is taken as held when the thing falls.
pub fn assumes(key: &EntityKey, direction: Direction) -> &'static str {
    if direction == Direction::Backward {
        return "who can come to hold anything of it, by rights and identities that exist now";
    }
    match key.kind {
        Kind::Pod => "code in any container of the pod, so everything mounted there can be read",
        Kind::Container => "code in this container alone",
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet | Kind::Job | Kind::CronJob => {
            "code in all of its pods"
        }
        Kind::Namespace => "code in all of its pods; rights over the namespace itself are not assumed",
        Kind::Node => "root on the node, so every token and secret of its pods can be read",
        Kind::ServiceAccount => "a token of it with any audience, but no right to start pods as it",
        Kind::User | Kind::Group => "acting with its RBAC rights",
        Kind::Role => "a session of the role",
        Kind::IamUser => "the user's credentials",
        Kind::Cluster => "cluster-admin in it",
        Kind::Resource => "administration of the account",
        _ => "nothing",
    }
}

/// Footholds that fall with a thing.
pub fn starts(world: World<'_>, key: &EntityKey) -> Vec<Seed> {
    let graph = world.graph;
    let one = |foothold| graph.node(foothold, key).map(Seed::at).into_iter().collect();
    match key.kind {
        Kind::Pod => pod(world, key),
        Kind::Container => container(world, key),
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet | Kind::Job | Kind::CronJob => {
            graph.groups().filter(|it| it.owner == key || it.key == key).map(|it| Seed::at(it.shell)).collect()
        }
        Kind::Namespace => graph
            .groups()
            .filter(|it| it.lives && it.key.scope == key.scope && it.key.namespace == key.name)
            .map(|it| Seed::at(it.shell))
            .collect(),
        Kind::Node => one(Foothold::NodeRoot),
        Kind::ServiceAccount => one(Foothold::Mint),
        Kind::User | Kind::Group => one(Foothold::Subject),
        Kind::Role => one(Foothold::Session),
        Kind::IamUser => one(Foothold::IamUser),
        Kind::Cluster => one(Foothold::ClusterAdmin),
        Kind::Resource => one(Foothold::AccountAdmin),
        _ => Vec::new(),
    }
}

/// Every foothold on a thing; of a pod that shares its nodes with others, those.
pub fn ends(world: World<'_>, key: &EntityKey) -> Vec<NodeId> {
    let graph = world.graph;
    let set = |node: &NodeId| graph.foothold(*node).is_set();
    let mut nodes: Vec<NodeId> = graph.nodes_of(key).iter().filter(|node| !set(node)).copied().collect();
    match key.kind {
        Kind::Pod | Kind::Container => {
            let pod = EntityKey::namespaced(
                Kind::Pod,
                &key.scope,
                &key.namespace,
                if key.kind == Kind::Pod { &key.name } else { &key.pod },
            );
            nodes.extend(graph.nodes_of(&pod).iter().filter(|node| !set(node)).copied());
            if let Some(group) = position(world, &pod).and_then(|at| graph.group_of(at)) {
                nodes.extend([group.shell, group.inside]);
            }
        }
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::ReplicaSet | Kind::Job | Kind::CronJob => {
            let groups = graph.groups().filter(|it| it.owner == key || it.key == key);
            nodes.extend(groups.flat_map(|it| [it.shell, it.inside]));
        }
        Kind::Namespace => {
            let groups = graph.groups().filter(|it| it.key.scope == key.scope && it.key.namespace == key.name);
            nodes.extend(groups.flat_map(|it| [it.shell, it.inside]));
        }
        _ => {}
    }
    nodes.sort();
    nodes.dedup();
    nodes
}

/// Position of a pod in the estate.
fn position(world: World<'_>, key: &EntityKey) -> Option<usize> {
    let wanted = (key.scope.as_str(), key.namespace.as_str(), false, "", key.name.as_str());
    let at = world.pods.partition_point(|it| it.sort_key() < wanted);
    world.pods.get(at).filter(|it| it.sort_key() == wanted).map(|_| at)
}

/// Everything of the pod's group, and of nodes only its own.
fn pod(world: World<'_>, key: &EntityKey) -> Vec<Seed> {
    let graph = world.graph;
    let Some(at) = position(world, key) else { return Vec::new() };
    let Some(group) = graph.group_of(at) else { return Vec::new() };
    let node = world.pods[at].pod.as_ref().map(|pod| &pod.node);
    let mut seeds = vec![Seed::at(group.inside)];
    for (id, edge) in graph.out(group.shell) {
        let to = graph.key(edge.to);
        if edge.is_hop() && (to.kind != Kind::Node || Some(&to.name) == node) {
            seeds.push(Seed { node: edge.to, edge: Some((id, edge)) });
        }
    }
    seeds
}

/// What one container has by itself; the others of the pod only where they share processes (R170).
fn container(world: World<'_>, key: &EntityKey) -> Vec<Seed> {
    let graph = world.graph;
    let pod_key = EntityKey::namespaced(Kind::Pod, &key.scope, &key.namespace, &key.pod);
    let Some(at) = position(world, &pod_key) else { return Vec::new() };
    let Some(group) = graph.group_of(at) else { return Vec::new() };
    let entry = &world.pods[at];
    let Some(number) = entry.spec.containers.iter().position(|it| it.name == key.name) else { return Vec::new() };
    let Some(identity) = entry.containers.get(number) else { return Vec::new() };
    let own = |role: &EntityKey| {
        let signs = identity.identity.role.as_deref().and_then(EntityKey::role);
        signs.as_ref() == Some(role)
            || identity.reachable.iter().any(|it| EntityKey::role(&it.role).as_ref() == Some(role))
    };
    let mut seeds = Vec::new();
    for (id, edge) in graph.out(group.inside) {
        let to = graph.key(edge.to);
        if edge.kind == EdgeKind::RunsAs || (to.kind == Kind::Role && own(to)) {
            seeds.push(Seed { node: edge.to, edge: Some((id, edge)) });
        }
    }
    let node = entry.pod.as_ref().map(|pod| &pod.node);
    let metadata = identity.identity.source == crate::identity::Source::NodeRole
        || identity.reachable.iter().any(|it| it.via == crate::identity::Via::Imds);
    for (id, edge) in graph.out(group.shell) {
        let has = match edge.kind {
            EdgeKind::NodeTakeover => !identity.takeover.node.is_no(),
            EdgeKind::NodeTokensOf => !identity.takeover.tokens.is_no(),
            EdgeKind::KubeletByMetadata => metadata,
            _ => false,
        };
        if has && Some(&graph.key(edge.to).name) == node {
            seeds.push(Seed { node: edge.to, edge: Some((id, edge)) });
        }
    }
    seeds
}

/// What the reached things come to, for the summary beside the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Things by kind, certain and all.
    pub kinds: BTreeMap<Kind, (usize, usize)>,
    pub accounts: Vec<Name>,
    /// Accounts among them of which nothing was read.
    pub foreign: Vec<Name>,
    pub namespaces: usize,
    pub unknown: usize,
    /// From 0 to 100; see `Summary::score`.
    pub score: u32,
    /// What the score is made of: points and why, the heaviest first.
    pub because: Vec<(u32, String)>,
}

/// Sums up rows of an answer and the data that falls with them.
pub fn summary(world: World<'_>, rows: &[Row], data: &Data) -> Summary {
    let mut summary = Summary::default();
    let mut namespaces: Vec<(&Name, &Name)> = Vec::new();
    for row in rows {
        let count = summary.kinds.entry(row.key.kind).or_default();
        count.1 += 1;
        if row.certainty.is_yes() {
            count.0 += 1;
        } else {
            summary.unknown += 1;
        }
        if row.key.kind == Kind::Role && !summary.accounts.contains(&row.key.scope) {
            summary.accounts.push(row.key.scope.clone());
        }
        if !row.key.namespace.is_empty() {
            namespaces.push((&row.key.scope, &row.key.namespace));
        }
    }
    namespaces.sort_unstable();
    namespaces.dedup();
    summary.namespaces = namespaces.len();
    summary.accounts.sort();
    let unread = |account: &&Name| !world.inventory.accounts.contains_key(*account);
    summary.foreign = summary.accounts.iter().filter(unread).cloned().collect();
    summary.score(rows, data);
    summary
}

/// The worst that any of the roles may do in each service: levels, and those that are certain. `*` is every service.
pub fn services(rows: &[Row], access: &BTreeMap<&EntityKey, Option<Access>>) -> BTreeMap<Name, Grant> {
    let mut services: BTreeMap<Name, Grant> = BTreeMap::new();
    let sure = |key: &EntityKey| rows.iter().find(|row| row.key == *key).is_none_or(|row| row.certainty.is_yes());
    for (key, access) in access {
        let Some(access) = access else { continue };
        let is_sure = sure(key);
        let mut add = |service: &Name, levels: Option<Levels>| {
            let levels = levels.unwrap_or_default();
            let certain = if is_sure { levels } else { Levels::default() };
            services.entry(service.clone()).or_default().join(Grant { levels, certain });
        };
        if access.everything {
            add(&"*".into(), Some(Levels::ALL));
        }
        access.services.iter().for_each(|(service, levels)| add(service, *levels));
    }
    services
}

/// Levels at which data can be changed, or handed to others.
const CHANGING: [Level; 3] = [Level::Write, Level::Tagging, Level::Permissions];

impl Summary {
    /// Points for what falls: the administration of an account 60, of a cluster 40, another account 15, then roles,
    /// nodes, service accounts and data by the logarithm of their number, data that can be changed above what can be
    /// read; half of it where it is not certain. At most 100.
    fn score(&mut self, rows: &[Row], data: &Data) {
        let mut because: Vec<(u32, String)> = Vec::new();
        let mut add = |points: u32, certain: bool, text: String| {
            let points = if certain { points } else { points / 2 };
            because.push((points, if certain { text } else { format!("{text} (not certain)") }));
        };
        for row in rows {
            match row.key.kind {
                Kind::Resource => add(60, row.certainty.is_yes(), format!("administration of {}", row.key.name)),
                Kind::Cluster => add(40, row.certainty.is_yes(), format!("cluster-admin in {}", row.key.name)),
                _ => {}
            }
        }
        for account in &self.foreign {
            add(15, true, format!("roles of account {account}, which was not read"));
        }
        for (kind, weight, word) in
            [(Kind::Role, 6, "roles"), (Kind::Node, 4, "nodes"), (Kind::ServiceAccount, 2, "service accounts")]
        {
            let (certain, all) = self.kinds.get(&kind).copied().unwrap_or_default();
            if all > 0 {
                // The number of binary digits: 1, 2, 3 for 1, 2-3, 4-7.
                let digits = usize::BITS - if certain > 0 { certain } else { all }.leading_zeros();
                add(weight * digits, certain > 0, format!("{all} {word}"));
            }
        }
        // Whoever may change it can read it as a rule; each counts once.
        for (levels, weight, word) in [(&CHANGING[..], 3, "to change"), (&[Level::Read][..], 2, "to read")] {
            let changes = |grant: &Grant| levels.iter().any(|it| grant.levels.contains(*it));
            let surely = |grant: &Grant| levels.iter().any(|it| grant.certain.contains(*it));
            let is_higher = |grant: &Grant| weight == 2 && CHANGING.iter().any(|it| grant.levels.contains(*it));
            let grants = || data.resources.iter().map(|it| &it.grant).filter(|it| changes(it) && !is_higher(it));
            let (certain, all) = (grants().filter(|it| surely(it)).count(), grants().count());
            if all > 0 {
                let digits = usize::BITS - if certain > 0 { certain } else { all }.leading_zeros();
                add(weight * digits, certain > 0, format!("{all} data resources {word}"));
            }
        }
        because.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        self.score = because.iter().map(|it| it.0).sum::<u32>().min(100);
        self.because = because;
    }
}
