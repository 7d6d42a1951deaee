//! `rolewalk list sa`: one row a service account, with what it declares and who runs as it.

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::analysis::query::Field;
use crate::base::Name;
use crate::cli::table::Column;
use crate::estate::Estate;
use crate::identity::injection::{Associations, declared};
use crate::model::{EntityKey, Kind};

#[derive(Debug, Serialize)]
pub struct AccountRecord {
    pub address: String,
    pub cluster: Name,
    pub namespace: Name,
    pub service_account: Name,
    /// What annotation or association ask for now: `irsa`, `pod-identity`, `gke`, `azure`, `unknown`; null for nothing.
    pub declared: Option<&'static str>,
    pub role: Option<Name>,
    /// Pods that run as it.
    pub pods: usize,
}

type Col = Column<AccountRecord>;

pub const COLUMNS: &[Col] = &[
    Col::new("cluster", |it| it.cluster.to_string()),
    Col::new("namespace", |it| it.namespace.to_string()).field(Field::Ns).named(),
    Col::new("service_account", |it| it.service_account.to_string()).field(Field::Sa).named(),
    Col::new("declared", |it| it.declared.unwrap_or_default().to_owned()).field(Field::Mech),
    Col::new("role", |it| it.role.as_ref().map_or_else(String::new, ToString::to_string)).field(Field::Role).named(),
    Col::new("pods", |it| it.pods.to_string()).field(Field::Pods),
    Col::new("address", |it| it.address.clone()).extra(),
];

pub fn rows(estate: &Estate) -> Vec<AccountRecord> {
    let mut users: FxHashMap<(&Name, &Name, &Name), usize> = FxHashMap::default();
    for entry in estate.pods.iter().filter(|entry| entry.pod.is_some()) {
        *users.entry((&entry.cluster, &entry.namespace, &entry.spec.service_account)).or_default() += 1;
    }
    let mut rows = Vec::new();
    for cluster in estate.inventory.clusters.values() {
        let associations = Associations::new(cluster);
        for account in &cluster.service_accounts {
            let (namespace, name) = (&account.meta.namespace, &account.meta.name);
            let credential = declared(cluster, &associations, namespace, name).credential();
            let key = EntityKey::namespaced(Kind::ServiceAccount, &cluster.label, namespace, name);
            rows.push(AccountRecord {
                address: key.to_string(),
                cluster: cluster.label.clone(),
                namespace: namespace.clone(),
                service_account: name.clone(),
                declared: credential.as_ref().map(|it| it.source.word()),
                role: credential.and_then(|it| it.role),
                pods: users.get(&(&cluster.label, namespace, name)).copied().unwrap_or_default(),
            });
        }
    }
    rows
}
