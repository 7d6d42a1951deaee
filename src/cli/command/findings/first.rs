//! `rolewalk findings --first`: the few changes that cut most, each with the findings that it mends.

use std::io::Write;

use serde::Serialize;

use crate::cli::args::{Format, OutputArgs};
use crate::cli::envelope::Envelope;
use crate::cli::failure::{Failure, note};
use crate::cli::output;
use crate::cli::table::{self, Column};
use crate::estate::Estate;
use crate::findings::fix_first::{FixFirst, Weighed, fix_first};
use crate::findings::{Finding, Severity};

use super::markdown;
use super::record::FixRecord;

/// One change.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeRecord {
    /// 1 for the one to begin with; null when it is not among the few.
    pub rank: Option<usize>,
    /// The kind of edit.
    pub change: &'static str,
    /// The thing that is edited.
    pub subject: String,
    /// What to do, one sentence.
    pub text: String,
    /// Pairs that it cuts when those of lower rank are made; null when it is not among the few.
    pub cuts: Option<u64>,
    /// Pairs that it cuts alone; null when the estate is too large to weigh every change.
    pub alone: Option<u64>,
    /// Starting points that lose something sensitive by it.
    pub starts: Option<u64>,
    /// Sensitive things that a starting point loses by it.
    pub targets: Option<u64>,
    /// The worst of its findings.
    pub severity: &'static str,
    pub findings: Vec<MendedRecord>,
    pub fix: Vec<FixRecord>,
}

/// A finding that a change mends.
#[derive(Clone, Debug, Serialize)]
pub struct MendedRecord {
    pub id: &'static str,
    pub subject: String,
    pub fingerprint: String,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    envelope: Envelope<&'static str>,
    /// Workloads, users and groups that were looked at.
    starts: usize,
    /// Sensitive roles, accounts and clusters.
    targets: usize,
    /// Pairs of the two that are surely connected.
    pairs: u64,
    /// Pairs that all changes together cut.
    together: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<&'a [ChangeRecord]>,
}

type Col = Column<ChangeRecord>;

const COLUMNS: &[Col] = &[
    Col::new("rank", |it| it.rank.map_or_else(String::new, |it| it.to_string())),
    Col::new("cuts", |it| it.cuts.map_or_else(String::new, |it| it.to_string())),
    Col::new("alone", |it| it.alone.map_or_else(|| "?".to_owned(), |it| it.to_string())).extra(),
    Col::new("severity", |it| it.severity.to_owned()),
    Col::new("change", |it| it.text.clone()),
    Col::new("mends", ChangeRecord::mends),
    Col::new("subject", |it| it.subject.clone()).extra(),
    Col::new("kind", |it| it.change.to_owned()).extra(),
    Col::new("starts", |it| it.starts.map_or_else(String::new, |it| it.to_string())).extra(),
    Col::new("targets", |it| it.targets.map_or_else(String::new, |it| it.to_string())).extra(),
    Col::new("fix", |it| it.fix.first().map_or_else(String::new, |it| it.text.clone())).extra(),
];

impl ChangeRecord {
    fn new(weighed: &Weighed, rank: Option<usize>, findings: &[Finding]) -> ChangeRecord {
        let worst = weighed.findings.iter().map(|at| findings[*at].severity).min().unwrap_or(Severity::Info);
        let pick = weighed.chosen.as_ref();
        ChangeRecord {
            rank,
            change: weighed.change.word(),
            subject: weighed.change.subject().to_string(),
            text: weighed.change.to_string(),
            cuts: pick.map(|it| it.pairs),
            alone: weighed.alone,
            starts: pick.map(|it| it.starts),
            targets: pick.map(|it| it.targets),
            severity: worst.word(),
            findings: weighed
                .findings
                .iter()
                .map(|at| MendedRecord {
                    id: findings[*at].rule.id,
                    subject: findings[*at].subject.to_string(),
                    fingerprint: findings[*at].fingerprint.clone(),
                })
                .collect(),
            fix: weighed
                .fix(findings)
                .iter()
                .map(|it| FixRecord { tool: it.tool.word(), text: it.text.clone() })
                .collect(),
        }
    }

    /// Ids of the rules behind it, with how many findings each has.
    pub fn mends(&self) -> String {
        let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
        self.findings.iter().for_each(|it| *counts.entry(it.id).or_default() += 1);
        let shown =
            counts.iter().map(|(id, count)| if *count == 1 { (*id).to_owned() } else { format!("{id} x{count}") });
        shown.collect::<Vec<_>>().join(", ")
    }
}

/// All changes, those to begin with first.
pub fn records(answer: &FixFirst, findings: &[Finding]) -> Vec<ChangeRecord> {
    let record = |(at, it): (usize, &Weighed)| ChangeRecord::new(it, it.chosen.as_ref().map(|_| at + 1), findings);
    answer.changes.iter().enumerate().map(record).collect()
}

/// What the numbers are about, in a sentence or two.
pub fn sums(answer: &FixFirst) -> String {
    let few: u64 = answer.few().map(|it| it.1.pairs).sum();
    format!(
        "from {} workloads, users and groups to {} sensitive roles, accounts and clusters {} pairs are surely connected; \
         the changes named cut {few} of them, all {} together {}",
        answer.starts,
        answer.targets,
        answer.pairs,
        answer.changes.len(),
        answer.together
    )
}

/// Answers in the form that was asked for. Tables and Markdown show the few changes, the other forms all.
pub fn write(estate: &Estate, findings: &[Finding], most: usize, output: &OutputArgs) -> Result<(), Failure> {
    let answer = fix_first(&estate.inventory, estate.graph(), findings, most);
    let all = records(&answer, findings);
    let few: Vec<ChangeRecord> = all.iter().filter(|it| it.rank.is_some()).cloned().collect();
    let chosen = table::choose(COLUMNS, output.columns.as_deref())?;
    let document = |results| Document {
        envelope: Envelope::new(estate, "findings first"),
        starts: answer.starts,
        targets: answer.targets,
        pairs: answer.pairs,
        together: answer.together,
        results,
    };
    let mut out = output::open(output)?;
    match output.output {
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &document(Some(&all))).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        Format::Ndjson => {
            output::line(&mut out, &document(None))?;
            all.iter().try_for_each(|row| output::line(&mut out, row))?;
        }
        Format::Csv => table::csv(&mut out, &chosen, &all, output)?,
        Format::Md => markdown::changes(&mut out, &few)?,
        Format::Table if few.is_empty() => writeln!(out, "No single change cuts anything.")?,
        Format::Table if output.plain => table::blocks(&mut out, &chosen, &few)?,
        Format::Table => table::aligned(&mut out, &chosen, &few, output, output::limit(output))?,
        Format::Dot | Format::Mermaid | Format::Svg | Format::Html | Format::Graphml | Format::Sarif => {
            return Err(output::no_such_form(output.output));
        }
    }
    out.flush()?;
    if !output.quiet && matches!(output.output, Format::Table | Format::Csv | Format::Md) {
        note(&sums(&answer));
    }
    Ok(())
}
