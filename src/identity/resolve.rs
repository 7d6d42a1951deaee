//! The identity of every container: the questions of this module's neighbours in order, one answer for containers in
//! the same circumstances.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::model::facts::meta;
use crate::model::facts::pod::{ContainerKind, Pod, PodSpec};
use crate::model::facts::workload::{Workload, WorkloadKind};
use crate::model::{ClusterFacts, EntityKey, Inventory, Kind};

use super::accounts::{self, AccountTrust};
use super::answer::{Hop, Identity, Reachable, Takeover};
use super::cloud::AZURE_LABEL;
use super::container::identify;
use super::documents::Documents;
use super::injection;
use super::instance::{NodeClass, Nodes};
use super::reach::{Memo, co_tenants};
use super::role_chain::RoleChains;
use super::subject::{Context, Subject, current_template, owner_template};
use super::trace::Trace;
use super::trust::Trusts;
use super::workload::{Owner, Owners};

/// The identities of one pod, or of the pods that a workload without pods would make.
#[derive(Clone, Debug)]
pub struct PodIdentity {
    pub cluster: Name,
    pub namespace: Name,
    /// `None` for a prediction.
    pub pod: Option<Arc<Pod>>,
    pub spec: Arc<PodSpec>,
    pub owner: Owner,
    /// In the order of the spec's containers; shared by pods that are alike.
    pub containers: Arc<[Arc<Identity>]>,
    /// Roles that lie about on the node, for pods of which a container can take it over; shared by those of one node.
    pub co_tenants: Arc<[Reachable]>,
}

impl PodIdentity {
    /// Cluster, namespace, whether predicted, then the pod's name, or kind and name of the workload: the order of
    /// `list identities`.
    pub fn sort_key(&self) -> (&str, &str, bool, &str, &str) {
        let (kind, name): (&str, &str) = match (&self.pod, &self.owner) {
            (Some(pod), _) => ("", &pod.meta.name),
            (None, Owner::Workload(kind, name)) => (kind.word(), name),
            (None, Owner::Other(kind, name)) => (kind, name),
            (None, Owner::Pod) => ("", ""),
        };
        (&self.cluster, &self.namespace, self.pod.is_none(), kind, name)
    }

    /// Every further role that code in one container could obtain, sorted: its own ways, and those over the node (R101).
    pub fn reachable(&self, container: usize) -> Vec<Reachable> {
        let Some(identity) = self.containers.get(container) else { return Vec::new() };
        let mut roles = identity.reachable.clone();
        for it in self.co_tenants.iter() {
            let certainty = identity.takeover.tokens.and(it.certainty);
            let known = roles.iter().any(|other| other.role == it.role && other.certainty >= certainty);
            if !certainty.is_no() && !known && identity.identity.role.as_ref() != Some(&it.role) {
                roles.push(Reachable { certainty, ..it.clone() });
            }
        }
        roles.sort();
        roles
    }

    /// Identity of the main container: the first ordinary one.
    pub fn main(&self) -> Option<&Arc<Identity>> {
        let ordinary = self.spec.containers.iter().position(|it| it.kind == ContainerKind::Container);
        self.containers.get(ordinary.unwrap_or(0))
    }

    pub fn owner_key(&self) -> EntityKey {
        match (&self.pod, &self.owner) {
            (Some(pod), owner) => owner.key(&self.cluster, pod),
            (None, Owner::Workload(kind, name)) => {
                EntityKey::namespaced(kind.key_kind(), &self.cluster, &self.namespace, name)
            }
            (None, Owner::Other(_, name)) => EntityKey::namespaced(Kind::Pod, &self.cluster, &self.namespace, name),
            (None, Owner::Pod) => EntityKey::scoped(Kind::Namespace, &self.cluster, &self.namespace),
        }
    }

    pub fn owner_name(&self) -> &Name {
        match (&self.pod, &self.owner) {
            (_, Owner::Workload(_, name) | Owner::Other(_, name)) => name,
            (Some(pod), Owner::Pod) => &pod.meta.name,
            (None, Owner::Pod) => &self.namespace,
        }
    }

    /// `Deployment/api`, as `list identities` writes it.
    pub fn workload(&self) -> String {
        self.owner.label(self.pod.as_ref().map_or("", |pod| &pod.meta.name))
    }
}

/// Everything that this module answers, asked together because it shares parsed trust policies.
#[derive(Debug, Default)]
pub struct Identities {
    /// Every pod and every workload without pods, in the order of `list identities`.
    pub pods: Vec<PodIdentity>,
    /// Every service account that exists or is named somewhere, by cluster, namespace, name.
    pub accounts: Vec<AccountTrust>,
    /// Which role may take which other one in a single step: ARNs and certainty, sorted (R111).
    pub role_steps: Vec<(Name, Name, Truth)>,
    /// What the nodes of each cluster are, by label.
    pub nodes: BTreeMap<Name, Nodes>,
    /// The policies that were parsed on the way.
    pub documents: Documents,
}

