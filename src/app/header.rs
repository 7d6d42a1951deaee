//! The lines around the screen: header, crumbs, filter or message, status, hints.

use super::command::Cmd;
use super::explorer::age;
use super::input::Purpose;
use super::list::ListKind;
use super::overlay::Overlay;
use super::place::{Screen, SortBy};
use super::settings::DataOrigin;
use super::text::{Line, Tone};
use super::{App, DETAIL, findings};
use crate::model::{Kind, Status};

/// The word for how far the data can be trusted, in the order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataState {
    Loading,
    /// Nothing could be read.
    Nothing,
    Partial(usize),
    Stale,
    Demo,
    Snapshot,
    Complete,
}

impl DataState {
    pub fn word(&self) -> String {
        match self {
            DataState::Loading => "LOADING".into(),
            DataState::Nothing => "NO DATA".into(),
            DataState::Partial(count) => format!("PARTIAL {count}"),
            DataState::Stale => "STALE".into(),
            DataState::Demo => "DEMO".into(),
            DataState::Snapshot => "SNAPSHOT".into(),
            DataState::Complete => "COMPLETE".into(),
        }
    }
}

impl App {
    pub fn data_state(&self) -> DataState {
        let gaps = self.inventory.coverage.gaps().count();
        if self.loading || self.reloading {
            return DataState::Loading;
        }
        if self.nothing.is_some() {
            return DataState::Nothing;
        }
        if gaps > 0 {
            return DataState::Partial(gaps);
        }
        match self.settings.origin {
            DataOrigin::Live if self.data_age().is_some_and(|age| age > self.settings.stale_after.as_secs() as i64) => {
                DataState::Stale
            }
            DataOrigin::Live => DataState::Complete,
            DataOrigin::Demo => DataState::Demo,
            DataOrigin::Snapshot(_) => DataState::Snapshot,
        }
    }

    /// Seconds. The data of the demo has no age worth telling.
    fn data_age(&self) -> Option<i64> {
        if self.settings.origin == DataOrigin::Demo {
            return None;
        }
        Some(self.clock?.as_second() - self.inventory.now?.as_second())
    }

    /// Cluster, account and region of the scope: `prod-eu1  111122223333  eu-west-1`; counts where there are several.
    pub fn whereabouts(&self) -> Vec<String> {
        let clusters = &self.inventory.clusters;
        let only = match &self.place.ask.scope.cluster {
            Some(label) => clusters.get(label),
            None if clusters.len() == 1 => clusters.values().next(),
            None => None,
        };
        let Some(cluster) = only else {
            return match (clusters.len(), self.inventory.accounts.len()) {
                (0, 0) => Vec::new(),
                (clusters, accounts) => vec![plural(clusters, "cluster"), plural(accounts, "account")],
            };
        };
        let mut parts = vec![cluster.label.to_string()];
        if let Some(arn) = cluster.description().and_then(|it| crate::model::Arn::parse(&it.arn)) {
            parts.extend([arn.account.to_owned(), arn.region.to_owned()]);
        }
        parts
    }

    /// `data 02:58:14 UTC, 2 min old`, and a short form of it.
    pub fn data_time(&self) -> (String, String) {
        let Some(now) = self.inventory.now else { return (String::new(), String::new()) };
        let age = self.data_age().map_or_else(String::new, |seconds| format!(", {} old", age(seconds.max(0))));
        (format!("data {}{age}", now.strftime("%H:%M:%S UTC")), format!("{}{age}", now.strftime("%H:%M")))
    }

