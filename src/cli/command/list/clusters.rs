//! `rolewalk list clusters`: one row a cluster, with how much of it was read.

use serde::Serialize;

use crate::base::Name;
use crate::cli::table::Column;
use crate::estate::Estate;
use crate::model::{Arn, EntityKey, Kind};

#[derive(Debug, Serialize)]
pub struct ClusterRecord {
    pub address: String,
    pub cluster: Name,
    pub arn: Option<Name>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub version: Option<Name>,
    pub issuer: Option<Name>,
    pub authentication_mode: Option<Name>,
    pub pods: usize,
    pub service_accounts: usize,
    pub nodes: usize,
    pub associations: usize,
}

type Col = Column<ClusterRecord>;

pub const COLUMNS: &[Col] = &[
    Col::new("cluster", |it| it.cluster.to_string()).named(),
    Col::new("account", |it| it.account.clone().unwrap_or_default()),
    Col::new("region", |it| it.region.clone().unwrap_or_default()),
    Col::new("version", |it| text(it.version.as_ref())),
    Col::new("mode", |it| text(it.authentication_mode.as_ref())),
    Col::new("pods", |it| it.pods.to_string()),
    Col::new("service_accounts", |it| it.service_accounts.to_string()),
    Col::new("nodes", |it| it.nodes.to_string()),
    Col::new("associations", |it| it.associations.to_string()),
    Col::new("issuer", |it| text(it.issuer.as_ref())).extra(),
    Col::new("arn", |it| text(it.arn.as_ref())).extra().named(),
    Col::new("address", |it| it.address.clone()).extra(),
];

fn text(name: Option<&Name>) -> String {
    name.map_or_else(String::new, ToString::to_string)
}

pub fn rows(estate: &Estate) -> Vec<ClusterRecord> {
    let of = |cluster: &std::sync::Arc<crate::model::ClusterFacts>| {
        let described = cluster.description();
        let arn = described.and_then(|it| Arn::parse(&it.arn));
        let said = |name: &Name| (!name.is_empty()).then(|| name.clone());
        ClusterRecord {
            address: EntityKey::plain(Kind::Cluster, &cluster.label).to_string(),
            cluster: cluster.label.clone(),
            arn: described.map(|it| it.arn.clone()),
            account: arn.map(|it| it.account.to_owned()),
            region: arn.map(|it| it.region.to_owned()),
            version: described.and_then(|it| said(&it.version)),
            issuer: described.and_then(|it| said(&it.issuer)),
            authentication_mode: described.and_then(|it| said(&it.authentication_mode)),
            pods: cluster.pods.len(),
            service_accounts: cluster.service_accounts.len(),
            nodes: cluster.nodes.len(),
            associations: cluster.association_list.len().max(cluster.associations.len()),
        }
    };
    estate.inventory.clusters.values().map(of).collect()
}
