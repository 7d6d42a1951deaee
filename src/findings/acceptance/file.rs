//! The file of accepted findings as text: YAML or JSON, made to be kept in git.
//!
//! ```yaml
//! - fingerprint: 703ad8b92c617413     # of `rolewalk findings -o json`; stays the same over collections
//!   id: TRUST-001
//!   subject: role/111122223333:api
//!   reason: the sandbox account is taken down in March
//!   by: ann                           # may be left out
//!   until: 2027-03-31                 # the last day on which it counts
//! ```
//!
//! A change touches the lines of its row and no others: comments stay, and a new row goes where id and subject sort it.

use serde::{Deserialize, Serialize};

use crate::model::EntityKey;

use super::Acceptance;

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Row {
    fingerprint: String,
    id: String,
    subject: String,
    reason: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    by: String,
    until: String,
}

/// Why a file is not read, or not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    #[error("{0}")]
    Syntax(String),
    #[error("{field} of {fingerprint} is `{found}`, expected {expected}")]
    Field { field: &'static str, fingerprint: String, found: String, expected: &'static str },
    /// Changing it by the line would lose something.
    #[error("it is not laid out as one `- fingerprint:` block for each finding; change it by hand")]
    Layout,
}

/// One change of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// In place of a row with the same fingerprint, if there is one.
    Accept(Acceptance),
    /// By fingerprint.
    Withdraw(String),
}

/// Reads the text of the file; an empty one accepts nothing.
pub fn read(text: &str) -> Result<Vec<Acceptance>, FileError> {
    rows(text)?.into_iter().map(acceptance).collect()
}

fn rows(text: &str) -> Result<Vec<Row>, FileError> {
    let blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#') || line == "---";
    if text.lines().all(blank) {
        return Ok(Vec::new());
    }
    serde_saphyr::from_str(text).map_err(|error| FileError::Syntax(error.to_string()))
}

fn acceptance(row: Row) -> Result<Acceptance, FileError> {
    let wrong = |field, found: &str, expected| {
        Err(FileError::Field { field, fingerprint: row.fingerprint.clone(), found: found.to_owned(), expected })
    };
    if row.reason.trim().is_empty() {
        return wrong("reason", &row.reason, "a reason");
    }
    let Some(subject) = EntityKey::parse(&row.subject) else {
        return wrong("subject", &row.subject, "an address such as role/ACCOUNT:NAME");
    };
    let Ok(until) = row.until.parse() else {
        return wrong("until", &row.until, "a date such as 2027-03-31");
    };
    Ok(Acceptance { subject, until, fingerprint: row.fingerprint, rule: row.id, reason: row.reason, by: row.by })
}

fn row(acceptance: &Acceptance) -> Row {
    Row {
        fingerprint: acceptance.fingerprint.clone(),
        id: acceptance.rule.clone(),
        subject: acceptance.subject.to_string(),
        reason: acceptance.reason.clone(),
        by: acceptance.by.clone(),
        until: acceptance.until.to_string(),
    }
}

/// The text after a change. Everything but the row that is meant stays as it stands.
///
/// # Errors
/// The text cannot be read, or is laid out so that a change by lines would not come to what is wanted.
pub fn change(text: &str, change: &Change) -> Result<String, FileError> {
    let before = rows(text)?;
    let (fingerprint, new) = match change {
        Change::Accept(it) => (&it.fingerprint, Some(row(it))),
        Change::Withdraw(fingerprint) => (fingerprint, None),
    };
    let mut wanted: Vec<Row> = before.into_iter().filter(|it| it.fingerprint != *fingerprint).collect();
    if let Some(new) = &new {
        wanted.push(new.clone());
    }
    let changed = if text.trim_start().starts_with('[') { json(&wanted) } else { by_lines(text, fingerprint, new)? };
    // Whatever the layout was: what is written is what was asked for.
    let mut found = rows(&changed).map_err(|_| FileError::Layout)?;
    for rows in [&mut found, &mut wanted] {
        rows.sort_by(|a, b| (&a.fingerprint, &a.id).cmp(&(&b.fingerprint, &b.id)));
    }
    if found == wanted { Ok(changed) } else { Err(FileError::Layout) }
}

/// JSON holds no comments: it is written anew, sorted.
fn json(rows: &[Row]) -> String {
    let mut rows: Vec<&Row> = rows.iter().collect();
    rows.sort_by_key(|it| place(&it.id, &it.subject));
    serde_json::to_string_pretty(&rows).unwrap_or_default() + "\n"
}

