//! Asking for a comparison: which base, reading it, comparing; then moving over the changes.

use std::sync::Arc;

use crate::analysis::diff::{Change, Effect as OnAccess, Sign, Topic};
use crate::app::diff::{Base, Detail, DiffLine, DiffPlace, DiffView, Stored, Wish};
use crate::app::input::Purpose;
use crate::app::place::{Scope, Screen};
use crate::app::text::{Line, Tone};
use crate::app::{App, Effect, Work};
use crate::estate::DocumentRole;
use crate::model::{EntityKey, Kind, Lookup};

/// What the Diff screen has and waits for.
#[derive(Debug, Default)]
pub(in crate::app) struct DiffState {
    /// What is being read.
    reading: Option<Wish>,
    base: Option<(Wish, Answer)>,
    /// The base and the estate that were last compared, or are being.
    compared: Option<(Wish, usize)>,
    view: Option<(Wish, Arc<DiffView>)>,
    /// What the place shows of the view, and what that was made for.
    lines: Vec<DiffLine>,
    lines_for: Option<(usize, bool, Scope)>,
    pub stored: Vec<Stored>,
}

/// What came of reading a base; `None` where there is none.
pub(in crate::app) type Answer = Result<Option<Arc<Base>>, String>;

impl App {
    /// `8` and `:diff [snapshot]`.
    pub(super) fn diff_command(&mut self, argument: &str, effects: &mut Vec<Effect>) {
        let known = self.place.diff.take();
        let wish = match argument {
            // Back to what was compared last, unless that could not be read.
            "" => {
                let failed = |wish: &Wish| matches!(&self.diff.base, Some((of, Err(_))) if of == wish);
                let last = known.as_ref().map(|it| &it.wish).filter(|wish| !failed(wish));
                last.cloned().unwrap_or(Wish::Usual)
            }
            typed => Wish::Named(typed.to_owned()),
        };
        self.place.diff.clone_from(&known);
        let same = self.place.screen == Screen::Diff && known.as_ref().is_some_and(|it| it.wish == wish);
        if !same {
            self.push_place();
        }
        self.leave_overlay();
        self.detail_scroll = 0;
        self.place.screen = Screen::Diff;
        let kept = known.filter(|it| it.wish == wish);
        self.place.diff = Some(kept.unwrap_or(DiffPlace { wish, access_only: false, line: 0 }));
        // A base that was not found may be there by now.
        if !matches!(&self.diff.base, Some((_, Ok(Some(_))))) {
            self.diff.base = None;
        }
        effects.push(Effect::ListSnapshots { of: self.inventory.clone() });
    }

    /// `D`: another base, by its name among the saved ones or as a file.
    pub(super) fn choose_base(&mut self, effects: &mut Vec<Effect>) {
        self.open_input(Purpose::Command, "diff ");
        effects.push(Effect::ListSnapshots { of: self.inventory.clone() });
    }

    pub(super) fn take_base(&mut self, wish: Wish, read: Answer, effects: &mut Vec<Effect>) {
        if self.diff.reading.as_ref() != Some(&wish) {
            return;
        }
        self.diff.reading = None;
        self.diff.compared = None;
        if let Some(old) = self.diff.base.replace((wish, read)) {
            effects.push(Effect::Discard(Box::new(old)));
        }
    }

    pub(super) fn take_stored(&mut self, stored: Vec<Stored>) {
        self.diff.stored = stored;
    }

    pub(super) fn take_compared(&mut self, wish: Wish, view: Arc<DiffView>) {
        self.diff.view = Some((wish, view));
        self.diff.lines_for = None;
    }

    /// Reads and compares what the place asks for, unless that is under way or done.
    pub(super) fn settle_diff(&mut self, estate_id: usize, effects: &mut Vec<Effect>) {
        if !self.has_data() || self.place.screen != Screen::Diff {
            return;
        }
        let Some(place) = &self.place.diff else { return };
        let wish = place.wish.clone();
        match &self.diff.base {
            Some((known, answer)) if *known == wish => {
                let asked = (wish.clone(), estate_id);
                if let Ok(Some(base)) = answer
                    && self.diff.compared.as_ref() != Some(&asked)
                {
                    let (base, estate) = (Arc::clone(base), Arc::clone(&self.estate));
                    self.diff.compared = Some(asked);
                    effects.push(Effect::Work(Work::Compare { wish, base, estate }));
                }
            }
            _ if self.diff.reading.as_ref() != Some(&wish) => {
                self.diff.reading = Some(wish.clone());
                effects.push(Effect::ReadBase { wish, of: self.inventory.clone() });
            }
            _ => {}
        }
        self.refresh_diff();
    }

