//! Lists of the Explorer's first column: rows, how they are asked, and the lines that are shown.
//!
//! An index is built once per estate and kind, a view once per question; both off the UI thread. A key then costs a
//! look at the view, whatever its length.

mod fields;
mod findings;
mod kinds;
mod marks;

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::civil::Date;
use rustc_hash::FxHashMap;

use crate::analysis::query::{self, Field, Table, TableBuilder};
use crate::base::Name;
use crate::estate::{Estate, Severity};
use crate::findings::Accepted;
use crate::model::EntityKey;

use super::place::{Ask, SortBy};

pub(super) use fields::seen;
pub(super) use findings::key as finding_key;
pub use findings::label;
pub use marks::{Mark, Marks};

/// What the first column lists; the last has a screen of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListKind {
    Pods,
    ServiceAccounts,
    Roles,
    Nodes,
    Associations,
    Findings,
}

impl ListKind {
    /// Heading of the column.
    pub fn title(self) -> &'static str {
        match self {
            ListKind::Pods => "PODS",
            ListKind::ServiceAccounts => "ACCOUNTS",
            ListKind::Roles => "ROLES",
            ListKind::Nodes => "NODES",
            ListKind::Associations => "ASSOCIATIONS",
            ListKind::Findings => "FINDINGS",
        }
    }

    /// As counted: `34 of 412 pods`.
    pub fn plural(self) -> &'static str {
        match self {
            ListKind::Pods => "pods",
            ListKind::ServiceAccounts => "service accounts",
            ListKind::Roles => "roles",
            ListKind::Nodes => "nodes",
            ListKind::Associations => "associations",
            ListKind::Findings => "findings",
        }
    }

    /// The word behind `rolewalk list`.
    pub fn word(self) -> &'static str {
        match self {
            ListKind::ServiceAccounts => "sa",
            other => other.plural(),
        }
    }
}

/// One row.
#[derive(Clone, Debug)]
pub struct ListRow {
    pub key: EntityKey,
    /// What the row stands under: the namespace, or the account or cluster of things that have none; of findings the
    /// owner.
    pub section: Name,
    /// Empty for what is in none.
    pub namespace: Name,
    pub cluster: Name,
    pub name: Name,
    /// Pods behind the row.
    pub count: usize,
    /// Two cells for the source of credentials; empty where there is none to speak of.
    pub code: &'static str,
    pub worst: Option<Severity>,
    /// Part of Kubernetes or AWS.
    pub system: bool,
    /// Position in [`Estate::groups`].
    pub group: Option<u32>,
    /// Something worth a word: `no pods`, `differs`.
    pub note: &'static str,
    /// Position in [`crate::findings::Findings::all`].
    pub finding: Option<u32>,
    /// A finding that somebody accepted.
    pub accepted: bool,
}

/// All rows of a kind, prepared.
#[derive(Debug)]
pub struct ListIndex {
    pub kind: ListKind,
    pub rows: Vec<ListRow>,
    pub table: Table,
    pub by_key: FxHashMap<EntityKey, u32>,
    /// Pods behind all rows.
    pub pods: usize,
    /// Findings that are accepted: not shown unless asked for.
    pub accepted: usize,
    pub marks: Marks,
}

impl ListIndex {
    /// Cost: about a microsecond per pod.
    pub fn build(estate: &Estate, kind: ListKind, accepted: Arc<Accepted>, today: Option<Date>) -> ListIndex {
        let marks = Marks::new(estate, accepted, today);
        let mut builder = TableBuilder::new(fields::known(kind));
        let rows = if kind == ListKind::Findings {
            let rows = findings::rows(estate, &marks);
            let all = estate.found_already().map_or(&[][..], |(findings, _)| &findings.all);
            for finding in rows.iter().filter_map(|row| all.get(row.finding? as usize)) {
                builder.push(finding);
            }
            rows
        } else {
            let rows = kinds::rows(estate, kind, &marks);
            let context = fields::Context::new(estate, kind, &marks);
            for row in &rows {
                builder.push(&context.row(row));
            }
            rows
        };
        let by_key = rows.iter().enumerate().map(|(at, row)| (row.key.clone(), small(at))).collect();
        let pods = rows.iter().map(|row| row.count).sum();
        let accepted = rows.iter().filter(|row| row.accepted).count();
        ListIndex { kind, rows, table: builder.build(), by_key, pods, accepted, marks }
    }

    /// Fields that queries on this list can use.
    pub fn fields(&self) -> &'static [Field] {
        fields::known(self.kind)
    }
}

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListLine {
    /// The section of this row begins.
    Header(u32),
    Row(u32),
}

/// The answer to an [`Ask`].
#[derive(Debug)]
pub struct ListView {
    pub ask: Ask,
    pub index: Arc<ListIndex>,
    pub lines: Vec<ListLine>,
    /// Rows that match, ascending: what a narrower query starts from.
    matching: Vec<u32>,
    /// Line of each row; `u32::MAX` for rows that are not shown.
    line_of: Vec<u32>,
    /// Rows up to and with each line.
    ordinals: Vec<u32>,
    /// Things that match, and all in the scope, as the title counts them: pods for pods, rows for the others.
    pub matched: usize,
    pub total: usize,
    /// Problem rows among those shown.
    pub troubled: usize,
    /// Rows among those shown by severity, worst first.
    pub severities: [usize; Severity::ALL.len()],
}

fn small(count: usize) -> u32 {
    u32::try_from(count).expect("fewer rows than 32 bits count")
}

