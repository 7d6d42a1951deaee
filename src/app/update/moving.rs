//! Moving: in the list, the columns, documents and pages. Costs what is seen, not what is there.

use crate::app::overlay::{Overlay, Page};
use crate::app::place::Screen;
use crate::app::rbac::{COLUMNS, RULES};
use crate::app::text::Target;
use crate::app::{App, DETAIL, Effect, PANES, explorer};

impl App {
    /// Lines of half a page or a page, of what has the focus.
    pub(super) fn page_height(&self) -> usize {
        let height = match (&self.overlay, self.place.screen) {
            (Some(_), _) | (None, Screen::Policy) => self.layout.page_height,
            (
                None,
                Screen::Explorer
                | Screen::Findings
                | Screen::Explain
                | Screen::Blast
                | Screen::Path
                | Screen::Rbac
                | Screen::WhoCan
                | Screen::Diff,
            ) => self.layout.list_height,
        };
        height.max(2)
    }

    /// By `delta` rows or lines.
    pub(super) fn step(&mut self, delta: isize) {
        if let Some(Overlay::Page(page)) = &mut self.overlay {
            return step_page(page, delta, self.layout.page_height);
        }
        if self.place.screen == Screen::Policy {
            if self.place.policy.as_ref().is_some_and(|place| place.in_words) {
                return self.scroll_detail(delta);
            }
            self.detail_scroll = 0;
            let last = self.policy.as_ref().map_or(0, |it| it.lines.len().saturating_sub(1));
            if let Some(place) = &mut self.place.policy {
                place.line = place.line.saturating_add_signed(delta).min(last);
            }
            return;
        }
        if self.place.screen == Screen::Rbac {
            return self.step_rbac(delta);
        }
        if matches!(self.place.screen, Screen::Blast | Screen::Path) {
            return self.reach_step(delta);
        }
        if self.place.screen == Screen::Explain {
            return self.step_to(self.explain_step().saturating_add_signed(delta));
        }
        if self.place.screen == Screen::WhoCan {
            return self.step_who_can(delta);
        }
        if self.place.screen == Screen::Diff {
            return self.step_diff(delta);
        }
        match self.place.column {
            DETAIL if self.place.screen == Screen::Findings => self.step_finding_lines(delta),
            DETAIL => self.scroll_detail(delta),
            0 => self.step_list(delta),
            column => {
                let Some(lines) = self.columns.panes.get(column - 1) else { return };
                let stops: Vec<usize> = explorer::stops(lines).map(|(at, _)| at).collect();
                let now = self.pick_line(column);
                let at = stops.iter().position(|stop| Some(*stop) == now).unwrap_or(0);
                let next = at.saturating_add_signed(delta).min(stops.len().saturating_sub(1));
                if let Some(line) = stops.get(next) {
                    self.pick_at(column, *line);
                }
            }
        }
    }

    /// Along the lines below the list that lead somewhere.
    fn step_finding_lines(&mut self, delta: isize) {
        let stops: Vec<usize> = explorer::stops(&self.columns.detail).map(|(at, _)| at).collect();
        let now = self.finding_line();
        let at = stops.iter().position(|stop| Some(*stop) == now).unwrap_or(0);
        let next = at.saturating_add_signed(delta).min(stops.len().saturating_sub(1));
        if let Some(line) = stops.get(next) {
            self.place.picks[0] = self.columns.detail[*line].target.clone();
        }
    }

    fn step_list(&mut self, delta: isize) {
        let Some(view) = self.list() else { return };
        let (Some(cursor), Some(last)) = (self.cursor, view.lines.len().checked_sub(1)) else { return };
        let mut line = cursor;
        if delta.unsigned_abs() == 1 {
            // Headers are stepped over.
            let mut next = cursor;
            while let Some(candidate) = next.checked_add_signed(delta).filter(|it| *it <= last) {
                next = candidate;
                if view.is_stop(next) {
                    line = next;
                    break;
                }
            }
        } else {
            let wanted = cursor.saturating_add_signed(delta).min(last);
            line = view.stop_near(wanted).unwrap_or(cursor);
        }
        self.select_line(line);
    }

