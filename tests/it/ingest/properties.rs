//! Generated input: the splitter agrees with serde_json and never panics; the order of reports does not matter.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rolewalk::ingest::files::Files;
use rolewalk::ingest::split::{Event, Extent, Splitter};
use rolewalk::ingest::{Options, Snapshot};
use rolewalk::model::Inventory;
use rolewalk::model::feed::Delta;
use serde_json::Value;

use super::tiny;

const LISTS: &[&str] = &["items", "more"];

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        "[a-z\\\\\"{}\\[\\],: é\u{1}\n]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z\\\\\"{}]{0,6}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_answer() -> impl Strategy<Value = Value> {
    let list = || prop::collection::vec(any_value(), 0..8).prop_map(Value::from);
    let others = prop::collection::btree_map("[a-h\\\\\"]{1,6}", any_value(), 0..4);
    (prop::option::of(list()), others, prop::option::of(list())).prop_map(|(items, others, more)| {
        let mut object: serde_json::Map<String, Value> = others.into_iter().collect();
        object.extend(items.map(|list| ("items".to_owned(), list)));
        object.extend(more.map(|list| ("more".to_owned(), list)));
        Value::Object(object)
    })
}

/// Elements by list, and the skeletons around them.
type Pieces = (BTreeMap<Option<usize>, Vec<Value>>, Vec<Value>);

/// What the splitter makes of a text: the elements of each list, and the rest.
fn split(text: &[u8], chunk: usize) -> Result<Pieces, String> {
    let mut splitter = Splitter::with_chunk(text, LISTS, chunk);
    let (mut lists, mut rests) = (BTreeMap::<_, Vec<Value>>::new(), Vec::new());
    loop {
        match splitter.event() {
            Event::End => return Ok((lists, rests)),
            Event::Broken { found, expected } => return Err(format!("{found}, expected {expected}")),
            Event::Closed => {
                rests.push(serde_json::from_slice(&splitter.rest().text).map_err(|error| error.to_string())?);
            }
            Event::Value { list, .. } => {
                let Extent::Whole(length) = splitter.measure() else { return Err("a cut value".to_owned()) };
                let place = splitter.place();
                let at = usize::try_from(place.offset).unwrap();
                let before = &text[..at];
                let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
                let column = at - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) + 1;
                assert_eq!((place.line as usize, place.column as usize), (line, column));
                let value = &splitter.window()[..length];
                assert_eq!(value, &text[at..at + length]);
                lists.entry(list).or_default().push(serde_json::from_slice(value).map_err(|error| error.to_string())?);
                splitter.advance(length);
            }
        }
    }
}

proptest! {
    #[test]
    fn the_splitter_agrees_with_serde_json(answer in any_answer(), chunk in 1..200_usize, pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&answer).unwrap() } else { answer.to_string() };
        let (lists, rests) = split(text.as_bytes(), chunk).unwrap();
        // Read back, because numbers with a fraction do not survive being written to the last digit.
        let answer: Value = serde_json::from_str(&text).unwrap();
        let mut expected_rest = answer.clone();
        for (at, name) in LISTS.iter().enumerate() {
            let expected = answer.get(*name).and_then(Value::as_array).cloned().unwrap_or_default();
            prop_assert_eq!(lists.get(&Some(at)).cloned().unwrap_or_default(), expected);
            if let Some(list) = expected_rest.get_mut(*name) {
                *list = Value::Null;
            }
        }
        prop_assert_eq!(rests, vec![expected_rest]);
    }

    #[test]
    fn the_splitter_never_panics_and_always_ends(text in prop::collection::vec(
        prop_oneof![
            Just(b"{".to_vec()), Just(b"}".to_vec()), Just(b"[".to_vec()), Just(b"]".to_vec()), Just(b"\"".to_vec()),
            Just(b"\"items\":".to_vec()), Just(b",".to_vec()), Just(b":".to_vec()), Just(b"\\".to_vec()),
            Just(b"\n".to_vec()), Just(b"true".to_vec()), Just(b"-1.5".to_vec()), prop::collection::vec(any::<u8>(), 0..5),
        ], 0..60), chunk in 1..40_usize, torn: bool) {
        let text = text.concat();
        let mut splitter = Splitter::with_chunk(&text[..], LISTS, chunk);
        let mut events = 0;
        loop {
            match splitter.event() {
                Event::End => break,
                Event::Value { .. } => splitter.skip(torn),
                Event::Closed | Event::Broken { .. } => {}
            }
            events += 1;
            prop_assert!(events <= text.len() + 2, "it does not end");
        }
    }
}