/// Every pod and every workload without pods, in the order of `list identities`. Uses all cores.
pub fn all(inventory: &Inventory) -> Vec<PodIdentity> {
    let trusts = Trusts::default();
    let chains = RoleChains::new(inventory, &trusts);
    pods(&contexts(inventory, &trusts), &chains)
}

/// Pods, accounts, roles and nodes. Uses all cores. `None` when stopped.
pub fn identities(inventory: &Inventory, stop: &dyn Fn() -> bool) -> Option<Identities> {
    let trusts = Trusts::default();
    let chains = RoleChains::new(inventory, &trusts);
    let contexts = contexts(inventory, &trusts);
    let pods = pods(&contexts, &chains);
    if stop() {
        return None;
    }
    let accounts = contexts.iter().flat_map(|context| accounts::of_cluster(context, &pods)).collect();
    if stop() {
        return None;
    }
    let role_steps = chains.steps(inventory, &trusts);
    let nodes = contexts.into_iter().map(|context| (context.cluster.label.clone(), context.nodes)).collect();
    Some(Identities { pods, accounts, role_steps, nodes, documents: trusts.documents })
}

/// What each service account is worth, where the pods are known already. By cluster, namespace and name.
pub fn accounts(inventory: &Inventory, pods: &[PodIdentity]) -> Vec<AccountTrust> {
    let trusts = Trusts::default();
    contexts(inventory, &trusts).iter().flat_map(|context| accounts::of_cluster(context, pods)).collect()
}

fn contexts<'a>(inventory: &'a Inventory, trusts: &'a Trusts) -> Vec<Context<'a>> {
    let clusters: Vec<&ClusterFacts> = inventory.clusters.values().map(|cluster| &**cluster).collect();
    clusters.par_iter().map(|cluster| Context::new(inventory, cluster, trusts)).collect()
}

fn pods(contexts: &[Context<'_>], chains: &RoleChains<'_>) -> Vec<PodIdentity> {
    let pieces: Vec<(&Context<'_>, &[Arc<Pod>])> = contexts
        .iter()
        .flat_map(|context| by_namespaces(context.cluster.pods.items()).into_iter().map(move |piece| (context, piece)))
        .collect();
    let mut resolved: Vec<PodIdentity> = pieces
        .into_par_iter()
        .map(|(context, pods)| {
            let memo = Memo::new(chains);
            let mut resolver = Resolver::new(context, &memo);
            pods.iter().map(|pod| resolver.pod(pod)).collect::<Vec<_>>()
        })
        .collect::<Vec<_>>()
        .into_iter()
        .flatten()
        .collect();
    let predicted: Vec<PodIdentity> =
        contexts.par_iter().flat_map_iter(|context| predictions(context, chains, &resolved)).collect();
    for context in contexts {
        add_co_tenants(context, chains, &mut resolved);
    }
    resolved.extend(predicted);
    // Nearly sorted already, which this sort is quick on; feeds that are not at their end yet are not.
    resolved.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    resolved
}

/// The identities of all pods asked one by one, each as if it were the only one of its kind: the baseline that sharing
/// is measured and checked against. Predictions and co-tenants are left out.
pub fn one_by_one(inventory: &Inventory) -> Vec<Vec<Identity>> {
    let trusts = Trusts::default();
    let chains = RoleChains::new(inventory, &trusts);
    let mut answers = Vec::new();
    for cluster in inventory.clusters.values() {
        let context = Context::new(inventory, cluster, &trusts);
        for pod in &cluster.pods {
            let memo = Memo::new(&chains);
            let subject = Subject::of_pod(&context, pod);
            let of_container = |it| identify(&context, &subject, it, &memo, &mut Trace::off());
            answers.push(pod.spec.containers.iter().map(of_container).collect());
        }
    }
    answers
}

fn of_cluster(pods: &[PodIdentity], label: &Name) -> std::ops::Range<usize> {
    pods.partition_point(|it| it.cluster < *label)..pods.partition_point(|it| it.cluster <= *label)
}

fn add_co_tenants(context: &Context<'_>, chains: &RoleChains<'_>, pods: &mut [PodIdentity]) {
    let range = of_cluster(pods, &context.cluster.label);
    let pods = &mut pods[range];
    let roles = co_tenants(context, &Memo::new(chains), pods);
    if roles.is_empty() {
        return;
    }
    for entry in pods {
        if let Some(pod) = &entry.pod
            && entry.containers.iter().any(|it| it.takeover != Takeover::NONE)
            && let Some(roles) = roles.get(&pod.node)
        {
            entry.co_tenants = Arc::clone(roles);
        }
    }
}

/// The steps behind the identity of one container of one pod, in the order they were asked.
pub fn hops(inventory: &Inventory, entry: &PodIdentity, container: usize) -> Vec<Hop> {
    let Some(cluster) = inventory.clusters.get(&entry.cluster) else { return Vec::new() };
    let trusts = Trusts::default();
    let context = Context::new(inventory, cluster, &trusts);
    let chains = RoleChains::new(inventory, &trusts);
    let mut trace = Trace::on();
    let subject = match &entry.pod {
        Some(pod) => Subject::of_pod(&context, pod),
        None => match find_workload(cluster, entry) {
            Some(workload) => Subject::of_template(&context, workload),
            None => return Vec::new(),
        },
    };
    if let Some(container) = entry.spec.containers.get(container) {
        identify(&context, &subject, container, &Memo::new(&chains), &mut trace);
    }
    trace.into_hops()
}

/// Cuts a sorted list of pods into pieces of whole namespaces, so that each piece can remember what it has seen.
fn by_namespaces(pods: &[Arc<Pod>]) -> Vec<&[Arc<Pod>]> {
    const PIECE: usize = 4096;
    let mut pieces = Vec::new();
    let mut rest = pods;
    while rest.len() > PIECE {
        let border = &rest[PIECE].meta.namespace;
        let cut = rest.partition_point(|pod| pod.meta.namespace < *border);
        // A namespace of more than a piece is cut inside.
        let (piece, more) = rest.split_at(if cut == 0 { PIECE } else { cut });
        pieces.push(piece);
        rest = more;
    }
    pieces.push(rest);
    pieces
}

/// What makes two pods of one piece the same to this module: shared parts by address, the rest by value.
#[derive(Clone, PartialEq, Eq)]
struct Likeness {
    namespace: Name,
    spec: *const PodSpec,
    labels: *const (Name, Name),
    annotations: *const (Name, Name),
    class: *const NodeClass,
    scheduled: bool,
    template: *const PodSpec,
    current: *const PodSpec,
    /// The association changed after the pod was made.
    changed_since: bool,
}

impl Hash for Likeness {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.spec as usize, self.class as usize, self.labels as usize).hash(state);
    }
}

