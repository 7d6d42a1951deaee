//! Which workload a pod belongs to (R8).

use crate::base::Name;
use crate::model::facts::meta;
use crate::model::facts::pod::Pod;
use crate::model::facts::workload::{Workload, WorkloadKind};
use crate::model::{ClusterFacts, EntityKey, Kind, Listing};

/// The top owner of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    Workload(WorkloadKind, Name),
    /// A kind this program does not know, such as a Rollout, named as found.
    Other(Name, Name),
    /// A bare pod.
    Pod,
}

impl Owner {
    /// `Deployment/api`; for a bare pod `Pod/NAME`.
    pub fn label(&self, pod: &str) -> String {
        match self {
            Owner::Workload(kind, name) => format!("{}/{name}", kind.word()),
            Owner::Other(kind, name) => format!("{kind}/{name}"),
            Owner::Pod => format!("Pod/{pod}"),
        }
    }

    /// Address of the owner; that of the pod itself when nobody owns it or the kind has no address.
    pub fn key(&self, cluster: &Name, pod: &Pod) -> EntityKey {
        match self {
            Owner::Workload(kind, name) => EntityKey::namespaced(kind.key_kind(), cluster, &pod.meta.namespace, name),
            Owner::Other(..) | Owner::Pod => {
                EntityKey::namespaced(Kind::Pod, cluster, &pod.meta.namespace, &pod.meta.name)
            }
        }
    }

    pub fn name<'a>(&'a self, pod: &'a Pod) -> &'a Name {
        match self {
            Owner::Workload(_, name) | Owner::Other(_, name) => name,
            Owner::Pod => &pod.meta.name,
        }
    }
}

/// Finds owners for the pods of one cluster. Pods of one owner come together, so the last answer is kept.
pub struct Owners<'a> {
    cluster: &'a ClusterFacts,
    last: Option<(meta::Owner, Name, Owner)>,
}

impl<'a> Owners<'a> {
    pub fn new(cluster: &'a ClusterFacts) -> Owners<'a> {
        Owners { cluster, last: None }
    }

    pub fn of(&mut self, pod: &Pod) -> Owner {
        let Some(direct) = &pod.meta.owner else { return Owner::Pod };
        if let Some((last, namespace, owner)) = &self.last
            && last == direct
            && *namespace == pod.meta.namespace
        {
            return owner.clone();
        }
        let owner = self.climb(direct, pod);
        self.last = Some((direct.clone(), pod.meta.namespace.clone(), owner.clone()));
        owner
    }

    fn climb(&self, direct: &meta::Owner, pod: &Pod) -> Owner {
        let namespace = &pod.meta.namespace;
        match WorkloadKind::from_word(&direct.kind) {
            Some(WorkloadKind::ReplicaSet) => match find(&self.cluster.replica_sets, namespace, &direct.name) {
                Some(set) => top(set, WorkloadKind::ReplicaSet),
                // A deployment names its replica sets NAME-HASH and labels their pods with the hash.
                None => match pod
                    .meta
                    .labels
                    .get("pod-template-hash")
                    .and_then(|hash| direct.name.strip_suffix(hash.as_str())?.strip_suffix('-').map(Name::from))
                {
                    Some(deployment) => Owner::Workload(WorkloadKind::Deployment, deployment),
                    None => Owner::Workload(WorkloadKind::ReplicaSet, direct.name.clone()),
                },
            },
            Some(WorkloadKind::Job) => match find(&self.cluster.jobs, namespace, &direct.name) {
                Some(job) => top(job, WorkloadKind::Job),
                None => Owner::Workload(WorkloadKind::Job, direct.name.clone()),
            },
            Some(kind) => Owner::Workload(kind, direct.name.clone()),
            None => Owner::Other(direct.kind.clone(), direct.name.clone()),
        }
    }
}

/// The owner of a replica set or job, or itself.
fn top(workload: &Workload, kind: WorkloadKind) -> Owner {
    match &workload.meta.owner {
        Some(owner) => match WorkloadKind::from_word(&owner.kind) {
            Some(kind) => Owner::Workload(kind, owner.name.clone()),
            None => Owner::Other(owner.kind.clone(), owner.name.clone()),
        },
        None => Owner::Workload(kind, workload.meta.name.clone()),
    }
}

/// The workload of a namespace and name in a list that was read to its end (it is sorted then).
pub fn find<'a>(listing: &'a Listing<Workload>, namespace: &str, name: &str) -> Option<&'a Workload> {
    let items = listing.items();
    let wanted = (namespace, name);
    let at = items.binary_search_by(|it| (it.meta.namespace.as_str(), it.meta.name.as_str()).cmp(&wanted)).ok()?;
    Some(&items[at])
}
