//! The answer as a picture: things in columns by kind with lines between them, the second view of both screens.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::analysis::blast::Row;
use crate::analysis::picture::layout::{Extent, Fold, Layout};
use crate::analysis::picture::{Arrow, Picture, label};
use crate::graph::path::Path;
use crate::model::EntityKey;

/// Things of a kind that follow one thing before the rest folds.
const SIBLINGS: usize = 3;
/// Spots that are drawn; the rest is counted.
const MOST: usize = 4000;

#[derive(Debug, Default)]
pub struct Sketch {
    picture: Picture,
    /// With everything folded that can be.
    folded: Arc<Layout>,
    /// Arrows of each path by position; empty for a blast radius, where the way to the chosen thing stands out.
    paths: Vec<BTreeSet<usize>>,
}

impl Sketch {
    pub(super) fn of_blast(start: &EntityKey, rows: &[&Row]) -> Sketch {
        let rows: Vec<Row> = rows.iter().map(|it| (*it).clone()).collect();
        Sketch::new(Picture::of_blast(start, &rows), Vec::new())
    }

    /// All paths together.
    pub(super) fn of_paths(from: &EntityKey, to: &EntityKey, paths: &[Path]) -> Sketch {
        let picture = Picture::of_paths(from, to, paths);
        let arrows = |path: &Path| {
            let is_of = |arrow: &Arrow| {
                path.hops.iter().any(|hop| hop.from == arrow.from && hop.to == arrow.to && hop.kind == arrow.kind)
            };
            picture.arrows.iter().enumerate().filter(|(_, arrow)| is_of(arrow)).map(|(at, _)| at).collect()
        };
        let paths = paths.iter().map(arrows).collect();
        Sketch::new(picture, paths)
    }

    fn new(picture: Picture, paths: Vec<BTreeSet<usize>>) -> Sketch {
        let mut sketch = Sketch { picture, folded: Arc::default(), paths };
        sketch.folded = Arc::new(sketch.lay(&|_| false));
        sketch
    }

    fn lay(&self, is_open: &dyn Fn(&Fold) -> bool) -> Layout {
        self.picture.layout(&Extent { siblings: SIBLINGS, is_open, most: MOST })
    }

    /// Places of everything, with some folds open. Cost when there are such: a few looks at each arrow.
    pub fn layout(&self, open: &BTreeSet<Fold>) -> Arc<Layout> {
        if open.is_empty() { Arc::clone(&self.folded) } else { Arc::new(self.lay(&|fold| open.contains(fold))) }
    }

    /// Every fold that there is while these are open.
    pub fn folds(layout: &Layout) -> impl Iterator<Item = &Fold> {
        layout.spots.iter().filter_map(|it| it.folded.as_ref()).map(|it| &it.fold)
    }

    /// Positions of the routes that stand out: of the path shown, else of the way between the start and the spot.
    pub fn way(&self, layout: &Layout, alternative: usize, spot: usize) -> BTreeSet<usize> {
        let routes = layout.routes.iter().enumerate();
        if let Some(path) = self.paths.get(alternative) {
            return routes.filter(|(_, it)| it.arrows.iter().any(|at| path.contains(at))).map(|(at, _)| at).collect();
        }
        // Places before a spot are those of its branch, which has no ring.
        let mut steps: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut here = spot;
        while let Some(parent) = layout.spots.get(here).and_then(|it| it.parent) {
            steps.insert((parent, here));
            here = parent;
        }
        routes.filter(|(_, it)| steps.contains(&(it.from, it.to))).map(|(at, _)| at).collect()
    }

    /// What is said of a spot below the picture.
    pub fn words(&self, layout: &Layout, spot: usize) -> String {
        let Some(it) = layout.spots.get(spot) else { return String::new() };
        let parent = it.parent.and_then(|at| layout.spots.get(at));
        if let Some(folded) = &it.folded {
            let names: Vec<String> = folded.things.iter().take(3).map(label).collect();
            let behind =
                if folded.behind > 0 { format!(", {} things behind them", folded.behind) } else { String::new() };
            let (count, kind) = (folded.things.len(), folded.fold.kind);
            return format!("{count} more {kind}{behind}: enter opens them: {} …", names.join(", "));
        }
        let route = layout.routes.iter().find(|route| route.to == spot && Some(route.from) == it.parent);
        let arrow = route.and_then(|route| self.picture.arrows.get(*route.arrows.first()?));
        match (arrow, parent) {
            (Some(arrow), Some(_)) => {
                let sure = if arrow.certainty.is_yes() { "" } else { ", not certain" };
                let (from, to) = (super::label(&arrow.from), super::label(&arrow.to));
                format!("{from} {} {to}{sure}", arrow.kind.title())
            }
            _ => it.key.to_string(),
        }
    }
}
