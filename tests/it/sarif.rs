//! `findings -o sarif`: valid by the schema of SARIF 2.1.0, complete by what the findings say, and the same every time.

use std::collections::BTreeSet;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// As the crate `serde-sarif` ships it.
const SCHEMA: &str = include_str!("../fixtures/sarif/sarif-schema-2.1.0.json");

fn run(directory: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::cargo_bin("rolewalk").expect("the binary is built");
    let output = command.current_dir(directory).arg("findings").args(arguments).arg("-q").output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn log(directory: &Path, arguments: &[&str]) -> Value {
    let text = run(directory, &[arguments, &["-o", "sarif"]].concat());
    let log: Value = serde_json::from_slice(&text).expect("JSON");
    valid(&log);
    log
}

fn demo(arguments: &[&str]) -> Value {
    log(Path::new("."), &[&["--demo"], arguments].concat())
}

fn validator() -> jsonschema::Validator {
    // As published its patterns for languages have a bracket too many, and are no regular expressions to strict readers.
    let sound = SCHEMA.replace("{2}]?$", "{2}$");
    assert_ne!(sound, SCHEMA);
    let schema: Value = serde_json::from_str(&sound).expect("the schema is JSON");
    jsonschema::options().should_validate_formats(true).build(&schema).expect("it is a schema")
}

fn valid(log: &Value) {
    let validator = validator();
    let wrong: Vec<String> =
        validator.iter_errors(log).map(|it| format!("{}: {it}", it.instance_path().as_str())).take(10).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().expect("results")
}

fn prints(log: &Value) -> BTreeSet<&str> {
    results(log).iter().map(|it| it["fingerprints"]["rolewalk/v1"].as_str().expect("a fingerprint")).collect()
}

#[test]
fn the_schema_is_strict_enough_to_refuse_what_is_wrong() {
    let validator = validator();
    let mut log = demo(&["sev:critical"]);
    log["runs"][0]["results"][0]["levle"] = "error".into();
    assert!(!validator.is_valid(&log));
    log["runs"][0]["results"][0].as_object_mut().expect("an object").remove("levle");
    assert!(validator.is_valid(&log));
    log["runs"][0]["results"][0]["kind"] = "broken".into();
    assert!(!validator.is_valid(&log));
}

#[test]
fn every_finding_is_a_result_with_place_fingerprint_and_rule() {
    let log = demo(&[]);
    let json: Value = serde_json::from_slice(&run(Path::new("."), &["--demo", "-o", "json"])).expect("JSON");
    let findings = json["results"].as_array().expect("results");
    assert_eq!(results(&log).len(), findings.len());
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    for (result, finding) in results(&log).iter().zip(findings) {
        let at = result["ruleIndex"].as_u64().expect("a number") as usize;
        assert_eq!(rules[at]["id"], result["ruleId"]);
        assert_eq!(result["ruleId"], finding["id"]);
        let location = &result["locations"][0];
        assert!(location["physicalLocation"]["artifactLocation"]["uri"].as_str().is_some_and(|it| !it.is_empty()));
        assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], finding["subject"]);
        assert_eq!(result["partialFingerprints"]["rolewalk/v1"], finding["fingerprint"]);
        assert_eq!(
            result["relatedLocations"].as_array().map_or(0, Vec::len),
            finding["evidence"].as_array().map_or(0, Vec::len)
        );
        // 3.27.9 and 3.27.10: what was not decided has no level.
        let open = finding["certain"] == false;
        assert_eq!((result["kind"] == "open", result["level"] == "none"), (open, open), "{}", finding["subject"]);
        assert!(result.get("baselineState").is_none() && result.get("suppressions").is_none());
    }
    for rule in rules {
        let score: f64 = rule["properties"]["security-severity"].as_str().expect("text").parse().expect("a number");
        assert!((0.0..=10.0).contains(&score));
        assert!(rule["help"]["markdown"].as_str().is_some_and(|it| it.contains("## How to fix")), "{}", rule["id"]);
        for it in rule["relationships"].as_array().expect("references") {
            let taxonomy = it["target"]["toolComponent"]["index"].as_u64().expect("a number") as usize;
            let taxa = log["runs"][0]["taxonomies"][taxonomy]["taxa"].as_array().expect("items");
            assert!(taxa.iter().any(|item| item["id"] == it["target"]["id"]), "{it}");
        }
    }
}

