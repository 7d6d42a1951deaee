//! The Who-can screen: question, switches and answer; the rows; below or beside them the chosen one in words.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::app::text::{Line, Tone};
use crate::app::who_can::{Cells, WhoCanLine, WhoCanView, cells};
use crate::app::{App, Hit, Layout};
use crate::base::text::{clean, shorten, take_start, width};

use super::explorer::to_area;
use super::frame::{Canvas, scrolled, scrolled_by_keys, sentences, top, wrapped};

/// Rows that the lower pane gets.
const BELOW: u16 = 8;
const LOW: u16 = 5;

pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App, layout: &mut Layout) {
    super::header::areas(app, layout);
    let Some(place) = &app.place.who_can else {
        let inside = canvas.boxed(body, "WHO CAN", "", true);
        canvas.line(
            inside.x + 1,
            inside.y,
            inside.width,
            "w asks: a resource, then an action or a level; tab completes",
        );
        return;
    };
    let Some(view) = app.asked_who_can() else {
        let inside = canvas.boxed(body, "WHO CAN", "", true);
        canvas.line(inside.x + 1, inside.y, inside.width, "asking …");
        return;
    };
    let upper = Rect { height: 5, ..body };
    let inside = canvas.boxed(upper, "WHO CAN", "", false);
    for (at, line) in view.head(&place.shows, app.who_can_lines()).iter().enumerate() {
        let room = inside.width.saturating_sub(2);
        canvas.pieces(inside.x + 1, inside.y + at as u16, room, line, Modifier::empty());
    }
    let rest = Rect { y: upper.bottom(), height: body.height - upper.height, ..body };
    if app.zoom {
        return detail(canvas, rest, app, layout);
    }
    if body.width >= 140 {
        let cells = (body.width / 3).clamp(46, 80);
        let left = Rect { width: rest.width - cells, ..rest };
        result(canvas, left, app, view, layout);
        return detail(canvas, Rect { x: left.right(), width: cells, ..rest }, app, layout);
    }
    let below = if body.height >= 20 { BELOW } else { LOW };
    let left = Rect { height: rest.height.saturating_sub(below), ..rest };
    result(canvas, left, app, view, layout);
    detail(canvas, Rect { y: left.bottom(), height: below, ..rest }, app, layout);
}

/// Widths of the columns behind the verdict: who, by which way, actions; because gets the rest.
fn columns(room: u16) -> [usize; 3] {
    let room = usize::from(room.saturating_sub(8));
    let (who, via, actions) = (room * 31 / 100, room * 25 / 100, room * 18 / 100);
    [who, via, actions]
}

fn result(canvas: &mut Canvas<'_>, area: Rect, app: &App, view: &WhoCanView, layout: &mut Layout) {
    let lines = app.who_can_lines();
    let cursor = app.place.who_can.as_ref().map_or(0, |place| place.line);
    let height = usize::from(area.height.saturating_sub(3));
    let from = top(app.place.top, cursor, height, lines.len());
    let note = scrolled(from, height, lines.len());
    let inside = canvas.boxed(area, "RESULT", &note, true);
    layout.list_height = height;
    layout.list_top = from;
    let widths = columns(inside.width);
    if lines.is_empty() {
        let text = if view.answer.rows.is_empty() {
            view.nobody()
        } else {
            "nothing left: f switches kinds of rows on".into()
        };
        return sentences(canvas, inside, &[Line::plain(text)]);
    }
    let dim = canvas.theme.style(Tone::Dim);
    let head = format!(
        "{:<7} {} {} {} BECAUSE",
        "VERDICT",
        padded("WHO", widths[0]),
        padded("VIA", widths[1]),
        padded("ACTIONS", widths[2])
    );
    canvas.put(inside.x + 1, inside.y, inside.width.saturating_sub(1), &head, dim);
    let rows = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    layout.areas.push((to_area(rows), Hit::Page { top: from }));
    for (at, line) in lines.iter().enumerate().skip(from).take(height) {
        let y = rows.y + (at - from) as u16;
        match line {
            WhoCanLine::MoreSteps => {
                let style = canvas.theme.style(Tone::Strong);
                canvas.put(inside.x + 1, y, inside.width.saturating_sub(1), "with one more step", style);
            }
            line => {
                let Some(row) = view.row(*line) else { continue };
                let cells = cells(row, view.answer.actions.len());
                self::row(canvas, rows, y, &cells, widths);
            }
        }
        if at == cursor {
            let style = canvas.theme.style(Tone::Plain);
            canvas.put(inside.x, y, 1, canvas.glyphs.bar, style);
            canvas.reverse(Rect { y, height: 1, ..inside });
            canvas.cursor = canvas.cursor.or(Some((inside.x, y)));
        }
    }
}

fn row(canvas: &mut Canvas<'_>, inside: Rect, y: u16, cells: &Cells, widths: [usize; 3]) {
    let gap = canvas.glyphs.gap;
    let count = if cells.count > 0 { format!(" {}{}", canvas.glyphs.times, cells.count) } else { String::new() };
    let name = shorten(&clean(&cells.who), widths[0].saturating_sub(width(&count)), gap).into_owned();
    let via = shorten(&format!("{:<3}{}", cells.code, clean(&cells.via)), widths[1], gap).into_owned();
    let actions = clean(&cells.actions).into_owned();
    // The first names say more than the end of the last.
    let actions = match width(&actions) > widths[2] {
        true => format!("{}{gap}", take_start(&actions, widths[2].saturating_sub(width(gap)))),
        false => actions,
    };
    let line = Line::default()
        .with(format!("{:<7} ", cells.verdict), cells.tone)
        .with(padded(&format!("{name}{count}"), widths[0] + 1), Tone::Plain)
        .with(padded(&via, widths[1] + 1), Tone::Plain)
        .with(padded(&actions, widths[2] + 1), Tone::Plain)
        .with(&cells.because, if cells.tone == Tone::Unknown { Tone::Unknown } else { Tone::Plain });
    canvas.pieces(inside.x + 1, y, inside.width.saturating_sub(1), &line, Modifier::empty());
}

/// Filled with blanks up to a width in cells.
fn padded(text: &str, cells: usize) -> String {
    let mut text = text.to_owned();
    text.extend(std::iter::repeat_n(' ', cells.saturating_sub(width(&text))));
    text
}

fn detail(canvas: &mut Canvas<'_>, area: Rect, app: &App, layout: &mut Layout) {
    let cells = usize::from(area.width.saturating_sub(4));
    let wrap = |line: &Line| if app.wrap { wrapped(line, cells, 15) } else { vec![line.clone()] };
    let rows: Vec<Line> = app.who_can_detail().iter().flat_map(wrap).collect();
    let height = usize::from(area.height.saturating_sub(2));
    let from = app.detail_scroll.min(rows.len().saturating_sub(height));
    let note = scrolled_by_keys(from, height, rows.len());
    let title = match (app.who_can_row(), app.asked_who_can()) {
        (Some(row), Some(view)) => {
            format!("{}  may {}  {}", row.address, view.question.what.word(), view.short_resource())
        }
        _ => "NOBODY".to_owned(),
    };
    let inside = canvas.boxed(area, &clean(&title), &note, app.zoom);
    layout.detail_height = height;
    layout.areas.push((to_area(inside), Hit::Detail));
    for (at, line) in rows.iter().skip(from).take(height).enumerate() {
        canvas.pieces(inside.x + 1, inside.y + at as u16, inside.width.saturating_sub(2), line, Modifier::empty());
    }
}
