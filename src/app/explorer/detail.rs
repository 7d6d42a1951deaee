//! The detail pane: the selected row in a few lines, problems last.

use crate::app::list::ListKind;
use crate::app::text::{Line, Target, Tone};
use crate::identity::Source;
use crate::model::{EntityKey, Kind};

use super::{Subject, age};

const LABEL: usize = 9;

pub(super) fn title(subject: &Subject<'_>) -> String {
    let row = subject.row;
    let name =
        if row.key.namespace.is_empty() { row.name.to_string() } else { format!("{}/{}", row.section, row.name) };
    let Some(group) = subject.group.filter(|_| subject.kind == ListKind::Pods) else { return name };
    let first = group.members.first().and_then(|at| subject.estate.pods[*at as usize].pod.as_ref());
    match (first, group.count()) {
        (Some(pod), 0 | 1) => format!("{}/{}", row.section, pod.meta.name),
        (Some(pod), 2) => format!("{}/{}   and 1 pod alike", row.section, pod.meta.name),
        (Some(pod), count) => format!("{}/{}   and {} pods alike", row.section, pod.meta.name, count - 1),
        (None, _) => format!("{}   no pods: what a new one would get", group.owner.label(&group.name)),
    }
}

pub(super) fn lines(subject: &Subject<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let label = |name: &str, text: &str| Line::label(name, LABEL, text);
    if let Some(identity) = subject.identity() {
        if identity.identity.source == Source::None && identity.declared.is_none() {
            lines.push(label("identity", "This pod has no AWS identity: ").with(&identity.why, Tone::Plain));
        } else {
            lines.push(label("identity", &format!("{}: {}", identity.identity.source.title(), identity.why)));
        }
        if let Some(fallback) = &identity.fallback {
            let role = fallback.credential.role.as_deref().unwrap_or("no role");
            let text = format!(
                "{} by {}, in SDKs that go on: {}",
                role,
                fallback.credential.source.title(),
                fallback.sdks.join(", ")
            );
            lines.push(label("fallback", &text));
        }
    }
    if let Some(group) = subject.group.filter(|_| subject.kind == ListKind::Pods) {
        let first = group.members.first().and_then(|at| subject.estate.pods[*at as usize].pod.as_ref());
        if let Some(pod) = first {
            let started = match (subject.estate.data_time(), pod.meta.created) {
                (Some(now), Some(created)) => format!(", started {} ago", age(now.as_second() - created.as_second())),
                _ => String::new(),
            };
            let text = if pod.node.is_empty() { "not scheduled".to_owned() } else { format!("{}{started}", pod.node) };
            let mut line = label("node", &text);
            if !pod.node.is_empty() {
                line.target = Some(Target::Thing(EntityKey::scoped(Kind::Node, &group.cluster, &pod.node)));
            }
            lines.push(line);
        }
    }
    if subject.kind == ListKind::Roles && subject.row.note == "not read" {
        let text = "the account of this role was not read; what it may do is unknown, not nothing";
        lines.push(label("role", "").with(text, Tone::Unknown));
    }
    let marks = subject.index.marks.of(subject.estate, &subject.row.key);
    for mark in &marks {
        lines.push(
            Line::default()
                .with(format!("{:<4} ", mark.severity.code()), Tone::Severity(mark.severity))
                .with(format!("{:<20} ", mark.slug), Tone::Plain)
                .with(mark.text, Tone::Plain),
        );
    }
    if !subject.index.marks.complete {
        lines.push(Line::default().with("the rules have not run yet: what they find is shown then", Tone::Unknown));
    }
    if let Some(group) = subject.group.filter(|_| subject.kind == ListKind::Pods) {
        lines.push(label("owner", &format!("{} in {}", group.owner.label(&group.name), group.cluster)));
    }
    lines
}
