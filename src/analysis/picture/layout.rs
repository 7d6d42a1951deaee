//! Where the things of a picture stand and where its lines run: a column for each kind, a row for each branch.
//!
//! Things hang in a forest; a thing stands on the row of the one before it when it is the first that follows to the
//! right, else on a fresh row. Lines run along rows that hold no label on the way, and up and down only in the gutters
//! between columns, in lanes of their own: no line ever crosses a label. What leads back, or past the branch, runs along a
//! row that is kept for it. Siblings of one kind that are connected alike fold behind the first of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::Truth;
use crate::model::{EntityKey, Kind};

use super::Picture;
use super::forest::Forest;
use super::lanes::{Trunk, lanes};

/// Siblings of one kind that stand for more than is drawn: what they follow, and their column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fold {
    pub parent: Option<EntityKey>,
    pub kind: &'static str,
}

/// A thing in its place, or what stands for those that are folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The thing; of folded ones the first.
    pub key: EntityKey,
    /// From the root's side, from 0.
    pub column: usize,
    /// From the top, from 0.
    pub row: usize,
    /// The spot that it follows.
    pub parent: Option<usize>,
    pub folded: Option<Folded>,
}

/// What is behind a spot that stands for several things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded {
    pub fold: Fold,
    pub things: Vec<EntityKey>,
    /// Further things that follow from them.
    pub behind: usize,
}

/// A line from the side of one spot that looks away from the root to that of another that looks to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub from: usize,
    pub to: usize,
    /// Arrows of the picture that it stands for.
    pub arrows: Vec<usize>,
    /// The surest of them.
    pub certainty: Truth,
    pub marked: bool,
    /// Lane in the gutter behind `from`; `None` where the line goes straight on.
    pub exit: Option<usize>,
    /// The row that the line runs along, and its lane in the gutter before `to`; `None`: along the row of `to`.
    pub along: Option<(usize, usize)>,
}

/// Lanes of a gutter: behind the things before it, and before those behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gutter {
    pub exits: usize,
    pub entries: usize,
}

/// Everything in its place.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// By row, then column.
    pub spots: Vec<Spot>,
    /// Titles of the columns from the root's side.
    pub columns: Vec<&'static str>,
    /// Before each column, and behind the last.
    pub gutters: Vec<Gutter>,
    pub routes: Vec<Route>,
    pub rows: usize,
    /// Things left out.
    pub cut: usize,
    /// The root stands at the right, and lines lead to it.
    pub mirrored: bool,
    /// The spot of the start, or the first.
    pub start: usize,
}

/// How much is drawn.
pub struct Extent<'a> {
    /// Siblings alike that are drawn before the rest folds.
    pub siblings: usize,
    pub is_open: &'a dyn Fn(&Fold) -> bool,
    /// Spots; what goes beyond is counted.
    pub most: usize,
}

/// The column that a kind stands in: people and pods first, then accounts, nodes, roles, accounts of AWS.
pub(super) fn rank(kind: Kind) -> (usize, &'static str) {
    match kind {
        Kind::User | Kind::Group | Kind::IamUser => (0, "people"),
        Kind::Container => (1, "workloads"),
        kind if kind.is_workload() => (1, "workloads"),
        Kind::ServiceAccount | Kind::Namespace => (2, "accounts"),
        Kind::Node => (3, "nodes"),
        Kind::Role => (4, "roles"),
        Kind::Policy | Kind::Association | Kind::Provider => (5, "policies"),
        _ => (6, "everything"),
    }
}

/// Steps from the root that are drawn; a longer chain is counted like what goes beyond the extent.
const DEEPEST: usize = 200;

/// A line before lanes are known.
struct Seed {
    from: usize,
    /// A thing: its spot may come later.
    to: usize,
    way: Way,
}

#[derive(Clone, Copy)]
enum Way {
    /// Along the row of what it leads to.
    Branch,
    /// Along a row kept for several that follow one thing.
    Kept(usize),
    /// Past the branches: along this row, then in the lane of what it leads to.
    Cross(usize),
}

struct Placer<'a> {
    picture: &'a Picture,
    forest: Forest<'a>,
    extent: &'a Extent<'a>,
    columns: Vec<usize>,
    marked: Vec<bool>,
    spots: Vec<Spot>,
    /// Spot by thing.
    spot_of: Vec<Option<usize>>,
    seeds: Vec<Seed>,
    rows: usize,
    cut: usize,
}