    /// Where the selection sits in the graph.
    pub fn crumbs(&self) -> String {
        match (self.place.screen, &self.policy) {
            (Screen::Policy, Some(policy)) => {
                let document = policy.chosen();
                let mut text = format!("Policy › {} › {}", policy.role.name, document.name);
                let line = self.place.policy.as_ref().map_or(0, |it| it.line);
                if let Some(at) = policy.statement_at(line) {
                    text.push_str(&format!(" › statement {}", at + 1));
                }
                return text;
            }
            (Screen::Policy, None) => return "Policy".into(),
            (Screen::Explain, _) => return self.explain_crumbs(),
            (Screen::Rbac, _) => return self.rbac_crumbs(),
            (Screen::Blast | Screen::Path, _) => {
                let name = if self.is_path() { "Path" } else { "Blast radius" };
                let subject = self.place.reach.as_ref().map(|it| super::reach::label(it.subject()));
                return format!("{name} › {}", subject.unwrap_or_default());
            }
            (Screen::WhoCan, _) => return self.who_can_crumbs(),
            (Screen::Findings, _) => return self.findings_crumbs(),
            (Screen::Diff, _) => {
                let base = self.diff_view().map_or_else(String::new, |view| format!(" › since {}", view.name));
                let subject =
                    self.diff_subject().map_or_else(String::new, |key| format!(" › {}", super::reach::label(&key)));
                return format!("Diff{base}{subject}");
            }
            (Screen::Explorer, _) => {}
        }
        let Some(row) = self.row() else { return self.place.ask.scope.label() };
        let mut parts = Vec::new();
        if self.inventory.clusters.len() > 1 && !row.cluster.is_empty() {
            parts.push(row.cluster.to_string());
        }
        if row.section != row.cluster {
            parts.push(row.section.to_string());
        }
        parts.push(row.name.to_string());
        for column in 1..=self.place.column.min(3) {
            if let Some(key) = self.pick(column).and_then(|target| target.key()) {
                let name = if key.kind == Kind::Role { format!("role {}", key.name) } else { key.name.to_string() };
                if parts.last() != Some(&name) {
                    parts.push(name);
                }
            }
        }
        parts.join(" › ")
    }

    fn rbac_crumbs(&self) -> String {
        let Some(view) = self.rbac_view() else { return "RBAC".into() };
        let mut parts = vec![String::from("RBAC"), view.title.clone()];
        parts.extend(view.power().map(|it| it.word().to_owned()));
        if self.place.rbac.as_ref().is_some_and(|it| it.column > 0) {
            parts.extend(view.holder().map(|it| it.subject.to_string()));
        }
        parts.join(" › ")
    }

    fn rbac_status(&self) -> Line {
        let Some(view) = self.rbac_view() else { return Line::default() };
        let mut parts = Vec::new();
        if let Some(at) = view.chosen[0].filter(|_| !view.powers.is_empty()) {
            parts.push(format!("row {} of {}", at + 1, view.powers.len()));
        }
        parts.extend(view.power().map(|it| format!("R{}", it.rule())));
        if let Some(at) = view.chosen[1] {
            parts.push(format!("subject {} of {}", at + 1, view.holders.len()));
        }
        parts.push(format!("scope {}", self.place.ask.scope.label()));
        if !self.place.ask.system {
            parts.push("no system subjects (.)".to_owned());
        }
        Line::plain(format!(" {}", parts.join(" · ")))
    }

    /// The line that holds the input, else a message, else the filter.
    pub fn filter_line(&self) -> Line {
        if let Some(notice) = &self.notice {
            return Line::default()
                .with(format!(" {}", notice.text), if notice.is_error { Tone::Bad } else { Tone::Plain });
        }
        if self.overlay.is_none()
            && let Some(line) = self.nothing_line()
        {
            return line;
        }
        let on_list = matches!(self.place.screen, Screen::Explorer | Screen::Findings);
        if self.overlay.is_some() || !on_list {
            return if self.search.is_empty() {
                Line::default()
            } else {
                Line::dim(format!(" search {}", self.search))
            };
        }
        let ask = &self.place.ask;
        if ask.query.is_empty() && !ask.problems_only && ask.system && ask.about.is_none() {
            return Line::default();
        }
        let mut text = String::from(" filter");
        if !ask.query.is_empty() {
            text.push_str(&format!(" {}", ask.query));
        }
        if let Some(about) = &ask.about {
            text.push_str(&format!("  about {about}"));
        }
        if ask.problems_only {
            text.push_str("  only problems (!)");
        }
        if !ask.system {
            text.push_str("  no system objects (.)");
        }
        Line::plain(text).with(format!("       {} · esc clears", self.counts()), Tone::Dim)
    }

    /// `34 of 412 pods`
    pub fn counts(&self) -> String {
        let so_far = if self.loading { " so far" } else { "" };
        match self.list() {
            Some(view) => format!("{} of {}{so_far} {}", view.matched, view.total, view.index.kind.plural()),
            None => String::new(),
        }
    }

    /// The status line: what stands left and right.
    pub fn status(&self) -> (Line, Line) {
        (self.status_left(), self.status_right())
    }

