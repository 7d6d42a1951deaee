//! Following a cluster: what changes at the API server arrives, whatever happens to the watches in between.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rolewalk::ingest::live::{Live, Patience};
use rolewalk::model::feed::Delta;
use rolewalk::model::{Inventory, Status};

use super::{PATIENCE, gaps, open_with, pod};
use crate::api_server::{ApiServer, Fault};

/// Longer than anything here takes; only a failing test waits so long.
const LONG: Duration = Duration::from_secs(20);

/// A cluster that is being followed.
pub struct Followed {
    pub inventory: Inventory,
    deltas: mpsc::Receiver<Delta>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Where the kubeconfig stands.
    directory: Option<tempfile::TempDir>,
}

impl Followed {
    /// Loads a cluster and follows it from then on.
    pub fn start(server: &ApiServer) -> Followed {
        Followed::start_with(server, PATIENCE)
    }

    pub fn start_with(server: &ApiServer, patience: Patience) -> Followed {
        let directory = tempfile::tempdir().unwrap();
        let patience = Patience { request: LONG, ..patience };
        let live = open_with(server, directory.path(), patience);
        let mut followed = Followed::of(live);
        followed.directory = Some(directory);
        followed
    }

    pub fn of(live: Live) -> Followed {
        let inventory = live.load();
        let (sender, deltas) = mpsc::channel();
        let stop = Arc::<AtomicBool>::default();
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            live.follow(&mut |delta| drop(sender.send(delta)), &stopped);
        });
        Followed { inventory, deltas, stop, thread: Some(thread), directory: None }
    }

    /// Takes changes in until something holds.
    pub fn until(&mut self, what: &str, holds: impl Fn(&Inventory) -> bool) {
        let start = Instant::now();
        while !holds(&self.inventory) {
            assert!(start.elapsed() < LONG, "{what}: gaps {:#?}", gaps(&self.inventory));
            match self.deltas.recv_timeout(LONG) {
                Ok(delta) => self.inventory.apply(delta),
                Err(error) => panic!("{what}: {error}; gaps {:#?}", gaps(&self.inventory)),
            }
        }
    }

    pub fn has_pod(&mut self, name: &str) {
        self.until(name, |it| it.clusters["prod"].pods.iter().any(|pod| pod.meta.name == name));
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking());
        }
    }
}

fn server() -> ApiServer {
    let server = ApiServer::empty();
    server.put("pods", pod("web", "a"));
    server.put("pods", pod("web", "b"));
    server
}

#[test]
fn what_is_created_changed_and_deleted_arrives() {
    let server = server();
    let mut followed = Followed::start(&server);
    server.put("pods", pod("web", "c"));
    followed.has_pod("c");
    let mut changed = pod("web", "a");
    changed["spec"]["serviceAccountName"] = "other".into();
    server.put("pods", changed);
    followed.until("a has another account", |it| it.clusters["prod"].pods.items()[0].spec.service_account == "other");
    server.delete("pods", "web", "b");
    followed.until("b is gone", |it| it.clusters["prod"].pods.len() == 2);
    server.put("serviceaccounts", serde_json::json!({"metadata": {"namespace": "web", "name": "new"}}));
    followed.until("an account", |it| it.clusters["prod"].service_accounts.len() == 1);
    assert_eq!(gaps(&followed.inventory), Vec::<String>::new());
}

#[test]
fn a_watch_that_ends_is_resumed_where_it_was() {
    let server = server();
    let mut followed = Followed::start(&server);
    server.wait_for_watches("pods", 1);
    let lists = server.times("pods") - 1;
    for name in ["c", "d", "e"] {
        server.cut("pods");
        server.put("pods", pod("web", name));
        followed.has_pod(name);
    }
    let again = server.asked().iter().filter(|it| it.path.ends_with("/pods") && !it.query.contains("watch=1")).count();
    assert_eq!(again, lists, "no list but the first");
}

#[test]
fn a_bookmark_moves_the_place_to_resume_at() {
    let server = server();
    let mut followed = Followed::start(&server);
    server.wait_for_watches("secrets", 1);
    server.put("pods", pod("web", "c"));
    followed.has_pod("c");
    server.bookmark("secrets");
    server.cut("secrets");
    server.wait_for_watches("secrets", 2);
    let from = |at: usize| {
        let asked = server.asked();
        let watches: Vec<_> =
            asked.iter().filter(|it| it.path.ends_with("/secrets") && it.query.contains("watch=1")).collect();
        watches[at].query.split("resourceVersion=").nth(1).unwrap().parse::<u64>().unwrap()
    };
    assert!(from(1) > from(0), "{} {}", from(0), from(1));
}