    /// Puts the selection on a line of the list, if it can stand there.
    pub(super) fn select_line(&mut self, line: usize) {
        let Some(view) = self.list().filter(|view| view.is_stop(line)) else { return };
        let key = view.row(line).map(|row| row.key.clone());
        self.cursor = Some(line);
        if key.is_some() {
            self.place.selected = key;
        }
        self.place.picks = [None, None, None];
        self.detail_scroll = 0;
        self.rebuild_columns();
    }

    pub(super) fn pick_at(&mut self, column: usize, line: usize) {
        let Some(target) = self.columns.panes.get(column - 1).and_then(|lines| lines.get(line)?.target.clone()) else {
            return;
        };
        if column == 1 && matches!(&target, Target::Thing(key) if key.kind == crate::model::Kind::Role) {
            self.place.picks[1] = Some(target.clone());
        }
        self.place.picks[column - 1] = Some(target);
        if column < 3 {
            self.place.picks[2] = None;
        }
        self.rebuild_columns();
    }

    pub(super) fn jump_to_end(&mut self, last: bool) {
        if let Some(Overlay::Page(page)) = &mut self.overlay {
            let delta = if last { isize::MAX / 2 } else { isize::MIN / 2 };
            return step_page(page, delta, self.layout.page_height);
        }
        match (self.place.screen, self.place.column) {
            (Screen::Explorer | Screen::Findings, 0) => {
                let Some(view) = self.list() else { return };
                let line = if last { view.lines.len().checked_sub(1) } else { view.stop_near(0) };
                if let Some(line) = line {
                    self.select_line(line);
                }
            }
            _ => self.step(if last { isize::MAX / 2 } else { isize::MIN / 2 }),
        }
    }

    pub(super) fn scroll_detail(&mut self, delta: isize) {
        let lines = match (self.place.screen, self.explained()) {
            (Screen::Explain, Some(view)) => view.below(self.explain_step()).len(),
            (Screen::WhoCan, _) => self.who_can_detail().len(),
            (Screen::Diff, _) => self.diff_detail().len() * 2,
            (Screen::Policy, _) => self.statement_words().len(),
            (Screen::Rbac, _) => self.rbac_view().map_or(0, |view| view.panes[RULES].len()),
            (Screen::Blast | Screen::Path, _) => {
                self.reached().map_or(0, |(view, place)| view.beside(place.alternative, place.cursor).len() * 3)
            }
            _ => self.columns.detail.len(),
        };
        let last = lines.saturating_sub(1);
        self.detail_scroll = self.detail_scroll.saturating_add_signed(delta).min(last);
    }

    pub(super) fn next_pane(&mut self, delta: isize) {
        if self.place.screen == Screen::Explorer {
            let panes = PANES as isize;
            let next = (self.place.column as isize + delta).rem_euclid(panes);
            self.place.column = next.unsigned_abs();
        }
        if self.place.screen == Screen::Findings {
            self.place.column = if self.place.column == DETAIL { 0 } else { DETAIL };
        }
        if let (Screen::Rbac, Some(place)) = (self.place.screen, &mut self.place.rbac) {
            place.column = (place.column as isize + delta).rem_euclid(COLUMNS as isize).unsigned_abs();
        }
        if let (Screen::Policy, Some(place)) = (self.place.screen, &mut self.place.policy) {
            place.in_words = !place.in_words;
        }
    }

