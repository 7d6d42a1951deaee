//! Findings as SARIF 2.1.0 (OASIS, 27 March 2020), for code scanning and for viewers: one log with one run.
//!
//! Every result has a file and a logical location, its fingerprint, its suppression when somebody accepted it, and the
//! state it has against a baseline; what could not be judged, and what was not read, are notifications of the run.

mod catalogue;
mod place;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::base::text::clean;
use crate::cli::envelope::{Completeness, Envelope};
use crate::estate::Estate;
use crate::findings::{Severity, rules};

use super::markdown;
use super::record::{AcceptedRecord, FindingRecord, FixRecord, TechniqueRecord};

pub use catalogue::Component;
pub use place::{Location, Places};

/// The name of our fingerprints. The number rises when they are made in another way.
pub const FINGERPRINT: &str = "rolewalk/v1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    invocations: [Invocation; 1],
    original_uri_base_ids: BTreeMap<&'static str, place::Base>,
    column_kind: &'static str,
    taxonomies: Vec<Component>,
    results: Vec<Outcome<'a>>,
    properties: RunProperties,
}

#[derive(Serialize)]
struct Tool {
    driver: Component,
}

/// What every answer of a command that reads an estate begins with (protocols.md).
#[derive(Serialize)]
struct RunProperties {
    schema: u32,
    data_time: Option<String>,
    completeness: Completeness,
    question: &'static str,
    rules: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    descriptor: Reference,
    #[serde(skip_serializing_if = "Option::is_none")]
    associated_rule: Option<Reference>,
    level: &'static str,
    message: Message,
    properties: BTreeMap<&'static str, Value>,
}

/// A rule or a notification of the driver.
#[derive(Serialize)]
struct Reference {
    id: &'static str,
    index: usize,
}

#[derive(Serialize)]
pub struct Message {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
}

impl Message {
    pub fn new(text: impl Into<String>) -> Message {
        Message { text: text.into(), markdown: None }
    }
}

/// A `result`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'static str,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    rank: f32,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    fingerprints: BTreeMap<&'static str, &'a str>,
    partial_fingerprints: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressions: Option<Vec<Suppression<'a>>>,
    properties: OutcomeProperties<'a>,
}

#[derive(Serialize)]
struct Suppression<'a> {
    kind: &'static str,
    status: &'static str,
    justification: &'a str,
    properties: &'a AcceptedRecord,
}

#[derive(Serialize)]
struct OutcomeProperties<'a> {
    severity: &'static str,
    kind: &'static str,
    owner: &'a Option<String>,
    also: &'a [String],
    impact: &'a str,
    fix: &'a [FixRecord],
    certain: bool,
    platform: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    technique: Option<&'a TechniqueRecord>,
}

/// What else the run has to say.
pub struct Answer<'a> {
    pub estate: &'a Estate,
    pub places: &'a Places<'a>,
    /// An earlier answer was given: every result says whether it stands in it.
    pub compared: bool,
    /// A file of accepted findings was given: every result says whether it is in it.
    pub judged: bool,
}

