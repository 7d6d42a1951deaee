//! Writing that is broken off leaves the old file whole.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rolewalk::ingest::Options;
use rolewalk::ingest::saved::Saved;

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo");

fn binary() -> String {
    assert_cmd::cargo::cargo_bin("rolewalk").display().to_string()
}

fn save(file: &Path, time: &str) -> Command {
    let mut command = Command::new(binary());
    command.args(["snapshot", "save"]).arg(file).args(["--snapshot", DEMO, "--at", time]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn time_of(file: &Path) -> String {
    let saved = Saved::open(file).expect("whole");
    saved.load(Options::default()).expect("whole").now.expect("a time").to_string()
}

const OLD: &str = "2026-01-01T00:00:00Z";
const NEW: &str = "2026-02-02T00:00:00Z";

/// The kernel ends a program that writes beyond its limit, at exactly that byte: a kill at each point of the write.
#[test]
fn a_program_killed_at_any_byte_of_the_write_leaves_the_old_file() {
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("demo.rwsnap");
    assert!(save(&file, OLD).status().expect("it runs").success());
    let size = fs::metadata(&file).expect("saved").len();
    let blocks = size.div_ceil(512);
    let mut killed = 0;
    for limit in (0..=blocks + 1).step_by((blocks as usize / 12).max(1)) {
        let script = format!("ulimit -f {limit}; exec \"$0\" \"$@\"");
        let status = Command::new("sh")
            .args(["-c", &script, &binary(), "snapshot", "save"])
            .arg(&file)
            .args(["--snapshot", DEMO, "--at", NEW])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("it runs");
        if status.success() {
            assert_eq!(time_of(&file), NEW);
            assert!(save(&file, OLD).status().expect("it runs").success());
        } else {
            killed += 1;
            assert_eq!(time_of(&file), OLD, "limit {limit}");
        }
    }
    assert!(killed >= 10, "{killed} of the writes were broken off");
}

#[test]
fn a_program_killed_at_any_moment_leaves_one_file_or_the_other() {
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("demo.rwsnap");
    assert!(save(&file, OLD).status().expect("it runs").success());
    for round in 0..12 {
        let mut child = save(&file, NEW).spawn().expect("it starts");
        // However far it has come, at another point each round.
        for _ in 0..round * 40 {
            std::thread::yield_now();
        }
        let _ = child.kill();
        let _ = child.wait();
        assert!([OLD, NEW].contains(&time_of(&file).as_str()));
    }
}

#[test]
fn a_directory_that_cannot_be_written_to_is_named() {
    let output = Command::new(binary())
        .args(["snapshot", "save", "/nowhere/at/all.rwsnap", "--demo"])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write `/nowhere/at/all.rwsnap`"));
}
