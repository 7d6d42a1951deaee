//! The first three rows and the last three.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::app::command::Cmd;
use crate::app::text::{Line, Tone};
use crate::app::{App, Area, Hit, Layout};
use crate::base::text::{clean, width};

use super::frame::Canvas;

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    first(canvas, area, app);
    let wide = area.width >= 90;
    let mut x = 0;
    for (number, name, chosen) in app.screens() {
        let (text, tone) = if chosen {
            (format!("[{number} {name}]"), Tone::Strong)
        } else {
            (format!(" {number} {name} "), Tone::Plain)
        };
        let style = canvas.theme.style(tone);
        x += canvas.put(x, 1, area.width - x, &text, style) + u16::from(wide);
    }
    let crumbs = clean(&app.crumbs()).into_owned();
    let room = usize::from(area.width - 1);
    let crumbs = crate::base::text::shorten(&crumbs, room, canvas.glyphs.gap).into_owned();
    canvas.line(1, 2, area.width - 1, &crumbs);
    last(canvas, area, app);
}

fn first(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let wide = area.width >= 90;
    let bold = canvas.theme.style(Tone::Strong);
    let mut x = 1 + canvas.put(1, 0, area.width, "rolewalk", bold) + 2;
    let (long, short) = app.data_time();
    let state = app.data_state().word();
    let read_only = if wide { "READ-ONLY" } else { "RO" };
    let time = if wide { long } else { short };
    let right = [time.as_str(), state.as_str(), read_only]
        .iter()
        .filter(|it| !it.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join("   ");
    let right_at = area.width.saturating_sub(width(&right) as u16 + 1);
    for part in app.whereabouts() {
        let part = clean(&part).into_owned();
        let cells = width(&part) as u16;
        if x + cells + 2 > right_at {
            break;
        }
        canvas.line(x, 0, cells, &part);
        x += cells + 2;
    }
    let plain = canvas.theme.style(Tone::Plain);
    canvas.put(right_at, 0, area.width - right_at, &right, plain);
    let at = right_at + right.find(&state).map_or(0, |at| width(&right[..at]) as u16);
    canvas.put(at, 0, area.width.saturating_sub(at), &state, bold);
}

fn last(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let y = area.height - 3;
    match &app.input {
        Some(input) => {
            let prompt = format!(" {}", input.purpose.prompt());
            let style = canvas.theme.style(Tone::Strong);
            let x = canvas.put(0, y, area.width, &prompt, style);
            let room = usize::from(area.width.saturating_sub(x + 1));
            let before = clean(input.line.before_cursor()).into_owned();
            // The cursor stays in sight: what does not fit is cut at the start.
            let shown = crate::base::text::take_end(&before, room);
            let cursor = x + width(shown) as u16;
            let after = clean(&input.line.text()[input.line.before_cursor().len()..]).into_owned();
            let plain = canvas.theme.style(Tone::Plain);
            canvas.put(x, y, area.width - x, shown, plain);
            canvas.put(cursor, y, area.width.saturating_sub(cursor), &after, plain);
            canvas.cursor = Some((cursor, y));
        }
        None => {
            canvas.pieces(0, y, area.width, &app.filter_line(), Modifier::empty());
        }
    }
    let (left, right) = app.status();
    let cells = width(&right.text()) as u16;
    let right_at = area.width.saturating_sub(cells + 1);
    let used = canvas.pieces(0, y + 1, area.width, &left, Modifier::empty());
    if used + 2 <= right_at && cells > 0 {
        canvas.pieces(right_at, y + 1, cells, &right, Modifier::empty());
    }
    hints(canvas, area, app);
}

/// As many hints as fit; help is always the last.
fn hints(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let hints = app.hints();
    let text = |hint: &(String, &'static str)| format!("{} {}", hint.0, hint.1);
    let Some((last, first)) = hints.split_last() else { return };
    let reserve = width(&text(last)) as u16 + 3;
    let mut line = Line::default();
    let mut used = 1;
    for hint in first {
        let cells = width(&text(hint)) as u16 + 2;
        if used + cells + reserve > area.width {
            break;
        }
        line = line.with(&hint.0, Tone::Strong).with(format!(" {}  ", hint.1), Tone::Dim);
        used += cells;
    }
    let line = line.with(&last.0, Tone::Strong).with(format!(" {}", last.1), Tone::Dim);
    canvas.pieces(1, area.height - 1, area.width - 1, &line, Modifier::empty());
}

/// The screens of the second row as something to click on.
pub(super) fn areas(app: &App, layout: &mut Layout) {
    let mut x = 0;
    for (number, name, _) in app.screens() {
        let cells = (number.len() + name.len() + 3) as u16;
        let cmd = match number {
            "1" => Cmd::Explorer,
            "2" => Cmd::Findings,
            "3" => Cmd::Blast,
            "4" => Cmd::WhoCanScreen,
            "5" => Cmd::PathTo,
            "7" => Cmd::Rbac,
            "8" => Cmd::Diff,
            _ => Cmd::Policy,
        };
        layout.areas.push((Area { x, y: 1, width: cells, height: 1 }, Hit::Command(cmd)));
        x += cells + u16::from(app.size.0 >= 90);
    }
}