#[test]
fn rules_that_were_not_evaluated_and_sources_that_were_not_read_are_notifications() {
    let directory = tempfile::tempdir().expect("a directory");
    let cluster = directory.path().join("clusters/prod");
    std::fs::create_dir_all(&cluster).expect("made");
    std::fs::write(cluster.join("namespaces.json"), r#"{"apiVersion":"v1","kind":"List","items":[]}"#)
        .expect("written");
    let log = log(directory.path(), &["--snapshot", "."]);
    let run = &log["runs"][0];
    assert_eq!(run["properties"]["completeness"]["complete"], false);
    let notifications = run["invocations"][0]["toolExecutionNotifications"].as_array().expect("notifications");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let unjudged: Vec<&Value> = notifications.iter().filter(|it| it["descriptor"]["id"] == "not-evaluated").collect();
    assert!(!unjudged.is_empty());
    for it in unjudged {
        let at = it["associatedRule"]["index"].as_u64().expect("a number") as usize;
        assert_eq!(rules[at]["id"], it["associatedRule"]["id"]);
        assert!(it["properties"]["needs"].as_array().is_some_and(|needs| !needs.is_empty()));
    }
    assert!(
        notifications.iter().any(|it| {
            it["descriptor"]["id"] == "not-read" && it["properties"]["source"] == "clusters/prod/pods.json"
        })
    );
}

#[test]
fn a_result_stands_in_the_manifest_that_defines_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path().join("k8s/platform");
    std::fs::create_dir_all(&place).expect("made");
    let manifest = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: platform\n---\napiVersion: v1\nkind: Pod\n\
                    metadata:\n  namespace: platform\n  name: node-debug\n";
    std::fs::write(place.join("debug pod.yaml"), manifest).expect("written");
    let log = log(directory.path(), &["rule:POD-001", "--demo", "--manifests", "k8s"]);
    let location = &results(&log)[0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "k8s/platform/debug%20pod.yaml");
    assert_eq!(location["artifactLocation"]["uriBaseId"], "SRCROOT");
    assert_eq!(location["region"]["startLine"], 10);
    assert!(log["runs"][0]["originalUriBaseIds"]["SRCROOT"].is_object());
}

#[test]
fn the_baseline_and_what_was_accepted_mark_the_results() {
    let directory = tempfile::tempdir().expect("a directory");
    let all = log(directory.path(), &["sev:critical", "--demo"]);
    // A query narrows the earlier answer, so that some are new.
    let earlier = run(directory.path(), &["sev:critical rule:POD-*", "--demo", "-o", "sarif"]);
    std::fs::write(directory.path().join("earlier.sarif"), &earlier).expect("written");
    let known: Value = serde_json::from_slice(&earlier).expect("JSON");
    assert!(!results(&known).is_empty() && results(&known).len() < results(&all).len());
    let first = &results(&all)[0];
    let accepted = format!(
        "- fingerprint: {}\n  id: {}\n  subject: {}\n  reason: known & \"quoted\"\n  until: 2099-01-01\n",
        first["fingerprints"]["rolewalk/v1"].as_str().expect("text"),
        first["ruleId"].as_str().expect("text"),
        first["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].as_str().expect("text"),
    );
    std::fs::write(directory.path().join("accepted.yaml"), accepted).expect("written");
    let arguments = ["sev:critical", "--demo", "--baseline", "earlier.sarif", "--accepted", "accepted.yaml"];
    let marked = log(directory.path(), &arguments);
    assert_eq!(prints(&marked), prints(&all));
    for result in results(&marked) {
        let print = result["fingerprints"]["rolewalk/v1"].as_str().expect("text");
        let state = if prints(&known).contains(print) { "unchanged" } else { "new" };
        assert_eq!(result["baselineState"], state);
        let suppressions = result["suppressions"].as_array().expect("every result says it");
        assert_eq!(suppressions.len(), usize::from(result["fingerprints"] == first["fingerprints"]));
        for it in suppressions {
            assert_eq!(
                (it["kind"].as_str(), it["justification"].as_str()),
                (Some("external"), Some("known & \"quoted\""))
            );
        }
    }
}

#[test]
fn the_same_data_gives_the_same_bytes() {
    let of = || run(Path::new("."), &["--demo", "-o", "sarif"]);
    assert_eq!(of(), of());
}
