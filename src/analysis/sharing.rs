//! Who shares what: roles that several service accounts sign with, and the identities that sit on one node.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::Name;
use crate::identity::Via;
use crate::identity::resolve::PodIdentity;
use crate::model::{EntityKey, Kind};

/// A role that pods of more than one service account sign with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedRole {
    pub role: Name,
    /// The service accounts, sorted.
    pub accounts: Vec<EntityKey>,
    pub clusters: usize,
    /// Of all clusters together.
    pub namespaces: usize,
    /// Running or pending.
    pub pods: usize,
    /// The ways in which they come to it, in the words of `list identities`.
    pub via: Vec<&'static str>,
}

/// Shared roles: across the most clusters first, then namespaces, then accounts. Cost: a look at each container.
pub fn roles(pods: &[PodIdentity]) -> Vec<SharedRole> {
    let mut users: BTreeMap<&Name, (BTreeSet<EntityKey>, usize, BTreeSet<&'static str>)> = BTreeMap::new();
    for entry in alive(pods) {
        let mut counted: Vec<&Name> = Vec::new();
        for identity in entry.containers.iter() {
            let Some(role) = &identity.identity.role else { continue };
            let (accounts, pods, via) = users.entry(role).or_default();
            accounts.insert(account(entry));
            via.insert(identity.identity.source.word());
            if !counted.contains(&role) {
                counted.push(role);
                *pods += 1;
            }
        }
    }
    let mut shared: Vec<SharedRole> = users
        .into_iter()
        .filter(|(_, (accounts, ..))| accounts.len() > 1)
        .map(|(role, (accounts, pods, via))| SharedRole {
            role: role.clone(),
            clusters: accounts.iter().map(|it| &it.scope).collect::<BTreeSet<_>>().len(),
            namespaces: accounts.iter().map(|it| (&it.scope, &it.namespace)).collect::<BTreeSet<_>>().len(),
            accounts: accounts.into_iter().collect(),
            pods,
            via: via.into_iter().collect(),
        })
        .collect();
    shared.sort_by(|a, b| {
        let order = |it: &SharedRole| (it.clusters, it.namespaces, it.accounts.len());
        order(b).cmp(&order(a)).then_with(|| a.role.cmp(&b.role))
    });
    shared
}

/// A service account on a node: whoever takes the node has its token, and the roles that the token is worth there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub node: EntityKey,
    pub account: EntityKey,
    /// Roles with the way to each, sorted; those of the node itself are not among them.
    pub roles: Vec<(Name, &'static str)>,
    pub pods: usize,
}

/// Roles with the way to each.
type Ways<'a> = BTreeSet<(&'a Name, &'static str)>;

/// Identities by node, then account. Cost: a look at each container.
pub fn tenants(pods: &[PodIdentity]) -> Vec<Tenant> {
    let mut found: BTreeMap<(EntityKey, EntityKey), (Ways<'_>, usize)> = BTreeMap::new();
    for entry in alive(pods) {
        let Some(pod) = entry.pod.as_ref().filter(|pod| !pod.node.is_empty()) else { continue };
        let node = EntityKey::scoped(Kind::Node, &entry.cluster, &pod.node);
        let (roles, count) = found.entry((node, account(entry))).or_default();
        *count += 1;
        for identity in entry.containers.iter() {
            let source = identity.identity.source;
            if let Some(role) = identity.identity.role.as_ref().filter(|_| source.word() != "node-role") {
                roles.insert((role, source.word()));
            }
            let by_token = |via: Via| matches!(via, Via::Token | Via::LatentTrust | Via::AssociationToken);
            roles.extend(identity.reachable.iter().filter(|it| by_token(it.via)).map(|it| (&it.role, it.via.word())));
        }
    }
    let mut tenants = Vec::with_capacity(found.len());
    for ((node, account), (roles, pods)) in found {
        let roles = roles.into_iter().map(|(role, via)| (role.clone(), via)).collect();
        tenants.push(Tenant { node, account, roles, pods });
    }
    tenants
}

/// Pods that may still run.
fn alive(pods: &[PodIdentity]) -> impl Iterator<Item = &PodIdentity> {
    pods.iter().filter(|entry| entry.pod.as_ref().is_some_and(|pod| !pod.phase.is_over()))
}

fn account(entry: &PodIdentity) -> EntityKey {
    EntityKey::namespaced(Kind::ServiceAccount, &entry.cluster, &entry.namespace, &entry.spec.service_account)
}
