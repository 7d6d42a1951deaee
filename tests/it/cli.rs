//! The command line as another program meets it: streams, exit codes, formats.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

fn rolewalk(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("rolewalk").expect("the binary is built");
    command.args(args).env_remove("NO_COLOR");
    command
}

fn run(args: &[&str]) -> (i32, String, String) {
    let output = rolewalk(args).output().expect("it runs");
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8(output.stdout).expect("UTF-8"),
        String::from_utf8(output.stderr).expect("UTF-8"),
    )
}

fn demo(args: &[&str]) -> (i32, String, String) {
    run(&[args, &["--demo"]].concat())
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

const LISTS: &[&str] = &["pods", "sa", "roles", "nodes", "associations", "identities", "clusters"];

#[test]
fn every_list_answers_in_every_format() {
    for list in LISTS {
        for format in ["table", "json", "ndjson", "csv"] {
            let (code, out, _) = demo(&["list", list, "-o", format]);
            assert_eq!(code, 0, "{list} {format}");
            assert!(out.lines().count() > 1, "{list} {format}: {out}");
        }
    }
}

#[test]
fn the_formats_of_a_list_hold_the_same_rows() {
    for list in LISTS {
        let (_, json, _) = demo(&["list", list, "-o", "json"]);
        let json: Value = serde_json::from_str(&json).expect(list);
        let results = json["results"].as_array().expect("results").clone();
        let (_, ndjson, _) = demo(&["list", list, "-o", "ndjson"]);
        let mut lines = ndjson.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
        let header = lines.next().expect("a header line");
        assert_eq!(header["question"], format!("list {list}"));
        assert_eq!((&header["schema"], &header["data_time"]), (&json["schema"], &json["data_time"]));
        assert_eq!(header["completeness"], json["completeness"]);
        assert_eq!(lines.collect::<Vec<_>>(), results, "{list}");
        let (_, csv, _) = demo(&["list", list, "-o", "csv"]);
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("rows");
        assert_eq!(rows.len(), results.len(), "{list}");
    }
}

#[test]
fn identities_of_the_demo_are_as_its_notes_say() {
    let (_, out, _) = demo(&["list", "identities", "-o", "ndjson"]);
    let mut found: Vec<(String, String)> = Vec::new();
    for line in out.lines().skip(1) {
        let row: Value = serde_json::from_str(line).expect(line);
        let text = |path: &str| row.pointer(path).and_then(Value::as_str).unwrap_or("-").to_owned();
        let key = ["/cluster", "/namespace", "/workload", "/container", "/identity/source", "/identity/role"];
        found.push((key.map(text).join("\t"), text("/verdict")));
    }
    found.sort();
    found.dedup();
    let expected = std::fs::read_to_string(fixture("demo_expectations.tsv")).expect("the expectations");
    let mut missed = Vec::new();
    for line in expected.lines().skip(1) {
        let (key, verdicts) = line.rsplit_once('\t').expect(line);
        let at = found.iter().position(|(it, verdict)| it == key && verdicts.split('|').any(|one| one == verdict));
        match at {
            Some(at) => drop(found.remove(at)),
            None => missed.push(line),
        }
    }
    assert!(missed.is_empty() && found.is_empty(), "expected and not found: {missed:#?}\nfound besides: {found:#?}");
}

#[test]
fn an_answer_is_the_same_bytes_each_time() {
    for args in [&["list", "identities", "-o", "json"][..], &["list", "roles", "-o", "csv"], &["doctor", "-o", "json"]]
    {
        assert_eq!(demo(args), demo(args), "{args:?}");
    }
}

#[test]
fn a_query_narrows_and_a_broken_one_is_refused() {
    let rows = |query: &str| {
        let (code, out, _) = demo(&["list", "pods", query, "-o", "csv", "--no-headers"]);
        assert_eq!(code, 0, "{query}");
        out.lines().count()
    };
    let (all, payments) = (rows(""), rows("ns:payments"));
    assert!(payments > 0 && payments < all);
    assert_eq!(rows("ns:payments") + rows("!ns:payments"), all);
    let (code, out, err) = demo(&["list", "pods", "nss:payments"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("nss") && err.contains("ns"), "{err}");
}

#[test]
fn columns_are_chosen_by_name_and_a_wrong_name_lists_the_right_ones() {
    let (code, out, _) = demo(&["list", "clusters", "-o", "csv", "--columns", "version,cluster"]);
    assert_eq!(code, 0);
    assert_eq!(out.lines().next(), Some("version,cluster"));
    let (code, _, err) = demo(&["list", "clusters", "--columns", "nope"]);
    assert_eq!(code, 2);
    assert!(err.contains("columns: cluster"), "{err}");
}

#[test]
fn what_was_not_read_is_said_beside_the_answer_and_strict_makes_it_count() {
    let (code, out, err) = demo(&["list", "clusters"]);
    assert_eq!(code, 0);
    assert!(!out.contains("organizations"), "{out}");
    assert!(err.contains("aws/organizations-list-policies-for-target.json"), "{err}");
    let (code, _, _) = demo(&["list", "clusters", "--strict"]);
    assert_eq!(code, 3);
    let (code, _, err) = demo(&["list", "clusters", "-q"]);
    assert_eq!((code, err.as_str()), (0, ""));
}

#[test]
fn a_pod_is_shown_hop_by_hop() {
    let (_, pods, _) = demo(&["list", "pods", "ns:payments sa:payments-fraud", "-o", "json"]);
    let pods: Value = serde_json::from_str(&pods).expect("JSON");
    let address = pods["results"][0]["address"].as_str().expect("a pod").to_owned();
    let (code, out, _) = demo(&["show", &address]);
    assert_eq!(code, 0);
    assert!(out.contains("QuarantineFraud") && out.contains("fail     R70"), "{out}");
    let (_, json, _) = demo(&["show", &address, "-o", "json"]);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let container = &json["results"][0]["containers"][0];
    assert_eq!((&container["verdict"], &container["rule"]), (&"broken".into(), &"R70".into()));
    assert!(container["steps"].as_array().expect("steps").iter().any(|step| step["result"] == "fail"));
}

#[test]
fn a_short_address_that_fits_twice_lists_the_choices() {
    let (code, _, err) = demo(&["show", "sa/kube-system/aws-node"]);
    assert_eq!(code, 2);
    assert!(err.contains("sa/prod-eu1/kube-system/aws-node") && err.contains("sa/staging-eu2/"), "{err}");
    let (code, _, err) = demo(&["show", "payments"]);
    assert_eq!(code, 2);
    assert!(err.contains("is no address"), "{err}");
}

#[test]
fn explain_says_deny_with_the_closest_statement() {
    let args =
        ["explain", "sa/prod-eu1/payments/payments-api", "s3:GetObject", "arn:aws:s3:::acme-invoices/2026/02/118.pdf"];
    let (code, out, _) = demo(&args);
    assert_eq!(code, 0);
    assert!(out.starts_with("DENY ") && out.contains("ReadInvoices"), "{out}");
    let (code, ..) = demo(&[&args[..], &["--expect", "allow"]].concat());
    assert_eq!(code, 1);
    let (code, ..) = demo(&[&args[..], &["--expect", "deny"]].concat());
    assert_eq!(code, 0);
}

#[test]
fn an_access_denied_message_is_answered_for_who_sent_it() {
    let message = "An error occurred (AccessDenied) when calling the GetObject operation: User: \
        arn:aws:sts::111122223333:assumed-role/payments-worker-role/botocore-session-1700000000 is not authorized to \
        perform: s3:GetObject on resource: \"arn:aws:s3:::acme-invoices/a\" because no identity-based policy allows \
        the s3:GetObject action";
    let output = rolewalk(&["explain", "--message", "-", "--demo", "-o", "json"]).write_stdin(message).output();
    let output = output.expect("it runs");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let result = &answer["results"][0];
    assert_eq!(result["address"], "deployment/prod-eu1/payments/payments-worker");
    assert_eq!((&result["verdict"], &result["decision"]), (&"deny".into(), &"implicit_deny".into()));
    let output = rolewalk(&["explain", "--message", "-", "--demo"]).write_stdin("connection refused").output();
    assert_eq!(output.expect("it runs").status.code(), Some(2));
}

#[test]
fn eval_answers_each_line_and_goes_on_after_a_bad_one() {
    let input = concat!(
        r#"{"id":"1","request":{"principal":"arn:aws:iam::111122223333:role/app","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"111122223333","context":{},"context_mode":"complete"},"identity_policies":[{"name":"p","document":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}}]}"#,
        "\nnot json\n",
    );
    let output = rolewalk(&["eval"]).write_stdin(input).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0));
    let lines: Vec<Value> = output
        .stdout
        .split(|it| *it == b'\n')
        .filter(|it| !it.is_empty())
        .map(|it| serde_json::from_slice(it).expect("JSON"))
        .collect();
    assert_eq!((&lines[0]["id"], &lines[0]["decision"]), (&"1".into(), &"allowed".into()));
    assert_eq!((&lines[1]["id"], &lines[1]["decision"]), (&Value::Null, &"error".into()));
}

