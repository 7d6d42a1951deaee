//! What holds for the table of commands as a whole.

use rolewalk::app::command::COMMANDS;

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
