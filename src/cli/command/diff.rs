//! `rolewalk diff A [B]`: what changed between two saved snapshots or directories, in terms of access.

use std::io::Write;
use std::path::PathBuf;

use clap::Args as ClapArgs;
use serde::Serialize;

use crate::analysis::diff::{Change, Diff, Effect};
use crate::base::text::clean;
use crate::cli::args::{Format, OutputArgs, SourceArgs};
use crate::cli::envelope::{self, Completeness, Envelope, seconds};
use crate::cli::failure::{Failure, Kind, note};
use crate::cli::table::Column;
use crate::cli::{ANSWERED, Outcome, output, source};
use crate::estate::{Estate, compare, derive};
use crate::ingest::{Input, Options, demo};
use crate::runtime::base::DEMO_EARLIER;

use super::snapshot;

#[derive(Debug, ClapArgs)]
pub struct DiffArgs {
    /// The earlier state: a saved snapshot, a name that `snapshot list` shows, a directory, or demo-earlier
    pub before: String,
    /// The later state; without it, the data that --snapshot or --demo names
    pub after: Option<String>,
    /// Exit with 1 when anybody can do more or less than before
    #[arg(long)]
    pub exit_code: bool,
}

/// The question, with what was read of the earlier side; the envelope tells that of the later one.
#[derive(Debug, Serialize)]
struct Question<'a> {
    ask: &'static str,
    before: &'a str,
    after: Option<&'a str>,
    before_data_time: Option<String>,
    before_completeness: Completeness,
    /// Sources that one side read further than the other.
    rights: Vec<RightsRecord>,
    not_comparable: Vec<NotComparableRecord>,
    /// Pods that only have another name now.
    renamed_pods: usize,
    /// Findings of both sides.
    remaining: usize,
}

#[derive(Debug, Serialize)]
struct RightsRecord {
    source: String,
    before: &'static str,
    after: &'static str,
    why: String,
}

#[derive(Debug, Serialize)]
struct NotComparableRecord {
    subject: String,
    why: String,
}

#[derive(Debug, Serialize)]
struct ChangeRecord {
    /// `up`, `down`, `same`
    effect: String,
    /// `appeared`, `vanished`, `changed`
    change: &'static str,
    topic: &'static str,
    subject: String,
    text: String,
    gained: Vec<String>,
    lost: Vec<String>,
    certain: bool,
    /// Policy documents whose text changed.
    documents: Vec<String>,
}

type Col = Column<ChangeRecord>;

const COLUMNS: &[Col] = &[
    Col::new("effect", |it| it.effect.to_uppercase()),
    Col::new("change", |it| it.change.to_owned()),
    Col::new("topic", |it| it.topic.to_owned()),
    Col::new("subject", |it| it.subject.clone()).named(),
    Col::new("text", |it| it.text.clone()),
    Col::new("gained", |it| it.gained.join("; ")),
    Col::new("lost", |it| it.lost.join("; ")),
    Col::new("certain", |it| it.certain.to_string()).extra(),
    Col::new("documents", |it| it.documents.join(" ")).extra(),
];

pub fn run(args: &DiffArgs, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    let before = estate(&args.before, data)?;
    let after = match &args.after {
        Some(after) => estate(after, data)?,
        None => source::estate(data)?,
    };
    let diff = compare::diff(&before, &after);
    let rows: Vec<ChangeRecord> = diff.changes.iter().map(record).collect();
    let question = Question {
        ask: "diff",
        before: &args.before,
        after: args.after.as_deref(),
        before_data_time: before.data_time().map(seconds),
        before_completeness: envelope::completeness(&before.inventory.coverage),
        rights: diff
            .rights
            .iter()
            .map(|it| RightsRecord {
                source: it.source.to_string(),
                before: it.before.word(),
                after: it.after.word(),
                why: it.why.clone(),
            })
            .collect(),
        not_comparable: diff
            .not_comparable
            .iter()
            .map(|it| NotComparableRecord { subject: it.subject.to_string(), why: it.why.clone() })
            .collect(),
        renamed_pods: diff.folded,
        remaining: diff.remaining,
    };
    if output.output == Format::Md {
        let mut out = output::open(output)?;
        markdown(&mut out, &diff, &before, &after)?;
        out.flush()?;
    } else {
        output::written(Envelope::new(&after, question), COLUMNS, &rows, output)?;
    }
    if !output.quiet && matches!(output.output, Format::Table | Format::Csv) {
        notes(&diff).iter().for_each(|line| note(line));
    }
    let unread = !diff.rights.is_empty() || !diff.not_comparable.is_empty();
    if output.strict && unread {
        return Err(Failure::new(Kind::Unknown, "not everything could be compared, and --strict asks for that"));
    }
    if args.exit_code && !diff.is_same_access() {
        return Err(Failure::new(Kind::Condition, ""));
    }
    Ok(ANSWERED)
}

