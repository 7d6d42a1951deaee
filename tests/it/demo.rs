//! The demo world: its files are what the generator writes, and nothing in them could be a real secret.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every file below `directory`, by its path there.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).expect("a directory of the demo") {
            let path = entry.expect("an entry of the demo").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(directory).expect("it was found below").to_path_buf();
                found.insert(name, fs::read(&path).expect("a file of the demo"));
            }
        }
    }
    found
}

#[test]
#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn the_demo_is_what_its_generator_writes() {
    if Command::new("python3").arg("--version").output().is_err() {
        assert!(std::env::var_os("ROLEWALK_REQUIRE_TESTBED").is_none(), "python3 is required here");
        eprintln!("skipped: python3 is not installed");
        return;
    }
    let root = Path::new(ROOT);
    let fresh = tempfile::tempdir().expect("a temporary directory");
    let (world, expectations) = (fresh.path().join("demo"), fresh.path().join("expectations.tsv"));
    let run = Command::new("python3")
        .arg(root.join("tests/testbed/make_demo_world.py"))
        .arg("--out")
        .arg(&world)
        .arg("--expectations")
        .arg(&expectations)
        .output()
        .expect("python3 starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));

    let (stored, written) = (files(&root.join("assets/demo")), files(&world));
    let names = |set: &BTreeMap<PathBuf, Vec<u8>>| set.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&stored), names(&written));
    for (name, bytes) in &stored {
        assert!(*bytes == written[name], "{} differs: run tests/testbed/make_demo_world.py", name.display());
    }
    let kept = fs::read(root.join("tests/fixtures/demo_expectations.tsv")).expect("the expectations");
    assert!(kept == fs::read(&expectations).expect("they were written"), "demo_expectations.tsv differs");
}

#[test]
fn every_access_key_of_the_demo_is_a_canary() {
    let mut seen = 0;
    for (name, bytes) in files(&Path::new(ROOT).join("assets/demo")) {
        let text = String::from_utf8(bytes).expect("the demo is text");
        for prefix in ["AKIA", "ASIA"] {
            for (at, _) in text.match_indices(prefix) {
                let key = &text[at..text.len().min(at + 20)];
                assert!(key.starts_with("AKIACANARY"), "{}: {key}", name.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "the demo has access keys to look for");
}
