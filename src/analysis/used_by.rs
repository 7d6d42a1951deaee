//! Everything that points at a thing: who runs as it, signs with it, may mint, enter, pass or edit it, and what is
//! attached to it.

use crate::base::Truth;
use crate::graph::{EdgeKind, Neighbour};
use crate::model::{EntityKey, Kind};

use super::blast::World;

/// Sorted by kind of edge, then address.
pub fn used_by(world: World<'_>, key: &EntityKey) -> Vec<Neighbour> {
    let mut found = match key.kind {
        // Siblings share nodes, so a pod is used by what uses its group; nodes by what runs there.
        Kind::Pod => pod(world, key),
        _ => world.graph.used_by(key),
    };
    match key.kind {
        Kind::Node => runs_on(world, key, &mut found),
        Kind::Association => account_of(world, key, &mut found),
        Kind::Provider => trusting(world, key, &mut found),
        Kind::RbacRole | Kind::ClusterRole => bound(world, key, &mut found),
        _ => {}
    }
    found.sort_by(|a, b| a.kind.cmp(&b.kind).then_with(|| a.key.to_string().cmp(&b.key.to_string())));
    found.dedup();
    found
}

fn reference(key: EntityKey, kind: EdgeKind) -> Neighbour {
    Neighbour { key, kind, certainty: Truth::Yes }
}

fn pod(world: World<'_>, key: &EntityKey) -> Vec<Neighbour> {
    let entry = world.pods.iter().position(|it| {
        it.cluster == key.scope
            && it.namespace == key.namespace
            && it.pod.as_ref().is_some_and(|pod| pod.meta.name == key.name)
    });
    let group = entry.and_then(|at| world.graph.group_of(at));
    let mut found = world.graph.used_by(key);
    if let Some(group) = group.filter(|it| it.key != key) {
        found.extend(world.graph.used_by(group.key));
    }
    // Other nodes than its own run its siblings.
    let node = entry.and_then(|at| world.pods[at].pod.as_ref()).map(|pod| pod.node.clone());
    found.retain(|it| it.key.kind != Kind::Node || Some(&it.key.name) == node.as_ref());
    found
}

/// Workloads with a pod on the node.
fn runs_on(world: World<'_>, key: &EntityKey, found: &mut Vec<Neighbour>) {
    let here = world.pods.iter().filter(|it| {
        it.cluster == key.scope && it.pod.as_ref().is_some_and(|pod| pod.node == key.name && !pod.phase.is_over())
    });
    found.extend(here.map(|entry| reference(entry.owner_key(), EdgeKind::RunsOn)));
}

fn account_of(world: World<'_>, key: &EntityKey, found: &mut Vec<Neighbour>) {
    let Some(cluster) = world.inventory.clusters.get(&key.scope) else { return };
    let listed = cluster.association_list.iter().chain(&cluster.associations).filter(|it| it.id == key.name);
    found.extend(listed.map(|it| {
        let account = EntityKey::namespaced(Kind::ServiceAccount, &key.scope, &it.namespace, &it.service_account);
        reference(account, EdgeKind::Declares)
    }));
}

/// Roles whose trust policy names the provider.
fn trusting(world: World<'_>, key: &EntityKey, found: &mut Vec<Neighbour>) {
    let Some(account) = world.inventory.accounts.get(&key.scope) else { return };
    let wanted = format!("oidc-provider/{}\"", key.name);
    let roles = account.roles.iter().filter(|role| role.trust.as_ref().is_some_and(|text| text.contains(&wanted)));
    found.extend(roles.map(|role| reference(EntityKey::scoped(Kind::Role, &account.id, &role.name), EdgeKind::Trusts)));
}

/// Bindings that grant the role, and whom they grant it to.
fn bound(world: World<'_>, key: &EntityKey, found: &mut Vec<Neighbour>) {
    let Some(authorization) = world.graph.authorization(&key.scope) else { return };
    for grant in authorization.grants() {
        if authorization.roles[grant.role].key.as_ref() == Some(key) {
            found.push(Neighbour {
                key: grant.subject.key(&key.scope),
                kind: EdgeKind::Granted,
                certainty: grant.certainty,
            });
        }
    }
}
