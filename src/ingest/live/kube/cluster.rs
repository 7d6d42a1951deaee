//! One cluster: its readings, one for each source, and what they share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, OnceCell};

use crate::base::Name;
use crate::ingest::live::answers::Answers;
use crate::ingest::live::{ClusterTarget, Feed, Patience};
use crate::model::coverage::Status;
use crate::model::feed::{Change, Delta, Place};
use crate::model::listing::Reading as Extent;
use crate::model::source::{SourceId, SourceKind};

use super::api::Row;
use super::client::{Refusal, RefusalKind, Server};
use super::context::Chosen;
use super::references;

/// What follows after a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Watch from this version of the list on, in this version of the API.
    Watch { api: &'static str, version: String },
    /// The same for single namespaces, where all of them at once are refused.
    WatchSome { api: &'static str, from: Vec<(String, String)> },
    /// It failed, or cannot be watched: read it again after a while.
    Again,
    /// Nothing to watch: the kind is not there, or never changes.
    Rest,
}

/// The names, or why they cannot be had; asked once.
pub type KnownNamespaces = OnceCell<Result<Vec<String>, Refusal>>;

/// One cluster, shared by the tasks that read it.
pub struct Cluster {
    pub target: ClusterTarget,
    pub place: Place,
    pub server: Server,
    pub patience: Patience,
    /// Namespaces to try when they cannot be listed.
    pub namespaces: Vec<String>,
    /// The namespaces that there are; asked once for each load, and only where listing across all is refused.
    pub known_namespaces: Mutex<Arc<KnownNamespaces>>,
    /// ConfigMaps that pods take their environment from.
    pub referenced: Mutex<BTreeSet<(Name, Name)>>,
    /// Versions of the ConfigMaps that were read; none for one that is not there.
    pub config_maps: Mutex<BTreeMap<(Name, Name), Option<String>>>,
    /// What pods refer to has become more.
    pub grown: Notify,
    /// The API server does not send lists as events.
    plain_lists: AtomicBool,
    readings: Mutex<BTreeMap<SourceKind, Reading>>,
    /// Until when the data of a source is known to be what the API server has.
    seen: Mutex<BTreeMap<SourceKind, Timestamp>>,
}

/// The state of one source between its readings.
pub struct Reading {
    pub row: &'static Row,
    pub source: SourceId,
    pub answers: Answers,
    pub next: Next,
    /// An earlier list is on show, whole or in part.
    pub has_data: bool,
    /// The failure that was reported last; the same is not told twice.
    pub told: Option<Refusal>,
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cluster {
    pub fn new(chosen: Chosen, patience: Patience) -> Cluster {
        Cluster {
            target: chosen.target.clone(),
            place: chosen.target.place(),
            namespaces: chosen.namespaces.clone(),
            server: Server::new(chosen, patience),
            patience,
            known_namespaces: Mutex::default(),
            referenced: Mutex::default(),
            config_maps: Mutex::default(),
            grown: Notify::new(),
            plain_lists: AtomicBool::new(false),
            readings: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// Takes the reading of a source to work on it. Who takes it brings it back.
    pub fn take(&self, row: &'static Row) -> Reading {
        lock(&self.readings).remove(&row.kind).unwrap_or_else(|| {
            let source = self.target.source(row.kind);
            let (account, region) = (self.target.account.clone(), self.target.region.clone());
            Reading {
                row,
                answers: Answers::new(self.place.clone(), source.clone(), account, region),
                source,
                next: Next::Again,
                has_data: false,
                told: None,
            }
        })
    }

    /// Looks at the reading of a source without taking it.
    pub fn with<T>(&self, row: &'static Row, look: impl FnOnce(&Reading) -> T) -> T {
        let reading = self.take(row);
        let seen = look(&reading);
        self.bring_back(reading);
        seen
    }

    pub fn bring_back(&self, reading: Reading) {
        lock(&self.readings).insert(reading.row.kind, reading);
    }

    /// The oldest time that some source was last known to be up to date. `None` while nothing was read.
    pub fn seen(&self) -> Option<Timestamp> {
        lock(&self.seen).values().min().copied()
    }

    pub fn seen_of(&self, kind: SourceKind) -> Option<Timestamp> {
        lock(&self.seen).get(&kind).copied()
    }

    /// The data of a source is what the API server has now.
    pub fn saw(&self, kind: SourceKind) -> Timestamp {
        let now = Timestamp::now();
        lock(&self.seen).insert(kind, now);
        now
    }

    /// The data of a source does not change any more.
    pub fn rest(&self, kind: SourceKind) {
        lock(&self.seen).remove(&kind);
    }

    pub async fn report(&self, reading: &Reading, change: Change, feed: &Feed) {
        feed.report(&self.place, &reading.source, change).await;
    }

    /// Passes on what a page or an event held, and remembers what it refers to.
    pub async fn pass_on(&self, deltas: Vec<Delta>, feed: &Feed) {
        for delta in deltas {
            if references::gather(&delta.change, &self.referenced) {
                self.grown.notify_one();
            }
            feed.send(delta).await;
        }
    }

    /// Lists can be had as the first events of a watch, as far as is known.
    pub fn streams_lists(&self) -> bool {
        !self.plain_lists.load(Ordering::Relaxed)
    }

    pub fn never_stream_lists(&self) {
        self.plain_lists.store(true, Ordering::Relaxed);
    }

    /// A list is at its end and whole.
    pub async fn listed(&self, reading: &mut Reading, why: &str, feed: &Feed) {
        let now = self.saw(reading.row.kind);
        reading.has_data = true;
        reading.told = None;
        let change = Change::Listed { reading: Extent::Complete, read_at: Some(now), why: why.to_owned() };
        self.report(reading, change, feed).await;
    }

    /// A list ended before its end. `sent` says whether pages of it were passed on that nothing older hides.
    pub async fn failed(&self, reading: &mut Reading, refusal: Refusal, sent: bool, feed: &Feed) {
        reading.next = Next::Again;
        if sent && !reading.has_data {
            // What came stays, as part of a list.
            let why = refusal.why.clone();
            self.report(reading, Change::Listed { reading: Extent::Partial, read_at: None, why }, feed).await;
            reading.has_data = true;
        }
        if reading.told.as_ref() == Some(&refusal) {
            return;
        }
        let status = match refusal.kind {
            RefusalKind::Denied | RefusalKind::Credentials => Status::Denied,
            _ if reading.has_data => Status::Partial,
            // The kind is not there, as an optional file may not be.
            RefusalKind::Absent => Status::Missing,
            // Of an optional source `missing` would mean that nobody has to miss it; this one was asked for.
            _ if !reading.source.kind.is_expected() => Status::Partial,
            _ => Status::Missing,
        };
        let permission = (refusal.kind == RefusalKind::Denied).then(|| reading.source.kind.permission().to_owned());
        let change = Change::Failed { status, why: refusal.why.clone(), permission };
        reading.told = Some(refusal);
        self.report(reading, change, feed).await;
    }
}
