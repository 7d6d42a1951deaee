//! The role column: the role signed with, and those that come into play beside it.

use crate::app::text::{Line, Target, Tone};
use crate::estate::{DocumentRole, RoleDocument};
use crate::model::Lookup;
use crate::model::facts::iam::Role;

use super::{RoleHop, Subject, age, role_label};

const LABEL: usize = 10;

pub(super) fn lines(subject: &Subject<'_>, hops: &[RoleHop]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (at, hop) in hops.iter().enumerate() {
        if at > 0 {
            lines.push(Line::default());
        }
        let worst = subject.index.marks.worst(subject.estate, &hop.key);
        let mut line = Line::default();
        if let Some(severity) = worst {
            line = line.with(format!("{} ", severity.letter()), Tone::Severity(severity));
        }
        lines.push(
            line.with(role_label(subject.estate, hop, subject.full), Tone::Strong).to(Target::Thing(hop.key.clone())),
        );
        if !hop.how.is_empty() {
            lines.push(Line::dim(format!("  {}", hop.how)));
        }
        match subject.estate.role(&hop.key) {
            Lookup::Found(role) => facts(subject, hop, role, at == 0, &mut lines),
            Lookup::Absent => lines.push(Line::default().with("  does not exist", Tone::Bad)),
            Lookup::Unknown => lines.push(Line::default().with("  was not read", Tone::Unknown)),
        }
    }
    if hops.is_empty() {
        lines.push(match subject.identity() {
            Some(identity) if identity.identity.source == crate::identity::Source::Unknown => {
                Line::default().with("unknown", Tone::Unknown)
            }
            _ => Line::dim("no role"),
        });
    }
    lines
}

fn facts(subject: &Subject<'_>, hop: &RoleHop, role: &Role, first: bool, lines: &mut Vec<Line>) {
    let label = |name: &str, text: String| Line::label(&format!("  {name}"), LABEL, text);
    let documents = subject.estate.documents(&hop.key);
    let trust = documents.iter().find(|it| it.role == DocumentRole::Trust);
    lines.push(match trust.map(|it| &it.text) {
        Some(Some(_)) => label("trust", "read (t)".into()),
        _ => label("trust", String::new()).with("not read", Tone::Unknown),
    });
    if !first {
        return;
    }
    lines.push(label("boundary", boundary(&documents)));
    lines.push(label(
        "used",
        match (&role.last_used, subject.estate.data_time()) {
            (Some(used), Some(now)) => match used.at {
                Some(at) => age(now.as_second() - at.as_second()),
                None => String::from("never seen"),
            },
            _ => String::from("not told"),
        },
    ));
    let policies = documents.iter().filter(|it| it.role.is_identity_policy()).count();
    let unread = documents.iter().filter(|it| it.role.is_identity_policy() && it.text.is_none()).count();
    let count = label("policies", policies.to_string());
    lines.push(if unread > 0 { count.with(format!(" ({unread} not read)"), Tone::Unknown) } else { count });
    let users = subject.estate.graph().used_by(&hop.key).len();
    lines.push(label("used by", format!("{users} (u)")));
}

fn boundary(documents: &[RoleDocument]) -> String {
    match documents.iter().find(|it| it.role == DocumentRole::Boundary) {
        Some(document) if document.text.is_none() => format!("{} (not read)", document.name),
        Some(document) => document.name.to_string(),
        None => String::from("none"),
    }
}