    /// To the next column; from the last one, or on a page, open what is chosen.
    pub(super) fn into(&mut self, effects: &mut Vec<Effect>) {
        if let Some(Overlay::Page(page)) = &self.overlay {
            if let Some(target) = page.chosen().cloned() {
                self.open(&target, effects);
            }
            return;
        }
        match self.place.screen {
            Screen::Policy => return self.turn_document(1),
            Screen::Explain => return self.open_proof(),
            Screen::Rbac => return self.open_rbac(effects),
            Screen::Blast | Screen::Path => return self.reach_into(true),
            Screen::WhoCan => return self.explain_row(),
            Screen::Diff => return self.open_diff(),
            Screen::Explorer | Screen::Findings => {}
        }
        let folded = self.list().is_some_and(|view| view.is_folded());
        match self.place.column {
            column if self.place.screen == Screen::Findings && (column == DETAIL || !folded) => {
                self.open_finding(effects);
            }
            0 if folded => {
                // Unfolding stands on the first row of the section.
                if let (Some(view), Some(cursor)) = (self.list(), self.cursor)
                    && let Some(crate::app::list::ListLine::Header(at)) = view.lines.get(cursor)
                {
                    self.place.selected = Some(view.index.rows[*at as usize].key.clone());
                }
                self.place.ask.collapsed = false;
            }
            0 if self.row().is_none() => {}
            column @ (0..=2) => self.place.column = column + 1,
            3 => match self.pick(3).cloned() {
                Some(target) => self.open(&target, effects),
                None => self.say("nothing to open here"),
            },
            _ => self.details(),
        }
    }

    pub(super) fn out(&mut self) {
        if self.overlay.is_some() {
            self.overlay = None;
        } else if self.place.screen == Screen::Policy {
            self.turn_document(-1);
        } else if self.place.screen == Screen::Rbac {
            self.out_rbac();
        } else if matches!(self.place.screen, Screen::Blast | Screen::Path) {
            self.reach_out();
        } else if matches!(self.place.screen, Screen::Explain | Screen::WhoCan | Screen::Diff)
            || self.place.screen == Screen::Findings && self.place.column == 0
        {
            self.go_back();
        } else if self.place.column == 0 {
            if let Some(view) = self.list()
                && !view.is_folded()
                && view.lines.len() > 1
            {
                self.say("this is the first column; x folds the sections");
            }
        } else {
            self.place.column = if self.place.column == DETAIL { 0 } else { self.place.column - 1 };
        }
    }

    /// To a line of a page; on lines that lead somewhere.
    pub(super) fn page_to(&mut self, line: usize) {
        match &mut self.overlay {
            Some(Overlay::Page(page)) => {
                if page.lines.get(line).is_some_and(|it| it.target.is_some() || !page.has_stops()) {
                    page.cursor = line;
                }
            }
            _ if matches!(self.place.screen, Screen::Blast | Screen::Path) => self.reach_to(line),
            _ if self.place.screen == Screen::Explain => self.step_to(line),
            _ if self.place.screen == Screen::WhoCan => self.who_can_line(line),
            _ if self.place.screen == Screen::Diff => self.diff_to(line),
            _ => {
                let last = self.policy.as_ref().map_or(0, |it| it.lines.len().saturating_sub(1));
                if let Some(place) = self.place.policy.as_mut().filter(|_| self.place.screen == Screen::Policy) {
                    place.line = line.min(last);
                }
            }
        }
    }

    /// The lines that a search looks through.
    fn searched(&self) -> Vec<String> {
        match (&self.overlay, &self.policy) {
            (Some(Overlay::Page(page)), _) => page.lines.iter().map(crate::app::text::Line::text).collect(),
            (None, Some(policy)) if self.place.screen == Screen::Policy => policy.lines.clone(),
            _ => Vec::new(),
        }
    }

    /// Lines of the document on the screen that hold the search text, ascending.
    pub fn matches(&self) -> Vec<usize> {
        if self.search.is_empty() {
            return Vec::new();
        }
        let pattern = crate::analysis::query::Pattern::substring(&self.search);
        let lines = self.searched();
        lines.iter().enumerate().filter(|(_, line)| pattern.matches_alone(line)).map(|(at, _)| at).collect()
    }

    /// `GetObject (1 of 2)`
    pub(in crate::app) fn matches_text(&self) -> String {
        let matches = self.matches();
        let here = self.document_line();
        let at = matches.iter().position(|line| *line == here).map_or(String::from("-"), |at| (at + 1).to_string());
        format!("{} ({at} of {})", self.search, matches.len())
    }

