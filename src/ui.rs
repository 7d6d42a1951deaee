//! Draws the state: cells in, nothing decided.

use ratatui::Frame;

use crate::app::{App, Layout};

/// Draws one frame and says where things ended up, which goes back to the app as [`crate::app::Msg::Drawn`].
pub fn draw(_: &mut Frame<'_>, _: &App) -> Layout {
    Layout::default()
}
