//! The Diff screen: what changed since an earlier state, by its effect on access; findings; what cannot be compared.
//!
//! A [`Base`] is read outside; [`DiffView`] holds the comparison, worked out off the UI thread. `detail` tells about one
//! line of it, with the texts side by side.

mod detail;

use std::sync::OnceLock;

use jiff::Timestamp;

use crate::analysis::diff::{Change, Diff, Effect, NotComparable, RightsDifference, Topic};
use crate::estate::{Estate, Severity, compare, derive};
use crate::model::{EntityKey, Inventory};

use super::explorer::age;
use super::header::plural;
use super::place::Scope;
use super::text::{Line, Tone};

pub use detail::Detail;

/// Which earlier state is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The newest saved snapshot of the same clusters whose data is at least 20 hours older.
    Usual,
    /// A file, a directory, or the name of a saved snapshot, as typed.
    Named(String),
}

/// Where the user is in the Diff screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffPlace {
    pub wish: Wish,
    /// Only what changes access.
    pub access_only: bool,
    /// The line stood on, from 0.
    pub line: usize,
}

/// An earlier state, as it was read.
#[derive(Debug)]
pub struct Base {
    /// What `rolewalk diff` calls it.
    pub name: String,
    inventory: Inventory,
    estate: OnceLock<Box<Estate>>,
}

impl Base {
    pub fn new(name: impl Into<String>, inventory: Inventory) -> Base {
        Base { name: name.into(), inventory, estate: OnceLock::new() }
    }

    /// The first call derives it: not for the UI thread.
    fn estate(&self) -> &Estate {
        self.estate.get_or_init(|| Box::new(derive(&self.inventory, &|| false).expect("nobody stops it")))
    }
}

/// A saved snapshot to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub name: String,
    /// Time and age of its data.
    pub note: String,
}

/// A part of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Effect(Effect),
    Findings,
    Rights,
    NotComparable,
}

/// A line of the list; numbers are positions in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffLine {
    Head(Section),
    Change(usize),
    Rights(usize),
    NotComparable(usize),
}

/// A comparison on the screen.
#[derive(Debug)]
pub struct DiffView {
    pub name: String,
    pub before: Option<Timestamp>,
    pub after: Option<Timestamp>,
    pub diff: Diff,
}

impl DiffView {
    /// Cost: the derivation of the base, once; the rules on both sides; a pass over both. Not for the UI thread.
    pub fn build(base: &Base, estate: &Estate) -> DiffView {
        let before = base.estate();
        let diff = compare::diff(before, estate);
        DiffView { name: base.name.clone(), before: before.data_time(), after: estate.data_time(), diff }
    }

    pub fn change(&self, line: DiffLine) -> Option<&Change> {
        match line {
            DiffLine::Change(at) => self.diff.changes.get(at),
            _ => None,
        }
    }

    pub fn rights(&self, line: DiffLine) -> Option<&RightsDifference> {
        match line {
            DiffLine::Rights(at) => self.diff.rights.get(at),
            _ => None,
        }
    }

    pub fn not_comparable(&self, line: DiffLine) -> Option<&NotComparable> {
        match line {
            DiffLine::NotComparable(at) => self.diff.not_comparable.get(at),
            _ => None,
        }
    }

    /// The thing that a line is about.
    pub fn subject(&self, line: DiffLine) -> Option<&EntityKey> {
        let unread = || self.not_comparable(line).map(|it| &it.subject);
        self.change(line).map(|it| &it.subject).or_else(unread)
    }

    /// Which part a change stands in.
    fn section(change: &Change) -> Section {
        match change.topic {
            Topic::Finding => Section::Findings,
            _ => Section::Effect(change.effect()),
        }
    }

