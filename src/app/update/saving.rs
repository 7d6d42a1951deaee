//! What leaves the screens: names, links and questions to the clipboard, lists and pages to a file.

use crate::app::diff;
use crate::app::export::{self, Format};
use crate::app::overlay::{Overlay, PageKind};
use crate::app::place::{Ask, Screen};
use crate::app::text::Line;
use crate::app::who_can;
use crate::app::{App, Effect, Work, pages};
use crate::model::Kind;

impl App {
    pub(super) fn copy(&mut self, effects: &mut Vec<Effect>) {
        if let (Screen::Explain, None, Some(view)) = (self.place.screen, &self.overlay, self.explained()) {
            let mut text = view.text().join("\n");
            text.push('\n');
            return effects.push(Effect::Copy(text));
        }
        let Some(key) = self.selected_key() else { return };
        let text = match (key.kind, self.estate().role(&key)) {
            (Kind::Role, crate::model::Lookup::Found(role)) => role.arn.to_string(),
            _ if self.full_names => key.to_string(),
            _ => key.name.to_string(),
        };
        effects.push(Effect::Copy(text));
    }

    pub(super) fn links(&mut self, effects: &mut Vec<Effect>) {
        let Some(key) = self.selected_key() else { return };
        match pages::links(self.estate(), &key).into_iter().next() {
            Some(link) => {
                self.open_page(PageKind::Links(key));
                effects.push(Effect::Copy(link));
            }
            None => self.say(format!("the console has no page for {key}")),
        }
    }

    /// The question on the screen as a headless command.
    pub fn headless(&self) -> String {
        let command = &self.settings().command;
        let on_list = self.place.screen == Screen::Explorer && self.place.column == 0 && self.overlay.is_none();
        if let (Screen::Explain, None, Some(place)) = (self.place.screen, &self.overlay, &self.place.explain) {
            let question = &place.question;
            let words = [question.who.to_string(), question.action.clone(), question.resource.clone()];
            let words = words.iter().filter(|it| !it.is_empty()).map(|it| shell(it)).collect::<Vec<_>>().join(" ");
            return format!("{command} explain {words}");
        }
        if let (Screen::Rbac, None, Some(view)) = (self.place.screen, &self.overlay, self.rbac_view()) {
            return format!("{command} {}", view.command);
        }
        if let (Screen::Blast | Screen::Path, None, Some((view, _))) =
            (self.place.screen, &self.overlay, self.reached())
        {
            return format!("{command} {}", view.command.trim_start_matches("rolewalk "));
        }
        if let (Screen::WhoCan, None, Some(place)) = (self.place.screen, &self.overlay, &self.place.who_can) {
            let (what, resource) = (place.question.what.word(), &place.question.resource);
            return format!("{command} who-can {} {}", shell(what), shell(resource));
        }
        if self.place.screen == Screen::Findings && self.overlay.is_none() {
            return format!("{command} {}", self.findings_question());
        }
        if let (Screen::Diff, None, Some(view)) = (self.place.screen, &self.overlay, self.diff_view()) {
            return format!("{command} diff {}", shell(&view.name));
        }
        if !on_list && let Some(key) = self.selected_key() {
            return format!("{command} show {}", shell(&key.to_string()));
        }
        let ask = &self.place.ask;
        format!("{command} list {}{}", ask.list.word(), scoped(ask, &ask.query))
    }

    /// The list of findings as the command `findings` is asked for it.
    fn findings_question(&self) -> String {
        let ask = &self.place.ask;
        // What has to do with a thing is asked for by the field that names it.
        let about = ask.about.as_ref().map(|key| {
            let place = if key.namespace.is_empty() { String::new() } else { format!("ns:{} ", key.namespace) };
            match key.kind {
                Kind::Role => format!("role:{}", key.name),
                Kind::ServiceAccount => format!("{place}sa:{}", key.name),
                Kind::Node => format!("node:{}", key.name),
                kind if kind.is_workload() => format!("{place}workload:{}", key.name),
                _ => key.name.to_string(),
            }
        });
        let words: Vec<&str> =
            about.iter().map(String::as_str).chain([ask.query.as_str()]).filter(|it| !it.is_empty()).collect();
        let file = match self.accepted.rows() {
            [] => String::new(),
            _ => format!(" --accepted {}", shell(&self.settings().accepted)),
        };
        format!("findings{file}{}", scoped(ask, &words.join(" ")))
    }

