//! The RBAC screen: powers, subjects, what they can use, and the rules below or at the right.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::app::rbac::{POWERS, RULES, RbacView, SUBJECTS, USES};
use crate::app::text::{Line, Tone};
use crate::app::{App, Hit, Layout};

use super::explorer::to_area;
use super::frame::{Canvas, scrolled, top, wrapped};

pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App, layout: &mut Layout) {
    super::header::areas(app, layout);
    let (Some(view), Some(place)) = (app.rbac_view(), &app.place.rbac) else {
        let inside = canvas.boxed(body, "RBAC", "", true);
        canvas.line(inside.x + 1, inside.y, inside.width, "nothing was read yet");
        return;
    };
    let focus = place.column;
    if app.zoom {
        return pane(canvas, body, app, view, layout, focus, [false, false]);
    }
    let (upper, lower) = if body.width >= 140 {
        let cells = body.width * 38 / 100;
        let left = Rect { width: body.width - cells, ..body };
        (left, Rect { x: left.right(), width: cells, ..body })
    } else {
        let height = if body.height >= 20 { 8 } else { 6 };
        let upper = Rect { height: body.height - height, ..body };
        (upper, Rect { y: upper.bottom(), height, ..body })
    };
    if body.width < 90 {
        // The current column and the next.
        let left = if focus == POWERS { upper.width * 35 / 100 } else { upper.width / 2 };
        let one = Rect { width: left, ..upper };
        let two = Rect { x: left, width: upper.width - left, ..upper };
        let first = if focus == POWERS || focus == RULES { POWERS } else { SUBJECTS };
        pane(canvas, one, app, view, layout, first, [false, false]);
        pane(canvas, two, app, view, layout, first + 1, [false, false]);
    } else {
        // Three columns share two edges.
        let cells = upper.width + 2;
        let (first, second) = ((cells / 4).clamp(25, 30), cells * 40 / 100);
        let one = Rect { width: first, ..upper };
        let two = Rect { x: first - 1, width: second, ..upper };
        let three = Rect { x: first + second - 2, width: cells - first - second, ..upper };
        pane(canvas, one, app, view, layout, POWERS, [false, true]);
        pane(canvas, two, app, view, layout, SUBJECTS, [true, true]);
        pane(canvas, three, app, view, layout, USES, [true, false]);
    }
    pane(canvas, lower, app, view, layout, RULES, [false, false]);
}

fn pane(
    canvas: &mut Canvas<'_>,
    area: Rect,
    app: &App,
    view: &RbacView,
    layout: &mut Layout,
    column: usize,
    joined: [bool; 2],
) {
    let focused = app.place.rbac.as_ref().is_some_and(|it| it.column == column);
    let count = |number: usize| if number == 0 { String::new() } else { format!(" {number}") };
    let title = match column {
        POWERS => format!("POWERS{}", count(view.powers.iter().flatten().count())),
        SUBJECTS => format!("SUBJECTS{}", count(view.holders.len())),
        USES => "CAN USE".to_owned(),
        _ => match view.holder() {
            Some(holder) => format!("RULES  {}", holder.subject),
            None => "RULES".to_owned(),
        },
    };
    let cells = usize::from(area.width.saturating_sub(4));
    if column == RULES {
        return rules(canvas, area, app, &title, &view.panes[RULES], focused, layout);
    }
    let lines = &view.panes[column];
    let chosen = view.chosen[column];
    let height = usize::from(area.height.saturating_sub(2));
    let from = top(0, chosen.unwrap_or(0), height, lines.len());
    let note = scrolled(from, height, lines.len());
    let inside = canvas.frame(area, &title, &note, focused, joined);
    if focused {
        layout.list_height = height;
    }
    layout.areas.push((to_area(inside), Hit::Column { column, top: from }));
    let mut y = inside.y;
    for (at, line) in lines.iter().enumerate().skip(from) {
        // Sentences are broken; names that can be chosen are cut.
        let rows = if line.target.is_some() || column == POWERS && at < view.powers.len() {
            vec![line.clone()]
        } else {
            wrapped(line, cells, 2)
        };
        for row in rows {
            if y >= inside.bottom() {
                return;
            }
            canvas.pieces(inside.x + 1, y, inside.width.saturating_sub(1), &row, Modifier::empty());
            if Some(at) == chosen {
                let style = canvas.theme.style(Tone::Plain);
                let glyph = if focused { canvas.glyphs.bar } else { canvas.glyphs.chosen };
                canvas.put(inside.x, y, 1, glyph, style);
                if focused {
                    canvas.reverse(Rect { y, height: 1, ..inside });
                    if canvas.cursor.is_none() {
                        canvas.cursor = Some((inside.x, y));
                    }
                }
            }
            y += 1;
        }
    }
}

fn rules(
    canvas: &mut Canvas<'_>,
    area: Rect,
    app: &App,
    title: &str,
    lines: &[Line],
    focused: bool,
    layout: &mut Layout,
) {
    let cells = usize::from(area.width.saturating_sub(4));
    let rows: Vec<Line> = lines.iter().flat_map(|line| wrapped(line, cells, 11)).collect();
    let height = usize::from(area.height.saturating_sub(2));
    let from = app.detail_scroll.min(rows.len().saturating_sub(height));
    let below = rows.len().saturating_sub(from + height);
    let note = if below > 0 { format!("{below} more (J)") } else { String::new() };
    let inside = canvas.boxed(area, title, &note, focused);
    layout.detail_height = height;
    layout.areas.push((to_area(inside), Hit::Detail));
    for (at, line) in rows.iter().skip(from).take(height).enumerate() {
        canvas.pieces(inside.x + 1, inside.y + at as u16, inside.width.saturating_sub(2), line, Modifier::empty());
    }
    if focused && canvas.cursor.is_none() {
        canvas.cursor = Some((inside.x, inside.y));
    }
}
