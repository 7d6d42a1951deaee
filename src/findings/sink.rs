//! Where rules put what they found; guards that hold for every rule are applied here.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::identity::Evidence;
use crate::model::{EntityKey, SourceId};

use super::context::Context;
use super::finding::{Finding, Fix, TechniqueUse, Tool, fingerprint};
use super::rule::Rule;
use super::severity::Severity;

/// Takes the reports of one rule. Reports about one subject become one finding: the worst severity, the first message
/// of that severity, all evidence.
pub struct Sink<'a> {
    rule: &'static Rule,
    context: &'a Context<'a>,
    drafts: Vec<Draft>,
    by_subject: FxHashMap<(EntityKey, Option<EntityKey>), usize>,
    unread: BTreeSet<SourceId>,
}

/// A finding in the making.
#[derive(Debug)]
pub struct Draft {
    subject: EntityKey,
    reports: Vec<Report>,
}

/// One report: a place where the rule holds.
#[derive(Debug)]
pub struct Report {
    severity: Severity,
    message: String,
    also: Vec<EntityKey>,
    evidence: Vec<Evidence>,
    impact: String,
    fix: Vec<Fix>,
    owner: Option<EntityKey>,
    certain: bool,
    /// The rule's own guard has judged the platform already.
    judged: bool,
    technique: Option<TechniqueUse>,
}

impl<'a> Sink<'a> {
    pub fn new(rule: &'static Rule, context: &'a Context<'a>) -> Sink<'a> {
        Sink { rule, context, drafts: Vec::new(), by_subject: FxHashMap::default(), unread: BTreeSet::new() }
    }

    /// Something is wrong with `subject`. `message` is one sentence, lower case, no final period.
    pub fn report(&mut self, subject: EntityKey, severity: Severity, message: impl Into<String>) -> &mut Report {
        self.report_apart(subject, None, severity, message)
    }

    /// As [`Sink::report`], but kept apart from other reports on the subject by what it is about: for rules that give
    /// one result for each pair.
    pub fn report_apart(
        &mut self,
        subject: EntityKey,
        about: Option<EntityKey>,
        severity: Severity,
        message: impl Into<String>,
    ) -> &mut Report {
        let at = *self.by_subject.entry((subject.clone(), about)).or_insert_with(|| {
            self.drafts.push(Draft { subject, reports: Vec::new() });
            self.drafts.len() - 1
        });
        let report = Report {
            severity,
            message: message.into(),
            also: Vec::new(),
            evidence: Vec::new(),
            impact: String::new(),
            fix: Vec::new(),
            owner: None,
            certain: true,
            judged: false,
            technique: None,
        };
        let reports = &mut self.drafts[at].reports;
        reports.push(report);
        reports.last_mut().expect("one was pushed")
    }

    /// Something could not be judged because these were not read: the rule counts as not evaluated there (R192).
    pub fn cannot(&mut self, sources: impl IntoIterator<Item = SourceId>) {
        self.unread.extend(sources);
    }

    /// The findings, and the sources that were missed.
    pub(super) fn finish(self) -> (Vec<Finding>, BTreeSet<SourceId>) {
        let Sink { rule, context, drafts, unread, .. } = self;
        (drafts.into_iter().map(|draft| draft.finish(rule, context)).collect(), unread)
    }
}

impl Report {
    pub fn also(&mut self, key: EntityKey) -> &mut Report {
        self.also.push(key);
        self
    }

    pub fn also_all(&mut self, keys: impl IntoIterator<Item = EntityKey>) -> &mut Report {
        self.also.extend(keys);
        self
    }

    /// An object, a path in it, and what stands there. The path names containers and variables, not positions that a
    /// new collection could shift, and the object is no pod of a workload: fingerprints rest on both.
    pub fn evidence(&mut self, object: &EntityKey, path: impl Into<String>, value: impl Into<String>) -> &mut Report {
        self.evidence.push(Evidence { object: object.clone(), path: path.into(), value: value.into() });
        self
    }

    pub fn show(&mut self, evidence: impl IntoIterator<Item = Evidence>) -> &mut Report {
        self.evidence.extend(evidence);
        self
    }

    /// What follows, one sentence without period.
    pub fn impact(&mut self, impact: impl Into<String>) -> &mut Report {
        self.impact = impact.into();
        self
    }

    pub fn fix(&mut self, tool: Tool, text: impl Into<String>) -> &mut Report {
        self.fix.push(Fix { tool, text: text.into() });
        self
    }

    pub fn fixes(&mut self, fixes: impl IntoIterator<Item = Fix>) -> &mut Report {
        self.fix.extend(fixes);
        self
    }

    /// The workload that people know it by, where the subject is none.
    pub fn owner(&mut self, key: EntityKey) -> &mut Report {
        self.owner = Some(key);
        self
    }

    /// The verdict under it is unknown: never more than `info` (guard G3).
    pub fn uncertain(&mut self) -> &mut Report {
        self.certain = false;
        self
    }

    pub fn certain_if(&mut self, certain: bool) -> &mut Report {
        self.certain &= certain;
        self
    }

    /// The entry says itself what a platform subject comes to: guard G2 does not lower it once more.
    pub fn platform_judged(&mut self) -> &mut Report {
        self.judged = true;
        self
    }

    /// How something is gained.
    pub fn technique(&mut self, technique: TechniqueUse) -> &mut Report {
        self.technique = Some(technique);
        self
    }

    fn weight(&self) -> (bool, Severity) {
        (!self.certain, self.severity)
    }
}

impl Draft {
    fn finish(self, rule: &'static Rule, context: &Context<'_>) -> Finding {
        let Draft { subject, mut reports } = self;
        // The one that speaks for all comes first; the others keep their order.
        let worst = (0..reports.len()).min_by_key(|at| reports[*at].weight()).unwrap_or(0);
        reports[..=worst].rotate_right(1);
        let mut evidence: Vec<Evidence> = Vec::new();
        let mut also: Vec<EntityKey> = Vec::new();
        let mut fix: Vec<Fix> = Vec::new();
        for report in &reports {
            for it in &report.evidence {
                if !evidence.contains(it) {
                    evidence.push(it.clone());
                }
            }
            also.extend(report.also.iter().cloned());
            for it in &report.fix {
                if !fix.contains(it) {
                    fix.push(it.clone());
                }
            }
        }
        also.sort();
        also.dedup();
        also.retain(|key| *key != subject);
        let first = reports.swap_remove(0);
        let platform = context.is_platform(&subject);
        let mut severity = first.severity;
        if platform && !first.judged {
            severity = severity.lower();
        }
        if !first.certain {
            severity = Severity::Info;
        }
        let owner = first.owner.or_else(|| context.owner_of(&subject).cloned());
        Finding {
            rule,
            severity,
            fingerprint: fingerprint(rule.id, &subject, &evidence),
            subject,
            also,
            message: first.message,
            evidence,
            impact: first.impact,
            fix,
            owner,
            certain: first.certain,
            platform,
            accepted: None,
            technique: first.technique,
        }
    }
}
