//! Pages, menus, pickers, and the suggestions of the command line.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::app::overlay::{Menu, Overlay, Page, Picker};
use crate::app::text::{Line, Tone};
use crate::app::{App, Hit, Layout};
use crate::base::text::{clean, width};

use super::explorer::to_area;
use super::frame::{Canvas, scrolled, top};

pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, body: Rect, app: &App, layout: &mut Layout) {
    match &app.overlay {
        Some(Overlay::Page(page)) => self::page(canvas, body, app, page, layout),
        Some(Overlay::Menu(menu)) => self::menu(canvas, body, menu, layout),
        Some(Overlay::Picker(picker)) => self::picker(canvas, body, picker, layout),
        None => {}
    }
    suggestions(canvas, area, app);
}

fn page(canvas: &mut Canvas<'_>, body: Rect, app: &App, page: &Page, layout: &mut Layout) {
    canvas.clear(body);
    let height = usize::from(body.height.saturating_sub(2));
    let stops = page.has_stops();
    let from = if stops || !app.search.is_empty() {
        top(page.top, page.cursor, height, page.lines.len())
    } else {
        page.cursor.min(page.lines.len().saturating_sub(1))
    };
    let note = scrolled(from, height, page.lines.len());
    let title = clean(&page.title).into_owned();
    let inside = canvas.boxed(body, &title, &note, true);
    layout.page_height = height;
    layout.page_top = from;
    layout.areas.push((to_area(inside), Hit::Page { top: from }));
    let matches = app.matches();
    for (at, line) in page.lines.iter().enumerate().skip(from).take(height) {
        let y = inside.y + (at - from) as u16;
        let found = matches.contains(&at);
        let extra = if found { Modifier::BOLD | Modifier::UNDERLINED } else { Modifier::empty() };
        canvas.pieces(inside.x + 1, y, inside.width.saturating_sub(1), line, extra);
        let here = at == page.cursor && (stops || (found && !app.search.is_empty()))
            || page.marked == Some(at) && app.search.is_empty();
        if here {
            let style = canvas.theme.style(Tone::Plain);
            canvas.put(inside.x, y, 1, canvas.glyphs.bar, style);
            canvas.reverse(Rect { y, height: 1, ..inside });
            canvas.cursor = canvas.cursor.or(Some((inside.x, y)));
        }
    }
}

/// A box in the middle of the body.
fn middle(body: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(body.width), height.min(body.height));
    Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 2, width, height }
}

fn menu(canvas: &mut Canvas<'_>, body: Rect, menu: &Menu, layout: &mut Layout) {
    let longest = menu.items.iter().map(|item| width(&item.label) + item.blocked.map_or(0, |it| it.len() + 3)).max();
    let cells = longest.unwrap_or(20) as u16 + 14;
    let area = middle(body, cells, menu.items.len() as u16 + 2);
    canvas.clear(area);
    let inside = canvas.boxed(area, menu.title, "esc closes", true);
    let height = usize::from(inside.height);
    let from = top(0, menu.cursor, height, menu.items.len());
    layout.areas.push((to_area(inside), Hit::Picker { top: from }));
    for (at, item) in menu.items.iter().enumerate().skip(from).take(height) {
        let tone = if item.blocked.is_some() { Tone::Dim } else { Tone::Plain };
        let reason = item.blocked.map_or_else(String::new, |reason| format!("  ({reason})"));
        let line = Line::default()
            .with(format!("{:>6}  ", item.key), Tone::Strong)
            .with(format!("{}{reason}", item.label), tone);
        choice(canvas, inside, inside.y + (at - from) as u16, &line, at == menu.cursor);
    }
}

fn picker(canvas: &mut Canvas<'_>, body: Rect, picker: &Picker, layout: &mut Layout) {
    let area = middle(body, body.width.saturating_sub(8).min(96), body.height);
    canvas.clear(area);
    let note = format!("{}", picker.shown.len());
    let inside = canvas.boxed(area, picker.title, &note, true);
    let strong = canvas.theme.style(Tone::Strong);
    let x = inside.x + 1 + canvas.put(inside.x + 1, inside.y, inside.width, "> ", strong);
    let text = clean(picker.input.text()).into_owned();
    let before = width(&clean(picker.input.before_cursor())) as u16;
    canvas.line(x, inside.y, inside.right().saturating_sub(x), &text);
    canvas.cursor = Some(((x + before).min(inside.right().saturating_sub(1)), inside.y));
    let rows = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    let height = usize::from(rows.height);
    let from = top(0, picker.cursor, height, picker.shown.len());
    layout.areas.push((to_area(rows), Hit::Picker { top: from }));
    for (at, item) in picker.items().enumerate().skip(from).take(height) {
        let tone = if item.blocked.is_some() { Tone::Dim } else { Tone::Plain };
        let line = Line::default().with(format!("{:<18} ", item.label), tone).with(&item.note, Tone::Dim);
        choice(canvas, rows, rows.y + (at - from) as u16, &line, at == picker.cursor);
    }
}

fn choice(canvas: &mut Canvas<'_>, inside: Rect, y: u16, line: &Line, chosen: bool) {
    canvas.pieces(inside.x + 1, y, inside.width.saturating_sub(1), line, Modifier::empty());
    if chosen {
        let style = canvas.theme.style(Tone::Plain);
        canvas.put(inside.x, y, 1, canvas.glyphs.bar, style);
        canvas.reverse(Rect { y, height: 1, ..inside });
        canvas.cursor = canvas.cursor.or(Some((inside.x, y)));
    }
}

/// Above the input line; the first is what tab takes.
fn suggestions(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let suggestions = app.suggestions();
    if suggestions.is_empty() {
        return;
    }
    let height = suggestions.len() as u16 + 2;
    let place = Rect { x: 0, y: (area.height - 3).saturating_sub(height), width: area.width.min(90), height };
    canvas.clear(place);
    let inside = canvas.boxed(place, "", "tab takes the first", true);
    let cells = suggestions.iter().map(|it| width(&it.text)).max().unwrap_or(0).clamp(16, 40);
    for (at, suggestion) in suggestions.iter().enumerate() {
        let tone = if at == 0 { Tone::Strong } else { Tone::Plain };
        let line =
            Line::default().with(format!("{:<cells$} ", suggestion.text), tone).with(&suggestion.note, Tone::Dim);
        canvas.pieces(inside.x + 1, inside.y + at as u16, inside.width.saturating_sub(2), &line, Modifier::empty());
    }
}
