//! Ways to an API server: from inside the cluster, through proxies, and with credentials that run out.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use jiff::{SignedDuration, Timestamp};
use rolewalk::ingest::live::kube::ApiServer as Source;
use rolewalk::ingest::live::kube::context::{Wish, in_cluster};
use rolewalk::ingest::live::{Feed, Live, Options, Source as _};
use rolewalk::model::Inventory;
use serde_json::{Value, json};

use super::watching::Followed;
use super::{PATIENCE, gaps, pod};
use crate::api_server::{ApiServer, kubeconfig};
use crate::relay::Relay;

fn server() -> ApiServer {
    let server = ApiServer::empty();
    server.put("pods", pod("web", "a"));
    server
}

fn address(server: &ApiServer) -> SocketAddr {
    server.url().trim_start_matches("http://").parse().unwrap()
}

fn pods(inventory: &Inventory) -> usize {
    inventory.clusters.values().map(|cluster| cluster.pods.len()).sum()
}

/// Reads a cluster once more into an inventory.
fn read(source: &Source, inventory: &mut Inventory) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (feed, mut reports) = Feed::new(16);
        let take = async {
            while let Some(delta) = reports.recv().await {
                inventory.apply(delta);
            }
        };
        tokio::join!(source.load(feed), take);
    });
}

#[test]
fn inside_a_cluster_the_service_account_of_the_pod_is_used() {
    let server = server();
    server.demand("first");
    let (tls, authority) = Relay::tls(address(&server), &["127.0.0.1"]);
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    write("token", "first");
    write("namespace", "team\n");
    write("ca.crt", &authority);
    let port = tls.address.port().to_string();
    let variable = |name: &str| match name {
        "KUBERNETES_SERVICE_HOST" => Some("127.0.0.1".to_owned()),
        "KUBERNETES_SERVICE_PORT" => Some(port.clone()),
        _ => None,
    };
    let chosen = in_cluster(&Wish::default(), directory.path(), &variable).expect("the environment says so");
    assert_eq!((chosen.target.label.as_str(), &chosen.namespaces[..]), ("in-cluster", &["team".to_owned()][..]));
    let source = Source::new(chosen.clone(), PATIENCE);
    let mut inventory = Inventory::default();
    read(&source, &mut inventory);
    assert_eq!((pods(&inventory), gaps(&inventory)), (1, Vec::new()));

    // The kubelet renews the token while the program runs.
    server.demand("second");
    write("token", "second");
    server.put("pods", pod("web", "b"));
    read(&source, &mut inventory);
    assert_eq!((pods(&inventory), gaps(&inventory)), (2, Vec::new()));

    // Somebody else's certificate is not believed.
    let (_other, authority) = Relay::tls(address(&server), &["127.0.0.1"]);
    write("ca.crt", &authority);
    let mut inventory = Inventory::default();
    read(&Source::new(chosen, PATIENCE), &mut inventory);
    let gaps = gaps(&inventory);
    assert!(pods(&inventory) == 0 && gaps.iter().all(|it| it.contains("certificate")), "{gaps:#?}");

    assert!(in_cluster(&Wish::default(), directory.path(), &|_| None).is_none());
    let v6 = |name: &str| (name == "KUBERNETES_SERVICE_HOST").then(|| "fd00::1".to_owned());
    let chosen = in_cluster(&Wish::default(), directory.path(), &v6).unwrap();
    assert!(format!("{:?}", chosen.way).contains("https://[fd00::1]:443"), "{:?}", chosen.way);
}

/// A kubeconfig whose cluster has more to it.
fn config(directory: &Path, url: &str, cluster: &[(&str, &str)], user: Option<Value>) -> PathBuf {
    let mut config: Value = serde_json::from_str(&kubeconfig(&[("prod", url)])).unwrap();
    for (name, value) in cluster {
        config["clusters"][0]["cluster"][*name] = json!(value);
    }
    if let Some(user) = user {
        config["users"][0]["user"] = user;
    }
    let file = directory.join("config");
    std::fs::write(&file, config.to_string()).unwrap();
    file
}

fn open(kubeconfig: PathBuf) -> Live {
    let wish = Wish { kubeconfig: Some(kubeconfig), ..Wish::default() };
    Live::open(&Options { wish, patience: PATIENCE, no_aws: true, ..Options::default() }).unwrap()
}

#[test]
fn the_proxy_of_a_context_is_used_and_looks_names_up() {
    let server = server();
    let directory = tempfile::tempdir().unwrap();
    let url = "http://api.cluster.test:8080";
    for (scheme, relay) in [
        ("http", Relay::connect(address(&server))),
        ("socks5", Relay::socks5(address(&server))),
        ("socks5h", Relay::socks5(address(&server))),
    ] {
        let proxy = format!("{scheme}://{}", relay.address);
        let inventory = open(config(directory.path(), url, &[("proxy-url", &proxy)], None)).load();
        assert_eq!((pods(&inventory), gaps(&inventory)), (1, Vec::new()), "{scheme}");
        let asked = relay.asked();
        assert!(!asked.is_empty() && asked.iter().all(|it| it == "api.cluster.test:8080 "), "{scheme}: {asked:?}");
    }
}

