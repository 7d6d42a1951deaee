//! Generated worlds: nothing of them may be lost.

use std::collections::BTreeMap;
use std::path::Path;

use rolewalk::ingest::{self, Options};
use rolewalk::model::Inventory;
use rolewalk::model::source::SourceKind;

use crate::testbed;

fn load(directory: &Path) -> Inventory {
    ingest::load(directory, Options::default()).expect("the world can be read")
}

/// Elements of the list `key` in a file, counted by a reader that knows nothing of ours.
fn elements(path: &Path, key: &str) -> u64 {
    let text = std::fs::read(path).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
    value[key].as_array().map_or(0, |list| list.len() as u64)
}

#[test]
fn every_object_of_a_world_is_read() {
    for (size, seed) in [("small", 1), ("small", 7), ("medium", 3)] {
        let Some(world) = testbed::world(size, seed) else { return };
        let inventory = load(&world);
        let gaps: Vec<String> =
            inventory.coverage.gaps().map(|gap| format!("{} {}", gap.source, gap.report.why)).collect();
        assert_eq!(gaps, Vec::<String>::new());
        assert_eq!(inventory.now, Some("2026-06-01T12:00:00Z".parse().unwrap()));

        let mut expected = BTreeMap::new();
        for (source, report) in inventory.coverage.sources() {
            let path = world.join(source.path.as_str());
            let count = match source.kind {
                SourceKind::Iam => ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"]
                    .iter()
                    .map(|list| elements(&path, list))
                    .sum(),
                kind if kind.file().ends_with(".jsonl") => {
                    std::fs::read_to_string(&path).unwrap().lines().count() as u64
                }
                kind if kind.permission().starts_with("list ") => elements(&path, "items"),
                SourceKind::InstanceProfiles => elements(&path, "InstanceProfiles"),
                SourceKind::AssociationList => elements(&path, "associations"),
                SourceKind::AccessEntryList => elements(&path, "accessEntries"),
                SourceKind::Addons => elements(&path, "addons"),
                _ => continue,
            };
            expected.insert(source.to_string(), (count, report.count));
        }
        assert!(expected.len() > 20);
        for (source, (count, read)) in expected {
            assert_eq!(count, read, "{size} {seed} {source}");
        }
    }
}

#[test]
fn one_thread_and_many_give_the_same() {
    let Some(world) = testbed::world("small", 1) else { return };
    let one = ingest::load(&world, Options { threads: Some(1), ..Options::default() }).unwrap();
    let many = ingest::load(&world, Options { threads: Some(8), ..Options::default() }).unwrap();
    assert_eq!(super::dump::inventory(&one, true), super::dump::inventory(&many, true));
}

#[test]
fn replicas_share_their_specs() {
    let Some(world) = testbed::world("medium", 3) else { return };
    let inventory = load(&world);
    let cluster = &inventory.clusters["prod"];
    let specs: std::collections::HashSet<_> =
        cluster.pods.iter().map(|pod| std::sync::Arc::as_ptr(&pod.spec)).collect();
    assert!(specs.len() * 2 < cluster.pods.len(), "{} of {}", specs.len(), cluster.pods.len());
}

#[test]
fn no_secret_of_a_world_is_kept() {
    let Some(world) = testbed::world("small", 1) else { return };
    let text = super::dump::inventory(&load(&world), true);
    for word in ["AKIA", "last-applied-configuration"] {
        assert!(!text.contains(word), "{word} was kept");
    }
}

#[test]
fn the_time_can_be_given_by_hand() {
    let Some(world) = testbed::world("small", 1) else { return };
    let at = "2030-01-02T03:04:05Z".parse().unwrap();
    let inventory = ingest::load(&world, Options { at: Some(at), ..Options::default() }).unwrap();
    assert_eq!(inventory.now, Some(at));
}

#[test]
fn without_a_usable_time_the_newest_file_time_stands_in() {
    for world in [None, Some("{}"), Some("{\"now\": \"soon\"}"), Some("{\"now\": 5")] {
        let directory = tempfile::tempdir().unwrap();
        super::tiny::write(directory.path());
        let file = directory.path().join("world.json");
        std::fs::remove_file(&file).unwrap();
        if let Some(text) = world {
            std::fs::write(&file, text).unwrap();
        }
        let now = load(directory.path()).now.unwrap();
        let age = jiff::Timestamp::now().as_second() - now.as_second();
        assert!((0..1000).contains(&age), "{world:?}: {now}");
    }
}
