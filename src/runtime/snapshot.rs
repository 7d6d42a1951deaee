//! Stored data as a source of the screens: a directory of dumps, the demo, or a saved snapshot.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::ingest::{Data, Input, Options};
use crate::model::facts::meta::Origin;
use crate::model::feed::Delta;

use super::Reader;

/// Reads files. They are looked for anew each time, so that reading again sees what was added.
#[derive(Debug)]
pub struct SnapshotReader {
    input: Input,
    options: Options,
    /// What was last looked through.
    opened: Mutex<Option<Data>>,
}

impl SnapshotReader {
    pub fn new(input: Input, options: Options) -> SnapshotReader {
        SnapshotReader { input, options, opened: Mutex::new(None) }
    }

    fn remember(&self, data: Data) {
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(data);
    }
}

impl Reader for SnapshotReader {
    fn load(&self, sink: &(dyn Fn(Delta) + Sync), stop: &AtomicBool) -> Result<(), String> {
        let data = self.input.open(self.options).map_err(|error| error.to_string())?;
        for (path, why) in data.notes() {
            tracing::info!("{path}: {why}");
        }
        let read = data.read(|delta| {
            if !stop.load(Ordering::Relaxed) {
                sink(delta);
            }
        });
        read.map_err(|error| error.to_string())?;
        self.remember(data);
        Ok(())
    }

    fn raw(&self, origin: &Origin) -> Result<String, String> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone();
        opened.ok_or_else(|| "the files are still being read".to_owned())?.raw(origin)
    }
}
