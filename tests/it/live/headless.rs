//! The binary with a kubeconfig: what it answers, what it says when it cannot, and how it logs in.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use super::pod;
use crate::api_server::{ApiServer, Fault, kubeconfig};
use crate::testbed;

fn rolewalk(config: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("rolewalk").expect("the binary is built");
    command.args(args).arg("--kubeconfig").arg(config).args(["--no-aws", "--no-save"]);
    let output = command.timeout(std::time::Duration::from_secs(60)).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn a_command_loads_the_current_context_and_answers_as_from_files() {
    let Some(world) = testbed::world("small", 1) else { return };
    let server = ApiServer::of_world(&world.join("clusters/prod"));
    let directory = tempfile::tempdir().unwrap();
    // The same lists as files, and nothing else: AWS is not asked live either.
    let files = directory.path().join("files/clusters/prod");
    std::fs::create_dir_all(&files).unwrap();
    for entry in std::fs::read_dir(world.join("clusters/prod")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with("s.json") && !name.starts_with("list-") {
            std::fs::copy(&path, files.join(name)).unwrap();
        }
    }
    let args = ["list", "identities", "-o", "ndjson", "-q", "--at", "2026-06-01T12:00:00Z"];
    let (code, live, err) = rolewalk(&server.kubeconfig(directory.path(), "prod"), &args);
    assert_eq!((code, err.as_str()), (0, ""));
    let mut command = Command::cargo_bin("rolewalk").unwrap();
    let root = directory.path().join("files");
    let output = command.args(args).arg("--snapshot").arg(root).output().unwrap();
    let from_files = String::from_utf8(output.stdout).unwrap();
    // Which account was not read is known live, from the context; files alone cannot tell.
    let rows = |text: &str| {
        let rows = text.lines().skip(1).map(|line| {
            let mut row: Value = serde_json::from_str(line).unwrap();
            row.as_object_mut().unwrap().remove("missing");
            row
        });
        rows.collect::<Vec<_>>()
    };
    assert!(rows(&live).len() > 60);
    let differing = rows(&live).into_iter().zip(rows(&from_files)).find(|(live, files)| live != files);
    assert_eq!(differing, None);
    let header: Value = serde_json::from_str(live.lines().next().unwrap()).unwrap();
    assert_eq!(header["data_time"], "2026-06-01T12:00:00Z");
    let gaps = header["completeness"]["gaps"].as_array().unwrap();
    let skipped = |it: &Value| it["status"] == "skipped" && it["why"] == "AWS is not asked (--no-aws)";
    assert!(gaps.len() > 10 && gaps.iter().all(skipped), "{gaps:#?}");
}

#[test]
fn several_contexts_are_one_estate() {
    let (one, two) = (ApiServer::empty(), ApiServer::empty());
    one.put("pods", pod("web", "a"));
    two.put("pods", pod("web", "b"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    std::fs::write(&file, kubeconfig(&[("one", &one.url()), ("two", &two.url())])).unwrap();
    let pods = |args: &[&str]| {
        let args = [&["list", "pods", "-o", "csv", "--no-headers", "-q", "--columns", "cluster,pod"], args].concat();
        let (code, out, err) = rolewalk(&file, &args);
        assert_eq!(code, 0, "{err}");
        out
    };
    let arn = |name: &str| format!("arn:aws:eks:eu-west-1:111122223333:cluster/{name}");
    assert_eq!(pods(&["--all-contexts"]), "one,a\ntwo,b\n");
    assert_eq!(pods(&["--context", &arn("two"), "--context", &arn("one")]), "one,a\ntwo,b\n");
    assert_eq!(pods(&["--context", &arn("two")]), "two,b\n");
    assert_eq!(pods(&[]), "one,a\n");
}

#[test]
fn a_refused_list_is_said_beside_the_answer_with_its_permission() {
    let server = ApiServer::empty();
    server.put("pods", pod("web", "a"));
    server.fail("nodes", Fault::Status(403), usize::MAX);
    let directory = tempfile::tempdir().unwrap();
    let (code, out, err) = rolewalk(&server.kubeconfig(directory.path(), "prod"), &["doctor", "-o", "json"]);
    assert_eq!(code, 0, "{err}");
    let answer: Value = serde_json::from_str(&out).unwrap();
    let row = |name: &str| {
        let rows = answer["results"].as_array().unwrap();
        rows.iter().find(|row| row["source"] == format!("clusters/prod/{name}")).unwrap().clone()
    };
    assert_eq!(
        (&row("nodes.json")["status"], &row("nodes.json")["permission"]),
        (&"denied".into(), &"list nodes".into())
    );
    assert_eq!((&row("pods.json")["status"], &row("pods.json")["counts"]["objects"]), (&"ok".into(), &1.into()));
    assert_eq!(row("describe-cluster.json")["status"], "skipped");
}

#[test]
fn without_a_cluster_or_with_a_wrong_context_the_way_out_is_named() {
    let server = ApiServer::empty();
    let directory = tempfile::tempdir().unwrap();
    let config = server.kubeconfig(directory.path(), "prod");
    let (code, _, err) = rolewalk(&config, &["list", "pods", "--context", "nope"]);
    assert_eq!(code, 2);
    assert!(err.contains("there is no context `nope`") && err.contains("cluster/prod"), "{err}");
    let empty = directory.path().join("empty");
    std::fs::write(&empty, "apiVersion: v1\nkind: Config\n").unwrap();
    let (code, _, err) = rolewalk(&empty, &["list", "pods"]);
    assert_eq!(code, 4);
    assert!(err.contains("no cluster found in kubeconfig") && err.contains("--demo"), "{err}");
    drop(server);
    let (code, _, err) = rolewalk(&config, &["list", "pods", "--timeout", "0.5"]);
    assert_eq!(code, 4);
    assert!(err.contains("nothing could be read") && err.contains("no connection to the API server"), "{err}");
}

#[cfg(unix)]
mod helpers {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A kubeconfig whose user logs in with a shell script.
    fn config(directory: &Path, server: &ApiServer, script: &str) -> std::path::PathBuf {
        let helper = directory.join("aws");
        std::fs::write(&helper, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut config: Value = serde_json::from_str(&kubeconfig(&[("prod", &server.url())])).unwrap();
        config["users"][0]["user"] = serde_json::json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": helper, "args": ["eks", "get-token", "--cluster-name", "prod", "--profile", "ops"]}});
        let file = directory.join("config");
        std::fs::write(&file, config.to_string()).unwrap();
        file
    }

    #[test]
    fn a_credentials_helper_is_run_without_stdin() {
        let server = ApiServer::empty();
        server.demand("from-helper");
        server.put("pods", pod("web", "a"));
        let directory = tempfile::tempdir().unwrap();
        // Reading from the keyboard would hang, or take what was not meant for it.
        let script = r#"read line && exit 1
echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"from-helper"}}'"#;
        let file = config(directory.path(), &server, script);
        let (code, out, err) = rolewalk(&file, &["list", "pods", "-o", "csv", "--no-headers", "--columns", "pod"]);
        assert_eq!((code, out.as_str()), (0, "a\n"), "{err}");
    }

    #[test]
    fn a_helper_that_fails_or_hangs_is_named_with_what_to_run() {
        let server = ApiServer::empty();
        let directory = tempfile::tempdir().unwrap();
        let file = config(directory.path(), &server, "echo 'Token has expired and refresh failed' >&2; exit 255");
        let (code, _, err) = rolewalk(&file, &["list", "pods"]);
        assert_eq!(code, 4);
        assert!(
            err.contains("failed: Token has expired and refresh failed; run: aws sso login --profile ops"),
            "{err}"
        );
        let file = config(directory.path(), &server, "exec sleep 30");
        let (code, _, err) = rolewalk(&file, &["list", "pods", "--timeout", "0.3"]);
        assert_eq!(code, 4);
        assert!(err.contains("did not answer within 300 ms"), "{err}");
    }
}

#[test]
fn the_smallest_cluster_role_is_printed_without_any_cluster() {
    let (code, out, err) = rolewalk(Path::new("/nonexistent"), &["doctor", "--print", "rbac"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let yaml = out.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    assert!(yaml.starts_with("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"), "{out}");
    assert!(yaml.contains("resources: [pods, serviceaccounts,") && yaml.contains("verbs: [list, watch]"), "{out}");
}
