//! Who may make a request, and by which rules.

use std::collections::BTreeMap;

use crate::base::{Name, Truth};
use crate::model::SourceId;
use crate::rbac::{Match, Request, matches};

use super::Authorization;
use super::grant::{Grant, Origin, Scope};
use super::subject::Subject;

/// What one subject may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `Unknown`: a role it holds, or a list that could hold more, was not read.
    pub truth: Truth,
    /// It may, but only for these objects, sorted; empty where it may for any.
    pub names: Vec<Name>,
    /// The rules that say so, in the order of the grants.
    pub uses: Vec<Use>,
    /// What to collect to settle an unknown, sorted.
    pub missing: Vec<SourceId>,
}

/// One rule that allows a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Where in [`Authorization::grants`] the grant stands.
    pub grant: usize,
    /// Number of the rule in its role, from 0; `None` when the role was not read.
    pub rule: Option<usize>,
    /// The rule allows it for these names only; empty for any.
    pub names: Vec<Name>,
}

/// One row of the answer to "who may do this".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectAnswer {
    pub subject: Subject,
    pub answer: Answer,
    /// Where it may: the whole cluster alone, or namespaces and patterns, sorted.
    pub scope: Vec<Scope>,
}

impl Authorization {
    /// Whether a subject may make a request: by its own grants and by those of the groups it is in by being itself.
    /// Cost: its grants times the rules of their roles.
    pub fn may(&self, subject: &Subject, request: &Request) -> Answer {
        let mut numbers: Vec<usize> = self.grants_of(subject).to_vec();
        for other in subject.implied() {
            numbers.extend_from_slice(self.grants_of(&other));
        }
        numbers.sort_unstable();
        numbers.dedup();
        let uses = numbers.into_iter().flat_map(|number| self.uses(number, request)).collect();
        self.answer(uses)
    }

    /// Every subject that may, or could, make a request, as the bindings write them: groups are not unfolded, except
    /// that an IAM principal has a row of its own beside the group it is mapped to. Sorted by subject.
    pub fn who_may(&self, request: &Request) -> Vec<SubjectAnswer> {
        let mut found: BTreeMap<&Subject, Vec<Use>> = BTreeMap::new();
        for (number, grant) in self.grants.iter().enumerate() {
            let uses = self.uses(number, request);
            if !uses.is_empty() {
                found.entry(&grant.subject).or_default().extend(uses);
            }
        }
        let rows = found.into_iter().map(|(subject, uses)| {
            let answer = self.answer(uses);
            let scope = self.scope(&answer);
            SubjectAnswer { subject: subject.clone(), answer, scope }
        });
        rows.collect()
    }

    /// The rules of one grant that allow a request.
    fn uses(&self, number: usize, request: &Request) -> Vec<Use> {
        let grant = &self.grants[number];
        if !reaches(grant, request) {
            return Vec::new();
        }
        let Some(rules) = &self.roles[grant.role].rules else {
            return vec![Use { grant: number, rule: None, names: Vec::new() }];
        };
        let rules = rules.iter().enumerate().filter_map(|(at, rule)| match matches(rule, request) {
            Match::No => None,
            Match::Yes => Some(Use { grant: number, rule: Some(at), names: Vec::new() }),
            Match::Named(names) => Some(Use { grant: number, rule: Some(at), names: names.to_vec() }),
        });
        rules.collect()
    }

    fn answer(&self, uses: Vec<Use>) -> Answer {
        let certainty = |it: &Use| if it.rule.is_some() { self.grants[it.grant].certainty } else { Truth::Unknown };
        let whole = |it: &&Use| it.names.is_empty();
        let best = uses.iter().map(certainty).fold(Truth::No, Truth::or);
        let any = uses.iter().filter(whole).map(certainty).fold(Truth::No, Truth::or);
        let mut names: Vec<Name> = Vec::new();
        if !any.is_yes() && best > any {
            names = uses.iter().filter(|it| certainty(it) == best).flat_map(|it| it.names.iter().cloned()).collect();
            names.sort();
            names.dedup();
        }
        let settled = any.is_yes();
        let truth = if best.is_no() && !self.missing.is_empty() { Truth::Unknown } else { best };
        let missing = if settled { Vec::new() } else { self.missing.clone() };
        Answer { truth, names, uses, missing }
    }

    /// Where an answer holds: the grants as sure and as wide as the answer itself.
    fn scope(&self, answer: &Answer) -> Vec<Scope> {
        let counted = answer.uses.iter().filter(|it| it.names.is_empty() == answer.names.is_empty());
        let mut scopes: Vec<Scope> = counted.map(|it| self.grants[it.grant].scope.clone()).collect();
        scopes.sort();
        scopes.dedup();
        if scopes.contains(&Scope::Cluster) {
            return vec![Scope::Cluster];
        }
        scopes
    }
}

/// Whether a grant holds where the request asks (R140). Everything outside namespaces needs a cluster-wide grant, but
/// for a namespace's own object, which is asked for inside it.
fn reaches(grant: &Grant, request: &Request) -> bool {
    if grant.scope == Scope::Cluster || grant.origin == Origin::Builtin {
        return true;
    }
    if let Some(namespace) = request.namespace_object() {
        return grant.scope.covers(namespace);
    }
    request.is_namespaced() && request.namespace.as_ref().is_none_or(|namespace| grant.scope.covers(namespace))
}