    pub(super) fn file_name(&self, format: Format) -> String {
        let what = match (&self.overlay, self.place.screen) {
            (Some(_), _) => "page",
            (None, Screen::Policy) => "policy",
            (None, Screen::Explain) => "explain",
            (None, Screen::Rbac) => "rbac",
            (None, Screen::Blast) => "blast",
            (None, Screen::Path) => "path",
            (None, Screen::WhoCan) => "who-can",
            (None, Screen::Diff) => "diff",
            (None, Screen::Explorer | Screen::Findings) => self.place.ask.list.word(),
        };
        let time = self.inventory.now.map_or_else(String::new, |now| now.strftime("-%Y%m%d-%H%M%S").to_string());
        format!("rolewalk-{what}{time}.{}", format.extension())
    }

    pub(super) fn export(&mut self, argument: &str, effects: &mut Vec<Effect>) {
        let (word, file) = argument.split_once(' ').map_or((argument, ""), |(word, file)| (word, file.trim()));
        let Some(format) = Format::from_word(word) else {
            return self.fail(format!("no format `{word}` here: csv, json or md"));
        };
        let file = if file.is_empty() { self.file_name(format) } else { file.to_owned() };
        self.write(format, file, effects);
    }

    pub(super) fn save(&mut self, file: &str, effects: &mut Vec<Effect>) {
        if file.is_empty() {
            return self.say("not saved: no name");
        }
        self.write(Format::of_file(file), file.to_owned(), effects);
    }

    /// Lists go as tables in the background, documents and pages as their text.
    fn write(&mut self, format: Format, file: String, effects: &mut Vec<Effect>) {
        if let (None, Screen::WhoCan, Some(view)) = (&self.overlay, self.place.screen, self.asked_who_can()) {
            let rows = self.who_can_lines().iter().filter_map(|line| view.row(*line));
            let text = export::table(&who_can::COLUMNS, rows.map(who_can::record), format);
            return effects.push(Effect::Save { file, text });
        }
        if let (None, Screen::Diff, Some(view)) = (&self.overlay, self.place.screen, self.diff_view()) {
            let rows = self.diff_lines().iter().filter_map(|line| view.record(*line));
            let text = export::table(&diff::COLUMNS, rows, format);
            return effects.push(Effect::Save { file, text });
        }
        let lines: Option<Vec<String>> = match (&self.overlay, self.place.screen, &self.policy) {
            (Some(Overlay::Page(page)), ..) => Some(page.lines.iter().map(Line::text).collect()),
            (None, Screen::Policy, Some(policy)) => Some(policy.lines.clone()),
            (None, Screen::Rbac, _) => Some(self.rbac_view().map_or_else(Vec::new, |view| view.text())),
            (None, Screen::Blast | Screen::Path, _) => {
                Some(self.reached().map_or_else(Vec::new, |(view, place)| view.text(place.alternative)))
            }
            (None, Screen::Diff, _) => Some(self.diff_note().iter().map(Line::text).collect()),
            (None, Screen::Explain, _) => Some(self.explained().map_or_else(Vec::new, |view| view.text())),
            _ => None,
        };
        match (lines, &self.shown) {
            (Some(lines), _) => effects.push(Effect::Save { file, text: export::text(&lines, format) }),
            (None, Some((estate, view))) => {
                effects.push(Effect::Work(Work::Export { estate: estate.clone(), view: view.clone(), format, file }));
            }
            (None, None) => self.say("nothing to save yet"),
        }
    }
}

/// Scope and query as the headless commands take them.
fn scoped(ask: &Ask, query: &str) -> String {
    let mut text = String::new();
    if let Some(cluster) = &ask.scope.cluster {
        text.push_str(&format!(" --cluster {}", shell(cluster)));
    }
    if let Some(namespace) = &ask.scope.namespace {
        text.push_str(&format!(" -n {}", shell(namespace)));
    }
    if !query.is_empty() {
        text.push_str(&format!(" {}", shell(query)));
    }
    text
}

/// A word as a POSIX shell reads it back.
fn shell(text: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "/._-+@%,=:".contains(it);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
