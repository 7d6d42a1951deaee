//! A layout in cells of a terminal: labels in columns as wide as there is room for, lines in the gutters between them.
//!
//! Where lines meet the glyph shows all of them. Only the rows that are seen are drawn; where not all columns fit, those
//! around the chosen thing are.

use crate::base::Truth;
use crate::base::text::{shorten, width};
use crate::model::{EntityKey, Kind};

use super::layout::{Gutter, Layout, Spot};

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
    /// A label that stands for several things.
    Folded,
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

/// The part of a picture that is seen.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub wide: usize,
    /// The first row.
    pub from: usize,
    pub height: usize,
}

/// A part of a picture in cells.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// Titles of the columns.
    pub titles: Vec<Run>,
    /// From the top of the window.
    pub rows: Vec<Vec<Run>>,
    /// Columns of cells that are not seen, at the left and at the right.
    pub hidden: (usize, usize),
}

/// Widest label.
const WIDEST: usize = 40;
/// Labels are cut to this before the picture is scrolled sideways.
const LEAST: usize = 12;
/// And to this when it is.
const SCROLLED: usize = 20;
/// Lanes of one side of a gutter; further ones share them.
const LANES: usize = 6;

struct Canvas {
    wide: usize,
    /// Rows of the picture.
    from: usize,
    to: usize,
    mirrored: bool,
    cells: Vec<Cell>,
}

impl Canvas {
    fn at(&mut self, x: usize, y: usize) -> Option<&mut Cell> {
        if x >= self.wide || !(self.from..self.to).contains(&y) {
            return None;
        }
        self.cells.get_mut((y - self.from) * self.wide + x)
    }

    /// From the left, of a place counted from the root's side.
    fn x(&self, x: usize) -> usize {
        if self.mirrored { self.wide.saturating_sub(x + 1) } else { x }
    }

    fn go(&mut self, x: usize, y: usize, ways: u8, mark: Mark) {
        if let Some(cell) = self.at(x, y) {
            cell.ways |= ways;
            cell.mark = cell.mark.max(mark);
        }
    }

    fn across(&mut self, from: usize, to: usize, y: usize, mark: Mark) {
        let (from, to) = (self.x(from), self.x(to));
        let (from, to) = (from.min(to), from.max(to));
        for x in from..=to {
            let ways = (LEFT * u8::from(x > from)) | (RIGHT * u8::from(x < to));
            self.go(x, y, ways, mark);
        }
    }

