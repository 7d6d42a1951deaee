//! The statement behind a step: what it wants against what was asked, and where its text stands.

use std::sync::Arc;

use crate::analysis::explain::Answer;
use crate::app::policy::PolicyView;
use crate::app::text::{Line, Tone};
use crate::base::Truth;
use crate::estate::{DocumentRole, Estate};
use crate::iam::clauses::clauses;
use crate::iam::document::Clause;
use crate::iam::{Effect, Layer, Policy, Source, Statement};
use crate::model::EntityKey;

/// Entries of a clause that are written out.
const ENTRIES: usize = 4;

#[derive(Clone, Debug)]
pub struct Proof {
    /// `DECIDING STATEMENT  ReadInvoices in payments-api-read v4, lines 9-14`
    pub title: String,
    /// Clause by clause.
    pub lines: Vec<Line>,
    pub place: Where,
}

/// Where the text of a statement can be read.
#[derive(Clone, Debug)]
pub enum Where {
    /// A document of the role, by its position, and the first line of the statement, from 0.
    Document { role: EntityKey, document: usize, line: usize },
    /// A document that is no role's, such as a bucket policy.
    Text { title: String, text: Arc<str>, statement: usize },
}

/// `ReadInvoices in payments-api-read`, with the statement's number where it has no Sid.
pub(super) fn name(source: &Source) -> String {
    let policy = source.policy.rsplit(':').next().unwrap_or(&source.policy);
    match &source.sid {
        Some(sid) if !sid.is_empty() => format!("{sid} in {policy}"),
        _ => format!("statement {} in {policy}", source.statement + 1),
    }
}

/// The document among those that were asked.
fn policy<'a>(answer: &'a Answer, source: &Source) -> Option<(&'a Policy, &'a Statement)> {
    let level = |at: usize| {
        let levels = if source.layer == Layer::Scp { &answer.policies.scps } else { &answer.policies.rcps };
        levels.get(at).map(|it| &it.name)
    };
    let mut all = answer.policies.iter().filter(|(layer, at, policy)| {
        *layer == source.layer && policy.name == source.policy && at.and_then(level) == source.level.as_ref()
    });
    // Inline and managed policies may share a name; the statement tells them apart.
    all.find_map(|(.., policy)| {
        let statement = policy.document.statements.iter().find(|it| it.index == source.statement)?;
        (statement.sid == source.sid).then_some((policy, statement))
    })
}

/// The proof by a statement that decided (`word` is `DECIDING`) or came closest.
pub(super) fn of(estate: &Estate, answer: &Answer, source: &Source, word: &str) -> Option<Proof> {
    let (policy, statement) = policy(answer, source)?;
    let (place, lines) = locate(estate, answer, source, policy);
    let title = format!("{word} STATEMENT  {}{lines}", name(source));
    Some(Proof { title, lines: words(answer, policy, statement), place })
}

/// Where it stands, and version and lines in words.
fn locate(estate: &Estate, answer: &Answer, source: &Source, policy: &Policy) -> (Where, String) {
    let role = &answer.caller.role_key;
    let documents = estate.documents(role);
    let found = documents.iter().position(|it| {
        let layer = match source.layer {
            Layer::Identity => it.role.is_identity_policy(),
            Layer::Boundary => it.role == DocumentRole::Boundary,
            _ => false,
        };
        layer && it.name == source.policy && it.text.as_deref() == Some(&*policy.document.text)
    });
    if let Some(document) = found
        && let Some(view) = PolicyView::open(estate, role, document)
        && let Some(range) = view.statements.get(source.statement)
    {
        let version = &documents[document].version;
        let version = if version.is_empty() { String::new() } else { format!(" {version}") };
        let lines = format!("{version}, lines {}-{}", range.start() + 1, range.end() + 1);
        let place = Where::Document { role: role.clone(), document, line: *range.start() };
        return (place, lines);
    }
    let title = format!("{} policy {}", source.layer, source.policy);
    (Where::Text { title, text: Arc::clone(&policy.document.text), statement: source.statement }, String::new())
}

fn words(answer: &Answer, policy: &Policy, statement: &Statement) -> Vec<Line> {
    let found = clauses(&policy.document, statement, &answer.request, answer.policies.boundary.is_some());
    let effect = match statement.effect {
        Some(Effect::Allow) => "Allow",
        Some(Effect::Deny) => "Deny",
        None => "effect unreadable",
    };
    let mut lines = Vec::new();
    let word = if statement.actions.negated { format!("{effect} all but") } else { effect.to_owned() };
    row(&mut lines, &word, &written(&statement.actions), found.action, answer.request.action.as_str());
    if let (Some(clause), Some(truth)) = (&statement.resources, found.resource) {
        let word = if clause.negated { "on all but" } else { "on" };
        row(&mut lines, word, &written(clause), truth, &answer.resource);
    }
    if let (Some(clause), Some(truth)) = (&statement.principals, found.principal) {
        let word = if clause.negated { "to all but" } else { "to" };
        row(&mut lines, word, &written(clause), truth, &answer.caller.role.arn);
    }
    for (condition, truth, actual) in &found.conditions {
        let values: Vec<&str> = condition.values.iter().map(|it| it.as_str()).collect();
        let text = format!("{} {} {}", condition.written, condition.key, values.join(" or "));
        row(&mut lines, "if", &text, *truth, actual);
    }
    if found.damaged {
        lines.push(Line::default().with("  part of it cannot be read", Tone::Unknown));
    }
    lines
}

/// One clause; where it does not fit, what was asked stands under it.
fn row(lines: &mut Vec<Line>, word: &str, text: &str, truth: Truth, asked: &str) {
    let (mark, tone) = truth_word(truth);
    lines.push(Line::dim(format!("  {word:<6} ")).with(text, Tone::Plain).with(format!("   {mark}"), tone));
    if truth.is_no() {
        lines.push(Line::dim("         asked is ").with(asked, tone));
    }
}

pub(in crate::app) fn truth_word(truth: Truth) -> (&'static str, Tone) {
    match truth {
        Truth::Yes => ("yes", Tone::Good),
        Truth::No => ("NO", Tone::Bad),
        Truth::Unknown => ("not known", Tone::Unknown),
    }
}

fn written<T>(clause: &Clause<T>) -> String {
    let mut text: Vec<&str> = clause.entries.iter().take(ENTRIES).map(|it| it.written.as_str()).collect();
    let more = format!("and {} more", clause.entries.len().saturating_sub(ENTRIES));
    if clause.entries.len() > ENTRIES {
        text.push(&more);
    }
    text.join(", ")
}
