//! What a row still hangs on: conditions that must hold and conditions that must not, simplified as far as is safe (rules S5, S6).

use std::sync::Arc;

use smallvec::SmallVec;

use crate::iam::condition::Condition;
use crate::iam::glob::{Glob, disjoint};

/// Conditions in one residual before it is replaced by [`Simplified::Complex`] (rule S6).
const MAX_ATOMS: usize = 64;

/// A condition of the list that a permission set keeps; equal conditions share one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConditionId(pub u32);

/// Several conditions that must hold together.
pub type All = SmallVec<[ConditionId; 4]>;

/// A request is allowed when all of `holds` hold and of each of `fails` at least one does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// Conditions of Allow statements, sorted.
    pub holds: All,
    /// Conditions of Deny statements, one list for each statement, sorted.
    pub fails: Vec<All>,
    /// Conditions of which only the keys are told, because there are too many; the rows say more than is allowed.
    pub opaque: All,
}

/// What became of a residual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Simplified {
    /// It cannot hold, whatever the request carries.
    Never,
    Open(Requirement),
    /// There were more conditions than are worth telling, so some only say their keys.
    Complex(Requirement),
}

impl Requirement {
    pub fn is_none(&self) -> bool {
        self.holds.is_empty() && self.fails.is_empty() && self.opaque.is_empty()
    }

    /// Every condition that it names, sorted.
    pub fn conditions(&self) -> All {
        let mut all: All = self.holds.iter().chain(self.fails.iter().flatten()).chain(&self.opaque).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether whatever satisfies `other` satisfies this; a no may be too careful.
    pub fn is_implied_by(&self, other: &Requirement) -> bool {
        self.holds.iter().all(|it| other.holds.contains(it))
            && self.fails.iter().all(|it| other.fails.contains(it))
            && self.opaque.iter().all(|it| other.opaque.contains(it))
    }

    /// Both residuals at once.
    pub fn and(&self, other: &Requirement, table: &[Arc<Condition>]) -> Simplified {
        let mut both = self.clone();
        both.holds.extend_from_slice(&other.holds);
        both.fails.extend(other.fails.iter().cloned());
        both.opaque.extend_from_slice(&other.opaque);
        both.simplify(table)
    }

    /// This, and not all of these conditions.
    pub fn and_not(&self, fails: &All, table: &[Arc<Condition>]) -> Simplified {
        let mut both = self.clone();
        both.fails.push(fails.clone());
        both.simplify(table)
    }

    /// Puts the lists into order and drops what follows from the rest.
    pub fn simplify(mut self, table: &[Arc<Condition>]) -> Simplified {
        let get = |id: ConditionId| &*table[id.0 as usize];
        self.holds.sort_unstable();
        self.holds.dedup();
        for (at, a) in self.holds.iter().enumerate() {
            if self.holds[at + 1..].iter().any(|b| exclude(get(*a), get(*b))) {
                return Simplified::Never;
            }
        }
        let mut fails: Vec<All> = Vec::with_capacity(self.fails.len());
        for mut all in std::mem::take(&mut self.fails) {
            // A condition that excludes a required one never holds here, so this Deny never applies.
            if all.iter().any(|a| self.holds.iter().any(|b| exclude(get(*a), get(*b)))) {
                continue;
            }
            // A condition that is also required always holds here, so the Deny hangs on the others.
            all.retain(|a| !self.holds.iter().any(|b| a == b || get(*a).asks_the_same(get(*b))));
            if all.is_empty() {
                return Simplified::Never;
            }
            all.sort_unstable();
            all.dedup();
            fails.push(all);
        }
        fails.sort();
        fails.dedup();
        // Not (a) makes not (a and b) certain.
        let shortest = fails.clone();
        fails.retain(|all| !shortest.iter().any(|other| other != all && other.iter().all(|it| all.contains(it))));
        self.fails = fails;
        self.opaque.sort_unstable();
        self.opaque.dedup();
        // Leaving a requirement out shows more than there is and hides nothing.
        let mut complex = false;
        if self.holds.len() + self.fails.iter().map(SmallVec::len).sum::<usize>() > MAX_ATOMS {
            complex = true;
            self.opaque = self.conditions();
            self.fails.clear();
            if self.holds.len() > MAX_ATOMS {
                self.holds.clear();
            }
        }
        if complex { Simplified::Complex(self) } else { Simplified::Open(self) }
    }
}

/// Whether the two never hold together: complements, or different texts wanted of one key.
fn exclude(a: &Condition, b: &Condition) -> bool {
    if a.folded != b.folded {
        return false;
    }
    if a.is_complement_of(b) {
        return true;
    }
    // Texts count as patterns that only they fit.
    let choices = |it: &Condition| -> Option<Vec<Glob>> {
        let literals = it.literal_choices(false).map(|all| all.into_iter().map(Glob::literal).collect());
        literals.or_else(|| Some(it.pattern_choices(false)?.into_iter().cloned().collect()))
    };
    match (choices(a), choices(b)) {
        (Some(a), Some(b)) => {
            a.len() * b.len() <= MAX_ATOMS * MAX_ATOMS && a.iter().all(|x| b.iter().all(|y| disjoint(x, y)))
        }
        _ => false,
    }
}
