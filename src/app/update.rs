//! Messages to changes: what happened, what follows, and what is to be done outside.

mod accepting;
mod commands;
mod diff;
mod explain;
mod findings;
mod keys;
mod moving;
mod opening;
mod places;
mod rbac;
mod reach;
mod saving;
mod who_can;

use std::sync::Arc;

use crate::estate::Estate;
use crate::model::{Inventory, Kind};

use super::effect::Done;
use super::explorer::{self, Columns};
use super::list::{ListKind, ListView};
use super::overlay::{Overlay, PageKind};
use super::place::Screen;
use super::policy::{PolicyView, readable};
use super::text::{Line, Target};
use super::{App, Effect, Layout, Msg, Notice, Work};

pub(super) use diff::DiffState;
pub(super) use who_can::Asked as WhoCanAsked;

/// What a list was asked for by: with the same it has the same lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AskedFor {
    ask: super::place::Ask,
    /// The estate, whether its findings were there, and the accepted ones; by their places in memory.
    estate: usize,
    marked: bool,
    accepted: usize,
}

/// Lines of the log that are kept.
const LOG: usize = 500;

impl App {
    /// Takes one message in and says what is to be done outside. Never blocks, never fails; what is large runs as
    /// [`Work`].
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let mut effects = Vec::new();
        match msg {
            Msg::Key(key) => self.key(key, &mut effects),
            Msg::Paste(text) => self.paste(&text, &mut effects),
            Msg::Mouse(mouse) => self.mouse(mouse, &mut effects),
            Msg::Resize { width, height } => {
                self.size = (width, height);
                // Its text is broken to the width.
                let broken = |kind: &PageKind| match kind {
                    PageKind::Details(key) => key.kind == Kind::Finding,
                    kind => *kind == PageKind::Sources,
                };
                if matches!(&self.overlay, Some(Overlay::Page(page)) if broken(&page.kind)) {
                    self.refresh_page();
                }
            }
            Msg::Drawn(layout) => self.drawn(layout),
            Msg::Resumed => effects.push(Effect::Redraw),
            Msg::Clock(now) => self.clock = Some(now),
            Msg::Inventory { inventory, finished } => self.take_inventory(inventory, finished, &mut effects),
            Msg::LoadFailed(why) => self.load_failed(why),
            Msg::Openable(openable) => self.take_openable(openable),
            Msg::Opened(opened) => self.take_opened(opened, &mut effects),
            Msg::Done(done) => self.done(done, &mut effects),
            Msg::Crashed { job, report } => {
                let text =
                    format!("{job} stopped because of a bug; what is shown stays. Report: {report}, nothing was sent");
                if job.contains("deriving") {
                    self.deriving = None;
                }
                self.log_line(text.clone());
                self.fail(text);
            }
            Msg::Raw { key, text } => self.show_raw(&key, text),
            Msg::Copied(Ok(copied)) => {
                let what = self.copying.take().map_or_else(String::new, |what| format!(": {what}"));
                self.say(format!("copied {} characters by {}{what}", copied.length, copied.way));
            }
            Msg::Accepted { change, rows } => self.take_accepted(change.map(|it| *it), rows),
            Msg::Copied(Err(error)) => self.fail(format!("not copied: {error}; ctrl-s saves to a file")),
            Msg::Saved(Ok(file)) => self.say(format!("saved {file}")),
            Msg::Saved(Err(error)) => self.fail(format!("not saved: {error}")),
            Msg::Base { wish, read } => self.take_base(wish, read, &mut effects),
            Msg::Snapshots(stored) => self.take_stored(stored),
            Msg::Log(line) => self.log_line(line),
        }
        self.settle(&mut effects);
        effects
    }

    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_error: false });
    }

    pub(super) fn fail(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_error: true });
    }

    fn log_line(&mut self, line: String) {
        if self.log.len() == LOG {
            self.log.remove(0);
        }
        self.log.push(line);
    }

    fn drawn(&mut self, layout: Layout) {
        self.place.top = layout.list_top;
        match &mut self.overlay {
            Some(Overlay::Page(page)) => page.top = layout.page_top,
            _ => {
                if let Some(policy) = self.place.policy.as_mut().filter(|_| self.place.screen == Screen::Policy) {
                    policy.top = layout.page_top;
                }
            }
        }
        self.layout = layout;
    }

    fn take_inventory(&mut self, inventory: Inventory, finished: bool, effects: &mut Vec<Effect>) {
        let old = std::mem::replace(&mut self.inventory, inventory);
        effects.push(Effect::Discard(Box::new(old)));
        self.loading = !finished;
        self.reloading &= !finished;
        self.nothing = None;
        if !std::mem::replace(&mut self.accepted_asked, true) {
            effects.push(Effect::ReadAccepted { file: self.settings.accepted.clone() });
        }
        self.wanted += 1;
        self.refresh_page();
        self.start_deriving(effects);
    }

    /// One derivation runs at a time; the newest inventory waits.
    fn start_deriving(&mut self, effects: &mut Vec<Effect>) {
        if self.deriving.is_none() {
            self.deriving = Some(self.wanted);
            let inventory = self.inventory.clone();
            // The first rows do not wait for the rules; later ones do, so that marks do not come and go.
            let whole = !self.loading && self.estate.found_already().is_some();
            effects.push(Effect::Work(Work::Derive { generation: self.wanted, inventory, whole }));
        }
    }

    fn done(&mut self, done: Done, effects: &mut Vec<Effect>) {
        match done {
            Done::Derived { generation, estate } => {
                self.deriving = None;
                if generation <= self.outdated {
                    effects.push(Effect::Discard(Box::new(estate)));
                    if self.has_data() {
                        self.start_deriving(effects);
                    }
                    return;
                }
                let old = std::mem::replace(&mut self.estate, estate);
                effects.push(Effect::Discard(Box::new(old)));
                self.asked_for = None;
                self.explain_asked = None;
                self.reach_asked = None;
                self.who_can_asked = None;
                self.resources_asked = None;
                if generation < self.wanted {
                    self.start_deriving(effects);
                }
            }
            Done::Found { estate } => {
                if Arc::ptr_eq(&estate, &self.estate) {
                    self.reopen_policy();
                    self.refresh_page();
                }
            }
            Done::Listed { generation, estate, view } if generation == self.asked => {
                self.show_list(estate, view, effects);
            }
            // A question that nobody asks any more.
            Done::Listed { .. } => {}
            Done::Access { role, access } => {
                self.access_asked = None;
                self.access = Some((role, access));
                self.rebuild_columns();
            }
            Done::Reached { view, light: true } => self.take_light(&view),
            Done::Reached { view, .. } => self.reach = Some(view),
            Done::Rbac { asked, view } => self.take_rbac(&asked, view),
            Done::Explained { view } => {
                if let Some(old) = self.explain.replace(view) {
                    effects.push(Effect::Discard(Box::new(old)));
                }
            }
            Done::WhoCan { view } => self.take_who_can(view, effects),
            Done::Resources { resources } => self.take_resources(resources),
            Done::Compared { wish, view } => self.take_compared(wish, view),
            Done::Senders { denied, senders } => self.take_senders(denied, senders),
            Done::Exported { file, text } => effects.push(Effect::Save { file, text }),
        }
    }

    /// A list has come: the selection is looked up again by its key.
    fn show_list(&mut self, estate: Arc<Estate>, view: Arc<ListView>, effects: &mut Vec<Effect>) {
        let old = self.shown.as_ref().or(self.parked.as_ref());
        let is_new = old.is_none_or(|(old, _)| !Arc::ptr_eq(old, &estate));
        let line = match &self.place.selected {
            Some(key) => {
                let found = view.line_of(key);
                if found.is_none() && is_new && !view.index.by_key.contains_key(key) && !self.loading {
                    self.notice = Some(Notice { text: format!("{key} is not there any more"), is_error: true });
                    self.place.selected = None;
                }
                found
            }
            None => None,
        };
        self.cursor = line.or_else(|| view.stop_near(self.cursor.unwrap_or(0)));
        if let Some(old) = self.shown.replace((estate, view)) {
            effects.push(Effect::Discard(Box::new(old)));
        }
        if is_new {
            effects.extend(self.parked.take().map(|old| Effect::Discard(Box::new(old))));
            self.access = None;
            self.access_asked = None;
            self.reopen_policy();
            self.refresh_page();
        }
        self.rebuild_columns();
    }

    /// The question of the place, asked if nobody asked it yet; access of the chosen role likewise.
    fn settle(&mut self, effects: &mut Vec<Effect>) {
        let estate_id = Arc::as_ptr(&self.estate) as usize;
        self.turn_lists();
        let asked_for = self.asking();
        if self.has_data() && self.asked_for.as_ref() != Some(&asked_for) {
            self.asked += 1;
            self.asked_for = Some(asked_for);
            let same = self.shown.as_ref().filter(|(estate, _)| Arc::ptr_eq(estate, &self.estate));
            effects.push(Effect::Work(Work::List {
                generation: self.asked,
                estate: Arc::clone(&self.estate),
                ask: self.place.ask.clone(),
                previous: same.map(|(_, view)| Arc::clone(view)),
                accepted: Arc::clone(&self.accepted),
                today: self.estate.data_time().or(self.clock).map(|now| now.to_zoned(jiff::tz::TimeZone::UTC).date()),
            }));
        }
        self.settle_findings(estate_id, effects);
        self.settle_question(estate_id, effects);
        self.settle_rbac(effects);
        self.settle_reach(estate_id, effects);
        self.settle_who_can(estate_id, effects);
        self.settle_diff(estate_id, effects);
        if let Some(role) = self.shown_role()
            && self.access.as_ref().is_none_or(|(known, _)| *known != role)
            && self.access_asked.as_ref() != Some(&role)
            && let Some((arn, identity, boundary)) = explorer::access_request(self.estate(), &role)
        {
            self.access_asked = Some(role.clone());
            effects.push(Effect::Work(Work::Access { role, arn, identity, boundary }));
        }
    }

    /// The role whose access is shown.
    fn shown_role(&self) -> Option<crate::model::EntityKey> {
        match self.place.screen {
            Screen::Explorer => self.pick(2).and_then(Target::key).cloned(),
            Screen::Findings
            | Screen::Policy
            | Screen::Explain
            | Screen::Blast
            | Screen::Path
            | Screen::Rbac
            | Screen::WhoCan
            | Screen::Diff => None,
        }
    }

    fn asking(&self) -> AskedFor {
        AskedFor {
            ask: self.place.ask.clone(),
            estate: Arc::as_ptr(&self.estate) as usize,
            marked: self.estate.found_already().is_some(),
            accepted: Arc::as_ptr(&self.accepted) as usize,
        }
    }

    /// Puts the list on the screen that the place is about. The other one is kept for the way back.
    pub(super) fn turn_lists(&mut self) {
        let wanted = self.place.ask.list == ListKind::Findings;
        let of = |it: &Option<(Arc<Estate>, Arc<ListView>)>| {
            it.as_ref().map(|(_, view)| view.index.kind == ListKind::Findings)
        };
        if of(&self.shown) != Some(!wanted) && of(&self.parked) != Some(wanted) || of(&self.shown) == Some(wanted) {
            return;
        }
        let marked = self.estate.found_already().is_some();
        let usable = self.parked.take().filter(|(estate, view)| {
            let marks = &view.index.marks;
            Arc::ptr_eq(estate, &self.estate) && marks.complete == marked && marks.is_by(&self.accepted)
        });
        let gone = std::mem::replace(&mut self.shown, usable);
        self.parked = gone.filter(|(estate, _)| Arc::ptr_eq(estate, &self.estate));
        // An answer on its way is about the list that left.
        self.asked += 1;
        self.asked_for = None;
        self.cursor = None;
        if let Some(view) = self.list() {
            let line = self.place.selected.as_ref().and_then(|key| view.line_of(key));
            let same = view.ask == self.place.ask;
            self.cursor = line.or_else(|| view.stop_near(0));
            self.asked_for = same.then(|| self.asking());
        }
        self.rebuild_columns();
    }

    /// The columns of the selected row. Cost: that row's.
    pub(super) fn rebuild_columns(&mut self) {
        let picked = match (&self.place.picks[0], &self.place.picks[1]) {
            (_, Some(Target::Thing(key))) => Some(key.clone()),
            _ => None,
        };
        self.columns = match self.subject() {
            Some(subject) if subject.kind == ListKind::Findings => self.finding_columns(),
            Some(subject) => explorer::columns(&subject, picked.as_ref()),
            None => Columns::default(),
        };
    }

    fn reopen_policy(&mut self) {
        let Some(place) = &self.place.policy else { return };
        self.policy = PolicyView::open_for(self.estate(), place);
        if self.policy.is_none() && self.place.screen == Screen::Policy {
            self.fail(format!("{} is not there any more", place.role));
        }
    }

    /// Pages that follow the data are made anew; the cursor stays on its line.
    fn refresh_page(&mut self) {
        let Some(Overlay::Page(page)) = &self.overlay else { return };
        if matches!(page.kind, PageKind::Raw { .. }) {
            return;
        }
        let (cursor, top) = (page.cursor, page.top);
        let mut fresh = self.page(page.kind.clone());
        fresh.cursor = cursor.min(fresh.lines.len().saturating_sub(1));
        fresh.top = top;
        self.overlay = Some(Overlay::Page(fresh));
    }

    fn show_raw(&mut self, key: &crate::model::EntityKey, text: Result<String, String>) {
        let Some(Overlay::Page(page)) = &mut self.overlay else { return };
        let PageKind::Raw { key: wanted, path } = &page.kind else { return };
        if wanted != key {
            return;
        }
        let path = path.clone();
        match text {
            Ok(text) => {
                let (text, relaid) = readable(&text);
                page.marked = super::json_path::line_in_object(&text, &path);
                page.lines = text.lines().map(|line| Line::plain(line.replace('\t', "    "))).collect();
                // A few lines above it say where one is.
                page.cursor = page.marked.map_or(0, |line| line.saturating_sub(3));
                if relaid {
                    page.title.push_str("   stored on one line, broken for reading");
                }
            }
            Err(error) => {
                page.lines = vec![Line::default().with(format!("cannot be shown: {error}"), super::text::Tone::Bad)]
            }
        }
    }
}
