//! The layered drawing in cells of a terminal: labels in columns, lines in the gutters between them.
//!
//! A line leaves a label at its right, runs along a lane of the gutter and enters the other label at its left; what goes
//! backwards or stays in a column turns round in the gutter behind it. Where lines meet the glyph shows all of them.

use crate::base::Truth;
use crate::base::text::{shorten, width};

use super::drawing::{Drawing, label};

/// What a cell belongs to; of several the last counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    #[default]
    Blank,
    /// A line that is not certain.
    Doubtful,
    Line,
    /// A line of the path that stands out.
    Path,
    Title,
    Label,
    /// A label on that path.
    OnPath,
    Chosen,
}

/// Cells of one mark that stand side by side.
pub type Run = (String, Mark);

const UP: u8 = 1;
const DOWN: u8 = 2;
const LEFT: u8 = 4;
const RIGHT: u8 = 8;

#[derive(Clone, Copy, Default)]
struct Cell {
    ways: u8,
    mark: Mark,
    glyph: Option<char>,
}

/// Glyphs of lines: by the ways that they go.
fn glyph(cell: Cell, ascii: bool) -> char {
    let across = cell.ways & (LEFT | RIGHT) != 0;
    let along = cell.ways & (UP | DOWN) != 0;
    match (ascii, cell.mark, across, along) {
        (_, _, false, false) => ' ',
        (true, Mark::Path, true, false) => '=',
        (true, Mark::Path, ..) => '#',
        (true, Mark::Doubtful, true, false) => '.',
        (true, Mark::Doubtful, false, true) => ':',
        (true, _, true, false) => '-',
        (true, _, false, true) => '|',
        (true, ..) => '+',
        (false, Mark::Doubtful, true, false) => '┄',
        (false, Mark::Doubtful, false, true) => '┆',
        (false, Mark::Path, ..) => HEAVY[usize::from(cell.ways)],
        (false, ..) => LIGHT[usize::from(cell.ways)],
    }
}

/// By up, down, left, right as bits.
const LIGHT: [char; 16] = [' ', '│', '│', '│', '─', '┘', '┐', '┤', '─', '└', '┌', '├', '─', '┴', '┬', '┼'];
const HEAVY: [char; 16] = [' ', '┃', '┃', '┃', '━', '┛', '┓', '┫', '━', '┗', '┏', '┣', '━', '┻', '┳', '╋'];

/// A drawing in cells.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// From the top; the first holds the titles of the columns.
    pub rows: Vec<Vec<Run>>,
}

/// Cells between two columns at least: a lane or two, and the tip of an arrow.
const GUTTER: usize = 8;

struct Canvas {
    wide: usize,
    cells: Vec<Cell>,
}

impl Canvas {
    fn at(&mut self, x: usize, y: usize) -> Option<&mut Cell> {
        if x >= self.wide { None } else { self.cells.get_mut(y * self.wide + x) }
    }

    fn go(&mut self, x: usize, y: usize, ways: u8, mark: Mark) {
        if let Some(cell) = self.at(x, y) {
            cell.ways |= ways;
            cell.mark = cell.mark.max(mark);
        }
    }

    fn across(&mut self, from: usize, to: usize, y: usize, mark: Mark) {
        let (from, to) = (from.min(to), from.max(to));
        for x in from..=to {
            let ways = (LEFT * u8::from(x > from)) | (RIGHT * u8::from(x < to));
            self.go(x, y, ways, mark);
        }
    }

    fn along(&mut self, x: usize, from: usize, to: usize, mark: Mark) {
        let (from, to) = (from.min(to), from.max(to));
        for y in from..=to {
            let ways = (UP * u8::from(y > from)) | (DOWN * u8::from(y < to));
            self.go(x, y, ways, mark);
        }
    }

    fn write(&mut self, x: usize, y: usize, text: &str, mark: Mark) {
        for (at, glyph) in text.chars().enumerate() {
            if let Some(cell) = self.at(x + at, y) {
                *cell = Cell { ways: 0, mark, glyph: Some(glyph) };
            }
        }
    }
}

