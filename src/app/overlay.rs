//! What lies over a screen: pages of text, menus, and lists to pick from.

use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;

use crate::model::EntityKey;

use super::command::Cmd;
use super::input;
use super::text::{Line, Target};

#[derive(Debug)]
pub enum Overlay {
    Page(Page),
    Menu(Menu),
    Picker(Picker),
}

/// What a page shows, so that it can be made anew for a new estate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageKind {
    Details(EntityKey),
    /// The stored text, at a path as evidence writes it; an empty one is the top.
    Raw {
        key: EntityKey,
        path: String,
    },
    UsedBy(EntityKey),
    Links(EntityKey),
    /// A document that is no role's, and the statement to stand on.
    Document {
        title: String,
        text: std::sync::Arc<str>,
        statement: usize,
    },
    Sources,
    Rules,
    Accepted,
    /// Roles that several accounts sign with.
    Sharing,
    /// Which identities sit on each node, or on one.
    Tokens(Option<EntityKey>),
    About,
    Log,
    Keys,
}

/// Lines to read and search. Where lines lead somewhere, the cursor jumps between those.
#[derive(Debug)]
pub struct Page {
    pub kind: PageKind,
    pub title: String,
    pub lines: Vec<Line>,
    /// The line of the cursor, or the first visible line where nothing can be chosen.
    pub cursor: usize,
    pub top: usize,
    /// The line that was looked for.
    pub marked: Option<usize>,
}

impl Page {
    pub fn new(kind: PageKind, title: impl Into<String>, lines: Vec<Line>) -> Page {
        let cursor = lines.iter().position(|line| line.target.is_some()).unwrap_or(0);
        Page { kind, title: title.into(), lines, cursor, top: 0, marked: None }
    }

    pub fn has_stops(&self) -> bool {
        self.lines.iter().any(|line| line.target.is_some())
    }

    pub fn chosen(&self) -> Option<&Target> {
        self.lines.get(self.cursor)?.target.as_ref()
    }
}

/// A few actions, each with a key.
#[derive(Debug)]
pub struct Menu {
    pub title: &'static str,
    pub items: Vec<MenuItem>,
    pub cursor: usize,
}

#[derive(Debug)]
pub struct MenuItem {
    pub key: String,
    pub label: String,
    pub action: Action,
    /// Why it cannot run now.
    pub blocked: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    Run(Cmd),
    Filter(&'static str),
    Scope(super::place::Scope),
    Ask(super::explain::Question),
    Switch(super::who_can::Switch),
    Open(super::opening::Opening),
}

/// A list that narrows as one types.
#[derive(Debug)]
pub struct Picker {
    pub title: &'static str,
    pub input: input::Line,
    items: Vec<PickerItem>,
    /// Positions in `items`, best first.
    pub shown: Vec<usize>,
    pub cursor: usize,
}

#[derive(Debug)]
pub struct PickerItem {
    pub label: String,
    pub note: String,
    pub action: Action,
    pub blocked: Option<&'static str>,
}

impl Picker {
    pub fn new(title: &'static str, text: &str, items: Vec<PickerItem>) -> Picker {
        let mut picker = Picker { title, input: input::Line::new(text), items, shown: Vec::new(), cursor: 0 };
        picker.narrow();
        picker
    }

    /// Asks again after the input changed.
    pub fn narrow(&mut self) {
        let labels = self.items.iter().map(|item| (item.label.as_str(), item.note.as_str()));
        self.shown = rank(self.input.text(), labels);
        self.cursor = 0;
    }

    pub fn items(&self) -> impl Iterator<Item = &PickerItem> {
        self.shown.iter().map(|at| &self.items[*at])
    }

    pub fn chosen(&self) -> Option<&PickerItem> {
        self.items.get(*self.shown.get(self.cursor)?)
    }
}

/// Positions of what fits `text`, best first: exact, prefix, substring of the name, then fuzzy in name and note. Cost:
/// about a microsecond per item.
pub fn rank<'a>(text: &str, items: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<usize> {
    if text.is_empty() {
        return items.enumerate().map(|(at, _)| at).collect();
    }
    let matcher = SkimMatcherV2::default().smart_case();
    let lower = text.to_lowercase();
    let mut found: Vec<(u8, i64, usize)> = Vec::new();
    for (at, (label, note)) in items.enumerate() {
        let name = label.to_lowercase();
        let last = name.rsplit('/').next().unwrap_or(&name);
        let class = if name == lower || last == lower {
            0
        } else if name.starts_with(&lower) || last.starts_with(&lower) {
            1
        } else if name.contains(&lower) {
            2
        } else {
            3
        };
        let score = match class {
            3 => match matcher.fuzzy_match(label, text).or_else(|| matcher.fuzzy_match(note, text)) {
                Some(score) => -score,
                None => continue,
            },
            _ => i64::try_from(name.len()).unwrap_or(i64::MAX),
        };
        found.push((class, score, at));
    }
    found.sort_unstable();
    found.into_iter().map(|(.., at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completion_ranks_exact_then_prefix_then_substring_then_fuzzy() {
        let names = ["s-o-u-rce", "resource", "sources", "source"];
        let ranked = rank("source", names.iter().map(|name| (*name, "")));
        assert_eq!(ranked, [3, 2, 1, 0]);
        assert_eq!(rank("zzz", names.iter().map(|name| (*name, ""))), [0usize; 0]);
    }
}
