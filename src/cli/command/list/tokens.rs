//! `rolewalk list tokens`: one row a service account on a node, with the roles that its token there is worth.

use serde::Serialize;

use crate::analysis::query::Field;
use crate::analysis::sharing;
use crate::base::Name;
use crate::cli::table::Column;
use crate::estate::Estate;

#[derive(Debug, Serialize)]
pub struct TokenRecord {
    /// The node.
    pub address: String,
    pub cluster: Name,
    pub node: Name,
    pub namespace: Name,
    pub service_account: Name,
    pub roles: Vec<TokenRole>,
    pub pods: usize,
}

#[derive(Debug, Serialize)]
pub struct TokenRole {
    pub role: Name,
    pub via: &'static str,
}

type Col = Column<TokenRecord>;

pub const COLUMNS: &[Col] = &[
    Col::new("cluster", |it| it.cluster.to_string()),
    Col::new("node", |it| it.node.to_string()).field(Field::Node).named(),
    Col::new("namespace", |it| it.namespace.to_string()).field(Field::Ns).named(),
    Col::new("service_account", |it| it.service_account.to_string()).field(Field::Sa).named(),
    Col::new("pods", |it| it.pods.to_string()).field(Field::Pods),
    Col::new("roles", |it| it.roles.iter().map(|it| it.role.as_str()).collect::<Vec<_>>().join(" "))
        .field(Field::Role)
        .named(),
    Col::new("via", |it| it.roles.iter().map(|it| it.via).collect::<Vec<_>>().join(" ")),
    Col::new("address", |it| it.address.clone()).extra(),
];

pub fn rows(estate: &Estate) -> Vec<TokenRecord> {
    let record = |it: sharing::Tenant| TokenRecord {
        address: it.node.to_string(),
        cluster: it.node.scope.clone(),
        node: it.node.name.clone(),
        namespace: it.account.namespace.clone(),
        service_account: it.account.name.clone(),
        roles: it.roles.into_iter().map(|(role, via)| TokenRole { role, via }).collect(),
        pods: it.pods,
    };
    sharing::tenants(&estate.pods).into_iter().map(record).collect()
}
