//! Answers of the network through the parser of the files: bytes of a page or of one object in, reports out.

use std::sync::Mutex;
use std::sync::PoisonError;

use crate::base::Name;
use crate::base::name::{Names, Pool};
use crate::ingest::kinds::{self, Shape};
use crate::ingest::object::{Text, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Failure};
use crate::ingest::shared::Shared;
use crate::ingest::split::{Event, Splitter};
use crate::model::coverage::Loss;
use crate::model::facts::meta::Origin;
use crate::model::feed::{Change, Delta, Place};
use crate::model::source::SourceId;

/// The reading of one source. What its objects have in common is stored once for as long as this lives.
pub struct Answers {
    place: Place,
    source: SourceId,
    account: Name,
    region: Name,
    shared: Shared,
    names: Names,
}

/// What a page said around its list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// The list was there, if only as null.
    pub listed: bool,
    /// `metadata.continue`: there is a next page.
    pub next: Option<String>,
    /// `metadata.resourceVersion`
    pub version: String,
    /// The page ended before its time, or something stood where it cannot.
    pub torn: bool,
    /// Objects of the page that were read.
    pub count: usize,
}

object! {
    struct AroundIn<'de> {
        metadata: ListMetaIn<'de> = "metadata",
    }

    struct ListMetaIn<'de> {
        next: Text<'de> = "continue",
        version: Text<'de> = "resourceVersion",
    }
}

impl Answers {
    /// For a source of this place. Account and region are those of the place, empty when not known.
    pub fn new(place: Place, source: SourceId, account: Name, region: Name) -> Answers {
        Answers { place, source, account, region, shared: Shared::default(), names: Names::default() }
    }

    /// Reads one whole page: a JSON document as the file of this source would hold it. What cannot be read of it becomes
    /// losses. `file` says where the objects stand, for losses and for reading one again.
    ///
    /// Cost: one pass over the bytes, on the calling thread.
    pub fn page(&mut self, bytes: &[u8], file: &str) -> (Vec<Delta>, Around) {
        self.with(|context, shape| {
            let mut around = Around::default();
            let file = Name::new(file);
            let mut splitter = Splitter::new(bytes, shape.lists);
            loop {
                match splitter.event() {
                    Event::End => break,
                    Event::Value { list, index } => {
                        let place = splitter.place();
                        let origin =
                            Origin { file: file.clone(), offset: place.offset, length: 0, line: place.line, index };
                        match element(&mut splitter, list, origin, context) {
                            Ok(()) => around.count += 1,
                            Err(problem) => {
                                let object = kinds::address(context, splitter.window(), list);
                                let member = list.map_or("", |list| shape.lists[list]);
                                around.torn |= problem.torn;
                                let place = (place.line, place.column);
                                lose(context, &file, &format!("{member}[{index}]"), place, problem.problem, object);
                                match problem.length {
                                    Some(length) => splitter.advance(length),
                                    None => splitter.skip(problem.torn),
                                }
                            }
                        }
                    }
                    Event::Closed => {
                        let rest = splitter.rest();
                        around.listed |= rest.listed != 0;
                        if let Ok(AroundIn { metadata }) = serde_json::from_slice::<AroundIn<'_>>(&rest.text) {
                            around.next = Some(metadata.next.to_string()).filter(|it| !it.is_empty());
                            around.version = metadata.version.to_string();
                        }
                    }
                    Event::Broken { found, expected } => {
                        let place = splitter.place();
                        around.torn = true;
                        let problem = Problem::new("", found, expected);
                        lose(context, &file, "", (place.line, place.column), problem, String::new());
                    }
                }
            }
            around
        })
    }

    /// Reads one object, as an element of the list of this source with the number `list` (see the layout; 0 where there
    /// is one list). The reports are pages of one object, or a loss.
    pub fn object(&mut self, list: Option<usize>, bytes: &[u8], file: &str) -> Vec<Delta> {
        let (deltas, ()) = self.with(|context, _| {
            let file = Name::new(file);
            let origin = Origin { file: file.clone(), offset: 0, length: 0, line: 1, index: 0 };
            let kind = context.source.kind;
            let problem = match kinds::read(kind, list, bytes, true, context, origin) {
                Ok(_) => return,
                Err(Failure::Bad { problem, .. }) => problem,
                Err(Failure::Short) => Problem::new("", "the end of the answer", "the rest of a value"),
            };
            let object = kinds::address(context, bytes, list);
            lose(context, &file, "", (1, 1), problem, object);
        });
        deltas
    }

    /// Takes facts of another form than JSON in; gives what is to be reported.
    pub fn facts(&mut self, read: impl FnOnce(&mut Context<'_>)) -> Vec<Delta> {
        self.with(|context, _| read(context)).0
    }

    /// Runs a reading and gathers what it reports.
    fn with<T>(&mut self, read: impl FnOnce(&mut Context<'_>, Shape) -> T) -> (Vec<Delta>, T) {
        let pool = Pool::resume(std::mem::take(&mut self.names));
        let shape = kinds::shape(self.source.kind);
        let reported: Mutex<Vec<Delta>> = Mutex::default();
        let sink = |delta| reported.lock().unwrap_or_else(PoisonError::into_inner).push(delta);
        let (place, source) = (self.place.clone(), self.source.clone());
        let mut context = Context::new(place, source, self.account.clone(), self.region.clone(), &sink);
        context.shared = std::mem::take(&mut self.shared);
        context.by_name = true;
        let said = read(&mut context, shape);
        context.flush();
        self.shared = std::mem::take(&mut context.shared);
        self.names = pool.close();
        (reported.into_inner().unwrap_or_else(PoisonError::into_inner), said)
    }
}

/// Why an element could not be read.
struct Flaw {
    problem: Problem,
    torn: bool,
    length: Option<usize>,
}

#[expect(clippy::result_large_err, reason = "built once for an element that is lost, and taken apart at once")]
fn element(
    splitter: &mut Splitter<&[u8]>,
    list: Option<usize>,
    origin: Origin,
    context: &mut Context<'_>,
) -> Result<(), Flaw> {
    // The page is in memory already: growing only moves it into the window.
    loop {
        let read = kinds::read(context.source.kind, list, splitter.window(), splitter.ended(), context, origin.clone());
        match read {
            Ok(length) => {
                splitter.advance(length);
                return Ok(());
            }
            Err(Failure::Short) => {
                splitter.grow();
            }
            Err(Failure::Bad { problem, torn, length }) => return Err(Flaw { problem, torn, length }),
        }
    }
}

fn lose(context: &mut Context<'_>, file: &Name, prefix: &str, place: (u32, u32), problem: Problem, object: String) {
    let dot = if prefix.is_empty() || problem.path.is_empty() || problem.path.starts_with('[') { "" } else { "." };
    let path = format!("{prefix}{dot}{}", problem.path);
    let Problem { found, expected, .. } = problem;
    context.lose(Loss { file: file.clone(), path, line: place.0, column: place.1, object, found, expected });
}

/// Turns pages into single changes after a list: what a watch reports.
pub fn as_changes(deltas: Vec<Delta>) -> Vec<Delta> {
    let changed = |delta: Delta| match delta.change {
        Change::Page(batch) => Delta { change: Change::Changed(batch), ..delta },
        _ => delta,
    };
    deltas.into_iter().map(changed).collect()
}
