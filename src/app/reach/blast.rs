//! The blast radius as a tree by hop with what it comes to beside it.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::blast::{Row as Reached, Summary, World, assumes, blast, services, summary};
use crate::analysis::data::{Data, DataKind, Grant, KINDS, Touched, data};
use crate::analysis::picture::layout::Fold;
use crate::analysis::roles;
use crate::app::header::plural;
use crate::app::text::{Line, Target, Tone};
use crate::base::{Name, Truth};
use crate::estate::Estate;
use crate::estate::who_can::roster;
use crate::graph::reach::Direction;
use crate::iam::access::Access;
use crate::model::{EntityKey, Kind};

use super::{Beside, Question, ReachView, Row, Sketch, label};

/// Lines of one parent before the rest is counted in a line of its own, which shows them.
const SIBLINGS: usize = 40;

pub(super) fn view(estate: &Estate, key: &EntityKey, backward: bool, depth: usize) -> ReachView {
    let world = World { inventory: &estate.inventory, pods: &estate.pods, graph: estate.graph() };
    let direction = if backward { Direction::Backward } else { Direction::Forward };
    let all = blast(world, key, direction, usize::MAX).map(|it| it.rows(world)).unwrap_or_default();
    let deepest = all.iter().map(|row| row.hops).max().unwrap_or(0);
    let rows: Vec<&Reached> = all.iter().filter(|row| row.hops <= depth).collect();
    let keys = all.iter().map(|row| &row.key).chain([key]).filter(|it| it.kind == Kind::Role && !backward);
    let keys: Vec<EntityKey> = keys.cloned().collect();
    let access: BTreeMap<&EntityKey, Option<Access>> = keys.iter().zip(roles::access(world.inventory, &keys)).collect();
    let data = if backward { Data::default() } else { data(world.inventory, roster(estate), key, &all) };
    let summary = summary(world, &all, &data);
    let flag = if backward { " --backward" } else { "" };
    let unread = estate.inventory.coverage.gaps().count();
    let unread =
        if unread > 0 { format!("   {} not read whole (:sources)", plural(unread, "source")) } else { String::new() };
    ReachView {
        title: format!("{} {}", if backward { "WHO CAN BECOME" } else { "FROM" }, label(key)),
        sketch: Sketch::of_blast(key, &rows),
        alternatives: vec![tree(key, &rows, &access, &data)],
        beside: Beside::All(beside(estate, &summary, &services(&all, &access), &data, &all, backward)),
        note: format!("assumes: {}", assumes(key, direction)),
        status: format!("{} things · depth {} of {deepest}{unread}", all.len(), depth.min(deepest)),
        command: format!("rolewalk blast {key}{flag}"),
        marked: all.iter().map(|row| row.key.clone()).chain([key.clone()]).collect(),
        question: Question::Blast { key: key.clone(), backward, depth },
    }
}

fn tree(key: &EntityKey, rows: &[&Reached], access: &BTreeMap<&EntityKey, Option<Access>>, data: &Data) -> Vec<Row> {
    let mut children: BTreeMap<&EntityKey, Vec<&Reached>> = BTreeMap::new();
    let known: BTreeSet<&EntityKey> = rows.iter().map(|row| &row.key).chain([key]).collect();
    for row in rows {
        // The way may lead over a thing that another, surer way shows elsewhere.
        let parent = if known.contains(&row.from) { &row.from } else { key };
        children.entry(parent).or_default().push(row);
    }
    let start = Line::strong(format!("▾ {}", label(key))).with("  start", Tone::Dim).to(Target::Thing(key.clone()));
    let mut lines = vec![Row::of(start, Some(key.clone()), 0, children.contains_key(key))];
    let mut drawing = Drawing { children: &children, access, data, shown: BTreeSet::from([key]), lines: &mut lines };
    drawing.access(key, "", 1);
    drawing.below(key, "", 1);
    lines
}

struct Drawing<'a> {
    children: &'a BTreeMap<&'a EntityKey, Vec<&'a Reached>>,
    access: &'a BTreeMap<&'a EntityKey, Option<Access>>,
    data: &'a Data,
    shown: BTreeSet<&'a EntityKey>,
    lines: &'a mut Vec<Row>,
}