/// Resolves the pods of one piece, remembering answers.
struct Resolver<'a> {
    context: &'a Context<'a>,
    memo: &'a Memo<'a>,
    owners: Owners<'a>,
    seen: FxHashMap<Likeness, Arc<[Arc<Identity>]>>,
    answers: FxHashMap<Arc<Identity>, Arc<Identity>>,
    /// Lists of shared answers, so that pods alike share the list too.
    lists: FxHashMap<Vec<*const Identity>, Arc<[Arc<Identity>]>>,
    /// Templates of the last owner: pods of one owner come together.
    templates: Option<(meta::Owner, Name, *const PodSpec, *const PodSpec)>,
    /// No co-tenants, once.
    alone: Arc<[Reachable]>,
}

impl<'a> Resolver<'a> {
    fn new(context: &'a Context<'a>, memo: &'a Memo<'a>) -> Resolver<'a> {
        let owners = Owners::new(context.cluster);
        Resolver {
            context,
            memo,
            owners,
            seen: FxHashMap::default(),
            answers: FxHashMap::default(),
            lists: FxHashMap::default(),
            templates: None,
            alone: Arc::default(),
        }
    }

    fn pod(&mut self, pod: &'a Arc<Pod>) -> PodIdentity {
        let owner = self.owners.of(pod);
        let likeness = self.likeness(pod);
        let containers = match self.seen.get(&likeness) {
            Some(containers) => Arc::clone(containers),
            None => {
                let subject = Subject::of_pod(self.context, pod);
                let containers = self.containers(&subject);
                self.seen.insert(likeness, Arc::clone(&containers));
                containers
            }
        };
        PodIdentity {
            cluster: self.context.cluster.label.clone(),
            namespace: pod.meta.namespace.clone(),
            pod: Some(Arc::clone(pod)),
            spec: Arc::clone(&pod.spec),
            owner,
            containers,
            co_tenants: Arc::clone(&self.alone),
        }
    }

    /// Addresses of the template that made the pod and of the one that its owner holds now.
    fn templates(&mut self, pod: &Pod) -> (*const PodSpec, *const PodSpec) {
        let Some(owner) = &pod.meta.owner else { return (std::ptr::null(), std::ptr::null()) };
        if let Some((last, namespace, made, now)) = &self.templates
            && last == owner
            && *namespace == pod.meta.namespace
        {
            return (*made, *now);
        }
        let address = |template: Option<&Arc<PodSpec>>| template.map_or(std::ptr::null(), Arc::as_ptr);
        let cluster = self.context.cluster;
        let (made, now) = (address(owner_template(cluster, pod)), address(current_template(cluster, pod)));
        self.templates = Some((owner.clone(), pod.meta.namespace.clone(), made, now));
        (made, now)
    }

    fn likeness(&mut self, pod: &Pod) -> Likeness {
        let (template, current) = self.templates(pod);
        let context = self.context;
        let concerned = context.policies.concern(&pod.meta.namespace)
            || pod.meta.labels.contains(injection::SKIP_LABEL)
            || pod.meta.labels.contains(AZURE_LABEL)
            || pod.node.is_empty();
        let association = context.associations.of(&pod.meta.namespace, &pod.spec.service_account);
        let modified = match association {
            Ok(Some(association)) => association.details.as_ref().and_then(|details| details.modified),
            _ => None,
        };
        Likeness {
            namespace: pod.meta.namespace.clone(),
            spec: Arc::as_ptr(&pod.spec),
            labels: if concerned { pod.meta.labels.0.as_ptr() } else { std::ptr::null() },
            annotations: pod.meta.annotations.0.as_ptr(),
            class: Arc::as_ptr(context.nodes.of(&pod.node)),
            scheduled: !pod.node.is_empty(),
            template,
            current,
            changed_since: modified.zip(pod.meta.created).is_some_and(|(modified, created)| modified > created),
        }
    }

    fn containers(&mut self, subject: &Subject<'a>) -> Arc<[Arc<Identity>]> {
        let containers: Vec<Arc<Identity>> = subject
            .spec
            .containers
            .iter()
            .map(|container| {
                let answer = Arc::new(identify(self.context, subject, container, self.memo, &mut Trace::off()));
                Arc::clone(self.answers.entry(Arc::clone(&answer)).or_insert(answer))
            })
            .collect();
        let list = containers.iter().map(Arc::as_ptr).collect();
        Arc::clone(self.lists.entry(list).or_insert_with(|| containers.into()))
    }
}