impl Picture {
    /// Cost: a few looks at each arrow, and sorting.
    pub fn layout(&self, extent: &Extent<'_>) -> Layout {
        let forest = Forest::new(self);
        let mut ranks: Vec<(usize, &'static str)> = forest.things.iter().map(|key| rank(key.kind)).collect();
        ranks.sort_unstable();
        ranks.dedup();
        if self.backward {
            ranks.reverse();
        }
        let column = |key: &&EntityKey| ranks.iter().position(|it| *it == rank(key.kind)).unwrap_or_default();
        let columns = forest.things.iter().map(column).collect();
        let mut marked = vec![false; forest.things.len()];
        for (_, (from, to)) in self.arrows.iter().zip(&forest.pairs).filter(|it| it.0.marked) {
            marked[*from] = true;
            marked[*to] = true;
        }
        let spot_of = vec![None; forest.things.len()];
        let mut placer = Placer {
            picture: self,
            forest,
            extent,
            columns,
            marked,
            spots: Vec::new(),
            spot_of,
            seeds: Vec::new(),
            rows: 0,
            cut: 0,
        };
        let roots = placer.forest.roots.clone();
        placer.follow(None, &roots, None, 0);
        placer.finish(ranks.into_iter().map(|it| it.1).collect())
    }
}

impl Placer<'_> {
    fn fresh(&mut self) -> usize {
        self.rows += 1;
        self.rows - 1
    }

    /// Puts down things that follow one thing. `row` is the one that the first of them may share.
    fn follow(&mut self, parent: Option<usize>, siblings: &[usize], row: Option<usize>, depth: usize) {
        let mut shared = row;
        let here = parent.map(|spot| self.spots[spot].column);
        let (ahead, back): (Vec<usize>, Vec<usize>) =
            siblings.iter().partition(|at| here.is_none_or(|here| self.columns[**at] > here));
        for (spots, is_back) in [(ahead, false), (back, true)] {
            let mut kept: BTreeMap<usize, usize> = BTreeMap::new();
            for (may_fold, group) in self.forest.alike(&spots, &self.marked) {
                let fold = self.fold(parent, group[0]);
                let all = !may_fold || group.len() <= self.extent.siblings + 1 || (self.extent.is_open)(&fold);
                let shown = if all { group.len() } else { self.extent.siblings };
                let mut put = |placer: &mut Self, thing: usize, folded: Option<Folded>| {
                    if placer.spots.len() >= placer.extent.most || depth > DEEPEST {
                        placer.cut +=
                            folded.as_ref().map_or(placer.forest.size[thing], |it| it.things.len() + it.behind);
                        return;
                    }
                    let way = match (parent, is_back) {
                        (Some(_), true) => {
                            let column = placer.columns[thing];
                            let row = match kept.get(&column) {
                                Some(row) => *row,
                                None => *kept.entry(column).or_insert(placer.fresh()),
                            };
                            Way::Kept(row)
                        }
                        _ => Way::Branch,
                    };
                    let row = match shared.take().filter(|_| !is_back) {
                        Some(row) => row,
                        None => placer.fresh(),
                    };
                    if let Some(parent) = parent {
                        placer.seeds.push(Seed { from: parent, to: thing, way });
                    }
                    placer.put(thing, row, parent, folded, depth);
                };
                for thing in &group[..shown] {
                    put(self, *thing, None);
                }
                if let [first, ..] = group[shown..] {
                    let rest = &group[shown..];
                    let behind = rest.iter().map(|at| self.forest.size[*at] - 1).sum();
                    let things = rest.iter().map(|at| self.forest.things[*at].clone()).collect();
                    put(self, first, Some(Folded { fold, things, behind }));
                    let spot = self.spot_of[first];
                    rest.iter().for_each(|at| self.spot_of[*at] = spot);
                }
            }
        }
    }

    fn fold(&self, parent: Option<usize>, thing: usize) -> Fold {
        let parent = parent.map(|spot| self.spots[spot].key.clone());
        Fold { parent, kind: rank(self.forest.things[thing].kind).1 }
    }

    fn put(&mut self, thing: usize, row: usize, parent: Option<usize>, folded: Option<Folded>, depth: usize) {
        let spot = self.spots.len();
        let column = self.columns[thing];
        let is_fold = folded.is_some();
        self.spots.push(Spot { key: self.forest.things[thing].clone(), column, row, parent, folded });
        self.spot_of[thing] = Some(spot);
        let children = if is_fold { Vec::new() } else { std::mem::take(&mut self.forest.children[thing]) };
        let mut own_row = !children.iter().any(|at| self.columns[*at] > column);
        // Lines past the branches that leave for one column share a row.
        let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
        for to in std::mem::take(&mut self.forest.cross[thing]) {
            let there = self.columns[to];
            let free = own_row && there > column;
            let row = match rows.get(&there) {
                Some(row) => *row,
                None if there == column + 1 => row,
                None if free => {
                    own_row = false;
                    row
                }
                None => self.fresh(),
            };
            rows.insert(there, row);
            self.seeds.push(Seed { from: spot, to, way: Way::Cross(row) });
        }
        self.follow(Some(spot), &children, Some(row), depth + 1);
    }

