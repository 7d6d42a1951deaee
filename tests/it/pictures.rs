//! Pictures of the graph: everything has a place of its own, no line crosses a label, siblings fold and open again.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rolewalk::analysis::picture::cells::{Run, Window};
use rolewalk::analysis::picture::layout::{Extent, Layout};
use rolewalk::analysis::picture::{Arrow, Picture};
use rolewalk::base::Truth;
use rolewalk::graph::EdgeKind;
use rolewalk::model::EntityKey;

fn key(address: &str) -> EntityKey {
    EntityKey::parse(address).unwrap_or_else(|| panic!("`{address}` is no address"))
}

/// `pod/c1/ns/app > sa/c1/ns/app`, with `?>` for an arrow that is not certain.
fn picture(arrows: &[&str]) -> Picture {
    let arrow = |text: &&str| {
        let (from, to) = text.split_once("> ").expect("an arrow");
        let (from, certainty) = match from.strip_suffix('?') {
            Some(from) => (from, Truth::Unknown),
            None => (from, Truth::Yes),
        };
        Arrow { from: key(from.trim()), to: key(to.trim()), kind: EdgeKind::RunsAs, certainty, marked: false }
    };
    let arrows: Vec<Arrow> = arrows.iter().map(arrow).collect();
    let things: BTreeSet<EntityKey> = arrows.iter().flat_map(|it| [it.from.clone(), it.to.clone()]).collect();
    Picture { things, arrows, ..Picture::default() }
}

fn from(start: &str, arrows: &[&str]) -> Picture {
    Picture { start: Some(key(start)), ..picture(arrows) }
}

fn folded(picture: &Picture, siblings: usize) -> Layout {
    picture.layout(&Extent { siblings, is_open: &|_| false, most: 1000 })
}

fn drawn(layout: &Layout, wide: usize, ascii: bool) -> Vec<String> {
    let cells = layout.cells(Window { wide, from: 0, height: layout.rows }, None, &|at| at == 0, ascii);
    let row = |row: &Vec<Run>| row.iter().map(|it| it.0.as_str()).collect::<String>().trim_end().to_owned();
    std::iter::once(&cells.titles).chain(&cells.rows).map(row).collect()
}

#[test]
fn a_branch_stands_on_the_row_of_the_first_thing_that_follows() {
    let picture = from(
        "pod/c1/ns/app",
        &["pod/c1/ns/app > sa/c1/ns/app", "sa/c1/ns/app > role/111122223333:r", "pod/c1/ns/app ?> sa/c1/ns/b"],
    );
    let layout = folded(&picture, 3);
    assert_eq!(
        drawn(&layout, 60, false),
        ["workloads    accounts   roles", "ns/app━━━━┳━▸ns/app────▸r", "          └┄▸ns/b"].map(|it| it.to_owned()),
        "{layout:#?}"
    );
    assert!(drawn(&layout, 60, true).iter().all(|row| row.is_ascii()));
}

#[test]
fn what_leads_back_comes_in_from_the_side_of_the_root_along_a_row_of_its_own() {
    let picture = from("node/c1/n", &["node/c1/n > pod/c1/ns/a", "node/c1/n > pod/c1/ns/b"]);
    let layout = folded(&picture, 3);
    let text = drawn(&layout, 60, true);
    // A row for the node, one for the line, one for each pod.
    assert_eq!(layout.rows, 4, "{text:#?}");
    assert!(text[3].contains(">ns/a") && text[4].contains(">ns/b"), "{text:#?}");
}

#[test]
fn siblings_alike_fold_and_open() {
    let arrows: Vec<String> = (0..9).map(|at| format!("node/c1/n > role/111122223333:r{at}")).collect();
    let arrows: Vec<&str> = arrows.iter().map(String::as_str).collect();
    let picture = from("node/c1/n", &arrows);
    let layout = folded(&picture, 3);
    assert_eq!(layout.spots.len(), 5);
    let fold = layout.spots.iter().find_map(|it| it.folded.clone()).expect("a fold");
    assert_eq!((fold.things.len(), fold.behind), (6, 0));
    let open = picture.layout(&Extent { siblings: 3, is_open: &|it| *it == fold.fold, most: 1000 });
    assert_eq!((open.spots.len(), open.routes.len()), (10, 9));
    // Four are no more than three and a line that says so.
    assert!(folded(&from("node/c1/n", &arrows[..4]), 3).spots.iter().all(|it| it.folded.is_none()));
}

#[test]
fn what_has_a_line_of_its_own_to_elsewhere_does_not_fold() {
    let mut arrows: Vec<String> = (0..9).map(|at| format!("node/c1/n > role/111122223333:r{at}")).collect();
    arrows.push("role/111122223333:r7 > cluster/c1".to_owned());
    arrows.push("node/c1/n > cluster/c1".to_owned());
    let arrows: Vec<&str> = arrows.iter().map(String::as_str).collect();
    let layout = folded(&from("node/c1/n", &arrows), 3);
    let seven = layout.spots.iter().position(|it| it.key == key("role/111122223333:r7") && it.folded.is_none());
    assert!(seven.is_some(), "{layout:#?}");
    assert!(layout.routes.iter().any(|it| Some(it.from) == seven));
}

#[test]
fn many_workloads_of_one_role_fold_before_it() {
    let arrows: Vec<String> = (0..50).map(|at| format!("pod/c1/ns/p{at:02} > role/111122223333:r")).collect();
    let arrows: Vec<&str> = arrows.iter().map(String::as_str).collect();
    let layout = folded(&picture(&arrows), 3);
    let fold = layout.spots.iter().position(|it| it.folded.is_some()).expect("a fold");
    assert!(layout.spots.len() < 8, "{layout:#?}");
    assert!(layout.routes.iter().any(|it| it.from == fold), "the fold leads where its things do");
}