/// What rows are sorted by, so that two people who accept different findings change different lines.
fn place(id: &str, subject: &str) -> (String, String) {
    (id.to_owned(), subject.to_owned())
}

/// The lines of one row, with the comments right above it.
struct Block<'t> {
    lines: Vec<&'t str>,
    /// None where the lines are no row.
    row: Option<Row>,
}

fn by_lines(text: &str, fingerprint: &str, new: Option<Row>) -> Result<String, FileError> {
    let (head, mut blocks) = blocks(text)?;
    // Stays before its comments: those that speak of the file would go with the first row.
    let at = blocks.iter().position(|it| it.row.as_ref().is_some_and(|row| row.fingerprint == fingerprint));
    let gone = at.map(|at| blocks.remove(at));
    if let Some(new) = new {
        let here = place(&new.id, &new.subject);
        let after = |it: &Block<'_>| it.row.as_ref().is_some_and(|row| place(&row.id, &row.subject) > here);
        let to = blocks.iter().position(after).unwrap_or(blocks.len());
        let written = written(&new);
        let comments = gone.iter().flat_map(|it| it.lines.iter().take_while(|line| !line.starts_with('-')));
        let mut out: Vec<&str> = head;
        out.extend(blocks[..to].iter().flat_map(|it| it.lines.iter().copied()));
        out.extend(comments);
        out.extend(written.lines());
        out.extend(blocks[to..].iter().flat_map(|it| it.lines.iter().copied()));
        return Ok(out.join("\n") + "\n");
    }
    let mut out: Vec<&str> = head;
    out.extend(blocks.iter().flat_map(|it| it.lines.iter().copied()));
    Ok(if out.is_empty() { String::new() } else { out.join("\n") + "\n" })
}

/// What stands above the first row, and the rows.
fn blocks(text: &str) -> Result<(Vec<&str>, Vec<Block<'_>>), FileError> {
    let lines: Vec<&str> = text.lines().collect();
    let starts: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| line.starts_with("- ")).map(|(at, _)| at).collect();
    let Some(first) = starts.first() else { return Ok((lines, Vec::new())) };
    // Comments right above a row belong to it; those above the first speak of the file.
    let above = |start: usize| {
        let comments = lines[..start].iter().rev().take_while(|line| line.starts_with('#')).count();
        start - comments
    };
    let mut blocks = Vec::with_capacity(starts.len());
    for (at, start) in starts.iter().enumerate() {
        let from = if at == 0 { *start } else { above(*start) };
        let to = starts.get(at + 1).map_or(lines.len(), |next| above(*next));
        let own = &lines[from..to];
        let rows = rows(&own.join("\n")).map_err(|_| FileError::Layout)?;
        blocks.push(Block { lines: own.to_vec(), row: rows.into_iter().next() });
    }
    Ok((lines[..*first].to_vec(), blocks))
}

/// A row as it is written.
fn written(row: &Row) -> String {
    let mut text = format!("- fingerprint: {}\n", scalar(&row.fingerprint));
    for (name, value) in
        [("id", &row.id), ("subject", &row.subject), ("reason", &row.reason), ("by", &row.by), ("until", &row.until)]
    {
        if !value.is_empty() {
            text.push_str(&format!("  {name}: {}\n", scalar(value)));
        }
    }
    text
}

