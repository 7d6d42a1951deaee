//! `rolewalk list associations`: one row a Pod Identity association.

use serde::Serialize;

use crate::analysis::query::Field;
use crate::base::Name;
use crate::cli::envelope::seconds;
use crate::cli::table::Column;
use crate::estate::Estate;
use crate::model::{EntityKey, Kind};

#[derive(Debug, Serialize)]
pub struct AssociationRecord {
    pub address: String,
    pub cluster: Name,
    pub namespace: Name,
    pub service_account: Name,
    pub id: Name,
    /// Null when the association was listed but not described.
    pub role: Option<Name>,
    pub target_role: Option<Name>,
    pub session_tags: Option<bool>,
    pub created: Option<String>,
    pub modified: Option<String>,
}

type Col = Column<AssociationRecord>;

pub const COLUMNS: &[Col] = &[
    Col::new("cluster", |it| it.cluster.to_string()),
    Col::new("namespace", |it| it.namespace.to_string()).field(Field::Ns).named(),
    Col::new("service_account", |it| it.service_account.to_string()).field(Field::Sa).named(),
    Col::new("id", |it| it.id.to_string()).named(),
    Col::new("role", |it| text(it.role.as_ref())).field(Field::Role).named(),
    Col::new("target_role", |it| text(it.target_role.as_ref())).named(),
    Col::new("session_tags", |it| it.session_tags.map_or("", |on| if on { "on" } else { "off" }).to_owned()).extra(),
    Col::new("created", |it| it.created.clone().unwrap_or_default()).extra(),
    Col::new("modified", |it| it.modified.clone().unwrap_or_default()).extra(),
    Col::new("address", |it| it.address.clone()).extra(),
];

fn text(name: Option<&Name>) -> String {
    name.map_or_else(String::new, ToString::to_string)
}

/// By cluster, namespace, service account.
pub fn rows(estate: &Estate) -> Vec<AssociationRecord> {
    let mut rows = Vec::new();
    for cluster in estate.inventory.clusters.values() {
        let mut ids: std::collections::BTreeMap<&Name, _> = std::collections::BTreeMap::new();
        for association in cluster.association_list.iter().chain(cluster.associations.iter()) {
            ids.insert(&association.id, association);
        }
        for association in ids.into_values() {
            let details = association.details.as_ref();
            rows.push(AssociationRecord {
                address: EntityKey::scoped(Kind::Association, &cluster.label, &association.id).to_string(),
                cluster: cluster.label.clone(),
                namespace: association.namespace.clone(),
                service_account: association.service_account.clone(),
                id: association.id.clone(),
                role: details.map(|it| it.role.clone()),
                target_role: details.and_then(|it| it.target_role.clone()),
                session_tags: details.map(|it| !it.disable_session_tags),
                created: details.and_then(|it| it.created).map(seconds),
                modified: details.and_then(|it| it.modified).map(seconds),
            });
        }
    }
    rows.sort_by(|a, b| {
        (&a.cluster, &a.namespace, &a.service_account, &a.id).cmp(&(
            &b.cluster,
            &b.namespace,
            &b.service_account,
            &b.id,
        ))
    });
    rows
}
