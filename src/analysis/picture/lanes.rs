//! Lanes of the gutters between columns: lines of different things that run side by side never share one.

use std::collections::BTreeMap;

use super::layout::{Gutter, Route};

/// A line up or down a gutter. Those with one owner are one line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trunk {
    gutter: usize,
    owner: Owner,
    /// The first and the last row.
    rows: (usize, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    /// All that leaves a spot.
    Exit(usize),
    /// All that comes to a spot past the branches.
    Entry(usize),
    /// All that comes from a row that is kept.
    Kept(usize),
}

impl Trunk {
    pub fn exit(gutter: usize, spot: usize, from: usize, to: usize) -> Trunk {
        Trunk { gutter, owner: Owner::Exit(spot), rows: (from.min(to), from.max(to)) }
    }

    pub fn entry(gutter: usize, spot: usize, from: usize, to: usize) -> Trunk {
        Trunk { gutter, owner: Owner::Entry(spot), rows: (from.min(to), from.max(to)) }
    }

    pub fn kept(gutter: usize, row: usize, to: usize) -> Trunk {
        Trunk { gutter, owner: Owner::Kept(row), rows: (row.min(to), row.max(to)) }
    }
}

/// Gives each trunk a lane, as few as there can be, and tells the routes. `trunks` stand beside the routes.
pub(super) fn lanes(count: usize, routes: &mut [Route], trunks: &[(Option<Trunk>, Option<Trunk>)]) -> Vec<Gutter> {
    let mut spans: BTreeMap<(usize, bool, Owner), (usize, usize)> = BTreeMap::new();
    let is_exit = |trunk: &Trunk| matches!(trunk.owner, Owner::Exit(_));
    for trunk in trunks.iter().flat_map(|(exit, entry)| exit.iter().chain(entry)) {
        let span = spans.entry((trunk.gutter, !is_exit(trunk), trunk.owner)).or_insert(trunk.rows);
        *span = (span.0.min(trunk.rows.0), span.1.max(trunk.rows.1));
    }
    let mut order: Vec<_> = spans.into_iter().collect();
    order.sort_by_key(|((gutter, entry, owner), span)| (*gutter, *entry, *span, *owner));
    let mut lane_of: BTreeMap<(usize, Owner), usize> = BTreeMap::new();
    let mut gutters = vec![Gutter::default(); count];
    let mut last: Vec<usize> = Vec::new();
    let mut here = None;
    for ((gutter, entry, owner), (first, end)) in order {
        if here.replace((gutter, entry)) != Some((gutter, entry)) {
            last.clear();
        }
        let lane = match last.iter().position(|busy| *busy < first) {
            Some(lane) => lane,
            None => {
                last.push(0);
                last.len() - 1
            }
        };
        last[lane] = end;
        lane_of.insert((gutter, owner), lane);
        if let Some(gutter) = gutters.get_mut(gutter) {
            let lanes = if entry { &mut gutter.entries } else { &mut gutter.exits };
            *lanes = (*lanes).max(lane + 1);
        }
    }
    for (route, (exit, entry)) in routes.iter_mut().zip(trunks) {
        route.exit = exit.and_then(|it| lane_of.get(&(it.gutter, it.owner)).copied());
        if let (Some((_, lane)), Some(entry)) = (&mut route.along, entry) {
            *lane = lane_of.get(&(entry.gutter, entry.owner)).copied().unwrap_or_default();
        }
    }
    gutters
}
