//! Nodes: what somebody holds of a thing. One node per service account would join what no attacker can join, so a
//! shell, a token, the right to mint one and the right to start a pod are different nodes of one thing.

use crate::model::EntityKey;

/// Position in a graph. Valid inside one estate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    #[inline]
    pub(super) fn at(self) -> usize {
        self.0 as usize
    }
}

/// What is held of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Foothold {
    /// Code in some container of a workload's pods, wherever they run.
    Shell,
    /// The same without the nodes underneath: what every pod alike holds.
    Inside,
    /// The tokens of a service account as the pods of one group mount them.
    Mounted,
    /// Acting as a service account at the Kubernetes API.
    Api,
    /// Minting tokens of a service account for any audience.
    Mint,
    /// Starting a pod as a service account.
    NewPod,
    /// A user or group of Kubernetes RBAC.
    Subject,
    /// Reading the token files on a node.
    NodeTokens,
    /// Root on a node.
    NodeRoot,
    /// Acting as the kubelet of a node.
    Kubelet,
    /// A session of an IAM role.
    Session,
    /// Credentials of an IAM user.
    IamUser,
    /// Administration of an AWS account.
    AccountAdmin,
    /// `system:masters`, or all verbs on all resources of a cluster.
    ClusterAdmin,
    /// All of the namespaced resources of one namespace.
    NamespaceAdmin,
    /// The running pods of a namespace or cluster.
    AllPods,
    /// Acting as any service account of a namespace or cluster.
    AllApi,
    /// Minting tokens of any service account of a namespace or cluster.
    AllMint,
    /// Starting pods as any service account of a namespace or cluster.
    AllNewPods,
    /// The nodes of a cluster that a pod can be started on.
    AllNodes,
    /// The metadata service of the nodes of a cluster that answers ordinary pods.
    AllMetadata,
    /// The legacy token Secrets of a namespace or cluster.
    AllSecrets,
    /// Roles that trust accounts of a namespace or cluster although no annotation names them.
    AllLatent,
    /// The mounted tokens of the pods on a node.
    AllMounted,
    /// The roles of an account, or a set of roles, users or nodes that several principals gain alike.
    AllRoles,
    /// A thing that only references point at.
    Thing,
}

impl Foothold {
    /// Sets stand between who has a power and what it is over, so that the two are never multiplied out.
    #[inline]
    pub fn is_set(self) -> bool {
        matches!(
            self,
            Foothold::AllPods
                | Foothold::AllApi
                | Foothold::AllMint
                | Foothold::AllNewPods
                | Foothold::AllNodes
                | Foothold::AllMetadata
                | Foothold::AllSecrets
                | Foothold::AllLatent
                | Foothold::AllMounted
                | Foothold::AllRoles
        )
    }

    /// Which of two capacities of one thing says more, the greater.
    pub fn strength(self) -> u8 {
        match self {
            Foothold::Mint | Foothold::NodeRoot | Foothold::Shell => 3,
            Foothold::NewPod | Foothold::NodeTokens | Foothold::Inside => 2,
            Foothold::Mounted | Foothold::Kubelet => 1,
            _ => 0,
        }
    }

    /// As said behind an address.
    pub fn title(self) -> &'static str {
        match self {
            Foothold::Shell | Foothold::Inside => "code in its pods",
            Foothold::Mounted => "its mounted token",
            Foothold::Api => "acting as it in Kubernetes",
            Foothold::Mint => "minting its tokens",
            Foothold::NewPod => "starting a pod as it",
            Foothold::Subject => "its RBAC rights",
            Foothold::NodeTokens => "token files on it",
            Foothold::NodeRoot => "root on it",
            Foothold::Kubelet => "its kubelet's identity",
            Foothold::Session => "a session of it",
            Foothold::IamUser => "its credentials",
            Foothold::AccountAdmin => "administration of it",
            Foothold::ClusterAdmin => "cluster-admin",
            Foothold::NamespaceAdmin => "everything in it",
            Foothold::AllPods
            | Foothold::AllApi
            | Foothold::AllMint
            | Foothold::AllNewPods
            | Foothold::AllNodes
            | Foothold::AllMetadata
            | Foothold::AllSecrets
            | Foothold::AllLatent
            | Foothold::AllMounted
            | Foothold::AllRoles => "all in it",
            Foothold::Thing => "",
        }
    }
}

/// One node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    pub foothold: Foothold,
    /// Position among the things of the graph.
    pub(super) thing: u32,
}

/// Things by position, each once.
#[derive(Debug, Default)]
pub(super) struct Things {
    keys: Vec<EntityKey>,
    index: rustc_hash::FxHashMap<EntityKey, u32>,
}

impl Things {
    pub fn add(&mut self, key: &EntityKey) -> u32 {
        if let Some(at) = self.index.get(key) {
            return *at;
        }
        let at = u32::try_from(self.keys.len()).expect("fewer things than 32 bits count");
        self.keys.push(key.clone());
        self.index.insert(key.clone(), at);
        at
    }

    pub fn find(&self, key: &EntityKey) -> Option<u32> {
        self.index.get(key).copied()
    }

    pub fn key(&self, at: u32) -> &EntityKey {
        &self.keys[at as usize]
    }

    pub fn keys(&self) -> impl Iterator<Item = &EntityKey> {
        self.keys.iter()
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }
}
