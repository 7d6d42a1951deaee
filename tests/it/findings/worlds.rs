//! Findings of generated worlds: every planted case is found under the right id and subject, and everything else that is
//! found is true by a look at the facts that owes nothing to the rule.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use rolewalk::analysis::roles::Classes;
use rolewalk::findings::{self, Findings};
use rolewalk::identity::documents::Documents;
use rolewalk::identity::resolve;
use rolewalk::ingest::{self, Options};
use rolewalk::model::Inventory;
use serde_json::Value;

use super::explained;
use crate::testbed;

/// Whom a planted case is about.
#[derive(Clone, Copy)]
enum About {
    Workload,
    Account,
    Role,
    Association,
    /// The role of the nodes of one kind: `prod-general-node`.
    Nodes(&'static str),
}

use About::{Account, Association, Nodes, Role, Workload};

/// Planted case, rule that must find it, and about whom.
const EXPECTED: &[(&str, &str, About)] = &[
    ("irsa-not-injected", "IRSA-001", Workload),
    ("irsa-role-missing", "IRSA-005", Workload),
    ("irsa-path-lost", "IRSA-005", Workload),
    ("irsa-arn-malformed", "IRSA-006", Workload),
    ("irsa-custom-audience", "IRSA-004", Workload),
    ("static-over-irsa", "IRSA-011", Workload),
    ("static-over-irsa", "POD-003", Workload),
    ("irsa-wildcard-namespace", "TRUST-008", Role),
    ("irsa-wildcard-any", "TRUST-001", Role),
    ("irsa-no-sub", "TRUST-001", Role),
    ("irsa-sub-mismatch", "TRUST-004", Role),
    ("irsa-literal-star", "TRUST-005", Role),
    ("irsa-trust-deny", "TRUST-017", Role),
    ("irsa-stale-env", "DRIFT-003", Workload),
    ("pia-ghost", "PODID-005", Association),
    ("pia-and-annotation", "PODID-010", Association),
    ("pia-no-tagsession", "PODID-004", Association),
    ("pia-no-tagsession-off", "PODID-004", Association),
    ("pia-wrong-principal", "PODID-004", Association),
    ("pia-trust-condition-mismatch", "PODID-004", Association),
    ("pia-target-role", "PODID-008", Association),
    ("pia-fargate", "PODID-002", Workload),
    ("pia-not-injected", "DRIFT-002", Workload),
    ("node-general", "NODE-001", Nodes("general")),
    ("node-imdsv1", "NODE-002", Nodes("legacy")),
    ("node-hostnet", "NODE-007", Workload),
    ("sa-missing", "POD-007", Workload),
    ("unused", "HYG-001", Account),
    ("irsa-other-issuer", "DRIFT-006", Workload),
];

/// Planted cases in which no rule has anything to say.
const NOTHING: &[(&str, &str)] = &[
    ("irsa-ok", "it works"),
    ("irsa-list", "it works; the subject beside it that is gone is TRUST-010, explained below"),
    ("irsa-cross-account", "the role is in an account that was not read"),
    ("irsa-env-override", "variables by hand that agree with a trust; its pattern is TRUST-009, explained below"),
    ("irsa-skip-container", "the container is left out on purpose"),
    ("irsa-no-automount", "it works without the token of the API server"),
    ("irsa-fargate", "IRSA works on Fargate"),
    ("irsa-pending", "the pod has no node yet"),
    (
        "irsa-aud-mismatch",
        "the catalogue has no rule for an audience that the trust refuses; IRSA-013 where it falls through",
    ),
    ("pia-ok", "it works"),
    ("pia-trust-condition", "the condition names the right account"),
    ("node-locked", "the nodes are closed"),
    ("plain-fargate", "nothing is declared"),
    ("role-is-cluster-admin", "looked at by the rules on principals in the cluster"),
    ("rbac", "looked at by the rules on Kubernetes rights"),
];

pub struct World {
    pub inventory: Inventory,
    pub found: Findings,
    pub truth: Value,
}

fn open(directory: &Path) -> World {
    let inventory = ingest::load(directory, Options::default()).unwrap();
    let pods = resolve::all(&inventory);
    let truth = serde_json::from_slice(&std::fs::read(directory.join("truth.json")).unwrap()).unwrap();
    World { found: findings::run(&inventory, &pods), inventory, truth }
}

impl World {
    fn planted(&self, case: &str) -> impl Iterator<Item = &Value> {
        self.truth["planted"].as_array().unwrap().iter().filter(move |it| it["case"] == *case)
    }

