//! What was read and what was not: every gap has a source, a cause, and a permission or a place to look.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::base::Name;

use super::source::SourceId;

/// How a source ended up (protocols.md: `completeness`, `doctor`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Still arriving.
    Loading,
    /// Read whole.
    Ok,
    /// Read, but something of it was lost or never sent.
    Partial,
    /// The other side refused.
    Denied,
    /// It is not there.
    Missing,
    /// Not asked for, by wish of the user.
    Skipped,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Status::Loading => "loading",
            Status::Ok => "ok",
            Status::Partial => "partial",
            Status::Denied => "denied",
            Status::Missing => "missing",
            Status::Skipped => "skipped",
        }
    }
}

/// One object or piece of a file that could not be read; everything around it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// Path inside the layout, with its extension as found.
    pub file: Name,
    /// Where in the file, such as `items[3].spec.containers[0].env`.
    pub path: String,
    /// 1-based; 0 when the place is not known.
    pub line: u32,
    pub column: u32,
    /// What was lost, as an address where its name could be read; else empty.
    pub object: String,
    pub found: String,
    pub expected: String,
}

impl Loss {
    /// One line: file, place, what was found and what was expected.
    pub fn message(&self) -> String {
        let mut text = self.file.to_string();
        if self.line > 0 {
            text.push_str(&format!(":{}:{}", self.line, self.column));
        }
        if !self.path.is_empty() {
            text.push_str(&format!(" at `{}`", self.path));
        }
        text.push_str(&format!(": found {}", self.found));
        if !self.expected.is_empty() {
            text.push_str(&format!(", expected {}", self.expected));
        }
        if !self.object.is_empty() {
            text.push_str(&format!(" (`{}` is lost)", self.object));
        }
        text
    }
}

/// What is known of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceReport {
    pub status: Status,
    /// Objects read so far.
    pub count: u64,
    /// One sentence, lower case, no final period; empty when all is well.
    pub why: String,
    /// The permission that would have answered, such as `iam:ListRoles`.
    pub permission: Option<String>,
    /// What was lost, in file order. At most [`SourceReport::KEPT_LOSSES`] are kept, all are counted.
    pub losses: Vec<Loss>,
    pub lost: u64,
    /// When the source was read; file time for files.
    pub read_at: Option<Timestamp>,
}

impl SourceReport {
    /// A hostile file may be wrong in every line; nobody reads more than this.
    pub const KEPT_LOSSES: usize = 1000;

    pub fn new(status: Status) -> SourceReport {
        SourceReport {
            status,
            count: 0,
            why: String::new(),
            permission: None,
            losses: Vec::new(),
            lost: 0,
            read_at: None,
        }
    }

    /// Notes one loss; a source that lost something is at best partial.
    pub fn lose(&mut self, loss: Loss) {
        if self.losses.len() < SourceReport::KEPT_LOSSES {
            self.losses.push(loss);
        }
        self.lost += 1;
        if self.status <= Status::Ok {
            self.status = Status::Partial;
        }
    }
}

/// Every source that was looked for, by its name in the layout.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    sources: BTreeMap<SourceId, SourceReport>,
}

/// A source that is not whole, as `completeness` lists it.
#[derive(Clone, Copy, Debug)]
pub struct Gap<'a> {
    pub source: &'a SourceId,
    pub report: &'a SourceReport,
}

impl Coverage {
    pub fn report(&self, source: &SourceId) -> Option<&SourceReport> {
        self.sources.get(source)
    }

    pub fn report_mut(&mut self, source: SourceId) -> &mut SourceReport {
        self.sources.entry(source).or_insert_with(|| SourceReport::new(Status::Loading))
    }

    pub fn set(&mut self, source: SourceId, report: SourceReport) {
        self.sources.insert(source, report);
    }

    /// Sorted by source name.
    pub fn sources(&self) -> impl Iterator<Item = (&SourceId, &SourceReport)> {
        self.sources.iter()
    }

    /// Sources that were asked for and are not whole, sorted by name. Sources that the layout only knows as
    /// optional are no gaps while they are merely missing.
    pub fn gaps(&self) -> impl Iterator<Item = Gap<'_>> {
        self.sources
            .iter()
            .filter(|(source, report)| match report.status {
                Status::Ok | Status::Loading => false,
                Status::Missing => source.kind.is_expected(),
                Status::Partial | Status::Denied | Status::Skipped => true,
            })
            .map(|(source, report)| Gap { source, report })
    }

    pub fn is_loading(&self) -> bool {
        self.sources.values().any(|report| report.status == Status::Loading)
    }
}
