//! The access column: what the chosen role may do, by service.

use crate::analysis::access::Source;
use crate::app::text::{Line, Target, Tone};
use crate::estate::{DocumentRole, Estate, RoleDocument, Severity};
use crate::model::{EntityKey, Lookup, SourceKind};

use super::{RoleHop, Subject};

/// What is to be summed up for a role; `None` when it was not read.
pub fn request(estate: &Estate, role: &EntityKey) -> Option<(crate::base::Name, Vec<Source>, Option<Source>)> {
    let Lookup::Found(found) = estate.role(role) else { return None };
    let documents = estate.documents(role);
    let source = |it: &RoleDocument| Source { name: it.name.clone(), text: it.text.clone() };
    let identity = documents.iter().filter(|it| it.role.is_identity_policy()).map(source).collect();
    let boundary = documents.iter().find(|it| it.role == DocumentRole::Boundary).map(source);
    Some((found.arn.clone(), identity, boundary))
}

pub(super) fn lines(subject: &Subject<'_>, hop: Option<&RoleHop>) -> Vec<Line> {
    let Some(hop) = hop else { return Vec::new() };
    let estate = subject.estate;
    if !matches!(estate.role(&hop.key), Lookup::Found(_)) {
        return vec![Line::default().with("not known", Tone::Unknown)];
    }
    let Some((role, access)) = subject.access else { return vec![Line::dim("…")] };
    if *role != hop.key {
        return vec![Line::dim("…")];
    }
    let mut lines = Vec::new();
    if access.everything {
        lines.push(Line::default().with("every action", Tone::Severity(Severity::Critical)));
    }
    for service in &access.services {
        let target = Target::Service(hop.key.clone(), service.service.clone());
        let letters = format!("{:<8} {}", service.service, service.letters());
        lines.push(Line::plain(letters).to(target));
    }
    if access.incomplete {
        lines.push(Line::default().with("a document is unreadable", Tone::Unknown));
    }
    if lines.is_empty() && access.unread.is_empty() {
        lines.push(Line::dim("grants nothing"));
    }
    for name in &access.unread {
        lines.push(Line::default().with(format!("{name} not read"), Tone::Unknown));
    }
    ceilings(subject, hop, access.boundary_unread, &mut lines);
    lines
}

/// What limits the letters, and what of that was not read.
fn ceilings(subject: &Subject<'_>, hop: &RoleHop, boundary_unread: bool, lines: &mut Vec<Line>) {
    lines.push(Line::default());
    lines.push(Line::dim("ceiling"));
    let documents = subject.estate.documents(&hop.key);
    match documents.iter().find(|it| it.role == DocumentRole::Boundary) {
        Some(boundary) if boundary_unread => {
            lines.push(Line::default().with(format!(" {} unread", boundary.name), Tone::Unknown));
        }
        Some(boundary) => lines.push(Line::plain(format!(" {}", boundary.name))),
        None => lines.push(Line::plain(" no boundary")),
    }
    let account = subject.estate.inventory.accounts.get(&hop.key.scope);
    let coverage = &subject.estate.inventory.coverage;
    let read = account.is_some_and(|account| {
        let report = coverage.report(&account.source(SourceKind::TargetPolicies));
        report.is_some_and(|it| it.status == crate::model::Status::Ok)
    });
    lines.push(if read { Line::plain(" SCP not applied") } else { Line::default().with(" SCP unread", Tone::Unknown) });
}