#[test]
fn a_watch_that_became_too_old_is_begun_with_a_new_list_and_nothing_vanishes_meanwhile() {
    let server = server();
    let mut followed = Followed::start(&server);
    server.wait_for_watches("pods", 1);
    server.delete("pods", "web", "a");
    followed.until("a is gone", |it| it.clusters["prod"].pods.len() == 1);
    // What happens while the watch is broken is forgotten by the server before it is resumed.
    server.fail("pods", Fault::StatusOfWatch(500), usize::MAX);
    server.cut("pods");
    server.wait_for_watches("pods", 2);
    server.delete("pods", "web", "b");
    server.put("pods", pod("web", "c"));
    server.compact();
    server.heal();
    let mut least = usize::MAX;
    while !followed.inventory.clusters["prod"].pods.iter().any(|pod| pod.meta.name == "c") {
        let delta = followed.deltas.recv_timeout(LONG).expect("the new list");
        followed.inventory.apply(delta);
        least = least.min(followed.inventory.clusters["prod"].pods.len());
    }
    assert_eq!(least, 1, "the old list stays until the new one is whole");
    let names: Vec<&str> = followed.inventory.clusters["prod"].pods.iter().map(|pod| pod.meta.name.as_str()).collect();
    assert_eq!(names, ["c"]);
}

#[test]
fn where_only_single_namespaces_may_be_read_those_are_watched() {
    let server = server();
    for namespace in ["web", "payments"] {
        server.put("namespaces", serde_json::json!({"metadata": {"name": namespace}}));
    }
    server.fail("pods", Fault::DeniedAcross(vec!["payments".into()]), usize::MAX);
    let mut followed = Followed::start(&server);
    assert_eq!(gaps(&followed.inventory).len(), 1);
    server.wait_for_watches("pods", 1);
    let lists = lists(&server);
    server.put("pods", pod("web", "c"));
    followed.has_pod("c");
    server.delete("pods", "web", "a");
    followed.until("a is gone", |it| it.clusters["prod"].pods.len() == 2);
    assert_eq!(self::lists(&server), lists, "by the watch, not by reading again");
    // The rights come: everything is read when the watch ends.
    server.put("pods", pod("payments", "p"));
    server.heal();
    server.cut("pods");
    followed.until("all of it", |it| it.clusters["prod"].pods.len() == 3 && gaps(it).is_empty());
}

/// Makes the pods' watch too old to go on, with these changes meanwhile.
fn outdate(server: &ApiServer, change: impl FnOnce()) {
    server.fail("pods", Fault::StatusOfWatch(500), usize::MAX);
    server.cut("pods");
    server.wait_for_watches("pods", 2);
    change();
    server.compact();
    server.heal();
}

fn lists(server: &ApiServer) -> usize {
    server.asked().iter().filter(|it| it.path.ends_with("/pods") && !it.query.contains("watch=1")).count()
}

#[test]
fn a_server_that_streams_lists_is_asked_for_the_new_list_with_the_watch() {
    let server = server();
    server.stream_lists();
    let mut followed = Followed::start(&server);
    server.wait_for_watches("pods", 1);
    outdate(&server, || {
        server.delete("pods", "web", "b");
        server.put("pods", pod("web", "c"));
    });
    let mut least = usize::MAX;
    while !followed.inventory.clusters["prod"].pods.iter().any(|pod| pod.meta.name == "c") {
        let delta = followed.deltas.recv_timeout(LONG).expect("the new list");
        followed.inventory.apply(delta);
        least = least.min(followed.inventory.clusters["prod"].pods.len());
    }
    assert_eq!(least, 2, "the old list stays until the new one is whole");
    let pods = &followed.inventory.clusters["prod"].pods;
    let names: Vec<&str> = pods.iter().map(|pod| pod.meta.name.as_str()).collect();
    assert_eq!((names, pods.is_complete()), (vec!["a", "c"], true));
    assert_eq!(lists(&server), 1, "no list in pages but the first");
    // The same stream goes on as a watch.
    let watches = server.asked().len();
    server.put("pods", pod("web", "d"));
    followed.has_pod("d");
    assert_eq!(server.asked().len(), watches);
}

