//! The events of one watch, as they come over the wire: one JSON document a line.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::base::Name;

use super::client::Stream;

/// After this many seconds the API server ends a watch by itself, and it is resumed.
pub const LASTS: u32 = 290;
/// Longer silence than a watch lasts means that the connection is dead.
const SILENCE: Duration = Duration::from_secs(LASTS as u64 + 40);

/// A watch that was opened.
pub struct Events {
    stream: Stream,
    /// What came and was not looked at yet, from `start` on.
    waiting: Vec<u8>,
    start: usize,
}

/// One event.
#[derive(Debug)]
pub struct Event {
    pub kind: EventKind,
    pub namespace: Name,
    pub name: Name,
    /// Where to resume after this event; empty when it does not say.
    pub version: String,
    /// The object, as JSON.
    pub object: Box<RawValue>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It is there, in this form: created, changed, or there from the start.
    Put,
    Deleted,
    /// Only says how far the watch is. `listed` on the one that ends what was there from the start.
    Bookmark {
        listed: bool,
    },
    /// The version to go on from is forgotten (410).
    TooOld,
    /// The API server ends the watch, with its reason.
    Error(String),
    /// Nothing that is known here.
    Other,
}

/// Why a watch gave no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Nothing came for longer than a watch lasts.
    Silent,
    /// The connection broke.
    Lost(String),
    /// What came is no event.
    Unreadable,
}

#[derive(Deserialize)]
struct EventIn<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    object: Box<RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ObjectIn {
    metadata: Option<MetadataIn>,
    code: Option<u16>,
    message: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MetadataIn {
    namespace: Option<Name>,
    name: Option<Name>,
    #[serde(rename = "resourceVersion")]
    version: Option<String>,
    annotations: Option<AnnotationsIn>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AnnotationsIn {
    /// On the bookmark behind the last object that was there when a streamed list began (KEP-3157).
    #[serde(rename = "k8s.io/initial-events-end")]
    listed: Option<String>,
}

impl Events {
    pub fn new(stream: Stream) -> Events {
        Events { stream, waiting: Vec::new(), start: 0 }
    }

    /// The next event; `None` when the API server has ended the watch. Whoever drops the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Event>, Broken> {
        loop {
            while let Some(length) = memchr::memchr(b'\n', &self.waiting[self.start..]) {
                let line = &self.waiting[self.start..self.start + length];
                let event = if line.iter().all(u8::is_ascii_whitespace) { None } else { Some(read(line)) };
                self.start += length + 1;
                if let Some(event) = event {
                    return event.map(Some);
                }
            }
            self.waiting.drain(..self.start);
            self.start = 0;
            match timeout(SILENCE, self.stream.next()).await {
                Ok(Ok(Some(bytes))) => self.waiting.extend_from_slice(bytes.as_ref()),
                Ok(Ok(None)) => return Ok(None),
                Ok(Err(why)) => return Err(Broken::Lost(why)),
                Err(_) => return Err(Broken::Silent),
            }
        }
    }
}

fn read(line: &[u8]) -> Result<Event, Broken> {
    let EventIn { kind, object } = serde_json::from_slice(line).map_err(|_| Broken::Unreadable)?;
    let ObjectIn { metadata, code, message } = serde_json::from_str(object.get()).unwrap_or_default();
    let MetadataIn { namespace, name, version, annotations } = metadata.unwrap_or_default();
    let kind = match &*kind {
        "ADDED" | "MODIFIED" => EventKind::Put,
        "DELETED" => EventKind::Deleted,
        "BOOKMARK" => {
            let listed = annotations.and_then(|it| it.listed).is_some_and(|it| it == "true");
            EventKind::Bookmark { listed }
        }
        // The status stays 200; what went wrong is the object.
        "ERROR" if code == Some(410) => EventKind::TooOld,
        "ERROR" => EventKind::Error(message.unwrap_or_else(|| "no reason was given".to_owned())),
        _ => EventKind::Other,
    };
    let (namespace, name) = (namespace.unwrap_or_default(), name.unwrap_or_default());
    Ok(Event { kind, namespace, name, version: version.unwrap_or_default(), object })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(line: &str) -> EventKind {
        read(line.as_bytes()).expect("an event").kind
    }

    #[test]
    fn events_are_read_as_the_api_server_words_them() {
        let line = r#"{"type":"MODIFIED","object":{"kind":"Pod","metadata":{"name":"a","namespace":"web","resourceVersion":"7","annotations":{"x":"y"}}}}"#;
        let event = read(line.as_bytes()).expect("an event");
        assert_eq!((event.kind, &*event.namespace, &*event.name, &*event.version), (EventKind::Put, "web", "a", "7"));
        assert_eq!(
            kind(
                r#"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}}"#
            ),
            EventKind::Bookmark { listed: true }
        );
        assert_eq!(
            kind(r#"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9","annotations":null}}}"#),
            EventKind::Bookmark { listed: false }
        );
        assert_eq!(
            kind(
                r#"{"type":"ERROR","object":{"kind":"Status","metadata":{},"status":"Failure","message":"too old resource version: 1 (9)","reason":"Expired","code":410}}"#
            ),
            EventKind::TooOld
        );
        assert_eq!(kind(r#"{"type":"ERROR","object":{"code":500,"message":"oh"}}"#), EventKind::Error("oh".to_owned()));
        assert_eq!(read(b"<html>").expect_err("no event"), Broken::Unreadable);
    }
}