    fn along(&mut self, x: usize, from: usize, to: usize, mark: Mark) {
        let x = self.x(x);
        let (from, to) = (from.min(to), from.max(to));
        for y in from.max(self.from)..(to + 1).min(self.to) {
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

/// Where columns and gutters stand, counted from the root's side.
struct Frame {
    left: Vec<usize>,
    room: Vec<usize>,
    wide: usize,
}

impl Frame {
    fn new(layout: &Layout, names: &[usize], wide: usize) -> Frame {
        let mut room: Vec<usize> = layout.columns.iter().map(|title| title.len()).collect();
        for (spot, name) in layout.spots.iter().zip(names) {
            if let Some(room) = room.get_mut(spot.column) {
                *room = (*room).max(*name).min(WIDEST);
            }
        }
        let last = layout.gutters.len().saturating_sub(1);
        let gutter = |at: usize| match layout.gutters.get(at).copied().unwrap_or_default() {
            Gutter { entries: 0, .. } if at == 0 => 0,
            Gutter { entries, .. } if at == 0 => entries.min(LANES) + 2,
            Gutter { exits: 0, .. } if at == last => 0,
            Gutter { exits, .. } if at == last => exits.min(LANES) + 1,
            Gutter { exits, entries } => exits.min(LANES) + entries.min(LANES) + 3,
        };
        let gutters: usize = (0..layout.gutters.len()).map(&gutter).sum();
        let natural = room.clone();
        let fits = |room: &[usize]| gutters + room.iter().sum::<usize>() <= wide;
        while !fits(&room) {
            match room.iter_mut().max().filter(|it| **it > LEAST) {
                Some(widest) => *widest -= 1,
                None => break,
            }
        }
        if !fits(&room) {
            room = natural.into_iter().map(|it| it.min(SCROLLED)).collect();
        }
        let mut left = Vec::with_capacity(room.len());
        let mut x = 0;
        for (at, room) in room.iter().enumerate() {
            x += gutter(at);
            left.push(x);
            x += room;
        }
        Frame { left, room, wide: x + gutter(last) }
    }

    fn exit(&self, column: usize, lane: usize) -> usize {
        self.left[column] + self.room[column] + 1 + lane % LANES
    }

    fn entry(&self, column: usize, gutter: Gutter, lane: usize) -> usize {
        (self.left[column] + lane % LANES).saturating_sub(2 + gutter.entries.min(LANES))
    }
}

/// `payments/api`, or how many more there are.
fn name(spot: &Spot) -> String {
    match &spot.folded {
        Some(folded) => format!("+{} more", folded.things.len()),
        None => super::label(&spot.key),
    }
}

/// Without what says least: the domain of a node, the namespace; `None` when that is still too wide.
fn briefer(key: &EntityKey, room: usize, gap: &str) -> Option<String> {
    let text = match key.kind {
        Kind::Node => key.name.split('.').next().unwrap_or_default().to_owned(),
        _ if key.namespace.is_empty() => return None,
        _ => format!("{gap}/{}", key.name),
    };
    (width(&text) <= room).then_some(text)
}

impl Layout {
    /// Draws a window. `chosen` is a position among the spots, `path` says which routes stand out by their position.
    /// Cost: the rows that are seen, and a look at each spot and route.
    pub fn cells(&self, window: Window, chosen: Option<usize>, path: &dyn Fn(usize) -> bool, ascii: bool) -> Cells {
        let names: Vec<String> = self.spots.iter().map(name).collect();
        let widths: Vec<usize> = names.iter().map(|it| width(it)).collect();
        let frame = Frame::new(self, &widths, window.wide);
        let gap = if ascii { ".." } else { "…" };
        // Every character takes the cells that it is counted for.
        let plain =
            |it: char| if width(it.encode_utf8(&mut [0; 4])) == 1 && (!ascii || it.is_ascii()) { it } else { '?' };
        let cut = |spot: usize| -> String {
            let room = frame.room.get(self.spots[spot].column).copied().unwrap_or_default();
            let text = match widths[spot] > room && self.spots[spot].folded.is_none() {
                true => briefer(&self.spots[spot].key, room, gap),
                false => None,
            };
            shorten(text.as_deref().unwrap_or(&names[spot]), room, gap).chars().map(plain).collect()
        };
        let rows = window.from..(window.from + window.height).min(self.rows);
        let mut canvas = Canvas {
            wide: frame.wide,
            from: rows.start,
            to: rows.end,
            mirrored: self.mirrored,
            cells: vec![Cell::default(); frame.wide * rows.len()],
        };
        let end = |spot: usize| frame.left[self.spots[spot].column] + cut(spot).chars().count();
        let mut tips: Vec<(usize, usize, Mark)> = Vec::new();
        let mut on_path = vec![false; self.spots.len()];
        for (at, route) in self.routes.iter().enumerate() {
            let (from, to) = (&self.spots[route.from], &self.spots[route.to]);
            let mark = match (path(at), route.certainty) {
                (true, _) => Mark::Path,
                (false, Truth::Yes) => Mark::Line,
                (false, _) => Mark::Doubtful,
            };
            if mark == Mark::Path {
                on_path[route.from] = true;
                on_path[route.to] = true;
            }
            let seen = |row: usize| rows.contains(&row);
            let middle = route.along.map_or(to.row, |(row, _)| row);
            let span = from.row.min(to.row).min(middle)..from.row.max(to.row).max(middle) + 1;
            if span.end <= rows.start || span.start >= rows.end {
                continue;
            }
            let mut x = if seen(from.row) { end(route.from) } else { 0 };
            let tip_from = x;
            if let Some(lane) = route.exit {
                let turn = frame.exit(from.column, lane);
                if seen(from.row) {
                    canvas.across(x, turn, from.row, mark);
                }
                canvas.along(turn, from.row, middle, mark);
                x = turn;
            }
            if let Some((row, lane)) = route.along {
                let turn = frame.entry(to.column, self.gutters[to.column], lane);
                canvas.across(x, turn, row, mark);
                canvas.along(turn, row, to.row, mark);
                x = turn;
            }
            let door = frame.left[to.column].saturating_sub(1);
            canvas.across(x, door, to.row, mark);
            tips.push(if self.mirrored { (tip_from, from.row, mark) } else { (door, to.row, mark) });
        }
        for (x, y, mark) in tips {
            let x = canvas.x(x);
            if let Some(cell) = canvas.at(x, y) {
                let mark = mark.max(cell.mark);
                *cell = Cell { ways: 0, mark, glyph: Some(if ascii { '>' } else { '▸' }) };
            }
        }
        let first = self.spots.partition_point(|it| it.row < rows.start);
        let last = self.spots.partition_point(|it| it.row < rows.end);
        let start = |column: usize, wide: usize| match self.mirrored {
            true => frame.wide.saturating_sub(frame.left[column] + wide),
            false => frame.left[column],
        };
        for (spot, on_path) in on_path.iter().enumerate().take(last).skip(first) {
            let mark = match (chosen == Some(spot), *on_path) {
                (true, _) => Mark::Chosen,
                (false, true) => Mark::OnPath,
                (false, false) if self.spots[spot].folded.is_some() => Mark::Folded,
                (false, false) => Mark::Label,
            };
            let text = cut(spot);
            canvas.write(start(self.spots[spot].column, text.chars().count()), self.spots[spot].row, &text, mark);
        }
        let mut titles = Canvas { from: 0, to: 1, cells: vec![Cell::default(); frame.wide], ..canvas };
        let cells = std::mem::take(&mut canvas.cells);
        for (column, title) in self.columns.iter().enumerate() {
            titles.write(start(column, title.len()), 0, title, Mark::Title);
        }
        // The window stands over the chosen thing.
        let over = chosen.map_or(0, |spot| {
            let half = frame.room[self.spots[spot].column] / 2;
            start(self.spots[spot].column, half * 2) + half
        });
        let hidden = over.saturating_sub(window.wide / 2).min(frame.wide.saturating_sub(window.wide));
        let shown = |row: &[Cell]| runs(&row[hidden.min(row.len())..(hidden + window.wide).min(row.len())], ascii);
        Cells {
            titles: shown(&titles.cells),
            rows: cells.chunks(frame.wide.max(1)).map(shown).collect(),
            hidden: (hidden, frame.wide.saturating_sub(window.wide + hidden)),
        }
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
