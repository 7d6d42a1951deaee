//! Live clusters and accounts as a source of the screens.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ingest::live::{Live, Options};
use crate::model::facts::meta::Origin;
use crate::model::feed::Delta;

use super::Reader;

/// Reads over the network, and goes on with what changes. What the options mean is looked up when reading begins, so that
/// a kubeconfig that was mended meanwhile counts.
pub struct LiveReader {
    options: Options,
    opened: Mutex<Option<Arc<Live>>>,
}

impl LiveReader {
    pub fn new(options: Options) -> LiveReader {
        LiveReader { options, opened: Mutex::default() }
    }

    fn open(&self) -> Result<Arc<Live>, String> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(live) = &*opened {
            return Ok(Arc::clone(live));
        }
        let live = Arc::new(Live::open(&self.options).map_err(|error| error.to_string())?);
        *opened = Some(Arc::clone(&live));
        Ok(live)
    }
}

impl Reader for LiveReader {
    fn load(&self, sink: &(dyn Fn(Delta) + Sync), stop: &AtomicBool) -> Result<(), String> {
        self.open()?.read(&mut |delta| sink(delta), stop);
        Ok(())
    }

    fn follow(&self, sink: &(dyn Fn(Delta) + Sync), stop: &AtomicBool) {
        if let Ok(live) = self.open() {
            live.follow(&mut |delta| sink(delta), stop);
        }
    }

    fn changes(&self) -> bool {
        true
    }

    fn raw(&self, origin: &Origin) -> Result<String, String> {
        self.open()?.raw(origin)
    }
}
