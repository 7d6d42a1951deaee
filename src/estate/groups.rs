//! Pods that are alike share a row: same owner, same account, same identity.

use std::sync::Arc;

use crate::base::Name;
use crate::identity::alike::{Alike, alike};
use crate::identity::resolve::PodIdentity;
use crate::identity::{Identity, Owner};
use crate::model::{EntityKey, Kind};

use super::problem::Severity;

/// One row of the Explorer: the pods of one owner that carry the same identities, or a workload without pods.
#[derive(Clone, Debug)]
pub struct Group {
    /// The owner's address; for pods that differ from their siblings, and for bare pods, that of the first pod.
    pub key: EntityKey,
    pub cluster: Name,
    pub namespace: Name,
    /// Name of the owner, or of the pod.
    pub name: Name,
    pub owner: Owner,
    pub service_account: Name,
    /// Positions in [`super::Estate::pods`], ascending. A predicted group has one entry without a pod.
    pub members: Vec<u32>,
    /// No pod runs: what a new pod would get.
    pub predicted: bool,
    /// These pods differ from most of their siblings.
    pub deviates: bool,
    /// Identity of the main container, the first ordinary one.
    pub identity: Arc<Identity>,
    /// Containers of one pod do not all have the same identity.
    pub mixed: bool,
    /// How many problems the group has, and the worst.
    pub problems: u32,
    pub worst: Option<Severity>,
}

impl Group {
    /// Pods in the group; 0 when it is predicted.
    pub fn count(&self) -> usize {
        if self.predicted { 0 } else { self.members.len() }
    }

    pub fn account_key(&self) -> EntityKey {
        EntityKey::namespaced(Kind::ServiceAccount, &self.cluster, &self.namespace, &self.service_account)
    }
}

/// Groups all pods. `pods` is in estate order; cost is one hash per pod.
pub(super) fn group(pods: &[PodIdentity]) -> Vec<Group> {
    alike(pods).into_iter().filter_map(|it| new_group(pods, it)).collect()
}

fn new_group(pods: &[PodIdentity], alike: Alike) -> Option<Group> {
    let entry = pods.get(*alike.members.first()? as usize)?;
    let main = entry.main()?;
    Some(Group {
        key: alike.key,
        cluster: entry.cluster.clone(),
        namespace: entry.namespace.clone(),
        name: entry.owner_name().clone(),
        owner: entry.owner.clone(),
        service_account: entry.spec.service_account.clone(),
        members: alike.members,
        predicted: entry.pod.is_none(),
        deviates: alike.deviates,
        identity: Arc::clone(main),
        mixed: entry.containers.iter().any(|it| it.identity != main.identity),
        problems: 0,
        worst: None,
    })
}