    fn status_left(&self) -> Line {
        if let Some(input) = &self.input {
            if let Some(error) = &input.error {
                let pointer = format!(
                    " {error} (at {})",
                    input.line.text()[..error.at.min(input.line.text().len())].chars().count() + 1
                );
                return Line::default().with(pointer, Tone::Bad);
            }
            return match input.purpose {
                Purpose::Filter => {
                    let unused = self.unused_fields();
                    let line = Line::plain(format!(" {}", self.counts()));
                    if unused.is_empty() {
                        line
                    } else {
                        line.with(format!("   not used here: {unused}"), Tone::Unknown)
                    }
                }
                Purpose::Command => Line::dim(format!(" {}", self.command_help())),
                Purpose::Search => Line::dim(" enter finds, n and N go on"),
                Purpose::Explain => self.question_help(),
                Purpose::WhoCan => {
                    Line::dim(" RESOURCE, then ACTION or list, read, write, tag, permissions · tab completes")
                }
                Purpose::Reason => Line::dim(format!(" why it can be lived with; goes to {}", self.settings.accepted)),
                Purpose::Until => {
                    Line::dim(" the last day on which that counts: 2027-03-31, or days from the data: 90d")
                }
                Purpose::Save => Line::dim(" .txt .csv .json .md; an existing file is never replaced"),
            };
        }
        if let (Screen::Policy, Some(policy), Some(place)) = (self.place.screen, &self.policy, &self.place.policy) {
            let lines = match policy.statement_at(place.line) {
                Some(at) => {
                    let range = &policy.statements[at];
                    format!("line {}-{} of {}", range.start() + 1, range.end() + 1, policy.lines.len())
                }
                None => format!("line {} of {}", place.line + 1, policy.lines.len()),
            };
            let found =
                if self.search.is_empty() { String::new() } else { format!(" · search: {}", self.matches_text()) };
            return Line::plain(format!(" {lines}{found}"));
        }
        if let Some(Overlay::Page(page)) = &self.overlay {
            let found =
                if self.search.is_empty() { String::new() } else { format!(" · search: {}", self.matches_text()) };
            return Line::plain(format!(" line {} of {}{found}", page.cursor + 1, page.lines.len()));
        }
        if let (Screen::Blast | Screen::Path, Some((view, _))) = (self.place.screen, self.reached()) {
            return Line::plain(format!(" {}", view.status));
        }
        if self.place.screen == Screen::Explain {
            return self.explain_status();
        }
        if self.place.screen == Screen::Rbac {
            return self.rbac_status();
        }
        if self.place.screen == Screen::Diff {
            return self.diff_status();
        }
        if self.place.screen == Screen::WhoCan {
            return self.who_can_status().0;
        }
        let Some(view) = self.list() else { return Line::default() };
        if view.matched == 0 && view.total > 0 {
            return self.nothing_found(view);
        }
        let mut parts = Vec::new();
        if let (Some(cursor), false) = (self.cursor, view.is_folded()) {
            let (row, rows) = view.ordinal(cursor);
            parts.push(format!("row {row} of {rows}"));
        }
        if let Some(row) = self.row() {
            let count = view.index.marks.of(self.estate(), &row.key).len();
            if count > 0 && row.finding.is_none() {
                parts.push(format!("{} here", plural(count, "problem")));
            }
        }
        if view.index.kind == ListKind::Findings {
            parts.extend(findings::by_severity(view));
        } else if view.troubled > 0 {
            parts.push(format!("{} with problems", plural(view.troubled, "row")));
        }
        parts.push(format!("scope {}", self.place.ask.scope.label()));
        if view.ask.sort != SortBy::Default || view.ask.reverse {
            parts.push(format!(
                "by {}{}",
                view.ask.sort.word(view.ask.list),
                if view.ask.reverse { ", reversed" } else { "" }
            ));
        }
        if let Some(mark) = &self.mark {
            parts.push(format!("mark {}", mark.name));
        }
        Line::plain(format!(" {}", parts.join(" · ")))
    }

    /// `0 of 412 pods match ns:paymnts. Nearest namespace: payments.`
    fn nothing_found(&self, view: &super::list::ListView) -> Line {
        let query = if view.ask.query.is_empty() { "this scope" } else { &view.ask.query };
        let mut text = format!(" 0 of {} {} match {query}.", view.total, view.index.kind.plural());
        if let Some(namespace) = self.nearest_namespace() {
            text.push_str(&format!(" Nearest namespace: {namespace}.  enter use it"));
        }
        text.push_str("   esc clear");
        Line::plain(text)
    }

