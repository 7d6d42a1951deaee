//! Ways from one thing to another, asked by address.

use crate::graph::path::{Limits, Paths, paths};
use crate::model::EntityKey;

use super::blast::{World, ends, starts};

/// Asks. `None` when nothing can be held of the one thing, or the graph does not hold the other.
pub fn path(world: World<'_>, from: &EntityKey, to: &EntityKey, limits: Limits) -> Option<Paths> {
    let (seeds, targets) = (starts(world, from), ends(world, to));
    if seeds.is_empty() || targets.is_empty() {
        return None;
    }
    Some(paths(world.graph, &seeds, &targets, from, limits))
}
