//! The Findings screen: the list by owner, below or beside it the chosen one in words, and the line on what was not
//! looked at.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::app::list::{ListLine, ListRow, ListView, label};
use crate::app::place::SortBy;
use crate::app::text::{Line, Tone};
use crate::app::{App, DETAIL, Hit, Layout};
use crate::base::text::{clean, shorten, take_start, width};
use crate::findings::Finding;

use super::explorer::list_top;
use super::explorer::to_area;
use super::frame::{Canvas, scrolled, scrolled_by_keys, sentences, top, wrapped};

/// Cells of the severity, of the pods and of the age, each with a blank.
const SEVERITY: u16 = 5;
const PODS: u16 = 7;
const AGE: u16 = 7;

pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App, layout: &mut Layout) {
    super::header::areas(app, layout);
    layout.columns = 1;
    let upper = Rect { height: body.height - 1, ..body };
    canvas.pieces(1, body.bottom() - 1, body.width - 1, &app.findings_footer(), Modifier::empty());
    let Some(view) = app.list().filter(|view| view.index.marks.complete) else {
        let inside = canvas.boxed(upper, "FINDINGS", "", true);
        canvas.line(inside.x + 1, inside.y, inside.width.saturating_sub(1), app.findings_wait());
        return;
    };
    if app.zoom {
        return match app.place.column {
            DETAIL => detail(canvas, upper, app, layout),
            _ => list(canvas, upper, app, view, layout),
        };
    }
    if body.width >= 140 {
        let cells = (body.width * 2 / 5).clamp(56, 96);
        let left = Rect { width: upper.width - cells, ..upper };
        list(canvas, left, app, view, layout);
        return detail(canvas, Rect { x: left.right(), width: cells, ..upper }, app, layout);
    }
    let below = (upper.height / 2).max(5);
    let left = Rect { height: upper.height - below, ..upper };
    list(canvas, left, app, view, layout);
    detail(canvas, Rect { y: left.bottom(), height: below, ..upper }, app, layout);
}

/// Widths of rule and place.
fn columns(room: u16) -> [usize; 2] {
    let room = usize::from(room.saturating_sub(SEVERITY + PODS + AGE + 2));
    let rule = (room * 42 / 100).min(42);
    [rule, room - rule]
}

fn list(canvas: &mut Canvas<'_>, area: Rect, app: &App, view: &ListView, layout: &mut Layout) {
    let focused = app.place.column != DETAIL;
    let height = usize::from(area.height.saturating_sub(3));
    let from = list_top(app, view, height);
    let note = scrolled(from, height, view.lines.len());
    let inside = canvas.boxed(area, &app.list_title(), &note, focused);
    layout.list_height = height;
    layout.list_top = from;
    let widths = columns(inside.width);
    if view.lines.is_empty() {
        return sentences(canvas, inside, &[Line::plain(app.no_findings())]);
    }
    let dim = canvas.theme.style(Tone::Dim);
    let head = format!(
        "{:<5}{:<rule$} {:<place$} {:<7}{:<7}",
        "SEV",
        "RULE",
        "WHERE AND WHAT",
        "PODS",
        "AGE",
        rule = widths[0],
        place = widths[1]
    );
    canvas.put(inside.x + 1, inside.y, inside.width.saturating_sub(1), &head, dim);
    let rows = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    layout.areas.push((to_area(rows), Hit::List { top: from }));
    for (at, line) in view.lines.iter().enumerate().skip(from).take(height) {
        let y = rows.y + (at - from) as u16;
        match line {
            ListLine::Header(row) => header(canvas, rows, y, &view.index.rows[*row as usize], view, app),
            ListLine::Row(row) => self::row(canvas, rows, y, &view.index.rows[*row as usize], view, app, widths),
        }
        if Some(at) == app.cursor {
            let style = canvas.theme.style(Tone::Plain);
            canvas.put(rows.x, y, 1, if focused { canvas.glyphs.bar } else { canvas.glyphs.chosen }, style);
            if focused {
                canvas.reverse(Rect { y, height: 1, ..rows });
                canvas.cursor = canvas.cursor.or(Some((rows.x, y)));
            }
        }
    }
}

fn header(canvas: &mut Canvas<'_>, inside: Rect, y: u16, row: &ListRow, view: &ListView, app: &App) {
    let several = app.inventory().clusters.len() > 1 && !row.cluster.is_empty();
    let name = if several { format!("{}  {}", row.section, row.cluster) } else { row.section.to_string() };
    let folded = if view.is_folded() { "  (l unfolds)" } else { "" };
    let style = canvas.theme.style(Tone::Strong);
    let room = inside.width.saturating_sub(2);
    let name = shorten(&clean(&name), usize::from(room), canvas.glyphs.gap).into_owned();
    canvas.put(inside.x + 1, y, room, &format!("{name}{folded}"), style);
}

