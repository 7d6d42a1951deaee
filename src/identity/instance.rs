//! The node under a pod: its kind, its role, and who can ask its metadata service (R93 to R104).

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{Name, Truth};
use crate::iam::glob::Glob;
use crate::model::facts::meta::Labels;
use crate::model::facts::node::{Instance, MetadataOptions, Node};
use crate::model::facts::pod::{Phase, PodSpec};
use crate::model::{ClusterFacts, Inventory, Lookup, SourceId, SourceKind};

/// What kind of machine a node is (R94).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKind {
    ManagedNodegroup,
    Karpenter,
    AutoMode,
    SelfManaged,
    Fargate,
    Hybrid,
    /// Not a machine of EC2 at all.
    Foreign,
    /// The pod is not scheduled, or its node was not read.
    Unknown,
}

impl NodeKind {
    pub fn title(self) -> &'static str {
        match self {
            NodeKind::ManagedNodegroup => "managed node group",
            NodeKind::Karpenter => "Karpenter",
            NodeKind::AutoMode => "Auto Mode",
            NodeKind::SelfManaged => "self-managed",
            NodeKind::Fargate => "Fargate",
            NodeKind::Hybrid => "hybrid",
            NodeKind::Foreign => "not EC2",
            NodeKind::Unknown => "unknown",
        }
    }
}

/// A role as far as it is known, and what to read for the rest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NodeRole {
    Known(Name),
    /// The node has no instance profile, or is of a kind whose role containers never get.
    None,
    /// What was configured for the node, where the live instance was not read (R94).
    Configured {
        role: Option<Name>,
        missing: Vec<SourceId>,
    },
}

impl NodeRole {
    pub fn arn(&self) -> Option<&Name> {
        match self {
            NodeRole::Known(role) => Some(role),
            NodeRole::Configured { role, .. } => role.as_ref(),
            NodeRole::None => None,
        }
    }
}

/// Nodes that are alike in everything an identity can depend on share a class.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NodeClass {
    pub kind: NodeKind,
    pub role: NodeRole,
    /// `None` where there is no metadata service, or where the instance was not read: see `metadata_missing`.
    pub metadata: Option<MetadataOptions>,
    pub metadata_missing: Vec<SourceId>,
    /// A ready pod of the Pod Identity agent runs there, or the agent is built in (R77).
    pub agent: Truth,
    pub windows: Truth,
}

/// The classes of the nodes of one cluster, and what else runs on all of them.
#[derive(Debug)]
pub struct Nodes {
    by_name: FxHashMap<Name, Arc<NodeClass>>,
    /// For nodes that were not read.
    unknown: Arc<NodeClass>,
    /// What a pod without a node may come to: the labels and class of every node that takes ordinary pods.
    open: Vec<(Labels, Arc<NodeClass>)>,
    /// The answer for a pod that may come to any of them.
    anywhere: Arc<NodeClass>,
    fargate: Arc<NodeClass>,
    /// A DaemonSet intercepts calls to the metadata service (R104); `Unknown` when DaemonSets were not read.
    pub interceptor: Truth,
}

impl Nodes {
    pub fn of(&self, node: &str) -> &Arc<NodeClass> {
        self.by_name.get(node).unwrap_or(&self.unknown)
    }

    /// The distinct classes of the nodes.
    pub fn classes(&self) -> impl Iterator<Item = &Arc<NodeClass>> {
        let mut seen: FxHashSet<*const NodeClass> = FxHashSet::default();
        self.by_name.values().filter(move |class| seen.insert(Arc::as_ptr(class)))
    }

