//! The graph as a picture: the neighbourhood of things, or an answer, for programs that draw, store or show graphs.
//!
//! [`Picture`] holds things and hops between them; each form has a file: `text` writes DOT, Mermaid, GraphML and JSON,
//! [`table`] the two bulk-load dialects of graph databases. [`layout`] gives things and lines their places, `svg` and
//! [`cells`] draw them for a page and for a terminal.

pub mod cells;
mod forest;
mod lanes;
pub mod layout;
mod svg;
pub mod table;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use crate::base::Truth;
use crate::graph::EdgeKind;
use crate::graph::path::Path;
use crate::model::{EntityKey, Kind};

use super::blast::{Row, World};

/// An arrow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    pub from: EntityKey,
    pub to: EntityKey,
    pub kind: EdgeKind,
    pub certainty: Truth,
    /// Part of what is to stand out.
    pub marked: bool,
}

/// Things and arrows, sorted, each once.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    pub title: String,
    pub things: BTreeSet<EntityKey>,
    pub arrows: Vec<Arrow>,
    /// Where the picture begins, when it has a beginning.
    pub start: Option<EntityKey>,
    /// Arrows lead to the start.
    pub backward: bool,
}

impl Picture {
    fn new(title: String, arrows: impl IntoIterator<Item = Arrow>) -> Picture {
        let mut by_place: BTreeMap<(EntityKey, EntityKey, EdgeKind), (Truth, bool)> = BTreeMap::new();
        for it in arrows {
            let known = by_place.entry((it.from, it.to, it.kind)).or_insert((Truth::No, false));
            *known = (known.0.or(it.certainty), known.1 || it.marked);
        }
        let arrow = |((from, to, kind), (certainty, marked))| Arrow { from, to, kind, certainty, marked };
        let arrows: Vec<Arrow> = by_place.into_iter().map(arrow).collect();
        let things = arrows.iter().flat_map(|it| [it.from.clone(), it.to.clone()]).collect();
        Picture { title, things, arrows, start: None, backward: false }
    }

    /// A blast radius: each thing with the hop by which it is reached.
    pub fn of_blast(start: &EntityKey, rows: &[Row]) -> Picture {
        let arrow = |row: &Row| Arrow {
            from: row.hop.from.clone(),
            to: row.hop.to.clone(),
            kind: row.hop.kind,
            certainty: row.certainty,
            marked: false,
        };
        let mut picture = Picture::new(format!("blast radius of {start}"), rows.iter().map(arrow));
        picture.things.insert(start.clone());
        picture.start = Some(start.clone());
        // Each thing comes before the one that it is reached from.
        picture.backward = rows.first().is_some_and(|row| row.from == row.hop.to && row.from != row.hop.from);
        picture
    }

    /// Paths; the first one stands out.
    pub fn of_paths(from: &EntityKey, to: &EntityKey, paths: &[Path]) -> Picture {
        let arrows = paths.iter().enumerate().flat_map(|(at, path)| {
            path.hops.iter().map(move |hop| Arrow {
                from: hop.from.clone(),
                to: hop.to.clone(),
                kind: hop.kind,
                certainty: hop.certainty,
                marked: at == 0,
            })
        });
        let mut picture = Picture::new(format!("paths from {from} to {to}"), arrows);
        picture.start = Some(from.clone()).filter(|it| picture.things.contains(it));
        picture
    }

    /// Everything: every thing with everything it points at. Large for large estates.
    pub fn of_all(world: World<'_>) -> Picture {
        let keys: Vec<EntityKey> = world.graph.keys().cloned().collect();
        Picture::of_things(world, "access graph".into(), &keys, &|_| true)
    }

    /// Things with what points at them and what they point at.
    pub fn around(world: World<'_>, title: String, keys: &[EntityKey]) -> Picture {
        let mut arrows = Vec::new();
        for key in keys {
            arrows.extend(world.graph.uses(key).into_iter().map(|it| Arrow {
                from: key.clone(),
                to: it.key,
                kind: it.kind,
                certainty: it.certainty,
                marked: false,
            }));
            arrows.extend(world.graph.used_by(key).into_iter().map(|it| Arrow {
                from: it.key,
                to: key.clone(),
                kind: it.kind,
                certainty: it.certainty,
                marked: false,
            }));
        }
        let mut picture = Picture::new(title, arrows);
        picture.things.extend(keys.iter().cloned());
        picture
    }

    fn of_things(world: World<'_>, title: String, keys: &[EntityKey], keep: &dyn Fn(&EntityKey) -> bool) -> Picture {
        let arrows = keys.iter().filter(|key| is_thing(key)).flat_map(|key| {
            world.graph.uses(key).into_iter().filter(|it| keep(&it.key)).map(|it| Arrow {
                from: key.clone(),
                to: it.key,
                kind: it.kind,
                certainty: it.certainty,
                marked: false,
            })
        });
        let mut picture = Picture::new(title, arrows);
        picture.things.extend(keys.iter().filter(|key| is_thing(key)).cloned());
        picture
    }
}

/// Sets of things have keys of their own that nobody sees.
fn is_thing(key: &EntityKey) -> bool {
    key.kind != Kind::Resource || key.name.starts_with("arn:")
}

/// How sure an arrow is, in words.
pub fn certainty_word(certainty: Truth) -> &'static str {
    match certainty {
        Truth::Yes => "certain",
        Truth::Unknown => "unknown",
        Truth::No => "no",
    }
}

/// `payments/api`, or the name.
pub fn label(key: &EntityKey) -> String {
    if key.namespace.is_empty() { key.name.to_string() } else { format!("{}/{}", key.namespace, key.name) }
}
