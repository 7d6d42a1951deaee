//! `rolewalk list roles`: one row a role of the input, service-linked and reserved ones too (protocols.md section 6).

use serde::Serialize;

use crate::analysis::query::Field;
use crate::analysis::roles;
use crate::base::Name;
use crate::cli::envelope::seconds;
use crate::cli::table::Column;
use crate::estate::Estate;
use crate::iam::access::Access;
use crate::model::{EntityKey, Kind};

#[derive(Debug, Serialize)]
pub struct RoleRecord {
    pub address: String,
    pub arn: Name,
    pub path: Name,
    pub class: &'static str,
    pub access: Access,
    /// Identity policies: inline and attached.
    pub policies: usize,
    /// Their statements.
    pub statements: usize,
    pub boundary: Option<Name>,
    pub trusted_by: Vec<String>,
    /// Workloads that sign with it.
    pub used_by: usize,
    pub last_used: Option<String>,
}

type Col = Column<RoleRecord>;

pub const COLUMNS: &[Col] = &[
    Col::new("address", |it| it.address.clone()).named(),
    Col::new("arn", |it| it.arn.to_string()).extra().field(Field::Role).named(),
    Col::new("path", |it| it.path.to_string()).extra(),
    Col::new("class", |it| it.class.to_owned()),
    Col::new("access", |it| it.access.to_string()),
    Col::new("policies", |it| it.policies.to_string()).extra(),
    Col::new("statements", |it| it.statements.to_string()).extra(),
    Col::new("boundary", |it| it.boundary.as_ref().map_or_else(String::new, ToString::to_string)).extra(),
    Col::new("trusted_by", |it| it.trusted_by.join(" ")),
    Col::new("used_by", |it| it.used_by.to_string()).field(Field::Pods),
    Col::new("last_used", |it| it.last_used.clone().unwrap_or_default()),
];

/// By account and name.
pub fn rows(estate: &Estate) -> Vec<RoleRecord> {
    let of = |summary: roles::Summary| {
        let role = summary.role;
        let key = EntityKey::scoped(Kind::Role, &role.account, &role.name);
        let users = estate.graph().used_by(&key);
        RoleRecord {
            address: key.to_string(),
            arn: role.arn.clone(),
            path: role.path.clone(),
            class: summary.class.as_str(),
            access: summary.access,
            policies: role.inline.len() + role.attached.len(),
            statements: summary.statements,
            boundary: role.boundary.clone(),
            trusted_by: summary.trusted_by,
            used_by: users.iter().filter(|it| it.kind.is_signature() && it.key.kind != Kind::ServiceAccount).count(),
            last_used: role.last_used.as_ref().and_then(|it| it.at).map(seconds),
        }
    };
    roles::all(&estate.inventory).into_iter().map(of).collect()
}
