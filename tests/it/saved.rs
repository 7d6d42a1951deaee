//! Saved snapshots: what comes back, what never goes in, damaged files, and writing that is broken off.

mod answers;
mod damage;
mod redacted;
mod secrets;
mod writing;

use std::path::Path;

use rolewalk::ingest::Snapshot;
use rolewalk::ingest::saved::{Saved, encode};
use rolewalk::ingest::{Options, demo, files::Files};
use rolewalk::model::Inventory;

use crate::testbed;

pub fn read(directory: &Path) -> Inventory {
    Snapshot::open(Files::Disk(directory.to_owned()), Options::default()).expect("a directory").load()
}

pub fn demo_inventory() -> Inventory {
    Snapshot::open(demo::files(), Options::default()).expect("the demo").load()
}

pub fn restored(bytes: Vec<u8>) -> Inventory {
    Saved::from_bytes("test", bytes).expect("a header").load(Options::default()).expect("whole")
}

/// Everything of an inventory as text: two that are alike write alike.
pub fn shown(inventory: &Inventory) -> String {
    format!("{inventory:#?}")
}

#[test]
fn the_demo_and_a_generated_world_come_back_to_the_letter() {
    let mut inventories = vec![demo_inventory()];
    inventories.extend(testbed::world("small", 1).map(|world| read(&world)));
    for inventory in inventories {
        let bytes = encode(&inventory);
        let back = restored(bytes.clone());
        similar_asserts(&shown(&inventory), &shown(&back));
        assert_eq!(encode(&back), bytes, "the same inventory gives the same bytes");
    }
}

fn similar_asserts(before: &str, after: &str) {
    let different = before.lines().zip(after.lines()).enumerate().find(|(_, (a, b))| a != b);
    assert_eq!(different, None);
    assert_eq!(before.len(), after.len());
}

#[test]
fn a_larger_world_comes_back_to_the_byte() {
    let Some(world) = testbed::world("medium", 1) else { return };
    let bytes = encode(&read(&world));
    assert_eq!(encode(&restored(bytes.clone())), bytes);
}

#[test]
fn a_file_of_the_first_schema_is_still_read() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/saved/schema-1.rwsnap");
    let saved = Saved::open(&file).expect("the fixture");
    assert_eq!(saved.schema(), 1);
    let inventory = saved.load(Options::default()).expect("whole");
    let pods: usize = inventory.clusters.values().map(|cluster| cluster.pods.len()).sum();
    let roles: usize = inventory.accounts.values().map(|account| account.roles.len()).sum();
    assert_eq!((inventory.clusters.len(), pods, roles), (2, 82, 67));
}

#[test]
fn the_time_of_the_data_can_be_given_by_hand() {
    let bytes = encode(&demo_inventory());
    let at = "2030-01-02T03:04:05Z".parse().expect("a time");
    let options = Options { at: Some(at), threads: None };
    let loaded = Saved::from_bytes("test", bytes).expect("a header").load(options).expect("whole");
    let read = Snapshot::open(demo::files(), options).expect("the demo").load();
    assert_eq!(loaded.now, Some(at));
    assert_eq!(shown(&loaded), shown(&read));
}
