//! What holds for the table of commands as a whole.

use rolewalk::app::command::{COMMANDS, Keymap, markdown};

#[test]
fn every_command_appears_in_some_script() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts");
    let mut scripts = String::new();
    for entry in std::fs::read_dir(directory).expect("there are scripts") {
        scripts.push_str(&std::fs::read_to_string(entry.expect("an entry").path()).expect("text"));
    }
    let steps: Vec<&str> = scripts
        .lines()
        .filter_map(|line| line.strip_prefix("> "))
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect();
    let used = |name: &str, keys: &[&str]| {
        let named = |step: &&str| *step == name || step.split(' ').next() == Some(name) || keys.contains(step);
        steps.iter().any(named)
    };
    let missing: Vec<&str> = COMMANDS.iter().filter(|spec| !used(spec.name, spec.keys)).map(|spec| spec.name).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_keys_in_the_readme_are_those_of_the_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).expect("there is a README");
    let (before, rest) = readme.split_once("<!-- keys:").expect("the place of the keys");
    let (opening, rest) = rest.split_once("-->\n").expect("its end");
    let (_, after) = rest.split_once("<!-- /keys -->").expect("the end of the keys");
    let keys = markdown(&Keymap::default());
    let written = format!("{before}<!-- keys:{opening}-->\n{keys}<!-- /keys -->{after}");
    if std::env::var_os("ROLEWALK_UPDATE").is_some() {
        std::fs::write(path, &written).expect("the README is writable");
    } else {
        assert_eq!(readme, written, "run with ROLEWALK_UPDATE=1 to write it anew");
    }
}