#[test]
fn the_order_in_which_sources_report_does_not_matter() {
    let directory = tempfile::tempdir().unwrap();
    tiny::write(directory.path());
    let snapshot = Snapshot::open(Files::Disk(directory.path().to_owned()), Options::default()).unwrap();
    let deltas = std::sync::Mutex::new(Vec::new());
    snapshot.read(|delta| deltas.lock().unwrap().push(delta));
    let mut by_source = BTreeMap::<String, Vec<Delta>>::new();
    for delta in deltas.into_inner().unwrap() {
        by_source.entry(delta.source.to_string()).or_default().push(delta);
    }
    let apply = |order: &[usize]| {
        // Takes the next report of the source that the order names, until all are used up.
        let mut queues: Vec<_> = by_source.values().map(|deltas| deltas.iter()).collect();
        let mut inventory = Inventory::default();
        for at in order.iter().cycle() {
            let count = queues.len();
            if let Some(delta) = queues[at % count].next() {
                inventory.apply(delta.clone());
            }
            queues.retain(|queue| queue.len() > 0);
            if queues.is_empty() {
                break;
            }
        }
        super::dump::inventory(&inventory, true)
    };
    let expected = apply(&[0]);
    proptest!(ProptestConfig::with_cases(40), |(order in prop::collection::vec(0..1000_usize, 1..60))| {
        prop_assert_eq!(apply(&order), expected.clone());
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn no_file_stops_the_reader(pieces in prop::collection::vec(prop_oneof![
        Just("items:\n".to_owned()), Just("- ".to_owned()), Just("  ".to_owned()), Just("\n".to_owned()),
        Just("---\n".to_owned()), Just("kind: Pod\n".to_owned()), Just("metadata: {name: a, namespace: b}\n".to_owned()),
        Just("metadata:\n  name: a\n".to_owned()), Just("{".to_owned()), Just("}".to_owned()), Just("[".to_owned()),
        Just("\"".to_owned()), Just("&a ".to_owned()), Just("*a".to_owned()), Just("<<: ".to_owned()), Just("|\n".to_owned()),
        Just("\"items\": [".to_owned()), Just("\"metadata\": {\"name\": \"x\"}".to_owned()), Just(",".to_owned()),
        Just("\t".to_owned()), Just("!!binary ".to_owned()), Just("? ".to_owned()), Just(": ".to_owned()), "\\PC{0,8}",
    ], 0..30), yaml: bool) {
        let directory = tempfile::tempdir().unwrap();
        let cluster = directory.path().join("clusters/a");
        std::fs::create_dir_all(&cluster).unwrap();
        let name = if yaml { "pods.yaml" } else { "pods.json" };
        std::fs::write(cluster.join(name), pieces.concat()).unwrap();
        let inventory = rolewalk::ingest::load(directory.path(), Options::default()).unwrap();
        let cluster = &inventory.clusters["a"];
        let report = inventory.coverage.report(&cluster.source(rolewalk::model::SourceKind::Pods)).unwrap();
        prop_assert!(report.status != rolewalk::model::Status::Loading);
        prop_assert!(report.status == rolewalk::model::Status::Ok || !report.why.is_empty() || report.lost > 0);
    }
}
