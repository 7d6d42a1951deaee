//! Pods by their top owner: what findings count and name (guard G5, R8).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::findings::platform;
use crate::identity::chain::{Token, is_agent, token_at};
use crate::identity::environment::{Environment, Variable};
use crate::identity::injection::{AUDIENCE_ANNOTATION, DEFAULT_AUDIENCE};
use crate::identity::resolve::PodIdentity;
use crate::identity::{Credential, Evidence, Identity, Owner, Source, workload};
use crate::model::facts::pod::{Container, ContainerKind, PodSpec};
use crate::model::facts::workload::{Workload as Template, WorkloadKind};
use crate::model::{ClusterFacts, EntityKey, Inventory, Kind, Lookup};

/// A deployment, job, bare pod and so on, with its pods.
///
/// Pods that have ended stand for the next ones only where no other pod is left.
pub struct Workload<'a> {
    pub key: EntityKey,
    pub cluster: &'a ClusterFacts,
    pub namespace: &'a Name,
    /// Of its first pod.
    pub service_account: &'a Name,
    /// Pods that are alike in spec and identities, in the order of their first pod.
    pub variants: Vec<Variant<'a>>,
    /// Its service account belongs to EKS or Kubernetes (guard G2).
    pub platform: bool,
    /// Every container of every variant, side by side: most rules look at all of them.
    seats: Box<[Seat<'a>]>,
    roles: Box<[EntityKey]>,
    runs: bool,
}

/// Pods of one workload that are alike in spec and identities.
pub struct Variant<'a> {
    /// Never empty; a prediction has one entry without a pod.
    pub members: Vec<&'a PodIdentity>,
}

/// One container of one variant, with its identity.
#[derive(Clone, Copy)]
pub struct Seat<'a> {
    pub cluster: &'a ClusterFacts,
    /// The first pod of the variant, or the prediction.
    pub entry: &'a PodIdentity,
    pub container: &'a Container,
    pub identity: &'a Arc<Identity>,
    /// Position among the containers.
    pub at: usize,
}

impl<'a> Variant<'a> {
    pub fn entry(&self) -> &'a PodIdentity {
        self.members[0]
    }

    pub fn spec(&self) -> &'a Arc<PodSpec> {
        &self.entry().spec
    }

    /// Names of the nodes its pods are on, each once, in the order of the pods.
    pub fn nodes(&self) -> Vec<&'a Name> {
        let mut nodes: Vec<&Name> = Vec::new();
        for node in self.members.iter().filter_map(|it| it.pod.as_ref()).map(|pod| &pod.node) {
            if !node.is_empty() && nodes.last() != Some(&node) && !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        nodes
    }
}

impl<'a> Seat<'a> {
    /// Where evidence of this container points: `spec.containers[NAME]…`.
    pub fn path(&self, rest: &str) -> String {
        let list = match self.container.kind {
            ContainerKind::Init | ContainerKind::Sidecar => "initContainers",
            ContainerKind::Container => "containers",
            ContainerKind::Ephemeral => "ephemeralContainers",
        };
        let dot = if rest.is_empty() || rest.starts_with('[') { "" } else { "." };
        format!("spec.{list}[{}]{dot}{rest}", self.container.name)
    }

