//! Findings of generated worlds: every planted case is found under the right id and subject.

use std::collections::BTreeSet;

use rolewalk::findings::{self, Findings};
use rolewalk::identity::resolve;
use rolewalk::ingest::{self, Options};
use serde_json::Value;

use crate::testbed;

/// Planted case, rule that must find it, kind of the subject: `workload`, `sa`, `role` or `association`.
const EXPECTED: &[(&str, &str, &str)] = &[
    ("irsa-not-injected", "IRSA-001", "workload"),
    ("irsa-role-missing", "IRSA-005", "workload"),
    ("irsa-path-lost", "IRSA-005", "workload"),
    ("irsa-arn-malformed", "IRSA-006", "workload"),
    ("irsa-custom-audience", "IRSA-004", "workload"),
    ("static-over-irsa", "IRSA-011", "workload"),
    ("irsa-wildcard-namespace", "TRUST-008", "role"),
    ("irsa-wildcard-any", "TRUST-001", "role"),
    ("irsa-no-sub", "TRUST-001", "role"),
    ("irsa-sub-mismatch", "TRUST-004", "role"),
    ("irsa-literal-star", "TRUST-005", "role"),
    ("irsa-trust-deny", "TRUST-017", "role"),
    ("irsa-stale-env", "DRIFT-003", "workload"),
    ("pia-fargate", "PODID-002", "workload"),
    ("pia-not-injected", "DRIFT-002", "workload"),
    ("unused", "HYG-001", "sa"),
];

fn of(directory: &std::path::Path) -> Findings {
    let inventory = ingest::load(directory, Options::default()).unwrap();
    let pods = resolve::all(&inventory);
    findings::run(&inventory, &pods)
}

#[test]
fn every_planted_case_is_found_under_its_id_and_subject() {
    let Some(world) = testbed::world("small", 1) else { return };
    let truth: Value = serde_json::from_slice(&std::fs::read(world.join("truth.json")).unwrap()).unwrap();
    let found = of(&world);
    let found: BTreeSet<(&str, String)> = found.all.iter().map(|it| (it.rule.id, it.subject.to_string())).collect();
    let mut missed = Vec::new();
    for (case, id, kind) in EXPECTED {
        let planted: Vec<&Value> =
            truth["planted"].as_array().unwrap().iter().filter(|it| it["case"] == *case).collect();
        assert!(!planted.is_empty(), "no case `{case}` is planted");
        for it in planted {
            let text = |key: &str| it[key].as_str().unwrap_or_default();
            let (cluster, namespace, account) = (text("cluster"), text("namespace"), text("serviceAccount"));
            let (owner, name) = text("workload").split_once('/').unwrap_or_default();
            let subject = match *kind {
                "workload" => format!("{}/{cluster}/{namespace}/{name}", owner.to_lowercase()),
                "sa" => format!("sa/{cluster}/{namespace}/{account}"),
                "role" => format!("role/111122223333:{cluster}-{account}"),
                _ => text("association").to_owned(),
            };
            if !found.contains(&(*id, subject.clone())) {
                missed.push(format!("{case}: {id} {subject}"));
            }
        }
    }
    assert!(missed.is_empty(), "\n{}", missed.join("\n"));
}

/// Service account of a planted case on rights, and the rules that must find it.
const RIGHTS: &[(&str, &[&str])] = &[
    ("ci-deployer", &["RBAC-012"]),
    ("debug-bot", &["RBAC-004"]),
    ("token-bot", &["RBAC-001"]),
    ("node-bot", &["RBAC-007"]),
    ("escalator", &["RBAC-012"]),
    ("annotator", &["RBAC-008"]),
];

#[test]
fn planted_rights_are_found_under_their_holders() {
    let Some(world) = testbed::world("small", 1) else { return };
    let truth: Value = serde_json::from_slice(&std::fs::read(world.join("truth.json")).unwrap()).unwrap();
    let found = of(&world);
    let found: BTreeSet<(&str, String)> = found.all.iter().map(|it| (it.rule.id, it.subject.to_string())).collect();
    let mut missed = Vec::new();
    let planted = truth["planted"].as_array().unwrap().iter();
    for it in planted.filter(|it| it["case"] == "rbac" || it["case"] == "role-is-cluster-admin") {
        let text = |key: &str| it[key].as_str().unwrap_or_default();
        let (cluster, namespace, account) = (text("cluster"), text("namespace"), text("serviceAccount"));
        let expected: Vec<(&str, String)> = if it["case"] == "role-is-cluster-admin" {
            vec![("AUTH-001", format!("role/111122223333:{cluster}-{account}"))]
        } else if account.is_empty() {
            ["RBAC-001", "RBAC-002", "RBAC-003"].map(|id| (id, format!("group/{cluster}/{namespace}-developers"))).into()
        } else {
            let rules = RIGHTS.iter().find(|row| row.0 == account).map_or(&[][..], |row| row.1);
            assert!(!rules.is_empty(), "no rule is expected for {account}");
            rules.iter().map(|id| (*id, format!("sa/{cluster}/{namespace}/{account}"))).collect()
        };
        missed.extend(expected.into_iter().filter(|it| !found.contains(it)));
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn the_same_world_gives_the_same_findings() {
    let Some(world) = testbed::world("small", 1) else { return };
    let print = |it: &Findings| it.all.iter().map(|it| it.fingerprint.clone()).collect::<Vec<_>>();
    let (first, second) = (of(&world), of(&world));
    assert_eq!(print(&first), print(&second));
    let unique: BTreeSet<String> = print(&first).into_iter().collect();
    assert_eq!(unique.len(), first.all.len(), "two findings share a fingerprint");
}