fn estate(typed: &str, data: &SourceArgs) -> Result<Estate, Failure> {
    let input: Input = match typed {
        DEMO_EARLIER => Input::Files(demo::earlier()),
        "-" => source::at(&PathBuf::from(typed))?,
        _ => source::at(&snapshot::find(typed))?,
    };
    let options: Options = source::options(data);
    let inventory = input.open(options).and_then(|it| it.load()).map_err(source::unreadable)?;
    Ok(derive(&inventory, &|| false).expect("nobody stops it"))
}

fn record(change: &Change) -> ChangeRecord {
    ChangeRecord {
        effect: change.effect().word().to_lowercase(),
        change: change.sign.word(),
        topic: change.topic.word(),
        subject: change.subject.to_string(),
        text: change.text.clone(),
        gained: change.gained.clone(),
        lost: change.lost.clone(),
        certain: change.certain,
        documents: change.documents.iter().map(|it| it.name.to_string()).collect(),
    }
}

/// What stands beside the changes, one a line.
fn notes(diff: &Diff) -> Vec<String> {
    let mut lines = Vec::new();
    for it in &diff.rights {
        let why = if it.why.is_empty() { String::new() } else { format!(" ({})", it.why) };
        lines.push(format!(
            "read with different rights: {}: {} then {}{why}",
            it.source,
            it.before.word(),
            it.after.word()
        ));
    }
    lines.extend(diff.not_comparable.iter().map(|it| format!("not comparable: {}: {}", it.subject, it.why)));
    if diff.folded > 0 {
        lines.push(format!("{} pods only have another name now", diff.folded));
    }
    lines
}

fn markdown(out: &mut dyn Write, diff: &Diff, before: &Estate, after: &Estate) -> std::io::Result<()> {
    let time = |estate: &Estate| estate.data_time().map_or_else(|| "unknown time".to_owned(), seconds);
    writeln!(out, "# Access changes from {} to {}", time(before), time(after))?;
    for effect in Effect::ALL {
        let mut changes = diff.of(effect).peekable();
        if changes.peek().is_none() {
            continue;
        }
        writeln!(out, "\n## {}\n", effect.word())?;
        for change in changes {
            let subject = clean(&change.subject.to_string()).into_owned();
            let uncertain = if change.certain { "" } else { " (not certain)" };
            writeln!(out, "- {} `{subject}` {}{uncertain}", change.sign.symbol(), escaped(&change.text))?;
            for (sign, lines) in [("+", &change.gained), ("-", &change.lost)] {
                for line in lines {
                    writeln!(out, "  - {sign} {}", escaped(line))?;
                }
            }
        }
    }
    if diff.changes.is_empty() {
        writeln!(out, "\nNo change.")?;
    }
    let notes = notes(diff);
    if !notes.is_empty() {
        writeln!(out, "\n## Notes\n")?;
        notes.iter().try_for_each(|line| writeln!(out, "- {}", escaped(line)))?;
    }
    Ok(())
}

/// Text that Markdown shows as it is.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in clean(text).chars() {
        if matches!(character, '*' | '_' | '`' | '<' | '[' | ']' | '\\' | '|') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