    pub fn new(inventory: &Inventory, cluster: &ClusterFacts) -> Nodes {
        let agents = AgentNodes::new(cluster);
        let mut shared: FxHashSet<Arc<NodeClass>> = FxHashSet::default();
        let mut by_name = FxHashMap::default();
        let mut open = Vec::new();
        for node in &cluster.nodes {
            let class = classify(inventory, cluster, node, &agents);
            let class = match shared.get(&class) {
                Some(class) => Arc::clone(class),
                None => {
                    let class = Arc::new(class);
                    shared.insert(Arc::clone(&class));
                    class
                }
            };
            if class.kind != NodeKind::Fargate {
                open.push((node.meta.labels.clone(), Arc::clone(&class)));
            }
            by_name.insert(node.meta.name.clone(), class);
        }
        let unknown = Arc::new(NodeClass::undecided(vec![cluster.source(SourceKind::Nodes)]));
        let anywhere = if cluster.nodes.is_complete() { agreed(open.iter()) } else { Arc::clone(&unknown) };
        let fargate = NodeClass {
            kind: NodeKind::Fargate,
            role: NodeRole::None,
            agent: Truth::No,
            windows: Truth::No,
            ..NodeClass::undecided(vec![])
        };
        let interceptor = interceptor(cluster);
        Nodes { by_name, unknown, open, anywhere, fargate: Arc::new(fargate), interceptor }
    }

    /// What can be said of the node of a pod that has none yet: what all nodes it may come to have in common.
    pub fn future(&self, cluster: &ClusterFacts, namespace: &str, labels: &Labels, spec: &PodSpec) -> Arc<NodeClass> {
        let selects = |(pattern, wanted): &(Name, Labels)| {
            Glob::new(pattern).matches(namespace) && wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
        };
        if cluster.fargate_profiles.iter().any(|profile| profile.selectors.iter().any(selects)) {
            return Arc::clone(&self.fargate);
        }
        if spec.node_selector.is_empty() || !cluster.nodes.is_complete() {
            return Arc::clone(&self.anywhere);
        }
        let fits = |labels: &Labels| spec.node_selector.iter().all(|(key, value)| labels.get(key) == Some(value));
        agreed(self.open.iter().filter(|(labels, _)| fits(labels)))
    }
}

impl NodeClass {
    /// Nothing is known; `missing` would tell.
    fn undecided(missing: Vec<SourceId>) -> NodeClass {
        NodeClass {
            kind: NodeKind::Unknown,
            role: NodeRole::Configured { role: None, missing: missing.clone() },
            metadata: None,
            metadata_missing: missing,
            agent: Truth::Unknown,
            windows: Truth::Unknown,
        }
    }
}

/// What all of these classes say alike; the rest is undecided.
fn agreed<'a>(classes: impl Iterator<Item = &'a (Labels, Arc<NodeClass>)>) -> Arc<NodeClass> {
    let mut distinct: Vec<&Arc<NodeClass>> = Vec::new();
    for (_, class) in classes {
        if !distinct.iter().any(|it| Arc::ptr_eq(it, class)) {
            distinct.push(class);
        }
    }
    let [first, rest @ ..] = &distinct[..] else { return Arc::new(NodeClass::undecided(vec![])) };
    if rest.is_empty() {
        return Arc::clone(first);
    }
    let mut class = NodeClass::undecided(vec![]);
    let all = |same: &dyn Fn(&NodeClass) -> bool| rest.iter().all(|it| same(it));
    if all(&|it| it.role == first.role) {
        class.role = first.role.clone();
    }
    if all(&|it| it.metadata == first.metadata) && first.metadata.is_some() {
        class.metadata.clone_from(&first.metadata);
    }
    if all(&|it| it.agent == first.agent) {
        class.agent = first.agent;
    }
    if all(&|it| it.windows == first.windows) {
        class.windows = first.windows;
    }
    let missing = distinct.iter().flat_map(|it| it.metadata_missing.iter().cloned());
    class.metadata_missing = missing.collect();
    class.metadata_missing.sort();
    class.metadata_missing.dedup();
    Arc::new(class)
}

fn interceptor(cluster: &ClusterFacts) -> Truth {
    let named = |it: &str| it.contains("kube2iam") || it.contains("kiam-agent") || it == "kiam";
    if cluster.daemon_sets.iter().any(|set| named(&set.meta.name)) {
        return Truth::Yes;
    }
    // Without the list of DaemonSets the agents' own pods still show.
    let by_pod = |owner: &crate::model::facts::meta::Owner| owner.kind == "DaemonSet" && named(&owner.name);
    if cluster.pods.iter().any(|pod| pod.meta.owner.as_ref().is_some_and(by_pod)) {
        return Truth::Yes;
    }
    if cluster.daemon_sets.is_complete() || cluster.pods.is_complete() { Truth::No } else { Truth::Unknown }
}

