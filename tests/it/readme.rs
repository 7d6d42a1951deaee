//! The tables of the README are written from the tables of the program.

use rolewalk::app::command::{Keymap, markdown};
use rolewalk::findings::rules;

/// Puts a text between `<!-- NAME:` and `<!-- /NAME -->`.
fn with(readme: &str, name: &str, text: &str) -> String {
    let (before, rest) = readme.split_once(&format!("<!-- {name}:")).expect("the place of the table");
    let (opening, rest) = rest.split_once("-->\n").expect("its end");
    let (_, after) = rest.split_once(&format!("<!-- /{name} -->")).expect("the end of the table");
    format!("{before}<!-- {name}:{opening}-->\n{text}<!-- /{name} -->{after}")
}

#[test]
fn the_tables_in_the_readme_are_those_of_the_program() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).expect("there is a README");
    let written = with(&with(&readme, "keys", &markdown(&Keymap::default())), "rules", &rules::table());
    if std::env::var_os("ROLEWALK_UPDATE").is_some() {
        std::fs::write(path, &written).expect("the README is writable");
    } else {
        assert_eq!(readme, written, "run with ROLEWALK_UPDATE=1 to write it anew");
    }
}