/// Workloads that nobody's pods come from: scaled to nothing, suspended, failed (R8).
fn predictions<'a>(context: &'a Context<'a>, chains: &'a RoleChains<'a>, resolved: &[PodIdentity]) -> Vec<PodIdentity> {
    let label = &context.cluster.label;
    if !context.cluster.pods.is_complete() {
        // Pods that were not read may well be there.
        return Vec::new();
    }
    let alive: rustc_hash::FxHashSet<(&Name, &Owner)> =
        resolved[of_cluster(resolved, label)].iter().map(|it| (&it.namespace, &it.owner)).collect();
    let cluster = context.cluster;
    let lists = [
        (&cluster.deployments, WorkloadKind::Deployment),
        (&cluster.replica_sets, WorkloadKind::ReplicaSet),
        (&cluster.stateful_sets, WorkloadKind::StatefulSet),
        (&cluster.daemon_sets, WorkloadKind::DaemonSet),
        (&cluster.jobs, WorkloadKind::Job),
        (&cluster.cron_jobs, WorkloadKind::CronJob),
    ];
    let memo = Memo::new(chains);
    let mut resolver = Resolver::new(context, &memo);
    let mut predicted = Vec::new();
    for (list, kind) in lists {
        for workload in list {
            // Only top owners: what a deployment or cron job makes is told by it.
            if workload.meta.owner.is_some() {
                continue;
            }
            let owner = Owner::Workload(kind, workload.meta.name.clone());
            if alive.contains(&(&workload.meta.namespace, &owner)) {
                continue;
            }
            let subject = Subject::of_template(context, workload);
            predicted.push(PodIdentity {
                cluster: label.clone(),
                namespace: workload.meta.namespace.clone(),
                pod: None,
                spec: Arc::clone(&workload.template.spec),
                owner,
                containers: resolver.containers(&subject),
                co_tenants: Arc::default(),
            });
        }
    }
    predicted
}

fn find_workload<'a>(cluster: &'a ClusterFacts, entry: &PodIdentity) -> Option<&'a Workload> {
    let Owner::Workload(kind, name) = &entry.owner else { return None };
    let list = match kind {
        WorkloadKind::Deployment => &cluster.deployments,
        WorkloadKind::ReplicaSet => &cluster.replica_sets,
        WorkloadKind::StatefulSet => &cluster.stateful_sets,
        WorkloadKind::DaemonSet => &cluster.daemon_sets,
        WorkloadKind::Job => &cluster.jobs,
        WorkloadKind::CronJob => &cluster.cron_jobs,
    };
    super::workload::find(list, &entry.namespace, name)
}
