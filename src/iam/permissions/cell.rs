//! Cells: resources, what they hang on, and how exact that is; intersecting layers and taking denials away (rules S3 to S7).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::Name;
use crate::iam::condition::Condition;
use crate::iam::pattern::ArnGlob;
use crate::iam::permissions::requirement::{All, Requirement, Simplified};
use crate::iam::permissions::resources::ResourceSet;

/// Cells of one class of actions before further ones are only bounded from above.
const MAX_CELLS: usize = 400;

/// Why a row is not exact, or not certain (rules S7, W5, W9, P8).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// A document that could change the row could not be read.
    Unread(Name),
    /// A policy that must agree was not supplied: that of a key, of a role, or of a resource in another account.
    NotSupplied(Name),
    /// A policy variable in a resource pattern is not known, so `*` stands for it; the key in lower case.
    Variable(Name),
    /// A `*` in a short ARN pattern may or may not run over a colon (rule W5).
    Spans,
    /// A Deny names the actions in a way that IAM refuses; it may apply (rule P9).
    MayBeDenied,
    /// The policies are too intricate to follow to the end; the row shows at least what there is.
    TooComplex,
    /// Conditions beyond the number worth telling; the row names their keys.
    ComplexCondition,
    /// Names that the catalogue does not have; some names that the row's patterns match are not meant.
    NotInCatalogue,
    /// The action has no resource type and the pattern covers every ARN of its service, which may count as `*` (rule W9).
    CoversService,
    /// A resource policy grants this to everybody; whether boundary and session policy limit that is not documented (rule L7).
    OpenGrant,
    /// Whom a policy names cannot be told from its text.
    Principal,
}

impl Mark {
    /// A sentence fragment for notes.
    pub fn text(&self) -> String {
        match self {
            Mark::Unread(name) => format!("{name} could not be read"),
            Mark::NotSupplied(name) => format!("{name} was not supplied"),
            Mark::Variable(key) => format!("the value of {key} is not known"),
            Mark::Spans => "pattern spans segments".to_owned(),
            Mark::MayBeDenied => "a Deny names actions in a way that IAM refuses and may apply".to_owned(),
            Mark::TooComplex => "too complex to follow to the end".to_owned(),
            Mark::ComplexCondition => "complex condition".to_owned(),
            Mark::NotInCatalogue => "actions not in the catalogue".to_owned(),
            Mark::CoversService => {
                "the action takes only `*` as its resource; the pattern covers the whole service".to_owned()
            }
            Mark::OpenGrant => "granted to everybody by the resource policy".to_owned(),
            Mark::Principal => "whom a policy names cannot be told from its text".to_owned(),
        }
    }
}

pub type Marks = BTreeSet<Mark>;

/// Resources on which a class of actions is allowed when the requirement holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub resources: ResourceSet,
    pub requirement: Requirement,
    pub marks: Marks,
}

impl Cell {
    /// The part on patterns that pass the filter.
    pub(super) fn filtered(&self, keep: impl Fn(&ArnGlob) -> bool) -> Option<Cell> {
        if self.resources.any_of().iter().all(&keep) {
            return Some(self.clone());
        }
        let patterns = self.resources.any_of().iter().filter(|pattern| keep(pattern)).cloned();
        let resources = ResourceSet::new(patterns, self.resources.except().iter().cloned())?;
        Some(Cell { resources, ..self.clone() })
    }

    /// Whether this shows all that `other` shows, at least as surely.
    fn covers(&self, other: &Cell) -> bool {
        self.requirement.is_implied_by(&other.requirement)
            && self.marks.is_subset(&other.marks)
            && self.resources.contains(&other.resources)
    }
}

/// Some resources, or all but some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    In(Vec<ArnGlob>),
    Outside(Vec<ArnGlob>),
}

impl Reach {
    pub fn set(&self) -> Option<ResourceSet> {
        match self {
            Reach::In(patterns) => ResourceSet::new(patterns.iter().cloned(), []),
            Reach::Outside(patterns) => ResourceSet::new([ArnGlob::All], patterns.iter().cloned()),
        }
    }

    /// What of the set lies outside this; true when exact, else bounded from above.
    fn rest(&self, set: &ResourceSet) -> (Option<ResourceSet>, bool) {
        match self {
            Reach::In(patterns) => (set.without(patterns), true),
            Reach::Outside(patterns) => set.within(patterns),
        }
    }

    /// What of the set lies inside this; true when exact, else bounded from above.
    fn part(&self, set: &ResourceSet) -> (Option<ResourceSet>, bool) {
        match self {
            Reach::In(patterns) => set.within(patterns),
            Reach::Outside(patterns) => (set.without(patterns), true),
        }
    }
}

/// A Deny as far as it concerns one class of actions.
#[derive(Clone, Debug)]
pub struct Denial<'a> {
    /// What it certainly covers.
    pub narrow: &'a Reach,
    /// What it may cover.
    pub wide: &'a Reach,
    /// Conditions that are not known to hold.
    pub conditions: &'a All,
    /// Why it may not apply although its conditions hold; nothing is taken away on its account.
    pub doubt: Option<Mark>,
    /// Why `narrow` and `wide` differ.
    pub marks: &'a Marks,
}

/// Cells of one class under construction.
pub(super) struct Cells<'a> {
    pub table: &'a [Arc<Condition>],
    pub cells: Vec<Cell>,
}

