//! Everything that can happen, as one closed list.

use std::sync::Arc;

use jiff::Timestamp;

use crate::findings::Acceptance;
use crate::findings::acceptance::Change;
use crate::model::{EntityKey, Inventory};

use super::Key;
use super::diff::{Base, Stored, Wish};
use super::opening::{Openable, Opened};

/// One thing that happened.
#[derive(Debug)]
pub enum Msg {
    Key(Key),
    /// Bracketed paste, as it came.
    Paste(String),
    Mouse(Mouse),
    Resize {
        width: u16,
        height: u16,
    },
    /// Where the last frame put things. Changes nothing that can be seen.
    Drawn(Layout),
    /// Back from being suspended: everything is to be drawn again.
    Resumed,
    /// The time, when the age on the screen may have changed (about once a minute).
    Clock(Timestamp),
    /// What was read so far. Cheap to clone and send often; `finished` when no source is being read any more.
    Inventory {
        inventory: Inventory,
        finished: bool,
    },
    /// Nothing could be read at all: why, in one line.
    LoadFailed(String),
    /// A [`super::Work`] ended. Made by [`super::Work::run`] only.
    Done(super::effect::Done),
    /// A background job ended in a panic; the program lives on. `report` names the file with the details.
    Crashed {
        job: String,
        report: String,
    },
    /// The stored text of a thing, or why it cannot be shown.
    Raw {
        key: EntityKey,
        text: Result<String, String>,
    },
    Copied(Result<Copied, String>),
    /// What the file of accepted findings holds, after a change or none.
    Accepted {
        change: Option<Box<Change>>,
        rows: Result<Vec<Acceptance>, String>,
    },
    /// The earlier state that was asked for; `None` where there is none. Why it cannot be read, in one line.
    Base {
        wish: Wish,
        read: Result<Option<Arc<Base>>, String>,
    },
    /// Saved snapshots of the same clusters, newest first.
    Snapshots(Vec<Stored>),
    /// What there is to open.
    Openable(Openable),
    /// Data that was asked for is there, or why it is not.
    Opened(Result<Opened, String>),
    /// The file that was written, or why it was not.
    Saved(Result<String, String>),
    /// A line for the log overlay.
    Log(String),
}

/// How a text reached the clipboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Such as `OSC 52`, `OSC 52 through tmux`, `the desktop clipboard`.
    pub way: &'static str,
    /// Characters.
    pub length: usize,
}

/// A mouse event at a cell, both counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    pub column: u16,
    pub row: u16,
    pub kind: MouseKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseKind {
    Press,
    ScrollUp,
    ScrollDown,
}

/// What the last frame looked like, as far as keys and mouse need to know. Heights and tops in lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    pub list_height: usize,
    pub list_top: usize,
    pub detail_height: usize,
    /// Of a page or a document.
    pub page_height: usize,
    pub page_top: usize,
    /// Columns of the Explorer that are on the screen.
    pub columns: usize,
    /// Later areas lie over earlier ones.
    pub areas: Vec<(Area, Hit)>,
}

/// Cells, counted from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub height: u16,
}

impl Area {
    pub fn contains(&self, column: u16, row: u16) -> bool {
        (self.x..self.x.saturating_add(self.width)).contains(&column)
            && (self.y..self.y.saturating_add(self.height)).contains(&row)
    }
}

/// What a click meets. Lines start at `top`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    List {
        top: usize,
    },
    /// A column right of the list, from 1.
    Column {
        column: usize,
        top: usize,
    },
    Detail,
    Page {
        top: usize,
    },
    Picker {
        top: usize,
    },
    Command(super::command::Cmd),
}
