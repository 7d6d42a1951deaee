//! Following a cluster: a watch for each list, resumed where it ended; a new list where it cannot be.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::base::Name;
use crate::ingest::live::Feed;
use crate::ingest::live::answers::as_changes;
use crate::model::feed::Change;

use super::api::{Call, ROWS, Resource, Row};
use super::client::{Refusal, RefusalKind};
use super::cluster::{Cluster, Next, Reading};

/// After this many seconds the API server ends a watch by itself, and it is resumed.
const LASTS: u32 = 290;
/// Longer silence than a watch lasts means that the connection is dead.
const SILENCE: Duration = Duration::from_secs(LASTS as u64 + 40);
/// Lists that cannot be watched are read again this often, in longest pauses.
const POLL: u32 = 5;

/// Follows every source of the cluster until it is dropped.
pub async fn follow(cluster: Arc<Cluster>, feed: Feed) {
    let mut tasks = JoinSet::new();
    for row in ROWS {
        let (cluster, feed) = (Arc::clone(&cluster), feed.clone());
        tasks.spawn(async move { source(&cluster, row, &feed).await });
    }
    while tasks.join_next().await.is_some() {}
}

async fn source(cluster: &Cluster, row: &'static Row, feed: &Feed) {
    let mut failures = 0;
    loop {
        let mut reading = cluster.take(row);
        match (reading.next.clone(), row.call) {
            (Next::Rest, _) => {
                cluster.rest(row.kind);
                return cluster.bring_back(reading);
            }
            (Next::Watch { api, version }, Call::List(resource)) => {
                let ended = watch(cluster, resource, api, version, &mut reading, feed).await;
                cluster.bring_back(reading);
                match ended {
                    Ended::Resume { lived: true } => failures = 0,
                    Ended::Resume { lived: false } => failures += 1,
                    Ended::Relist => super::read_anew(cluster, row, feed).await,
                    Ended::Failed(refusal) => {
                        failures += 1;
                        // One lost connection is no news.
                        if failures >= cluster.patience.attempts || refusal.kind != RefusalKind::Transient {
                            let mut reading = cluster.take(row);
                            let next = reading.next.clone();
                            let refusal = since(refusal, cluster.seen_of(row.kind));
                            cluster.failed(&mut reading, refusal, false, feed).await;
                            reading.next = next;
                            cluster.bring_back(reading);
                        }
                    }
                }
                if failures > 0 {
                    sleep(cluster.patience.pause_before(failures - 1)).await;
                }
            }
            _ => {
                let healthy = reading.told.is_none();
                cluster.bring_back(reading);
                let pause = match healthy {
                    true => cluster.patience.longest_pause.saturating_mul(POLL),
                    false => cluster.patience.pause_before(failures + 2),
                };
                sleep(pause).await;
                super::read_anew(cluster, row, feed).await;
                failures += 1;
            }
        }
    }
}

/// A failure of what keeps data up to date: what is shown stays, with the time it is of.
fn since(refusal: Refusal, seen: Option<Timestamp>) -> Refusal {
    let why = match seen {
        Some(seen) => format!("not up to date since {}: {}", seen.strftime("%H:%M:%S UTC"), refusal.why),
        None => refusal.why,
    };
    Refusal { why, ..refusal }
}

/// How a watch ended.
enum Ended {
    /// Go on from the version reached; `lived` when it had said anything.
    Resume {
        lived: bool,
    },
    /// The version is too old to go on from.
    Relist,
    Failed(Refusal),
}

#[derive(Deserialize)]
struct EventIn<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ObjectIn {
    metadata: MetadataIn,
    code: u16,
    message: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MetadataIn {
    namespace: Name,
    name: Name,
    #[serde(rename = "resourceVersion")]
    version: String,
}

async fn watch(
    cluster: &Cluster,
    resource: Resource,
    api: &'static str,
    version: String,
    reading: &mut Reading,
    feed: &Feed,
) -> Ended {
    let path = format!(
        "{}?watch=1&allowWatchBookmarks=true&timeoutSeconds={LASTS}&resourceVersion={version}",
        resource.path(api, None)
    );
    let mut stream = match cluster.server.open(&path, resource.accept_watch()).await {
        Ok(stream) => stream,
        Err(refusal) if refusal.kind == RefusalKind::Gone => return Ended::Relist,
        Err(refusal) => return Ended::Failed(refusal),
    };
    // What was told to be wrong is not any more.
    if reading.told.is_some() {
        cluster.listed(reading, "", feed).await;
    }
    cluster.saw(reading.row.kind);
    let (mut waiting, mut lived): (Vec<u8>, bool) = (Vec::new(), false);
    loop {
        let bytes = match timeout(SILENCE, stream.next()).await {
            Ok(Ok(Some(bytes))) => bytes,
            Ok(Ok(None)) => return Ended::Resume { lived },
            Ok(Err(why)) if lived => {
                tracing::debug!("{path}: {why}; resumed");
                return Ended::Resume { lived };
            }
            Ok(Err(why)) => return Ended::Failed(Refusal::new(RefusalKind::Transient, why)),
            Err(_) => return Ended::Resume { lived: false },
        };
        waiting.extend_from_slice(bytes.as_ref());
        let mut done = 0;
        while let Some(length) = memchr::memchr(b'\n', &waiting[done..]) {
            let line = &waiting[done..done + length];
            done += length + 1;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match event(cluster, line, reading, api, feed).await {
                None => lived = true,
                Some(ended) => return ended,
            }
        }
        waiting.drain(..done);
    }
}

/// Takes one event in. Gives how the watch ends, if it does.
async fn event(cluster: &Cluster, line: &[u8], reading: &mut Reading, api: &'static str, feed: &Feed) -> Option<Ended> {
    let broken = |why: &str| Some(Ended::Failed(Refusal::new(RefusalKind::Transient, why)));
    let Ok(event) = serde_json::from_slice::<EventIn<'_>>(line) else {
        return broken("an event of the watch could not be read");
    };
    let object: ObjectIn = serde_json::from_str(event.object.get()).unwrap_or_default();
    match &*event.kind {
        "ADDED" | "MODIFIED" => {
            let bytes = event.object.get().as_bytes();
            let deltas = reading.answers.object(Some(0), bytes, &reading.source.path);
            cluster.pass_on(as_changes(deltas), feed).await;
        }
        "DELETED" => {
            let MetadataIn { namespace, name, .. } = &object.metadata;
            let change = Change::Removed { namespace: namespace.clone(), name: name.clone() };
            cluster.report(reading, change, feed).await;
        }
        "BOOKMARK" => {}
        "ERROR" if object.code == 410 => return Some(Ended::Relist),
        "ERROR" => return broken(&format!("the watch ended: {}", object.message)),
        _ => return None,
    }
    if !object.metadata.version.is_empty() {
        reading.next = Next::Watch { api, version: object.metadata.version };
    }
    cluster.saw(reading.row.kind);
    None
}
