//! The table of identity.md's rules: which tests hold each, or why none does.
//!
//! A test names its rules in its doc comment (`/// R22, T23: ...`); unit tests of identity and RBAC count too.

use std::collections::BTreeMap;
use std::path::Path;

/// The highest rule of identity.md.
const LAST: u32 = 194;

/// Rules without a test here, and why.
const REASONS: &[(u32, u32, &str)] = &[
    (7, 7, "read times of single sources are kept in coverage; no verdict hangs on them"),
    (17, 17, "self-hosted webhooks with --compose-role-arn: EKS has none, so a bare name stays malformed (R16)"),
    (19, 19, "the lifetime of a token decides no identity"),
    (21, 21, "the region decides no identity; R25 tests the variables where they matter"),
    (27, 27, "the order of injected variables decides nothing; no rule reads it"),
    (28, 28, "a sidecar without variables is answered as what it carries; why it has none is a finding"),
    (30, 30, "a race at admission looks like R113 a; its signature is a finding"),
    (40, 40, "the shape of the answer; every test reads it"),
    (43, 43, "reading a caller from a pasted error is a screen of its own"),
    (71, 71, "all statements of a document are asked by the engine; see T46"),
    (73, 73, "session length decides no identity; permissions under PrincipalTag are the policy engine's (R108)"),
    (83, 83, "exposure of a role that trusts every association is a finding"),
    (87, 87, "cached credentials are not visible; drift g says so"),
    (99, 99, "defaults of node kinds are hints; the instance is read or the answer is unknown"),
    (105, 110, "permissions of an identity: the policy engine's tests and analysis"),
    (116, 117, "dates and owners of an annotation are findings (IRSA-005, HYG-004)"),
    (118, 118, "deleted principals match nobody (policy engine); the finding is TRUST-018"),
    (119, 119, "a re-created cluster has another issuer: T4"),
    (123, 124, "roles of many clusters are the role page's; each cluster is asked by itself (T46)"),
    (126, 126, "stale providers are a finding (TRUST-014)"),
    (129, 130, "endpoints and managed policies decide nothing here; ARNs are taken as written"),
    (132, 132, "the node role's own trust is not asked: an instance that runs has its role"),
    (134, 137, "availability by region, access policies and console links are not read; partitions come from ARNs"),
    (151, 151, "host network and node role are R96"),
    (177, 190, "cloud to cluster and AWS escalation: the access graph and analysis"),
];

/// Rule numbers at the start of the doc comments of tests, with the test's name.
fn tests_by_rule() -> BTreeMap<u32, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> =
        ["identity_pods", "identity_rules", "identity_vectors", "identity_worlds", "rbac/cases", "rbac/worlds"]
            .iter()
            .map(|it| root.join(format!("tests/it/{it}.rs")))
            .collect();
    for directory in ["src/identity", "src/rbac", "src/graph/authorization"] {
        for entry in std::fs::read_dir(root.join(directory)).expect("sources").flatten() {
            files.push(entry.path());
        }
    }
    let mut found: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source");
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| **line == "#[test]") {
            let _ = line;
            let name = lines[at + 1].trim_start_matches("fn ").split('(').next().unwrap_or_default().to_owned();
            let docs = lines[..at].iter().rev().take_while(|line| line.starts_with("///")).collect::<Vec<_>>();
            let text: String = docs.iter().rev().map(|line| line.trim_start_matches("///")).collect();
            let numbers = text.split(|it: char| !it.is_ascii_alphanumeric());
            for rule in numbers.filter_map(|word| word.strip_prefix('R')?.parse::<u32>().ok()) {
                let tests = found.entry(rule).or_default();
                if !tests.contains(&name) {
                    tests.push(name.clone());
                }
            }
        }
    }
    found.values_mut().for_each(|tests| tests.sort());
    found
}

/// `tests/fixtures/identity_rules.tsv` says of every rule which tests hold it, or why none does. `UPDATE_EXPECT=1` writes it.
#[test]
fn every_rule_has_a_test_or_a_reason() {
    let tests = tests_by_rule();
    let mut table = String::from("rule\ttests, or why there is none\n");
    let mut bare = Vec::new();
    for rule in 1..=LAST {
        let reason = REASONS.iter().find(|(from, to, _)| (*from..=*to).contains(&rule)).map(|it| it.2);
        match (tests.get(&rule), reason) {
            (Some(tests), _) => table.push_str(&format!("R{rule}\t{}\n", tests.join(", "))),
            (None, Some(reason)) => table.push_str(&format!("R{rule}\t({reason})\n")),
            (None, None) => bare.push(rule),
        }
    }
    assert!(bare.is_empty(), "rules without test and reason: {bare:?}");
    expect_test::expect_file!["../fixtures/identity_rules.tsv"].assert_eq(&table);
}
