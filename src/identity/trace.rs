//! The steps of one resolution, kept only when somebody wants to read them.

use crate::base::Truth;
use crate::model::SourceId;

use super::answer::{Edit, Evidence, Hop};

/// Collects hops, or nothing at all.
pub struct Trace {
    hops: Option<Vec<Hop>>,
}

impl Trace {
    pub fn off() -> Trace {
        Trace { hops: None }
    }

    pub fn on() -> Trace {
        Trace { hops: Some(Vec::new()) }
    }

    pub fn into_hops(self) -> Vec<Hop> {
        self.hops.unwrap_or_default()
    }

    /// Notes a step; `found` is only built when the trace is on.
    pub fn step(
        &mut self,
        rule: &'static str,
        step: &'static str,
        result: Truth,
        found: impl FnOnce() -> (String, Vec<Evidence>),
    ) {
        if let Some(hops) = &mut self.hops {
            let (found, evidence) = found();
            hops.push(Hop { rule, step, result, found, evidence, edits: Vec::new() });
        }
    }

    /// Gives the last step the edits that would make it pass; `edits` is only asked when the trace is on.
    pub fn edits(&mut self, edits: impl FnOnce() -> Vec<Edit>) {
        if let Some(last) = self.hops.as_mut().and_then(|hops| hops.last_mut()) {
            last.edits = edits();
        }
    }
}

/// The answer to one question with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub truth: Truth,
    /// The rule that decided: of a failure the first that failed, of an unknown the first that is open.
    pub rule: &'static str,
    /// Lower case, no final period.
    pub why: String,
    /// What to read to settle an unknown.
    pub missing: Vec<SourceId>,
    /// What was not read and could only take a yes away.
    pub could_fail: Vec<SourceId>,
}

impl Check {
    pub fn yes(rule: &'static str, why: impl Into<String>) -> Check {
        Check { truth: Truth::Yes, rule, why: why.into(), missing: Vec::new(), could_fail: Vec::new() }
    }

    pub fn no(rule: &'static str, why: impl Into<String>) -> Check {
        Check { truth: Truth::No, ..Check::yes(rule, why) }
    }

    pub fn unknown(rule: &'static str, why: impl Into<String>, missing: Vec<SourceId>) -> Check {
        Check { truth: Truth::Unknown, missing, ..Check::yes(rule, why) }
    }

    /// Both must hold. The first failure explains, else the first open question, else the later answer.
    pub fn and(self, other: Check) -> Check {
        let mut missing = self.missing.clone();
        missing.extend(other.missing.iter().cloned());
        let mut could_fail = self.could_fail.clone();
        could_fail.extend(other.could_fail.iter().cloned());
        let mut decided = match (self.truth, other.truth) {
            (Truth::No, _) => self,
            (_, Truth::No) => other,
            (Truth::Unknown, _) => self,
            (Truth::Yes, _) => other,
        };
        decided.missing = if decided.truth == Truth::Unknown { missing } else { Vec::new() };
        decided.could_fail = could_fail;
        decided
    }
}
