//! Reads one source from its files and reports what it gave.

mod yaml;

use std::fmt::Write as _;

use crate::base::Name;
use crate::base::name::Pool;
use crate::base::text::clean;
use crate::model::coverage::{Loss, Status};
use crate::model::facts::meta::Origin;
use crate::model::feed::{Change, Delta};
use crate::model::listing::Reading;

use super::files::{Entry, Files, reason};
use super::kinds::{self, Shape};
use super::layout::Found;
use super::object::{Scalar, Text, object};
use super::problem::Problem;
use super::record::{Context, Failure};
use super::split::{Event, LIMIT, Place, Splitter};
use super::stream::{Content, Stream, content};

/// Reads a source whole: opens it, sends its pages and losses, and says how far it got.
pub fn source(files: &Files, found: &Found, sink: &(dyn Fn(Delta) + Sync)) {
    let _names = Pool::open();
    let context =
        Context::new(found.place.clone(), found.source.clone(), found.account.clone(), found.region.clone(), sink);
    let mut reader = Reader { files, context, shape: kinds::shape(found.source.kind), listed: 0, why: Vec::new() };
    if let Some(why) = &found.skipped {
        let change = Change::Failed { status: Status::Skipped, why: why.clone(), permission: None };
        return reader.context.send(change);
    }
    reader.context.send(Change::Opened);
    let mut answered = false;
    for part in &found.parts {
        match reader.part(part) {
            Ok(()) => answered = true,
            Err(Refusal { status, why }) => {
                if found.parts.len() == 1 {
                    let permission = Some(found.source.kind.permission().to_owned()).filter(|it| !it.is_empty());
                    return reader.context.send(Change::Failed { status, why, permission });
                }
                reader.why.push(format!("`{}`: {why}", part.path));
            }
        }
    }
    if let Some(hole) = found.hole {
        reader.why.push(format!("part {hole} of the list is not there"));
    }
    if reader.context.more {
        reader.why.push("the last answer says that there are further pages".to_owned());
    }
    if answered && !reader.shape.lists.is_empty() {
        let absent: Vec<&str> = (0..reader.shape.lists.len())
            .filter(|at| reader.listed >> at & 1 == 0)
            .map(|at| reader.shape.lists[at])
            .collect();
        if !absent.is_empty() && reader.listed != 0 {
            reader.why.push(format!("not in the answer: `{}`", absent.join("`, `")));
        }
    }
    let Reader { mut context, why, .. } = reader;
    context.flush();
    let reading = if why.is_empty() { Reading::Complete } else { Reading::Partial };
    // The oldest part speaks for the list.
    let read_at = found.parts.iter().filter_map(|part| part.modified).min();
    context.send(Change::Listed { reading, read_at, why: why.join("; ") });
}

const START: Place = Place { offset: 0, line: 1, column: 1 };

/// `.jsonl`: what a loop printed, one answer for each name.
fn is_stream(part: &Entry) -> bool {
    part.path.rsplit('/').next().is_some_and(|file| file.contains(".jsonl"))
}

/// A file that gave nothing at all.
struct Refusal {
    status: Status,
    why: String,
}

impl Refusal {
    fn new(status: Status, why: impl Into<String>) -> Refusal {
        Refusal { status, why: why.into() }
    }
}

struct Reader<'a> {
    files: &'a Files,
    context: Context<'a>,
    shape: Shape,
    /// Bit by bit, the lists of the shape that some document had.
    listed: u32,
    /// Why the list is not whole, besides what was lost.
    why: Vec<String>,
}

object! {
    /// What stands around a list.
    struct AroundIn<'de> {
        kind: Text<'de> = "kind",
        message: Text<'de> = "message",
        reason: Text<'de> = "reason",
        metadata: ListMetaIn<'de> = "metadata",
        next_token: Text<'de> = "NextToken",
        next_token_lower: Text<'de> = "nextToken",
        marker: Text<'de> = "Marker",
        truncated: Scalar = "IsTruncated",
    }

    struct ListMetaIn<'de> {
        next: Text<'de> = "continue",
    }
}

