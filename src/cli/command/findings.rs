//! `rolewalk findings [QUERY]`: what is wrong, with evidence, impact and fix (protocols.md section 4).

pub mod accepted;
pub mod first;
mod markdown;
pub mod record;
mod sarif;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args as ClapArgs, ValueEnum};
use serde::Serialize;
use serde_json::Value;

use crate::analysis::query::{self, Query};
use crate::cli::args::{Format, OutputArgs, SourceArgs};
use crate::cli::envelope::Envelope;
use crate::cli::failure::{Failure, Kind as FailureKind, note};
use crate::cli::table;
use crate::cli::{Outcome, output, source};
use crate::estate::Estate;
use crate::findings::fields::FIELDS;
use crate::findings::{Finding, Severity};
use crate::ingest::manifests::Manifests;

use record::{COLUMNS, FindingRecord, NotEvaluatedRecord};

#[derive(Debug, ClapArgs)]
pub struct FindingsArgs {
    /// Only findings that match: `ns:payments sev:>=high`, `rule:TRUST-*`, words of subject and message
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    /// Exit with 1 when a finding of this severity or worse is there that is neither accepted nor in the baseline
    #[arg(long, value_enum, value_name = "SEV")]
    pub fail_on: Option<Level>,
    /// An earlier `findings -o json` or `-o sarif`: what stands in it is known, left out of tables, and fails nothing
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Findings that were accepted with a reason, until a day: YAML or JSON with fingerprint, id, subject, reason, until
    #[arg(long, value_name = "FILE")]
    pub accepted: Option<PathBuf>,
    /// Instead of findings say which few changes cut most of what workloads and users could come to; `=N` for another number
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "10",
          conflicts_with_all = ["fail_on", "manifests"])]
    pub first: Option<usize>,
    /// For -o sarif: look below this directory for the manifests that define what is wrong
    #[arg(long, value_name = "DIR")]
    pub manifests: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    Critical,
    High,
    Medium,
    Low,
    Info,
}

impl Level {
    fn severity(self) -> Severity {
        match self {
            Level::Critical => Severity::Critical,
            Level::High => Severity::High,
            Level::Medium => Severity::Medium,
            Level::Low => Severity::Low,
            Level::Info => Severity::Info,
        }
    }
}

/// The answer as machines read it.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    envelope: Envelope<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<&'a [FindingRecord]>,
    not_evaluated: Vec<NotEvaluatedRecord>,
    /// How many rules ran.
    rules: usize,
}

pub fn run(args: &FindingsArgs, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    let asked = args.query.join(" ");
    let parsed = query::parse(&asked).map_err(|error| Failure::usage(format!("the query does not parse: {error}")))?;
    for field in parsed.unused(FIELDS) {
        note(&format!("`{}:` is not used in `findings`", field.name()));
    }
    let known = args.baseline.as_ref().map(baseline).transpose()?.unwrap_or_default();
    // Changes have columns of their own.
    let columns = output.columns.as_deref().filter(|_| args.first.is_none());
    let chosen = table::choose(COLUMNS, columns)?;
    let manifests = args.manifests.as_deref().map(|directory| read_manifests(directory, output)).transpose()?;
    let estate = source::estate(data)?;
    let mut findings = estate.findings().all.clone();
    if let Some(file) = &args.accepted {
        accepted::apply(&mut findings, &estate, file)?;
    }
    let rows = rows(&findings, &parsed, data, &known);
    if let Some(most) = args.first {
        let wanted: BTreeSet<&str> = rows.iter().filter(|it| !it.known).map(|it| it.fingerprint.as_str()).collect();
        findings.retain(|it| wanted.contains(it.fingerprint.as_str()));
        first::write(&estate, &findings, most, output)?;
        return output::finish(&estate, output);
    }
    let mut out = output::open(output)?;
    let document = |results| Document {
        envelope: Envelope::new(&estate, "findings"),
        results,
        not_evaluated: record::not_evaluated(estate.findings()),
        rules: estate.findings().rules,
    };
    // People look for what is new; programs get all and the marks.
    let news: Vec<FindingRecord> = rows.iter().filter(|it| !it.known && it.accepted.is_none()).cloned().collect();
    match output.output {
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &document(Some(&rows))).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        Format::Ndjson => {
            output::line(&mut out, &document(None))?;
            rows.iter().try_for_each(|row| output::line(&mut out, row))?;
        }
        Format::Csv => table::csv(&mut out, &chosen, &rows, output)?,
        Format::Dot | Format::Mermaid | Format::Svg | Format::Html | Format::Graphml => {
            return Err(output::no_such_form(output.output));
        }
        Format::Sarif => {
            let manifests = args.manifests.clone().zip(manifests);
            let answer = sarif::Answer {
                estate: &estate,
                places: &sarif::Places::new(&estate, data, manifests),
                compared: args.baseline.is_some(),
                judged: args.accepted.is_some(),
            };
            sarif::write(&mut out, &answer, &rows)?;
        }
        Format::Md => markdown::write(&mut out, &estate, &news)?,
        Format::Table if news.is_empty() => writeln!(out, "{}", nothing(&estate, &rows))?,
        Format::Table if output.plain => table::blocks(&mut out, &chosen, &news)?,
        Format::Table => table::aligned(&mut out, &chosen, &news, output, output::limit(output))?,
    }
    out.flush()?;
    drop(out);
    if !output.quiet && matches!(output.output, Format::Table | Format::Csv | Format::Md) {
        remarks(&estate, &rows);
    }
    let ended = output::finish(&estate, output)?;
    let fails = |it: &&FindingRecord| {
        args.fail_on.is_some_and(|level| it.worst <= level.severity()) && !it.known && it.accepted.is_none()
    };
    let failing = rows.iter().filter(fails).count();
    if failing > 0 {
        let plural = if failing == 1 { "finding is" } else { "findings are" };
        note(&format!("{failing} {plural} at or above the level of --fail-on"));
        return Ok(ExitCode::from(FailureKind::Condition.code()));
    }
    Ok(ended)
}

