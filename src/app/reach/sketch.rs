//! The answer as a picture: things in columns by kind with lines between them, the second view of both screens.

use std::collections::BTreeSet;

use crate::analysis::blast::Row;
use crate::analysis::picture::Picture;
use crate::analysis::picture::drawing::Drawing;
use crate::graph::path::Path;
use crate::model::EntityKey;

use super::label;

/// Things that are drawn; the rest is counted.
const MOST: usize = 60;

#[derive(Debug, Default)]
pub struct Sketch {
    pub drawing: Drawing,
    /// Things left out.
    pub cut: usize,
    /// Position of the start among the spots.
    pub start: usize,
    backward: bool,
    /// Arrows of each path by position; empty for a blast radius, where the way to the chosen thing stands out.
    paths: Vec<Vec<usize>>,
}

impl Sketch {
    /// The nearest things of a blast radius. `rows` by hop.
    pub(super) fn of_blast(start: &EntityKey, rows: &[&Row], backward: bool) -> Sketch {
        let shown: Vec<Row> = rows.iter().take(MOST).map(|it| (*it).clone()).collect();
        let drawing = Picture::of_blast(start, &shown).drawing();
        let place = drawing.spots.iter().position(|it| it.key == *start).unwrap_or_default();
        Sketch { drawing, cut: rows.len().saturating_sub(MOST), start: place, backward, paths: Vec::new() }
    }

    /// All paths together.
    pub(super) fn of_paths(from: &EntityKey, to: &EntityKey, paths: &[Path]) -> Sketch {
        let drawing = Picture::of_paths(from, to, paths).drawing();
        let start = drawing.spots.iter().position(|it| it.key == *from).unwrap_or_default();
        let arrows = |path: &Path| {
            let is_of = |arrow: &crate::analysis::picture::Arrow| {
                path.hops.iter().any(|hop| hop.from == arrow.from && hop.to == arrow.to && hop.kind == arrow.kind)
            };
            let all = drawing.arrows.iter().enumerate();
            all.filter(|(_, (.., arrow))| is_of(arrow)).map(|(at, _)| at).collect()
        };
        let paths = paths.iter().map(arrows).collect();
        let cut = drawing.cut;
        Sketch { drawing, cut, start, backward: false, paths }
    }

    /// Positions of the arrows that stand out: of the path shown, else of the way between the start and the spot.
    pub fn way(&self, alternative: usize, spot: usize) -> BTreeSet<usize> {
        if !self.paths.is_empty() {
            return self.paths.get(alternative).into_iter().flatten().copied().collect();
        }
        let mut way = BTreeSet::new();
        let mut here = spot;
        while here != self.start {
            // A ring would come back to an arrow that stands out already.
            let Some((_, next)) = self.before(here).filter(|(at, _)| way.insert(*at)) else { break };
            here = next;
        }
        way
    }

    /// The arrow by which a thing was reached, and the spot at its other end.
    fn before(&self, spot: usize) -> Option<(usize, usize)> {
        let arrows = self.drawing.arrows.iter().enumerate();
        let mut ends =
            arrows.map(|(at, (from, to, _))| if self.backward { (at, *from, *to) } else { (at, *to, *from) });
        ends.find(|(_, here, _)| *here == spot).map(|(at, _, other)| (at, other))
    }

    /// What is said of a spot below the picture.
    pub fn words(&self, spot: usize) -> String {
        let Some(it) = self.drawing.spots.get(spot) else { return String::new() };
        match self.before(spot).map(|(at, _)| &self.drawing.arrows[at].2) {
            Some(arrow) => {
                format!("{}: {} {} {}", label(&it.key), label(&arrow.from), arrow.kind.title(), label(&arrow.to))
            }
            None => label(&it.key),
        }
    }

    /// The spot some rows further in its column.
    pub fn step(&self, spot: usize, delta: isize) -> usize {
        let Some(here) = self.drawing.spots.get(spot) else { return self.start };
        self.nearest(here.column, here.row.saturating_add_signed(delta)).unwrap_or(spot)
    }

    /// The spot of the next column to the right or left that stands nearest.
    pub fn across(&self, spot: usize, right: bool) -> Option<usize> {
        let here = self.drawing.spots.get(spot)?;
        let column = if right { here.column + 1 } else { here.column.checked_sub(1)? };
        self.nearest(column, here.row)
    }

    fn nearest(&self, column: usize, row: usize) -> Option<usize> {
        let spots = self.drawing.spots.iter().enumerate();
        spots.filter(|(_, it)| it.column == column).min_by_key(|(_, it)| it.row.abs_diff(row)).map(|(at, _)| at)
    }
}