    pub fn environment(&self) -> Environment<'a> {
        Environment::new(self.cluster, &self.entry.namespace, self.container)
    }

    pub fn variable(&self, name: &str) -> Variable {
        self.environment().get(name)
    }

    /// What it signs with, tries, and is meant to have, as far as there is such.
    pub fn credentials(&self) -> impl Iterator<Item = &'a Credential> {
        let identity = self.identity;
        [Some(&identity.identity), identity.attempted.as_ref(), identity.declared.as_ref()].into_iter().flatten()
    }

    /// A variable as evidence on the workload.
    pub fn env_evidence(&self, workload: &Workload<'_>, name: &str) -> Evidence {
        let (path, value) = (self.path(&format!("env[{name}]")), self.shown(name));
        Evidence { object: workload.key.clone(), path, value }
    }

    /// Both variables of web identity are set, or the webhook would set them in the pod that is to come.
    pub fn has_web_identity(&self) -> Truth {
        let pair = ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"].map(|name| self.variable(name).is_set());
        let declared = self.entry.pod.is_none()
            && matches!(&self.identity.declared, Some(it) if it.source == Source::Irsa)
            && !self.environment().defines("AWS_ROLE_ARN")
            && !self.environment().defines("AWS_WEB_IDENTITY_TOKEN_FILE");
        pair[0].and(pair[1]).or(declared.into())
    }

    /// The variable that leads to the Pod Identity agent is set, or would be.
    pub fn has_agent(&self) -> Truth {
        let declared =
            self.entry.pod.is_none() && matches!(&self.identity.declared, Some(it) if it.source == Source::PodIdentity);
        let carried = match self.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            Variable::Known(url) => is_agent(&url).into(),
            other => other.is_set().and(Truth::Unknown),
        };
        carried.or(declared.into())
    }

    /// Audience of the token that web identity presents: that of the mounted one, else that of the account's annotation
    /// for a pod that is to come.
    pub fn audience(&self) -> Option<Name> {
        let path = self.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
        let carried = path.value().map(|path| token_at(&self.entry.spec, self.container, path));
        if let Some(Token::Projected { audience }) = carried {
            return Some(audience);
        }
        if self.entry.pod.is_some() {
            return None;
        }
        let account = self.cluster.service_account(&self.entry.namespace, &self.entry.spec.service_account);
        let Lookup::Found(account) = account else { return None };
        let annotated = account.meta.annotations.get(AUDIENCE_ANNOTATION).filter(|it| !it.is_empty());
        Some(annotated.cloned().unwrap_or_else(|| DEFAULT_AUDIENCE.into()))
    }

    /// The role that web identity of this container tries, when it is what SDKs turn to first.
    pub fn web_role(&self) -> Option<&'a Name> {
        let tried = self.identity.attempted.as_ref().filter(|it| it.source == Source::Irsa)?;
        tried.role.as_ref()
    }

    /// What is seen of a variable, without anything that could be a secret.
    pub fn shown(&self, name: &str) -> String {
        match self.variable(name) {
            Variable::Unset => "not set".into(),
            Variable::Empty => "empty".into(),
            Variable::Known(value) => value.to_string(),
            Variable::Present => "set, value not kept".into(),
            Variable::Unknown(_) => "not read".into(),
        }
    }
}

impl<'a> Workload<'a> {
    /// Pods that exist; 0 for a prediction.
    pub fn pods(&self) -> usize {
        self.variants.iter().map(|it| it.members.iter().filter(|it| it.pod.is_some()).count()).sum()
    }

    /// It has pods that have not ended.
    pub fn runs(&self) -> bool {
        self.runs
    }

    /// Every container of every variant.
    pub fn seats(&self) -> impl Iterator<Item = Seat<'a>> + '_ {
        self.seats.iter().copied()
    }

    pub fn account_key(&self) -> EntityKey {
        EntityKey::namespaced(Kind::ServiceAccount, &self.cluster.label, self.namespace, self.service_account)
    }

    /// The workload as it is stored; `None` for a bare pod and for what was not read.
    pub fn stored(&self) -> Option<&'a Template> {
        let Owner::Workload(kind, name) = &self.variants.first()?.entry().owner else { return None };
        let cluster = self.cluster;
        let list = match kind {
            WorkloadKind::Deployment => &cluster.deployments,
            WorkloadKind::ReplicaSet => &cluster.replica_sets,
            WorkloadKind::StatefulSet => &cluster.stateful_sets,
            WorkloadKind::DaemonSet => &cluster.daemon_sets,
            WorkloadKind::Job => &cluster.jobs,
            WorkloadKind::CronJob => &cluster.cron_jobs,
        };
        workload::find(list, self.namespace, name)
    }

    /// `deployment/api`, as kubectl takes it.
    pub fn kubectl_name(&self) -> String {
        format!("{}/{}", self.key.kind.word(), self.key.name)
    }

    /// Roles that its containers sign with, try, or are meant to have, each once.
    pub fn roles(&self) -> &[EntityKey] {
        &self.roles
    }
}