    /// What must be found, by id and subject.
    fn expected(&self) -> BTreeMap<(&'static str, String), &'static str> {
        let mut expected = BTreeMap::new();
        for (case, id, about) in EXPECTED {
            let before = expected.len();
            for it in self.planted(case) {
                let text = |key: &str| it[key].as_str().unwrap_or_default();
                let (cluster, namespace, account) = (text("cluster"), text("namespace"), text("serviceAccount"));
                let (owner, name) = text("workload").split_once('/').unwrap_or_default();
                let subject = match about {
                    Workload => format!("{}/{cluster}/{namespace}/{name}", owner.to_lowercase()),
                    Account => format!("sa/{cluster}/{namespace}/{account}"),
                    Role => format!("role/111122223333:{cluster}-{account}"),
                    Nodes(kind) => format!("role/111122223333:{cluster}-{kind}-node"),
                    Association => {
                        let list = &self.inventory.clusters[cluster].association_list;
                        let named = list.iter().find(|it| it.namespace == *namespace && it.service_account == *account);
                        format!("association/{cluster}/{}", named.expect("it is in the list").id)
                    }
                };
                expected.insert((*id, subject), *case);
            }
            assert!(expected.len() > before, "no case `{case}` is planted");
        }
        expected
    }
}

/// The worlds that tests look at, by size; opened once. Empty where there is no Python.
pub fn worlds() -> &'static [(&'static str, World)] {
    static ALL: LazyLock<Vec<(&str, World)>> = LazyLock::new(|| {
        ["small", "medium"].into_iter().filter_map(|size| Some((size, open(&testbed::world(size, 1)?)))).collect()
    });
    &ALL
}

#[test]
fn every_planted_case_is_found_under_its_id_and_subject() {
    for (size, world) in worlds() {
        let found: BTreeSet<(&str, String)> =
            world.found.all.iter().map(|it| (it.rule.id, it.subject.to_string())).collect();
        let expected = world.expected();
        let missed: Vec<_> = expected.iter().filter(|(key, _)| !found.contains(*key)).collect();
        assert!(missed.is_empty(), "{size}: {missed:#?}");
    }
}

#[test]
fn every_planted_case_has_a_rule_or_a_reason_for_none() {
    let known: BTreeSet<&str> = EXPECTED.iter().map(|row| row.0).chain(NOTHING.iter().map(|row| row.0)).collect();
    for (size, world) in worlds() {
        let planted = world.truth["planted"].as_array().unwrap().iter();
        let unknown: BTreeSet<&str> =
            planted.filter_map(|it| it["case"].as_str()).filter(|it| !known.contains(it)).collect();
        assert!(unknown.is_empty(), "{size}: {unknown:?}");
    }
}

#[test]
fn whatever_else_is_found_is_true_by_the_facts() {
    for (size, world) in worlds() {
        let expected = world.expected();
        let others = world.found.all.iter().filter(|it| !expected.contains_key(&(it.rule.id, it.subject.to_string())));
        let unexplained: Vec<String> = others
            .filter_map(|it| Some(format!("{} {}: {}", it.rule.id, it.subject, explained::doubt(world, it)?)))
            .collect();
        assert!(unexplained.is_empty(), "{size}:\n{}", unexplained.join("\n"));
    }
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
    let Some((_, World { found, truth, .. })) = worlds().first() else { return };
    let found: BTreeSet<(&str, String)> = found.all.iter().map(|it| (it.rule.id, it.subject.to_string())).collect();
    let mut missed = Vec::new();
    let planted = truth["planted"].as_array().unwrap().iter();
    for it in planted.filter(|it| it["case"] == "rbac" || it["case"] == "role-is-cluster-admin") {
        let text = |key: &str| it[key].as_str().unwrap_or_default();
        let (cluster, namespace, account) = (text("cluster"), text("namespace"), text("serviceAccount"));
        let expected: Vec<(&str, String)> = if it["case"] == "role-is-cluster-admin" {
            vec![("AUTH-001", format!("role/111122223333:{cluster}-{account}"))]
        } else if account.is_empty() {
            ["RBAC-001", "RBAC-002", "RBAC-003"]
                .map(|id| (id, format!("group/{cluster}/{namespace}-developers")))
                .into()
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
fn roles_that_are_judged_together_have_the_class_that_each_has_alone() {
    for (size, World { inventory, .. }) in worlds() {
        let (documents, classes) = (Documents::default(), Classes::default());
        let mut seen = BTreeSet::new();
        for role in inventory.accounts.values().flat_map(|it| it.roles.iter()) {
            let alone = Classes::default().of(inventory, &documents, role);
            seen.insert(alone.class.as_str());
            assert_eq!(classes.of(inventory, &documents, role), alone, "{size}: {}", role.arn);
        }
        assert!(seen.len() > 3, "{size}: {seen:?}");
    }
}

#[test]
fn the_same_world_gives_the_same_findings() {
    let Some(directory) = testbed::world("small", 1) else { return };
    let print = |it: &Findings| it.all.iter().map(|it| it.fingerprint.clone()).collect::<Vec<_>>();
    let (_, first) = &worlds()[0];
    let all = print(&first.found);
    assert_eq!(all, print(&open(&directory).found));
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "every fingerprint stands once");
}
