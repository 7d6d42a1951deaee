//! The access graph: every kind of edge with a case that has it and a near miss that has not, in estates of their own and
//! in one world; vectors T37 to T45, paths
//! that a checker of its own walks back to the facts, and the planted cases of a generated world.

mod blast;
mod checker;
mod edges;
mod sharing;
mod table;
mod vectors;
mod world;

use rolewalk::analysis::blast::{ENDLESS, Row, World, blast};
use rolewalk::base::Truth;
use rolewalk::estate::{Estate, derive};
use rolewalk::graph::reach::Direction;
use rolewalk::model::EntityKey;
use rolewalk::testing::estate_text::estate;

/// The estate of a text.
pub fn derived(text: &str) -> Estate {
    derive(&estate(text), &|| false).expect("nobody stops it")
}

pub fn world_of(estate: &Estate) -> World<'_> {
    World { inventory: &estate.inventory, pods: &estate.pods, graph: estate.graph() }
}

pub fn key(address: &str) -> EntityKey {
    EntityKey::parse(address).unwrap_or_else(|| panic!("`{address}` is no address"))
}

/// What falls with a thing.
pub fn falls(estate: &Estate, address: &str) -> Vec<Row> {
    let answer = blast(world_of(estate), &key(address), Direction::Forward, ENDLESS);
    answer.map_or_else(Vec::new, |it| it.rows(world_of(estate)))
}

/// How surely one thing falls with another.
pub fn reaches(estate: &Estate, from: &str, to: &str) -> Truth {
    let to = key(to);
    falls(estate, from).iter().find(|row| row.key == to).map_or(Truth::No, |row| row.certainty)
}
