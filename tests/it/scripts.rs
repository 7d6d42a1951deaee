//! Key scripts on the demo: what is pressed, and what the lines around the screen then say.
//!
//! A script file holds blocks: `> STEPS`, then what was answered. To add one more: write the steps and run the test with
//! `ROLEWALK_UPDATE=1`.

use rolewalk::testing::{Harness, dump, golden};

#[test]
fn every_script_answers_as_recorded() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts");
    let mut files: Vec<_> =
        std::fs::read_dir(directory).expect("there are scripts").map(|it| it.expect("an entry").file_name()).collect();
    files.sort();
    let mut wrong = Vec::new();
    for file in files {
        let name = file.into_string().expect("names are text");
        let script = std::fs::read_to_string(format!("{directory}/{name}")).expect("text");
        let mut ui = Harness::demo();
        let mut found = String::new();
        for line in script.lines().filter(|line| line.starts_with(['>', '#'])) {
            found.push_str(&format!("{line}\n"));
            if let Some(steps) = line.strip_prefix("> ") {
                ui.run(steps);
                found.push_str(&answer(&mut ui));
            }
        }
        wrong.extend(golden::compare(&format!("tests/scripts/{name}"), &found).err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Crumbs, message and status, the selected row, and what left the program.
fn answer(ui: &mut Harness) -> String {
    let screen = dump(&ui.draw((100, 30)));
    let rows: Vec<&str> = screen.lines().filter(|line| !line.starts_with('~')).collect();
    let mut out = String::new();
    let picked = rows.iter().filter(|row| row.contains('▌')).map(|row| row.trim_start_matches([' ', '│', '▌']));
    let selected = picked.map(|row| row.split('│').next().unwrap_or_default().trim_end()).next();
    for (name, text) in
        [("at", rows[2]), ("row", selected.unwrap_or_default()), ("says", rows[27]), ("status", rows[28])]
    {
        if !text.trim().is_empty() {
            out.push_str(&format!("  {name:<6} {}\n", text.trim()));
        }
    }
    for line in ui.outside.drain(..) {
        out.push_str(&format!("  does   {line}\n"));
    }
    out
}
