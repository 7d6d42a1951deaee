//! Draws the state: cells in, nothing decided.
//!
//! [`draw`] touches what is seen and says where it ended up. Tones become styles in [`theme`]; `frame` holds boxes and
//! lines; the screens have files of their own.

mod diff;
mod explain;
mod explorer;
mod findings;
mod frame;
mod header;
mod overlay;
mod policy;
mod rbac;
mod reach;
pub mod theme;
mod who_can;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use crate::app::place::Screen;
use crate::app::{App, Layout};

use frame::Canvas;
use theme::Theme;

/// Smallest terminal that is drawn on.
const LEAST: (u16, u16) = (60, 16);

/// Draws one frame and says where things ended up, which goes back to the app as [`crate::app::Msg::Drawn`].
pub fn draw(frame: &mut Frame<'_>, app: &App) -> Layout {
    let area = frame.area();
    let theme = Theme::new(app.settings(), &app.theme);
    let mut layout = app.layout.clone();
    layout.areas.clear();
    let mut canvas = Canvas::new(frame.buffer_mut(), theme, app.settings().ascii);
    if area.width < LEAST.0 || area.height < LEAST.1 {
        canvas.line(0, 0, area.width, &format!("needs {}x{}, is {}x{}", LEAST.0, LEAST.1, area.width, area.height));
        return layout;
    }
    header::draw(&mut canvas, area, app);
    let body = Rect { y: 3, height: area.height - 6, ..area };
    match app.place.screen {
        Screen::Explorer => explorer::draw(&mut canvas, body, app, &mut layout),
        Screen::Findings => findings::draw(&mut canvas, body, app, &mut layout),
        Screen::Policy => policy::draw(&mut canvas, body, app, &mut layout),
        Screen::Explain => explain::draw(&mut canvas, body, app, &mut layout),
        Screen::Rbac => rbac::draw(&mut canvas, body, app, &mut layout),
        Screen::Blast | Screen::Path => reach::draw(&mut canvas, body, app, &mut layout),
        Screen::WhoCan => who_can::draw(&mut canvas, body, app, &mut layout),
        Screen::Diff => diff::draw(&mut canvas, body, app, &mut layout),
    }
    overlay::draw(&mut canvas, area, body, app, &mut layout);
    let cursor = canvas.cursor;
    if let Some((x, y)) = cursor.filter(|(x, y)| *x < area.width && *y < area.height) {
        frame.set_cursor_position(Position { x, y });
    }
    layout
}
