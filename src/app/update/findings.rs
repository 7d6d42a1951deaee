//! The Findings screen: opening it, landing on what a finding points at, copying its fix.

use std::sync::Arc;

use crate::app::list::ListKind;
use crate::app::overlay::PageKind;
use crate::app::place::{OtherList, Scope, Screen};
use crate::app::policy::PolicyView;
use crate::app::text::Target;
use crate::app::{App, DETAIL, Effect, Work, findings};
use crate::findings::Finding;
use crate::model::EntityKey;

impl App {
    /// Turns to the screen of a list; filter, selection and scroll of the other list wait for the way back.
    pub(super) fn switch_list(&mut self, screen: Screen) {
        self.leave_overlay();
        self.place.screen = screen;
        let findings = screen == Screen::Findings;
        if (self.place.ask.list == ListKind::Findings) == findings {
            return;
        }
        let place = &mut self.place;
        let list = if findings { ListKind::Findings } else { ListKind::Pods };
        let mut next = place.other.take().unwrap_or_else(|| Box::new(OtherList::of(list)));
        // Scope and system objects are one choice for all screens.
        next.ask.scope = place.ask.scope.clone();
        next.ask.system = place.ask.system;
        std::mem::swap(&mut place.ask, &mut next.ask);
        std::mem::swap(&mut place.selected, &mut next.selected);
        std::mem::swap(&mut place.column, &mut next.column);
        std::mem::swap(&mut place.picks, &mut next.picks);
        std::mem::swap(&mut place.top, &mut next.top);
        place.other = Some(next);
        self.detail_scroll = 0;
    }

    /// Screen 2: all findings, or those that a query asks for.
    pub(super) fn findings_command(&mut self, argument: &str) {
        if self.place.screen != Screen::Findings || self.place.ask.about.is_some() {
            self.push_place();
        }
        self.switch_list(Screen::Findings);
        self.place.ask.about = None;
        self.place.column = 0;
        if !argument.is_empty() {
            self.set_query(argument);
        }
    }

    /// `F`: the findings that have to do with the selection.
    pub(super) fn findings_of(&mut self, argument: &str) {
        let key =
            if argument.is_empty() { self.selected_key().ok_or_else(String::new) } else { self.resolve(argument) };
        let key = match key {
            Ok(key) => key,
            Err(reason) => return self.fail(reason),
        };
        self.push_place();
        self.switch_list(Screen::Findings);
        self.place.column = 0;
        self.place.selected = None;
        let ask = &mut self.place.ask;
        ask.query.clear();
        // What is wrong with a role may stand in another namespace.
        ask.scope = Scope::default();
        ask.system = true;
        ask.collapsed = false;
        ask.about = Some(key);
    }

    pub(super) fn toggle_accepted(&mut self) {
        self.place.ask.accepted ^= true;
        let count = self.list().map_or(0, |view| view.index.accepted);
        self.say(match (count, self.place.ask.accepted) {
            (0, _) => "no finding is accepted; every finding is a problem".to_owned(),
            (count, true) => format!("{count} accepted: shown"),
            (count, false) => format!("{count} accepted: hidden"),
        });
    }

    /// Runs the rules once everything is read. Nothing waits for them.
    pub(super) fn settle_findings(&mut self, estate_id: usize, effects: &mut Vec<Effect>) {
        let due = self.has_data() && !self.loading && self.deriving.is_none();
        if due && self.estate.found_already().is_none() && self.findings_asked != Some(estate_id) {
            self.findings_asked = Some(estate_id);
            effects.push(Effect::Work(Work::Findings { estate: Arc::clone(&self.estate) }));
        }
    }