impl Drawing {
    /// Draws in `wide` cells. `chosen` is a position among the spots, `path` says which arrows stand out by their
    /// position. Cost: the cells that lines run through.
    pub fn cells(&self, wide: usize, chosen: Option<usize>, path: &dyn Fn(usize) -> bool, ascii: bool) -> Cells {
        let columns = self.columns.len().max(1);
        let pitch = (wide / columns).max(GUTTER + 4);
        let room = pitch - GUTTER;
        let tall = self.spots.iter().map(|it| it.row + 2).max().unwrap_or(1);
        let gap = if ascii { ".." } else { "…" };
        let names: Vec<String> = self
            .spots
            .iter()
            .map(|it| {
                let text = shorten(&label(&it.key), room, gap).into_owned();
                // Every character takes the cells that it is counted for.
                let plain = |it: char| {
                    if width(it.encode_utf8(&mut [0; 4])) == 1 && (!ascii || it.is_ascii()) { it } else { '?' }
                };
                text.chars().map(plain).collect()
            })
            .collect();
        let mut canvas = Canvas { wide, cells: vec![Cell::default(); wide * tall] };
        let left = |spot: usize| self.spots[spot].column * pitch;
        let right = |spot: usize| left(spot) + names[spot].chars().count();
        let line = |spot: usize| self.spots[spot].row + 1;
        let mut tips: Vec<(usize, usize, char, Mark)> = Vec::new();
        for (at, (from, to, arrow)) in self.arrows.iter().enumerate() {
            let mark = match (path(at), arrow.certainty) {
                (true, _) => Mark::Path,
                (false, Truth::Yes) => Mark::Line,
                (false, _) => Mark::Doubtful,
            };
            // Lines from one thing share a lane.
            let lane = 1 + self.spots[*from].row % (GUTTER - 4);
            let (a, b) = (self.spots[*from].column, self.spots[*to].column);
            if a < b {
                let turn = a * pitch + room + lane;
                canvas.across(right(*from), turn, line(*from), mark);
                canvas.along(turn, line(*from), line(*to), mark);
                canvas.across(turn, left(*to).saturating_sub(2), line(*to), mark);
                tips.push((left(*to).saturating_sub(1), line(*to), if ascii { '>' } else { '▸' }, mark));
            } else {
                // Round the outside: out at the right, back at the right.
                let turn = (a.max(b) * pitch + room + lane).min(wide.saturating_sub(1));
                canvas.across(right(*from), turn, line(*from), mark);
                canvas.along(turn, line(*from), line(*to), mark);
                canvas.across(right(*to) + 1, turn, line(*to), mark);
                tips.push((right(*to), line(*to), if ascii { '<' } else { '◂' }, mark));
            }
        }
        for (x, y, tip, mark) in tips {
            if let Some(cell) = canvas.at(x, y) {
                let mark = mark.max(cell.mark);
                *cell = Cell { ways: 0, mark, glyph: Some(tip) };
            }
        }
        let on_path: Vec<bool> = {
            let mut on = vec![false; self.spots.len()];
            for (_, (from, to, _)) in self.arrows.iter().enumerate().filter(|(at, _)| path(*at)) {
                on[*from] = true;
                on[*to] = true;
            }
            on
        };
        for (spot, name) in names.iter().enumerate() {
            let mark = match (chosen == Some(spot), on_path[spot]) {
                (true, _) => Mark::Chosen,
                (false, true) => Mark::OnPath,
                (false, false) => Mark::Label,
            };
            canvas.write(left(spot), line(spot), name, mark);
        }
        for (column, title) in self.columns.iter().enumerate() {
            canvas.write(column * pitch, 0, title, Mark::Title);
        }
        Cells { rows: canvas.cells.chunks(wide.max(1)).map(|row| runs(row, ascii)).collect() }
    }
}

fn runs(row: &[Cell], ascii: bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for cell in row {
        let mark = if cell.ways == 0 && cell.glyph.is_none() { Mark::Blank } else { cell.mark };
        let glyph = cell.glyph.unwrap_or_else(|| glyph(*cell, ascii));
        match runs.last_mut() {
            Some((text, last)) if *last == mark => text.push(glyph),
            _ => runs.push((glyph.to_string(), mark)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::analysis::picture::{Arrow, Picture};
    use crate::graph::EdgeKind;
    use crate::model::EntityKey;

    fn key(address: &str) -> EntityKey {
        EntityKey::parse(address).expect("an address")
    }

    fn drawn(arrows: &[(&str, &str, Truth)], ascii: bool) -> Vec<String> {
        let arrow = |(from, to, certainty): &(&str, &str, Truth)| Arrow {
            from: key(from),
            to: key(to),
            kind: EdgeKind::RunsAs,
            certainty: *certainty,
            marked: false,
        };
        let arrows: Vec<Arrow> = arrows.iter().map(arrow).collect();
        let things: BTreeSet<EntityKey> = arrows.iter().flat_map(|it| [it.from.clone(), it.to.clone()]).collect();
        let drawing = Picture { title: String::new(), things, arrows }.drawing();
        let cells = drawing.cells(48, Some(0), &|at| at == 0, ascii);
        let row = |row: &Vec<Run>| row.iter().map(|it| it.0.as_str()).collect::<String>().trim_end().to_owned();
        cells.rows.iter().map(row).collect()
    }

    #[test]
    fn lines_lead_from_label_to_label() {
        let arrows = [("pod/c1/ns/app", "sa/c1/ns/app", Truth::Yes), ("pod/c1/ns/app", "sa/c1/ns/b", Truth::Unknown)];
        assert_eq!(
            drawn(&arrows, false),
            ["workloads               accounts", "ns/app━━━━━━━━━━━┳━━━━━▸ns/app", "                 └┄┄┄┄┄▸ns/b"]
        );
        assert_eq!(
            drawn(&arrows, true),
            ["workloads               accounts", "ns/app===========#=====>ns/app", "                 +.....>ns/b"]
        );
    }

    #[test]
    fn a_line_back_turns_round_outside() {
        let arrows = [("pod/c1/ns/app", "sa/c1/ns/app", Truth::Yes), ("sa/c1/ns/app", "pod/c1/ns/app", Truth::Yes)];
        let text = drawn(&arrows, true);
        assert!(text.iter().any(|row| row.contains('<')) && text.iter().any(|row| row.contains('>')), "{text:?}");
    }

    #[test]
    fn a_narrow_drawing_cuts_names_and_never_panics() {
        for wide in [0, 1, 7, 13, 20] {
            let arrow = Arrow {
                from: key("pod/c1/a-long-namespace/a-long-name"),
                to: key("role/111122223333:another-long-name"),
                kind: EdgeKind::Irsa,
                certainty: Truth::Yes,
                marked: false,
            };
            let things = [arrow.from.clone(), arrow.to.clone()].into();
            let drawing = Picture { title: String::new(), things, arrows: vec![arrow] }.drawing();
            drawing.cells(wide, None, &|_| false, false);
        }
    }
}
