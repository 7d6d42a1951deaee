//! The process around the screens: terminal, events, background work, clipboard, log, and what happens on a bug.

pub mod clipboard;
pub mod log;
pub mod panic;
pub mod save;
pub mod suspend;
pub mod terminal;