/// A text as YAML reads it back as a text: quoted, as JSON is, unless it is plain beyond doubt.
fn scalar(text: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || " /._,+()-".contains(it);
    let inner_colon =
        |text: &str| text.match_indices(':').all(|(at, _)| !text[at + 1..].starts_with([' ']) && at + 1 < text.len());
    let safe = text.chars().all(|it| plain(it) || it == ':')
        && inner_colon(text)
        && text.starts_with(|it: char| it.is_ascii_alphabetic() || it.is_ascii_digit())
        && !text.ends_with(' ')
        && !reads_as_something_else(text);
    if safe { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// Plain scalars that some reader of YAML takes for a number or a truth value. Dates are texts to this program.
fn reads_as_something_else(text: &str) -> bool {
    let word = text.to_ascii_lowercase();
    let truth = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(&word.as_str());
    truth || text.parse::<f64>().is_ok() || word.starts_with("0x") || word.starts_with("0o")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(print: &str, id: &str, reason: &str) -> Acceptance {
        Acceptance {
            fingerprint: print.into(),
            rule: id.into(),
            subject: EntityKey::parse("role/111122223333:api").expect("an address"),
            reason: reason.into(),
            by: String::new(),
            until: "2027-03-31".parse().expect("a date"),
        }
    }

    const FILE: &str = "# What we live with\n\n- fingerprint: aaaa\n  id: IRSA-001\n  subject: role/1:a\n  reason: old   # see OPS-12\n  until: 2027-01-01\n# Until the move is done\n- fingerprint: cccc\n  id: TRUST-001\n  subject: role/1:c\n  reason: moving\n  until: 2027-02-01\n";

    #[test]
    fn a_new_row_goes_to_its_place_and_nothing_else_changes() {
        let text = change(FILE, &Change::Accept(accept("bbbb", "NODE-001", "sandbox"))).expect("changed");
        let new = "- fingerprint: bbbb\n  id: NODE-001\n  subject: role/111122223333:api\n  reason: sandbox\n  until: 2027-03-31\n";
        assert_eq!(text, FILE.replacen("# Until", &format!("{new}# Until"), 1));
        assert_eq!(read(&text).expect("reads").len(), 3);
        assert_eq!(change(&text, &Change::Withdraw("bbbb".into())).expect("changed"), FILE, "taking it back undoes it");
    }

    #[test]
    fn a_row_goes_with_its_comments_and_those_about_the_file_stay() {
        let text = change(FILE, &Change::Withdraw("cccc".into())).expect("changed");
        assert_eq!(text, FILE.split_inclusive('\n').take(7).collect::<String>());
        let text = change(FILE, &Change::Withdraw("aaaa".into())).expect("changed");
        assert!(text.starts_with("# What we live with\n\n# Until the move is done\n- fingerprint: cccc"), "{text}");
    }

    #[test]
    fn accepting_once_more_replaces_the_row_and_keeps_its_comments() {
        let text = change(FILE, &Change::Accept(accept("cccc", "TRUST-001", "still moving"))).expect("changed");
        assert!(
            text.contains("# Until the move is done\n- fingerprint: cccc\n") && !text.contains("reason: moving"),
            "{text}"
        );
        assert_eq!(read(&text).expect("reads").len(), 2);
    }

    #[test]
    fn a_file_of_one_row_starts_from_nothing_and_goes_back_to_nothing() {
        let text = change("", &Change::Accept(accept("aaaa", "IRSA-001", "x"))).expect("changed");
        assert_eq!(read(&text).expect("reads"), [accept("aaaa", "IRSA-001", "x")]);
        assert_eq!(change(&text, &Change::Withdraw("aaaa".into())).expect("changed"), "");
        assert_eq!(read("# nothing yet\n"), Ok(Vec::new()));
    }

    #[test]
    fn json_stays_json() {
        let text = change("[]\n", &Change::Accept(accept("aaaa", "IRSA-001", "x"))).expect("changed");
        assert!(text.starts_with("[\n"), "{text}");
        assert_eq!(read(&text).expect("reads"), [accept("aaaa", "IRSA-001", "x")]);
    }

    #[test]
    fn a_layout_that_lines_cannot_change_is_refused() {
        let flow = "- {fingerprint: aaaa, id: IRSA-001, subject: \"role/1:a\", reason: x, until: 2027-01-01}\n";
        assert!(
            change(flow, &Change::Accept(accept("bbbb", "IRSA-002", "x"))).is_ok(),
            "a block on one line is a block"
        );
        let anchored = "- &a\n  fingerprint: aaaa\n  id: IRSA-001\n  subject: role/1:a\n  reason: x\n  until: 2027-01-01\n- <<: *a\n  fingerprint: bbbb\n";
        assert!(change(anchored, &Change::Withdraw("aaaa".into())).is_err());
        assert!(matches!(change("a: b", &Change::Withdraw("x".into())), Err(FileError::Syntax(_))));
    }

    proptest::proptest! {
        #[test]
        fn any_reason_is_read_back_as_it_was(reason in "\\PC{1,40}", print in "[0-9a-f]{4,16}") {
            proptest::prop_assume!(!reason.trim().is_empty());
            let row = accept(&print, "IRSA-001", &reason);
            let text = change(FILE, &Change::Accept(row.clone())).expect("changed");
            let found = read(&text).expect("reads");
            proptest::prop_assert!(found.contains(&row), "{text}");
        }
    }
}
