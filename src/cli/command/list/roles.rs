//! `rolewalk list roles`: one row a role of the input, service-linked and reserved ones too.

use serde::Serialize;

use crate::analysis::query::Field;
use crate::base::Name;
use crate::cli::envelope::seconds;
use crate::cli::table::Column;
use crate::estate::Estate;
use crate::graph::EdgeKind;
use crate::model::{EntityKey, Kind};

#[derive(Debug, Serialize)]
pub struct RoleRecord {
    pub address: String,
    pub arn: Name,
    pub path: Name,
    /// Identity policies: inline and attached.
    pub policies: usize,
    pub boundary: Option<Name>,
    /// Workloads that sign with it.
    pub used_by: usize,
    pub last_used: Option<String>,
}

type Col = Column<RoleRecord>;

pub const COLUMNS: &[Col] = &[
    Col::new("address", |it| it.address.clone()).named(),
    Col::new("arn", |it| it.arn.to_string()).extra().field(Field::Role).named(),
    Col::new("path", |it| it.path.to_string()).extra(),
    Col::new("policies", |it| it.policies.to_string()),
    Col::new("boundary", |it| it.boundary.as_ref().map_or_else(String::new, ToString::to_string)),
    Col::new("used_by", |it| it.used_by.to_string()).field(Field::Pods),
    Col::new("last_used", |it| it.last_used.clone().unwrap_or_default()),
];

pub fn rows(estate: &Estate) -> Vec<RoleRecord> {
    let mut rows = Vec::new();
    for account in estate.inventory.accounts.values() {
        for role in &account.roles {
            let key = EntityKey::scoped(Kind::Role, &account.id, &role.name);
            let users = estate.graph.used_by(&key);
            rows.push(RoleRecord {
                address: key.to_string(),
                arn: role.arn.clone(),
                path: role.path.clone(),
                policies: role.inline.len() + role.attached.len(),
                boundary: role.boundary.clone(),
                used_by: users.iter().filter(|it| matches!(it.edge.kind, EdgeKind::SignsWith(_))).count(),
                last_used: role.last_used.as_ref().and_then(|it| it.at).map(seconds),
            });
        }
    }
    rows
}
