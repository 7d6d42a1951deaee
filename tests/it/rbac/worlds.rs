//! Generated worlds, read a second time by hand: every row of `rbac subjects` must be what the plain reading gives.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rolewalk::base::Name;
use rolewalk::graph::authorization::{self, Subject};
use rolewalk::ingest::{self, Options};
use rolewalk::model::facts::meta::{Labels, Meta, Selector};
use rolewalk::model::facts::rbac::{Binding, RbacRole, Subject as BindingSubject};
use rolewalk::model::{ClusterFacts, Listing, Reading};
use rolewalk::rbac::Rule;
use serde_json::Value;

use super::naive::{self, Asked};
use super::random;
use crate::testbed;

const VERBS: &[&str] = &[
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "impersonate",
    "bind",
    "escalate",
    "*",
];
/// Resource, group, subresource, namespaced.
const RESOURCES: &[(&str, &str, &str, bool)] = &[
    ("pods", "", "", true),
    ("pods", "", "exec", true),
    ("pods", "", "attach", true),
    ("pods", "", "ephemeralcontainers", true),
    ("secrets", "", "", true),
    ("serviceaccounts", "", "", true),
    ("serviceaccounts", "", "token", true),
    ("configmaps", "", "", true),
    ("nodes", "", "", false),
    ("nodes", "", "proxy", false),
    ("namespaces", "", "", false),
    ("users", "", "", false),
    ("deployments", "apps", "", true),
    ("jobs", "batch", "", true),
    ("leases", "coordination.k8s.io", "", true),
    ("roles", "rbac.authorization.k8s.io", "", true),
    ("clusterroles", "rbac.authorization.k8s.io", "", false),
    ("widgets", "example.com", "", true),
    ("*", "", "", true),
];

fn json(directory: &Path, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(directory.join(file)).expect(file);
    serde_json::from_str::<Value>(&text).expect(file)["items"].as_array().expect(file).clone()
}

fn text(value: &Value) -> Name {
    value.as_str().unwrap_or_default().into()
}

fn texts(value: &Value) -> Vec<Name> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn pairs(value: &Value) -> Labels {
    let pairs = value.as_object().into_iter().flatten();
    Labels::new(pairs.map(|(key, value)| (key.as_str().into(), text(value))).collect())
}

fn meta(item: &Value) -> Meta {
    Meta {
        namespace: text(&item["metadata"]["namespace"]),
        name: text(&item["metadata"]["name"]),
        labels: pairs(&item["metadata"]["labels"]),
        ..Meta::default()
    }
}

fn role(item: &Value) -> RbacRole {
    let rules = item["rules"].as_array().into_iter().flatten().map(|rule| Rule {
        verbs: texts(&rule["verbs"]),
        api_groups: texts(&rule["apiGroups"]),
        resources: texts(&rule["resources"]),
        resource_names: texts(&rule["resourceNames"]),
        urls: texts(&rule["nonResourceURLs"]),
    });
    let selectors = item["aggregationRule"]["clusterRoleSelectors"].as_array().into_iter().flatten();
    let selectors = selectors.map(|it| Selector { labels: pairs(&it["matchLabels"]), expressions: vec![] });
    RbacRole { meta: meta(item), rules: rules.collect(), aggregation: selectors.collect() }
}

fn binding(item: &Value) -> Binding {
    let subjects = item["subjects"].as_array().into_iter().flatten().map(|it| BindingSubject {
        kind: text(&it["kind"]),
        namespace: text(&it["namespace"]),
        name: text(&it["name"]),
    });
    Binding {
        meta: meta(item),
        role_kind: text(&item["roleRef"]["kind"]),
        role_name: text(&item["roleRef"]["name"]),
        subjects: subjects.collect(),
    }
}

fn plain(directory: &Path) -> ClusterFacts {
    let roles = |file: &str| {
        let items = json(directory, file);
        Listing::new(items.iter().map(|it| role(it).into()).collect(), Reading::Complete)
    };
    let bindings = |file: &str| {
        let items = json(directory, file);
        Listing::new(items.iter().map(|it| binding(it).into()).collect(), Reading::Complete)
    };
    ClusterFacts {
        roles: roles("roles.json"),
        cluster_roles: roles("clusterroles.json"),
        role_bindings: bindings("rolebindings.json"),
        cluster_role_bindings: bindings("clusterrolebindings.json"),
        ..ClusterFacts::default()
    }
}

fn questions(cluster: &ClusterFacts) -> Vec<Asked> {
    let mut questions = Vec::new();
    let some: Vec<Option<String>> = std::iter::once(None)
        .chain(cluster.role_bindings.iter().take(3).map(|it| Some(it.meta.namespace.to_string())))
        .collect();
    for verb in VERBS {
        for (resource, group, subresource, namespaced) in RESOURCES {
            for namespace in &some {
                for name in [None, Some("app-config".to_owned())] {
                    // A namespace's own object is asked for inside it; the plain evaluator does not know that.
                    if name.is_some() && *resource == "namespaces" {
                        continue;
                    }
                    questions.push(Asked {
                        verb: (*verb).into(),
                        group: (*group).into(),
                        resource: (*resource).into(),
                        subresource: (*subresource).into(),
                        name,
                        namespace: namespace.clone(),
                        url: None,
                        namespaced: *namespaced,
                    });
                }
            }
        }
        for url in ["/metrics", "/healthz/ping"] {
            questions.push(Asked {
                verb: (*verb).into(),
                group: String::new(),
                resource: String::new(),
                subresource: String::new(),
                name: None,
                namespace: None,
                url: Some(url.into()),
                namespaced: false,
            });
        }
    }
    questions
}

