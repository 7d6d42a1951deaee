//! Keys, paste and mouse: who gets them.

use crate::analysis::query;
use crate::app::input::{Purpose, Typed};
use crate::app::key::{Code, Key};
use crate::app::msg::{Hit, Mouse, MouseKind};
use crate::app::overlay::{Action, Overlay};
use crate::app::place::Screen;
use crate::app::{App, Effect, Input};

use super::explain::{NOT_RECOGNISED, looks_denied};

/// Kept of each input's history.
const HISTORY: usize = 100;

impl App {
    pub(super) fn key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        let confirmed = self.confirm.take() == Some(key);
        self.notice = None;
        if self.input.is_some() {
            return self.input_key(key, effects);
        }
        match &self.overlay {
            Some(Overlay::Picker(_)) => return self.picker_key(key, effects),
            Some(Overlay::Menu(_)) => return self.menu_key(key, effects),
            Some(Overlay::Page(_)) | None => {}
        }
        // A filter that finds nothing offers the nearest namespace on enter.
        if key.code == Code::Enter
            && self.overlay.is_none()
            && matches!(self.place.screen, Screen::Explorer | Screen::Findings)
            && self.list().is_some_and(|view| view.matched == 0)
            && let Some(namespace) = self.nearest_namespace()
        {
            self.place.ask.query = format!("ns:{namespace}");
            return;
        }
        let way_out = self.keymap.without_data(key).filter(|_| self.nothing.is_some() && self.overlay.is_none());
        match way_out.or_else(|| self.keymap.command(key)) {
            Some(cmd) => self.run(cmd, "", Some((key, confirmed)), effects),
            None => self.say(format!("{key} does nothing here; ? shows the keys")),
        }
    }

    pub(super) fn open_input(&mut self, purpose: Purpose, text: &str) {
        let before = text.to_owned();
        self.input =
            Some(Input { purpose, line: crate::app::input::Line::new(text), before, error: None, about: None });
    }

    fn input_key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        let Some(input) = &mut self.input else { return };
        let history = self.histories.entry(input.purpose).or_default();
        match input.line.key(key, history) {
            Typed::Changed => self.input_changed(),
            Typed::Complete => self.complete(),
            Typed::Cancelled => {
                let Some(input) = self.input.take() else { return };
                if input.purpose == Purpose::Filter {
                    self.place.ask.query = input.before;
                }
            }
            Typed::Accepted => self.accept(effects),
            Typed::Moved | Typed::Ignored => {}
        }
    }

    fn input_changed(&mut self) {
        let Some(input) = &mut self.input else { return };
        if input.purpose == Purpose::Filter {
            match query::parse(input.line.text()) {
                // A query that does not parse keeps the last good list.
                Err(error) => input.error = Some(error),
                Ok(_) => {
                    input.error = None;
                    self.place.ask.query = input.line.text().to_owned();
                }
            }
        }
    }

    fn complete(&mut self) {
        if let Some(text) = self.suggestions().first().map(|it| it.text.clone())
            && let Some(input) = &mut self.input
        {
            input.line.set(&text);
            return;
        }
        if let Some(input) = self.input.as_mut().filter(|input| input.purpose == Purpose::Filter) {
            let text = input.line.text().to_owned();
            let (start, word) = text.rsplit_once(' ').map_or(("", text.as_str()), |(start, word)| (start, word));
            let names = query::Field::ALL.iter().find(|row| !word.is_empty() && row.1.starts_with(word));
            if let Some(row) = names {
                let start = if start.is_empty() { String::new() } else { format!("{start} ") };
                input.line.set(&format!("{start}{}:", row.1));
                self.input_changed();
            }
        }
    }

    fn accept(&mut self, effects: &mut Vec<Effect>) {
        let Some(input) = self.input.take() else { return };
        let text = input.line.text().trim().to_owned();
        if !text.is_empty() {
            let history = self.histories.entry(input.purpose).or_default();
            history.retain(|it| *it != text);
            history.push(text.clone());
            if history.len() > HISTORY {
                history.remove(0);
            }
        }
        match input.purpose {
            Purpose::Filter => {
                if let Some(error) = input.error {
                    self.fail(format!("the filter does not parse: {error}; the list is as before"));
                }
            }
            Purpose::Search => {
                self.search = text;
                self.find(true, true);
            }
            Purpose::Command => self.command_line(&text, effects),
            Purpose::Save => self.save(&text, effects),
            Purpose::Explain => self.accept_question(&text, input.about),
            Purpose::WhoCan => self.accept_who_can(&text),
            Purpose::Reason => self.take_reason(&text),
            Purpose::Until => self.take_until(&text, effects),
        }
    }

    fn picker_key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        let Some(Overlay::Picker(picker)) = &mut self.overlay else { return };
        match key.code {
            Code::Down => picker.cursor = (picker.cursor + 1).min(picker.shown.len().saturating_sub(1)),
            Code::Up => picker.cursor = picker.cursor.saturating_sub(1),
            Code::PageDown => picker.cursor = (picker.cursor + 10).min(picker.shown.len().saturating_sub(1)),
            Code::PageUp => picker.cursor = picker.cursor.saturating_sub(10),
            _ => match picker.input.key(key, &[]) {
                Typed::Changed => picker.narrow(),
                Typed::Cancelled => self.overlay = None,
                Typed::Accepted => {
                    let chosen = picker.chosen().map(|item| (item.action.clone(), item.blocked));
                    self.overlay = None;
                    self.act(chosen, effects);
                }
                Typed::Complete | Typed::Moved | Typed::Ignored => {}
            },
        }
    }

    fn menu_key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        let Some(Overlay::Menu(menu)) = &mut self.overlay else { return };
        let text = key.to_string();
        if let Some(item) = menu.items.iter().find(|item| item.key == text) {
            let chosen = Some((item.action.clone(), item.blocked));
            self.overlay = None;
            return self.act(chosen, effects);
        }
        match key.code {
            Code::Down | Code::Char('j') => menu.cursor = (menu.cursor + 1).min(menu.items.len().saturating_sub(1)),
            Code::Up | Code::Char('k') => menu.cursor = menu.cursor.saturating_sub(1),
            Code::Enter => {
                let chosen = menu.items.get(menu.cursor).map(|item| (item.action.clone(), item.blocked));
                self.overlay = None;
                self.act(chosen, effects);
            }
            Code::Esc | Code::Char('q' | ' ') => self.overlay = None,
            Code::Char('c') if key.ctrl => self.overlay = None,
            _ => {}
        }
    }

    fn act(&mut self, chosen: Option<(Action, Option<&'static str>)>, effects: &mut Vec<Effect>) {
        match chosen {
            Some((_, Some(reason))) => self.fail(reason),
            Some((Action::Run(cmd), None)) => {
                if cmd.spec().argument.starts_with('<') {
                    self.open_input(Purpose::Command, &format!("{} ", cmd.spec().name));
                } else {
                    self.run(cmd, "", None, effects);
                }
            }
            Some((Action::Filter(query), None)) => {
                self.push_place();
                self.switch_list(Screen::Explorer);
                self.place.ask.query = query.to_owned();
            }
            Some((Action::Scope(scope), None)) => {
                self.push_place();
                self.place.ask.scope = scope;
            }
            Some((Action::Ask(question), None)) => self.show_explain(question),
            Some((Action::Switch(switch), None)) => self.toggle_switch(switch),
            Some((Action::Open(opening), None)) => self.open_data(opening, effects),
            None => {}
        }
    }

    /// Pasted text is never executed: an input takes it, an AccessDenied message opens a question filled in,
    /// an address offers to jump, the rest is named.
    pub(super) fn paste(&mut self, text: &str, effects: &mut Vec<Effect>) {
        self.notice = None;
        if let Some(input) = &mut self.input {
            input.line.insert(text);
            return self.input_changed();
        }
        if let Some(Overlay::Picker(picker)) = &mut self.overlay {
            picker.input.insert(text);
            return picker.narrow();
        }
        let word = text.trim();
        if word.split_whitespace().count() == 1 && self.resolve(word).is_ok() {
            return self.open_input(Purpose::Command, &format!("go {word}"));
        }
        if looks_denied(text) {
            return self.find_senders(text, effects);
        }
        self.say(NOT_RECOGNISED);
    }

    pub(super) fn mouse(&mut self, mouse: Mouse, effects: &mut Vec<Effect>) {
        if !self.mouse {
            return;
        }
        let hits = self.layout.areas.iter().rev();
        let Some((area, hit)) = hits.into_iter().find(|(area, _)| area.contains(mouse.column, mouse.row)).copied()
        else {
            return;
        };
        let line = |top: usize| top + usize::from(mouse.row - area.y);
        match (mouse.kind, hit) {
            (MouseKind::ScrollDown | MouseKind::ScrollUp, Hit::Detail) => {
                self.scroll_detail(if mouse.kind == MouseKind::ScrollDown { 3 } else { -3 });
            }
            (MouseKind::ScrollDown, _) => self.step(3),
            (MouseKind::ScrollUp, _) => self.step(-3),
            (MouseKind::Press, Hit::Command(cmd)) => self.run(cmd, "", None, effects),
            (MouseKind::Press, Hit::List { top }) if self.overlay.is_none() => {
                self.place.column = 0;
                self.select_line(line(top));
            }
            (MouseKind::Press, Hit::Column { column, top })
                if self.overlay.is_none() && self.place.screen == Screen::Rbac =>
            {
                self.choose_rbac(column, line(top));
            }
            (MouseKind::Press, Hit::Column { column, top }) if self.overlay.is_none() => {
                self.place.column = column;
                self.pick_at(column, line(top));
            }
            (MouseKind::Press, Hit::Page { top }) => self.page_to(line(top)),
            (MouseKind::Press, Hit::Picker { top }) => match &mut self.overlay {
                Some(Overlay::Picker(picker)) => picker.cursor = line(top).min(picker.shown.len().saturating_sub(1)),
                Some(Overlay::Menu(menu)) => menu.cursor = line(top).min(menu.items.len().saturating_sub(1)),
                _ => {}
            },
            (MouseKind::Press, _) => {}
        }
    }
}
