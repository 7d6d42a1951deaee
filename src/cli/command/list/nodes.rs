//! `rolewalk list nodes`: one row a node, with the role its pods could fall to and who can reach it.

use serde::Serialize;

use crate::analysis::query::Field;
use crate::base::Name;
use crate::cli::table::Column;
use crate::estate::Estate;
use crate::identity::instance::{NodeRole, Nodes};
use crate::model::{EntityKey, Kind};

#[derive(Debug, Serialize)]
pub struct NodeRecord {
    pub address: String,
    pub cluster: Name,
    pub node: Name,
    pub kind: &'static str,
    pub instance: Option<String>,
    pub role: Option<Name>,
    /// The role is that of the live instance; false when it is only what was configured.
    pub live: bool,
    pub tokens_required: Option<bool>,
    pub hop_limit: Option<i64>,
    pub metadata_endpoint: Option<bool>,
    /// A ready Pod Identity agent runs there: `yes`, `no`, `unknown`.
    pub agent: &'static str,
    pub pods: usize,
}

type Col = Column<NodeRecord>;

pub const COLUMNS: &[Col] = &[
    Col::new("cluster", |it| it.cluster.to_string()),
    Col::new("node", |it| it.node.to_string()).field(Field::Node).named(),
    Col::new("kind", |it| it.kind.to_owned()),
    Col::new("instance", |it| it.instance.clone().unwrap_or_default()).extra().named(),
    Col::new("role", |it| it.role.as_ref().map_or_else(String::new, ToString::to_string)).field(Field::Role).named(),
    Col::new("live", |it| it.live.to_string()).extra(),
    Col::new("tokens", |it| {
        it.tokens_required.map_or("", |required| if required { "required" } else { "optional" }).to_owned()
    }),
    Col::new("hops", |it| it.hop_limit.map_or_else(String::new, |hops| hops.to_string())).field(Field::Hops),
    Col::new("endpoint", |it| it.metadata_endpoint.map_or("", |on| if on { "enabled" } else { "disabled" }).to_owned())
        .extra(),
    Col::new("agent", |it| it.agent.to_owned()),
    Col::new("pods", |it| it.pods.to_string()).field(Field::Pods),
    Col::new("address", |it| it.address.clone()).extra(),
];

pub fn rows(estate: &Estate) -> Vec<NodeRecord> {
    let mut rows = Vec::new();
    for cluster in estate.inventory.clusters.values() {
        let nodes = Nodes::new(&estate.inventory, cluster);
        let mut pods: rustc_hash::FxHashMap<&Name, usize> = rustc_hash::FxHashMap::default();
        cluster.pods.iter().for_each(|pod| *pods.entry(&pod.node).or_default() += 1);
        for node in &cluster.nodes {
            let class = nodes.of(&node.meta.name);
            let options = class.metadata.as_ref();
            rows.push(NodeRecord {
                address: EntityKey::scoped(Kind::Node, &cluster.label, &node.meta.name).to_string(),
                cluster: cluster.label.clone(),
                node: node.meta.name.clone(),
                kind: class.kind.title(),
                instance: node.instance_id().map(str::to_owned),
                role: class.role.arn().cloned(),
                live: matches!(class.role, NodeRole::Known(_)),
                tokens_required: options.map(|it| it.tokens_required),
                hop_limit: options.map(|it| it.hop_limit),
                metadata_endpoint: options.map(|it| it.endpoint),
                agent: if class.agent.is_yes() {
                    "yes"
                } else if class.agent.is_no() {
                    "no"
                } else {
                    "unknown"
                },
                pods: pods.get(&node.meta.name).copied().unwrap_or_default(),
            });
        }
    }
    rows
}
