//! The ConfigMaps that matter, each by its name: `aws-auth`, and those that pods refer to.
//!
//! Others are not asked for: they can be large, many, and none of our business. `follow` keeps them up to date.

mod follow;

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use serde::Deserialize;

use crate::base::Name;
use crate::ingest::live::Feed;
use crate::ingest::live::answers::as_changes;
use crate::model::coverage::Status;
use crate::model::feed::Change;
use crate::model::listing::Reading as Extent;

use super::api::{AWS_AUTH, Resource};
use super::client::{Refusal, RefusalKind};
use super::cluster::{Cluster, Next, Reading, lock};

pub use follow::follow;

/// Requests in flight.
const AT_ONCE: usize = 8;

/// Namespace and name.
type Key = (Name, Name);

/// Those that matter now.
fn wanted(cluster: &Cluster) -> BTreeSet<Key> {
    let mut names = lock(&cluster.referenced).clone();
    names.insert((AWS_AUTH.0.into(), AWS_AUTH.1.into()));
    names
}

/// Reads them all and says in the feed how that ended. Pods and workloads must have been read before.
pub async fn read(cluster: &Cluster, resource: Resource, reading: &mut Reading, feed: &Feed) {
    let names = wanted(cluster);
    let asked = names.len();
    let mut answers = stream::iter(names)
        .map(|key| async move {
            let answer = get(cluster, resource, &key).await;
            (key, answer)
        })
        .buffered(AT_ONCE);
    let mut refused: Vec<String> = Vec::new();
    let mut cause: Option<Refusal> = None;
    let mut sent = false;
    lock(&cluster.config_maps).clear();
    while let Some((key, answer)) = answers.next().await {
        match answer {
            Ok(found) => {
                lock(&cluster.config_maps).insert(key, found.as_deref().map(version));
                // That it is not there is an answer.
                if let Some(bytes) = found {
                    sent = true;
                    let deltas = reading.answers.object(Some(0), &bytes, &reading.source.path);
                    cluster.pass_on(deltas, feed).await;
                }
            }
            Err(refusal) => {
                refused.push(format!("{}/{}", key.0, key.1));
                cause.get_or_insert(refusal);
            }
        }
    }
    reading.next = Next::Again;
    let Some(cause) = cause else {
        return cluster.listed(reading, "", feed).await;
    };
    if refused.len() == asked {
        return cluster.failed(reading, cause, sent, feed).await;
    }
    let count = refused.len();
    refused.truncate(20);
    let and_more = if count > 20 { format!(" and {} more", count - 20) } else { String::new() };
    let why = format!("{}; not read: {}{and_more}", cause.why, refused.join(", "));
    reading.has_data = true;
    cluster.saw(reading.row.kind);
    cluster.report(reading, Change::Listed { reading: Extent::Partial, read_at: None, why: why.clone() }, feed).await;
    let permission = (cause.kind == RefusalKind::Denied).then(|| reading.source.kind.permission().to_owned());
    cluster.report(reading, Change::Failed { status: Status::Partial, why: why.clone(), permission }, feed).await;
    // To be tried again as soon as what failed whole.
    reading.told = Some(Refusal { why, ..cause });
}

/// Reads one of them again, because it changed, or for the first time, because something refers to it now.
async fn renew(
    cluster: &Cluster,
    resource: Resource,
    key: Key,
    reading: &mut Reading,
    feed: &Feed,
) -> Result<(), Refusal> {
    match get(cluster, resource, &key).await? {
        Some(bytes) => {
            lock(&cluster.config_maps).insert(key, Some(version(&bytes)));
            let deltas = reading.answers.object(Some(0), &bytes, &reading.source.path);
            cluster.pass_on(as_changes(deltas), feed).await;
        }
        None => remove(cluster, key, reading, feed).await,
    }
    Ok(())
}

async fn remove(cluster: &Cluster, key: Key, reading: &mut Reading, feed: &Feed) {
    let before = lock(&cluster.config_maps).insert(key.clone(), None);
    if before.flatten().is_some() {
        let (namespace, name) = key;
        cluster.report(reading, Change::Removed { namespace, name }, feed).await;
    }
}

/// One of them; `None` when it is not there.
async fn get(cluster: &Cluster, resource: Resource, (namespace, name): &Key) -> Result<Option<Vec<u8>>, Refusal> {
    let path = format!("{}/{name}", resource.path(resource.versions[0], Some(namespace)));
    match cluster.server.document(&path).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(refusal) if refusal.kind == RefusalKind::Absent => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// `metadata.resourceVersion`; empty where it does not say.
fn version(object: &[u8]) -> String {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Object {
        metadata: Metadata,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Metadata {
        #[serde(rename = "resourceVersion")]
        version: String,
    }
    serde_json::from_slice::<Object>(object).unwrap_or_default().metadata.version
}
