//! `rolewalk diff`: two states of one estate, in every format.

mod access;

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use crate::testbed;

fn run(args: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("rolewalk").expect("the binary is built").args(args).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo");

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("listed") {
        let entry = entry.expect("listed");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).expect("copied");
        }
    }
}

/// The demo with `from` replaced by `to` in one of its files.
fn changed(file: &str, from: &str, to: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    copy(Path::new(DEMO), directory.path());
    let file = directory.path().join(file);
    let text = std::fs::read_to_string(&file).expect("a file of the demo");
    assert!(text.contains(from), "{from}");
    std::fs::write(&file, text.replace(from, to)).expect("written");
    directory
}

#[test]
fn an_estate_does_not_differ_from_itself_whatever_it_is_read_from() {
    let scratch = tempfile::tempdir().expect("a directory");
    let saved = scratch.path().join("a.rwsnap").display().to_string();
    let worlds = [Some(DEMO.to_owned()), testbed::world("small", 1).map(|it| it.display().to_string())];
    for world in worlds.into_iter().flatten() {
        assert_eq!(run(&["snapshot", "save", &saved, "--snapshot", &world, "-q"]).0, 0);
        let (code, out, _) = run(&["diff", &saved, &world, "--exit-code", "--strict", "-o", "json"]);
        assert_eq!(code, 0, "{out}");
        let answer: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(answer["results"], serde_json::json!([]));
        assert_eq!(answer["question"]["rights"], serde_json::json!([]));
    }
}

#[test]
fn another_hop_limit_is_up_one_way_and_down_the_other() {
    let open = changed(
        "aws/eu-west-1/ec2-describe-instances.json",
        "\"HttpPutResponseHopLimit\":1",
        "\"HttpPutResponseHopLimit\":2",
    );
    let open = open.path().display().to_string();
    for (before, after, effect) in [(DEMO, open.as_str(), "up"), (open.as_str(), DEMO, "down")] {
        let (code, out, _) = run(&["diff", before, after, "--exit-code", "-o", "ndjson"]);
        assert_eq!(code, 1);
        let rows: Vec<Value> = out.lines().skip(1).map(|line| serde_json::from_str(line).expect(line)).collect();
        assert!(rows.iter().any(|row| row["topic"] == "node" && row["effect"] == effect), "{out}");
    }
    assert_eq!(run(&["diff", DEMO, &open]).0, 0, "without --exit-code a change is an answer like any other");
    for format in ["table", "csv", "md"] {
        let (code, out, _) = run(&["diff", DEMO, &open, "-o", format]);
        assert!(code == 0 && out.contains("UP") && out.contains("metadata"), "{format}: {out}");
    }
}

#[test]
fn a_source_that_one_side_could_not_read_is_named_and_nothing_is_lost() {
    let blind = tempfile::tempdir().expect("a directory");
    copy(Path::new(DEMO), blind.path());
    std::fs::remove_file(blind.path().join("aws/iam.json")).expect("removed");
    let blind = blind.path().display().to_string();
    let (code, out, said) = run(&["diff", DEMO, &blind, "-o", "json"]);
    assert_eq!(code, 0, "{said}");
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    let rights = answer["question"]["rights"].as_array().expect("a list");
    assert!(rights.iter().any(|it| it["source"] == "aws/iam.json" && it["after"] == "missing"), "{out}");
    assert!(!answer["question"]["not_comparable"].as_array().expect("a list").is_empty());
    for row in answer["results"].as_array().expect("a list") {
        assert_eq!(row["lost"], serde_json::json!([]), "{row}");
        assert_eq!(row["gained"], serde_json::json!([]), "{row}");
    }
    assert_eq!(run(&["diff", DEMO, &blind, "--strict", "-q"]).0, 3);
}

#[test]
fn a_missing_side_is_an_error_with_its_name() {
    let (code, _, said) = run(&["diff", "no-such-thing", "--demo"]);
    assert_eq!(code, 4);
    assert!(said.contains("no-such-thing"), "{said}");
}