impl ListView {
    /// Answers `ask` about the estate of the index. `previous` may save work. `None` when stopped.
    pub fn build(
        estate: &Estate,
        index: Arc<ListIndex>,
        ask: Ask,
        previous: Option<&ListView>,
        stop: &AtomicBool,
    ) -> Option<ListView> {
        let query = query::parse(&ask.query).unwrap_or_default();
        let within = previous.filter(|it| {
            let same_rows = Arc::ptr_eq(&it.index, &index);
            same_rows && query::parse(&it.ask.query).is_ok_and(|wider| query.narrows(&wider))
        });
        let matching = index.table.filter(&query, within.map(|it| it.matching.as_slice()), stop)?;
        let (mut matched, mut total, mut troubled) = (0, 0, 0);
        let mut severities = [0; Severity::ALL.len()];
        let size = |row: &ListRow| if index.kind == ListKind::Pods { row.count } else { 1 };
        let of_findings = index.kind == ListKind::Findings;
        let about = ask.about.as_ref().filter(|_| of_findings).map(|key| findings::about(estate, key));
        let in_scope = |row: &ListRow| {
            let scope = &ask.scope;
            // What is in no cluster or namespace is shown beside those; a finding belongs to its place alone.
            let within = |wanted: &Option<Name>, here: &Name| {
                wanted.as_ref().is_none_or(|wanted| here.is_empty() && !of_findings || wanted == here)
            };
            within(&scope.cluster, &row.cluster)
                && within(&scope.namespace, &row.namespace)
                && (ask.accepted || !row.accepted)
                && about.as_ref().is_none_or(|about| about.contains(row.finding.unwrap_or(u32::MAX) as usize))
        };
        if ask.scope.is_all() && !of_findings {
            total = if index.kind == ListKind::Pods { index.pods } else { index.rows.len() };
        } else {
            total += index.rows.iter().filter(|row| in_scope(row)).map(size).sum::<usize>();
        }
        let mut shown: Vec<u32> = Vec::with_capacity(matching.len());
        for at in &matching {
            let row = &index.rows[*at as usize];
            if in_scope(row) && (ask.system || !row.system) && (!ask.problems_only || row.worst.is_some()) {
                matched += size(row);
                troubled += usize::from(row.worst.is_some());
                row.worst.into_iter().for_each(|worst| severities[worst as usize] += 1);
                shown.push(*at);
            }
        }
        let row = |at: &u32| &index.rows[*at as usize];
        match ask.sort {
            SortBy::Default if of_findings => findings::worst_owner_first(&index.rows, &mut shown),
            SortBy::Default => {}
            SortBy::Name => shown.sort_by(|a, b| row(a).name.cmp(&row(b).name)),
            SortBy::Severity => shown.sort_by_key(|at| row(at).worst.map_or(u8::MAX, |it| it as u8)),
            SortBy::Count => shown.sort_by_key(|at| Reverse(row(at).count)),
            SortBy::Source => shown.sort_by_key(|at| row(at).code),
        }
        if ask.reverse {
            shown.reverse();
        }
        let mut lines = Vec::with_capacity(shown.len() + 64);
        let mut line_of = vec![u32::MAX; index.rows.len()];
        let mut section: Option<(&Name, &Name)> = None;
        for at in shown {
            let here = row(&at);
            let this = (&here.cluster, &here.section);
            if ask.sort == SortBy::Default && section != Some(this) {
                lines.push(ListLine::Header(at));
                section = Some(this);
            }
            if ask.collapsed && ask.sort == SortBy::Default {
                line_of[at as usize] = small(lines.len() - 1);
            } else {
                line_of[at as usize] = small(lines.len());
                lines.push(ListLine::Row(at));
            }
        }
        let mut rows = 0;
        let ordinals = lines.iter().map(|line| {
            rows += u32::from(matches!(line, ListLine::Row(_)));
            rows
        });
        let ordinals = ordinals.collect();
        Some(ListView { ask, index, lines, matching, line_of, ordinals, matched, total, troubled, severities })
    }

    /// The line of a thing, if it is shown.
    pub fn line_of(&self, key: &EntityKey) -> Option<usize> {
        let row = *self.index.by_key.get(key)?;
        let line = *self.line_of.get(row as usize)?;
        (line != u32::MAX).then_some(line as usize)
    }

    /// The row on a line. A folded section stands for no row.
    pub fn row(&self, line: usize) -> Option<&ListRow> {
        match self.lines.get(line)? {
            ListLine::Row(at) => self.index.rows.get(*at as usize),
            ListLine::Header(_) => None,
        }
    }

    /// The selection can stand here: on rows, and on sections where they are folded.
    pub fn is_stop(&self, line: usize) -> bool {
        match self.lines.get(line) {
            Some(ListLine::Row(_)) => true,
            Some(ListLine::Header(_)) => self.is_folded(),
            None => false,
        }
    }

    pub fn is_folded(&self) -> bool {
        self.ask.collapsed && self.ask.sort == SortBy::Default
    }

    /// The nearest line on which the selection can stand, downwards first.
    pub fn stop_near(&self, line: usize) -> Option<usize> {
        let line = line.min(self.lines.len().checked_sub(1)?);
        // At most one header stands between two rows.
        [line, line + 1].into_iter().chain(line.checked_sub(1)).find(|it| self.is_stop(*it))
    }

    /// The number of a row among those shown, from 1, and how many there are.
    pub fn ordinal(&self, line: usize) -> (usize, usize) {
        let of = |line: usize| self.ordinals.get(line).map_or(0, |it| *it as usize);
        (of(line), of(self.lines.len().saturating_sub(1)))
    }
}
