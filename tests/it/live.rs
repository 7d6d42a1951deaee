//! Live clusters, read from an API server of our own.

mod faults;
mod config_maps;
mod headless;
mod large;
mod nothing;
mod reloading;
mod same;
mod saving;
mod watching;
mod ways;

use std::path::Path;
use std::time::Duration;

use rolewalk::ingest::live::kube::context::Wish;
use rolewalk::ingest::live::{Live, Options, Patience};
use rolewalk::model::{Inventory, Status};

use crate::api_server::ApiServer;

/// As patient as the program, but quick.
const PATIENCE: Patience = Patience {
    request: Duration::from_millis(300),
    credentials: Duration::from_millis(2000),
    pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(20),
    attempts: 4,
};

/// The cluster `prod` behind a server.
fn open(server: &ApiServer, directory: &Path) -> Live {
    open_with(server, directory, PATIENCE)
}

fn open_with(server: &ApiServer, directory: &Path, patience: Patience) -> Live {
    let wish = Wish { kubeconfig: Some(server.kubeconfig(directory, "prod")), ..Wish::default() };
    let options = Options {
        wish,
        patience,
        at: Some("2026-06-01T12:00:00Z".parse().unwrap()),
        no_aws: true,
        ..Options::default()
    };
    Live::open(&options).expect("the kubeconfig names a cluster")
}

fn load(server: &ApiServer) -> Inventory {
    let directory = tempfile::tempdir().unwrap();
    open(server, directory.path()).load()
}

/// Gaps of the clusters: source, status, permission, why. Leaves out what AWS would answer.
fn gaps(inventory: &Inventory) -> Vec<String> {
    let gaps = inventory
        .coverage
        .gaps()
        .filter(|gap| gap.source.path.starts_with("clusters/") && gap.report.status != Status::Skipped);
    gaps.map(|gap| {
        let permission = gap.report.permission.as_deref().unwrap_or("-");
        format!("{} {} {permission}: {}", gap.source, gap.report.status.word(), gap.report.why)
    })
    .collect()
}

/// Serves a world directory until stdin ends, for trying the program by hand:
/// `WORLD=/tmp/w cargo test --test it -- --ignored --nocapture a_world_is_served`
#[test]
#[ignore = "waits for a person"]
fn a_world_is_served() {
    let world = std::env::var("WORLD").expect("WORLD names a world directory");
    let mut servers = Vec::new();
    for entry in std::fs::read_dir(Path::new(&world).join("clusters")).unwrap() {
        let path = entry.unwrap().path();
        let server = ApiServer::of_world(&path);
        servers.push((path.file_name().unwrap().to_string_lossy().into_owned(), server));
    }
    let urls: Vec<(String, String)> = servers.iter().map(|(name, server)| (name.clone(), server.url())).collect();
    let named: Vec<(&str, &str)> = urls.iter().map(|(name, url)| (name.as_str(), url.as_str())).collect();
    let file = std::env::temp_dir().join("rolewalk-try.kubeconfig");
    std::fs::write(&file, crate::api_server::kubeconfig(&named)).unwrap();
    eprintln!("rolewalk --kubeconfig {}", file.display());
    let mut line = String::new();
    // Lines change the world: `pod NAMESPACE NAME` adds a pod, `delete NAMESPACE NAME` takes it away.
    while std::io::stdin().read_line(&mut line).is_ok_and(|length| length > 0) {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["pod", namespace, name] => servers[0].1.put("pods", pod(namespace, name)),
            ["delete", namespace, name] => servers[0].1.delete("pods", namespace, name),
            _ => eprintln!("pod NAMESPACE NAME | delete NAMESPACE NAME"),
        }
        line.clear();
    }
}

/// A pod with one container.
fn pod(namespace: &str, name: &str) -> serde_json::Value {
    serde_json::json!({
        "metadata": {"namespace": namespace, "name": name, "uid": name},
        "spec": {"serviceAccountName": "default", "nodeName": "n1", "containers": [{"name": "app", "image": "i"}]},
        "status": {"phase": "Running"}
    })
}