#[test]
fn without_data_or_with_a_wrong_flag_the_exit_code_says_usage() {
    let (code, out, err) = run(&["list", "pods", "--offline"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("--snapshot DIR") && err.contains("--demo"), "{err}");
    assert_eq!(run(&["lst"]).0, 2);
    assert_eq!(run(&["list", "pods", "--snapshot", "/nonexistent/estate"]).0, 4);
    assert_eq!(run(&["--help"]).0, 0);
}

#[test]
fn without_a_terminal_two_lines_name_the_headless_command() {
    let (code, out, err) = demo(&[]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(err.lines().count(), 2, "{err}");
    assert!(err.contains("rolewalk list"), "{err}");
}

#[test]
fn a_file_is_written_once_and_never_over_another() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("pods.csv");
    let to = file.to_str().expect("UTF-8");
    let (code, out, _) = demo(&["list", "pods", "-o", "csv", "--to", to]);
    assert_eq!((code, out.as_str()), (0, ""));
    let written = std::fs::read_to_string(&file).expect("written");
    assert!(written.starts_with("cluster,namespace,pod"));
    assert_eq!(demo(&["list", "pods", "--to", to]).0, 2);
    assert_eq!(std::fs::read_to_string(&file).expect("still there"), written);
}

#[test]
fn no_secret_of_the_demo_reaches_any_output() {
    let commands: &[&[&str]] = &[
        &["list", "pods", "-o", "json"],
        &["list", "sa", "-o", "json"],
        &["list", "identities", "-o", "json"],
        &["list", "roles", "-o", "json"],
        &["doctor", "-o", "json"],
    ];
    for args in commands {
        let (_, out, err) = demo(args);
        assert!(!out.contains("canary-") && !err.contains("canary-"), "{args:?}");
    }
}

#[test]
fn completion_and_manual_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, out, _) = run(&["completion", shell]);
        assert!(code == 0 && out.contains("rolewalk"), "{shell}");
    }
    let (code, out, _) = run(&["man"]);
    assert!(code == 0 && out.contains(".TH"), "{out}");
}
