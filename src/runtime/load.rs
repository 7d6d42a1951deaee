//! Reading the sources beside the UI thread: deltas become inventories, early ones first.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::Msg;
use crate::model::Inventory;
use crate::model::facts::meta::Origin;
use crate::model::feed::Delta;

use super::jobs::{Outbox, Said};
use super::panic;

/// Where the data comes from.
pub trait Reader: Send + Sync {
    /// Reads everything and reports as it goes, from any thread. Ends early when `stop` is raised.
    ///
    /// # Errors
    /// Nothing at all could be read: why, and what to do, in one line.
    fn load(&self, sink: &(dyn Fn(Delta) + Sync), stop: &AtomicBool) -> Result<(), String>;

    /// Reports what changes after [`Reader::load`], from any thread, until `stop` is raised.
    fn follow(&self, sink: &(dyn Fn(Delta) + Sync), stop: &AtomicBool) {
        let _ = (sink, stop);
    }

    /// The data changes by itself: it is followed after it was read, and reading it again goes on from what is known, so
    /// that a source which fails then keeps its old data.
    fn changes(&self) -> bool {
        false
    }

    /// The text of one thing as it is stored.
    ///
    /// # Errors
    /// Why it cannot be shown, in one line.
    fn raw(&self, origin: &Origin) -> Result<String, String>;
}

/// Deltas that may wait; a reader that is faster than the inventory waits too.
const WAITING: usize = 64;

/// When the first inventory is shown. Each further one comes when the time since the start has doubled, so that what is
/// spent on unfinished estates stays a fraction of the whole.
const FIRST: Duration = Duration::from_millis(100);

/// How long changes gather before they are shown, and the least time between two showings of them: a change is on the
/// screen within a second, and a rollout of a thousand pods is not derived a thousand times.
const GATHER: Duration = Duration::from_millis(150);
const BETWEEN: Duration = Duration::from_millis(500);

/// What was read last; the next reading of data that changes goes on from it.
pub type Known = Mutex<Inventory>;

/// Which inventories are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Unfinished ones too: there is nothing to see yet.
    Growing,
    /// The finished one alone: it replaces what is on the screen, which must not shrink to half a cluster meanwhile.
    Whole,
}

/// Runs a reader to its end, sends what it brought, and then what changes.
pub fn load(reader: &dyn Reader, show: Show, known: &Known, outbox: &Outbox) {
    let mut inventory = Inventory::default();
    if reader.changes() {
        inventory = known.lock().unwrap_or_else(PoisonError::into_inner).clone();
    }
    let growing = show == Show::Growing;
    let read =
        beside(|sink| reader.load(sink, outbox.stop()), |receiver| collect(receiver, growing, &mut inventory, outbox));
    match read {
        Ok(Ok(())) => {}
        Ok(Err(why)) => return outbox.send(Msg::LoadFailed(why)),
        Err(error) => return outbox.send(Msg::LoadFailed(format!("cannot start to read: {error}"))),
    }
    if outbox.stop().load(Ordering::SeqCst) {
        return;
    }
    outbox.send(Msg::Inventory { inventory: inventory.clone(), finished: true });
    outbox.say(Said::Loaded(Box::new(inventory.clone())));
    if !reader.changes() {
        return;
    }
    remember(known, &inventory);
    // Whoever waits for work to end need not wait for this, which never does.
    outbox.rest();
    let followed =
        beside(|sink| reader.follow(sink, outbox.stop()), |receiver| gather(receiver, &mut inventory, known, outbox));
    if let Err(error) = followed {
        outbox.send(Msg::Log(format!("changes are not followed: {error}")));
    }
}

fn remember(known: &Known, inventory: &Inventory) {
    *known.lock().unwrap_or_else(PoisonError::into_inner) = inventory.clone();
}

/// Runs a reading on a thread of its own while its reports are taken in on this one.
fn beside<T: Send>(
    reading: impl FnOnce(&(dyn Fn(Delta) + Sync)) -> T + Send,
    take: impl FnOnce(Receiver<Delta>),
) -> io::Result<T> {
    let (sender, receiver) = sync_channel(WAITING);
    thread::scope(|scope| {
        let reading =
            thread::Builder::new().name(format!("{}-read", panic::JOB_THREAD)).spawn_scoped(scope, move || {
                // A receiver that is gone means that newer work has replaced this.
                let sink = |delta| drop(sender.send(delta));
                reading(&sink)
            })?;
        take(receiver);
        match reading.join() {
            Ok(read) => Ok(read),
            Err(payload) => std::panic::resume_unwind(payload),
        }
    })
}

fn collect(receiver: Receiver<Delta>, growing: bool, inventory: &mut Inventory, outbox: &Outbox) {
    let start = Instant::now();
    let mut due = start + FIRST;
    let mut changed = false;
    loop {
        let wait = if changed { due.saturating_duration_since(Instant::now()) } else { Duration::from_secs(60 * 60) };
        match receiver.recv_timeout(wait) {
            Ok(delta) => {
                inventory.apply(delta);
                changed = growing;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if outbox.stop().load(Ordering::SeqCst) {
            return;
        }
        let now = Instant::now();
        if changed && now >= due {
            outbox.send(Msg::Inventory { inventory: inventory.clone(), finished: false });
            changed = false;
            due = now + (now - start);
        }
    }
}

/// Takes changes in and shows them, several at once where they come close together.
fn gather(receiver: Receiver<Delta>, inventory: &mut Inventory, known: &Known, outbox: &Outbox) {
    let mut shown: Option<Instant> = None;
    while let Ok(first) = receiver.recv() {
        inventory.apply(first);
        let due = (Instant::now() + GATHER).max(shown.map_or_else(Instant::now, |shown| shown + BETWEEN));
        let ended = loop {
            match receiver.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(delta) => inventory.apply(delta),
                Err(RecvTimeoutError::Timeout) => break false,
                Err(RecvTimeoutError::Disconnected) => break true,
            }
            if Instant::now() >= due {
                break false;
            }
        };
        remember(known, inventory);
        if ended || outbox.stop().load(Ordering::SeqCst) {
            return;
        }
        outbox.send(Msg::Inventory { inventory: inventory.clone(), finished: true });
        shown = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests;