/// A top-level object without the elements of its lists.
struct Object<'a> {
    text: &'a [u8],
    listed: bool,
    cut: bool,
}

impl Reader<'_> {
    fn part(&mut self, part: &Entry) -> Result<(), Refusal> {
        let stream =
            Stream::open(self.files, &part.path).map_err(|error| Refusal::new(Status::Missing, reason(&error)))?;
        let packing = stream.packing();
        let mut splitter = Splitter::new(stream, self.shape.lists);
        if splitter.window().is_empty() {
            splitter.grow();
        }
        if let (Some(error), true) = (splitter.failure(), splitter.window().is_empty()) {
            let why = if packing.is_empty() { reason(error) } else { format!("damaged {packing} data: {error}") };
            return Err(Refusal::new(Status::Missing, why));
        }
        match content(splitter.window()) {
            Content::Json => {}
            // A loop over no names prints nothing, and that is an answer.
            Content::Empty if is_stream(part) => return Ok(()),
            Content::Empty => return Err(Refusal::new(Status::Missing, "the file is empty")),
            Content::Message { text, denied } => {
                let status = if denied { Status::Denied } else { Status::Missing };
                return Err(Refusal::new(status, text));
            }
            Content::Yaml if self.shape.single => return self.yaml(part),
            Content::Yaml => {
                self.lose(part, "", START, Problem::new("", "YAML", "JSON"), String::new());
                return Ok(());
            }
            Content::Other(found) => {
                let problem = Problem::new("", found, "JSON");
                self.lose(part, "", START, problem, String::new());
                return Ok(());
            }
        }
        self.values(part, &mut splitter, packing)
    }

    fn values(&mut self, part: &Entry, splitter: &mut Splitter<Stream>, packing: &str) -> Result<(), Refusal> {
        let file = Name::new(&part.path);
        let stream = is_stream(part);
        loop {
            match splitter.event() {
                Event::End => break,
                Event::Value { list, index } => {
                    let place = splitter.place();
                    let path = match list {
                        Some(list) => format!("{}[{index}]", self.shape.lists[list]),
                        None if stream || index > 0 => format!("[{index}]"),
                        None => String::new(),
                    };
                    let origin =
                        Origin { file: file.clone(), offset: place.offset, length: 0, line: place.line, index };
                    self.value(part, splitter, list, &path, place, origin);
                }
                Event::Closed => {
                    let rest = splitter.rest();
                    self.listed |= rest.listed;
                    let (length, index) = (u32::try_from(rest.length).unwrap_or(u32::MAX), rest.index);
                    let Place { offset, line, .. } = rest.place;
                    let origin = Origin { file: file.clone(), offset, length, line, index };
                    let object = Object { text: &rest.text, listed: rest.listed != 0, cut: rest.cut };
                    if let Some(problem) = self.object(object, origin)? {
                        let object = self.address(&rest.text, None);
                        let path = if stream || index > 0 { format!("[{index}]") } else { String::new() };
                        self.lose(part, &path, rest.place, problem, object);
                    }
                }
                Event::Broken { found, expected } => {
                    let place = splitter.place();
                    let found = match splitter.failure() {
                        Some(error) if packing.is_empty() => reason(error),
                        Some(error) => format!("damaged {packing} data ({error})"),
                        None => found,
                    };
                    self.lose(part, "", place, Problem::new("", found, expected), String::new());
                }
            }
        }
        if let Some(error) = splitter.failure() {
            self.why.push(format!("`{}` could not be read to its end: {error}", part.path));
        }
        Ok(())
    }

    /// One element: parsed where it stands, the window growing until it is whole.
    fn value(
        &mut self,
        part: &Entry,
        splitter: &mut Splitter<Stream>,
        list: Option<usize>,
        path: &str,
        place: Place,
        origin: Origin,
    ) {
        let kind = self.context.source.kind;
        loop {
            let read = kinds::read(kind, list, splitter.window(), splitter.ended(), &mut self.context, origin.clone());
            match read {
                Ok(length) => return splitter.advance(length),
                Err(Failure::Short) if splitter.window().len() > LIMIT => {
                    let object = self.address(splitter.window(), list);
                    let problem = Problem::new("", "a value of more than 16 MiB", "at most 16 MiB");
                    self.lose(part, path, place, problem, object);
                    return splitter.skip(false);
                }
                Err(Failure::Short) => {
                    splitter.grow();
                }
                Err(Failure::Bad { mut problem, torn, length }) => {
                    if let (true, Some(error)) = (torn && splitter.ended(), splitter.failure()) {
                        problem.found = format!("damaged data ({error})");
                    }
                    let object = self.address(splitter.window(), list);
                    self.lose(part, path, place, problem, object);
                    return match length {
                        Some(length) => splitter.advance(length),
                        None => splitter.skip(torn),
                    };
                }
            }
        }
    }

    /// A top-level object that has been read to its end: was it a list, is there more of it, or is it one object alone?
    fn object(&mut self, object: Object<'_>, origin: Origin) -> Result<Option<Problem>, Refusal> {
        let around: AroundIn<'_> = match serde_json::from_slice(object.text) {
            Ok(around) => around,
            Err(_) if object.listed => {
                self.why.push("what stands around the list could not be read".to_owned());
                return Ok(None);
            }
            Err(_) => AroundIn::default(),
        };
        if object.listed {
            let tokens = [&around.metadata.next, &around.next_token, &around.next_token_lower];
            self.context.more = tokens.iter().any(|token| !token.is_empty())
                || around.truncated.0 == "true" && !around.marker.is_empty();
            return Ok(None);
        }
        if &*around.kind == "Status" {
            let status = if &*around.reason == "Forbidden" { Status::Denied } else { Status::Missing };
            let said: String = around.message.chars().take(400).collect();
            return Err(Refusal::new(status, format!("the API server answered: {}", clean(&said))));
        }
        let found = if object.cut { "an object of more than 16 MiB" } else { "an object without such a list" };
        if !self.shape.single || object.cut || around.kind.ends_with("List") {
            return Ok(Some(Problem::new("", found, format!("`{}`", self.shape.lists.join("`, `")))));
        }
        self.listed = 1;
        let kind = self.context.source.kind;
        match kinds::read(kind, None, object.text, true, &mut self.context, origin) {
            Ok(_) => Ok(None),
            Err(Failure::Bad { problem, .. }) => Ok(Some(problem)),
            Err(Failure::Short) => Ok(Some(Problem::new("", "the end of the file", "the rest of a value"))),
        }
    }

    fn address(&self, text: &[u8], list: Option<usize>) -> String {
        kinds::address(&self.context, text, list)
    }

    fn lose(&mut self, part: &Entry, prefix: &str, place: Place, problem: Problem, object: String) {
        let mut path = prefix.to_owned();
        if !problem.path.is_empty() {
            let dot = if prefix.is_empty() || problem.path.starts_with('[') { "" } else { "." };
            let _ = write!(path, "{dot}{}", problem.path);
        }
        let (line, column) = match (problem.line, problem.column) {
            (0, _) => (place.line, place.column),
            (1, column) => (place.line, place.column + column.saturating_sub(1)),
            (line, column) => (place.line + line - 1, column.max(1)),
        };
        let file = Name::new(&part.path);
        let Problem { found, expected, .. } = problem;
        self.context.lose(Loss { file, path, line, column, object, found, expected });
    }
}

/// Says that a source that the layout expects has no file.
pub fn missing(
    place: crate::model::feed::Place,
    source: crate::model::source::SourceId,
    sink: &(dyn Fn(Delta) + Sync),
) {
    let permission = Some(source.kind.permission().to_owned());
    let why = "the file is not there".to_owned();
    sink(Delta { place, source, change: Change::Failed { status: Status::Missing, why, permission } });
}
