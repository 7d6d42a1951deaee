//! A surface with boxes and lines: text is cut by cells, foreign text has been cleaned before it comes here.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::app::text::{Line, Tone};
use crate::base::text::{take_start, width};

use super::theme::Theme;

/// Characters that frames and marks are made of.
#[derive(Clone, Copy, Debug)]
pub struct Glyphs {
    pub horizontal: &'static str,
    pub vertical: &'static str,
    pub corners: [&'static str; 4],
    pub tees: [&'static str; 2],
    pub bar: &'static str,
    pub chosen: &'static str,
    /// Reached by the blast radius.
    pub lit: &'static str,
    pub gap: &'static str,
    pub times: &'static str,
    pub flag: &'static str,
}

const UNICODE: Glyphs = Glyphs {
    horizontal: "─",
    vertical: "│",
    corners: ["┌", "┐", "└", "┘"],
    tees: ["┬", "┴"],
    bar: "▌",
    chosen: "▪",
    lit: "●",
    gap: "…",
    times: "×",
    flag: "◄",
};

const ASCII: Glyphs = Glyphs {
    horizontal: "-",
    vertical: "|",
    corners: ["+", "+", "+", "+"],
    tees: ["+", "+"],
    bar: ">",
    chosen: "*",
    lit: "o",
    gap: "..",
    times: "x",
    flag: "<",
};

/// What is drawn on.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    pub theme: Theme,
    pub glyphs: Glyphs,
    pub ascii: bool,
    pub cursor: Option<(u16, u16)>,
}

impl<'a> Canvas<'a> {
    pub fn new(buffer: &'a mut Buffer, theme: Theme, ascii: bool) -> Canvas<'a> {
        let area = buffer.area;
        buffer.set_style(area, theme.base());
        Canvas { buffer, theme, glyphs: if ascii { ASCII } else { UNICODE }, ascii, cursor: None }
    }

    /// Text that an ASCII terminal can show.
    fn shown<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        if !self.ascii || text.is_ascii() {
            return text.into();
        }
        let mut out = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '›' => out.push('>'),
                '·' => out.push('-'),
                '×' => out.push('x'),
                '─' => out.push('-'),
                '│' => out.push('|'),
                '├' | '└' => out.push('+'),
                '▾' => out.push('v'),
                '▸' | '→' => out.push('>'),
                '…' => out.push_str(".."),
                it if it.is_ascii() => out.push(it),
                // A wide character leaves as many cells, so that columns stay aligned.
                it => out.extend(std::iter::repeat_n('?', width(it.encode_utf8(&mut [0; 4])))),
            }
        }
        out.into()
    }

    /// Writes a text into at most `cells` cells and gives the cells used.
    pub fn put(&mut self, x: u16, y: u16, cells: u16, text: &str, style: Style) -> u16 {
        if y >= self.buffer.area.bottom() || x >= self.buffer.area.right() {
            return 0;
        }
        let text = self.shown(text);
        let cells = cells.min(self.buffer.area.right() - x);
        let cut = take_start(&text, usize::from(cells));
        let (end, _) = self.buffer.set_stringn(x, y, cut, usize::from(cells), style);
        end - x
    }

    pub fn line(&mut self, x: u16, y: u16, cells: u16, text: &str) {
        let style = self.theme.style(Tone::Plain);
        self.put(x, y, cells, text, style);
    }

    /// Writes the pieces of a line; what does not fit is cut with a mark. Gives the cells used.
    pub fn pieces(&mut self, x: u16, y: u16, cells: u16, line: &Line, extra: Modifier) -> u16 {
        let mut used = 0;
        let total: usize = line.pieces.iter().map(|piece| width(&piece.text)).sum();
        let gap = self.glyphs.gap;
        let room = if total > usize::from(cells) { cells.saturating_sub(width(gap) as u16) } else { cells };
        for piece in &line.pieces {
            let style = self.theme.style(piece.tone).add_modifier(extra);
            used += self.put(x + used, y, room - used, &piece.text, style);
        }
        if total > usize::from(cells) {
            let style = self.theme.style(Tone::Dim);
            used += self.put(x + used, y, cells - used, gap, style);
        }
        used
    }

    /// Reverses a stretch of a row: the selection.
    pub fn reverse(&mut self, area: Rect) {
        self.buffer.set_style(area, Style::new().add_modifier(Modifier::REVERSED));
    }

    pub fn clear(&mut self, area: Rect) {
        let base = self.theme.base();
        for y in area.top()..area.bottom().min(self.buffer.area.bottom()) {
            for x in area.left()..area.right().min(self.buffer.area.right()) {
                let cell = &mut self.buffer[(x, y)];
                cell.reset();
                cell.set_style(base);
            }
        }
    }

    /// A box with a title in its upper and a note in its lower edge. Gives the inside.
    pub fn boxed(&mut self, area: Rect, title: &str, note: &str, focused: bool) -> Rect {
        self.frame(area, title, note, focused, [false, false])
    }

    /// As [`Canvas::boxed`]; `joined` says whether the left and right edge are shared with a neighbour.
    pub fn frame(&mut self, area: Rect, title: &str, note: &str, focused: bool, joined: [bool; 2]) -> Rect {
        if area.width < 2 || area.height < 2 {
            return Rect { width: 0, height: 0, ..area };
        }
        let style = self.theme.style(if focused { Tone::Plain } else { Tone::Dim });
        let glyphs = self.glyphs;
        let edge = glyphs.horizontal.repeat(usize::from(area.width - 2));
        let (bottom, right) = (area.bottom() - 1, area.right() - 1);
        for (y, at) in [(area.y, 0), (bottom, 2)] {
            let tee = glyphs.tees[at / 2];
            self.put(area.x, y, 1, if joined[0] { tee } else { glyphs.corners[at] }, style);
            self.put(area.x + 1, y, area.width - 2, &edge, style);
            self.put(right, y, 1, if joined[1] { tee } else { glyphs.corners[at + 1] }, style);
        }
        for y in area.y + 1..bottom {
            self.put(area.x, y, 1, glyphs.vertical, style);
            self.put(right, y, 1, glyphs.vertical, style);
        }
        if !title.is_empty() && area.width > 6 {
            let room = usize::from(area.width - 5);
            let title = crate::base::text::shorten(title, room, glyphs.gap).into_owned();
            let style = if focused { self.theme.style(Tone::Strong) } else { self.theme.style(Tone::Plain) };
            self.put(area.x + 2, area.y, area.width - 4, &format!(" {title} "), style);
        }
        if !note.is_empty() && usize::from(area.width) > width(note) + 5 {
            let cells = width(note) as u16 + 2;
            let style = self.theme.style(Tone::Dim);
            self.put(right - cells - 1, bottom, cells, &format!(" {note} "), style);
        }
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
    }
}

