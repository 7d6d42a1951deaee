//! Where facts come from: directories of what `kubectl` and the AWS CLI print, on disk or built into the program; or
//! one file that an inventory was [`saved`] to.
//!
//! [`Snapshot::open`] looks at which files there are; [`Snapshot::read`] reads every source on all cores and reports
//! [`Delta`]s as they come. No file is ever held whole: [`split`] takes its lists apart element by element, each
//! element is parsed straight into the few members that matter, and `kube` and `aws` turn those into facts. Secrets do
//! not survive parsing. What cannot be read becomes a loss with its place; everything around it is still read.
//!
//! To read one more kind of object: 1. give it a row in `model::source` and a batch in `model::feed`; 2. declare its
//! members with `object!` in a file below `kube` or `aws` and implement `Record`; 3. name it in `kinds`.

mod aws;
pub mod demo;
mod env;
pub mod files;
mod input;
mod kinds;
mod kube;
pub mod layout;
pub mod live;
pub mod manifests;
mod object;
mod problem;
pub mod raw;
mod read;
mod record;
#[doc(hidden)]
pub mod reference;
pub mod saved;
pub mod script;
mod shared;
pub mod split;
mod stream;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use jiff::Timestamp;

use crate::model::coverage::Status;
use crate::model::facts::meta::Origin;
use crate::model::feed::{Batch, Change, Delta, Place};
use crate::model::inventory::Inventory;
use crate::model::listing::Reading;
use crate::model::source::SourceId;

use files::{Files, reason};
pub use input::{Data, Input, InputError};
use layout::{Found, Layout};

/// Name of the threads that read.
const READING: &str = "rolewalk-job-read";

/// Why the time of the data is what it is, with `--at`.
const GIVEN_BY_HAND: &str = "given by hand";

/// How a snapshot is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The time of the data, over what the files say (`--at`).
    pub at: Option<Timestamp>,
    /// Threads; `None` uses every core.
    pub threads: Option<usize>,
}

/// A directory that cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the snapshot directory `{path}`: {why}")]
pub struct OpenError {
    pub path: String,
    pub why: String,
}

/// A directory of answers, looked through but not yet read.
#[derive(Clone, Debug)]
pub struct Snapshot {
    files: Files,
    layout: Layout,
    options: Options,
}

impl Snapshot {
    pub fn open(files: Files, options: Options) -> Result<Snapshot, OpenError> {
        let layout = layout::discover(&files).map_err(|error| {
            let path = match &files {
                Files::Disk(root) => root.display().to_string(),
                Files::Embedded(_) => String::new(),
            };
            OpenError { path, why: reason(&error) }
        })?;
        Ok(Snapshot { files, layout, options })
    }

    /// Files that are no part of the layout or could not be looked at, and why; sorted by path.
    pub fn notes(&self) -> &[(String, String)] {
        &self.layout.notes
    }

    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The stored text of one object with its secrets masked. Reads its file again.
    ///
    /// # Errors
    /// Why it cannot be shown, in one line.
    pub fn raw(&self, origin: &Origin) -> Result<String, String> {
        raw::text(&self.files, origin).map_err(|error| error.to_string())
    }

    /// Reads everything and returns when all of it was reported. The sink is called from several threads; the
    /// reports of one source come in order.
    pub fn read(&self, sink: impl Fn(Delta) + Sync) {
        let sink: &(dyn Fn(Delta) + Sync) = &sink;
        self.report_time(sink);
        for (place, source) in &self.layout.missing {
            read::missing(place.clone(), source.clone(), sink);
        }
        // Biggest first, so that no thread is left with a large file at the end.
        let mut jobs: Vec<&Found> = self.layout.found.iter().collect();
        jobs.sort_by_key(|found| std::cmp::Reverse(found.size()));
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(found) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                if found.source.kind != SourceId::world().kind || self.options.at.is_none() {
                    read::source(&self.files, found, sink);
                }
            }
        };
        let threads = self.options.threads.or_else(|| thread::available_parallelism().ok().map(Into::into));
        let threads = threads.unwrap_or(1).clamp(1, jobs.len().max(1));
        thread::scope(|scope| {
            for _ in 1..threads {
                // The name says that a panic here ends the reading and not the program. Without the thread the
                // others do the work.
                let _ = thread::Builder::new().name(READING.to_owned()).spawn_scoped(scope, work);
            }
            work();
        });
    }

    /// The time of the data, where `world.json` is not asked or not there.
    fn report_time(&self, sink: &(dyn Fn(Delta) + Sync)) {
        let send = |change| sink(Delta { place: Place::World, source: SourceId::world(), change });
        let now = |time: Timestamp| Change::Page(Batch::Now(vec![time.into()]));
        let found = self.layout.found.iter().any(|found| found.place == Place::World);
        if let Some(at) = self.options.at {
            send(now(at));
            send(Change::Listed { reading: Reading::Complete, read_at: None, why: GIVEN_BY_HAND.to_owned() });
        } else if self.layout.now.is_none() {
            if let Some(newest) = self.layout.newest {
                send(now(newest));
            }
            if !found {
                let why = match self.layout.newest {
                    Some(_) => "the newest file time stands in for the time of the data",
                    None => "nothing tells the time of the data",
                };
                send(Change::Failed { status: Status::Missing, why: why.to_owned(), permission: None });
            }
        }
    }

    /// Reads everything into an inventory.
    pub fn load(&self) -> Inventory {
        let mut inventory = Inventory::default();
        // Bounded, so that parsed pages do not pile up while the inventory sorts a list.
        let (sender, receiver) = mpsc::sync_channel(64);
        thread::scope(|scope| {
            scope.spawn(move || {
                self.read(|delta| {
                    // The receiver lives until the senders are gone.
                    let _ = sender.send(delta);
                });
            });
            for delta in receiver {
                inventory.apply(delta);
            }
        });
        inventory
    }
}

/// Reads a directory into an inventory, on all cores.
pub fn load(directory: &Path, options: Options) -> Result<Inventory, OpenError> {
    Ok(Snapshot::open(Files::Disk(directory.to_owned()), options)?.load())
}
