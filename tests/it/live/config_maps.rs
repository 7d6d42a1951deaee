//! ConfigMaps that matter are followed: what changes at the API server arrives, and what does not matter is never read.

use std::time::Duration;

use rolewalk::ingest::live::Patience;
use rolewalk::model::{Inventory, SourceKind, Status};
use serde_json::{Value, json};

use super::watching::Followed;
use super::{PATIENCE, gaps, pod};
use crate::api_server::{ApiServer, Fault};

/// Reading again now and then is no way to get there within a test.
const WATCHED_ONLY: Patience = Patience { longest_pause: Duration::from_secs(3600), ..PATIENCE };

fn map(namespace: &str, name: &str, region: &str) -> Value {
    json!({"metadata": {"namespace": namespace, "name": name}, "data": {"AWS_REGION": region, "other": "x"}})
}

/// A pod whose environment comes from a ConfigMap.
fn reader(name: &str, map: &str) -> Value {
    let mut pod = pod("web", name);
    pod["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": map}}]);
    pod
}

/// One pod with its settings, and ConfigMaps that are none of our business.
fn server() -> ApiServer {
    let server = ApiServer::empty();
    server.put("configmaps", map("kube-system", "aws-auth", "none"));
    server.put("configmaps", map("web", "settings", "eu-west-1"));
    server.put("configmaps", map("web", "later", "eu-west-2"));
    server.put("configmaps", map("web", "kube-root-ca.crt", "none"));
    server.put("pods", reader("a", "settings"));
    server
}

/// The regions that the ConfigMaps name, by name.
fn regions(inventory: &Inventory) -> Vec<String> {
    let maps = inventory.clusters["prod"].config_maps.iter();
    let region = |map: &str, data: &dyn std::fmt::Debug| {
        let text = format!("{data:?}");
        let region = text.split("eu-").nth(1).map_or("none", |rest| rest.split('"').next().unwrap_or_default());
        format!("{map} {region}")
    };
    maps.map(|map| region(&map.meta.name, map)).collect()
}

#[test]
fn what_changes_in_a_config_map_arrives_by_the_watch() {
    let server = server();
    let mut followed = Followed::start_with(&server, WATCHED_ONLY);
    assert_eq!(regions(&followed.inventory), ["aws-auth none", "settings west-1"]);
    server.put("configmaps", map("web", "settings", "eu-north-1"));
    followed.until("the change", |it| regions(it).contains(&"settings north-1".to_owned()));
    server.put("configmaps", map("kube-system", "aws-auth", "eu-south-1"));
    followed.until("aws-auth", |it| regions(it).contains(&"aws-auth south-1".to_owned()));
    server.delete("configmaps", "web", "settings");
    followed.until("it is gone", |it| regions(it) == ["aws-auth south-1"]);
    server.put("configmaps", map("web", "settings", "eu-west-1"));
    followed.until("it is back", |it| regions(it).len() == 2);
    assert_eq!(gaps(&followed.inventory), Vec::<String>::new());
}

#[test]
fn a_config_map_that_a_new_pod_refers_to_is_read_and_no_other_ever_is() {
    let server = server();
    let mut followed = Followed::start_with(&server, WATCHED_ONLY);
    server.wait_for_watches("configmaps", 1);
    server.put("pods", reader("b", "later"));
    followed.until("the ConfigMap of the new pod", |it| regions(it).contains(&"later west-2".to_owned()));
    server.put("configmaps", map("web", "kube-root-ca.crt", "eu-west-9"));
    server.put("configmaps", map("web", "later", "eu-west-3"));
    followed.until("a change of it", |it| regions(it).contains(&"later west-3".to_owned()));
    assert_eq!(server.times("kube-root-ca.crt"), 0);
    // Of all others only names and versions were asked for.
    let watches: Vec<_> = server.asked().into_iter().filter(|it| it.path.ends_with("/configmaps")).collect();
    assert!(watches.iter().all(|it| it.accept.contains("as=PartialObjectMetadata;")), "{watches:#?}");
    assert_eq!(watches.len(), 1);
}

#[test]
fn a_watch_that_ends_or_became_too_old_misses_nothing() {
    let server = server();
    let mut followed = Followed::start_with(&server, WATCHED_ONLY);
    server.wait_for_watches("configmaps", 1);
    server.cut("configmaps");
    server.put("configmaps", map("web", "settings", "eu-west-2"));
    followed.until("the change", |it| regions(it).contains(&"settings west-2".to_owned()));

    server.fail("configmaps", Fault::StatusOfWatch(410), 1);
    server.cut("configmaps");
    server.delete("configmaps", "web", "settings");
    server.compact();
    followed.until("it is gone", |it| regions(it) == ["aws-auth none"]);
}

#[test]
fn where_the_watch_is_refused_that_of_aws_auth_is_tried_and_the_rest_is_read_again() {
    let server = server();
    server.fail("configmaps", Fault::DeniedAcross(Vec::new()), usize::MAX);
    let mut followed = Followed::start_with(&server, WATCHED_ONLY);
    server.wait_for_watches("configmaps", 2);
    server.put("configmaps", map("kube-system", "aws-auth", "eu-south-1"));
    followed.until("aws-auth", |it| regions(it).contains(&"aws-auth south-1".to_owned()));
    assert_eq!(gaps(&followed.inventory), Vec::<String>::new());
    drop(followed);

    // Without any watch: by reading again.
    server.fail("configmaps", Fault::StatusOfWatch(403), usize::MAX);
    let mut followed = Followed::start_with(&server, Patience { longest_pause: Duration::from_millis(5), ..PATIENCE });
    server.put("configmaps", map("web", "settings", "eu-west-7"));
    followed.until("the change", |it| regions(it).contains(&"settings west-7".to_owned()));
}

#[test]
fn one_that_may_not_be_read_is_named_and_read_as_soon_as_it_may_be() {
    let server = server();
    server.fail("settings", Fault::Status(403), usize::MAX);
    let mut followed = Followed::start_with(&server, PATIENCE);
    let source = followed.inventory.clusters["prod"].source(SourceKind::ConfigMaps);
    let report = followed.inventory.coverage.report(&source).unwrap().clone();
    assert_eq!((report.status, report.permission.as_deref()), (Status::Partial, Some("get configmaps")));
    assert!(report.why.ends_with("not read: web/settings"), "{}", report.why);
    server.heal();
    followed.until("the rest", |it| regions(it).len() == 2 && gaps(it).is_empty());
}
