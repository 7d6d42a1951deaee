//! `rolewalk list sharing`: one row a role that several service accounts sign with, the widest spread first.

use serde::Serialize;

use crate::analysis::query::Field;
use crate::analysis::sharing;
use crate::base::Name;
use crate::cli::table::Column;
use crate::estate::Estate;
use crate::model::EntityKey;

#[derive(Debug, Serialize)]
pub struct SharingRecord {
    /// Null where the ARN is no role's.
    pub address: Option<String>,
    pub role: Name,
    pub clusters: usize,
    pub namespaces: usize,
    /// Addresses of the service accounts, sorted.
    pub accounts: Vec<String>,
    pub pods: usize,
    /// The ways in which they come to it.
    pub via: Vec<&'static str>,
}

type Col = Column<SharingRecord>;

pub const COLUMNS: &[Col] = &[
    Col::new("role", |it| it.role.to_string()).field(Field::Role).named(),
    Col::new("clusters", |it| it.clusters.to_string()),
    Col::new("namespaces", |it| it.namespaces.to_string()),
    Col::new("accounts", |it| it.accounts.len().to_string()),
    Col::new("pods", |it| it.pods.to_string()).field(Field::Pods),
    Col::new("via", |it| it.via.join(" ")),
    Col::new("who", |it| it.accounts.join(" ")).field(Field::Sa).named(),
    Col::new("address", |it| it.address.clone().unwrap_or_default()).extra(),
];

pub fn rows(estate: &Estate) -> Vec<SharingRecord> {
    let record = |it: sharing::SharedRole| SharingRecord {
        address: EntityKey::role(&it.role).map(|key| key.to_string()),
        clusters: it.clusters,
        namespaces: it.namespaces,
        accounts: it.accounts.iter().map(ToString::to_string).collect(),
        pods: it.pods,
        via: it.via,
        role: it.role,
    };
    sharing::roles(&estate.pods).into_iter().map(record).collect()
}
