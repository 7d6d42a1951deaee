//! Following ConfigMaps: a watch that brings names and versions alone, and a GET for each that matters.
//!
//! One watch serves for all of them, since a cluster may refer to hundreds and an API server gives each client only so
//! many. Where it is refused, that of `aws-auth` alone may be allowed, and the rest is read again now and then.

use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use tokio::time::sleep;

use crate::ingest::live::Feed;
use crate::ingest::live::kube::api::{AWS_AUTH, Resource, Row};
use crate::ingest::live::kube::client::{Refusal, RefusalKind};
use crate::ingest::live::kube::cluster::{Cluster, lock};
use crate::ingest::live::kube::events::{Broken, Event, EventKind, Events, LASTS};
use crate::ingest::live::kube::read_anew;
use crate::ingest::live::kube::watch::{POLL, refusal_of, tell};

use super::{Key, remove, renew, wanted};

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    All,
    AwsAuth,
    Nothing,
}

impl Watched {
    /// What is tried when this one is refused.
    fn narrower(self) -> Watched {
        match self {
            Watched::All => Watched::AwsAuth,
            Watched::AwsAuth | Watched::Nothing => Watched::Nothing,
        }
    }

    /// From a version on; from none, what is there now comes first.
    fn path(self, resource: Resource, from: &str) -> Option<String> {
        let (namespace, selector) = match self {
            Watched::All => (None, String::new()),
            Watched::AwsAuth => (Some(AWS_AUTH.0), format!("&fieldSelector=metadata.name%3D{}", AWS_AUTH.1)),
            Watched::Nothing => return None,
        };
        let list = resource.path(resource.versions[0], namespace);
        let from = if from.is_empty() { String::new() } else { format!("&resourceVersion={from}") };
        Some(format!("{list}?watch=1&allowWatchBookmarks=true&timeoutSeconds={LASTS}{selector}{from}"))
    }
}

/// Keeps them up to date until it is dropped.
pub async fn follow(cluster: &Cluster, row: &'static Row, resource: Resource, feed: &Feed) {
    // Names and versions are enough to know when to look.
    let resource_of_watch = Resource { metadata_only: true, ..resource };
    let (mut watched, mut from, mut failures) = (Watched::All, String::new(), 0);
    // Something may have been missed since the last event.
    let mut lost = false;
    let mut tried = Tried::new();
    loop {
        let mut events = match watched.path(resource, &from) {
            None => None,
            Some(path) => match cluster.server.open(&path, resource_of_watch.accept_watch()).await {
                Ok(stream) => Some(Events::new(stream)),
                Err(refusal) => {
                    match refusal.kind {
                        RefusalKind::Denied | RefusalKind::Absent | RefusalKind::Invalid => {
                            watched = watched.narrower()
                        }
                        RefusalKind::Gone => {}
                        RefusalKind::Credentials | RefusalKind::Transient => {
                            (failures, lost) = (failures + 1, true);
                            tell(cluster, row, refusal, failures, feed).await;
                            sleep(cluster.patience.pause_before(failures - 1)).await;
                            continue;
                        }
                    }
                    from.clear();
                    continue;
                }
            },
        };
        // What vanished before the first event of a watch is told by nobody.
        if std::mem::take(&mut lost) || from.is_empty() {
            read_anew(cluster, row, feed).await;
        }
        let healthy = cluster.with(row, |reading| reading.told.is_none());
        let look = match (healthy, watched) {
            (true, Watched::All) => None,
            (true, _) => Some(cluster.patience.longest_pause.saturating_mul(POLL)),
            (false, _) => Some(cluster.patience.pause_before(failures + 2)),
        };
        match attend(cluster, row, resource, (&mut events, &mut from, &mut tried), look, feed).await {
            Ended::Resume => failures = 0,
            Ended::Anew => from.clear(),
            Ended::Look => {
                failures = if healthy { 0 } else { failures + 1 };
                // Rights may have come.
                watched = Watched::All;
                from.clear();
            }
            Ended::Failed(refusal) => {
                (failures, lost) = (failures + 1, true);
                tell(cluster, row, refusal, failures, feed).await;
                sleep(cluster.patience.pause_before(failures - 1)).await;
            }
        }
    }
}

/// The versions that were asked for because of an event: once is enough, also where it is refused.
type Tried = BTreeMap<Key, String>;

enum Ended {
    /// Go on from the version reached.
    Resume,
    /// What happened in between is not known, or could not be read.
    Anew,
    /// It is time to look again.
    Look,
    Failed(Refusal),
}

/// Does what a watch and new references ask for, until the watch ends or it is time to look again.
async fn attend(
    cluster: &Cluster,
    row: &'static Row,
    resource: Resource,
    (events, from, tried): (&mut Option<Events>, &mut String, &mut Tried),
    look: Option<Duration>,
    feed: &Feed,
) -> Ended {
    let time = async {
        match look {
            Some(look) => sleep(look).await,
            None => pending().await,
        }
    };
    tokio::pin!(time);
    loop {
        let next = async {
            match events {
                Some(events) => events.next().await,
                None => pending().await,
            }
        };
        let changed: Vec<Key> = tokio::select! {
            event = next => match event {
                Ok(Some(event)) => {
                    let ended = match &event.kind {
                        EventKind::TooOld => Some(Ended::Anew),
                        EventKind::Error(why) => Some(Ended::Failed(refusal_of(Broken::Lost(format!("the watch ended: {why}"))))),
                        _ => None,
                    };
                    if let Some(ended) = ended {
                        return ended;
                    }
                    if !event.version.is_empty() {
                        from.clone_from(&event.version);
                    }
                    if look.is_none() {
                        cluster.saw(row.kind);
                    }
                    concerned(cluster, row, event, tried, feed).await.into_iter().collect()
                }
                Ok(None) | Err(Broken::Silent) => return Ended::Resume,
                Err(broken) => return Ended::Failed(refusal_of(broken)),
            },
            () = cluster.grown.notified() => {
                let known = lock(&cluster.config_maps).keys().cloned().collect();
                wanted(cluster).difference(&known).cloned().collect()
            }
            () = &mut time => return Ended::Look,
        };
        for key in changed {
            let mut reading = cluster.take(row);
            let renewed = renew(cluster, resource, key, &mut reading, feed).await;
            cluster.bring_back(reading);
            // Which of them failed and why is told with the whole.
            if renewed.is_err() {
                return Ended::Anew;
            }
        }
    }
}

/// The ConfigMap that must be read again because of an event, if it is one that matters and that is not known already.
async fn concerned(cluster: &Cluster, row: &'static Row, event: Event, tried: &mut Tried, feed: &Feed) -> Option<Key> {
    let key = (event.namespace, event.name);
    match event.kind {
        EventKind::Put if wanted(cluster).contains(&key) => {
            let known = lock(&cluster.config_maps).get(&key).cloned().flatten();
            let new = known.as_deref() != Some(&event.version) && tried.get(&key) != Some(&event.version);
            tried.insert(key.clone(), event.version);
            new.then_some(key)
        }
        EventKind::Deleted if wanted(cluster).contains(&key) => {
            let mut reading = cluster.take(row);
            remove(cluster, key, &mut reading, feed).await;
            cluster.bring_back(reading);
            None
        }
        _ => None,
    }
}