    fn finish(self, mut columns: Vec<&'static str>) -> Layout {
        let Placer { picture, forest, mut spots, spot_of, seeds, rows, cut, .. } = self;
        // Columns of which everything is folded away are not drawn.
        let mut used = vec![false; columns.len()];
        spots.iter().for_each(|spot| used[spot.column] = true);
        let place = |column: usize| used[..column].iter().filter(|it| **it).count();
        spots.iter_mut().for_each(|spot| spot.column = place(spot.column));
        let mut kept = used.iter();
        columns.retain(|_| kept.next().copied().unwrap_or_default());
        let mut arrows: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (at, (from, to)) in forest.pairs.iter().enumerate() {
            if let (Some(from), Some(to)) = (spot_of[*from], spot_of[*to]) {
                arrows.entry((from, to)).or_default().push(at);
            }
        }
        let mut routes: Vec<Route> = Vec::new();
        let mut trunks: Vec<(Option<Trunk>, Option<Trunk>)> = Vec::new();
        let mut done: BTreeSet<(usize, usize)> = BTreeSet::new();
        for seed in &seeds {
            let Some(to) = spot_of[seed.to] else { continue };
            if seed.from == to || !done.insert((seed.from, to)) {
                continue;
            }
            let list = arrows.get(&(seed.from, to)).cloned().unwrap_or_default();
            let of = || list.iter().map(|at| &picture.arrows[*at]);
            let (a, b) = (&spots[seed.from], &spots[to]);
            let exit = |row: usize| (row != a.row).then(|| Trunk::exit(a.column + 1, seed.from, a.row, row));
            let (exit, along, entry) = match seed.way {
                Way::Branch => (exit(b.row), None, None),
                Way::Kept(row) => (exit(row), Some(row), Some(Trunk::kept(b.column, row, b.row))),
                Way::Cross(row) => (exit(row), Some(row), Some(Trunk::entry(b.column, to, row, b.row))),
            };
            routes.push(Route {
                from: seed.from,
                to,
                certainty: of().map(|it| it.certainty).fold(Truth::No, Truth::or),
                marked: of().any(|it| it.marked),
                arrows: list,
                exit: None,
                along: along.map(|row| (row, 0)),
            });
            trunks.push((exit, entry));
        }
        let gutters = lanes(columns.len() + 1, &mut routes, &trunks);
        let start = picture.start.as_ref().and_then(|start| spots.iter().position(|it| it.key == *start));
        let mut layout = Layout {
            spots,
            columns,
            gutters,
            routes,
            rows,
            cut,
            mirrored: picture.backward,
            start: start.unwrap_or_default(),
        };
        layout.sort();
        layout
    }
}

impl Layout {
    /// Spots by row, then column.
    fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.spots.len()).collect();
        order.sort_by_key(|at| (self.spots[*at].row, self.spots[*at].column));
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, from)| place[*from] = to);
        let mut spots: Vec<Spot> = order.iter().map(|at| self.spots[*at].clone()).collect();
        spots.iter_mut().for_each(|spot| spot.parent = spot.parent.map(|at| place[at]));
        self.spots = spots;
        for route in &mut self.routes {
            (route.from, route.to) = (place[route.from], place[route.to]);
        }
        self.start = place.get(self.start).copied().unwrap_or_default();
    }

    /// A column as it stands from the left.
    pub fn from_left(&self, column: usize) -> usize {
        if self.mirrored { self.columns.len().saturating_sub(column + 1) } else { column }
    }

    /// The spot of the nearest row from `row` on, downwards or upwards, that stands nearest to a column.
    pub fn near(&self, row: usize, column: usize, down: bool) -> Option<usize> {
        let distance = |at: &usize| self.spots[*at].column.abs_diff(column);
        let found = match down {
            true => self.spots.partition_point(|it| it.row < row),
            false => self.spots.partition_point(|it| it.row <= row).checked_sub(1)?,
        };
        let row = self.spots.get(found)?.row;
        let first = self.spots.partition_point(|it| it.row < row);
        let last = self.spots.partition_point(|it| it.row <= row);
        (first..last).min_by_key(distance)
    }

    /// The next spot of the row, else what follows from this one, or what it follows.
    pub fn beside(&self, spot: usize, right: bool) -> Option<usize> {
        let here = self.spots.get(spot)?;
        let away = right != self.mirrored;
        let next = if away { spot + 1 } else { spot.checked_sub(1)? };
        let in_row = self.spots.get(next).filter(|it| it.row == here.row).map(|_| next);
        let along = || match away {
            true => self.spots.iter().position(|it| it.parent == Some(spot)),
            false => here.parent,
        };
        in_row.or_else(along)
    }
}
