//! The Explorer: list, identity, role, access, detail, in as many columns as the terminal has room for.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::app::explorer::stops;
use crate::app::list::{ListLine, ListRow, ListView};
use crate::app::text::{Line, Tone};
use crate::app::{App, Area, DETAIL, Hit, Layout};
use crate::base::text::{clean, shorten, width};

use super::frame::{Canvas, scrolled, scrolled_by_keys, sentences, top, wrapped};

const TITLES: [&str; 3] = ["IDENTITY", "ROLE", "ACCESS"];

pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App, layout: &mut Layout) {
    super::header::areas(app, layout);
    layout.columns = 4;
    if !app.can_browse() {
        return loading(canvas, body, app);
    }
    if app.zoom {
        return match app.place.column {
            0 => list(canvas, body, app, layout, [false, false]),
            DETAIL => detail(canvas, body, app, layout),
            column => pane(canvas, body, app, layout, column, [false, false]),
        };
    }
    let (upper, side) = if body.width >= 140 {
        let cells = (body.width / 3).clamp(46, 80);
        let left = Rect { width: body.width - cells, ..body };
        (left, Rect { x: left.right(), width: cells, ..body })
    } else {
        let height = if body.height >= 20 { 6 } else { 4 };
        let upper = Rect { height: body.height - height, ..body };
        (upper, Rect { y: upper.bottom(), height, ..body })
    };
    if body.width < 90 {
        // The current column and the next hop.
        let left = body.width * 4 / 10;
        let one = Rect { width: left, ..upper };
        let two = Rect { x: left, width: upper.width - left, ..upper };
        match app.place.column {
            column @ 2..=3 => {
                pane(canvas, one, app, layout, column - 1, [false, false]);
                pane(canvas, two, app, layout, column, [false, false]);
            }
            _ => {
                list(canvas, one, app, layout, [false, false]);
                pane(canvas, two, app, layout, 1, [false, false]);
            }
        }
    } else {
        columns(canvas, upper, app, layout);
    }
    detail(canvas, side, app, layout);
}

/// Four columns that share their edges; the focused one is widest.
fn columns(canvas: &mut Canvas<'_>, area: Rect, app: &App, layout: &mut Layout) {
    let weights: [u16; 4] = match app.place.column {
        1 => [27, 34, 22, 17],
        2 => [26, 24, 33, 17],
        3 => [26, 22, 24, 28],
        _ => [33, 27, 23, 17],
    };
    // Shared edges: four columns have three edges in common.
    let cells = area.width + 3;
    let mut x = area.x;
    for (at, weight) in weights.into_iter().enumerate() {
        let is_last = at == 3;
        let width = if is_last { area.right() - x } else { cells * weight / 100 };
        let place = Rect { x, width, ..area };
        let joined = [at > 0, !is_last];
        if at == 0 {
            list(canvas, place, app, layout, joined);
        } else {
            pane(canvas, place, app, layout, at, joined);
        }
        x += width - 1;
    }
}

/// First visible line of a list with headings: the heading above the first visible row comes along when there is room.
pub(super) fn list_top(app: &App, view: &ListView, height: usize) -> usize {
    let cursor = app.cursor.unwrap_or(0).min(view.lines.len().saturating_sub(1));
    let from = top(app.place.top, cursor, height, view.lines.len());
    let headed = from > 0 && from == cursor && matches!(view.lines.get(from - 1), Some(ListLine::Header(_)));
    if headed && height > 1 { from - 1 } else { from }
}

fn list(canvas: &mut Canvas<'_>, area: Rect, app: &App, layout: &mut Layout, joined: [bool; 2]) {
    let Some(view) = app.list() else { return };
    let focused = app.place.column == 0;
    let height = usize::from(area.height.saturating_sub(2));
    let from = list_top(app, view, height);
    let note = scrolled(from, height, view.lines.len());
    let inside = canvas.frame(area, &app.list_title(), &note, focused, joined);
    layout.list_height = height;
    layout.list_top = from;
    layout.areas.push((to_area(inside), Hit::List { top: from }));
    if view.lines.is_empty() {
        canvas.line(inside.x + 1, inside.y, inside.width.saturating_sub(1), "nothing matches");
    }
    for (at, line) in view.lines.iter().enumerate().skip(from).take(height) {
        let y = inside.y + (at - from) as u16;
        match line {
            ListLine::Header(row) => header(canvas, inside, y, &view.index.rows[*row as usize], view, app),
            ListLine::Row(row) => self::row(canvas, inside, y, &view.index.rows[*row as usize], view, app),
        }
        if Some(at) == app.cursor {
            let style = canvas.theme.style(Tone::Plain);
            canvas.put(inside.x, y, 1, if focused { canvas.glyphs.bar } else { canvas.glyphs.chosen }, style);
            if focused {
                canvas.reverse(Rect { y, height: 1, ..inside });
                if canvas.cursor.is_none() {
                    canvas.cursor = Some((inside.x, y));
                }
            }
        }
    }
}

fn header(canvas: &mut Canvas<'_>, inside: Rect, y: u16, row: &ListRow, view: &ListView, app: &App) {
    let several = app.inventory().clusters.len() > 1 && !row.cluster.is_empty() && row.cluster != row.section;
    let name = if several { format!("{}  {}", row.section, row.cluster) } else { row.section.to_string() };
    let name = clean(&name).into_owned();
    let folded = if view.is_folded() { "  (l unfolds)" } else { "" };
    let style = canvas.theme.style(Tone::Strong);
    let room = inside.width.saturating_sub(2);
    let name = shorten(&name, usize::from(room), canvas.glyphs.gap).into_owned();
    canvas.put(inside.x + 1, y, room, &format!("{name}{folded}"), style);
}

