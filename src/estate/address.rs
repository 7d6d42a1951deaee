//! Short addresses as people type them, found in the loaded data (protocols.md, "Addresses").

use crate::base::Name;
use crate::model::{EntityKey, Inventory, Kind};

use crate::model::key::Form;

/// Why an address names no single thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ambiguity {
    /// Not of the form `KIND/...`, or of an unknown kind.
    Malformed,
    /// Several things fit: their long addresses, sorted.
    Several(Vec<EntityKey>),
    /// Nothing fits. `unread` is set when what could hold it was not read whole.
    Nothing { unread: bool },
}

/// Finds the thing that a long or short address names. Input may leave out the cluster or account where only one fits;
/// a role may also be named by its ARN.
pub fn resolve_address(inventory: &Inventory, address: &str) -> Result<EntityKey, Ambiguity> {
    if address.starts_with("arn:") {
        return match EntityKey::role(address) {
            Some(key) => Ok(key),
            None => Ok(EntityKey::plain(Kind::Resource, address)),
        };
    }
    let (word, rest) = address.split_once('/').ok_or(Ambiguity::Malformed)?;
    let kind = Kind::from_word(word).ok_or(Ambiguity::Malformed)?;
    if rest.is_empty() {
        return Err(Ambiguity::Malformed);
    }
    if kind.form() == Form::Plain {
        let key = EntityKey::plain(kind, rest);
        return match kind {
            Kind::Cluster if !inventory.clusters.contains_key(rest) => Err(Ambiguity::Nothing { unread: false }),
            _ => Ok(key),
        };
    }
    let mut fitting = candidates(inventory, kind, rest);
    fitting.sort();
    fitting.dedup();
    match fitting.len() {
        1 => Ok(fitting.remove(0)),
        0 => Err(Ambiguity::Nothing { unread: inventory.coverage.gaps().next().is_some() }),
        _ => Err(Ambiguity::Several(fitting)),
    }
}

/// Things of the loaded data that the rest of an address fits.
fn candidates(inventory: &Inventory, kind: Kind, rest: &str) -> Vec<EntityKey> {
    let long = EntityKey::parse(&format!("{}/{rest}", kind.word()));
    if let Some(key) = long
        && exists(inventory, &key)
    {
        return vec![key];
    }
    let scopes: Vec<&Name> = match kind.form() {
        Form::InAccount => inventory.accounts.keys().collect(),
        _ => inventory.clusters.keys().collect(),
    };
    let separator = if kind.form() == Form::InAccount { ':' } else { '/' };
    scopes
        .into_iter()
        .filter_map(|scope| EntityKey::parse(&format!("{}/{scope}{separator}{rest}", kind.word())))
        .filter(|key| exists(inventory, key))
        .collect()
}

/// The thing is in the loaded data. Kinds without a list of their own (users, groups) exist when their cluster does.
fn exists(inventory: &Inventory, key: &EntityKey) -> bool {
    let found = |found: bool| found;
    match key.kind.form() {
        Form::Plain => true,
        Form::InAccount => inventory.accounts.get(&key.scope).is_some_and(|account| match key.kind {
            Kind::Role => found(account.roles.iter().any(|it| it.name == key.name)),
            Kind::IamUser => found(account.users.iter().any(|it| it.name == key.name)),
            Kind::Policy => found(account.policies.iter().any(|it| it.name == key.name)),
            _ => account.providers.iter().any(|it| it.url == key.name),
        }),
        _ => inventory.clusters.get(&key.scope).is_some_and(|cluster| {
            let named = |namespace: &str, name: &str| key.namespace == namespace && key.name == name;
            match key.kind {
                Kind::Node => cluster.nodes.iter().any(|it| it.meta.name == key.name),
                Kind::Namespace => cluster.namespaces.iter().any(|it| it.meta.name == key.name),
                Kind::Pod => cluster.pods.iter().any(|it| named(&it.meta.namespace, &it.meta.name)),
                Kind::Container => cluster.pods.iter().any(|it| {
                    it.meta.namespace == key.namespace
                        && it.meta.name == key.pod
                        && it.spec.containers.iter().any(|container| container.name == key.name)
                }),
                Kind::ServiceAccount => {
                    cluster.service_accounts.iter().any(|it| named(&it.meta.namespace, &it.meta.name))
                        || cluster.pods.iter().any(|it| named(&it.meta.namespace, &it.spec.service_account))
                }
                Kind::Deployment => cluster.deployments.iter().any(|it| named(&it.meta.namespace, &it.meta.name)),
                Kind::ReplicaSet => cluster.replica_sets.iter().any(|it| named(&it.meta.namespace, &it.meta.name)),
                Kind::StatefulSet => cluster.stateful_sets.iter().any(|it| named(&it.meta.namespace, &it.meta.name)),
                Kind::DaemonSet => cluster.daemon_sets.iter().any(|it| named(&it.meta.namespace, &it.meta.name)),
                Kind::Job => cluster.jobs.iter().any(|it| named(&it.meta.namespace, &it.meta.name)),
                Kind::CronJob => cluster.cron_jobs.iter().any(|it| named(&it.meta.namespace, &it.meta.name)),
                Kind::RbacRole => cluster.roles.iter().any(|it| named(&it.meta.namespace, &it.meta.name)),
                Kind::RoleBinding => cluster.role_bindings.iter().any(|it| named(&it.meta.namespace, &it.meta.name)),
                Kind::ClusterRole => cluster.cluster_roles.iter().any(|it| it.meta.name == key.name),
                Kind::ClusterRoleBinding => cluster.cluster_role_bindings.iter().any(|it| it.meta.name == key.name),
                Kind::Association => cluster.association_list.iter().any(|it| it.id == key.name),
                _ => true,
            }
        }),
    }
}