    fn document_line(&self) -> usize {
        match &self.overlay {
            Some(Overlay::Page(page)) => page.cursor,
            _ => self.place.policy.as_ref().map_or(0, |it| it.line),
        }
    }

    /// To the next or previous match, round the ends. `here` counts the line of the cursor.
    pub(super) fn find(&mut self, forward: bool, here: bool) {
        let matches = self.matches();
        if matches.is_empty() {
            let text = if self.search.is_empty() {
                "nothing is searched; / asks".into()
            } else {
                format!("`{}` is not in here", self.search)
            };
            return self.say(text);
        }
        let now = self.document_line();
        let next = if forward {
            matches.iter().find(|line| **line > now || (here && **line == now)).or(matches.first())
        } else {
            matches.iter().rev().find(|line| **line < now).or(matches.last())
        };
        let Some(line) = next.copied() else { return };
        match &mut self.overlay {
            Some(Overlay::Page(page)) => page.cursor = line,
            _ => self.page_to(line),
        }
    }

    pub(super) fn step_statement(&mut self, forward: bool) {
        let (Some(policy), Some(place)) = (&self.policy, &mut self.place.policy) else { return };
        let starts = policy.statements.iter().map(|lines| *lines.start());
        let next = if forward {
            starts.clone().find(|start| *start > place.line)
        } else {
            starts.clone().rfind(|start| *start < place.line)
        };
        match next {
            Some(line) => place.line = line,
            None => self.say(if forward { "this is the last statement" } else { "this is the first statement" }),
        }
    }

    /// To the next or previous row, statement or source with something wrong, round the ends.
    pub(super) fn step_problem(&mut self, forward: bool) {
        if let (Screen::Policy, Some(policy), Some(place)) = (self.place.screen, &self.policy, &mut self.place.policy) {
            let lines = policy.troubled_lines();
            let next = if forward {
                lines.iter().find(|line| **line > place.line).or(lines.first())
            } else {
                lines.iter().rev().find(|line| **line < place.line).or(lines.last())
            };
            return match next {
                Some(line) => place.line = *line,
                None => self.say("nothing is wrong in this document"),
            };
        }
        if matches!(self.place.screen, Screen::Blast | Screen::Path) {
            return self.reach_step(if forward { 1 } else { -1 });
        }
        if self.place.screen == Screen::Explain {
            return self.step_trouble(forward);
        }
        if self.place.screen == Screen::Rbac {
            return self.step_rbac(if forward { 1 } else { -1 });
        }
        if self.place.screen == Screen::WhoCan {
            return self.step_doubt(forward);
        }
        if self.place.screen == Screen::Diff {
            return self.step_up(forward);
        }
        let (Some(view), Some(cursor)) = (self.list(), self.cursor) else { return };
        let troubled = |line: &usize| view.row(*line).is_some_and(|row| row.worst.is_some());
        let count = view.lines.len();
        let next = if forward {
            (cursor + 1..count).chain(0..=cursor).find(troubled)
        } else {
            (0..cursor).rev().chain((cursor..count).rev()).find(troubled)
        };
        match next {
            Some(line) => {
                let wrapped = (forward && line <= cursor) || (!forward && line >= cursor);
                self.place.column = 0;
                self.select_line(line);
                if wrapped {
                    self.say("round the end of the list");
                }
            }
            None => self.say("no problem in this list"),
        }
    }
}

fn step_page(page: &mut Page, delta: isize, height: usize) {
    if page.has_stops() {
        let stops: Vec<usize> = explorer::stops(&page.lines).map(|(at, _)| at).collect();
        let at = stops.iter().position(|stop| *stop >= page.cursor).unwrap_or(0);
        let next = at.saturating_add_signed(delta).min(stops.len().saturating_sub(1));
        page.cursor = stops[next];
    } else {
        // Nothing to choose: the page scrolls at once and stops when its end is in sight.
        let last = page.lines.len().saturating_sub(height.max(1));
        page.cursor = page.top.saturating_add_signed(delta).min(last);
        page.top = page.cursor;
    }
}
