//! Live estates: clusters and accounts that are asked over the network, read-only.
//!
//! A live source reports the same [`Delta`]s as a file would, under the same source names: `Opened`, pages, and at the
//! end `Listed`, or `Failed` with the permission that was missing. It speaks through a [`Feed`], which is bounded: a
//! source that is faster than the inventory waits. Nothing fails as a whole; what cannot be read is in the feed too.
//!
//! Every answer goes through the parser of the files ([`answers::Answers`]), so that files and live cannot differ.

pub mod answers;
pub mod aws;
pub mod kube;

mod estate;
mod unasked;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::base::Name;
use crate::model::coverage::Status;
use crate::model::facts::meta::Origin;
use crate::model::feed::{Change, Delta, Place};
use crate::model::source::{SourceId, SourceKind};

pub use estate::{Live, Options};

/// A boxed future that may move between threads.
pub type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that is read over the network: one cluster, or one account with its regions.
///
/// Dropping a future stops what it was doing; no future of a source ever panics or fails as a whole.
pub trait Source: Send + Sync {
    /// Reads everything once and returns when every source of the layout that it speaks for has been `Listed` or has
    /// `Failed`. All of them are `Opened` before the first is asked, so that a screen can list them at once.
    fn load(&self, feed: Feed) -> Task<'_, ()>;

    /// Reports what changes after [`Source::load`], and heals what failed then, until it is dropped. A source that
    /// cannot be watched has nothing to do here.
    fn follow(&self, feed: Feed) -> Task<'_, ()> {
        drop(feed);
        Box::pin(std::future::pending())
    }

    /// Until when all that was read of it is known to hold: the oldest of its parts. `None` while nothing was read.
    fn seen(&self) -> Option<Timestamp> {
        None
    }

    /// The stored text of an object that this source reported, with secrets masked. `None`: it is not from here.
    ///
    /// # Errors
    /// Why it cannot be shown, in one line.
    fn raw(&self, origin: Origin) -> Task<'_, Option<Result<String, String>>>;
}

/// How sources ended: whether their list came to its end.
type Endings = Arc<Mutex<BTreeMap<SourceId, bool>>>;

/// Where live sources report to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Feed {
    sender: mpsc::Sender<Delta>,
    /// Somebody wants to know how the sources end that report here.
    endings: Option<Endings>,
}

impl Feed {
    /// A feed that holds up to `waiting` reports.
    pub fn new(waiting: usize) -> (Feed, mpsc::Receiver<Delta>) {
        let (sender, receiver) = mpsc::channel(waiting);
        (Feed { sender, endings: None }, receiver)
    }

    /// The same feed, which also notes how each source ends.
    pub(crate) fn noting(&self, endings: &Endings) -> Feed {
        Feed { sender: self.sender.clone(), endings: Some(Arc::clone(endings)) }
    }

    /// Waits until there is room. A reader that has gone is not missed: the source is dropped soon.
    pub async fn send(&self, delta: Delta) {
        if let Some(endings) = &self.endings
            && let Some(read) = ending(&delta.change)
        {
            endings.lock().unwrap_or_else(PoisonError::into_inner).insert(delta.source.clone(), read);
        }
        let _ = self.sender.send(delta).await;
    }

    pub async fn report(&self, place: &Place, source: &SourceId, change: Change) {
        self.send(Delta { place: place.clone(), source: source.clone(), change }).await;
    }

    /// Says that a source gave nothing. `denied` names the permission of its row; other causes need none.
    pub async fn fail(&self, place: &Place, source: &SourceId, status: Status, why: impl Into<String>) {
        let permission = (status == Status::Denied).then(|| source.kind.permission().to_owned());
        self.report(place, source, Change::Failed { status, why: why.into(), permission }).await;
    }
}

/// Whether a report ends a source, and if so whether something was read.
fn ending(change: &Change) -> Option<bool> {
    match change {
        Change::Listed { .. } => Some(true),
        Change::Failed { .. } => Some(false),
        _ => None,
    }
}

/// A cluster that is read live, as far as its kubeconfig context tells where it is. Made without any network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterTarget {
    /// Its label in addresses; sources stand below `clusters/LABEL`.
    pub label: Name,
    /// Name of the kubeconfig context; empty inside a cluster.
    pub context: Name,
    /// Name in EKS; empty where the context does not tell, and so for the next two.
    pub eks_name: Name,
    pub region: Name,
    /// Account id.
    pub account: Name,
    /// The AWS profile that the credentials helper of the context is told to use.
    pub profile: Option<String>,
}

impl ClusterTarget {
    pub fn place(&self) -> Place {
        Place::Cluster(self.label.clone())
    }

    pub fn source(&self, kind: SourceKind) -> SourceId {
        SourceId::new(&format!("clusters/{}", self.label), kind)
    }
}

/// How patient the sources are. Tests make all of it small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For one request with its answer (`--timeout`).
    pub request: Duration,
    /// For helper programs that fetch credentials, and for the first answer.
    pub credentials: Duration,
    /// Before the first repetition; doubles each time.
    pub pause: Duration,
    /// The longest pause between repetitions.
    pub longest_pause: Duration,
    /// How often one request is tried before its source is given up.
    pub attempts: u32,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            request: Duration::from_secs(30),
            credentials: Duration::from_secs(5),
            pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(60),
            attempts: 5,
        }
    }
}

impl Patience {
    /// How long to wait before repetition number `repetition`, counted from zero.
    pub fn pause_before(&self, repetition: u32) -> Duration {
        self.pause.saturating_mul(1 << repetition.min(16)).min(self.longest_pause)
    }
}
