//! One row in words: which statement, the policy of the resource, ceilings, what is in doubt.

use crate::analysis::verdict::Verdict;
use crate::analysis::who_can::{PolicyState, Row, RowKind, behind};
use crate::app::text::{Line, Tone};
use crate::estate::{Estate, who_can};
use crate::iam::Layer;
use crate::iam::document::Clause;

use super::WhoCanView;

/// Entries of a clause that are written out.
const SHOWN: usize = 4;

/// The lines below the result for a row. Cost: that row's documents.
pub(in crate::app) fn detail(estate: &Estate, view: &WhoCanView, row: &Row) -> Vec<Line> {
    let mut lines = Vec::new();
    let label = |label: &str, text: &str| Line::label(label, 13, text);
    let grant = &row.grant;
    if let Some(because) = &grant.because {
        let source = format!("{} policy {}  statement {}", because.layer, because.policy, because.statement + 1);
        let sid = because.sid.as_ref().filter(|it| !it.is_empty());
        let text = match sid {
            Some(sid) => format!("{source} ({sid})"),
            None => format!("{source} (no Sid)"),
        };
        lines.push(label("statement", &format!("{text}{}", statement(estate, row))));
    } else if row.verdict == Verdict::Deny {
        lines.push(label("statement", "none allows it, in the documents that were read"));
    }
    for (at, condition) in row.conditions().enumerate() {
        let word = match (at, row.verdict) {
            (0, Verdict::Cond) => "if",
            (0, _) => "in doubt",
            _ => "",
        };
        lines.push(Line::label(word, 13, "").with(condition, Tone::Unknown));
    }
    let on: Vec<&str> = grant.on.iter().map(|it| it.as_str()).collect();
    if !on.is_empty() && grant.on.iter().any(|it| !view.answer.on.contains(it)) {
        let except: Vec<&str> = grant.except.iter().map(|it| it.as_str()).collect();
        let but = if except.is_empty() { String::new() } else { format!("  but not {}", except.join(", ")) };
        lines.push(label("only on", &format!("{}{but}", on.join(", "))));
    }
    if let Some(further) = &row.further {
        let role = row.role.as_deref().unwrap_or("not known");
        let others = if further.others { "; there are other ways or identities" } else { "" };
        lines.push(label("one step", &format!("{} {}, and so {role}{others}", further.kind.title(), further.over)));
        lines.push(label("needs", further.kind.row().needs));
    } else if row.kind == RowKind::Workload {
        let role = row.role.as_deref().unwrap_or("not known");
        let by = if row.steps_more > 0 { "it could obtain this role by" } else { "it signs with this role by" };
        lines.push(label("role", &format!("{role}   {by} {}", row.via)));
    }
    lines.push(label("its policy", resource_policy(view, row)));
    ceilings(estate, row, &mut lines);
    if !grant.actions.is_empty() && row.verdict.is_open() {
        let names: Vec<&str> = grant.actions.iter().map(|it| it.as_str()).collect();
        lines.push(label("actions", &names.join(", ")));
    }
    lines
}

/// `  Allow s3:* on *`
fn statement(estate: &Estate, row: &Row) -> String {
    let Some(because) = &row.grant.because else { return String::new() };
    let Some((_, policy)) = behind(who_can::roster(estate), row) else { return String::new() };
    let Some(statement) = policy.document.statements.get(because.statement) else { return String::new() };
    let not = |negated: bool| if negated { "all but " } else { "" };
    let actions = &statement.actions;
    let mut text = format!("  Allow {}{}", not(actions.negated), written(actions));
    if let Some(resources) = &statement.resources {
        text.push_str(&format!(" on {}{}", not(resources.negated), written(resources)));
    }
    text
}

fn written<T>(clause: &Clause<T>) -> String {
    let mut names: Vec<&str> = clause.entries.iter().take(SHOWN).map(|it| it.written.as_str()).collect();
    let more = format!("and {} more", clause.entries.len().saturating_sub(SHOWN));
    if clause.entries.len() > SHOWN {
        names.push(&more);
    }
    names.join(", ")
}

fn resource_policy(view: &WhoCanView, row: &Row) -> &'static str {
    let by_policy = row.grant.because.as_ref().is_some_and(|it| it.layer == Layer::Resource);
    match view.answer.policy {
        PolicyState::NotAsked => "no single resource is asked about",
        PolicyState::None => "the resource has no policy of its own",
        PolicyState::Unread => "the policy of the resource was not read: it could deny this, and let in others",
        PolicyState::Read if by_policy => "the policy of the resource allows it",
        PolicyState::Read => "the policy of the resource does not deny it; the identity policy grants",
    }
}

fn ceilings(estate: &Estate, row: &Row, lines: &mut Vec<Line>) {
    let boundary = row.role.as_deref().and_then(|arn| match estate.inventory.role(arn) {
        crate::model::Lookup::Found(role) => role.boundary.clone(),
        _ => None,
    });
    if let Some(arn) = boundary {
        let name = arn.rsplit('/').next().unwrap_or(&arn);
        lines.push(Line::label("boundary", 13, format!("{name} is counted")));
    }
    if row.grant.unread.is_empty() {
        return;
    }
    let names: Vec<&str> = row.grant.unread.iter().map(|it| it.as_str()).collect();
    let hence = match row.verdict {
        Verdict::Allow => "  hence ALLOW?: it holds unless they deny it",
        Verdict::Cond => "  hence COND?: they could deny it",
        Verdict::Unk => "  which decides",
        Verdict::Deny => "",
    };
    lines.push(Line::label("unread", 13, "").with(names.join(", "), Tone::Unknown).with(hence, Tone::Plain));
}
