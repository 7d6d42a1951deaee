//! The program itself against servers: the same bytes as from files.

use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

use super::{AwsServer, Fault, Kind, with_organization};
use crate::api_server::{ApiServer, kubeconfig};
use crate::testbed;

const AT: &str = "2026-06-01T12:00:00Z";

/// Runs the program with nothing of the user's own configuration.
fn run(home: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("rolewalk").unwrap();
    let kept = ["PATH", "LLVM_PROFILE_FILE"].map(|name| (name, std::env::var_os(name)));
    command.env_clear().envs(kept.into_iter().filter_map(|(name, value)| Some((name, value?))));
    command.env("HOME", home).env("AWS_EC2_METADATA_DISABLED", "true").env("KUBECONFIG", home.join("none"));
    let output = command.args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// A home with AWS profiles: `good` has keys, `sso` has a session that nobody has signed in to.
fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let config = "[profile good]\nregion = eu-west-1\naws_access_key_id = AKIAGOOD\naws_secret_access_key = secret\n\
        [profile sso]\nregion = eu-west-1\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = audit\n\
        [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = http://127.0.0.1:1/start\n";
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    home
}

#[test]
fn lists_of_a_live_estate_are_those_of_its_files_byte_for_byte() {
    let Some(world) = testbed::world("small", 1) else { return };
    let world = with_organization(&world);
    let (aws, home) = (AwsServer::start(world.path(), 30, Vec::new()), home());
    let api = ApiServer::of_world(&world.path().join("clusters/prod"));
    let file = home.path().join("config");
    std::fs::write(&file, kubeconfig(&[("prod", &api.url())])).unwrap();
    for list in ["identities", "roles", "associations", "nodes"] {
        let what = ["list", list, "-o", "ndjson", "--at", AT];
        let (code, files, _) = run(home.path(), &[&what[..], &["--snapshot", world.path().to_str().unwrap()]].concat());
        assert_eq!(code, 0);
        let file = file.to_str().unwrap();
        let live = ["--kubeconfig", file, "--profile", "good", "--endpoint-url", &aws.url];
        let (code, live, errors) = run(home.path(), &[&what[..], &live[..]].concat());
        assert_eq!(code, 0, "{errors}");
        for (live, files) in live.lines().zip(files.lines()) {
            assert_eq!(live, files, "{list}");
        }
        assert_eq!(live, files);
    }
}

#[test]
fn an_account_is_read_without_any_cluster() {
    let Some(world) = testbed::world("small", 1) else { return };
    let (aws, home) = (AwsServer::start(&world, 100, Vec::new()), home());
    let live = ["--profile", "good", "--endpoint-url", &aws.url];
    let (code, out, errors) = run(home.path(), &[&["list", "roles", "-o", "csv"], &live[..]].concat());
    assert_eq!((code, out.lines().count()), (0, 61), "{errors}");
    assert!(errors.contains("clusters/prod/pods.json: missing (no kubeconfig context"), "{errors}");
    let (code, out, _) = run(home.path(), &[&["doctor", "-o", "json"], &live[..]].concat());
    let doctor: serde_json::Value = serde_json::from_str(&out).unwrap();
    let row = doctor["results"].as_array().unwrap().iter().find(|it| it["source"] == "aws/iam.json").unwrap();
    assert_eq!((code, &row["status"], &row["counts"]["roles"]), (0, &"ok".into(), &60.into()));
}

#[test]
fn a_profile_that_is_not_signed_in_says_what_to_run_and_leaves_kubernetes() {
    let Some(world) = testbed::world("small", 1) else { return };
    let home = home();
    let api = ApiServer::of_world(&world.join("clusters/prod"));
    let file = home.path().join("config");
    std::fs::write(&file, kubeconfig(&[("prod", &api.url())])).unwrap();
    let live = ["--kubeconfig", file.to_str().unwrap(), "--profile", "sso", "--endpoint-url", "http://127.0.0.1:1"];
    let (code, out, errors) = run(home.path(), &[&["list", "pods", "-o", "csv"], &live[..]].concat());
    assert_eq!((code, out.lines().count()), (0, 66), "{errors}");
    let said = "aws/iam.json: missing (the session of profile `sso` expired; run `aws sso login --profile sso`, then read again)";
    assert!(errors.contains(said), "{errors}");
}

#[test]
fn a_throttled_account_is_read_all_the_same() {
    let Some(world) = testbed::world("small", 1) else { return };
    let faults = vec![Fault::times("eks:DescribeAccessEntry", 2, Kind::Throttled)];
    let (aws, home) = (AwsServer::start(&world, 100, faults), home());
    let live = ["--profile", "good", "--endpoint-url", &aws.url];
    let (_, out, _) = run(home.path(), &[&["doctor", "-o", "json"], &live[..]].concat());
    let doctor: serde_json::Value = serde_json::from_str(&out).unwrap();
    let found = doctor["results"].as_array().unwrap().iter();
    let row = found.into_iter().find(|it| it["source"] == "clusters/prod/describe-access-entry.jsonl").unwrap();
    assert_eq!(row["status"], "ok", "{row}");
}

#[test]
fn the_smallest_policy_is_printed_without_asking_anybody() {
    let home = home();
    let (code, out, _) = run(home.path(), &["doctor", "--print", "iam"]);
    let policy: serde_json::Value = serde_json::from_str(&out).unwrap();
    let actions = policy["Statement"][0]["Action"].as_array().unwrap();
    assert_eq!((code, actions.len()), (0, rolewalk::model::call::Call::ALL.len() - 1));
    assert!(actions.contains(&"iam:GetAccountAuthorizationDetails".into()));
}
