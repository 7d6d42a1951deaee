//! Workloads whose pods do not all have the same identity (R115).

use std::sync::Arc;

use crate::model::EntityKey;

use super::answer::Identity;
use super::resolve::PodIdentity;
use super::workload::Owner;

/// A workload in more than one state.
#[derive(Clone, Debug)]
pub struct Mixed {
    pub owner: EntityKey,
    /// Identity of the main container and how many pods have it, most first.
    pub counts: Vec<(Arc<Identity>, usize)>,
}

/// Every workload whose running pods differ in the identity of their main container, in the order of `pods`.
/// `pods` is in the order of `list identities`; cost is linear but for pods that lie apart.
pub fn mixed(pods: &[PodIdentity]) -> Vec<Mixed> {
    let mut of_owner: rustc_hash::FxHashMap<EntityKey, usize> = rustc_hash::FxHashMap::default();
    let mut found: Vec<Mixed> = Vec::new();
    for entry in pods.iter().filter(|it| it.pod.is_some() && it.owner != Owner::Pod) {
        let Some(main) = entry.main() else { continue };
        let owner = entry.owner_key();
        let at = *of_owner.entry(owner.clone()).or_insert_with(|| {
            found.push(Mixed { owner, counts: Vec::new() });
            found.len() - 1
        });
        let counts = &mut found[at].counts;
        let same = |it: &Identity| {
            it.identity == main.identity && it.verdict == main.verdict && it.attempted == main.attempted
        };
        match counts.iter_mut().find(|(it, _)| Arc::ptr_eq(it, main) || same(it)) {
            Some((_, count)) => *count += 1,
            None => counts.push((Arc::clone(main), 1)),
        }
    }
    found.retain(|it| it.counts.len() > 1);
    for mixed in &mut found {
        mixed.counts.sort_by_key(|it| std::cmp::Reverse(it.1));
    }
    found
}