/// Groups pods that stand in the order of `list identities`. Cost: one hash per pod.
pub(super) fn group<'a>(inventory: &'a Inventory, pods: &'a [PodIdentity]) -> Vec<Workload<'a>> {
    let mut workloads: Vec<Workload<'a>> = Vec::new();
    // A kind of owner that has no address goes by its first pod, yet its pods belong together.
    let mut by_owner: FxHashMap<(&Name, &Name, &Owner, Option<&Name>), usize> = FxHashMap::default();
    for entry in pods {
        let Some(cluster) = inventory.clusters.get(&entry.cluster) else { continue };
        let bare = match entry.owner {
            Owner::Pod => entry.pod.as_ref().map(|pod| &pod.meta.name),
            _ => None,
        };
        let at = *by_owner.entry((&entry.cluster, &entry.namespace, &entry.owner, bare)).or_insert_with(|| {
            workloads.push(Workload {
                key: entry.owner_key(),
                cluster,
                namespace: &entry.namespace,
                service_account: &entry.spec.service_account,
                variants: Vec::new(),
                platform: platform::is_service_account(&entry.namespace, &entry.spec.service_account),
                seats: Box::default(),
                roles: Box::default(),
                runs: false,
            });
            workloads.len() - 1
        });
        workloads[at].add(entry);
    }
    for workload in &mut workloads {
        workload.forget_the_ended();
        workload.settle();
    }
    workloads.sort_by(|a, b| a.key.cmp(&b.key));
    workloads
}

impl<'a> Workload<'a> {
    fn add(&mut self, entry: &'a PodIdentity) {
        let same = |variant: &&mut Variant<'a>| {
            let first = variant.entry();
            Arc::ptr_eq(&first.spec, &entry.spec) && Arc::ptr_eq(&first.containers, &entry.containers)
        };
        // Pods alike mostly come together; a job may have very many that are not.
        match self.variants.iter_mut().rev().take(8).find(same) {
            Some(variant) => variant.members.push(entry),
            None => self.variants.push(Variant { members: vec![entry] }),
        }
    }

    /// Puts down what rules ask of each workload over and over.
    fn settle(&mut self) {
        let cluster = self.cluster;
        let seats = self.variants.iter().flat_map(|variant| {
            let entry = variant.entry();
            let pairs = entry.spec.containers.iter().zip(entry.containers.iter()).enumerate();
            pairs.map(move |(at, (container, identity))| Seat { cluster, entry, container, identity, at })
        });
        self.seats = seats.collect();
        let running = |entry: &&PodIdentity| entry.pod.as_ref().is_some_and(|pod| !pod.phase.is_over());
        self.runs = self.variants.iter().any(|variant| variant.members.iter().any(running));
        let mut named: Vec<&Name> = Vec::new();
        let mut roles: Vec<EntityKey> = Vec::new();
        for seat in &self.seats {
            for role in seat.credentials().filter_map(|it| it.role.as_ref()) {
                if named.contains(&role) {
                    continue;
                }
                named.push(role);
                if let Some(key) = EntityKey::role(role)
                    && !roles.contains(&key)
                {
                    roles.push(key);
                }
            }
        }
        self.roles = roles.into();
    }

    fn forget_the_ended(&mut self) {
        let over = |entry: &PodIdentity| entry.pod.as_ref().is_some_and(|pod| pod.phase.is_over());
        let live = |variant: &Variant<'_>| variant.members.iter().any(|it| !over(it));
        if self.variants.iter().any(live) {
            for variant in &mut self.variants {
                variant.members.retain(|it| !over(it));
            }
            self.variants.retain(|it| !it.members.is_empty());
        }
        if let Some(first) = self.variants.first() {
            self.service_account = &first.entry().spec.service_account;
        }
    }
}
