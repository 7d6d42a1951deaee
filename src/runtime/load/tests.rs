//! Reading with readers that are a few lines long.

use std::sync::Arc;
use std::sync::mpsc;

use tokio::sync::mpsc::UnboundedReceiver;

use super::*;
use crate::model::SourceId;
use crate::model::feed::{Batch, Change, Place};
use crate::runtime::jobs::{Jobs, Report, Said, Track};

type Script = dyn Fn(&(dyn Fn(Delta) + Sync), &AtomicBool) -> Result<(), String> + Send + Sync;

struct Scripted(Box<Script>);

impl Reader for Scripted {
    fn load(&self, sink: &(dyn Fn(Delta) + Sync), stop: &AtomicBool) -> Result<(), String> {
        (self.0)(sink, stop)
    }
    fn raw(&self, _: &Origin) -> Result<String, String> {
        Err("nothing is stored".into())
    }
}

fn time(seconds: i64) -> Delta {
    let time = jiff::Timestamp::from_second(seconds).expect("a time");
    Delta { place: Place::World, source: SourceId::world(), change: Change::Page(Batch::Now(vec![Arc::new(time)])) }
}

fn next(reports: &mut UnboundedReceiver<Report>) -> Option<Msg> {
    loop {
        match reports.blocking_recv()?.open() {
            Some(Said::Msg(msg)) => return Some(msg),
            Some(Said::End) => return None,
            _ => {}
        }
    }
}

fn start(show: Show, script: Box<Script>) -> (tokio::runtime::Runtime, UnboundedReceiver<Report>) {
    let pool = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(panic::JOB_THREAD)
        .build()
        .expect("a pool");
    let (mut jobs, reports) = Jobs::new(pool.handle().clone());
    jobs.replace(Track::Load, "reading", move |outbox| load(&Scripted(script), show, &Known::default(), outbox));
    (pool, reports)
}

#[test]
fn an_unfinished_inventory_is_shown_while_the_reader_is_slow() {
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let (_pool, mut reports) = start(
        Show::Growing,
        Box::new(move |sink, _| {
            sink(time(1));
            let _ = wait.lock().expect("one reader").recv();
            sink(time(2));
            Ok(())
        }),
    );
    match next(&mut reports) {
        Some(Msg::Inventory { inventory, finished: false }) => {
            assert_eq!(inventory.now.map(|it| it.as_second()), Some(1))
        }
        other => panic!("{other:?}"),
    }
    go.send(()).expect("it waits");
    match next(&mut reports) {
        Some(Msg::Inventory { inventory, finished: true }) => {
            assert_eq!(inventory.now.map(|it| it.as_second()), Some(2))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn reading_again_shows_only_the_whole() {
    let (_pool, mut reports) = start(
        Show::Whole,
        Box::new(|sink, _| {
            (0..1000).for_each(|seconds| sink(time(seconds)));
            Ok(())
        }),
    );
    assert!(matches!(next(&mut reports), Some(Msg::Inventory { finished: true, .. })));
    assert!(next(&mut reports).is_none());
}

#[test]
fn a_reader_that_finds_nothing_says_why() {
    let (_pool, mut reports) = start(Show::Growing, Box::new(|_, _| Err("no such directory".into())));
    assert!(matches!(next(&mut reports), Some(Msg::LoadFailed(why)) if why == "no such directory"));
}

#[test]
fn a_reader_that_panics_becomes_a_message() {
    let (_pool, mut reports) = start(Show::Growing, Box::new(|_, _| panic!("odd file")));
    assert!(matches!(next(&mut reports), Some(Msg::Crashed { job, .. }) if job == "reading: odd file"));
}

/// Data that changes: gives one time when it is read, and what comes through a channel afterwards.
struct Changing(Mutex<Receiver<Delta>>);

impl Reader for Changing {
    fn load(&self, sink: &(dyn Fn(Delta) + Sync), _: &AtomicBool) -> Result<(), String> {
        sink(time(1));
        Ok(())
    }
    fn follow(&self, sink: &(dyn Fn(Delta) + Sync), _: &AtomicBool) {
        let changes = self.0.lock().expect("one reader");
        changes.iter().for_each(sink);
    }
    fn changes(&self) -> bool {
        true
    }
    fn raw(&self, _: &Origin) -> Result<String, String> {
        Err("nothing is stored".into())
    }
}

#[test]
fn changes_that_come_together_are_shown_together_and_nobody_waits_for_the_next() {
    let (change, changes) = mpsc::channel();
    let pool = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(panic::JOB_THREAD)
        .build()
        .expect("a pool");
    let (mut jobs, mut reports) = Jobs::new(pool.handle().clone());
    let reader = Changing(Mutex::new(changes));
    jobs.replace(Track::Load, "reading", move |outbox| load(&reader, Show::Whole, &Known::default(), outbox));
    assert!(matches!(next(&mut reports), Some(Msg::Inventory { finished: true, .. })));
    assert!(next(&mut reports).is_none(), "the end of the reading");
    assert_eq!(jobs.in_flight(), 0);
    (2..100).for_each(|seconds| change.send(time(seconds)).expect("it follows"));
    match next(&mut reports) {
        Some(Msg::Inventory { inventory, finished: true }) => {
            assert_eq!(inventory.now.map(|it| it.as_second()), Some(99));
        }
        other => panic!("{other:?}"),
    }
    drop(change);
}