/// `HIGH  irsa-not-injected   deployment orders-worker   ×3   2 h`
fn row(canvas: &mut Canvas<'_>, inside: Rect, y: u16, row: &ListRow, view: &ListView, app: &App, widths: [usize; 2]) {
    let finding = row.finding.and_then(|at| app.estate().found_already()?.0.all.get(at as usize));
    let (Some(finding), Some(at)) = (finding, row.finding) else { return };
    let gap = canvas.glyphs.gap;
    let tone = if row.accepted { Tone::Dim } else { Tone::Severity(finding.severity) };
    let plain = if row.accepted { Tone::Dim } else { Tone::Plain };
    let mark = if row.accepted { " accepted" } else { row.note };
    let rule = shorten(finding.rule.slug, widths[0].saturating_sub(width(mark)), gap).into_owned();
    let place = clean(&place(finding, row, view)).into_owned();
    let place = match width(&place) > widths[1] {
        true => format!("{}{gap}", take_start(&place, widths[1].saturating_sub(width(gap)))),
        false => place,
    };
    let pods = if row.count > 0 { format!("{}{}", canvas.glyphs.times, row.count) } else { "-".to_owned() };
    let line = Line::default()
        .with(format!("{:<5}", finding.severity.code()), tone)
        .with(padded(&format!("{rule}{mark}"), widths[0] + 1), plain)
        .with(padded(&place, widths[1] + 1), plain)
        .with(padded(&pods, usize::from(PODS)), plain)
        .with(app.finding_age(at), Tone::Dim);
    canvas.pieces(inside.x + 1, y, inside.width.saturating_sub(1), &line, Modifier::empty());
}

/// The subject, unless it is the heading, and what is wrong: rows of one rule and subject are told apart by that.
fn place(finding: &Finding, row: &ListRow, view: &ListView) -> String {
    let subject = &finding.subject;
    let what = finding.message.strip_prefix(&format!("{subject} ")).unwrap_or(&finding.message);
    match view.ask.sort {
        SortBy::Default if *row.section == *label(subject) => finding.message.clone(),
        SortBy::Default => format!("{} {}: {what}", subject.kind.word(), subject.name),
        _ => format!("{}: {what}", label(subject)),
    }
}

/// Filled with blanks up to a width in cells.
fn padded(text: &str, cells: usize) -> String {
    let mut text = text.to_owned();
    text.extend(std::iter::repeat_n(' ', cells.saturating_sub(width(&text))));
    text
}

fn detail(canvas: &mut Canvas<'_>, area: Rect, app: &App, layout: &mut Layout) {
    let focused = app.place.column == DETAIL;
    let cells = usize::from(area.width.saturating_sub(4));
    let chosen = app.finding_line().filter(|_| focused);
    let mut rows: Vec<(usize, Line)> = Vec::new();
    for (at, line) in app.columns.detail.iter().enumerate() {
        let indent = if at == 0 { 0 } else { 11 };
        let parts = if app.wrap { wrapped(line, cells, indent) } else { vec![line.clone()] };
        rows.extend(parts.into_iter().map(|part| (at, part)));
    }
    let height = usize::from(area.height.saturating_sub(2));
    let from = match chosen.and_then(|chosen| rows.iter().position(|(at, _)| *at == chosen)) {
        Some(row) => top(app.detail_scroll, row, height, rows.len()),
        None => app.detail_scroll.min(rows.len().saturating_sub(height)),
    };
    let note = scrolled_by_keys(from, height, rows.len());
    let title = clean(&app.columns.detail_title).into_owned();
    let inside = canvas.boxed(area, &title, &note, focused);
    layout.detail_height = height;
    layout.areas.push((to_area(inside), Hit::Detail));
    for (y, (at, line)) in (inside.y..).zip(rows.iter().skip(from).take(height)) {
        canvas.pieces(inside.x + 1, y, inside.width.saturating_sub(2), line, Modifier::empty());
        if Some(*at) == chosen {
            let style = canvas.theme.style(Tone::Plain);
            canvas.put(inside.x, y, 1, canvas.glyphs.bar, style);
            canvas.reverse(Rect { y, height: 1, ..inside });
            canvas.cursor = canvas.cursor.or(Some((inside.x, y)));
        }
    }
}