#[test]
fn a_server_that_does_not_stream_lists_is_asked_once_and_then_for_pages() {
    let server = server();
    let mut followed = Followed::start(&server);
    server.wait_for_watches("pods", 1);
    outdate(&server, || server.put("pods", pod("web", "c")));
    followed.has_pod("c");
    assert_eq!(lists(&server), 2);
    let tries = |server: &ApiServer| server.asked().iter().filter(|it| it.query.contains("sendInitialEvents")).count();
    let before = tries(&server);
    assert!(before >= 1);
    let watches = server.asked().iter().filter(|it| it.path.ends_with("/pods")).count();
    server.fail("pods", Fault::StatusOfWatch(410), 1);
    server.cut("pods");
    server.wait_for_watches("pods", watches);
    server.put("pods", pod("web", "d"));
    followed.has_pod("d");
    assert_eq!(tries(&server), before, "it is known by now");
}

#[test]
fn an_error_inside_a_watch_is_no_event_and_the_watch_goes_on() {
    let server = server();
    let mut followed = Followed::start(&server);
    server.wait_for_watches("pods", 1);
    // As when a watch falls behind: status 200, and the error is the object.
    server.say("pods", r#"{"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"etcd event received with PrevKv=nil","code":500}}"#);
    server.wait_for_watches("pods", 2);
    server.say("pods", "<html>proxy</html>");
    server.wait_for_watches("pods", 3);
    server.put("pods", pod("web", "c"));
    followed.has_pod("c");
    assert_eq!(gaps(&followed.inventory), Vec::<String>::new());
}

#[test]
fn expired_credentials_keep_the_data_name_what_to_do_and_heal() {
    let server = server();
    let mut followed = Followed::start(&server);
    server.wait_for_watches("pods", 1);
    server.demand("renewed");
    server.cut("pods");
    let pods = |it: &Inventory| {
        let source = it.clusters["prod"].source(rolewalk::model::SourceKind::Pods);
        it.coverage.report(&source).map(|report| (report.status, report.why.clone())).unwrap()
    };
    followed.until("the credentials are told to be refused", |it| pods(it).0 == Status::Denied);
    let why = pods(&followed.inventory).1;
    assert!(why.starts_with("not up to date since ") && why.ends_with("then ctrl-r"), "{why}");
    assert_eq!(followed.inventory.clusters["prod"].pods.len(), 2);

    server.demand("good");
    server.put("pods", pod("web", "c"));
    followed.has_pod("c");
    followed.until("the gap is closed", |it| pods(it).0 == Status::Ok);
}

#[test]
fn a_source_that_was_refused_is_read_as_soon_as_it_may_be() {
    let server = server();
    server.fail("nodes", Fault::Status(403), usize::MAX);
    let mut followed = Followed::start(&server);
    assert_eq!(gaps(&followed.inventory).len(), 1);
    server.heal();
    server.put("nodes", serde_json::json!({"metadata": {"name": "n1"}}));
    followed.until("the node", |it| it.clusters["prod"].nodes.len() == 1 && gaps(it).is_empty());
}

#[test]
fn the_stored_text_of_an_object_is_asked_for_anew_and_secrets_stay_hidden() {
    let server = server();
    let mut secret =
        serde_json::json!({"metadata": {"namespace": "web", "name": "s"}, "data": {"password": "aHVudGVy"}});
    secret["metadata"]["managedFields"] =
        serde_json::json!([{"manager": "kubectl", "fieldsV1": {"f:data": {"f:password": {}}}}]);
    server.put("secrets", secret);
    let directory = tempfile::tempdir().unwrap();
    let live = open_with(&server, Path::new(directory.path()), PATIENCE);
    let inventory = live.load();
    let cluster = &inventory.clusters["prod"];
    let text = live.raw(&cluster.pods.items()[0].meta.origin).unwrap();
    assert!(text.contains("\"name\": \"a\"") && text.contains("\"nodeName\": \"n1\""), "{text}");
    let secret = &cluster.secrets.items()[0];
    assert_eq!(secret.keys.as_ref().map(|keys| keys.len()), Some(1), "key names come from the managed fields");
    let text = live.raw(&secret.meta.origin).unwrap();
    assert!(text.contains("\"name\": \"s\"") && !text.contains("aHVudGVy"), "{text}");
    server.delete("pods", "web", "a");
    assert_eq!(live.raw(&cluster.pods.items()[0].meta.origin), Err("it is not there any more".to_owned()));
}