/// The findings that match, in the order of the estate.
pub fn rows(findings: &[Finding], query: &Query, data: &SourceArgs, known: &BTreeSet<String>) -> Vec<FindingRecord> {
    findings
        .iter()
        .filter(|it| {
            let place = it.place();
            source::within(data, place.0, place.1)
        })
        .filter(|it| query.matches(*it, FIELDS))
        .map(|finding| FindingRecord::new(finding, known.contains(&finding.fingerprint)))
        .collect()
}

/// What the manifests below a directory define. Those that do not parse, templates mostly, are counted.
fn read_manifests(directory: &Path, output: &OutputArgs) -> Result<Manifests, Failure> {
    let manifests = Manifests::read(directory)
        .map_err(|error| Failure::usage(format!("cannot read the manifests in `{}`: {error}", directory.display())))?;
    if !output.quiet && !manifests.unread.is_empty() {
        let (path, why) = &manifests.unread[0];
        note(&format!("{} manifests could not be read, such as {path}: {why}", manifests.unread.len()));
    }
    Ok(manifests)
}

/// Fingerprints of an earlier answer: JSON, one JSON a line, or SARIF.
fn baseline(path: &PathBuf) -> Result<BTreeSet<String>, Failure> {
    let refuse = |why: String| Failure::usage(format!("cannot read the baseline `{}`: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    let mut prints = BTreeSet::new();
    let mut answers = 0;
    for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
        let value = value.map_err(|error| refuse(format!("it is no JSON: {error}")))?;
        answers += usize::from(value["question"] == "findings");
        let results = value["results"].as_array().into_iter().flatten();
        for it in results.chain([&value]) {
            prints.extend(it["fingerprint"].as_str().map(str::to_owned));
        }
        for run in value["runs"].as_array().into_iter().flatten() {
            answers += usize::from(run["tool"]["driver"]["name"] == env!("CARGO_PKG_NAME"));
            for it in run["results"].as_array().into_iter().flatten() {
                prints.extend(it["fingerprints"][sarif::FINGERPRINT].as_str().map(str::to_owned));
            }
        }
    }
    if answers == 0 {
        return Err(refuse("it holds no answer of `findings -o json` or `-o sarif`".into()));
    }
    Ok(prints)
}

/// What an empty table says: how much was looked at.
fn nothing(estate: &Estate, rows: &[FindingRecord]) -> String {
    let pods = estate.pods.iter().filter(|it| it.pod.is_some()).count();
    let new = if rows.is_empty() { "" } else { "new " };
    format!("No {new}findings. {} rules ran over {pods} pods.", estate.findings().rules)
}

fn remarks(estate: &Estate, rows: &[FindingRecord]) {
    for it in &estate.findings().not_evaluated {
        let needs: Vec<String> = it.needs.iter().map(ToString::to_string).collect();
        note(&format!("not evaluated everywhere: {} {} needs {}", it.rule.id, it.rule.slug, needs.join(", ")));
    }
    let known = rows.iter().filter(|it| it.known).count();
    if known > 0 {
        note(&format!("{known} known from the baseline are left out"));
    }
    let accepted = rows.iter().filter(|it| it.accepted.is_some()).count();
    if accepted > 0 {
        note(&format!("{accepted} accepted are left out"));
    }
}
