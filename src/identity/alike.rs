//! Pods that are alike: same owner, same identities. They share a row of the Explorer and a node of the graph.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::Name;
use crate::model::{EntityKey, Kind};

use super::resolve::PodIdentity;
use super::{Identity, Owner};

/// Pods of one owner that carry the same identities, or a workload without pods.
#[derive(Clone, Debug)]
pub struct Alike {
    /// The owner's address; for pods that differ from most of their siblings, and for bare pods, that of the first pod.
    pub key: EntityKey,
    /// Positions among all pods, ascending.
    pub members: Vec<u32>,
    /// These pods differ from most of their siblings.
    pub deviates: bool,
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

/// Groups all pods, which are in estate order; cost is one hash per pod. Pods without containers are left out.
pub fn alike(pods: &[PodIdentity]) -> Vec<Alike> {
    let mut groups: Vec<Alike> = Vec::new();
    let mut rows: FxHashMap<Row<'_>, usize> = FxHashMap::default();
    for (at, entry) in pods.iter().enumerate() {
        let at = u32::try_from(at).expect("fewer than four thousand million pods");
        if entry.main().is_none() {
            continue;
        }
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
            groups.push(Alike { key: entry.owner_key(), members: Vec::new(), deviates: false });
            groups.len() - 1
        });
        groups[position].members.push(at);
    }
    name_deviants(&mut groups, pods);
    groups
}

/// Of several groups of one owner the largest keeps the owner's address; the others go by their first pod.
fn name_deviants(groups: &mut [Alike], pods: &[PodIdentity]) {
    let mut largest: FxHashMap<EntityKey, usize> = FxHashMap::default();
    for (at, group) in groups.iter().enumerate() {
        let best = largest.entry(group.key.clone()).or_insert(at);
        if groups[*best].members.len() < group.members.len() {
            *best = at;
        }
    }
    for (at, group) in groups.iter_mut().enumerate() {
        if largest[&group.key] != at
            && let Some(first) = group.members.first().map(|at| &pods[*at as usize])
            && let Some(pod) = &first.pod
        {
            group.key = EntityKey::namespaced(Kind::Pod, &first.cluster, &pod.meta.namespace, &pod.meta.name);
            group.deviates = true;
        }
    }
}
