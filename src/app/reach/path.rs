//! Paths as steps, with what each means, what it stands on and how to cut it.

use std::collections::BTreeSet;

use crate::analysis::blast::World;
use crate::analysis::path::path;
use crate::app::header::plural;
use crate::app::text::{Line, Target, Tone};
use crate::base::Truth;
use crate::estate::Estate;
use crate::graph::evidence;
use crate::graph::path::{Limits, Path};
use crate::graph::reach::Hop;
use crate::model::EntityKey;

use super::{Beside, Question, ReachView, Row, Sketch, label};

pub(super) fn view(estate: &Estate, from: &EntityKey, to: &EntityKey) -> ReachView {
    let world = World { inventory: &estate.inventory, pods: &estate.pods, graph: estate.graph() };
    let found = path(world, from, to, Limits { paths: 24, ..Limits::default() }).unwrap_or_default();
    let unread = estate.inventory.coverage.gaps().count();
    let mut lists = Vec::new();
    let mut beside = Vec::new();
    for path in &found.paths {
        lists.push(steps(from, path));
        let mut each = vec![start(path, &found.cuts)];
        each.extend(path.hops.iter().map(|hop| step(world, hop, found.cuts.contains(hop))));
        beside.push(each);
    }
    let note = match (found.paths.len(), unread) {
        (0, 0) => format!("No path from {} to {}.", label(from), label(to)),
        (0, unread) => format!(
            "No path from {} to {}. {} not read whole and could hold one (:sources).",
            label(from),
            label(to),
            plural(unread, "source")
        ),
        (1, _) => "the only path".into(),
        (count, _) => format!("{count}{} paths, h l shows the others", if found.more { "+" } else { "" }),
    };
    let cut = match found.cuts.as_slice() {
        [] => "no single edge cuts every path".to_owned(),
        cuts => format!(
            "every path ends without: {}",
            cuts.iter().map(|hop| hop.kind.word()).collect::<Vec<_>>().join(", or ")
        ),
    };
    ReachView {
        sketch: Sketch::of_paths(from, to, &found.paths),
        title: format!("PATH {} to {}", label(from), label(to)),
        marked: found.paths.iter().flat_map(|it| it.hops.iter().map(|hop| hop.to.clone())).collect::<BTreeSet<_>>(),
        alternatives: lists,
        beside: Beside::Each(beside),
        note,
        status: cut,
        command: format!("rolewalk path {from} {to} --all"),
        question: Question::Path { from: from.clone(), to: to.clone() },
    }
}

fn steps(from: &EntityKey, path: &Path) -> Vec<Row> {
    let start = Line::strong(label(from)).with("  start", Tone::Dim).to(Target::Thing(from.clone()));
    let mut rows = vec![Row::of(start, Some(from.clone()), 0, false)];
    for (at, hop) in path.hops.iter().enumerate() {
        let (word, tone) = certainty(hop.certainty);
        let line = Line::dim(format!("{:>2} {:<24} ", at + 1, hop.kind.title()))
            .with(label(&hop.to), Tone::Plain)
            .with(format!("  {word}"), tone)
            .to(Target::Thing(hop.to.clone()));
        rows.push(Row::of(line, Some(hop.to.clone()), 1, false));
    }
    rows
}

fn certainty(certainty: Truth) -> (&'static str, Tone) {
    match certainty {
        Truth::Yes => ("certain", Tone::Good),
        _ => ("unknown", Tone::Unknown),
    }
}

fn start(path: &Path, cuts: &[Hop]) -> Vec<Line> {
    let (word, tone) = certainty(path.certainty());
    let mut lines = vec![
        Line::label("steps", 9, path.hops.len().to_string()),
        Line::dim("certainty  ").with(word, tone),
        Line::default(),
        Line::strong("what cuts every path"),
    ];
    if cuts.is_empty() {
        lines.push(Line::plain("no single edge"));
    }
    for hop in cuts {
        lines
            .push(Line::plain(format!("{} to {}", hop.kind.title(), label(&hop.to))).to(Target::Thing(hop.to.clone())));
        lines.push(Line::dim(format!("  {}", hop.kind.row().cut)));
    }
    lines
}

fn step(world: World<'_>, hop: &Hop, cuts_all: bool) -> Vec<Line> {
    let row = hop.kind.row();
    let mut lines = vec![
        Line::strong(row.word).with(format!("  {}", row.rule), Tone::Dim),
        Line::default(),
        Line::label("means", 6, row.means),
        Line::label("needs", 6, row.needs),
        Line::label("logs", 6, row.logs),
        Line::label("cut", 6, row.cut),
    ];
    if cuts_all {
        lines.push(Line::label("", 6, "this edge lies on every path"));
    }
    lines.push(Line::default());
    lines.push(Line::strong("evidence"));
    for it in evidence::of(world.graph, world.inventory, world.pods, hop) {
        lines.push(Line::plain(it.object.to_string()).to(Target::Thing(it.object)));
        let value: String = it.value.split_whitespace().collect::<Vec<_>>().join(" ");
        lines.push(Line::dim(format!("  {} = {}", it.path, value.chars().take(160).collect::<String>())));
    }
    lines
}
