//! Ten thousand pods over the network, against the same pages fetched by hand and parsed on one thread.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use rolewalk::ingest::live::Patience;
use rolewalk::ingest::reference;
use rolewalk::model::feed::Change;
use rolewalk::model::{Inventory, SourceKind};

use super::open_with;
use crate::api_server::ApiServer;
use crate::testbed;

const PODS: usize = 10_000;

/// A server with the objects of a medium world, its pods repeated under other names.
fn server() -> Option<ApiServer> {
    let world = testbed::world("medium", 1)?;
    let cluster = world.join("clusters/prod");
    let server = ApiServer::of_world(&cluster);
    let text = std::fs::read(cluster.join("pods.json")).unwrap();
    let list: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let pods = list["items"].as_array().unwrap();
    for at in pods.len()..PODS {
        let mut pod = pods[at % pods.len()].clone();
        let name = format!("{}-{at}", pod["metadata"]["name"].as_str().unwrap());
        pod["metadata"]["name"] = name.into();
        server.put("pods", pod);
    }
    server.compact();
    Some(server)
}

/// The body of one answer, by the simplest client there is.
fn get(address: &str, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    let (mut start, mut length) = (0, usize::MAX);
    while length == usize::MAX || answer.len() < start + length {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the answer ended early");
        answer.extend_from_slice(&buffer[..read]);
        if length == usize::MAX
            && let Some(end) = answer.windows(4).position(|it| it == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&answer[..end]).into_owned();
            let value = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
            (start, length) = (end + 4, value.parse().unwrap());
        }
    }
    answer.split_off(start)
}

#[test]
#[ignore = "a measurement, for an optimised build"]
fn ten_thousand_pods_arrive_nearly_as_fast_as_their_bytes() {
    let Some(server) = server() else { return };
    let address = server.url().trim_start_matches("http://").to_owned();
    let start = Instant::now();
    let (mut from, mut count, mut bytes) = (0, 0, 0);
    while count < PODS {
        let page = get(&address, &format!("/api/v1/pods?limit=500&continue={from}"));
        bytes += page.len();
        count += reference::objects(SourceKind::Pods, &page).unwrap();
        from = count;
    }
    let plain = start.elapsed();

    let directory = tempfile::tempdir().unwrap();
    let patience = Patience { request: Duration::from_secs(60), ..super::PATIENCE };
    let live = open_with(&server, directory.path(), patience);
    let mut inventory = Inventory::default();
    let start = Instant::now();
    let (mut first, mut last) = (None, None);
    live.read(
        &mut |delta| {
            if delta.source.kind == SourceKind::Pods {
                match &delta.change {
                    Change::Page(_) => {
                        first.get_or_insert_with(|| start.elapsed());
                    }
                    Change::Listed { .. } => last = Some(start.elapsed()),
                    _ => {}
                }
            }
            inventory.apply(delta);
        },
        &AtomicBool::new(false),
    );
    let whole = start.elapsed();
    assert_eq!(inventory.clusters["prod"].pods.len(), PODS);
    eprintln!(
        "{} MB; by hand {plain:?}; live: first page {first:?}, pods {last:?}, everything {whole:?}",
        bytes / 1_000_000
    );
    assert!(first.is_some_and(|first| first < Duration::from_secs(1)));
    assert!(whole < plain * 2, "{whole:?} against {plain:?}");
}
