//! Every complete live load saves one snapshot: of the commands and of the screens, and nothing else does.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use rolewalk::ingest::Options;
use rolewalk::ingest::saved::Saved;

use super::pod;
use crate::api_server::{ApiServer, Fault};
use crate::pty::terminal::{PROGRAM, Terminal};

/// A server, its kubeconfig, and a data directory of its own.
struct Rig {
    server: ApiServer,
    home: tempfile::TempDir,
    config: PathBuf,
}

impl Rig {
    fn new() -> Rig {
        let server = ApiServer::empty();
        server.put("pods", pod("web", "a"));
        let home = tempfile::tempdir().unwrap();
        let config = server.kubeconfig(home.path(), "prod");
        Rig { server, home, config }
    }

    fn run(&self, args: &[&str]) -> (i32, String) {
        let mut command = Command::cargo_bin("rolewalk").unwrap();
        command.env("XDG_DATA_HOME", self.home.path()).args(args);
        let output = command.output().unwrap();
        (output.status.code().unwrap_or(-1), String::from_utf8(output.stderr).unwrap())
    }

    fn live(&self, args: &[&str]) -> (i32, String) {
        self.run(&[args, &["--no-aws", "--kubeconfig", self.config.to_str().unwrap()]].concat())
    }

    fn directory(&self) -> PathBuf {
        self.home.path().join("rolewalk/snapshots")
    }

    fn saved(&self) -> Vec<PathBuf> {
        files(&self.directory())
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    entries.map(|it| it.unwrap().path()).collect()
}

fn pods(file: &Path) -> usize {
    let inventory = Saved::open(file).unwrap().load(Options::default()).unwrap();
    inventory.clusters["prod"].pods.len()
}

#[test]
fn a_command_that_reads_live_saves_what_it_read_for_its_owner_alone() {
    let rig = Rig::new();
    rig.server.fail("nodes", Fault::Status(403), usize::MAX);
    let (code, said) = rig.live(&["list", "pods"]);
    assert_eq!(code, 0, "{said}");
    let [file] = &rig.saved()[..] else { panic!("{:?}", rig.saved()) };
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(file.file_name().unwrap().to_str().unwrap().starts_with("prod-2"), "{file:?}");
    assert_eq!(pods(file), 1);
    assert!(!said.contains("snapshot"), "only a failure is told: {said}");
    let (code, _) = rig.run(&["snapshot", "verify", file.to_str().unwrap()]);
    assert_eq!(code, 0);
}

#[test]
fn nothing_is_saved_unasked_of_stored_data_or_where_it_was_forbidden_or_nothing_was_read() {
    let rig = Rig::new();
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo");
    assert_eq!(rig.run(&["list", "pods", "--demo"]).0, 0);
    assert_eq!(rig.run(&["list", "pods", "--snapshot", demo]).0, 0);
    assert_eq!(rig.live(&["list", "pods", "--no-save"]).0, 0);
    // A time given by hand is not that of the data.
    assert_eq!(rig.live(&["list", "pods", "--at", "2026-01-01T00:00:00Z"]).0, 0);
    rig.server.demand("another token");
    assert_eq!(rig.live(&["list", "pods"]).0, 4);
    assert_eq!(rig.saved(), [] as [PathBuf; 0]);
}

#[test]
fn a_snapshot_that_cannot_be_saved_is_told_and_the_answer_stands() {
    let rig = Rig::new();
    std::fs::write(rig.home.path().join("rolewalk"), "a file in the way").unwrap();
    let (code, said) = rig.live(&["list", "pods"]);
    assert_eq!(code, 0);
    assert!(said.contains("cannot save a snapshot in `"), "{said}");
    let (code, said) = rig.live(&["list", "pods", "-q"]);
    assert_eq!((code, said.as_str()), (0, ""));
}

#[test]
fn the_screens_save_each_load_and_tell_only_a_failure() {
    let rig = Rig::new();
    let config = rig.config.to_str().unwrap();
    let data = rig.home.path().to_str().unwrap();
    let start = |more: &[&str]| {
        let arguments = [&["--no-aws", "--kubeconfig", config], more].concat();
        let mut terminal = Terminal::start_with((100, 30), &[("XDG_DATA_HOME", data)], PROGRAM, &arguments);
        terminal.text("PODS 1 of 1");
        terminal
    };
    let end = |mut terminal: Terminal| {
        terminal.keys("\x03");
        assert_eq!(terminal.end(), 0);
    };
    end(start(&["--no-save"]));
    assert_eq!(rig.saved(), [] as [PathBuf; 0]);

    // Leaving right after the load waits for the file.
    let terminal = start(&[]);
    assert!(!terminal.screen().contains("snapshot"), "{}", terminal.screen());
    end(terminal);
    let saved = rig.saved();
    let [file] = &saved[..] else { panic!("{saved:?}") };
    assert_eq!(pods(file), 1);

    std::fs::remove_dir_all(rig.home.path().join("rolewalk")).unwrap();
    std::fs::write(rig.home.path().join("rolewalk"), "a file in the way").unwrap();
    let mut terminal = start(&[]);
    terminal.text("not saved: cannot save a snapshot in");
    end(terminal);
}
