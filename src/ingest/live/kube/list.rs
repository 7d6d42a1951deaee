//! Reading a list: page by page, from the start again when it became too old, and namespace by namespace when listing
//! across all of them is refused.

use std::sync::Arc;

use futures_util::future::join;
use memchr::{memchr, memmem};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::time::sleep;

use crate::ingest::live::Feed;
use crate::ingest::live::answers::Around;
use crate::model::coverage::Status;
use crate::model::feed::{Change, Delta};
use crate::model::listing::Reading as Extent;

use super::api::Resource;
use super::client::{Refusal, RefusalKind};
use super::cluster::{Cluster, Next, Reading, lock};

/// Objects asked for at a time. Larger pages are fewer requests, smaller ones an earlier first row.
pub const PAGE: usize = 500;

/// Namespaces of one kind that are watched side by side, where not all of them at once may be; more are read again now and
/// then. Each is a connection, for each kind.
const WATCHED: usize = 4;

/// How often a list is begun anew because the API server forgot the version it was reading.
const RESTARTS: u32 = 3;

/// Reads the list of a source and says in the feed how that ended.
pub async fn read(cluster: &Cluster, resource: Resource, reading: &mut Reading, feed: &Feed) {
    let mut absent = None;
    for api in resource.versions {
        let mut sent = false;
        match pages(cluster, resource, &resource.path(api, None), reading, &mut sent, feed).await {
            Ok(version) => {
                cluster.listed(reading, "", feed).await;
                reading.next = Next::Watch { api, version };
                return;
            }
            Err(refusal) if refusal.kind == RefusalKind::Absent && !sent => absent = Some(refusal),
            // Rights are looked at before anything else: who may not list a kind hears so of one that does not exist too.
            Err(refusal)
                if refusal.kind == RefusalKind::Denied
                    && resource.optional
                    && !sent
                    && is_served(cluster, resource, api).await == Some(false) =>
            {
                absent = Some(refusal);
            }
            Err(refusal) if refusal.kind == RefusalKind::Denied && resource.namespaced && !sent => {
                return by_namespace(cluster, resource, api, reading, refusal, feed).await;
            }
            Err(refusal) => return cluster.failed(reading, refusal, sent, feed).await,
        }
    }
    match absent {
        Some(_) if resource.optional => {
            cluster.listed(reading, "the cluster does not have this kind", feed).await;
            reading.next = Next::Rest;
        }
        Some(refusal) => cluster.failed(reading, refusal, false, feed).await,
        None => {}
    }
}

/// Whether the API server has this kind, by its discovery, which everybody may ask. `None`: it does not say.
async fn is_served(cluster: &Cluster, resource: Resource, api: &str) -> Option<bool> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct List {
        resources: Vec<Kind>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Kind {
        name: String,
    }
    match cluster.server.document(&resource.group_path(api)).await {
        Ok(bytes) => {
            let list = serde_json::from_slice::<List>(&bytes).ok()?;
            Some(list.resources.iter().any(|kind| kind.name == resource.plural))
        }
        Err(refusal) => (refusal.kind == RefusalKind::Absent).then_some(false),
    }
}

/// Reads all pages of one list and gives its version. `sent` is set once something was passed on.
///
/// The next page is asked for before this one is parsed: the API server makes it meanwhile.
async fn pages(
    cluster: &Cluster,
    resource: Resource,
    base: &str,
    reading: &mut Reading,
    sent: &mut bool,
    feed: &Feed,
) -> Result<String, Refusal> {
    let first = format!("{base}?limit={PAGE}");
    let after = |token: &str| format!("{first}&continue={}", utf8_percent_encode(token, NON_ALPHANUMERIC));
    let accept = resource.accept_list();
    let (mut token, mut restarts): (Option<String>, u32) = (None, 0);
    let mut bytes = cluster.server.get(&first, accept).await;
    loop {
        let path = token.as_deref().map_or_else(|| first.clone(), after);
        let next = bytes.as_ref().ok().and_then(|bytes| announced(bytes)).map(str::to_owned);
        let ahead = async {
            match &next {
                Some(token) => Some(cluster.server.get(&after(token), accept).await),
                None => None,
            }
        };
        let here = async {
            let (deltas, around) = page(cluster, resource, &path, reading, bytes).await?;
            *sent |= around.count > 0;
            cluster.pass_on(deltas, feed).await;
            Ok::<Around, Refusal>(around)
        };
        let (ahead, here) = join(ahead, here).await;
        match here {
            Ok(around) => match around.next {
                Some(found) => {
                    bytes = match ahead.filter(|_| next.as_ref() == Some(&found)) {
                        Some(bytes) => bytes,
                        None => cluster.server.get(&after(&found), accept).await,
                    };
                    token = Some(found);
                }
                None if around.torn => {
                    let why = "an answer could not be read to its end";
                    return Err(Refusal::new(RefusalKind::Transient, why));
                }
                None => return Ok(around.version),
            },
            // The token of the next page lives as long as the API server keeps the version, five minutes or so.
            Err(refusal) if refusal.kind == RefusalKind::Gone && token.is_some() && restarts < RESTARTS => {
                restarts += 1;
                token = None;
                cluster.report(reading, Change::Opened, feed).await;
                bytes = cluster.server.get(&first, accept).await;
            }
            Err(refusal) => return Err(refusal),
        }
    }
}

