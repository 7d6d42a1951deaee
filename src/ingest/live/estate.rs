//! A live estate: every source of it, run side by side and reported as one feed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::model::facts::meta::Origin;
use crate::model::feed::{Batch, Change, Delta, Place};
use crate::model::inventory::Inventory;
use crate::model::listing::Reading;
use crate::model::source::SourceId;

use super::aws::{self, Access, AwsSource};
use super::kube::ApiServer;
use super::kube::context::{self, NoCluster, Wish};
use super::unasked::Unasked;
use super::{ClusterTarget, Feed, Patience, Source};

/// Threads that wait for answers and parse them. Their name says that a panic there ends a reading, not the program.
const THREADS: usize = 2;
const THREAD: &str = "rolewalk-job-live";

/// Reports that may wait for the inventory.
const WAITING: usize = 64;

/// How often somebody looks whether the reading is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// How old the time of followed data may become before it is told anew.
const TELL: i64 = 120;

/// What is to be read, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub wish: Wish,
    pub patience: Patience,
    /// The time of the data, over the clock (`--at`).
    pub at: Option<Timestamp>,
    /// Ask no AWS account (`--no-aws`).
    pub no_aws: bool,
    /// Whom to ask AWS as; none: the usual chain of credentials.
    pub aws: Vec<Access>,
    /// Read AWS again after so long; it cannot be watched.
    pub refresh_aws: Option<Duration>,
    /// Without a context, only the clusters of these names among those that EKS lists; none: all of them.
    pub only: Vec<String>,
}

/// An estate that is read over the network. Opening it touches no network.
pub struct Live {
    sources: Vec<Arc<dyn Source>>,
    targets: Vec<ClusterTarget>,
    at: Option<Timestamp>,
    /// The time of the data as it was told last.
    told: Mutex<Option<Timestamp>>,
    runtime: Option<Runtime>,
}

impl Live {
    /// Finds out which clusters are meant.
    ///
    /// # Errors
    /// There is none.
    pub fn open(options: &Options) -> Result<Live, NoCluster> {
        let chosen = match context::choose(&options.wish) {
            Ok(chosen) => chosen,
            // An account can be read without any cluster.
            Err(NoCluster::None | NoCluster::NoCurrent(_)) if !options.aws.is_empty() => Vec::new(),
            Err(error) => return Err(error),
        };
        let targets: Vec<ClusterTarget> = chosen.iter().map(|it| it.target.clone()).collect();
        let servers = chosen.into_iter().map(|it| ApiServer::new(it, options.patience));
        let mut sources: Vec<Arc<dyn Source>> = servers.map(|it| Arc::new(it) as Arc<dyn Source>).collect();
        sources.push(if options.no_aws {
            Arc::new(Unasked::new(targets.clone(), "AWS is not asked (--no-aws)"))
        } else {
            let (access, only) = (options.aws.clone(), options.only.clone());
            let (clusters, patience, refresh) = (targets.clone(), options.patience, options.refresh_aws);
            Arc::new(AwsSource::new(aws::Options { access, clusters, only, patience, refresh }))
        });
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).thread_name(THREAD).enable_all().build();
        let runtime = runtime.map_err(|error| NoCluster::Unreadable(format!("cannot start threads: {error}")))?;
        Ok(Live { sources, targets, at: options.at, told: Mutex::default(), runtime: Some(runtime) })
    }

    /// The clusters, in the order of the wish.
    pub fn targets(&self) -> &[ClusterTarget] {
        &self.targets
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("taken on drop only")
    }

    /// Reads everything once into an inventory.
    pub fn load(&self) -> Inventory {
        let mut inventory = Inventory::default();
        self.read(&mut |delta| inventory.apply(delta), &AtomicBool::new(false));
        inventory
    }

    /// Reads everything once and returns when all of it was reported, or soon after `stop` is raised.
    pub fn read(&self, sink: &mut dyn FnMut(Delta), stop: &AtomicBool) {
        let whole = self.run(|source, feed| async move { source.load(feed).await }, sink, stop);
        if whole {
            self.tell_time(true, sink);
        }
    }

    /// Reports what changes after [`Live::read`], until `stop` is raised.
    pub fn follow(&self, sink: &mut dyn FnMut(Delta), stop: &AtomicBool) {
        self.run(|source, feed| async move { source.follow(feed).await }, sink, stop);
    }

    /// The stored text of one object, asked for anew.
    ///
    /// # Errors
    /// Why it cannot be shown, in one line.
    pub fn raw(&self, origin: &Origin) -> Result<String, String> {
        self.runtime().block_on(async {
            for source in &self.sources {
                if let Some(text) = source.raw(origin.clone()).await {
                    return text;
                }
            }
            Err("its text was not kept".to_owned())
        })
    }

    /// Runs one task for each source; true when all came to their end.
    fn run<F>(&self, start: impl Fn(Arc<dyn Source>, Feed) -> F, sink: &mut dyn FnMut(Delta), stop: &AtomicBool) -> bool
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (feed, receiver) = Feed::new(WAITING);
        // Dropped at the end, which stops what still runs.
        let mut tasks = JoinSet::new();
        for source in &self.sources {
            tasks.spawn_on(start(Arc::clone(source), feed.clone()), self.runtime().handle());
        }
        drop(feed);
        self.pump(receiver, sink, stop)
    }

    fn pump(&self, mut receiver: Receiver<Delta>, sink: &mut dyn FnMut(Delta), stop: &AtomicBool) -> bool {
        let mut looked = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            match self.runtime().block_on(async { timeout(LOOK, receiver.recv()).await }) {
                Ok(Some(delta)) => sink(delta),
                Ok(None) => return true,
                Err(_) => {}
            }
            // Also where changes never end.
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                self.tell_time(false, sink);
            }
        }
        false
    }

    /// Tells the time of the data: that of its oldest part, so that what could not be read again is not made younger than
    /// it is. Nothing is told while nothing was read, and not at every moment unless somebody has read it all `anew`.
    fn tell_time(&self, anew: bool, sink: &mut dyn FnMut(Delta)) {
        let Some(seen) = self.seen() else { return };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let soon = told.is_some_and(|told| (seen.as_second() - told.as_second()).abs() <= TELL);
        if !anew && (soon || self.at.is_some() && told.is_some()) {
            return;
        }
        *told = Some(seen);
        drop(told);
        tell_time(self.at.unwrap_or(seen), sink);
    }

    /// Until when everything shown is known to hold.
    fn seen(&self) -> Option<Timestamp> {
        self.sources.iter().filter_map(|source| source.seen()).min()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // A credentials helper may hang; nobody waits for it.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn tell_time(time: Timestamp, sink: &mut dyn FnMut(Delta)) {
    let mut send = |change| sink(Delta { place: Place::World, source: SourceId::world(), change });
    send(Change::Page(Batch::Now(vec![time.into()])));
    send(Change::Listed { reading: Reading::Complete, read_at: Some(time), why: String::new() });
}
