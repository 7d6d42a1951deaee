//! Files as a source of the screens: a directory of dumps, or the demo.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::ingest::files::Files;
use crate::ingest::{Options, Snapshot};
use crate::model::facts::meta::Origin;
use crate::model::feed::Delta;

use super::Reader;

/// Reads files. They are looked for anew each time, so that reading again sees what was added.
#[derive(Debug)]
pub struct SnapshotReader {
    files: Files,
    options: Options,
    /// The directory as it was last looked through.
    opened: Mutex<Option<Snapshot>>,
}

impl SnapshotReader {
    pub fn new(files: Files, options: Options) -> SnapshotReader {
        SnapshotReader { files, options, opened: Mutex::new(None) }
    }

    fn remember(&self, snapshot: Snapshot) {
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
    }
}

impl Reader for SnapshotReader {
    fn load(&self, sink: &(dyn Fn(Delta) + Sync), stop: &AtomicBool) -> Result<(), String> {
        let snapshot = Snapshot::open(self.files.clone(), self.options).map_err(|error| error.to_string())?;
        for (path, why) in snapshot.notes() {
            tracing::info!("{path}: {why}");
        }
        snapshot.read(|delta| {
            if !stop.load(Ordering::Relaxed) {
                sink(delta);
            }
        });
        self.remember(snapshot);
        Ok(())
    }

    fn raw(&self, origin: &Origin) -> Result<String, String> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone();
        opened.ok_or_else(|| "the files are still being read".to_owned())?.raw(origin)
    }
}
