//! What is to be done outside: asked for by `update`, carried out by the runtime or by the test harness.

use std::sync::atomic::AtomicBool;

use crate::model::EntityKey;
use crate::model::facts::meta::Origin;

use super::Msg;

/// One wish. Whoever carries it out answers with the message named at the variant.
#[derive(Debug)]
pub enum Effect {
    /// Leave the program.
    Quit,
    /// Restore the terminal and stop, as `ctrl-z` does; then [`Msg::Resumed`].
    Suspend,
    /// Forget what is on the terminal and draw the whole frame.
    Redraw,
    /// Read all sources again; then [`Msg::Inventory`] as it comes in.
    Reload,
    /// Compute off the UI thread; [`Work::run`] gives the message. See [`Lane`] for what it replaces.
    Work(Work),
    /// Read the stored text of a thing; then [`Msg::Raw`].
    ReadRaw { key: EntityKey, origin: Origin },
    /// Put a text into the clipboard; then [`Msg::Copied`].
    Copy(String),
    /// Write a file, never over an existing one; then [`Msg::Saved`]. `~/` is the home directory.
    Save { file: String, text: String },
    /// Ask the terminal for mouse events, or stop asking.
    Mouse(bool),
    /// Drop this on another thread: freeing a large estate takes longer than a frame.
    Discard(Box<dyn Garbage>),
}

/// Anything that is only to be dropped.
pub trait Garbage: Send + std::fmt::Debug {}

impl<T: Send + std::fmt::Debug> Garbage for T {}

/// Work of one lane replaces the one before it: the stop flag of the running one is raised and its message is
/// dropped. Lanes run side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Deriving an estate. The app itself never asks for a second one before the first has ended.
    Derive,
    /// Filtering and sorting what the screen shows.
    List,
}

/// A pure computation that is too long for the UI thread.
#[derive(Debug)]
pub enum Work {}

/// The result of a [`Work`], for `update` alone.
#[derive(Debug)]
pub enum Done {}

impl Work {
    pub fn lane(&self) -> Lane {
        match *self {}
    }

    /// Runs to its end on this thread, looking at `stop` in between. `None` when it was stopped.
    pub fn run(self, _stop: &AtomicBool) -> Option<Msg> {
        match self {}
    }
}