    /// The namespace nearest to a misspelt one in the query.
    pub(super) fn nearest_namespace(&self) -> Option<String> {
        let view = self.list()?;
        let query = crate::analysis::query::parse(&view.ask.query).ok()?;
        let wanted = *query.literals(crate::analysis::query::Field::Ns).first()?;
        let values = view.index.table.values(crate::analysis::query::Field::Ns);
        // A name that was typed half is nearer than any misspelling.
        let distance = |value: &&str| (!value.starts_with(wanted), strsim::osa_distance(value, wanted));
        let best = values.min_by_key(distance)?;
        if best != wanted && best.starts_with(wanted) {
            return Some(best.to_owned());
        }
        let distance = strsim::osa_distance(best, wanted);
        (distance > 0 && distance <= 1 + wanted.chars().count() / 3).then(|| best.to_owned())
    }

    fn unused_fields(&self) -> String {
        let (Some(view), Ok(query)) = (self.list(), crate::analysis::query::parse(&self.place.ask.query)) else {
            return String::new();
        };
        let names: Vec<&str> = query.unused(view.index.fields()).into_iter().map(|field| field.name()).collect();
        names.join(" ")
    }

    fn status_right(&self) -> Line {
        if let (Screen::Policy, Some(policy), None) = (self.place.screen, &self.policy, &self.overlay) {
            let text =
                if policy.relaid { "stored on one line, broken for reading" } else { "shown as stored, keys in order" };
            return Line::dim(text);
        }
        if self.place.screen == Screen::WhoCan && self.overlay.is_none() && self.asked_who_can().is_some() {
            return self.who_can_status().1;
        }
        // What the user did not want asked is no news.
        let gap = self.inventory.coverage.gaps().min_by_key(|gap| gap.report.status == Status::Skipped);
        match gap {
            Some(gap) if !self.loading => Line::default()
                .with(format!("{}: {} {} (:sources)", "PARTIAL", gap.source, gap.report.status.word()), Tone::Unknown),
            _ => Line::default(),
        }
    }

