//! A frame as a picture: text in a monospaced grid, no fonts or scripts of its own.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

const CELL: (u32, u32) = (8, 17);
const BACKGROUND: &str = "#16181d";
const TEXT: &str = "#d8dee9";

fn color(color: Color, other: &str) -> String {
    match color {
        Color::Red => "#ff7b72".into(),
        Color::Green => "#8fce8f".into(),
        Color::Yellow => "#e5c07b".into(),
        Color::Magenta => "#e48cf0".into(),
        Color::Cyan => "#6cc7d6".into(),
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        _ => other.into(),
    }
}

fn look(cell: &Cell) -> (String, String, Modifier) {
    let (text, back) = (color(cell.fg, TEXT), color(cell.bg, BACKGROUND));
    if cell.modifier.contains(Modifier::REVERSED) { (back, text, cell.modifier) } else { (text, back, cell.modifier) }
}

/// The picture. The same frame gives the same bytes.
pub fn svg(buffer: &Buffer, title: &str) -> String {
    let area = buffer.area;
    let (width, height) = (u32::from(area.width) * CELL.0 + 16, u32::from(area.height) * CELL.1 + 16);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"{BACKGROUND}\"/>\n\
         <g font-family=\"ui-monospace,Menlo,Consolas,monospace\" font-size=\"13\" xml:space=\"preserve\">\n",
        escaped(title)
    );
    for y in area.top()..area.bottom() {
        let mut x = area.left();
        while x < area.right() {
            let first = look(&buffer[(x, y)]);
            let start = x;
            let mut text = String::new();
            while x < area.right() && look(&buffer[(x, y)]) == first {
                text.push_str(buffer[(x, y)].symbol());
                x += 1;
            }
            run(&mut out, (start, y, x - start), &text, &first);
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn run(
    out: &mut String,
    (x, y, cells): (u16, u16, u16),
    text: &str,
    (fill, back, modifier): &(String, String, Modifier),
) {
    let (left, top) = (u32::from(x) * CELL.0 + 8, u32::from(y) * CELL.1 + 8);
    let length = u32::from(cells) * CELL.0;
    // Writing to a string does not fail.
    if back != BACKGROUND {
        let _ =
            writeln!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{length}\" height=\"{}\" fill=\"{back}\"/>", CELL.1);
    }
    if text.trim().is_empty() {
        return;
    }
    let mut style = String::new();
    if modifier.contains(Modifier::BOLD) {
        style.push_str(" font-weight=\"bold\"");
    }
    if modifier.contains(Modifier::DIM) {
        style.push_str(" opacity=\"0.65\"");
    }
    if modifier.contains(Modifier::UNDERLINED) {
        style.push_str(" text-decoration=\"underline\"");
    }
    let _ = writeln!(
        out,
        "<text x=\"{left}\" y=\"{}\" textLength=\"{length}\" fill=\"{fill}\"{style}>{}</text>",
        top + 13,
        escaped(text)
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace(' ', "\u{a0}")
}