#[test]
fn the_proxy_of_the_environment_is_used_but_for_its_exceptions() {
    let server = server();
    let (tls, authority) = Relay::tls(address(&server), &["api.cluster.test"]);
    let proxy = Relay::connect(tls.address);
    let directory = tempfile::tempdir().unwrap();
    let authority_file = directory.path().join("ca.crt");
    std::fs::write(&authority_file, authority).unwrap();
    let authority_file = authority_file.to_str().unwrap();
    let file = config(directory.path(), "https://api.cluster.test", &[("certificate-authority", authority_file)], None);
    let run = |variables: &[(&str, &str)]| {
        let mut command = assert_cmd::Command::cargo_bin("rolewalk").unwrap();
        for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "no_proxy"] {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        command.args(["list", "pods", "-o", "csv", "--no-headers", "--columns", "pod", "--no-aws", "--no-save"]);
        command.args(["--timeout", "5", "--kubeconfig", file.to_str().unwrap()]);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let url = format!("http://me:a%40b@{}", proxy.address);
    assert_eq!(run(&[("HTTPS_PROXY", &url)]), (Some(0), "a\n".to_owned()));
    let asked = proxy.asked();
    // `me:a@b`
    assert!(!asked.is_empty() && asked.iter().all(|it| it == "api.cluster.test:443 Basic bWU6YUBi"), "{asked:?}");
    // The exception is the server; that the proxy is on this machine is none.
    assert_eq!(run(&[("https_proxy", &url), ("NO_PROXY", "127.0.0.1,localhost")]).0, Some(0));
    let before = proxy.asked().len();
    assert_eq!(run(&[("HTTPS_PROXY", &url), ("NO_PROXY", ".cluster.test")]).0, Some(4));
    assert_eq!(proxy.asked().len(), before);
}

/// A credentials helper that gives out what stands in a file, valid for a while, and counts how often it was asked.
struct Helper {
    directory: tempfile::TempDir,
}

impl Helper {
    fn new() -> Helper {
        Helper { directory: tempfile::tempdir().unwrap() }
    }

    fn config(&self, url: &str, valid: SignedDuration) -> PathBuf {
        let (script, until) = (self.directory.path().join("aws"), Timestamp::now() + valid);
        let text = format!(
            r#"#!/bin/sh
cd "{}"
echo run >> runs
test -e signed-out && echo 'Token has expired and refresh failed' >&2 && exit 255
echo '{{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{{"token":"'$(cat token)'","expirationTimestamp":"{until}"}}}}'"#,
            self.directory.path().display()
        );
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let user = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": script,
            "args": ["eks", "get-token", "--cluster-name", "prod", "--profile", "ops"]}});
        config(self.directory.path(), url, &[], Some(user))
    }

    fn give(&self, server: &ApiServer, token: &str) {
        std::fs::write(self.directory.path().join("token"), token).unwrap();
        server.demand(token);
    }

    /// The next token is fetched when the watch of pods is cut, and changes go on coming.
    fn renews(&self, server: &ApiServer, followed: &mut Followed) {
        let before = self.runs();
        self.give(server, "two");
        server.cut("pods");
        server.wait_for_watches("pods", 2);
        server.put("pods", pod("web", "b"));
        followed.has_pod("b");
        assert!(self.runs() > before);
    }

    fn sign_out(&self) {
        std::fs::write(self.directory.path().join("signed-out"), "").unwrap();
    }

    fn sign_in(&self) {
        std::fs::remove_file(self.directory.path().join("signed-out")).unwrap();
    }

    fn runs(&self) -> usize {
        std::fs::read_to_string(self.directory.path().join("runs")).map_or(0, |text| text.lines().count())
    }
}

#[test]
fn a_helper_is_asked_again_before_its_credentials_run_out() {
    let (server, helper) = (server(), Helper::new());
    helper.give(&server, "one");
    // The client renews a minute ahead, so these are never good enough.
    let live = open(helper.config(&server.url(), SignedDuration::from_secs(20)));
    let mut followed = Followed::of(live);
    assert_eq!(gaps(&followed.inventory), Vec::<String>::new());
    server.wait_for_watches("pods", 1);
    helper.renews(&server, &mut followed);
    assert_eq!(gaps(&followed.inventory), Vec::<String>::new());
}

#[test]
fn credentials_that_are_refused_before_their_time_are_fetched_anew() {
    let (server, helper) = (server(), Helper::new());
    helper.give(&server, "one");
    let live = open(helper.config(&server.url(), SignedDuration::from_hours(1)));
    let mut inventory = live.load();
    assert_eq!((pods(&inventory), helper.runs()), (1, 1), "once is enough for all sources");
    let mut followed = Followed::of(live);
    server.wait_for_watches("pods", 1);
    helper.renews(&server, &mut followed);

    // Signed out: what is shown stays, and says what to run.
    helper.sign_out();
    server.demand("three");
    let told = format!("{}", Timestamp::now());
    let live = open(helper.config(&server.url(), SignedDuration::from_hours(1)));
    live.read(&mut |delta| inventory.apply(delta), &AtomicBool::new(false));
    let found = gaps(&inventory);
    let said = "failed: Token has expired and refresh failed; run: aws sso login --profile ops, then ctrl-r";
    assert!(!found.is_empty() && found.iter().all(|gap| gap.contains(said)), "{found:#?}");
    assert_eq!(pods(&inventory), 1);
    assert!(inventory.now.unwrap().to_string() < told, "the data is no younger than before");

    helper.sign_in();
    helper.give(&server, "three");
    live.read(&mut |delta| inventory.apply(delta), &AtomicBool::new(false));
    assert_eq!((pods(&inventory), gaps(&inventory)), (2, Vec::new()));
    assert!(inventory.now.unwrap().to_string() > told);
}
