//! What the run knows beside its results: the rules with their documentation, and the standards that they speak to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use crate::findings::{Entry, Reference, Severity, Standard, rules};

/// A `toolComponent`: the program itself, or a taxonomy.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    semantic_version: Option<&'static str>,
    short_description: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    supported_taxonomies: Vec<Standing>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notifications: Vec<Descriptor>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<Descriptor>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taxa: Vec<Descriptor>,
}

/// A `multiformatMessageString`.
#[derive(Serialize)]
struct Text {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
}

impl Text {
    fn new(text: impl Into<String>) -> Text {
        Text { text: text.into(), markdown: None }
    }
}

/// A taxonomy of the run, by its place.
#[derive(Clone, Serialize)]
struct Standing {
    name: &'static str,
    index: usize,
}

/// A `reportingDescriptor`: a rule, a notification, or an item of a taxonomy.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'static str>,
    short_description: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_description: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_configuration: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    relationships: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Value>,
}

impl Descriptor {
    fn plain(id: &'static str, text: &str) -> Descriptor {
        Descriptor {
            id,
            name: None,
            short_description: Text::new(text),
            full_description: None,
            help: None,
            default_configuration: None,
            relationships: Vec::new(),
            properties: None,
        }
    }
}

/// Notifications of the driver, in their order.
pub const NOT_EVALUATED: &str = "not-evaluated";
pub const NOT_READ: &str = "not-read";

const STANDARDS: [Standard; 4] = [Standard::OwaspNhi, Standard::NistCsf, Standard::ZeroTrust, Standard::CisEks];

/// This program with every rule, in the order of `entries`. `worst` is the worst severity of the results of a rule.
pub fn driver(entries: &[&'static Entry], worst: &BTreeMap<&str, Severity>) -> Component {
    let version = Some(env!("CARGO_PKG_VERSION"));
    Component {
        name: env!("CARGO_PKG_NAME"),
        version,
        semantic_version: version,
        short_description: Text::new(env!("CARGO_PKG_DESCRIPTION")),
        supported_taxonomies: STANDARDS.iter().enumerate().map(|(index, it)| standing(*it, index)).collect(),
        notifications: vec![
            Descriptor::plain(
                NOT_EVALUATED,
                "A rule could not be judged everywhere: not every source it needs was read.",
            ),
            Descriptor::plain(NOT_READ, "A source was not read whole."),
        ],
        rules: entries.iter().map(|entry| rule(entry, worst.get(entry.rule.id).copied())).collect(),
        taxa: Vec::new(),
    }
}

fn standing(standard: Standard, index: usize) -> Standing {
    Standing { name: standard.title(), index }
}

fn rule(entry: &Entry, worst: Option<Severity>) -> Descriptor {
    let rule = entry.rule;
    let severity = worst.unwrap_or(rule.severity);
    let documentation = entry.documentation();
    let tags = ["security", rule.kind.word(), rule.category.prefix(), "kubernetes", "aws", "iam"];
    Descriptor {
        id: rule.id,
        name: Some(rule.slug),
        short_description: Text::new(format!("{}.", entry.title())),
        full_description: Some(Text::new(unbroken(&entry.section("What it checks")))),
        help: Some(Text { text: plain(&documentation), markdown: Some(documentation) }),
        default_configuration: Some(json!({"level": level(rule.severity)})),
        relationships: rule.references.iter().map(relationship).collect(),
        properties: Some(json!({
            "tags": tags,
            "precision": "high",
            "security-severity": score(severity),
            "problem.severity": problem(severity),
            "severity": rule.severity.word(),
            "kind": rule.kind.word(),
            "category": rule.category.title(),
            "needs": rule.needs.iter().map(|it| it.file()).collect::<Vec<_>>(),
        })),
    }
}

/// The rule speaks to an item of a standard.
fn relationship(reference: &Reference) -> Value {
    let index = STANDARDS.iter().position(|it| *it == reference.standard).unwrap_or_default();
    json!({
        "target": {"id": reference.item, "toolComponent": standing(reference.standard, index)},
        "kinds": ["relevant"],
    })
}

/// The standards with the items that some rule names.
pub fn taxonomies() -> Vec<Component> {
    let named: BTreeSet<Reference> = rules::ALL.iter().flat_map(|it| it.rule.references).copied().collect();
    let items = |standard: Standard| {
        let items = named.iter().filter(move |it| it.standard == standard);
        items.map(|it| Descriptor::plain(it.item, it.title)).collect::<Vec<_>>()
    };
    let taxonomy = |standard: &Standard| Component {
        name: standard.title(),
        version: None,
        semantic_version: None,
        short_description: Text::new(standard.title()),
        supported_taxonomies: Vec::new(),
        notifications: Vec::new(),
        rules: Vec::new(),
        taxa: items(*standard),
    };
    STANDARDS.iter().map(taxonomy).collect()
}

/// How viewers colour it (3.27.10).
pub fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The number that code scanning takes for critical (over 9.0), high (7.0), medium (4.0) and low (0.1).
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}

fn problem(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "recommendation",
    }
}

/// Markdown without the marks of headings.
fn plain(markdown: &str) -> String {
    let lines = markdown.lines().map(|line| line.trim_start_matches("## "));
    lines.collect::<Vec<_>>().join("\n")
}

/// A paragraph without the line breaks of its source.
fn unbroken(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join(" ")
}
