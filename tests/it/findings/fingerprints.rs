//! What somebody accepted stays accepted: fingerprints survive new pods, another order of the rows, and more workloads.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use rolewalk::base::Name;
use rolewalk::findings::{self, Finding, rules};
use rolewalk::identity::resolve;
use rolewalk::ingest::{self, Options};
use rolewalk::model::facts::meta::Owner;
use rolewalk::model::facts::pod::{Phase, Pod, PodSpec};
use rolewalk::model::facts::workload::{Namespace, ServiceAccount};
use rolewalk::model::{ClusterFacts, Inventory};
use rolewalk::testing::estate_text::estate;
use serde_json::Value;

use super::applier::{meta, place};
use super::worlds::worlds;
use super::{cases, pods};
use crate::testbed;

fn found(inventory: &Inventory) -> Vec<Finding> {
    findings::run(inventory, &resolve::all(inventory)).all
}

fn prints(findings: &[Finding]) -> BTreeSet<(String, String)> {
    findings.iter().map(|it| (format!("{} {}", it.rule.id, it.subject), it.fingerprint.clone())).collect()
}

/// What has another fingerprint now, or is gone.
fn lost(before: &[Finding], after: &[Finding]) -> Vec<String> {
    let after = prints(after);
    prints(before).into_iter().filter(|it| !after.contains(it)).map(|it| it.0).collect()
}

fn change(inventory: &mut Inventory, change: impl Fn(&mut ClusterFacts)) {
    inventory.clusters.values_mut().for_each(|cluster| change(Arc::make_mut(cluster)));
}

/// Every replica set and every pod of one gets another hash, as a rollout gives it.
fn rename(cluster: &mut ClusterFacts) {
    let new =
        |name: &str| name.rsplit_once('-').map_or_else(|| name.into(), |it| Name::from(format!("{}-7f7f7f7f7f", it.0)));
    for set in cluster.replica_sets.items_mut() {
        let set = Arc::make_mut(set);
        set.meta.name = new(&set.meta.name);
    }
    cluster.replica_sets.items_mut().sort_by(|a, b| place(&a.meta).cmp(&place(&b.meta)));
    for (at, pod) in cluster.pods.items_mut().iter_mut().enumerate() {
        let by_set = pod.meta.owner.as_ref().is_some_and(|it| matches!(it.kind.as_str(), "ReplicaSet" | "DaemonSet"));
        if !by_set {
            continue;
        }
        let pod = Arc::make_mut(pod);
        let owner = pod.meta.owner.as_mut().expect("it has one");
        if owner.kind == "ReplicaSet" {
            owner.name = new(&owner.name);
        }
        pod.meta.name = format!("{}-zz{at}", owner.name).into();
    }
    cluster.pods.items_mut().sort_by(|a, b| place(&a.meta).cmp(&place(&b.meta)));
}

/// A workload in a namespace of its own, on the first node.
fn extend(cluster: &mut ClusterFacts) {
    let node = cluster.nodes.iter().next().map(|it| it.meta.name.clone()).unwrap_or_default();
    let account = ServiceAccount { meta: meta("zz-unrelated", "default"), automount_token: None, secrets: vec![] };
    cluster.service_accounts.items_mut().push(account.into());
    cluster.namespaces.items_mut().push(Namespace { meta: meta("", "zz-unrelated") }.into());
    let owner = Owner { kind: "StatefulSet".into(), name: "extra".into(), uid: Name::default() };
    let mut meta = meta("zz-unrelated", "extra-0");
    meta.owner = Some(owner);
    let spec = Arc::new(PodSpec { service_account: "default".into(), ..PodSpec::default() });
    pods::add(cluster, Pod { meta, spec, node, phase: Phase::Running, ready: true });
}

#[test]
fn fingerprints_survive_new_names_of_pods() {
    for (size, world) in worlds() {
        let mut inventory = world.inventory.clone();
        change(&mut inventory, rename);
        assert_eq!(lost(&world.found.all, &found(&inventory)), Vec::<String>::new(), "{size}");
    }
}

#[test]
fn fingerprints_survive_an_unrelated_workload() {
    for (size, world) in worlds() {
        let mut inventory = world.inventory.clone();
        change(&mut inventory, extend);
        assert_eq!(lost(&world.found.all, &found(&inventory)), Vec::<String>::new(), "{size}");
    }
}

#[test]
fn fingerprints_of_every_example_survive_new_pods_and_an_unrelated_workload() {
    let mut lost_by = Vec::new();
    for entry in rules::ALL {
        let mut inventory = estate(&cases::example(&entry.rule.slug.replace('-', "_")));
        let before: Vec<Finding> = found(&inventory).into_iter().filter(|it| it.rule.id == entry.rule.id).collect();
        change(&mut inventory, rename);
        change(&mut inventory, extend);
        lost_by.extend(lost(&before, &found(&inventory)));
    }
    assert_eq!(lost_by, Vec::<String>::new());
}

#[test]
fn fingerprints_survive_another_order_of_the_rows() {
    let Some(world) = testbed::world("small", 1) else { return };
    let turned = tempfile::tempdir().unwrap();
    copy_turned(&world, turned.path());
    let load = |directory: &Path| found(&ingest::load(directory, Options::default()).unwrap());
    let (before, after) = (load(&world), load(turned.path()));
    assert_eq!(prints(&before), prints(&after));
}

/// Copies a world with the rows of its lists in the opposite order.
fn copy_turned(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_turned(&path, &target);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let turned = if path.extension().is_some_and(|it| it == "jsonl") {
            text.lines().rev().map(|line| format!("{line}\n")).collect()
        } else {
            let mut value: Value = serde_json::from_str(&text).unwrap();
            let lists = value.as_object_mut().into_iter().flat_map(|it| it.values_mut());
            lists.filter_map(Value::as_array_mut).for_each(|it| it.reverse());
            value.to_string()
        };
        std::fs::write(&target, turned).unwrap();
    }
}
