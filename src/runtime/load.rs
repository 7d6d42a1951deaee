//! Reading the sources beside the UI thread: deltas become inventories, early ones first.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::Msg;
use crate::model::Inventory;
use crate::model::facts::meta::Origin;
use crate::model::feed::Delta;

use super::jobs::Outbox;
use super::panic;

/// Where the data comes from.
pub trait Reader: Send + Sync {
    /// Reads everything and reports as it goes, from any thread. Ends early when `stop` is raised.
    ///
    /// # Errors
    /// Nothing at all could be read: why, and what to do, in one line.
    fn load(&self, sink: &(dyn Fn(Delta) + Sync), stop: &AtomicBool) -> Result<(), String>;

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

/// Which inventories are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Unfinished ones too: there is nothing to see yet.
    Growing,
    /// The finished one alone: it replaces what is on the screen, which must not shrink to half a cluster meanwhile.
    Whole,
}

/// Runs a reader to its end and sends what it brought.
pub fn load(reader: &dyn Reader, show: Show, outbox: &Outbox) {
    let (sender, receiver) = sync_channel(WAITING);
    thread::scope(|scope| {
        let reading =
            thread::Builder::new().name(format!("{}-read", panic::JOB_THREAD)).spawn_scoped(scope, move || {
                // A receiver that is gone means that newer work has replaced this.
                let sink = |delta| drop(sender.send(delta));
                reader.load(&sink, outbox.stop())
            });
        let reading = match reading {
            Ok(reading) => reading,
            Err(error) => return outbox.send(Msg::LoadFailed(format!("cannot start to read: {error}"))),
        };
        let inventory = collect(receiver, show, outbox);
        match reading.join() {
            Ok(Ok(())) => outbox.send(Msg::Inventory { inventory, finished: true }),
            Ok(Err(why)) => outbox.send(Msg::LoadFailed(why)),
            Err(payload) => std::panic::resume_unwind(payload),
        }
    });
}

fn collect(receiver: Receiver<Delta>, show: Show, outbox: &Outbox) -> Inventory {
    let mut inventory = Inventory::default();
    let start = Instant::now();
    let mut due = start + FIRST;
    let mut changed = false;
    loop {
        let wait = if changed { due.saturating_duration_since(Instant::now()) } else { Duration::from_secs(60 * 60) };
        match receiver.recv_timeout(wait) {
            Ok(delta) => {
                inventory.apply(delta);
                changed = show == Show::Growing;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return inventory,
        }
        if outbox.stop().load(Ordering::SeqCst) {
            return inventory;
        }
        let now = Instant::now();
        if changed && now >= due {
            outbox.send(Msg::Inventory { inventory: inventory.clone(), finished: false });
            changed = false;
            due = now + (now - start);
        }
    }
}

#[cfg(test)]
mod tests;