/// `  M  PI  payments-api ×3`: a shrinking column drops the code, then the count, then the middle of the name.
fn row(canvas: &mut Canvas<'_>, inside: Rect, y: u16, row: &ListRow, view: &ListView, app: &App) {
    let name = clean(&row.name).into_owned();
    let name = if view.ask.sort == crate::app::place::SortBy::Default && !app.full_names {
        name
    } else {
        format!("{}/{name}", clean(&row.section))
    };
    let note = if row.note.is_empty() { String::new() } else { format!(" {}", row.note) };
    let count = if row.count > 0 { format!(" {}{}{note}", canvas.glyphs.times, row.count) } else { note };
    let letter = row.worst.map_or("·", |severity| severity.letter());
    let tone = row.worst.map_or(Tone::Dim, Tone::Severity);
    let room = usize::from(inside.width);
    let long = room >= 4 + 4 + width(&name) + width(&count);
    let counted = room >= 4 + width(&name) + width(&count);
    let style = canvas.theme.style(tone);
    if app.lit.as_ref().is_some_and(|lit| lit.contains(&row.key)) {
        canvas.put(inside.x + 1, y, 1, canvas.glyphs.lit, style);
    }
    canvas.put(inside.x + 2, y, 1, letter, style);
    let mut x = inside.x + 4;
    if long && !row.code.is_empty() {
        let dim = canvas.theme.style(Tone::Plain);
        x += 1;
        canvas.put(x, y, 2, row.code, dim);
        x += 4;
        x = x.min(inside.right());
    }
    let left = inside.right().saturating_sub(x);
    let count = if counted { count } else { String::new() };
    let cells = usize::from(left).saturating_sub(width(&count));
    let name = shorten(&name, cells, canvas.glyphs.gap).into_owned();
    let plain = canvas.theme.style(Tone::Plain);
    let used = canvas.put(x, y, left, &name, plain);
    let dim = canvas.theme.style(Tone::Dim);
    canvas.put(x + used, y, left - used, &count, dim);
}

/// A column right of the list, from 1.
fn pane(canvas: &mut Canvas<'_>, area: Rect, app: &App, layout: &mut Layout, column: usize, joined: [bool; 2]) {
    let lines = &app.columns.panes[column - 1];
    let focused = app.place.column == column;
    let height = usize::from(area.height.saturating_sub(2));
    let chosen = app.pick_line(column);
    let from = match chosen {
        // Nothing can be chosen below the last line that leads somewhere: it brings what follows along.
        Some(line) if focused && stops(lines).next_back().is_some_and(|(last, _)| last == line) => {
            top(0, (line + height).saturating_sub(1).min(lines.len() - 1), height, lines.len())
        }
        Some(line) if focused => top(0, line, height, lines.len()),
        _ => 0,
    };
    let note = scrolled(from, height, lines.len());
    let inside = canvas.frame(area, TITLES[column - 1], &note, focused, joined);
    layout.areas.push((to_area(inside), Hit::Column { column, top: from }));
    for (at, line) in lines.iter().enumerate().skip(from).take(height) {
        let y = inside.y + (at - from) as u16;
        canvas.pieces(inside.x + 1, y, inside.width.saturating_sub(1), line, Modifier::empty());
        if Some(at) == chosen {
            let on_path = focused || column < app.place.column && app.place.column != DETAIL;
            let style = canvas.theme.style(Tone::Plain);
            if on_path || column == 2 {
                canvas.put(inside.x, y, 1, if focused { canvas.glyphs.bar } else { canvas.glyphs.chosen }, style);
            }
            if focused {
                canvas.reverse(Rect { y, height: 1, ..inside });
                if canvas.cursor.is_none() {
                    canvas.cursor = Some((inside.x, y));
                }
            }
        }
    }
}

fn detail(canvas: &mut Canvas<'_>, area: Rect, app: &App, layout: &mut Layout) {
    let focused = app.place.column == DETAIL;
    let cells = usize::from(area.width.saturating_sub(4));
    let mut rows: Vec<Line> = Vec::new();
    for line in &app.columns.detail {
        if app.wrap { rows.extend(wrapped(line, cells, 11)) } else { rows.push(line.clone()) }
    }
    let height = usize::from(area.height.saturating_sub(2));
    let from = app.detail_scroll.min(rows.len().saturating_sub(height));
    let note = scrolled_by_keys(from, height, rows.len());
    let title = clean(&app.columns.detail_title).into_owned();
    let inside = canvas.boxed(area, &title, &note, focused);
    layout.detail_height = height;
    layout.areas.push((to_area(inside), Hit::Detail));
    for (at, line) in rows.iter().skip(from).take(height).enumerate() {
        canvas.pieces(inside.x + 1, inside.y + at as u16, inside.width.saturating_sub(2), line, Modifier::empty());
    }
}

/// Before anything can be walked: the sources and how far they are.
fn loading(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    if app.nothing().is_some() {
        let inside = canvas.boxed(area, "NO DATA", "", true);
        return sentences(canvas, inside, &app.nothing_page());
    }
    let title = if app.loading { "LOADING  what is read so far" } else { "SOURCES" };
    let inside = canvas.boxed(area, title, "", true);
    for (at, line) in app.sources().iter().take(usize::from(inside.height)).enumerate() {
        canvas.pieces(inside.x + 1, inside.y + at as u16, inside.width.saturating_sub(2), line, Modifier::empty());
    }
}

pub(super) fn to_area(rect: Rect) -> Area {
    Area { x: rect.x, y: rect.y, width: rect.width, height: rect.height }
}
