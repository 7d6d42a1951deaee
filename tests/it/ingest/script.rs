//! The snapshot script, run against an `aws` and a `kubectl` that answer from the files of a world.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use rolewalk::ingest::{self, Options, script};

use super::tiny;
use crate::testbed::skipped;

/// A world of which the script can find every file.
fn world(directory: &Path) {
    tiny::write(directory);
    let write = |path: &str, text: &str| fs::write(directory.join(path), text).unwrap();
    let providers =
        tiny::FILES.iter().find(|(path, _)| path.ends_with("get-open-id-connect-provider.jsonl")).unwrap().1;
    write("aws/get-open-id-connect-provider.jsonl", providers.lines().next().unwrap());
    let line = |target: &str, kind: &str, id: &str| {
        let policies = if id.is_empty() {
            String::new()
        } else {
            format!(r#"{{"Id": "{id}", "Name": "{id}", "Type": "{kind}"}}"#)
        };
        format!(r#"{{"TargetId": "{target}", "Filter": "{kind}", "Policies": [{policies}]}}"#)
    };
    let (scp, rcp) = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY");
    let by_target = [
        line("111122223333", scp, "p-1"),
        line("111122223333", rcp, ""),
        line("r-1", scp, "p-1"),
        line("r-1", rcp, "p-2"),
    ];
    write("aws/organizations-list-policies-for-target.jsonl", &by_target.join("\n"));
    fs::remove_file(directory.join("aws/resource-policies.jsonl")).unwrap();
    for plural in [
        "ingresses",
        "persistentvolumes",
        "customresourcedefinitions",
        "gateways",
        "nodepools",
        "nodeclasses",
        "ciliumnetworkpolicies",
    ] {
        write(&format!("clusters/prod/{plural}.json"), r#"{"items": [], "kind": "List"}"#);
    }
}

/// Runs the script; `None` where it cannot run.
fn run(world: &Path, out: &Path, deny: &str) -> Option<Output> {
    for tool in ["bash", "jq"] {
        if let Err(error) = Command::new(tool).arg("--version").output() {
            skipped(&format!("the snapshot script was not run: {tool}: {error}"));
            return None;
        }
    }
    let file = world.join("snapshot.sh");
    fs::write(&file, script::text()).unwrap();
    let fake = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testbed/fake");
    let path = format!("{}:{}", fake.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .arg(&file)
        .args(["--region", "eu-west-1"])
        .arg(out)
        .env("PATH", path)
        .env("FAKE_WORLD", world)
        .env("FAKE_DENY", deny)
        .output()
        .unwrap();
    Some(output)
}

fn dump(directory: &Path) -> String {
    let at = Some("2026-06-01T12:00:00Z".parse().unwrap());
    super::dump::inventory(&ingest::load(directory, Options { at, ..Options::default() }).unwrap(), false)
}

#[test]
fn what_the_script_writes_reads_like_what_it_was_told() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    world(source.path());
    let out = target.path().join("a directory");
    let Some(output) = run(source.path(), &out, "") else { return };
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let (expected, found) = (dump(source.path()), dump(&out));
    for (expected, found) in expected.lines().zip(found.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
    assert_eq!(fs::metadata(out.join("aws/iam.json")).unwrap().permissions().mode() & 0o077, 0);
    let now: serde_json::Value = serde_json::from_slice(&fs::read(out.join("world.json")).unwrap()).unwrap();
    assert!(now["now"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
}

#[test]
fn values_of_secrets_never_reach_a_file() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    world(source.path());
    let out = target.path().join("out");
    let Some(_) = run(source.path(), &out, "") else { return };
    for file in ["secrets.json", "configmaps.json"] {
        let text = fs::read_to_string(out.join("clusters/prod").join(file)).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
    }
}

#[test]
fn a_refused_answer_leaves_its_file_out_and_the_rest_goes_on() {
    let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    world(source.path());
    let out = target.path().join("out");
    let deny = "get-account-authorization|get secrets|describe-nodegroup|list-access-entries|list-parents";
    let Some(output) = run(source.path(), &out, deny) else { return };
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for path in [
        "aws/iam.json",
        "clusters/prod/secrets.json",
        "clusters/prod/describe-nodegroup.jsonl",
        "clusters/prod/list-access-entries.json",
        "aws/organizations-list-parents.jsonl",
    ] {
        assert!(!out.join(path).exists(), "{path}");
        assert!(said.contains(path), "{path} in {said}");
    }
    assert!(out.join("clusters/prod/pods.json").exists() && out.join("clusters/prod/list-addons.json").exists());
    assert!(said.contains("5 answers are missing"), "{said}");
}
