//! `rolewalk list pods`: one row a pod, with the identity of its main container.

use serde::Serialize;

use crate::analysis::query::Field;
use crate::base::Name;
use crate::cli::envelope::seconds;
use crate::cli::table::Column;
use crate::estate::{Estate, pod_key};

use super::identities::code;

#[derive(Debug, Serialize)]
pub struct PodRecord {
    pub address: String,
    pub cluster: Name,
    pub namespace: Name,
    pub pod: Name,
    pub workload: String,
    pub service_account: Name,
    pub node: Name,
    pub phase: &'static str,
    pub ready: bool,
    pub created: Option<String>,
    pub containers: usize,
    pub source: &'static str,
    pub role: Option<Name>,
    pub verdict: &'static str,
}

type Col = Column<PodRecord>;

pub const COLUMNS: &[Col] = &[
    Col::new("cluster", |it| it.cluster.to_string()),
    Col::new("namespace", |it| it.namespace.to_string()).field(Field::Ns).named(),
    Col::new("pod", |it| it.pod.to_string()).field(Field::Pod).named(),
    Col::new("workload", |it| it.workload.clone()).extra().field(Field::Workload).named(),
    Col::new("service_account", |it| it.service_account.to_string()).field(Field::Sa).named(),
    Col::new("node", |it| it.node.to_string()).extra().field(Field::Node),
    Col::new("phase", |it| it.phase.to_owned()).field(Field::Status),
    Col::new("ready", |it| it.ready.to_string()).extra(),
    Col::new("created", |it| it.created.clone().unwrap_or_default()).extra(),
    Col::new("containers", |it| it.containers.to_string()).extra(),
    Col::new("source", |it| it.source.to_owned()).field(Field::Mech),
    Col::new("mech", |it| code(it.source).to_owned()).extra().field(Field::Mech),
    Col::new("role", |it| it.role.as_ref().map_or_else(String::new, ToString::to_string)).field(Field::Role).named(),
    Col::new("verdict", |it| it.verdict.to_owned()).field(Field::Verdict),
    Col::new("address", |it| it.address.clone()).extra(),
];

pub fn rows(estate: &Estate) -> Vec<PodRecord> {
    let of = |entry: &crate::identity::resolve::PodIdentity| {
        let (pod, main) = (entry.pod.as_ref()?, entry.main()?);
        Some(PodRecord {
            address: pod_key(&entry.cluster, pod).to_string(),
            cluster: entry.cluster.clone(),
            namespace: entry.namespace.clone(),
            pod: pod.meta.name.clone(),
            workload: entry.workload(),
            service_account: entry.spec.service_account.clone(),
            node: pod.node.clone(),
            phase: pod.phase.word(),
            ready: pod.ready,
            created: pod.meta.created.map(seconds),
            containers: entry.spec.containers.len(),
            source: main.identity.source.word(),
            role: main.identity.role.clone(),
            verdict: main.verdict.word(),
        })
    };
    estate.pods.iter().filter_map(of).collect()
}