    /// From the list to the statement or the row that the finding is about; from its lines to what they name.
    pub(super) fn open_finding(&mut self, effects: &mut Vec<Effect>) {
        if self.place.column == DETAIL {
            match self.finding_pick().cloned() {
                Some(target) => self.open(&target, effects),
                None => self.say("nothing to open here"),
            }
            return;
        }
        let Some(finding) = self.finding() else { return self.say("no finding is selected") };
        let clause =
            finding.evidence.iter().find(|it| findings::statement(self.estate(), &it.object, &it.path).is_some());
        match clause.cloned() {
            Some(it) => self.land(&it.object, &it.path, effects),
            None => {
                let subject = finding.subject.clone();
                self.go(&subject);
            }
        }
    }

    /// To the clause of a policy, the line of an object's stored text, or the row of a thing.
    pub(super) fn land(&mut self, object: &EntityKey, path: &str, effects: &mut Vec<Effect>) {
        if let Some((role, document, inside)) = findings::statement(self.estate(), object, path) {
            let view = PolicyView::open(self.estate(), &role, document);
            let line = view.and_then(|view| view.line_of_path(&inside)).unwrap_or(0);
            self.push_place();
            return self.show_policy(role, document, line);
        }
        if self.estate().origin(object).is_some() {
            return self.open_raw(object.clone(), path, effects);
        }
        self.go(object);
    }

    /// The stored text of what the finding points at, on its line.
    pub(super) fn raw_of_finding(&mut self, effects: &mut Vec<Effect>) {
        if let (DETAIL, Some(Target::Place(key, path))) = (self.place.column, self.finding_pick().cloned()) {
            return self.open_raw(key, &path, effects);
        }
        let Some(finding) = self.finding() else { return self.say("no finding is selected") };
        let has_text = |key: &EntityKey| self.estate().origin(key).is_some();
        let evidence = finding.evidence.iter().find(|it| has_text(&it.object)).cloned();
        let (key, path) = evidence.map_or_else(|| (finding.subject.clone(), String::new()), |it| (it.object, it.path));
        self.open_raw(key, &path, effects);
    }

    pub(super) fn open_raw(&mut self, key: EntityKey, path: &str, effects: &mut Vec<Effect>) {
        match self.estate().origin(&key).cloned() {
            Some(origin) => {
                self.open_page(PageKind::Raw { key: key.clone(), path: path.to_owned() });
                effects.push(Effect::ReadRaw { key, origin });
            }
            None => self.fail(format!("{key} has no stored text: it was not read, or is only named by others")),
        }
    }

    /// Copies a fix: the first, or that of a tool; pressed again on the same finding the next one.
    pub(super) fn copy_fix(&mut self, tool: &str, effects: &mut Vec<Effect>) {
        let (Some(finding), Some(key)) = (self.finding(), self.row().map(|row| row.key.clone())) else {
            return self.fail("no finding is selected");
        };
        let fixes = fixes(finding, tool);
        if fixes.is_empty() {
            let mut has: Vec<&str> = finding.fix.iter().map(|it| it.tool.word()).collect();
            has.dedup();
            return self.fail(match has.as_slice() {
                [] => "this finding has no fix to copy; d explains it".to_owned(),
                has => format!("no fix for {tool}; there is {}", has.join(", ")),
            });
        }
        let last = self.fix_copied.as_ref().filter(|(of, _)| *of == key).map(|(_, at)| *at);
        let at = last.map_or(0, |at| (at + 1) % fixes.len()).min(fixes.len() - 1);
        let (tool, text) = fixes[at].clone();
        let next = if fixes.len() > 1 { format!(" {} of {}", at + 1, fixes.len()) } else { String::new() };
        self.fix_copied = Some((key, at));
        self.copying = Some(format!("fix{next} for {tool}"));
        effects.push(Effect::Copy(text));
    }
}

fn fixes(finding: &Finding, tool: &str) -> Vec<(&'static str, String)> {
    let wanted = finding.fix.iter().filter(|it| tool.is_empty() || it.tool.word() == tool);
    wanted.map(|it| (it.tool.word(), it.text.clone())).collect()
}
