//! The Policy screen: text with line numbers, a bar over the selected statement, words at the right.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::app::text::{Line, Tone};
use crate::app::{App, Hit, Layout};
use crate::base::text::clean;

use super::explorer::to_area;
use super::frame::{Canvas, top, wrapped};

pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App, layout: &mut Layout) {
    super::header::areas(app, layout);
    let (Some(view), Some(place)) = (&app.policy, &app.place.policy) else {
        let inside = canvas.boxed(body, "POLICY", "", true);
        canvas.line(inside.x + 1, inside.y, inside.width, "no document: select a role in the Explorer, then 6");
        return;
    };
    let upper = Rect { height: body.height - 1, ..body };
    canvas.line(1, body.bottom() - 1, body.width - 1, &view.summary());
    let one = app.zoom || body.width < 90;
    if one && place.in_words {
        return words(canvas, upper, app, layout);
    }
    let left = if one { upper } else { Rect { width: body.width * 64 / 100, ..upper } };
    if !one {
        words(canvas, Rect { x: left.right(), width: upper.width - left.width, ..upper }, app, layout);
    }
    let statement = view.statement_at(place.line);
    let note = statement.map_or_else(String::new, |at| format!("statement {} of {}", at + 1, view.statements.len()));
    let title = clean(&view.title()).into_owned();
    let inside = canvas.boxed(left, &title, &note, !place.in_words);
    let height = usize::from(inside.height);
    let from = top(place.top, place.line, height, view.lines.len());
    layout.page_height = height;
    layout.page_top = from;
    layout.areas.push((to_area(inside), Hit::Page { top: from }));
    let digits = view.lines.len().to_string().len().max(2);
    let matches = app.matches();
    if view.chosen().text.is_none() {
        let style = canvas.theme.style(Tone::Unknown);
        canvas.put(inside.x + 1, inside.y, inside.width, "not read: what it says is unknown, not nothing", style);
    }
    for (at, text) in view.lines.iter().enumerate().skip(from).take(height) {
        let y = inside.y + (at - from) as u16;
        let selected = statement.is_some_and(|it| view.statements[it].contains(&at));
        let plain = canvas.theme.style(Tone::Plain);
        if selected || at == place.line {
            canvas.put(inside.x, y, 1, canvas.glyphs.bar, plain);
        }
        let dim = canvas.theme.style(Tone::Dim);
        let x = inside.x + 1 + canvas.put(inside.x + 1, y, inside.width, &format!("{:>digits$}  ", at + 1), dim);
        let style = if matches.contains(&at) {
            canvas.theme.style(Tone::Strong).add_modifier(Modifier::UNDERLINED)
        } else {
            plain
        };
        canvas.put(x, y, inside.right().saturating_sub(x), text, style);
        if view.refuses_at(at) {
            let flag = format!(" {} NO ", canvas.glyphs.flag);
            canvas.put(inside.right().saturating_sub(6), y, 6, &flag, canvas.theme.style(Tone::Bad));
        } else if let Some(severity) = view.issue_at(at) {
            let flag = format!("{} {:<5}", canvas.glyphs.flag, severity.code());
            let style = canvas.theme.style(Tone::Severity(severity));
            canvas.put(inside.right().saturating_sub(7), y, 7, &flag, style);
        }
        if at == place.line {
            canvas.reverse(Rect { y, height: 1, ..inside });
            if canvas.cursor.is_none() {
                canvas.cursor = Some((inside.x, y));
            }
        }
    }
}

/// The words at the right: of the selected statement, and of a trust policy who asks.
fn words(canvas: &mut Canvas<'_>, area: Rect, app: &App, layout: &mut Layout) {
    let (Some(view), Some(place)) = (&app.policy, &app.place.policy) else { return };
    let statement = view.statement_at(place.line);
    let title = statement.map_or_else(|| String::from("DOCUMENT"), |at| format!("STATEMENT {}", at + 1));
    let cells = usize::from(area.width.saturating_sub(4));
    let rows: Vec<Line> = app.statement_words().iter().flat_map(|line| wrapped(line, cells, 3)).collect();
    let height = usize::from(area.height.saturating_sub(2));
    let from = app.detail_scroll.min(rows.len().saturating_sub(height));
    let below = rows.len().saturating_sub(from + height);
    let note = if below > 0 { format!("{below} more (J)") } else { String::new() };
    let inside = canvas.boxed(area, &title, &note, place.in_words);
    layout.detail_height = height;
    for (at, line) in rows.iter().skip(from).take(height).enumerate() {
        canvas.pieces(inside.x + 1, inside.y + at as u16, inside.width.saturating_sub(2), line, Modifier::empty());
    }
}
