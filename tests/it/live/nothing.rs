//! No cluster to read: the screens say so, and each way out that they name leads out.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::pod;
use crate::api_server::{ApiServer, kubeconfig};
use crate::pty::terminal::{PROGRAM, Terminal, demo};

/// The screens on a kubeconfig, with nothing of AWS.
fn screens(config: &Path, more: &[&str]) -> Terminal {
    let data = config.parent().unwrap().to_str().unwrap();
    let arguments = [&["--no-aws", "--kubeconfig", config.to_str().unwrap()], more].concat();
    Terminal::start_with((100, 30), &[("XDG_DATA_HOME", data)], PROGRAM, &arguments)
}

fn end(mut terminal: Terminal) {
    terminal.keys("\x03");
    assert_eq!(terminal.end(), 0);
}

fn written(directory: &Path, text: &str) -> PathBuf {
    let file = directory.join("config");
    std::fs::write(&file, text).unwrap();
    file
}

const EMPTY: &str = "apiVersion: v1\nkind: Config\n";

const SAID: &str = "No cluster found in kubeconfig.  d open the demo   o open a snapshot   c choose a context";

#[test]
fn d_opens_the_demo() {
    let directory = tempfile::tempdir().unwrap();
    let mut terminal = screens(&written(directory.path(), EMPTY), &[]);
    terminal.idle();
    let screen = terminal.screen();
    assert!(screen.contains(SAID) && screen.contains("NO DATA") && !screen.contains("COMPLETE"), "{screen}");
    // Another key leaves the message where it is.
    terminal.run("j");
    assert!(terminal.screen().contains("d open the demo"), "{}", terminal.screen());
    terminal.run("d");
    let screen = terminal.screen();
    assert!(screen.contains("PODS 82 of 82") && screen.contains("prod-eu1"), "{screen}");
    // From now on the keys mean what they mean elsewhere.
    terminal.run("d");
    assert!(terminal.screen().contains("DETAILS") || terminal.screen().contains("line 1 of"), "{}", terminal.screen());
    end(terminal);
}

#[test]
fn o_opens_a_file_and_a_wrong_name_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut terminal = screens(&written(directory.path(), EMPTY), &[]);
    terminal.idle();
    terminal.run("o");
    terminal.run("/nowhere/at/all\r");
    let screen = terminal.screen();
    assert!(screen.contains("there is no `/nowhere/at/all`") && screen.contains("NO DATA"), "{screen}");
    terminal.run("o");
    terminal.run(&format!("{}\r", demo().display()));
    let screen = terminal.screen();
    assert!(screen.contains("PODS 82 of 82") && screen.contains("prod-eu1"), "{screen}");
    end(terminal);
}

#[test]
fn c_chooses_a_context_which_is_then_followed() {
    let server = ApiServer::empty();
    server.put("pods", pod("web", "a"));
    let directory = tempfile::tempdir().unwrap();
    let mut config: Value = serde_json::from_str(&kubeconfig(&[("prod", &server.url())])).unwrap();
    config["current-context"] = Value::Null;
    let mut terminal = screens(&written(directory.path(), &config.to_string()), &[]);
    terminal.idle();
    assert!(terminal.screen().contains("no current context"), "{}", terminal.screen());
    terminal.run("c");
    assert!(terminal.screen().contains("CONTEXTS"), "{}", terminal.screen());
    terminal.keys("\r");
    terminal.text("PODS 1 of 1");
    server.put("pods", pod("web", "b"));
    terminal.text("PODS 2 of 2");
    end(terminal);
}

#[test]
fn where_there_are_no_contexts_c_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let mut terminal = screens(&written(directory.path(), EMPTY), &[]);
    terminal.idle();
    terminal.run("c");
    assert!(terminal.screen().contains("the kubeconfig has no contexts"), "{}", terminal.screen());
    end(terminal);
}

#[test]
fn another_context_takes_the_place_of_what_is_shown() {
    let (one, two) = (ApiServer::empty(), ApiServer::empty());
    one.put("pods", pod("web", "a"));
    for name in ["b", "c"] {
        two.put("pods", pod("shop", name));
    }
    let directory = tempfile::tempdir().unwrap();
    let config = kubeconfig(&[("one", &one.url()), ("two", &two.url())]);
    let mut terminal = screens(&written(directory.path(), &config), &[]);
    terminal.text("PODS 1 of 1");
    terminal.run("/a\r");
    terminal.keys(":context arn:aws:eks:eu-west-1:111122223333:cluster/two\r");
    terminal.text("PODS 2 of 2");
    let screen = terminal.screen();
    assert!(!screen.contains("one") && screen.contains(" two "), "{screen}");
    // Nobody follows the first any more.
    one.put("pods", pod("web", "late"));
    two.put("pods", pod("shop", "d"));
    terminal.text("PODS 3 of 3");
    end(terminal);
}