    /// Makes the lines again when what they show is another; stands on a line that can be chosen.
    fn refresh_diff(&mut self) {
        let (Some(view), Some(place)) = (self.compared_view().cloned(), &self.place.diff) else { return };
        let made_for = (Arc::as_ptr(&view) as usize, place.access_only, self.place.ask.scope.clone());
        if self.diff.lines_for.as_ref() != Some(&made_for) {
            self.diff.lines = view.lines(made_for.1, &made_for.2);
            self.diff.lines_for = Some(made_for);
        }
        self.diff_to(self.place.diff.as_ref().map_or(0, |it| it.line));
    }

    fn compared_view(&self) -> Option<&Arc<DiffView>> {
        let wish = &self.place.diff.as_ref()?.wish;
        self.diff.view.as_ref().filter(|(known, _)| known == wish).map(|(_, view)| view)
    }

    /// The comparison of the place, once it is there.
    pub fn diff_view(&self) -> Option<&DiffView> {
        self.compared_view().map(|it| &**it)
    }

    pub fn diff_lines(&self) -> &[DiffLine] {
        &self.diff.lines
    }

    /// The line stood on.
    pub fn diff_line(&self) -> Option<DiffLine> {
        self.diff.lines.get(self.place.diff.as_ref()?.line).copied().filter(|it| !matches!(it, DiffLine::Head(_)))
    }

    pub(in crate::app) fn diff_subject(&self) -> Option<EntityKey> {
        self.diff_view()?.subject(self.diff_line()?).cloned()
    }

    pub fn diff_detail(&self) -> Vec<Detail> {
        match (self.diff_view(), self.diff_line()) {
            (Some(view), Some(line)) => view.detail(line),
            _ => Vec::new(),
        }
    }

    /// Why there is no comparison to show, or that it is being made.
    pub fn diff_note(&self) -> Vec<Line> {
        let Some(place) = &self.place.diff else { return Vec::new() };
        let answer = self.diff.base.as_ref().filter(|(wish, _)| *wish == place.wish).map(|(_, answer)| answer);
        match answer {
            Some(Ok(None)) => {
                let clusters: Vec<&str> = self.inventory.clusters.keys().map(|it| it.as_str()).collect();
                let of = if clusters.is_empty() { "this account".to_owned() } else { clusters.join(", ") };
                let key = self.keymap.label(crate::app::command::Cmd::Base).unwrap_or_else(|| ":diff FILE".into());
                vec![
                    Line::plain(format!(
                        "No earlier snapshot of {of}. Each complete load saves one; {key} opens a file."
                    )),
                    Line::dim("Earlier means: data at least 20 hours older than this, of the same clusters."),
                ]
            }
            Some(Err(error)) => vec![Line::default().with(error, Tone::Bad)],
            Some(Ok(Some(base))) => vec![Line::dim(format!("comparing with {} …", base.name))],
            None => vec![Line::dim("reading the earlier snapshot …")],
        }
    }

    /// Nothing differs as far as this shows.
    pub fn diff_nothing(&self) -> Vec<Line> {
        let Some(place) = &self.place.diff else { return Vec::new() };
        let text = match (place.access_only, self.place.ask.scope.is_all()) {
            (true, _) => "Nothing that anybody can do has changed. ! shows the rest.",
            (false, true) => "Nothing has changed.",
            (false, false) => "Nothing has changed in this scope. 0 shows all.",
        };
        vec![Line::plain(text)]
    }

    pub(super) fn toggle_access_only(&mut self) {
        if let Some(place) = &mut self.place.diff {
            place.access_only ^= true;
            place.line = 0;
            let text = if place.access_only { "only what changes access" } else { "every change" };
            self.detail_scroll = 0;
            self.say(text);
        }
    }