#[test]
fn a_picture_of_who_leads_here_has_its_start_at_the_right() {
    let picture = Picture {
        backward: true,
        ..from("role/111122223333:r", &["pod/c1/ns/a > role/111122223333:r", "group/c1/dev > pod/c1/ns/a"])
    };
    let text = drawn(&folded(&picture, 3), 60, true);
    let row = &text[1];
    let place = |name: &str| row.find(name).unwrap_or_else(|| panic!("{name}: {text:#?}"));
    assert!(place("dev") < place(">ns/a") && place("ns/a") < place(">r"), "{text:#?}");
}

#[test]
fn each_key_of_the_walk_leads_somewhere_and_every_spot_is_walked_to() {
    let picture = from(
        "node/c1/n",
        &[
            "node/c1/n > pod/c1/ns/a",
            "pod/c1/ns/a > sa/c1/ns/a",
            "sa/c1/ns/a > role/111122223333:r",
            "node/c1/n > role/111122223333:n",
            "role/111122223333:n > cluster/c1",
            "group/c1/dev > pod/c1/ns/a",
        ],
    );
    let layout = folded(&picture, 3);
    let mut seen = BTreeSet::from([layout.start]);
    let mut open = vec![layout.start];
    while let Some(at) = open.pop() {
        let spot = &layout.spots[at];
        let steps = [
            layout.beside(at, true),
            layout.beside(at, false),
            layout.near(spot.row + 1, spot.column, true),
            spot.row.checked_sub(1).and_then(|row| layout.near(row, spot.column, false)),
        ];
        open.extend(steps.into_iter().flatten().filter(|to| seen.insert(*to)));
    }
    assert_eq!(seen.len(), layout.spots.len(), "{layout:#?}");
}

#[test]
fn a_chain_that_never_ends_is_cut_and_counted() {
    let arrows: Vec<String> =
        (0..5000).map(|at| format!("role/111122223333:r{at} > role/111122223333:r{}", at + 1)).collect();
    let arrows: Vec<&str> = arrows.iter().map(String::as_str).collect();
    let layout = folded(&from("role/111122223333:r0", &arrows), 3);
    assert_eq!(layout.spots.len() + layout.cut, 5001);
    assert!(layout.cut > 4000);
}

/// Arrows among a few things of each kind, rings and all.
fn arrows() -> impl Strategy<Value = Vec<(usize, usize, bool)>> {
    prop::collection::vec((0usize..24, 0usize..24, any::<bool>()), 1..60)
}

fn thing(at: usize) -> EntityKey {
    let name = at / 6;
    key(&match at % 6 {
        0 => format!("group/c1/g{name}"),
        1 => format!("pod/c1/ns/p{name}"),
        2 => format!("sa/c1/ns/s{name}"),
        3 => format!("node/c1/n{name}"),
        4 => format!("role/111122223333:r{name}"),
        _ => format!("cluster/c{name}"),
    })
}

/// Rows and columns that the level parts of a route pass between its ends.
fn passes(layout: &Layout, at: usize) -> Vec<(usize, usize)> {
    let route = &layout.routes[at];
    let (from, to) = (&layout.spots[route.from], &layout.spots[route.to]);
    // Gutters are half a column before their number; a column is passed when both sides of it are.
    let level = |row: usize, a: usize, b: usize| (a.min(b)..a.max(b)).map(move |column| (row, column));
    match route.along {
        None => level(to.row, from.column + 1, to.column).collect(),
        Some((row, _)) => level(row, from.column + 1, to.column).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_line_crosses_a_label_and_no_two_labels_share_a_place(
        arrows in arrows(), start in prop::option::of(0usize..24), backward in any::<bool>(), siblings in 1usize..5,
    ) {
        let arrows: Vec<Arrow> = arrows
            .into_iter()
            .map(|(from, to, sure)| Arrow {
                from: thing(from),
                to: thing(to),
                kind: EdgeKind::RunsAs,
                certainty: if sure { Truth::Yes } else { Truth::Unknown },
                marked: false,
            })
            .collect();
        let mut things: BTreeSet<EntityKey> = arrows.iter().flat_map(|it| [it.from.clone(), it.to.clone()]).collect();
        let start = start.map(thing);
        things.extend(start.clone());
        let count = things.len();
        let ends: BTreeSet<(EntityKey, EntityKey)> =
            arrows.iter().filter(|it| it.from != it.to).map(|it| (it.from.clone(), it.to.clone())).collect();
        let picture = Picture { things, arrows, start, backward, ..Picture::default() };
        for open in [false, true] {
            let layout = picture.layout(&Extent { siblings, is_open: &|_| open, most: 1000 });
            let places: BTreeSet<(usize, usize)> = layout.spots.iter().map(|it| (it.row, it.column)).collect();
            prop_assert_eq!(places.len(), layout.spots.len());
            for at in 0..layout.routes.len() {
                for place in passes(&layout, at) {
                    prop_assert!(!places.contains(&place), "route {} over {:?}: {:#?}", at, place, layout);
                }
            }
            // Nothing is lost: every thing stands alone, in a fold or behind one, and every arrow has its line.
            let of = |it: &rolewalk::analysis::picture::layout::Spot| it.folded.as_ref().map_or(1, |it| it.things.len() + it.behind);
            prop_assert_eq!(layout.spots.iter().map(of).sum::<usize>() + layout.cut, count);
            if open {
                prop_assert_eq!(layout.routes.len(), ends.len());
            }
            for wide in [0, 7, 40, 120] {
                let window = Window { wide, from: 1, height: 7 };
                layout.cells(window, Some(0), &|_| false, wide == 7);
            }
        }
    }
}
