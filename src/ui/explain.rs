//! The Explain screen: question and verdict, the steps, below or beside them the statement and what would help.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::app::explain::ExplainView;
use crate::app::text::{Line, Tone};
use crate::app::{App, Hit, Layout};
use crate::base::text::clean;

use super::explorer::to_area;
use super::frame::{Canvas, scrolled_by_keys, top, wrapped};

/// Rows that the lower pane gets at least.
const BELOW: u16 = 7;

pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App, layout: &mut Layout) {
    super::header::areas(app, layout);
    let Some(view) = app.explained() else {
        let inside = canvas.boxed(body, "EXPLAIN", "", true);
        canvas.line(inside.x + 1, inside.y, inside.width, "asking …");
        return;
    };
    let cells = usize::from(body.width.saturating_sub(4));
    let low = body.height < 20 && !app.zoom;
    let head = view.head(app.full_names);
    // A low screen has no rows for the ends of long sentences; z shows them.
    let wrap = |line: &Line| if low { vec![line.clone()] } else { wrapped(line, cells, 7) };
    let head: Vec<Line> = head.into_iter().flat_map(wrap).collect();
    let height = (head.len() as u16 + 2).min(body.height / 3);
    let upper = Rect { height, ..body };
    let title = if view.question.said.is_some() { "EXPLAIN   from the message you pasted" } else { "EXPLAIN" };
    let inside = canvas.boxed(upper, title, "", false);
    lines(canvas, inside, &head, 0);
    let rest = Rect { y: upper.bottom(), height: body.height - height, ..body };
    if view.steps.is_empty() || app.zoom {
        return below(canvas, rest, app, view, layout);
    }
    if body.width >= 140 {
        let left = Rect { width: rest.width * 60 / 100, ..rest };
        steps(canvas, left, app, view, layout);
        below(canvas, Rect { x: left.right(), width: rest.width - left.width, ..rest }, app, view, layout);
        return;
    }
    let wanted = view.steps.len() as u16 + 2;
    let upper = Rect { height: wanted.min(rest.height.saturating_sub(if low { BELOW - 1 } else { BELOW })), ..rest };
    steps(canvas, upper, app, view, layout);
    below(canvas, Rect { y: upper.bottom(), height: rest.height - upper.height, ..rest }, app, view, layout);
}

fn steps(canvas: &mut Canvas<'_>, area: Rect, app: &App, view: &ExplainView, layout: &mut Layout) {
    let height = usize::from(area.height.saturating_sub(2));
    let (cursor, count) = (app.explain_step(), view.steps.len());
    let from = top(0, cursor, height, count);
    let note =
        if count > height { format!("{}-{} of {count}", from + 1, (from + height).min(count)) } else { String::new() };
    let inside = canvas.boxed(area, "WHY   in the order AWS decides", &note, true);
    layout.list_height = height;
    layout.areas.push((to_area(inside), Hit::Page { top: from }));
    for (at, row) in view.steps.iter().enumerate().skip(from).take(height) {
        let y = inside.y + (at - from) as u16;
        let line = Line::default()
            .with(format!("{:>2} {:<23} ", at + 1, row.title), Tone::Plain)
            .with(format!("{:<12} ", row.result), row.tone)
            .with(&row.detail, Tone::Plain);
        canvas.pieces(inside.x + 1, y, inside.width.saturating_sub(1), &line, Modifier::empty());
        if at == cursor {
            let style = canvas.theme.style(Tone::Plain);
            canvas.put(inside.x, y, 1, canvas.glyphs.bar, style);
            canvas.reverse(Rect { y, height: 1, ..inside });
            canvas.cursor = canvas.cursor.or(Some((inside.x, y)));
        }
    }
}

fn below(canvas: &mut Canvas<'_>, area: Rect, app: &App, view: &ExplainView, layout: &mut Layout) {
    let step = app.explain_step();
    let cells = usize::from(area.width.saturating_sub(4));
    let wrap = |line: &Line| if app.wrap { wrapped(line, cells, 17) } else { vec![line.clone()] };
    let rows: Vec<Line> = view.below(step).iter().flat_map(wrap).collect();
    let height = usize::from(area.height.saturating_sub(2));
    let from = app.detail_scroll.min(rows.len().saturating_sub(height));
    let note = scrolled_by_keys(from, height, rows.len());
    let title = view.proof(step).map_or_else(|| "WHAT WOULD HELP".into(), |proof| clean(&proof.title).into_owned());
    let inside = canvas.boxed(area, &title, &note, app.zoom);
    layout.detail_height = height;
    layout.areas.push((to_area(inside), Hit::Detail));
    lines(canvas, inside, &rows, from);
}

fn lines(canvas: &mut Canvas<'_>, inside: Rect, rows: &[Line], from: usize) {
    for (at, line) in rows.iter().skip(from).take(usize::from(inside.height)).enumerate() {
        canvas.pieces(inside.x + 1, inside.y + at as u16, inside.width.saturating_sub(2), line, Modifier::empty());
    }
}
