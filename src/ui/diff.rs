//! The Diff screen: base and counts, the changes by effect, below or at the right the chosen one with its texts.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::app::diff::{Cells, Detail, DiffLine, DiffView};
use crate::app::text::{Line, Tone};
use crate::app::{App, Hit, Layout};
use crate::base::text::{clean, shorten, width};

use super::explorer::to_area;
use super::frame::{Canvas, scrolled, scrolled_by_keys, sentences, top, wrapped};

/// Texts stand side by side from so many cells on; below one follows the other, with a sign.
const BESIDE: usize = 76;

pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App, layout: &mut Layout) {
    super::header::areas(app, layout);
    let Some(view) = app.diff_view() else {
        let inside = canvas.boxed(body, "DIFF", "", true);
        return sentences(canvas, inside, &app.diff_note());
    };
    let upper = Rect { height: 5, ..body };
    let inside = canvas.boxed(upper, "DIFF", "", false);
    for (at, line) in view.head().iter().enumerate() {
        canvas.pieces(inside.x + 1, inside.y + at as u16, inside.width.saturating_sub(2), line, Modifier::empty());
    }
    let rest = Rect { y: upper.bottom(), height: body.height - upper.height, ..body };
    if app.zoom {
        return detail(canvas, rest, app, layout);
    }
    if body.width >= 140 {
        let cells = body.width * 45 / 100;
        let left = Rect { width: rest.width - cells, ..rest };
        changes(canvas, left, app, view, layout);
        return detail(canvas, Rect { x: left.right(), width: cells, ..rest }, app, layout);
    }
    let below = (rest.height / 2).max(5);
    let left = Rect { height: rest.height.saturating_sub(below), ..rest };
    changes(canvas, left, app, view, layout);
    detail(canvas, Rect { y: left.bottom(), height: below, ..rest }, app, layout);
}

fn changes(canvas: &mut Canvas<'_>, area: Rect, app: &App, view: &DiffView, layout: &mut Layout) {
    let lines = app.diff_lines();
    let cursor = app.place.diff.as_ref().map_or(0, |place| place.line);
    let height = usize::from(area.height.saturating_sub(2));
    let from = top(app.place.top, cursor, height, lines.len());
    let note = scrolled(from, height, lines.len());
    let inside = canvas.boxed(area, "CHANGES", &note, true);
    layout.list_height = height;
    layout.list_top = from;
    layout.areas.push((to_area(inside), Hit::Page { top: from }));
    if lines.is_empty() {
        return sentences(canvas, inside, &app.diff_nothing());
    }
    for (at, line) in lines.iter().enumerate().skip(from).take(height) {
        let y = inside.y + (at - from) as u16;
        let room = inside.width.saturating_sub(1);
        match (line, view.cells(*line, app.full_names)) {
            (DiffLine::Head(section), _) => {
                canvas.pieces(inside.x + 1, y, room, &view.heading(*section, lines), Modifier::empty());
            }
            (_, Some(cells)) => row(canvas, Rect { x: inside.x + 1, y, width: room, height: 1 }, &cells),
            (_, None) => {}
        }
        if at == cursor {
            let style = canvas.theme.style(Tone::Plain);
            canvas.put(inside.x, y, 1, canvas.glyphs.bar, style);
            canvas.reverse(Rect { y, height: 1, ..inside });
            canvas.cursor = canvas.cursor.or(Some((inside.x, y)));
        }
    }
}

fn row(canvas: &mut Canvas<'_>, area: Rect, cells: &Cells) {
    let room = usize::from(area.width).saturating_sub(2 + 12);
    let name = (room * 42 / 100).min(width(&cells.subject).max(36));
    let mut subject = shorten(&clean(&cells.subject), name, canvas.glyphs.gap).into_owned();
    subject.extend(std::iter::repeat_n(' ', name.saturating_sub(width(&subject)) + 1));
    let line = Line::default()
        .with(format!("{} ", cells.sign), Tone::Strong)
        .with(format!("{:<12}", cells.topic), Tone::Dim)
        .with(subject, Tone::Plain)
        .with(&cells.text, cells.tone);
    canvas.pieces(area.x, area.y, area.width, &line, Modifier::empty());
}

fn detail(canvas: &mut Canvas<'_>, area: Rect, app: &App, layout: &mut Layout) {
    let cells = usize::from(area.width.saturating_sub(4));
    let wrap = |line: &Line| if app.wrap { wrapped(line, cells, 2) } else { vec![line.clone()] };
    let rows: Vec<Line> = app
        .diff_detail()
        .iter()
        .flat_map(|it| match it {
            Detail::Line(line) => wrap(line),
            Detail::Beside { before, after } => {
                beside(before.as_deref(), after.as_deref(), cells, canvas.glyphs.vertical)
            }
        })
        .collect();
    let height = usize::from(area.height.saturating_sub(2));
    let from = app.detail_scroll.min(rows.len().saturating_sub(height));
    let note = scrolled_by_keys(from, height, rows.len());
    let inside = canvas.boxed(area, "CHANGE", &note, app.zoom);
    layout.detail_height = height;
    layout.areas.push((to_area(inside), Hit::Detail));
    for (at, line) in rows.iter().skip(from).take(height).enumerate() {
        canvas.pieces(inside.x + 1, inside.y + at as u16, inside.width.saturating_sub(2), line, Modifier::empty());
    }
}

/// One line of the earlier text and one of the later: beside each other, or below.
fn beside(before: Option<&str>, after: Option<&str>, cells: usize, edge: &str) -> Vec<Line> {
    let same = before == after;
    let tone = if same { Tone::Dim } else { Tone::Plain };
    let half = cells.saturating_sub(3) / 2;
    // What was changed is shown whole; what stayed may be cut.
    let fits = |text: Option<&str>| text.is_none_or(|text| width(&clean(text)) + 2 <= half);
    let below = !same && (!fits(before) || !fits(after));
    if cells < BESIDE || below {
        let line = |sign: &str, text: &str| Line::default().with(sign, Tone::Strong).with(text, tone);
        return match (before, after) {
            (Some(text), _) if same => vec![line("  ", text)],
            (before, after) => {
                let before = before.map(|text| line("- ", text));
                before.into_iter().chain(after.map(|text| line("+ ", text))).collect()
            }
        };
    }
    let side = |text: Option<&str>, sign: &str| {
        let text = clean(text.unwrap_or_default()).replace('\t', "    ");
        let sign = if same || text.is_empty() { " " } else { sign };
        let mut shown = format!("{sign} {}", crate::base::text::take_start(&text, half - 2));
        shown.extend(std::iter::repeat_n(' ', half.saturating_sub(width(&shown))));
        shown
    };
    let line =
        Line::default().with(side(before, "-"), tone).with(format!(" {edge} "), Tone::Dim).with(side(after, "+"), tone);
    vec![line]
}