/// Writes the log.
pub fn write(out: &mut dyn Write, run: &Answer<'_>, rows: &[FindingRecord]) -> io::Result<()> {
    let Envelope { schema, data_time, completeness, question } = Envelope::new(run.estate, "findings");
    // A viewer that knows severities of rules only should not show a result milder than it is.
    let mut worst: BTreeMap<&str, Severity> = BTreeMap::new();
    for row in rows {
        let known = worst.entry(row.id).or_insert(row.worst);
        *known = (*known).min(row.worst);
    }
    let order = rules::by_id();
    let number: BTreeMap<&str, usize> = order.iter().enumerate().map(|(at, it)| (it.rule.id, at)).collect();
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool { driver: catalogue::driver(&order, &worst) },
            invocations: [Invocation {
                execution_successful: true,
                tool_execution_notifications: notifications(run.estate, &number),
            }],
            original_uri_base_ids: run.places.bases(),
            column_kind: "unicodeCodePoints",
            taxonomies: catalogue::taxonomies(),
            results: rows.iter().map(|row| outcome(run, &number, row)).collect(),
            properties: RunProperties { schema, data_time, completeness, question, rules: run.estate.findings().rules },
        }],
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn outcome<'a>(run: &Answer<'_>, number: &BTreeMap<&str, usize>, row: &'a FindingRecord) -> Outcome<'a> {
    let accepted = row.accepted.iter().map(|it| Suppression {
        kind: "external",
        status: "accepted",
        justification: &it.reason,
        properties: it,
    });
    // 3.27.23: either all results of a run say it, or none.
    let suppressions = run.judged.then(|| accepted.collect());
    let related = row.evidence.iter().enumerate();
    Outcome {
        rule_id: row.id,
        rule_index: number.get(row.id).copied().unwrap_or_default(),
        // 3.27.9: `open` is a result that there was not enough information for, and such results have no level.
        kind: if row.certain { "fail" } else { "open" },
        level: if row.certain { catalogue::level(row.worst) } else { "none" },
        rank: rank(row.worst),
        message: Message {
            text: format!("{}. {}.", clean(&row.message), clean(&row.impact)),
            markdown: Some(markdown::paragraphs(row)),
        },
        locations: [run.places.of_finding(row)],
        related_locations: related
            .map(|(at, it)| run.places.of_evidence(at + 1, &it.object, format!("{} = {}", it.path, it.value)))
            .collect(),
        fingerprints: BTreeMap::from([(FINGERPRINT, row.fingerprint.as_str())]),
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, row.fingerprint.as_str())]),
        baseline_state: run.compared.then_some(if row.known { "unchanged" } else { "new" }),
        suppressions,
        properties: OutcomeProperties {
            severity: row.severity,
            kind: row.kind,
            owner: &row.owner,
            also: &row.also,
            impact: &row.impact,
            fix: &row.fix,
            certain: row.certain,
            platform: row.platform,
            technique: row.technique.as_ref(),
        },
    }
}

/// How much it matters, from 0 to 100 (3.27.25).
fn rank(severity: Severity) -> f32 {
    match severity {
        Severity::Critical => 95.0,
        Severity::High => 80.0,
        Severity::Medium => 55.0,
        Severity::Low => 30.0,
        Severity::Info => 5.0,
    }
}

/// Rules that were not evaluated everywhere, then sources that were not read whole.
fn notifications(estate: &Estate, number: &BTreeMap<&str, usize>) -> Vec<Notification> {
    let unjudged = estate.findings().not_evaluated.iter().map(|it| {
        let needs: Vec<String> = it.needs.iter().map(ToString::to_string).collect();
        Notification {
            descriptor: Reference { id: catalogue::NOT_EVALUATED, index: 0 },
            associated_rule: number.get(it.rule.id).map(|at| Reference { id: it.rule.id, index: *at }),
            level: "warning",
            message: Message::new(format!(
                "{} {} was not evaluated everywhere: it needs {}.",
                it.rule.id,
                it.rule.slug,
                needs.join(", ")
            )),
            properties: BTreeMap::from([("needs", Value::from(needs))]),
        }
    });
    let unread = estate.inventory.coverage.gaps().map(|gap| {
        let report = gap.report;
        let why = if report.why.is_empty() { String::new() } else { format!(" ({})", clean(&report.why)) };
        Notification {
            descriptor: Reference { id: catalogue::NOT_READ, index: 1 },
            associated_rule: None,
            level: "warning",
            message: Message::new(format!("{} was not read whole: {}{why}.", gap.source, report.status.word())),
            properties: BTreeMap::from([
                ("source", Value::from(gap.source.to_string())),
                ("status", Value::from(report.status.word())),
                ("permission", Value::from(report.permission.clone())),
            ]),
        }
    });
    unjudged.chain(unread).collect()
}
