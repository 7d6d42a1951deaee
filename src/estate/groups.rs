//! Pods that are alike share a row: same owner, same account, same identity.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::Name;
use crate::identity::resolve::PodIdentity;
use crate::identity::{Identity, Owner};
use crate::model::facts::pod::Pod;
use crate::model::{EntityKey, Inventory, Kind};

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

/// What distinguishes two rows.
#[derive(PartialEq, Eq, Hash)]
struct Row<'a> {
    cluster: &'a Name,
    namespace: &'a Name,
    owner: &'a Owner,
    /// A pod that nobody owns stands alone.
    bare: Option<&'a Name>,
    /// Pods that are alike share one list of identities.
    identities: *const Arc<Identity>,
    predicted: bool,
}

/// Groups all pods. `pods` is in estate order; cost is one hash per pod.
pub(super) fn group(_: &Inventory, pods: &[PodIdentity]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    // What distinguishes two rows: the owner, and the shared list of identities (one allocation for pods alike).
    let mut rows: FxHashMap<Row<'_>, usize> = FxHashMap::default();
    for (at, entry) in pods.iter().enumerate() {
        let at = u32::try_from(at).expect("fewer than four thousand million pods");
        let Some(main) = entry.main() else { continue };
        let bare = match entry.owner {
            Owner::Pod => entry.pod.as_ref().map(|pod| &pod.meta.name),
            _ => None,
        };
        let row = Row {
            cluster: &entry.cluster,
            namespace: &entry.namespace,
            owner: &entry.owner,
            bare,
            identities: entry.containers.as_ptr(),
            predicted: entry.pod.is_none(),
        };
        let position = *rows.entry(row).or_insert_with(|| {
            groups.push(new_group(entry, main));
            groups.len() - 1
        });
        groups[position].members.push(at);
    }
    name_deviants(&mut groups, pods);
    groups
}

fn new_group(entry: &PodIdentity, main: &Arc<Identity>) -> Group {
    Group {
        key: entry.owner_key(),
        cluster: entry.cluster.clone(),
        namespace: entry.namespace.clone(),
        name: entry.owner_name().clone(),
        owner: entry.owner.clone(),
        service_account: entry.spec.service_account.clone(),
        members: Vec::new(),
        predicted: entry.pod.is_none(),
        deviates: false,
        identity: Arc::clone(main),
        mixed: entry.containers.iter().any(|it| it.identity != main.identity),
        problems: 0,
        worst: None,
    }
}

/// Of several groups of one owner the largest keeps the owner's address; the others go by their first pod.
fn name_deviants(groups: &mut [Group], pods: &[PodIdentity]) {
    let mut largest: FxHashMap<EntityKey, usize> = FxHashMap::default();
    for (at, group) in groups.iter().enumerate() {
        let best = largest.entry(group.key.clone()).or_insert(at);
        if groups[*best].members.len() < group.members.len() {
            *best = at;
        }
    }
    for (at, group) in groups.iter_mut().enumerate() {
        if largest[&group.key] != at
            && let Some(pod) = group.members.first().and_then(|at| pods[*at as usize].pod.as_ref())
        {
            group.key = key_of(&group.cluster, pod);
            group.deviates = true;
        }
    }
}

fn key_of(cluster: &Name, pod: &Pod) -> EntityKey {
    super::pod_key(cluster, pod)
}