impl<'a> Drawing<'a> {
    fn below(&mut self, parent: &EntityKey, indent: &str, level: usize) {
        let all: &[&Reached] = self.children.get(parent).map_or(&[], Vec::as_slice);
        let fold = Fold { parent: Some(parent.clone()), kind: "more" };
        let folds = all.len() > SIBLINGS + 1;
        for (at, row) in all.iter().enumerate() {
            if folds && at == SIBLINGS {
                let text = format!("{indent}├─ and {} more (enter shows them)", all.len() - SIBLINGS);
                self.lines.push(Row { rest: Some(fold.clone()), ..Row::of(Line::dim(text), None, level, false) });
            }
            if !self.shown.insert(&row.key) {
                continue;
            }
            let last = at + 1 == all.len();
            let has_children = self.children.contains_key(&row.key) || row.key.kind == Kind::Role;
            let branch = if last { "└─" } else { "├─" };
            let mark = if has_children { "▾ " } else { "  " };
            let tone = if row.certainty == Truth::Yes { Tone::Plain } else { Tone::Unknown };
            let sure = if row.certainty == Truth::Yes { "" } else { "?" };
            let line = Line::dim(format!("{indent}{branch}{mark}"))
                .with(label(&row.key), tone)
                .with(format!("  {}  {}{sure}", row.hops, row.hop.kind.title()), Tone::Dim)
                .to(Target::Thing(row.key.clone()));
            let folded = (folds && at >= SIBLINGS).then(|| fold.clone());
            self.lines.push(Row { folded, ..Row::of(line, Some(row.key.clone()), level, has_children) });
            let indent = format!("{indent}{}", if last { "   " } else { "│  " });
            self.access(&row.key, &indent, level + 1);
            self.below(&row.key, &indent, level + 1);
        }
    }

    /// Under a role: a line for each kind of data with its resources, and one for all other services.
    fn access(&mut self, role: &EntityKey, indent: &str, level: usize) {
        if !matches!(role.kind, Kind::Role | Kind::IamUser) {
            return;
        }
        let mut put = |text: String, key: Option<EntityKey>| {
            let line = Line::dim(format!("{indent}   ")).with(text, Tone::Dim);
            self.lines.push(Row::of(line, key, level, false));
        };
        let mut of_kind: BTreeMap<usize, Vec<(&Touched, Grant)>> = BTreeMap::new();
        for (it, grant) in self.data.of(role) {
            of_kind.entry(it.kind).or_default().push((it, grant));
        }
        for (kind, all) in &of_kind {
            let DataKind { service, word, .. } = &KINDS[*kind];
            let letters = letters(all);
            let known = self.data.counts.iter().find(|it| it.kind == *kind).map_or(0, |it| it.known);
            let names: Vec<&str> = all.iter().take(NAMED).map(|it| short(&it.0.arn)).collect();
            let named = match all.len() {
                count if count == known && count > NAMED => format!("every one of {count} {word}"),
                count if count > NAMED => format!("{} and {} {word} more", names.join(", "), count - NAMED),
                _ => names.join(", "),
            };
            let key =
                if let [one] = all.as_slice() { Some(EntityKey::plain(Kind::Resource, &one.0.arn)) } else { None };
            put(format!("{service:<6} {letters:<6} {named}"), key);
        }
        let rest = match self.access.get(role) {
            Some(Some(access)) if access.everything => format!("everything  {access}"),
            Some(Some(access)) => {
                let mut rest = access.clone();
                rest.services.retain(|service, _| !of_kind.keys().any(|kind| KINDS[*kind].service == service.as_str()));
                if rest.is_none() {
                    return;
                }
                rest.to_string()
            }
            _ if role.kind == Kind::Role => "UNK  the role was not read".to_owned(),
            _ => return,
        };
        put(rest, None);
    }
}

/// Names of one kind under a role.
const NAMED: usize = 2;

fn worst(grants: impl Iterator<Item = Grant>) -> Grant {
    grants.fold(Grant::default(), |so_far, it| Grant {
        levels: so_far.levels.union(it.levels),
        certain: so_far.certain.union(it.certain),
    })
}

/// Of all together; in doubt where one of them is.
fn letters(all: &[(&Touched, Grant)]) -> String {
    let doubtful = all.iter().any(|(it, grant)| it.letters(*grant).ends_with('?'));
    let letters = worst(all.iter().map(|it| it.1)).letters();
    let mark = if doubtful && !letters.ends_with('?') { "?" } else { "" };
    format!("{letters}{mark}")
}