    /// The commands whose keys the footer names, the most useful first.
    pub fn hints(&self) -> Vec<(String, &'static str)> {
        if self.input.is_some() {
            let named = |key: &str, word: &'static str| (key.to_owned(), word);
            return vec![
                named("enter", "accept"),
                named("tab", "complete"),
                named("up", "history"),
                named("esc", "cancel"),
            ];
        }
        if self.nothing().is_some() && self.overlay.is_none() {
            let others = [Cmd::Reload, Cmd::CommandLine, Cmd::Help].into_iter();
            let others =
                others.filter_map(|cmd| Some((self.keymap.label(cmd)?, cmd.spec().hint.unwrap_or("read again"))));
            return self.ways_out().into_iter().chain(others).collect();
        }
        let commands: &[Cmd] = match (&self.overlay, self.place.screen) {
            (Some(Overlay::Page(_)), _) => &[Cmd::Into, Cmd::Filter, Cmd::NextMatch, Cmd::Copy, Cmd::Help],
            (Some(Overlay::Menu(_) | Overlay::Picker(_)), _) => &[],
            (None, Screen::Policy) => &[
                Cmd::NextStatement,
                Cmd::Filter,
                Cmd::NextMatch,
                Cmd::Details,
                Cmd::UsedBy,
                Cmd::Raw,
                Cmd::Copy,
                Cmd::Zoom,
                Cmd::Help,
            ],
            (None, Screen::Findings) => &[
                Cmd::Into,
                Cmd::CopyFix,
                Cmd::Accept,
                Cmd::Details,
                Cmd::Filter,
                Cmd::Scope,
                Cmd::Raw,
                Cmd::Blast,
                Cmd::Zoom,
                Cmd::Help,
            ],
            (None, Screen::Explain) => {
                &[Cmd::Into, Cmd::Raw, Cmd::Explain, Cmd::Policy, Cmd::Copy, Cmd::Zoom, Cmd::Details, Cmd::Help]
            }
            (None, Screen::Rbac) => &[Cmd::Into, Cmd::Scope, Cmd::Raw, Cmd::Details, Cmd::Copy, Cmd::Zoom, Cmd::Help],
            (None, Screen::Blast) => {
                &[Cmd::Picture, Cmd::Expand, Cmd::Into, Cmd::Highlight, Cmd::PathTo, Cmd::Deeper, Cmd::Copy, Cmd::Help]
            }
            (None, Screen::Path) => &[Cmd::Into, Cmd::Picture, Cmd::Blast, Cmd::Details, Cmd::Copy, Cmd::Help],
            (None, Screen::Diff) => &[
                Cmd::Into,
                Cmd::Base,
                Cmd::ProblemsOnly,
                Cmd::NextProblem,
                Cmd::Scope,
                Cmd::Save,
                Cmd::Copy,
                Cmd::Zoom,
                Cmd::Help,
            ],
            (None, Screen::WhoCan) => &[
                Cmd::WhoCan,
                Cmd::Into,
                Cmd::Raw,
                Cmd::QuickFilter,
                Cmd::ProblemsOnly,
                Cmd::Save,
                Cmd::Copy,
                Cmd::Zoom,
                Cmd::Help,
            ],
            (None, Screen::Explorer) if self.place.column == DETAIL => {
                &[Cmd::NextPane, Cmd::Zoom, Cmd::Details, Cmd::Raw, Cmd::Help]
            }
            (None, Screen::Explorer) => &[
                Cmd::Into,
                Cmd::Filter,
                Cmd::CommandLine,
                Cmd::Menu,
                Cmd::NextProblem,
                Cmd::Explain,
                Cmd::WhoCan,
                Cmd::Policy,
                Cmd::UsedBy,
                Cmd::Details,
                Cmd::Help,
            ],
        };
        let mut hints: Vec<(String, &'static str)> = Vec::new();
        if self.overlay.is_none() {
            let rows = matches!(self.place.screen, Screen::Explain | Screen::WhoCan | Screen::Findings | Screen::Diff);
            let moves = if rows { [Cmd::Down, Cmd::Up] } else { [Cmd::Out, Cmd::Into] };
            let pair = moves.map(|cmd| self.keymap.label(cmd).unwrap_or_default()).concat();
            let word = match self.place.screen {
                Screen::Policy => "document",
                Screen::Explain => "step",
                Screen::Rbac => "move",
                Screen::Blast => "tree",
                Screen::Path => "path",
                Screen::WhoCan | Screen::Findings | Screen::Diff => "row",
                Screen::Explorer => "move",
            };
            hints.push((pair, word));
        }
        for cmd in commands {
            let Some(word) = cmd.spec().hint else { continue };
            let word = match (self.place.screen, cmd) {
                (Screen::Diff, Cmd::ProblemsOnly) => "access",
                (Screen::Diff, Cmd::NextProblem) => "up",
                _ => word,
            };
            let key = match cmd {
                Cmd::Into => Some(String::from("enter"))
                    .filter(|_| self.keymap.keys(Cmd::Into).contains(&super::Key::new(super::Code::Enter))),
                _ => self.keymap.label(*cmd),
            };
            if let Some(key) = key {
                hints.push((key, word));
            }
        }
        if self.overlay.is_some()
            && let Some(key) = self.keymap.label(Cmd::Back)
        {
            hints.push((key, "close"));
        }
        hints
    }

    /// The screens of the second row, with the chosen one.
    pub fn screens(&self) -> [(&'static str, String, bool); 8] {
        let wide = self.size.0 >= 90;
        let on = |number, long: &str, short: &str, screen| {
            (number, String::from(if wide { long } else { short }), self.place.screen == screen)
        };
        let mut findings = on("2", "Findings", "Find", Screen::Findings);
        if let Some(marks) = self.list().map(|view| &view.index.marks).filter(|it| it.complete) {
            findings.1.push_str(&format!(" {}", marks.open));
        }
        [
            on("1", "Explorer", "Expl", Screen::Explorer),
            findings,
            on("3", "Blast", "Blast", Screen::Blast),
            on("4", "Who-can", "Who", Screen::WhoCan),
            on("5", "Path", "Path", Screen::Path),
            on("6", "Policy", "Pol", Screen::Policy),
            on("7", "RBAC", "RBAC", Screen::Rbac),
            on("8", "Diff", "Diff", Screen::Diff),
        ]
    }

    /// Heading of the list column: `PODS 34 of 412`.
    pub fn list_title(&self) -> String {
        let kind = self.list().map_or(ListKind::Pods, |view| view.index.kind);
        match self.list() {
            Some(view) if self.loading => format!("{} {} so far", kind.title(), view.matched),
            Some(view) => format!("{} {} of {}", kind.title(), view.matched, view.total),
            None => kind.title().to_owned(),
        }
    }
}

/// `1 problem`, `2 problems`.
pub(super) fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
