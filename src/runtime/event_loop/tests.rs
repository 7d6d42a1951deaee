//! The loop with a stage that only takes notes and a terminal that is a channel.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use futures_util::stream;
use tokio::sync::mpsc;
use tokio::sync::mpsc::UnboundedSender;

use super::*;
use crate::app::{Key, Settings};
use crate::model::facts::meta::Origin;
use crate::model::feed::Delta;
use crate::runtime::base::Bases;
use crate::runtime::jobs::Jobs;
use crate::runtime::load::Reader;
use crate::runtime::panic::JOB_THREAD;
use crate::runtime::shelf::{Shelf, Source};

type Notes = Arc<Mutex<Vec<&'static str>>>;

struct Notebook {
    notes: Notes,
    idle: UnboundedSender<usize>,
    frames: usize,
}

impl Notebook {
    fn note(&self, note: &'static str) -> io::Result<()> {
        self.notes.lock().expect("no panic").push(note);
        Ok(())
    }
}

impl Stage for Notebook {
    fn draw(&mut self, _: &App) -> io::Result<Layout> {
        self.frames += 1;
        self.note("frame")?;
        Ok(Layout::default())
    }
    fn clear(&mut self) -> io::Result<()> {
        self.note("clear")
    }
    fn leave(&mut self) {
        self.note("leave").expect("noted");
    }
    fn resume(&mut self) -> io::Result<()> {
        self.note("resume")
    }
    fn set_mouse(&mut self, _: bool) -> io::Result<()> {
        self.note("mouse")
    }
    fn send(&mut self, _: &str) -> io::Result<()> {
        self.note("sequence")
    }
    fn idle(&mut self) -> io::Result<()> {
        let _ = self.idle.send(self.frames);
        self.note("idle")
    }
}

struct Library(Notes);

impl Reader for Library {
    fn load(&self, _: &(dyn Fn(Delta) + Sync), _: &AtomicBool) -> Result<(), String> {
        self.0.lock().expect("no panic").push("read");
        Ok(())
    }
    fn raw(&self, _: &Origin) -> Result<String, String> {
        Err("nothing is stored".into())
    }
}

struct Rig {
    notes: Notes,
    inputs: UnboundedSender<Input>,
    wishes: UnboundedSender<Wish>,
    idle: UnboundedReceiver<usize>,
}

impl Rig {
    fn key(&self, key: Key) {
        self.inputs.send(Ok([Msg::Key(key)].into_iter().collect())).expect("the loop runs");
    }

    /// Frames drawn when the loop had nothing left to do.
    async fn idle(&mut self) -> usize {
        self.idle.recv().await.expect("the loop runs")
    }
}

/// Runs the loop on demo settings beside what `script` does; gives the end and the notes.
fn play(script: impl AsyncFnOnce(Rig)) -> (End, Vec<&'static str>) {
    let pool = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(JOB_THREAD)
        .enable_all()
        .build()
        .expect("a pool");
    let notes = Notes::default();
    let (jobs, reports) = Jobs::new(pool.handle().clone());
    let (idle, idle_receiver) = mpsc::unbounded_channel();
    let (inputs, input_receiver) = mpsc::unbounded_channel();
    let (wishes, wish_receiver) = mpsc::unbounded_channel();
    let stage = Notebook { notes: Arc::clone(&notes), idle, frames: 0 };
    let source = Source { reader: Arc::new(Library(Arc::clone(&notes))), keeps: None, bases: Bases::None };
    let settings = Settings { origin: DataOrigin::Demo, ..Settings::default() };
    let effects = Effects::new(jobs, source, Shelf::default());
    let mut event_loop = EventLoop::new(App::new(settings), stage, effects, reports);
    let rig = Rig { notes: Arc::clone(&notes), inputs, wishes, idle: idle_receiver };
    let inputs = Box::pin(stream::unfold(input_receiver, async |mut it| it.recv().await.map(|input| (input, it))));
    let wishes = Box::pin(stream::unfold(wish_receiver, async |mut it| it.recv().await.map(|wish| (wish, it))));
    let (end, ()) = pool.block_on(async { tokio::join!(event_loop.run(inputs, wishes, None), script(rig)) });
    let notes = notes.lock().expect("no panic").clone();
    (end.expect("the stage never fails"), notes)
}

#[test]
fn the_first_frame_comes_before_anything_is_read() {
    let (end, notes) = play(async |mut rig| {
        rig.idle().await;
    });
    assert_eq!(end, End::Closed);
    assert_eq!(notes.iter().position(|it| *it == "frame"), Some(0));
    assert!(notes.contains(&"read"));
}

#[test]
fn an_idle_screen_draws_nothing_and_says_so() {
    let (_, notes) = play(async |mut rig| {
        let frames = rig.idle().await;
        let seen = rig.notes.lock().expect("no panic").iter().filter(|it| **it == "frame").count();
        assert_eq!(frames, seen);
    });
    assert_eq!(notes.last(), Some(&"idle"));
}

#[test]
fn keys_that_wait_together_are_answered_by_one_frame() {
    let mut drawn = 0;
    play(async |mut rig| {
        let before = rig.idle().await;
        for _ in 0..100 {
            rig.key(Key::char('j'));
        }
        drawn = rig.idle().await - before;
    });
    // What the keys ask for may end in frames of its own, but there are never as many as keys.
    assert!((1..10).contains(&drawn), "{drawn} frames");
}

#[test]
fn a_signal_ends_the_loop_with_its_number() {
    let (end, _) = play(async |mut rig| {
        rig.idle().await;
        rig.wishes.send(Wish::End(15)).expect("the loop runs");
    });
    assert_eq!(end, End::Signal(15));
}

#[test]
fn after_a_stop_the_whole_frame_is_drawn() {
    let (_, notes) = play(async |mut rig| {
        rig.idle().await;
        rig.notes.lock().expect("no panic").clear();
        rig.wishes.send(Wish::Continue).expect("the loop runs");
        rig.idle().await;
    });
    let position = |note| notes.iter().position(|it| *it == note).expect(note);
    assert!(position("resume") < position("frame"));
}
