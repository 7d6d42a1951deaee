//! Screens 3 and 5: the tree or the steps at the left, what they come to at the right.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::analysis::picture::cells::{Mark, Window};
use crate::app::place::ReachPlace;
use crate::app::reach::ReachView;
use crate::app::text::{Line, Tone};
use crate::app::{App, Hit, Layout};

use super::explorer::to_area;
use super::frame::{Canvas, scrolled, scrolled_by_keys, top, wrapped};

pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App, layout: &mut Layout) {
    super::header::areas(app, layout);
    let Some((view, place)) = app.reached() else {
        let inside = canvas.boxed(body, "BLAST RADIUS", "", true);
        canvas.line(inside.x + 1, inside.y, inside.width, "asking …");
        return;
    };
    if place.picture {
        return picture(canvas, body, app, view, place, layout);
    }
    let note_rows = 1;
    let upper = Rect { height: body.height - note_rows, ..body };
    let (left, right) = if app.zoom {
        (upper, Rect::default())
    } else if body.width >= 90 {
        let cells = (body.width * 38 / 100).min(80);
        let left = Rect { width: body.width - cells, ..upper };
        (left, Rect { x: left.right(), width: cells, ..upper })
    } else {
        let high = upper.height * 6 / 10;
        let left = Rect { height: high, ..upper };
        (left, Rect { y: left.bottom(), height: upper.height - high, ..upper })
    };
    let shown = view.visible(place);
    let rows = view.alternatives.get(place.alternative);
    let height = usize::from(left.height.saturating_sub(2));
    let cursor = place.cursor.min(shown.len().saturating_sub(1));
    let from = top(0, cursor, height, shown.len());
    let note = scrolled(from, height, shown.len());
    let count = view.alternatives.len();
    let title =
        if count > 1 { format!("{}   {} of {count}", view.title, place.alternative + 1) } else { view.title.clone() };
    let inside = canvas.boxed(left, &title, &note, true);
    layout.list_height = height;
    layout.list_top = from;
    layout.areas.push((to_area(inside), Hit::Page { top: from }));
    for (at, number) in shown.iter().enumerate().skip(from).take(height) {
        let Some(row) = rows.and_then(|rows| rows.get(*number)) else { continue };
        let y = inside.y + (at - from) as u16;
        let folded = row.key.as_ref().is_some_and(|key| place.folded.contains(key));
        let line = if folded { unfolded(&row.line) } else { row.line.clone() };
        canvas.pieces(inside.x + 1, y, inside.width.saturating_sub(1), &line, Modifier::empty());
        if at == cursor {
            let style = canvas.theme.style(Tone::Plain);
            canvas.put(inside.x, y, 1, canvas.glyphs.bar, style);
            canvas.reverse(Rect { y, height: 1, ..inside });
            canvas.cursor = canvas.cursor.or(Some((inside.x, y)));
        }
    }
    if shown.is_empty() {
        canvas.line(inside.x + 1, inside.y, inside.width.saturating_sub(1), &view.note);
    }
    canvas.line(body.x + 1, upper.bottom(), body.width.saturating_sub(1), &view.note);
    if right.width > 0 {
        let row = shown.get(cursor).copied().unwrap_or_default();
        beside(canvas, right, app, view.beside(place.alternative, row), layout);
    }
}

/// Columns of things with lines between them; the way to the chosen one stands out.
fn picture(canvas: &mut Canvas<'_>, body: Rect, app: &App, view: &ReachView, place: &ReachPlace, layout: &mut Layout) {
    let Some(drawn) = app.sketched() else { return };
    let spot = place.spot.unwrap_or(drawn.start);
    let area = Rect { height: body.height.saturating_sub(1), ..body };
    let way = view.sketch.way(drawn, place.alternative, spot);
    let wide = usize::from(area.width.saturating_sub(4));
    let height = usize::from(area.height.saturating_sub(3));
    let row = drawn.spots.get(spot).map_or(0, |it| it.row);
    let from = top(0, row, height, drawn.rows);
    let window = Window { wide, from, height };
    let cells = drawn.cells(window, Some(spot), &|route| way.contains(&route), canvas.ascii);
    let sides = match cells.hidden {
        (0, 0) => "",
        (0, _) => "  more to the right (l)",
        (_, 0) => "  more to the left (h)",
        _ => "  more on both sides (h l)",
    };
    let cut = if drawn.cut > 0 { format!(", {} more not drawn", drawn.cut) } else { String::new() };
    let note = format!("{}{cut}{sides}", scrolled(from, height, drawn.rows));
    let inside = canvas.boxed(area, &view.title, &note, true);
    layout.list_height = height;
    layout.list_top = from;
    layout.areas.push((to_area(inside), Hit::Page { top: from }));
    let shown = std::iter::once(&cells.titles).chain(&cells.rows);
    for (at, row) in shown.enumerate() {
        let mut x = inside.x + 1;
        for (text, mark) in row {
            let (tone, extra) = match mark {
                Mark::Blank | Mark::Line | Mark::Doubtful => (Tone::Dim, Modifier::empty()),
                Mark::Title | Mark::Path | Mark::OnPath => (Tone::Strong, Modifier::empty()),
                Mark::Label => (Tone::Plain, Modifier::empty()),
                Mark::Folded => (Tone::Dim, Modifier::ITALIC),
                Mark::Chosen => (Tone::Strong, Modifier::REVERSED),
            };
            let style = canvas.theme.style(tone).add_modifier(extra);
            let y = inside.y + at as u16;
            if *mark == Mark::Chosen {
                canvas.cursor = canvas.cursor.or(Some((x, y)));
            }
            x += canvas.put(x, y, inside.right().saturating_sub(x), text, style);
        }
    }
    canvas.line(body.x + 1, area.bottom(), body.width.saturating_sub(1), &view.sketch.words(drawn, spot));
}

/// A folded line shows that there is more below it.
fn unfolded(line: &Line) -> Line {
    let mut line = line.clone();
    if let Some(piece) = line.pieces.first_mut() {
        piece.text = piece.text.replace('▾', "▸");
    }
    line
}

fn beside(canvas: &mut Canvas<'_>, area: Rect, app: &App, lines: &[Line], layout: &mut Layout) {
    let cells = usize::from(area.width.saturating_sub(4));
    let rows: Vec<Line> = lines.iter().flat_map(|line| wrapped(line, cells, 8)).collect();
    let height = usize::from(area.height.saturating_sub(2));
    let from = app.detail_scroll.min(rows.len().saturating_sub(height));
    let note = scrolled_by_keys(from, height, rows.len());
    let title = if app.is_path() { "STEP" } else { "WHAT IT REACHES" };
    let inside = canvas.boxed(area, title, &note, false);
    layout.detail_height = height;
    layout.areas.push((to_area(inside), Hit::Detail));
    for (at, line) in rows.iter().skip(from).take(height).enumerate() {
        canvas.pieces(inside.x + 1, inside.y + at as u16, inside.width.saturating_sub(2), line, Modifier::empty());
    }
}