/// Where ready pods of the Pod Identity agent run.
struct AgentNodes {
    nodes: FxHashSet<Name>,
    complete: bool,
}

impl AgentNodes {
    fn new(cluster: &ClusterFacts) -> AgentNodes {
        let is_agent = |name: &str| name.starts_with("eks-pod-identity-agent");
        let nodes = cluster
            .pods
            .iter()
            .filter(|pod| pod.meta.owner.as_ref().is_some_and(|it| it.kind == "DaemonSet" && is_agent(&it.name)))
            .filter(|pod| pod.ready && pod.phase == Phase::Running)
            .map(|pod| pod.node.clone())
            .collect();
        AgentNodes { nodes, complete: cluster.pods.is_complete() }
    }

    fn on(&self, node: &str) -> Truth {
        match (self.nodes.contains(node), self.complete) {
            (true, _) => Truth::Yes,
            (false, true) => Truth::No,
            (false, false) => Truth::Unknown,
        }
    }
}

fn classify(inventory: &Inventory, cluster: &ClusterFacts, node: &Node, agents: &AgentNodes) -> NodeClass {
    let labels = &node.meta.labels;
    let compute = labels.get("eks.amazonaws.com/compute-type").map_or("", |it| it.as_str());
    let kind = match compute {
        "fargate" => NodeKind::Fargate,
        "hybrid" => NodeKind::Hybrid,
        "auto" => NodeKind::AutoMode,
        _ if node.meta.name.starts_with("fargate-") => NodeKind::Fargate,
        _ if labels.contains("karpenter.sh/nodepool") || labels.contains("karpenter.sh/provisioner-name") => {
            NodeKind::Karpenter
        }
        _ if labels.contains("eks.amazonaws.com/nodegroup") => NodeKind::ManagedNodegroup,
        _ if !node.provider_id.is_empty() && !node.provider_id.starts_with("aws:") => NodeKind::Foreign,
        _ => NodeKind::SelfManaged,
    };
    let windows = match labels.get("kubernetes.io/os").or_else(|| labels.get("beta.kubernetes.io/os")) {
        Some(os) => Truth::from(os.as_str() == "windows"),
        None => Truth::Unknown,
    };
    let agent = match kind {
        NodeKind::Fargate | NodeKind::Foreign => Truth::No,
        NodeKind::AutoMode => Truth::Yes,
        _ => agents.on(&node.meta.name),
    };
    if matches!(kind, NodeKind::Fargate | NodeKind::Hybrid | NodeKind::Foreign) {
        return NodeClass { kind, role: NodeRole::None, metadata: None, metadata_missing: vec![], agent, windows };
    }
    let mut class =
        NodeClass { kind, role: NodeRole::None, metadata: None, metadata_missing: Vec::new(), agent, windows };
    match instance_of(inventory, cluster, node) {
        Ok(instance) => {
            class.metadata.clone_from(&instance.metadata);
            if class.metadata.is_none() {
                class.metadata_missing = instance_sources(inventory, cluster, node);
            }
            class.role = live_role(inventory, instance, || configured_role(inventory, cluster, node, kind));
        }
        Err(missing) => {
            class.metadata_missing.clone_from(&missing);
            class.role = NodeRole::Configured { role: configured_role(inventory, cluster, node, kind), missing };
        }
    }
    class
}

/// The instance behind a node, or the sources that would tell.
fn instance_of<'a>(
    inventory: &'a Inventory,
    cluster: &ClusterFacts,
    node: &Node,
) -> Result<&'a Arc<Instance>, Vec<SourceId>> {
    if let Some(id) = node.instance_id() {
        for account in inventory.accounts.values() {
            for region in account.regions.values() {
                if let Lookup::Found(instance) = region.instance(id) {
                    return Ok(instance);
                }
            }
        }
    }
    Err(instance_sources(inventory, cluster, node))
}