    /// What is shown of it in a scope. Cost: the number of changes.
    pub fn lines(&self, access_only: bool, scope: &Scope) -> Vec<DiffLine> {
        let all = self.diff.changes.iter().enumerate().filter(|(_, it)| in_scope(&it.subject, scope));
        let all: Vec<(usize, Section)> = all.map(|(at, it)| (at, DiffView::section(it))).collect();
        let mut lines = Vec::new();
        let mut part = |section: Section, items: Vec<DiffLine>| {
            if !items.is_empty() {
                lines.push(DiffLine::Head(section));
                lines.extend(items);
            }
        };
        let of = |section: Section| all.iter().filter(|it| it.1 == section).map(|it| DiffLine::Change(it.0)).collect();
        part(Section::Effect(Effect::Up), of(Section::Effect(Effect::Up)));
        part(Section::Effect(Effect::Down), of(Section::Effect(Effect::Down)));
        if access_only {
            return lines;
        }
        part(Section::Effect(Effect::Same), of(Section::Effect(Effect::Same)));
        part(Section::Findings, of(Section::Findings));
        part(Section::Rights, (0..self.diff.rights.len()).map(DiffLine::Rights).collect());
        let unread = self.diff.not_comparable.iter().enumerate().filter(|(_, it)| in_scope(&it.subject, scope));
        part(Section::NotComparable, unread.map(|(at, _)| DiffLine::NotComparable(at)).collect());
        lines
    }

    /// `UP  what can be done now and could not before`
    pub fn heading(&self, section: Section, lines: &[DiffLine]) -> Line {
        let count = lines
            .iter()
            .filter(|line| match (self.change(**line), line) {
                (Some(change), _) => DiffView::section(change) == section,
                (None, DiffLine::Rights(_)) => section == Section::Rights,
                (None, DiffLine::NotComparable(_)) => section == Section::NotComparable,
                (None, _) => false,
            })
            .count();
        let (word, meaning) = match section {
            Section::Effect(Effect::Up) => ("UP", "more can be done than before".to_owned()),
            Section::Effect(Effect::Down) => ("DOWN", "less can be done than before".to_owned()),
            Section::Effect(Effect::Same) => ("SAME", "changed without an effect on access".to_owned()),
            Section::Findings => ("FINDINGS", format!("{} remain", self.diff.remaining)),
            Section::Rights => ("READ WITH DIFFERENT RIGHTS", "one side read less of these".to_owned()),
            Section::NotComparable => ("NOT COMPARABLE", "known on one side only".to_owned()),
        };
        Line::default().with(format!("{word} {count}"), Tone::Strong).with(format!("  {meaning}"), Tone::Dim)
    }

    /// The lines above the list: base, counts, whether both sides were read alike.
    pub fn head(&self) -> Vec<Line> {
        let time = |time: Option<Timestamp>| {
            time.map_or_else(|| "no time".to_owned(), |it| it.strftime("%Y-%m-%d %H:%M UTC").to_string())
        };
        let apart = match (self.before, self.after) {
            (Some(before), Some(after)) if after >= before => {
                format!(", {} before this data", age(after.as_second() - before.as_second()))
            }
            (Some(_), Some(_)) => ", which is later than this data".to_owned(),
            _ => String::new(),
        };
        let base = Line::label("base", 8, &self.name).with(format!("   {}{apart}", time(self.before)), Tone::Plain);
        let count = |section: Section| self.diff.changes.iter().filter(|it| DiffView::section(it) == section).count();
        let effect = |effect: Effect| count(Section::Effect(effect));
        let findings = |sign| {
            let findings = self.diff.changes.iter().filter(|it| it.topic == Topic::Finding);
            findings.filter(|it| it.sign == sign).count()
        };
        use crate::analysis::diff::Sign;
        let mut counts = Line::label("access", 8, "")
            .with(format!("{} up", effect(Effect::Up)), tone(Effect::Up))
            .with(" · ", Tone::Dim)
            .with(format!("{} down", effect(Effect::Down)), tone(Effect::Down))
            .with(format!(" · {} same", effect(Effect::Same)), Tone::Plain)
            .with("   findings ", Tone::Dim)
            .with(
                format!(
                    "{} new · {} fixed · {} remain",
                    findings(Sign::Appeared),
                    findings(Sign::Vanished),
                    self.diff.remaining
                ),
                Tone::Plain,
            );
        if self.diff.folded > 0 {
            counts = counts.with(format!("   {} renamed", plural(self.diff.folded, "pod")), Tone::Dim);
        }
        let rights = match (self.diff.rights.len(), self.diff.not_comparable.len()) {
            (0, 0) => Line::label("rights", 8, "both sides were read alike"),
            (0, unread) => Line::label("rights", 8, "")
                .with(format!("{} not comparable: unread on a side", plural(unread, "thing")), Tone::Unknown),
            (sources, unread) => Line::label("rights", 8, "").with(
                format!(
                    "the sides were read with different rights: {}, {} not comparable",
                    plural(sources, "source"),
                    plural(unread, "thing")
                ),
                Tone::Unknown,
            ),
        };
        vec![base, counts, rights]
    }