impl Cells<'_> {
    /// Intersects with what one layer allows.
    pub fn limit(&mut self, layer: &[Cell]) {
        if layer.iter().any(|it| it.resources.is_all() && it.requirement.is_none() && it.marks.is_empty()) {
            return;
        }
        let mut out: Vec<Cell> = Vec::new();
        for cell in std::mem::take(&mut self.cells) {
            if out.len() > MAX_CELLS {
                let mut cell = cell;
                cell.marks.insert(Mark::TooComplex);
                push(&mut out, cell);
                continue;
            }
            for limit in layer {
                let (resources, exact) = cell.resources.intersect(&limit.resources);
                let Some(resources) = resources else { continue };
                let mut marks: Marks = cell.marks.union(&limit.marks).cloned().collect();
                if !exact {
                    marks.insert(Mark::TooComplex);
                }
                let requirement = settle(cell.requirement.and(&limit.requirement, self.table), &mut marks);
                if let Some(requirement) = requirement {
                    push(&mut out, Cell { resources, requirement, marks });
                }
            }
        }
        self.cells = out;
    }

    /// Takes a Deny away.
    pub fn deny(&mut self, denial: &Denial<'_>) {
        let mut out: Vec<Cell> = Vec::with_capacity(self.cells.len());
        for cell in std::mem::take(&mut self.cells) {
            self.deny_cell(denial, cell, &mut out);
        }
        self.cells = out;
    }

    fn deny_cell(&self, denial: &Denial<'_>, cell: Cell, out: &mut Vec<Cell>) {
        let (inside, inside_exact) = denial.wide.part(&cell.resources);
        let Some(inside) = inside else {
            out.push(cell);
            return;
        };
        // The part that the Deny certainly does not reach stays as it is.
        let split = out.len() < MAX_CELLS;
        let (outside, outside_exact) = denial.wide.rest(&cell.resources);
        if split && let Some(resources) = outside {
            let mut marks = cell.marks.clone();
            if !outside_exact {
                marks.insert(Mark::TooComplex);
            }
            push(out, Cell { resources, requirement: cell.requirement.clone(), marks });
        }
        let inside = if split { inside } else { cell.resources };
        let mut marks = cell.marks;
        if !split || !inside_exact {
            marks.insert(Mark::TooComplex);
        }
        marks.extend(denial.marks.iter().cloned());
        if let Some(doubt) = &denial.doubt {
            marks.insert(doubt.clone());
            push(out, Cell { resources: inside, requirement: cell.requirement, marks });
            return;
        }
        if denial.conditions.is_empty() {
            // Between what it may cover and what it surely covers, something may be left.
            if let (Some(resources), exact) = denial.narrow.rest(&inside) {
                if !exact {
                    marks.insert(Mark::TooComplex);
                }
                push(out, Cell { resources, requirement: cell.requirement, marks });
            }
            return;
        }
        match cell.requirement.and_not(denial.conditions, self.table) {
            // The Deny holds whenever the grant does, so only what it surely covers is lost.
            Simplified::Never => {
                if let (Some(resources), exact) = denial.narrow.rest(&inside) {
                    if !exact {
                        marks.insert(Mark::TooComplex);
                    }
                    push(out, Cell { resources, requirement: cell.requirement, marks });
                }
            }
            other => {
                if let Some(requirement) = settle(other, &mut marks) {
                    push(out, Cell { resources: inside, requirement, marks });
                }
            }
        }
    }

    /// Unites cells that differ in their patterns only, and drops those that another one covers.
    pub fn merge(&mut self) {
        if self.cells.len() < 2 {
            return;
        }
        self.cells.sort();
        let mut groups: Vec<(Cell, Vec<ArnGlob>)> = Vec::with_capacity(self.cells.len());
        for cell in std::mem::take(&mut self.cells) {
            let same = |(it, _): &&mut (Cell, Vec<ArnGlob>)| {
                it.requirement == cell.requirement
                    && it.marks == cell.marks
                    && it.resources.except() == cell.resources.except()
            };
            match groups.iter_mut().find(same) {
                Some((_, patterns)) => patterns.extend_from_slice(cell.resources.any_of()),
                None => groups.push((cell, Vec::new())),
            }
        }
        let united: Vec<Cell> = groups
            .into_iter()
            .map(|(cell, patterns)| match patterns.is_empty() {
                true => cell,
                false => Cell { resources: cell.resources.with(patterns), ..cell },
            })
            .collect();
        let mut kept: Vec<Cell> = Vec::with_capacity(united.len());
        for cell in united {
            if !kept.iter().any(|it| it.covers(&cell)) {
                kept.retain(|it| !cell.covers(it));
                kept.push(cell);
            }
        }
        kept.sort();
        self.cells = kept;
    }
}

fn settle(simplified: Simplified, marks: &mut Marks) -> Option<Requirement> {
    match simplified {
        Simplified::Never => None,
        Simplified::Open(requirement) => Some(requirement),
        Simplified::Complex(requirement) => {
            marks.insert(Mark::ComplexCondition);
            Some(requirement)
        }
    }
}

fn push(out: &mut Vec<Cell>, cell: Cell) {
    // Equal neighbours are common where several layers repeat each other.
    if out.last().is_none_or(|last| *last != cell) {
        out.push(cell);
    }
}