/// The list of instances that should hold the node's: that of its region in the cluster's account.
fn instance_sources(inventory: &Inventory, cluster: &ClusterFacts, node: &Node) -> Vec<SourceId> {
    let region = node
        .meta
        .labels
        .get("topology.kubernetes.io/region")
        .map(ToString::to_string)
        .or_else(|| {
            let zone = node.provider_id.strip_prefix("aws:///")?.split('/').next()?;
            Some(zone.trim_end_matches(|it: char| it.is_ascii_lowercase()).to_owned())
        })
        .or_else(|| Some(super::cluster_arn(cluster)?.region.to_owned()));
    let Some(region) = region else { return vec![cluster.source(SourceKind::Cluster)] };
    let account = super::cluster_arn(cluster).and_then(|arn| inventory.accounts.get(arn.account));
    match account.or_else(|| inventory.accounts.values().next()) {
        Some(account) => vec![account.region_source(&region, SourceKind::Instances)],
        None => vec![SourceId::new(&format!("aws/{region}"), SourceKind::Instances)],
    }
}

/// Instance, then its profile, then the profile's single role (R93). A profile's name says nothing about its role.
fn live_role(inventory: &Inventory, instance: &Instance, configured: impl FnOnce() -> Option<Name>) -> NodeRole {
    let Some(profile_arn) = &instance.profile else { return NodeRole::None };
    let owner = crate::model::Arn::parse(profile_arn).map_or("", |arn| arn.account);
    let Some(account) = inventory.accounts.get(owner) else {
        return NodeRole::Configured {
            role: configured(),
            missing: vec![SourceId::new(&format!("accounts/{owner}"), SourceKind::InstanceProfiles)],
        };
    };
    match account.instance_profile(profile_arn) {
        Lookup::Found(profile) => match profile.roles.first() {
            Some(role) => NodeRole::Known(role.clone()),
            None => NodeRole::None,
        },
        // Role details list the profiles that hold the role, which answers as well.
        Lookup::Absent | Lookup::Unknown => {
            let holds = |role: &&Arc<crate::model::facts::iam::Role>| role.instance_profiles.contains(profile_arn);
            match account.roles.iter().find(holds) {
                Some(role) => NodeRole::Known(role.arn.clone()),
                None => NodeRole::Configured {
                    role: configured(),
                    missing: vec![account.source(SourceKind::InstanceProfiles)],
                },
            }
        }
    }
}

/// The role that was asked for when the node was made, by its kind (R94).
pub fn configured_role(inventory: &Inventory, cluster: &ClusterFacts, node: &Node, kind: NodeKind) -> Option<Name> {
    match kind {
        NodeKind::ManagedNodegroup => {
            let name = node.meta.labels.get("eks.amazonaws.com/nodegroup")?;
            cluster.nodegroups.iter().find(|group| group.name == *name)?.role.clone()
        }
        NodeKind::AutoMode => {
            let class = node.meta.labels.get("eks.amazonaws.com/nodeclass").map_or("default", |it| it.as_str());
            let by_class = class_role(inventory, cluster, SourceKind::NodeClasses, class);
            by_class.or_else(|| {
                let role = &cluster.description()?.auto_node_role;
                (!role.is_empty()).then(|| role.clone())
            })
        }
        NodeKind::Karpenter => {
            let labels = &node.meta.labels;
            let pool = labels.get("karpenter.sh/nodepool").or_else(|| labels.get("karpenter.sh/provisioner-name"));
            let by_pool = || {
                let pools = cluster.others.get(&SourceKind::NodePools)?;
                let pool = pools.iter().find(|it| Some(&it.meta.name) == pool)?;
                pool.fields.get("spec.template.spec.nodeClassRef.name")
            };
            let class = labels.get("karpenter.k8s.aws/ec2nodeclass").or_else(by_pool)?;
            class_role(inventory, cluster, SourceKind::Ec2NodeClasses, class)
        }
        _ => None,
    }
}