/// The token of the next page, where the answer names it in front of its objects, as an API server does.
fn announced(bytes: &[u8]) -> Option<&str> {
    const MEMBER: &[u8] = b"\"continue\":\"";
    let head = &bytes[..bytes.len().min(16 << 10)];
    let head = &head[..memmem::find(head, b"\"items\":[")?];
    let value = &head[memmem::find(head, MEMBER)? + MEMBER.len()..];
    let value = std::str::from_utf8(&value[..memchr(b'"', value)?]).ok()?;
    // One with an escape in it is read with the rest.
    Some(value).filter(|it| !it.is_empty() && !it.contains('\\'))
}

/// One page, of which the first answer has come. An answer that is no list, or breaks off, is asked for again; what can be
/// read of the last try counts.
async fn page(
    cluster: &Cluster,
    resource: Resource,
    path: &str,
    reading: &mut Reading,
    first: Result<Vec<u8>, Refusal>,
) -> Result<(Vec<Delta>, Around), Refusal> {
    let (mut tries, mut bytes) = (0, first?);
    loop {
        let (deltas, around) = reading.answers.page(&bytes, &reading.source.path);
        if around.listed && !around.torn {
            return Ok((deltas, around));
        }
        tries += 1;
        if tries >= cluster.patience.attempts {
            return match around.count {
                0 => Err(Refusal::new(RefusalKind::Transient, "the answer is no list of objects")),
                _ => Ok((deltas, around)),
            };
        }
        sleep(cluster.patience.pause_before(tries - 1)).await;
        bytes = cluster.server.get(path, resource.accept_list()).await?;
    }
}

/// Reads the namespaces that may be read, one after the other.
async fn by_namespace(
    cluster: &Cluster,
    resource: Resource,
    api: &'static str,
    reading: &mut Reading,
    refusal: Refusal,
    feed: &Feed,
) {
    let (namespaces, all) = namespaces(cluster).await;
    let (mut read, mut refused, mut sent) = (Vec::new(), 0, false);
    let mut from = Vec::new();
    for namespace in &namespaces {
        match pages(cluster, resource, &resource.path(api, Some(namespace)), reading, &mut sent, feed).await {
            Ok(version) => {
                read.push(namespace.as_str());
                from.push((namespace.clone(), version));
            }
            Err(it) if it.kind == RefusalKind::Denied || it.kind == RefusalKind::Absent => refused += 1,
            Err(it) => return cluster.failed(reading, it, sent, feed).await,
        }
    }
    if read.is_empty() {
        let why = format!("{}; no single namespace may be read either ({refused} tried)", refusal.why);
        return cluster.failed(reading, Refusal::new(RefusalKind::Denied, why), false, feed).await;
    }
    let of = if all { format!("{} of {}", read.len(), namespaces.len()) } else { format!("{}", read.len()) };
    let why = format!("listing all namespaces is refused; read {of}: {}", read.join(", "));
    reading.has_data = true;
    reading.next = if from.len() <= WATCHED { Next::WatchSome { api, from } } else { Next::Again };
    cluster.saw(reading.row.kind);
    cluster.report(reading, Change::Listed { reading: Extent::Partial, read_at: None, why: why.clone() }, feed).await;
    let permission = Some(reading.source.kind.permission().to_owned());
    cluster.report(reading, Change::Failed { status: Status::Partial, why, permission }, feed).await;
}

/// The namespaces to try, and whether these are all that there are.
async fn namespaces(cluster: &Cluster) -> (Vec<String>, bool) {
    let cell = Arc::clone(&lock(&cluster.known_namespaces));
    match cell.get_or_init(|| list_namespaces(cluster)).await {
        Ok(all) => (all.clone(), true),
        Err(_) => {
            let mut some: Vec<String> = Vec::new();
            for namespace in cluster.namespaces.iter().map(String::as_str).chain(["default"]) {
                if !some.iter().any(|it| it == namespace) {
                    some.push(namespace.to_owned());
                }
            }
            (some, false)
        }
    }
}

async fn list_namespaces(cluster: &Cluster) -> Result<Vec<String>, Refusal> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct List {
        metadata: Metadata,
        items: Vec<Item>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Item {
        metadata: Metadata,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Metadata {
        name: String,
        #[serde(rename = "continue")]
        next: String,
    }
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let next = utf8_percent_encode(&token, NON_ALPHANUMERIC);
        let path = format!("/api/v1/namespaces?limit={PAGE}&continue={next}");
        let bytes = cluster
            .server
            .get(&path, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json")
            .await?;
        let list: List = serde_json::from_slice(&bytes)
            .map_err(|_| Refusal::new(RefusalKind::Transient, "the answer is no list of namespaces"))?;
        names.extend(list.items.into_iter().map(|item| item.metadata.name));
        token = list.metadata.next;
        if token.is_empty() {
            return Ok(names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::announced;

    #[test]
    fn the_next_page_is_known_before_the_objects_are() {
        let page =
            |metadata: &str| format!(r#"{{"kind":"PodList","metadata":{metadata},"items":[{{"continue":"no"}}]}}"#);
        let found = |metadata: &str| announced(page(metadata).as_bytes()).map(str::to_owned);
        assert_eq!(
            found(r#"{"resourceVersion":"7","continue":"eyJ2","remainingItemCount":9}"#).as_deref(),
            Some("eyJ2")
        );
        assert_eq!(found(r#"{"resourceVersion":"7","continue":""}"#), None);
        assert_eq!(found(r#"{"resourceVersion":"7"}"#), None);
        assert_eq!(announced(b"{\"items\":[]}"), None);
        assert_eq!(announced(b"<html>"), None);
    }
}
