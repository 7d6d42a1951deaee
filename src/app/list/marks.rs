//! What rows are marked with: the findings about them, and what their identities say where no finding says as much.

use std::sync::Arc;

use jiff::civil::Date;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::estate::{Estate, Severity};
use crate::findings::Accepted;
use crate::model::EntityKey;

use super::small;

/// One thing that is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Mark<'a> {
    pub severity: Severity,
    pub slug: &'static str,
    pub text: &'a str,
    /// Position in [`crate::findings::Findings::all`]; none when no rule says it.
    pub finding: Option<u32>,
}

/// Where to look for what is wrong with a thing.
#[derive(Debug, Default)]
pub struct Marks {
    accepted: Arc<Accepted>,
    today: Option<Date>,
    /// The findings were there when this was made.
    pub complete: bool,
    /// Findings that nobody accepted.
    pub open: usize,
    /// Positions in [`Estate::problems`] by thing: an estate can have as many problems as rows.
    problems: FxHashMap<EntityKey, SmallVec<[u32; 2]>>,
}

impl Marks {
    pub(super) fn new(estate: &Estate, accepted: Arc<Accepted>, today: Option<Date>) -> Marks {
        let mut problems: FxHashMap<EntityKey, SmallVec<[u32; 2]>> = FxHashMap::default();
        for (at, problem) in estate.problems.iter().enumerate() {
            problems.entry(problem.subject.clone()).or_default().push(small(at));
        }
        let found = estate.found_already();
        let mut marks = Marks { accepted, today, complete: found.is_some(), open: 0, problems };
        if let Some((findings, _)) = found {
            marks.open = findings.all.iter().filter(|it| !marks.is_accepted(&it.fingerprint)).count();
        }
        marks
    }

    /// Made with this file of accepted findings.
    pub fn is_by(&self, accepted: &Arc<Accepted>) -> bool {
        Arc::ptr_eq(&self.accepted, accepted)
    }

    /// Somebody accepted the finding with this fingerprint.
    pub fn is_accepted(&self, fingerprint: &str) -> bool {
        self.accepted.covering(fingerprint, self.today).is_some()
    }

    /// What is wrong with one thing, worst first. What the identity says is left out where a finding says as much.
    pub fn of<'a>(&'a self, estate: &'a Estate, key: &EntityKey) -> Vec<Mark<'a>> {
        let mut marks: Vec<Mark<'a>> = Vec::new();
        if let Some((findings, found)) = estate.found_already().filter(|_| self.complete) {
            let all = found.of(key).iter().filter_map(|at| Some((*at, findings.all.get(*at as usize)?)));
            marks.extend(all.filter(|(_, it)| !self.is_accepted(&it.fingerprint)).map(|(at, it)| Mark {
                severity: it.severity,
                slug: it.rule.slug,
                text: &it.message,
                finding: Some(at),
            }));
        }
        let worst = marks.first().map(|it| it.severity);
        let problems = self.problems.get(key).into_iter().flatten();
        let unsaid = problems
            .filter_map(|at| estate.problems.get(*at as usize))
            .filter(|problem| worst.is_none_or(|worst| problem.severity < worst));
        marks.extend(unsaid.map(|it| Mark { severity: it.severity, slug: it.slug, text: &it.text, finding: None }));
        marks.sort_by_key(|it| it.severity);
        marks
    }

    pub fn worst(&self, estate: &Estate, key: &EntityKey) -> Option<Severity> {
        let problems = self.problems.get(key).into_iter().flatten();
        let said = problems.filter_map(|at| Some(estate.problems.get(*at as usize)?.severity)).min();
        let found = estate.found_already().filter(|_| self.complete).and_then(|(findings, found)| {
            let all = found.of(key).iter().filter_map(|at| findings.all.get(*at as usize));
            all.filter(|it| !self.is_accepted(&it.fingerprint)).map(|it| it.severity).next()
        });
        [said, found].into_iter().flatten().min()
    }
}
