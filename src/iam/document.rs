//! A policy document after reading: statements with compiled patterns, each piece with its place in the stored text.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{Name, text};

use super::condition::Condition;
use super::json::Span;
use super::pattern::{ActionPattern, ResourcePattern};
use super::principal::PrincipalPattern;

/// What a document is for, which decides the elements it must and must not have (rule P6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    Identity,
    Boundary,
    Session,
    Scp,
    Rcp,
    /// A policy on a bucket, key, queue and so on.
    Resource,
    /// A role's trust policy: a resource policy without `Resource`.
    Trust,
    /// The policy of a VPC endpoint.
    Endpoint,
}

impl DocumentKind {
    /// Whether statements name a principal.
    pub fn has_principal(self) -> bool {
        matches!(self, DocumentKind::Rcp | DocumentKind::Resource | DocumentKind::Trust | DocumentKind::Endpoint)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    Allow,
    Deny,
}

impl Effect {
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        }
    }
}

/// How far a broken place spoils what surrounds it (rule P8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Damage {
    #[default]
    None,
    /// IAM would refuse it, but the rest reads well: what does not match still does not, what matches is unknown.
    Doubtful,
    /// It may say anything.
    Unreadable,
}

/// A policy document. Read it with [`super::parse()`]; share it by `Arc`.
#[derive(Clone, Debug)]
pub struct Document {
    pub kind: DocumentKind,
    /// The decoded text that all spans point into, without a byte-order mark.
    pub text: Arc<str>,
    /// As written; none means 2008-10-17.
    pub version: Option<Name>,
    pub id: Option<Name>,
    /// In written order, which is how reports name them.
    pub statements: Vec<Statement>,
    pub damage: Damage,
    pub(super) index: ServiceIndex,
}

/// Which statements can speak of a service, so that a decision looks at a few of many.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceIndex {
    /// By lower-case service prefix, in written order; statements that may speak of any service are in each.
    named: FxHashMap<Box<str>, Box<[usize]>>,
    /// Those that may speak of any service.
    any: Box<[usize]>,
}

impl ServiceIndex {
    pub fn new(statements: &[Statement]) -> ServiceIndex {
        // Above this the shared lists would outweigh the document itself.
        const MOST: usize = 1 << 16;
        let services: Vec<Option<FxHashSet<&str>>> = statements.iter().map(Statement::services).collect();
        let names: FxHashSet<&str> = services.iter().flatten().flatten().copied().collect();
        let places = |keep: &dyn Fn(&Option<FxHashSet<&str>>) -> bool| -> Box<[usize]> {
            services.iter().enumerate().filter(|(_, it)| keep(it)).map(|(index, _)| index).collect()
        };
        if names.len() * statements.len() > MOST {
            return ServiceIndex { named: FxHashMap::default(), any: places(&|_| true) };
        }
        let of = |name: &str| places(&|it| it.as_ref().is_none_or(|services| services.contains(name)));
        ServiceIndex {
            named: names.iter().map(|name| (Box::from(*name), of(name))).collect(),
            any: places(&|it| it.is_none()),
        }
    }
}

impl Document {
    /// Statements that may apply to actions of a service (lower-case prefix), in written order. The others certainly do
    /// not.
    pub fn about(&self, service: &str) -> impl Iterator<Item = &Statement> {
        let places = self.index.named.get(service).unwrap_or(&self.index.any);
        places.iter().filter_map(|place| self.statements.get(*place))
    }

    /// The lines (from 1) on which a span lies.
    pub fn lines(&self, span: Span) -> RangeInclusive<u32> {
        let inside = self.text.get(span.start as usize..span.end as usize).unwrap_or("");
        let breaks = inside.bytes().filter(|byte| *byte == b'\n').count();
        span.line..=span.line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX))
    }
}

#[derive(Clone, Debug)]
pub struct Statement {
    /// Place in the document, from 0.
    pub index: usize,
    /// A label only; it may be empty or repeated (rule P7).
    pub sid: Option<Name>,
    /// None when it is missing or neither `Allow` nor `Deny`.
    pub effect: Option<Effect>,
    /// None where the kind has no principal.
    pub principals: Option<Clause<PrincipalPattern>>,
    pub actions: Clause<ActionPattern>,
    /// None in trust policies, which mean their own role.
    pub resources: Option<Clause<ResourcePattern>>,
    /// All must hold.
    pub conditions: Vec<Arc<Condition>>,
    pub condition_damage: Damage,
    pub damage: Damage,
    pub span: Span,
}

impl Statement {
    /// The services that it can speak of; none when that may be any.
    fn services(&self) -> Option<FxHashSet<&str>> {
        let damaged = self.damage == Damage::Unreadable || self.actions.damage > Damage::None;
        if damaged || self.actions.negated {
            return None;
        }
        self.actions.values().map(ActionPattern::service).collect()
    }
}

/// `Action` or `NotAction`, and so on.
#[derive(Clone, Debug)]
pub struct Clause<T> {
    /// Written with `Not`: matches what no entry matches, and never denies by itself (rule E1).
    pub negated: bool,
    pub entries: Vec<Entry<T>>,
    pub damage: Damage,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Entry<T> {
    pub value: T,
    pub written: Name,
    pub span: Span,
}

impl<T> Clause<T> {
    /// The values without their places.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|entry| &entry.value)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The document is evaluated as the message says.
    Warning,
    /// IAM would refuse the document; what it touches is unknown.
    Error,
}

/// Something wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    pub severity: Severity,
    /// JSON path, such as `Statement[3].Condition.StringEqual`; empty for the whole document.
    pub path: String,
    /// From 1, in the stored text.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// What stands there, safe to print.
    pub found: String,
    pub expected: String,
}

impl Issue {
    /// What was found and what was expected, without the place.
    pub fn message(&self) -> String {
        format!("found {}, expected {}", self.found, self.expected)
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{} (line {}, column {})", self.message(), self.line, self.column)
    }
}

/// Foreign text in backticks, short and safe to print.
pub(super) fn quoted(foreign: &str) -> String {
    format!("`{}`", text::shorten(&text::clean(foreign), 80, "…"))
}
