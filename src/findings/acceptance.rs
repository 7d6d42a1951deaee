//! Findings that somebody accepted, with a reason and an end (guard G4).
//!
//! They go by fingerprint, which survives a new collection; what has run out counts no more.

mod file;

use jiff::civil::Date;
use rustc_hash::FxHashMap;

use crate::model::EntityKey;

use super::finding::Finding;

pub use file::{Change, FileError, change, read};

/// One accepted finding, as the acceptance file holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    pub fingerprint: String,
    /// Id of the rule.
    pub rule: String,
    pub subject: EntityKey,
    pub reason: String,
    /// Who accepted it; empty when not said.
    pub by: String,
    /// The last day on which it counts.
    pub until: Date,
}

/// The acceptances of one file, by fingerprint.
#[derive(Clone, Debug, Default)]
pub struct Accepted {
    rows: Vec<Acceptance>,
    by_print: FxHashMap<String, usize>,
}

impl Accepted {
    pub fn new(rows: Vec<Acceptance>) -> Accepted {
        let by_print = rows.iter().enumerate().map(|(at, it)| (it.fingerprint.clone(), at)).collect();
        Accepted { rows, by_print }
    }

    /// In the order of the file.
    pub fn rows(&self) -> &[Acceptance] {
        &self.rows
    }

    /// The acceptance of a finding, in force or not.
    pub fn row(&self, fingerprint: &str) -> Option<&Acceptance> {
        self.rows.get(*self.by_print.get(fingerprint)?)
    }

    /// The acceptance that covers a finding on a day; nothing is covered on no day.
    pub fn covering(&self, fingerprint: &str, today: Option<Date>) -> Option<&Acceptance> {
        self.row(fingerprint).filter(|it| today.is_some_and(|today| today <= it.until))
    }
}

/// What an acceptance came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It covers a finding.
    InForce,
    /// Its day has passed, and the finding is still there.
    Expired,
    /// Nothing has its fingerprint: the finding is gone, or it has changed.
    Unmatched,
}

/// Marks the findings that are accepted on `today`, and says what each acceptance came to, in their order.
pub fn apply(findings: &mut [Finding], acceptances: &[Acceptance], today: Date) -> Vec<Standing> {
    let mut standings = vec![Standing::Unmatched; acceptances.len()];
    let by_print: FxHashMap<&str, usize> =
        acceptances.iter().enumerate().map(|(at, it)| (it.fingerprint.as_str(), at)).collect();
    for finding in findings {
        finding.accepted = None;
        let Some(at) = by_print.get(finding.fingerprint.as_str()) else { continue };
        let acceptance = &acceptances[*at];
        if acceptance.until < today {
            standings[*at] = Standing::Expired;
        } else {
            standings[*at] = Standing::InForce;
            finding.accepted = Some(acceptance.clone());
        }
    }
    standings
}
