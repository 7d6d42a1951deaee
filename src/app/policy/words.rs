//! A statement in words: effect, who, what, on what, when; then issues and where the document is used.

use crate::analysis::explain::Answer;
use crate::app::explain::truth_word;
use crate::app::text::{Line, Target, Tone};
use crate::estate::{DocumentRole, Severity};
use crate::iam::clauses::clauses;
use crate::iam::document::{Clause, Damage};
use crate::iam::{self, Effect, Statement};

use super::PolicyView;

pub(super) fn severity(severity: iam::Severity) -> Severity {
    match severity {
        iam::Severity::Warning => Severity::Medium,
        iam::Severity::Error => Severity::High,
    }
}

pub(super) fn lines(view: &PolicyView, at: Option<usize>, asked: Option<&Answer>) -> Vec<Line> {
    let mut lines = Vec::new();
    if view.chosen().text.is_none() {
        lines.push(Line::default().with("This document was not read.", Tone::Unknown));
        lines.push(Line::plain("What it says is unknown, not nothing."));
        lines.push(Line::default());
    }
    if view.chosen().role == DocumentRole::Trust {
        super::askers::lines(&view.askers, &mut lines);
    }
    if let Some(statement) = at.and_then(|at| view.document.statements.get(at)) {
        lines.push(Line::strong("In words"));
        of_statement(statement, &mut lines);
        lines.push(Line::default());
        // A trust policy is asked about becoming the role, not about what the role does.
        if let Some(answer) = asked.filter(|_| view.chosen().role != DocumentRole::Trust) {
            lines.push(Line::strong("Matches this request?"));
            of_request(view, statement, answer, &mut lines);
            lines.push(Line::default());
        }
    } else if view.chosen().text.is_some() {
        let count = view.document.statements.len();
        lines.push(Line::plain(format!("{count} statements; }} and {{ go from one to the next")));
        lines.push(Line::default());
    }
    let range = at.and_then(|at| view.statements.get(at));
    let flags = view.flags.iter().filter(|flag| range.is_none_or(|range| range.contains(&flag.line)));
    for flag in flags {
        lines.push(
            Line::default()
                .with(format!("{:<4} ", flag.severity.code()), Tone::Severity(flag.severity))
                .with(flag.rule, Tone::Strong),
        );
        lines.push(Line::plain(format!("  {}", flag.text)));
        lines.push(Line::default());
    }
    let mut heading = true;
    for issue in &view.issues {
        let line = (issue.line as usize).saturating_sub(1);
        if range.is_some_and(|range| !range.contains(&line)) {
            continue;
        }
        if std::mem::take(&mut heading) {
            lines.push(Line::strong("Not as IAM reads it"));
        }
        let severity = severity(issue.severity);
        lines.push(
            Line::default()
                .with(format!("{:<4} ", severity.code()), Tone::Severity(severity))
                .with(format!("line {}: {}", issue.line, issue.message()), Tone::Plain),
        );
    }
    if !heading {
        lines.push(Line::default());
    }
    lines.push(Line::strong("Where this policy is used"));
    for key in &view.used_by {
        lines.push(Line::plain(format!(" {} {}", key.kind.word(), key.name)).to(Target::Thing(key.clone())));
    }
    let document = view.chosen();
    if !document.versions.is_empty() {
        let versions = document
            .versions
            .iter()
            .map(|version| if *version == document.version { format!("{version}*") } else { version.to_string() });
        lines.push(Line::default());
        lines.push(Line::dim("Versions  ").with(versions.collect::<Vec<_>>().join("  "), Tone::Plain));
    }
    lines
}

fn of_statement(statement: &Statement, lines: &mut Vec<Line>) {
    lines.push(match statement.effect {
        Some(Effect::Allow) => Line::plain(" Allows"),
        Some(Effect::Deny) => Line::default().with(" Denies", Tone::Bad),
        None => Line::default().with(" Neither Allow nor Deny can be read", Tone::Unknown),
    });
    if let Some(principals) = &statement.principals {
        clause("to", "everybody but", principals, lines);
    }
    clause("", "everything but", &statement.actions, lines);
    if let Some(resources) = &statement.resources {
        clause("on", "on all but", resources, lines);
    }
    for (at, condition) in statement.conditions.iter().enumerate() {
        let values: Vec<&str> = condition.values.iter().map(|it| it.as_str()).collect();
        let word = if at == 0 { "if" } else { "and" };
        lines.push(
            Line::dim(format!(" {word} "))
                .with(format!("{} {} {}", condition.key, condition.written, values.join(" or ")), Tone::Plain),
        );
    }
    if statement.damage > Damage::None || statement.condition_damage > Damage::None {
        lines.push(Line::default().with(" part of it cannot be read", Tone::Unknown));
    }
}

/// `action yes  s3:GetObject`, and so on: what fits the current question.
fn of_request(view: &PolicyView, statement: &Statement, answer: &Answer, lines: &mut Vec<Line>) {
    let found = clauses(&view.document, statement, &answer.request, answer.policies.boundary.is_some());
    let mut row = |name: &str, truth, text: &str| {
        let (word, tone) = truth_word(truth);
        lines.push(Line::dim(format!(" {name:<10}")).with(format!("{word:<4} "), tone).with(text, Tone::Plain));
    };
    row("action", found.action, answer.request.action.as_str());
    match found.resource {
        Some(truth) => row("resource", truth, &answer.resource),
        None => lines.push(Line::dim(" resource  none")),
    }
    if found.conditions.is_empty() {
        lines.push(Line::dim(" condition none"));
    }
    for (condition, truth, actual) in &found.conditions {
        let (word, tone) = truth_word(*truth);
        let text =
            if truth.is_unknown() { condition.key.to_string() } else { format!("{} is {actual}", condition.key) };
        lines.push(Line::dim(" condition ").with(format!("{word:<4} "), tone).with(text, Tone::Plain));
    }
    if found.damaged {
        lines.push(Line::default().with(" part of it cannot be read", Tone::Unknown));
    }
}

fn clause<T>(word: &str, negated: &str, clause: &Clause<T>, lines: &mut Vec<Line>) {
    let word = if clause.negated { negated } else { word };
    if !word.is_empty() {
        lines.push(Line::dim(format!(" {word}")));
    }
    for entry in &clause.entries {
        lines.push(Line::plain(format!("  {}", entry.written)));
    }
}