/// The role that a node class of Karpenter or Auto Mode names, or that its ready-made instance profile holds (R94).
pub fn class_role(inventory: &Inventory, cluster: &ClusterFacts, kind: SourceKind, name: &str) -> Option<Name> {
    let class = cluster.others.get(&kind)?.iter().find(|it| it.meta.name == *name)?;
    let own = super::cluster_arn(cluster)?;
    let account = inventory.accounts.get(own.account);
    if let Some(role) = class.fields.get("spec.role").filter(|it| !it.is_empty()) {
        // Written as a bare name; the path stands only in IAM.
        let bare = role.rsplit('/').next().unwrap_or(role);
        return Some(match account.map(|account| account.role(bare)) {
            Some(Lookup::Found(role)) => role.arn.clone(),
            _ => format!("arn:{}:iam::{}:role/{bare}", own.partition, own.account).into(),
        });
    }
    let profile = class.fields.get("spec.instanceProfile").or_else(|| class.fields.get("status.instanceProfile"))?;
    account?.instance_profiles.iter().find(|it| it.name == *profile)?.roles.first().cloned()
}

/// Whether a container can ask the metadata service, and what could still change that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataReach {
    pub reach: Truth,
    pub rule: &'static str,
    pub why: &'static str,
    /// What would settle an unknown.
    pub missing: Vec<SourceId>,
    /// What could only take the answer away.
    pub could_close: Vec<SourceId>,
}

/// R96 to R98 for a pod with this spec on this class of node. `guard` is the answer of the network policies that
/// select the pod: `Yes` when one of them surely keeps it from the address.
pub fn metadata_reach(class: &NodeClass, spec: &PodSpec, guard: &Guard) -> MetadataReach {
    let answer = |reach: Truth, rule: &'static str, why: &'static str| MetadataReach {
        reach,
        rule,
        why,
        missing: Vec::new(),
        could_close: Vec::new(),
    };
    match class.kind {
        NodeKind::Fargate => return answer(Truth::No, "R95", "Fargate pods have no instance metadata"),
        NodeKind::Hybrid => return answer(Truth::No, "R96", "hybrid nodes have no instance metadata"),
        NodeKind::Foreign => return answer(Truth::No, "R96", "the node is not an EC2 instance"),
        _ => {}
    }
    let Some(options) = &class.metadata else {
        let why = if class.kind == NodeKind::Unknown {
            "the node of the pod is not known"
        } else {
            "the metadata options of the instance were not read"
        };
        return MetadataReach { missing: class.metadata_missing.clone(), ..answer(Truth::Unknown, "R96", why) };
    };
    if !options.endpoint {
        return answer(Truth::No, "R96", "the metadata endpoint of the instance is disabled");
    }
    if spec.host_network {
        return answer(Truth::Yes, "R96", "the pod uses the host network: the hop limit does not apply");
    }
    let open = if !options.tokens_required {
        answer(Truth::Yes, "R97", "IMDSv1 is allowed (HttpTokens=optional): the hop limit stops only the IMDSv2 token")
    } else if options.hop_limit >= 2 {
        answer(Truth::Yes, "R96", "the hop limit lets pods reach instance metadata")
    } else {
        return answer(Truth::No, "R96", "IMDSv2 is required with hop limit 1: pods cannot get a metadata token");
    };
    match guard {
        Guard::Open => open,
        Guard::Closed => answer(Truth::No, "R98", "a network policy keeps the pod from instance metadata"),
        Guard::Maybe => MetadataReach {
            reach: Truth::Unknown,
            rule: "R98",
            why: "a network policy forbids instance metadata, but whether anything enforces it is not known",
            missing: Vec::new(),
            could_close: Vec::new(),
        },
        Guard::Unread(sources) => MetadataReach { could_close: sources.clone(), ..open },
    }
}

/// R104: kube2iam and kiam answer in place of the metadata service, by rules of their own; pods on the host's network
/// go past them.
pub fn intercepted(reach: MetadataReach, interceptor: Truth, spec: &PodSpec) -> MetadataReach {
    if reach.reach.is_no() || spec.host_network || !interceptor.is_yes() {
        return reach;
    }
    MetadataReach {
        reach: Truth::Unknown,
        rule: "R104",
        why: "kube2iam or kiam answers in place of instance metadata, with a role of its own choosing",
        missing: Vec::new(),
        could_close: Vec::new(),
    }
}

/// What network policies say about one address and one pod (R98).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// None forbids it.
    Open,
    /// One forbids it, and an engine that enforces policies runs.
    Closed,
    /// One forbids it; enforcement is not known.
    Maybe,
    /// Policies were not read.
    Unread(Vec<SourceId>),
}
