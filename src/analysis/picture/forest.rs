//! The forest under a picture: each thing with the one that it is first reached from, and siblings that may fold.

use std::collections::{BTreeMap, VecDeque};

use crate::model::EntityKey;

use super::Picture;
use super::layout::rank;

/// Things by number, in the order of the picture.
pub(super) struct Forest<'a> {
    pub things: Vec<&'a EntityKey>,
    /// Both ends of each arrow of the picture, the one nearer to the root first.
    pub pairs: Vec<(usize, usize)>,
    pub parent: Vec<Option<usize>>,
    /// By column, then those that lead to the most, then by key.
    pub children: Vec<Vec<usize>>,
    pub roots: Vec<usize>,
    /// With everything below.
    pub size: Vec<usize>,
    /// Ends of arrows that are no branch, by the thing that they leave.
    pub cross: Vec<Vec<usize>>,
    /// Of things with nothing below: what else they are connected with. `None` of those that must not fold, as some arrow
    /// leads to or from what is below them.
    ties: Vec<Option<Ties>>,
}

/// The other ends of arrows beside the branch, and whether they leave for there.
type Ties = Vec<(bool, usize)>;

impl<'a> Forest<'a> {
    pub fn new(picture: &'a Picture) -> Forest<'a> {
        let things: Vec<&EntityKey> = picture.things.iter().collect();
        // Positions by search in a sorted list.
        let place = |key: &EntityKey| things.binary_search(&key).unwrap_or_default();
        let pairs: Vec<(usize, usize)> = picture
            .arrows
            .iter()
            .map(|arrow| (place(&arrow.from), place(&arrow.to)))
            .map(|(from, to)| if picture.backward { (to, from) } else { (from, to) })
            .collect();
        let count = things.len();
        let mut out: Vec<Vec<usize>> = vec![Vec::new(); count];
        let mut is_led_to = vec![false; count];
        for (from, to) in pairs.iter().filter(|(from, to)| from != to) {
            out[*from].push(*to);
            is_led_to[*to] = true;
        }
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|at| (rank(things[*at].kind), *at));
        let start = picture.start.as_ref().map(&place);
        let free = order.iter().copied().filter(|at| start.is_none() && !is_led_to[*at]);
        let first: Vec<usize> = start.into_iter().chain(free).collect();
        let mut forest = Forest {
            things,
            pairs,
            parent: vec![None; count],
            children: vec![Vec::new(); count],
            roots: Vec::new(),
            size: vec![1; count],
            cross: vec![Vec::new(); count],
            ties: Vec::new(),
        };
        forest.grow(&first, &order, &out);
        forest.tie();
        forest
    }

    /// Breadth first, so that every thing hangs as near to a root as it can.
    fn grow(&mut self, first: &[usize], order: &[usize], out: &[Vec<usize>]) {
        let mut seen = vec![false; self.things.len()];
        let mut met: Vec<usize> = Vec::with_capacity(self.things.len());
        let mut open: VecDeque<usize> = VecDeque::new();
        let mut rest = order.iter().copied();
        let mut begin = first.to_vec();
        loop {
            for root in begin.drain(..) {
                if !std::mem::replace(&mut seen[root], true) {
                    self.roots.push(root);
                    open.push_back(root);
                }
            }
            while let Some(at) = open.pop_front() {
                met.push(at);
                for to in &out[at] {
                    if !std::mem::replace(&mut seen[*to], true) {
                        self.parent[*to] = Some(at);
                        self.children[at].push(*to);
                        open.push_back(*to);
                    }
                }
            }
            // What only rings lead to begins where its first thing stands.
            match rest.find(|at| !seen[*at]) {
                Some(root) => begin.push(root),
                None => break,
            }
        }
        for at in met.iter().rev() {
            if let Some(parent) = self.parent[*at] {
                self.size[parent] += self.size[*at];
            }
        }
        let (things, size) = (&self.things, &self.size);
        for children in &mut self.children {
            children.sort_by_key(|at| (rank(things[*at].kind), std::cmp::Reverse(size[*at]), *at));
        }
    }

    fn tie(&mut self) {
        let count = self.things.len();
        let mut ties: Vec<Option<Ties>> = vec![Some(Ties::new()); count];
        for (from, to) in self.pairs.iter().copied().filter(|(from, to)| from != to) {
            if self.parent[to] == Some(from) {
                continue;
            }
            self.cross[from].push(to);
            for (end, other, leaves) in [(from, to, true), (to, from, false)] {
                if let (true, Some(list)) = (self.children[end].is_empty(), &mut ties[end]) {
                    list.push((leaves, other));
                } else {
                    ties[end] = None;
                }
                let mut above = self.parent[end];
                while let Some(at) = above.filter(|at| ties[*at].is_some()) {
                    ties[at] = None;
                    above = self.parent[at];
                }
            }
        }
        for list in &mut self.cross {
            list.sort_unstable();
            list.dedup();
        }
        for list in ties.iter_mut().flatten() {
            list.sort_unstable();
            list.dedup();
        }
        self.ties = ties;
    }

    /// Siblings in their order, those of one column that are connected alike together and may fold; those of `keep` may not.
    pub fn alike(&self, siblings: &[usize], keep: &[bool]) -> Vec<(bool, Vec<usize>)> {
        let mut groups: Vec<(bool, Vec<usize>)> = Vec::new();
        let mut known: BTreeMap<(usize, &Ties), usize> = BTreeMap::new();
        for at in siblings {
            let ties = self.ties[*at].as_ref().filter(|_| !keep[*at]);
            let Some(ties) = ties else {
                groups.push((false, vec![*at]));
                continue;
            };
            let group = known.entry((rank(self.things[*at].kind).0, ties)).or_insert_with(|| {
                groups.push((true, Vec::new()));
                groups.len() - 1
            });
            groups[*group].1.push(*at);
        }
        groups
    }
}
