//! A frame as text: each row, and below it a row of letters for its styles where it has any.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// `R` reversed, `B` bold, `d` dim, `u` underlined, `i` italic; colours by what they stand for: `C` critical, `H` high,
/// `M` medium, `L` low, `G` good, `U` unknown; `#` a colour of a theme.
fn letter(cell: &Cell) -> char {
    let has = |modifier| cell.modifier.contains(modifier);
    if has(Modifier::REVERSED) {
        return 'R';
    }
    match cell.fg {
        Color::Magenta if has(Modifier::BOLD) => 'C',
        Color::Magenta => 'U',
        Color::Red => 'H',
        Color::Yellow => 'M',
        Color::Cyan => 'L',
        Color::Green => 'G',
        Color::Rgb(..) => '#',
        _ if has(Modifier::UNDERLINED) => 'u',
        _ if has(Modifier::BOLD) => 'B',
        _ if has(Modifier::DIM) => 'd',
        _ if has(Modifier::ITALIC) => 'i',
        _ => ' ',
    }
}

/// The whole frame. Ends of rows are trimmed; style rows start with `~`, the cell below the first one.
pub fn dump(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let (mut text, mut style) = (String::new(), String::from("~"));
        for x in buffer.area.left()..buffer.area.right() {
            let cell = &buffer[(x, y)];
            text.push_str(cell.symbol());
            let plain = cell.symbol() == " " && !cell.modifier.contains(Modifier::REVERSED);
            style.push(if plain { ' ' } else { letter(cell) });
        }
        out.push(' ');
        out.push_str(text.trim_end());
        out.push('\n');
        if style.trim_end().len() > 1 {
            out.push_str(style.trim_end());
            out.push('\n');
        }
    }
    out
}
