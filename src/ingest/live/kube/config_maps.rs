//! The ConfigMaps that matter, each by its name: `aws-auth`, and those that pods refer to.
//!
//! Others are not asked for: they can be large, many, and none of our business.

use futures_util::{StreamExt, stream};

use crate::base::Name;
use crate::ingest::live::Feed;
use crate::model::coverage::Status;
use crate::model::feed::Change;
use crate::model::listing::Reading as Extent;

use super::api::{AWS_AUTH, Resource};
use super::client::{Refusal, RefusalKind};
use super::cluster::{Cluster, Next, Reading, lock};

/// Requests in flight.
const AT_ONCE: usize = 8;

/// Reads them all and says in the feed how that ended. Pods and workloads must have been read before.
pub async fn read(cluster: &Cluster, resource: Resource, reading: &mut Reading, feed: &Feed) {
    let mut names = lock(&cluster.referenced).clone();
    names.insert((AWS_AUTH.0.into(), AWS_AUTH.1.into()));
    let asked = names.len();
    let mut answers = stream::iter(names)
        .map(|(namespace, name)| async move {
            let answer = get(cluster, resource, &namespace, &name).await;
            (namespace, name, answer)
        })
        .buffered(AT_ONCE);
    let mut refused: Vec<String> = Vec::new();
    let mut cause: Option<Refusal> = None;
    let mut sent = false;
    while let Some((namespace, name, answer)) = answers.next().await {
        match answer {
            Ok(Some(bytes)) => {
                sent = true;
                let deltas = reading.answers.object(Some(0), &bytes, &reading.source.path);
                cluster.pass_on(deltas, feed).await;
            }
            // That it is not there is an answer.
            Ok(None) => {}
            Err(refusal) => {
                refused.push(format!("{namespace}/{name}"));
                cause.get_or_insert(refusal);
            }
        }
    }
    let Some(cause) = cause else {
        cluster.listed(reading, "", feed).await;
        reading.next = Next::Again;
        return;
    };
    if refused.len() == asked {
        return cluster.failed(reading, cause, sent, feed).await;
    }
    refused.truncate(20);
    let why = format!("{}; not read: {}", cause.why, refused.join(", "));
    reading.next = Next::Again;
    reading.has_data = true;
    cluster.report(reading, Change::Listed { reading: Extent::Partial, read_at: None, why: why.clone() }, feed).await;
    let permission = (cause.kind == RefusalKind::Denied).then(|| reading.source.kind.permission().to_owned());
    cluster.report(reading, Change::Failed { status: Status::Partial, why, permission }, feed).await;
}

/// One of them; `None` when it is not there.
async fn get(cluster: &Cluster, resource: Resource, namespace: &Name, name: &Name) -> Result<Option<Vec<u8>>, Refusal> {
    let path = format!("{}/{name}", resource.path(resource.versions[0], Some(namespace)));
    match cluster.server.document(&path).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(refusal) if refusal.kind == RefusalKind::Absent => Ok(None),
        Err(refusal) => Err(refusal),
    }
}
