//! The same world from files and from an API server gives the same answers, byte for byte.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use rolewalk::cli::command::list::identities;
use rolewalk::estate::derive;
use rolewalk::ingest::files::Files;
use rolewalk::ingest::live::kube::api::Row;
use rolewalk::ingest::live::kube::context::Wish;
use rolewalk::ingest::live::{Live, Options};
use rolewalk::ingest::{self, Snapshot};
use rolewalk::model::feed::Place;
use rolewalk::model::{Inventory, SourceId};

use super::PATIENCE;
use crate::api_server::{ApiServer, kubeconfig};
use crate::testbed;

/// `list identities -o ndjson` without its header.
fn lines(inventory: &Inventory) -> Vec<String> {
    let estate = derive(inventory, &|| false).unwrap();
    identities::rows(&estate).iter().map(|row| serde_json::to_string(row).unwrap()).collect()
}

/// Reads the Kubernetes side of a world from servers, and the AWS side from its files.
fn live(world: &Path, tune: impl Fn(&ApiServer)) -> Inventory {
    let mut names: Vec<String> = std::fs::read_dir(world.join("clusters"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let servers: Vec<ApiServer> =
        names.iter().map(|name| ApiServer::of_world(&world.join("clusters").join(name))).collect();
    servers.iter().for_each(tune);
    let urls: Vec<String> = servers.iter().map(ApiServer::url).collect();
    let clusters: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(urls.iter().map(String::as_str)).collect();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    std::fs::write(&file, kubeconfig(&clusters)).unwrap();
    let wish = Wish { kubeconfig: Some(file), all_contexts: true, ..Wish::default() };
    let at = Some("2026-06-01T12:00:00Z".parse().unwrap());
    let patience = ingest::live::Patience { request: std::time::Duration::from_secs(20), ..PATIENCE };
    let live = Live::open(&Options { wish, patience, at, no_aws: true, ..Options::default() }).unwrap();

    let mut inventory = Inventory::default();
    let of_api_server =
        |source: &SourceId, place: &Place| matches!(place, Place::Cluster(_)) && Row::of(source.kind).is_some();
    let files = Snapshot::open(Files::Disk(world.to_owned()), ingest::Options::default()).unwrap();
    let from_files = std::sync::Mutex::new(Vec::new());
    files.read(|delta| {
        if !of_api_server(&delta.source, &delta.place) {
            from_files.lock().unwrap().push(delta);
        }
    });
    from_files.into_inner().unwrap().into_iter().for_each(|delta| inventory.apply(delta));
    live.read(
        &mut |delta| {
            if of_api_server(&delta.source, &delta.place) {
                inventory.apply(delta);
            }
        },
        &AtomicBool::new(false),
    );
    inventory
}

#[test]
fn identities_are_the_same_from_files_and_from_the_server() {
    for (size, seed) in [("small", 1), ("medium", 1)] {
        let Some(world) = testbed::world(size, seed) else { return };
        let files = ingest::load(&world, ingest::Options::default()).unwrap();
        let expected = lines(&files);
        assert!(expected.len() > 60);
        let found = live(&world, |_| {});
        assert_eq!(super::gaps(&found), super::gaps(&files));
        assert!(lines(&found) == expected, "{size}: {:#?}", difference(&lines(&found), &expected));
    }
}

#[test]
fn pages_of_any_size_packed_or_not_give_the_same() {
    let Some(world) = testbed::world("small", 1) else { return };
    let expected = lines(&ingest::load(&world, ingest::Options::default()).unwrap());
    for size in [1, 7, 64] {
        let found = live(&world, |server| {
            server.page(size);
            if size == 7 {
                server.pack();
            }
        });
        assert!(lines(&found) == expected, "pages of {size}");
    }
}

fn difference<'a>(found: &'a [String], expected: &'a [String]) -> Vec<(Option<&'a String>, Option<&'a String>)> {
    let longest = found.len().max(expected.len());
    let pairs = (0..longest).map(|at| (found.get(at), expected.get(at)));
    pairs.filter(|(found, expected)| found != expected).take(3).collect()
}