/// The last part of an ARN.
fn short(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}

fn beside(
    estate: &Estate,
    summary: &Summary,
    services: &BTreeMap<Name, Grant>,
    data: &Data,
    rows: &[Reached],
    backward: bool,
) -> Vec<Line> {
    let of = |kind: Kind| summary.kinds.get(&kind).map_or(0, |it| it.1);
    let workloads: usize = summary.kinds.iter().filter(|(kind, _)| kind.is_workload()).map(|(_, count)| count.1).sum();
    let roles: usize = estate.inventory.accounts.values().map(|account| account.roles.len()).sum();
    let ours =
        if summary.foreign.is_empty() { String::new() } else { format!("  ({} not read)", summary.foreign.len()) };
    let mut lines = vec![
        Line::label("AWS accounts", 16, format!("{}{ours}", summary.accounts.len())),
        Line::label("roles", 16, format!("{} of {roles}", of(Kind::Role))),
        Line::label("clusters", 16, of(Kind::Cluster).to_string()),
        Line::label("nodes", 16, of(Kind::Node).to_string()),
        Line::label("workloads", 16, workloads.to_string()),
        Line::label("accounts", 16, of(Kind::ServiceAccount).to_string()),
        Line::label("namespaces", 16, summary.namespaces.to_string()),
    ];
    if summary.unknown > 0 {
        lines.push(Line::label("not certain", 16, summary.unknown.to_string()));
    }
    if backward {
        return lines;
    }
    for it in &data.counts {
        let every = if it.every { ", and any other" } else { "" };
        lines.push(Line::label(KINDS[it.kind].word, 16, format!("{} of {}{every}", it.reached, it.known)));
    }
    let unread: usize = data.counts.iter().map(|it| it.unread).sum();
    if unread > 0 {
        let text = format!("{unread} of their own policies not read: they may refuse, or let in");
        lines.push(Line::label("unread", 16, "").with(text, Tone::Unknown));
    }
    lines.push(Line::default());
    lines.push(Line::label("score", 16, format!("{} of 100", summary.score)));
    for (points, text) in summary.because.iter().take(4) {
        let text = text.replace(":root", "").replace("arn:aws:iam::", "");
        lines.push(Line::dim(format!("  {points:>3}  {text}")));
    }
    lines.push(Line::default());
    lines.push(Line::strong("worst access by service"));
    let mut services: Vec<(&Name, &Grant)> = services.iter().collect();
    services.sort_by_key(|(service, it)| (std::cmp::Reverse(it.levels), (*service).clone()));
    for (service, grant) in services.iter().take(6) {
        let letters = if grant.levels.is_empty() { "?".to_owned() } else { grant.letters() };
        let name = if **service == "*" { "everything" } else { service.as_str() };
        lines.push(Line::label(&format!("  {name}"), 16, letters));
    }
    if services.len() > 6 {
        lines.push(Line::dim(format!("  and {} services more", services.len() - 6)));
    }
    lines.push(Line::default());
    lines.push(Line::strong("do first"));
    lines.extend(advice(rows).into_iter().enumerate().map(|(at, text)| Line::plain(format!("{} {text}", at + 1))));
    lines.push(Line::dim("(text only; nothing is run)"));
    lines
}

/// The cuts that stop the most, in a few words.
fn advice(rows: &[Reached]) -> Vec<String> {
    let mut below: BTreeMap<&EntityKey, usize> = BTreeMap::new();
    for row in rows {
        *below.entry(&row.from).or_default() += 1;
    }
    let mut first: Vec<(&EntityKey, usize)> = below.into_iter().collect();
    first.sort_by_key(|(key, count)| (std::cmp::Reverse(*count), (*key).clone()));
    first
        .into_iter()
        .filter_map(|(key, _)| match key.kind {
            Kind::Node => Some(format!("cordon and isolate node {}", key.name)),
            Kind::Role => Some(format!("revoke the sessions of role {}", key.name)),
            Kind::ServiceAccount => Some(format!("unbind {}/{}", key.namespace, key.name)),
            kind if kind.is_workload() => Some(format!("stop {}/{}", key.namespace, key.name)),
            Kind::Group | Kind::User => Some(format!("remove the bindings of {}", key.name)),
            _ => None,
        })
        .take(3)
        .collect()
}