    /// To a line, or the nearest below that can be chosen, else above.
    pub(super) fn diff_to(&mut self, line: usize) {
        let lines = &self.diff.lines;
        let line = line.min(lines.len().saturating_sub(1));
        let is_stop = |at: &usize| !matches!(lines.get(*at), None | Some(DiffLine::Head(_)));
        let found = (line..lines.len()).find(is_stop).or_else(|| (0..line).rev().find(is_stop)).unwrap_or(0);
        if let Some(place) = self.place.diff.as_mut().filter(|it| it.line != found) {
            place.line = found;
            self.detail_scroll = 0;
        }
    }

    pub(super) fn step_diff(&mut self, delta: isize) {
        let Some(now) = self.place.diff.as_ref().map(|it| it.line) else { return };
        let mut next = now.saturating_add_signed(delta).min(self.diff.lines.len().saturating_sub(1));
        // Upwards a heading is stepped over, unless nothing is above it.
        if delta < 0 && matches!(self.diff.lines.get(next), Some(DiffLine::Head(_))) {
            next = if next == 0 { now.min(1) } else { next - 1 };
        }
        self.diff_to(next);
    }

    /// To the next or previous change that gives more access, round the ends.
    pub(super) fn step_up(&mut self, forward: bool) {
        let (Some(view), Some(now)) = (self.diff_view(), self.place.diff.as_ref().map(|it| it.line)) else { return };
        let ups = |at: &usize| {
            let change = self.diff.lines.get(*at).and_then(|line| view.change(*line));
            change.is_some_and(|it| it.effect() == OnAccess::Up)
        };
        let count = self.diff.lines.len();
        let next = match forward {
            true => (now + 1..count).chain(0..count.min(now + 1)).find(ups),
            false => (0..now).rev().chain((now..count).rev()).find(ups),
        };
        match next {
            Some(line) => self.diff_to(line),
            None => self.say("nobody can do more than before"),
        }
    }

    /// The document that a change of a role rests on; else the thing where it stands.
    pub(super) fn open_diff(&mut self) {
        let change = self.diff_view().zip(self.diff_line()).and_then(|(view, line)| view.change(line)).cloned();
        let Some(change) = change else {
            return match self.diff_subject() {
                Some(key) => self.go(&key),
                None => self.say("a source is no thing to go to; :sources lists them"),
            };
        };
        let key = &change.subject;
        if change.sign == Sign::Vanished && matches!(change.topic, Topic::Workload | Topic::Role) {
            return self.say(format!("{key} is not there any more"));
        }
        let in_policy = matches!(change.topic, Topic::Permissions | Topic::Trust)
            && key.kind == Kind::Role
            && matches!(self.estate().role(key), Lookup::Found(_));
        if in_policy {
            let document = self.changed_document(&change);
            self.push_place();
            return self.show_policy(key.clone(), document, 0);
        }
        match change.topic {
            Topic::Rbac => self.rbac_command(&key.to_string()),
            _ => self.go(key),
        }
    }

    /// Position of the first changed text among the documents of its role.
    fn changed_document(&self, change: &Change) -> usize {
        let documents = self.estate().documents(&change.subject);
        if change.topic == Topic::Trust {
            return documents.iter().position(|it| it.role == DocumentRole::Trust).unwrap_or(0);
        }
        let is_it = |document: &crate::estate::RoleDocument| {
            change.documents.iter().any(|changed| {
                let name = changed.name.as_str();
                let name = name.strip_prefix("inline ").or_else(|| name.strip_prefix("boundary ")).unwrap_or(name);
                changed.after.is_some() && (document.name == name || document.arn.as_deref() == Some(name))
            })
        };
        documents.iter().position(is_it).unwrap_or(0)
    }

    pub(in crate::app) fn diff_status(&self) -> Line {
        let (Some(place), Some(_)) = (&self.place.diff, self.diff_view()) else { return Line::default() };
        let rows = || self.diff.lines.iter().enumerate().filter(|(_, line)| !matches!(line, DiffLine::Head(_)));
        let row = rows().filter(|(at, _)| *at <= place.line).count();
        let mut text = format!(" row {row} of {} · scope {}", rows().count(), self.place.ask.scope.label());
        if place.access_only {
            text.push_str(" · only access (!)");
        }
        Line::plain(text)
    }
}