    /// Sign, topic, thing and sentence of a line.
    pub fn cells(&self, line: DiffLine, full: bool) -> Option<Cells> {
        let name = |key: &EntityKey| if full { key.to_string() } else { super::reach::label(key) };
        if let Some(change) = self.change(line) {
            let mark = if change.certain { "" } else { "  ? not certain" };
            return Some(Cells {
                sign: change.sign.symbol(),
                topic: change.topic.word(),
                subject: name(&change.subject),
                text: format!("{}{mark}", change.text),
                tone: if change.certain { tone(change.effect()) } else { Tone::Unknown },
            });
        }
        if let Some(it) = self.rights(line) {
            let text = format!("{} then {}", it.before.word(), it.after.word());
            return Some(Cells {
                sign: "?",
                topic: "source",
                subject: it.source.to_string(),
                text,
                tone: Tone::Unknown,
            });
        }
        let it = self.not_comparable(line)?;
        Some(Cells {
            sign: "?",
            topic: "unread",
            subject: name(&it.subject),
            text: it.why.clone(),
            tone: Tone::Unknown,
        })
    }

    /// A line as a row of a file: effect, change, topic, thing, sentence, gained, lost.
    pub fn record(&self, line: DiffLine) -> Option<[String; 7]> {
        if let Some(it) = self.change(line) {
            return Some([
                it.effect().word().to_owned(),
                it.sign.word().to_owned(),
                it.topic.word().to_owned(),
                it.subject.to_string(),
                it.text.clone(),
                it.gained.join("; "),
                it.lost.join("; "),
            ]);
        }
        let cells = self.cells(line, true)?;
        let empty = String::new();
        Some(["?".into(), empty.clone(), cells.topic.into(), cells.subject, cells.text, empty.clone(), empty])
    }
}

/// Columns of [`DiffView::record`].
pub const COLUMNS: [&str; 7] = ["effect", "change", "topic", "subject", "text", "gained", "lost"];

/// One line in columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    pub sign: &'static str,
    pub topic: &'static str,
    pub subject: String,
    pub text: String,
    pub tone: Tone,
}

fn tone(effect: Effect) -> Tone {
    match effect {
        Effect::Up => Tone::Severity(Severity::Medium),
        Effect::Down => Tone::Good,
        Effect::Same => Tone::Plain,
    }
}

/// Things of an account stay in every scope: they reach into all of them.
fn in_scope(key: &EntityKey, scope: &Scope) -> bool {
    use crate::model::Kind;
    let of_account =
        matches!(key.kind, Kind::Role | Kind::IamUser | Kind::Policy | Kind::Provider | Kind::Resource | Kind::Cluster);
    of_account
        || scope.cluster.as_ref().is_none_or(|it| *it == key.scope)
            && scope.namespace.as_ref().is_none_or(|it| key.namespace.is_empty() || *it == key.namespace)
}
