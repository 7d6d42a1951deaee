//! Following a cluster: a watch for each list, resumed where it ended; a new list where it cannot be.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::{self, SelectAll};
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::base::Name;
use crate::ingest::live::Feed;
use crate::ingest::live::answers::as_changes;
use crate::model::feed::Change;

use super::api::{Call, ROWS, Resource, Row};
use super::client::{Refusal, RefusalKind};
use super::cluster::{Cluster, Next, Reading};
use super::config_maps;
use super::events::{Broken, Event, EventKind, Events, LASTS};

/// Lists that cannot be watched are read again this often, in longest pauses.
pub const POLL: u32 = 5;

/// Follows every source of the cluster until it is dropped.
pub async fn follow(cluster: Arc<Cluster>, feed: Feed) {
    let mut tasks = JoinSet::new();
    for row in ROWS {
        let (cluster, feed) = (Arc::clone(&cluster), feed.clone());
        tasks.spawn(async move {
            match row.call {
                Call::Named(resource) => config_maps::follow(&cluster, row, resource, &feed).await,
                Call::List(_) | Call::Path(_) => source(&cluster, row, &feed).await,
            }
        });
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
            (Next::WatchSome { api, from }, Call::List(resource)) => {
                let start = Instant::now();
                let watched = watch_some(cluster, resource, api, &from, &mut reading, feed).await;
                if !watched {
                    reading.next = Next::Again;
                }
                cluster.bring_back(reading);
                if watched {
                    failures = if start.elapsed() > cluster.patience.longest_pause { 0 } else { failures + 1 };
                    sleep(cluster.patience.pause_before(failures)).await;
                    // Rights and namespaces may have come and gone too.
                    super::read_anew(cluster, row, feed).await;
                }
            }
            (Next::Watch { api, version }, Call::List(resource)) => {
                let mut ended = watch(cluster, resource, api, &version, &mut reading, feed).await;
                if matches!(ended, Ended::Relist) {
                    ended = stream_list(cluster, resource, api, &mut reading, feed).await;
                }
                cluster.bring_back(reading);
                match ended {
                    Ended::Resume { lived: true } => failures = 0,
                    Ended::Resume { lived: false } => failures += 1,
                    Ended::Relist => super::read_anew(cluster, row, feed).await,
                    Ended::Failed(refusal) => {
                        failures += 1;
                        tell(cluster, row, refusal, failures, feed).await;
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

/// Says that a source is not kept up to date, once it is more than one lost connection.
pub async fn tell(cluster: &Cluster, row: &'static Row, refusal: Refusal, failures: u32, feed: &Feed) {
    if failures < cluster.patience.attempts && refusal.kind == RefusalKind::Transient {
        return;
    }
    let mut reading = cluster.take(row);
    let next = reading.next.clone();
    let refusal = since(refusal, cluster.seen_of(row.kind));
    cluster.failed(&mut reading, refusal, false, feed).await;
    reading.next = next;
    cluster.bring_back(reading);
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

async fn watch(
    cluster: &Cluster,
    resource: Resource,
    api: &'static str,
    version: &str,
    reading: &mut Reading,
    feed: &Feed,
) -> Ended {
    let path = format!(
        "{}?watch=1&allowWatchBookmarks=true&timeoutSeconds={LASTS}&resourceVersion={version}",
        resource.path(api, None)
    );
    let stream = match cluster.server.open(&path, resource.accept_watch()).await {
        Ok(stream) => stream,
        Err(refusal) if refusal.kind == RefusalKind::Gone => return Ended::Relist,
        Err(refusal) => return Ended::Failed(refusal),
    };
    // What was told to be wrong is not any more.
    if reading.told.is_some() {
        cluster.listed(reading, "", feed).await;
    }
    cluster.saw(reading.row.kind);
    pursue(cluster, api, Events::new(stream), reading, feed).await
}

/// Watches single namespaces until the first of the watches ends, or for as long as one lasts. Says whether they could be
/// watched.
async fn watch_some(
    cluster: &Cluster,
    resource: Resource,
    api: &'static str,
    from: &[(String, String)],
    reading: &mut Reading,
    feed: &Feed,
) -> bool {
    let mut all = SelectAll::new();
    for (namespace, version) in from {
        let path =
            format!("{}?watch=1&timeoutSeconds={LASTS}&resourceVersion={version}", resource.path(api, Some(namespace)));
        match cluster.server.open(&path, resource.accept_watch()).await {
            Ok(stream) => {
                let events = stream::unfold(Events::new(stream), async |mut events| {
                    let event = events.next().await.ok().flatten()?;
                    Some((event, events))
                });
                // The end of one is told by an item of its own.
                all.push(Box::pin(events.map(Some).chain(stream::iter([None]))));
            }
            Err(refusal) => return refusal.kind == RefusalKind::Gone,
        }
    }
    cluster.saw(reading.row.kind);
    let next = reading.next.clone();
    while let Some(Some(event)) = all.next().await {
        let ended = take_in(cluster, event, reading, api, feed).await;
        reading.next = next.clone();
        if ended.is_some() {
            break;
        }
    }
    true
}

/// Takes events in until the watch ends.
async fn pursue(cluster: &Cluster, api: &'static str, mut events: Events, reading: &mut Reading, feed: &Feed) -> Ended {
    let mut lived = false;
    loop {
        match events.next().await {
            Ok(Some(event)) => match take_in(cluster, event, reading, api, feed).await {
                None => lived = true,
                Some(ended) => return ended,
            },
            Ok(None) => return Ended::Resume { lived },
            Err(Broken::Lost(why)) if lived => {
                tracing::debug!("{}: {why}; resumed", reading.source);
                return Ended::Resume { lived };
            }
            Err(Broken::Silent) => return Ended::Resume { lived: false },
            Err(broken) => return Ended::Failed(refusal_of(broken)),
        }
    }
}

/// Takes one event in. Gives how the watch ends, if it does.
async fn take_in(
    cluster: &Cluster,
    event: Event,
    reading: &mut Reading,
    api: &'static str,
    feed: &Feed,
) -> Option<Ended> {
    match event.kind {
        EventKind::Put => {
            let deltas = reading.answers.object(Some(0), event.object.get().as_bytes(), &reading.source.path);
            cluster.pass_on(as_changes(deltas), feed).await;
        }
        EventKind::Deleted => {
            let change = Change::Removed { namespace: event.namespace, name: event.name };
            cluster.report(reading, change, feed).await;
        }
        EventKind::Bookmark { .. } => {}
        EventKind::TooOld => return Some(Ended::Relist),
        EventKind::Error(why) => {
            let why = format!("the watch ended: {why}");
            return Some(Ended::Failed(Refusal::new(RefusalKind::Transient, why)));
        }
        EventKind::Other => return None,
    }
    if !event.version.is_empty() {
        reading.next = Next::Watch { api, version: event.version };
    }
    cluster.saw(reading.row.kind);
    None
}

pub fn refusal_of(broken: Broken) -> Refusal {
    let why = match broken {
        Broken::Silent => "the watch fell silent".to_owned(),
        Broken::Lost(why) => why,
        Broken::Unreadable => "an event of the watch could not be read".to_owned(),
    };
    Refusal::new(RefusalKind::Transient, why)
}

/// A new list in place of one that became too old, streamed by the watch that then goes on (KEP-3157): the API server
/// answers it from memory, where pages are read from its storage by every client at once. The first list is read in
/// pages all the same: they can be asked for in any release, and a first page is a first screen.
///
/// `Relist`: the server does not stream lists, or broke off; pages will do.
async fn stream_list(
    cluster: &Cluster,
    resource: Resource,
    api: &'static str,
    reading: &mut Reading,
    feed: &Feed,
) -> Ended {
    if !cluster.streams_lists() {
        return Ended::Relist;
    }
    let path = format!(
        "{}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds={LASTS}",
        resource.path(api, None)
    );
    let mut events = match cluster.server.open(&path, resource.accept_watch()).await {
        Ok(stream) => Events::new(stream),
        Err(refusal) => {
            if refusal.kind == RefusalKind::Invalid {
                cluster.never_stream_lists();
            }
            return Ended::Relist;
        }
    };
    cluster.report(reading, Change::Opened, feed).await;
    let (mut sent, mut late): (HashSet<(Name, Name)>, Vec<Event>) = (HashSet::new(), Vec::new());
    loop {
        match events.next().await {
            Ok(Some(event @ Event { kind: EventKind::Put | EventKind::Deleted, .. })) => {
                // What happens while the list is being sent comes between its objects.
                let key = (event.namespace.clone(), event.name.clone());
                if event.kind == EventKind::Deleted || !sent.insert(key) {
                    late.push(event);
                    continue;
                }
                let deltas = reading.answers.object(Some(0), event.object.get().as_bytes(), &reading.source.path);
                cluster.pass_on(deltas, feed).await;
            }
            Ok(Some(Event { kind: EventKind::Bookmark { listed: true }, version, .. })) => {
                cluster.listed(reading, "", feed).await;
                for event in late {
                    take_in(cluster, event, reading, api, feed).await;
                }
                reading.next = Next::Watch { api, version };
                return pursue(cluster, api, events, reading, feed).await;
            }
            Ok(Some(Event { kind: EventKind::Other | EventKind::Bookmark { .. }, .. })) => {}
            Err(Broken::Lost(_) | Broken::Silent) => return Ended::Relist,
            // The server did not understand what was asked.
            Ok(_) | Err(Broken::Unreadable) => {
                cluster.never_stream_lists();
                return Ended::Relist;
            }
        }
    }
}
