//! Screens 3 and 5: the blast radius of a thing as a tree by hop, and paths between two things step by step.
//!
//! A [`ReachView`] is made off the UI thread; moving in it costs nothing. Both screens are a list of lines with a pane
//! beside it, so they share the code that moves and draws.

mod blast;
mod path;
mod sketch;

use std::collections::BTreeSet;

use crate::analysis::picture::layout::Fold;
use crate::estate::Estate;
use crate::model::EntityKey;

use super::place::ReachPlace;
use super::text::Line;

pub use sketch::Sketch;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    Blast {
        key: EntityKey,
        backward: bool,
        /// Hops at most.
        depth: usize,
    },
    Path {
        from: EntityKey,
        to: EntityKey,
    },
}

/// Hops that are shown at first.
pub const DEPTH: usize = 3;

/// One line of the list.
#[derive(Clone, Debug)]
pub struct Row {
    pub line: Line,
    /// The thing that the line is about; `None` for access and remarks.
    pub key: Option<EntityKey>,
    /// How deep it stands in the tree.
    pub level: usize,
    /// Lines below it stand deeper.
    pub has_children: bool,
    /// It stands for siblings that do not show yet.
    pub rest: Option<Fold>,
    /// One of those.
    pub folded: Option<Fold>,
}

impl Row {
    fn of(line: Line, key: Option<EntityKey>, level: usize, has_children: bool) -> Row {
        Row { line, key, level, has_children, rest: None, folded: None }
    }
}

/// An answer on the screen.
#[derive(Debug)]
pub struct ReachView {
    pub question: Question,
    pub title: String,
    /// One list for each alternative: a blast radius has one, paths one each.
    pub alternatives: Vec<Vec<Row>>,
    /// The same as a picture.
    pub sketch: Sketch,
    /// Beside the list: the same for all lines, or one text for each line of each alternative.
    pub beside: Beside,
    /// Below the list.
    pub note: String,
    pub status: String,
    /// The same question for a shell.
    pub command: String,
    /// Everything reached, for marking it in the Explorer.
    pub marked: BTreeSet<EntityKey>,
}

#[derive(Debug)]
pub enum Beside {
    All(Vec<Line>),
    Each(Vec<Vec<Vec<Line>>>),
}

impl ReachView {
    /// Asks and words the answer. Cost: one walk, and the permissions of the roles it meets.
    pub fn build(estate: &Estate, question: Question) -> ReachView {
        match &question {
            Question::Blast { key, backward, depth } => blast::view(estate, key, *backward, *depth),
            Question::Path { from, to } => path::view(estate, from, to),
        }
    }

    /// Positions of the lines that show: not below a folded one, nor among siblings that were not asked for.
    pub fn visible(&self, place: &ReachPlace) -> Vec<usize> {
        let Some(rows) = self.alternatives.get(place.alternative) else { return Vec::new() };
        let mut shown = Vec::new();
        let mut hidden_below: Option<usize> = None;
        let is_open = |fold: &Option<Fold>| fold.as_ref().is_some_and(|it| place.open.contains(it));
        for (at, row) in rows.iter().enumerate() {
            if hidden_below.is_some_and(|level| row.level > level) {
                continue;
            }
            if row.folded.is_some() && !is_open(&row.folded) {
                hidden_below = Some(row.level);
                continue;
            }
            hidden_below = row.key.as_ref().filter(|key| place.folded.contains(key)).map(|_| row.level);
            if !is_open(&row.rest) {
                shown.push(at);
            }
        }
        shown
    }

    /// The pane beside the list for a line.
    pub fn beside(&self, alternative: usize, row: usize) -> &[Line] {
        match &self.beside {
            Beside::All(lines) => lines,
            Beside::Each(all) => all.get(alternative).and_then(|rows| rows.get(row)).map_or(&[], Vec::as_slice),
        }
    }

    /// Everything as text, for files and the clipboard.
    pub fn text(&self, alternative: usize) -> Vec<String> {
        let mut lines = vec![self.title.clone(), self.note.clone(), String::new()];
        if let Some(rows) = self.alternatives.get(alternative) {
            lines.extend(rows.iter().map(|row| row.line.text()));
        }
        lines.push(String::new());
        lines.extend(self.beside(alternative, 0).iter().map(Line::text));
        lines
    }
}

/// `sa payments/api`, `role payments-api`.
pub fn label(key: &EntityKey) -> String {
    if key.namespace.is_empty() {
        format!("{} {}", key.kind.word(), key.name)
    } else {
        format!("{} {}/{}", key.kind.word(), key.namespace, key.name)
    }
}