/// The first visible line, so that the cursor is visible and the window does not move without need.
pub fn top(top: usize, cursor: usize, height: usize, count: usize) -> usize {
    let height = height.max(1);
    let least = (cursor + 1).saturating_sub(height);
    top.clamp(least, cursor.max(least)).min(count.saturating_sub(height).max(least))
}

/// Which of the lines are visible, for the edge of a box: `1-8 of 32`; empty when all are.
pub fn scrolled(from: usize, height: usize, count: usize) -> String {
    if count > height { format!("{}-{} of {count}", from + 1, (from + height).min(count)) } else { String::new() }
}

/// As [`scrolled`], with the keys that move a pane that has no cursor.
pub fn scrolled_by_keys(from: usize, height: usize, count: usize) -> String {
    let note = scrolled(from, height, count);
    if note.is_empty() { note } else { note + "  J K" }
}

/// Sentences in place of a list, broken at the edge of the box.
pub fn sentences(canvas: &mut Canvas<'_>, inside: Rect, lines: &[Line]) {
    let room = inside.width.saturating_sub(2);
    let rows = lines.iter().flat_map(|line| wrapped(line, usize::from(room), 0));
    for (row, y) in rows.zip(inside.y..inside.bottom()) {
        canvas.pieces(inside.x + 1, y, room, &row, Modifier::empty());
    }
}

/// A line broken into rows of `cells` cells at blanks; the following rows are indented under the text.
pub fn wrapped(line: &Line, cells: usize, indent: usize) -> Vec<Line> {
    let total: usize = line.pieces.iter().map(|piece| width(&piece.text)).sum();
    if total <= cells || cells < indent + 10 {
        return vec![line.clone()];
    }
    let mut rows = vec![Line { pieces: Vec::new(), target: line.target.clone() }];
    let mut used = 0;
    for piece in &line.pieces {
        for word in piece.text.split_inclusive(' ') {
            let mut word = word;
            while !word.is_empty() {
                if used > indent && used + width(word.trim_end()) > cells {
                    rows.push(Line::plain(" ".repeat(indent)));
                    used = indent;
                }
                // A word that no row can hold is broken.
                let cut = take_start(word, cells - used);
                let cut = if cut.is_empty() { word } else { cut };
                used += width(cut);
                let row = rows.last_mut().expect("there is a first row");
                row.pieces.push(crate::app::text::Piece { text: cut.to_owned(), tone: piece.tone });
                word = &word[cut.len()..];
                if !word.is_empty() && word.trim().is_empty() {
                    break;
                }
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_moves_only_when_the_cursor_leaves_it() {
        assert_eq!(top(0, 3, 5, 20), 0);
        assert_eq!(top(0, 5, 5, 20), 1);
        assert_eq!(top(9, 7, 5, 20), 7);
        assert_eq!(top(9, 19, 5, 20), 15);
        assert_eq!(top(9, 0, 5, 3), 0);
    }

    #[test]
    fn long_lines_break_at_blanks_and_keep_every_word() {
        let line = Line::label("identity", 9, "association and environment of the running pods agree in everything");
        let rows = wrapped(&line, 40, 11);
        assert!(rows.len() > 1);
        assert!(rows.iter().all(|row| width(&row.text()) <= 40));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(rows.iter().flat_map(|row| words(&row.text())).collect::<Vec<_>>(), words(&line.text()));
    }
}
