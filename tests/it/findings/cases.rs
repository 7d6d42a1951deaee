//! The example and the guards of every rule, from `tests/fixtures/findings/RULE.txt` (the form is told in
//! `src/findings/rules.rs`).

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

use rolewalk::findings::{self, Finding, rules};
use rolewalk::identity::resolve;
use rolewalk::testing::estate_text::estate;

/// One case of a fixture.
struct Case {
    title: String,
    firing: String,
    quiet: String,
    /// Lines that are in one of the two estates only.
    changed: (usize, usize),
    fires: BTreeSet<String>,
    leaves: BTreeSet<String>,
}

pub fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/findings")
}

fn parse(name: &str, text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let new = |title: &str| Case {
        title: title.to_owned(),
        firing: String::new(),
        quiet: String::new(),
        changed: (0, 0),
        fires: BTreeSet::new(),
        leaves: BTreeSet::new(),
    };
    let mut case = new("the example");
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        // Both estates keep the numbers of the lines, so that their errors point into the fixture.
        let (mut firing, mut quiet) = ("", "");
        match line.split_once(' ').unwrap_or((line, "")) {
            ("", "") | ("#", _) => {}
            ("", rest) => (firing, quiet) = (rest, rest),
            ("-", rest) => {
                firing = rest;
                case.changed.0 += 1;
            }
            ("+", rest) => {
                quiet = rest;
                case.changed.1 += 1;
            }
            ("=", rest) if rest != "nothing" => drop(case.fires.insert(rest.to_owned())),
            ("!", rest) if rest != "nothing" => drop(case.leaves.insert(rest.to_owned())),
            ("=" | "!", _) => {}
            ("==", title) => {
                let lines = "\n".repeat(number - 1);
                cases.push(std::mem::replace(&mut case, new(title)));
                (case.firing, case.quiet) = (lines.clone(), lines);
            }
            _ => panic!("{name}.txt:{number}: begins with none of `  `, `- `, `+ `, `= `, `! `, `== `, `#`\n{line}"),
        }
        let _ = writeln!(case.firing, "{firing}");
        let _ = writeln!(case.quiet, "{quiet}");
    }
    cases.push(case);
    cases
}

/// What one rule reports, as the fixtures write it: severity, subject, `?` when uncertain.
fn report(slug: &str, text: &str) -> (BTreeSet<String>, Vec<Finding>, bool) {
    let inventory = estate(text);
    let pods = resolve::all(&inventory);
    let found = findings::run(&inventory, &pods);
    let unread = found.not_evaluated.iter().any(|it| it.rule.slug == slug);
    let own: Vec<Finding> = found.all.into_iter().filter(|it| it.rule.slug == slug).collect();
    let lines = own
        .iter()
        .map(|it| format!("{} {}{}", it.severity.word(), it.subject, if it.certain { "" } else { " ?" }))
        .collect();
    (lines, own, unread)
}

/// The estate on which a rule's example fires.
pub fn example(name: &str) -> String {
    let text = read(name).unwrap_or_else(|| panic!("{name}.txt is not there"));
    parse(name, &text).swap_remove(0).firing
}

fn read(name: &str) -> Option<String> {
    std::fs::read_to_string(directory().join(format!("{name}.txt"))).ok()
}