#[test]
fn every_row_of_a_world_is_what_the_plain_reading_gives() {
    for size in ["small", "medium"] {
        let Some(world) = testbed::world(size, 1) else { return };
        let inventory = ingest::load(&world, Options::default()).expect("the world opens");
        for (label, cluster) in &inventory.clusters {
            let plain = plain(&world.join("clusters").join(label.as_str()));
            let authorization = authorization::of(cluster);
            let questions = questions(&plain);
            let mut found = 0;
            for asked in &questions {
                let expected = naive::subjects(&plain, asked);
                assert_eq!(random::rows_of(&authorization, asked), expected, "{size} {label} {asked:?}");
                found += expected.len();
            }
            assert!(found > questions.len(), "{size} {label}: hardly anything was asked");
        }
    }
}

/// `ROLEWALK_WORLD=DIR` names the world. Says how long rights take, and the most costly question about their worth.
#[test]
#[ignore = "a measurement; run it with --ignored --nocapture"]
fn the_time_that_rights_take() {
    let world = std::env::var("ROLEWALK_WORLD").expect("ROLEWALK_WORLD names a directory");
    let inventory = ingest::load(Path::new(&world), Options::default()).expect("the world opens");
    let start = std::time::Instant::now();
    let all: Vec<_> = inventory.clusters.values().map(|cluster| authorization::of(cluster)).collect();
    let (grants, powers): (usize, usize) =
        (all.iter().map(|it| it.grants.len()).sum(), all.iter().map(|it| it.powers.len()).sum());
    eprintln!("{} clusters, {grants} grants, {powers} powers: {:?}", all.len(), start.elapsed());
    let estate = rolewalk::estate::derive(&inventory, &|| false).expect("nobody stops it");
    for label in estate.inventory.clusters.keys() {
        let holdings = estate.holdings(label).expect("a cluster");
        for asked in ["get nodes/proxy", "create pods"] {
            let start = std::time::Instant::now();
            let (usable, _) = holdings.through_request(&super::request(asked));
            eprintln!("{label} {asked}: {} usable in {:?}", usable.len(), start.elapsed());
        }
    }
}

/// R172, R174: who is mapped to everything may everything, by the list that the mode reads.
#[test]
fn mapped_principals_of_a_world_are_those_of_its_files() {
    let Some(world) = testbed::world("medium", 1) else { return };
    let inventory = ingest::load(&world, Options::default()).expect("the world opens");
    for (label, cluster) in &inventory.clusters {
        let directory = world.join("clusters").join(label.as_str());
        let read = |file: &str| std::fs::read_to_string(directory.join(file)).expect(file);
        let described: Value = serde_json::from_str(&read("describe-cluster.json")).expect("JSON");
        let mode = described["cluster"]["accessConfig"]["authenticationMode"].as_str().expect("a mode").to_owned();
        let mut expected: BTreeSet<String> = BTreeSet::new();
        let mut entries: BTreeMap<String, ()> = BTreeMap::new();
        if mode != "CONFIG_MAP" {
            for line in read("describe-access-entry.jsonl").lines() {
                let entry: Value = serde_json::from_str(line).expect("JSON");
                entries.insert(text(&entry["accessEntry"]["principalArn"]).to_string(), ());
            }
            for line in read("list-associated-access-policies.jsonl").lines() {
                let row: Value = serde_json::from_str(line).expect("JSON");
                let policies = row["associatedAccessPolicies"].as_array().expect("policies");
                if policies.iter().any(|it| text(&it["policyArn"]).ends_with("/AmazonEKSClusterAdminPolicy")) {
                    expected.insert(text(&row["principalArn"]).to_string());
                }
            }
        }
        if mode != "API" {
            for map in json(&directory, "configmaps.json") {
                for key in ["mapRoles", "mapUsers"] {
                    let yaml = text(&map["data"][key]);
                    let mut principal = String::new();
                    for line in yaml.lines() {
                        if let Some((_, arn)) = line.split_once("arn: ") {
                            principal = arn.trim().to_owned();
                        }
                        let taken = entries.keys().any(|it| it.rsplit('/').next() == principal.rsplit('/').next());
                        if line.trim() == "- system:masters" && !taken {
                            expected.insert(principal.clone());
                        }
                    }
                }
            }
        }
        assert!(!expected.is_empty(), "{label}");
        let authorization = authorization::of(cluster);
        // Nothing but everything grants this.
        let rows = authorization.who_may(&super::request("* *"));
        let found: BTreeSet<String> = rows
            .iter()
            .filter_map(|row| match &row.subject {
                Subject::Iam(arn) => Some(arn.to_string()),
                _ => None,
            })
            .collect();
        assert_eq!(found, expected, "{label} in mode {mode}");
    }
}
