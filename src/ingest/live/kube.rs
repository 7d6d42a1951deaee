//! A cluster as a live source: the API server is asked with get, list and watch, and nothing else.
//!
//! [`api`] is the table of calls, [`context`] says which clusters are meant, `client` asks, `list` and
//! `config_maps` read, `watch` follows. `cluster` holds what they share.

pub mod api;
mod client;
mod cluster;
mod config_maps;
pub mod context;
mod events;
mod list;
mod login;
mod proxy;
mod references;
mod stored;
mod watch;

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::model::facts::meta::Origin;
use crate::model::feed::Change;

use super::{ClusterTarget, Feed, Patience, Source, Task};

use api::{Call, ROWS, Row};
use cluster::{Cluster, Next, lock};
use context::Chosen;

/// Lists that are read side by side.
const AT_ONCE: usize = 8;

/// One cluster, read over its API server.
pub struct ApiServer {
    cluster: Arc<Cluster>,
}

impl ApiServer {
    pub fn new(chosen: Chosen, patience: Patience) -> ApiServer {
        ApiServer { cluster: Arc::new(Cluster::new(chosen, patience)) }
    }

    pub fn target(&self) -> &ClusterTarget {
        &self.cluster.target
    }
}

impl Source for ApiServer {
    fn load(&self, feed: Feed) -> Task<'_, ()> {
        Box::pin(load(Arc::clone(&self.cluster), feed))
    }

    fn follow(&self, feed: Feed) -> Task<'_, ()> {
        Box::pin(watch::follow(Arc::clone(&self.cluster), feed))
    }

    fn seen(&self) -> Option<Timestamp> {
        self.cluster.seen()
    }

    fn raw(&self, origin: Origin) -> Task<'_, Option<Result<String, String>>> {
        Box::pin(stored::text(&self.cluster, origin))
    }
}

async fn load(cluster: Arc<Cluster>, feed: Feed) {
    cluster.server.forget().await;
    *lock(&cluster.known_namespaces) = Arc::default();
    for row in ROWS {
        feed.report(&cluster.place, &cluster.target.source(row.kind), Change::Opened).await;
    }
    // Dropping the set stops what still runs.
    let mut tasks = JoinSet::new();
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let (first, last): (Vec<&Row>, Vec<&Row>) = ROWS.iter().partition(|row| !matches!(row.call, Call::Named(_)));
    for row in first {
        let (cluster, feed, turns) = (Arc::clone(&cluster), feed.clone(), Arc::clone(&turns));
        tasks.spawn(async move {
            // In the order of the table: the semaphore is fair.
            let _turn = turns.acquire().await;
            read(&cluster, row, &feed).await;
        });
    }
    while tasks.join_next().await.is_some() {}
    for row in last {
        read(&cluster, row, &feed).await;
    }
}

/// Reads one source and says in the feed how that ended.
async fn read(cluster: &Cluster, row: &'static Row, feed: &Feed) {
    let mut reading = cluster.take(row);
    match row.call {
        Call::List(resource) => list::read(cluster, resource, &mut reading, feed).await,
        Call::Named(resource) => config_maps::read(cluster, resource, &mut reading, feed).await,
        Call::Path(path) => match cluster.server.document(path).await {
            Ok(bytes) => {
                let deltas = reading.answers.object(None, &wrapped(&bytes), &reading.source.path);
                cluster.pass_on(deltas, feed).await;
                cluster.listed(&mut reading, "", feed).await;
                reading.next = Next::Rest;
            }
            Err(refusal) => cluster.failed(&mut reading, refusal, false, feed).await,
        },
    }
    cluster.bring_back(reading);
}

/// Reads one source again, while the rest is being followed: what it shows stays until the new list is whole.
async fn read_anew(cluster: &Cluster, row: &'static Row, feed: &Feed) {
    if !matches!(row.call, Call::List(_)) {
        *lock(&cluster.known_namespaces) = Arc::default();
    }
    feed.report(&cluster.place, &cluster.target.source(row.kind), Change::Opened).await;
    read(cluster, row, feed).await;
}

/// `/version` as `kubectl version -o json` prints it.
fn wrapped(version: &[u8]) -> Vec<u8> {
    [b"{\"serverVersion\":", version, b"}"].concat()
}