#[test]
fn every_rule_fires_on_its_cases_and_is_quiet_on_their_counterparts() {
    let mut wrong = String::new();
    for entry in rules::ALL {
        let slug = entry.rule.slug;
        let name = slug.replace('-', "_");
        let Some(text) = read(&name) else {
            let _ = writeln!(wrong, "{name}.txt is not there");
            continue;
        };
        for case in parse(&name, &text) {
            let title = &case.title;
            let estates = [(&case.firing, &case.fires, "fires"), (&case.quiet, &case.leaves, "is left")];
            for (estate, expected, word) in estates {
                let (found, findings, _) = report(slug, estate);
                if found != *expected {
                    let _ = writeln!(wrong, "{name}, {title}: what {word} is {found:#?}, expected {expected:#?}");
                }
                for finding in findings {
                    complete(&finding, &mut wrong);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// A finding says what it is about, shows it, and tells what to do.
fn complete(finding: &Finding, wrong: &mut String) {
    let id = finding.rule.id;
    let mut must = |holds: bool, what: &str| {
        if !holds {
            let _ = writeln!(wrong, "{id} on {}: {what}: {finding:#?}", finding.subject);
        }
    };
    must(!finding.message.is_empty() && !finding.message.ends_with('.'), "the message is one sentence without period");
    must(!finding.evidence.is_empty(), "evidence is given");
    must(finding.evidence.iter().all(|it| !it.path.is_empty() && !it.value.is_empty()), "evidence has path and value");
    must(!finding.impact.is_empty() && !finding.impact.ends_with('.'), "the impact is one sentence without period");
    must(!finding.fix.is_empty(), "a fix is given");
    must(finding.fix.iter().all(|it| !it.text.trim().is_empty()), "fixes have text");
    must(finding.certain || finding.severity == findings::Severity::Info, "what is unknown is info");
}

#[test]
fn the_first_case_of_every_rule_is_one_changed_line_that_silences_it() {
    let mut wrong = String::new();
    for entry in rules::ALL {
        let name = entry.rule.slug.replace('-', "_");
        let Some(text) = read(&name) else { continue };
        let cases = parse(&name, &text);
        let first = &cases[0];
        if first.fires.is_empty() || !first.leaves.is_empty() {
            let _ = writeln!(wrong, "{name}: the example must fire, and its counterpart must be quiet");
        }
        if first.changed.0 > 1 || first.changed.1 > 1 || first.changed == (0, 0) {
            let _ = writeln!(wrong, "{name}: the example changes more than one line: {:?}", first.changed);
        }
        if report(entry.rule.slug, &first.quiet).2 {
            let _ = writeln!(wrong, "{name}: the counterpart is quiet only because something was not read");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn in_a_clean_world_no_rule_fires_and_every_rule_is_evaluated() {
    let text = std::fs::read_to_string(directory().join("clean/world.txt")).unwrap();
    let inventory = estate(&text);
    let pods = resolve::all(&inventory);
    let found = findings::run(&inventory, &pods);
    // Families and subjects that are told in every estate.
    let told = [("RBAC-", "role/111122223333:admin", "whoever administers a cluster holds every right in it")];
    let is_told = |it: &&Finding| {
        told.iter().any(|(family, subject, _)| it.rule.id.starts_with(family) && it.subject.to_string() == *subject)
    };
    let said: Vec<String> = found
        .all
        .iter()
        .filter(|it| !is_told(it))
        .map(|it| format!("{} {} {}", it.rule.id, it.subject, it.message))
        .collect();
    assert!(said.is_empty(), "\n{}", said.join("\n"));
    let unread: Vec<String> =
        found.not_evaluated.iter().map(|it| format!("{} needs {:?}", it.rule.id, it.needs)).collect();
    assert!(unread.is_empty(), "\n{}", unread.join("\n"));
}

/// Take away any source that a rule needs, and the rule says so; never is it clean.
#[test]
fn a_source_that_was_not_read_makes_the_rules_that_need_it_not_evaluated() {
    let mut wrong = String::new();
    for entry in rules::ALL {
        let name = entry.rule.slug.replace('-', "_");
        let Some(text) = read(&name) else { continue };
        let case = &parse(&name, &text)[0];
        for kind in entry.rule.needs {
            let place = match kind.scope() {
                rolewalk::model::Scope::Cluster => "clusters/c1",
                rolewalk::model::Scope::Account => "aws",
                rolewalk::model::Scope::Region => "aws/eu-west-1",
                rolewalk::model::Scope::World => continue,
            };
            let source = format!("{place}/{}", kind.file());
            if !case.quiet.contains("cluster c1") || case.quiet.contains("region=") || !kind.is_expected() {
                continue;
            }
            let (_, findings, unread) = report(entry.rule.slug, &format!("{}\ngap {source}", case.quiet));
            if !unread {
                let _ = writeln!(wrong, "{name}: without {source} it counts as evaluated");
            }
            if findings.iter().any(|it| it.certain) {
                let _ = writeln!(wrong, "{name}: without {source} it claims what it cannot know: {findings:#?}");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
