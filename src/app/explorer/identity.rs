//! The identity column: who the pods of a row are, declared and carried.

use crate::app::list::{ListKind, seen};
use crate::app::text::{Line, Target, Tone};
use crate::base::Truth;
use crate::identity::{Credential, Identity, Verdict};
use crate::model::{EntityKey, Kind, Lookup};

use super::{Subject, kubernetes};

const LABEL: usize = 6;

pub(super) fn lines(subject: &Subject<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(account) = subject.account() {
        let title = format!("{}/{}", account.namespace, account.name);
        lines.push(Line::strong(title).to(Target::Thing(account)));
    }
    match subject.kind {
        ListKind::Pods => {
            if let Some(identity) = subject.identity() {
                of_pods(subject, identity, &mut lines);
            }
        }
        ListKind::Roles | ListKind::ServiceAccounts => {
            // What points here may be long.
            lines.extend(kubernetes::lines(subject));
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            used_by(subject, &mut lines);
            return lines;
        }
        ListKind::Associations => of_association(subject, &mut lines),
        ListKind::Nodes => of_node(subject, &mut lines),
        ListKind::Findings => {}
    }
    lines.extend(kubernetes::lines(subject));
    lines
}

fn credential(credential: &Credential, full: bool) -> String {
    match &credential.role {
        Some(role) if full => format!("{} {role}", credential.source.title()),
        Some(role) => format!("{} {}", credential.source.title(), role.rsplit('/').next().unwrap_or(role)),
        None => credential.source.title().to_owned(),
    }
}

fn of_pods(subject: &Subject<'_>, identity: &Identity, lines: &mut Vec<Line>) {
    let full = subject.full;
    let label = |name: &str, text: &str| Line::label(&format!(" {name}"), LABEL, text);
    lines.push(label("how", identity.identity.source.title()));
    lines.push(match identity.verdict {
        Verdict::Works if identity.certain => label("state", "").with("works", Tone::Good),
        Verdict::Works => label("state", "").with("works, not certain", Tone::Unknown),
        Verdict::FallsBack => label("state", "").with("falls back", Tone::Bad),
        Verdict::Broken => label("state", "").with("broken", Tone::Bad),
        Verdict::None => label("state", "no AWS identity"),
        Verdict::Unknown => label("state", "").with("unknown", Tone::Unknown),
    });
    // Identity is always shown twice: what is declared and what the pods carry.
    lines.push(label("decl", &identity.declared.as_ref().map_or_else(|| "nothing".into(), |it| credential(it, full))));
    let group = subject.group;
    let (pods, predicted) = group.map_or((0, false), |group| (group.count(), group.predicted));
    lines.push(if predicted {
        label("seen", "no pod runs; predicted")
    } else {
        let carried = identity.attempted.as_ref().unwrap_or(&identity.identity);
        let text = match seen(identity.declared.as_ref(), carried) {
            "same" => format!("same in {pods} of {pods} pods"),
            "unknown" => String::from("unknown"),
            "none" => format!("{} ({pods} pods)", carried.source.title()),
            _ => format!("{} ({pods} pods)", credential(carried, full)),
        };
        let tone = match seen(identity.declared.as_ref(), carried) {
            "differs" => Tone::Bad,
            "unknown" => Tone::Unknown,
            _ => Tone::Plain,
        };
        label("seen", "").with(text, tone)
    });
    if let Some(mounted) = kubernetes::token(subject) {
        lines.push(match mounted {
            Truth::Yes => label("token", "mounted"),
            Truth::No => label("token", "not mounted"),
            Truth::Unknown => label("token", "").with("unknown", Tone::Unknown),
        });
    }
    if group.is_some_and(|group| group.mixed) {
        lines.push(Line::plain(" containers differ (d)"));
    }
    if !identity.reachable.is_empty() {
        lines.push(Line::default());
        lines.push(Line::dim("also reachable"));
        for reachable in &identity.reachable {
            let name = reachable.role.rsplit('/').next().unwrap_or(&reachable.role);
            let text = format!("  {} ", if full { &reachable.role } else { name });
            let mark = if reachable.certainty.is_unknown() { "?" } else { "" };
            let mut line = Line::plain(text).with(format!("{}{mark}", reachable.via.word()), Tone::Dim);
            line.target = EntityKey::role(&reachable.role).map(Target::Thing);
            lines.push(line);
        }
    }
    if !identity.missing.is_empty() {
        lines.push(Line::default());
        lines.push(Line::dim("would settle it"));
        for source in &identity.missing {
            lines.push(Line::default().with(format!("  {source}"), Tone::Unknown));
        }
    }
}

/// Workloads and accounts that point here.
fn used_by(subject: &Subject<'_>, lines: &mut Vec<Line>) {
    let neighbours = subject.estate.graph().used_by(&subject.row.key);
    lines.push(Line::dim(format!("used by {}", neighbours.len())));
    // More do not fit on any screen; `u` lists all.
    for neighbour in neighbours.iter().take(200) {
        let key = &neighbour.key;
        let text =
            if key.namespace.is_empty() { key.name.to_string() } else { format!("{}/{}", key.namespace, key.name) };
        let mark = if neighbour.certainty.is_unknown() { "?" } else { "" };
        lines.push(
            Line::plain(format!("  {text} "))
                .with(format!("{}{mark}", neighbour.kind.title()), Tone::Dim)
                .to(Target::Thing(key.clone())),
        );
    }
}

fn of_association(subject: &Subject<'_>, lines: &mut Vec<Line>) {
    lines.push(Line::label(" assoc", LABEL, &subject.row.key.name));
    let cluster = subject.estate.cluster(&subject.row.cluster);
    match cluster.map(|it| it.service_account(&subject.row.section, &subject.row.name)) {
        Some(Lookup::Found(_)) => {}
        Some(Lookup::Absent) => lines.push(Line::default().with(" the account does not exist", Tone::Bad)),
        _ => lines.push(Line::default().with(" the account was not read", Tone::Unknown)),
    }
}

fn of_node(subject: &Subject<'_>, lines: &mut Vec<Line>) {
    let row = subject.row;
    lines.push(Line::strong(&row.name).to(Target::Thing(EntityKey::scoped(Kind::Node, &row.cluster, &row.name))));
    let cluster = subject.estate.cluster(&row.cluster);
    match cluster.map(|it| it.node(&row.name)) {
        Some(Lookup::Found(node)) => {
            lines.push(Line::label(" id", LABEL, node.instance_id().unwrap_or("no instance id")));
            lines.push(Line::label(" ready", LABEL, if node.ready { "yes" } else { "no" }));
        }
        _ => lines.push(Line::default().with(" named by pods; the node was not read", Tone::Unknown)),
    }
    lines.push(Line::label(" pods", LABEL, row.count.to_string()));
}
