//! Whether one statement applies to one request, clause by clause (rules E1, E3, E4, W3 to W9).

use std::cell::Cell;
use std::sync::Arc;

use crate::base::{Name, Truth};

use super::document::{Clause, Damage, Document, Effect, Statement};
use super::pattern::{ActionPattern, ArnGlob, Match, ResourcePattern};
use super::principal::{Bond, Principal, PrincipalPattern};
use super::request::{Request, Resource};
use super::residual::{Atom, Residual, Source, Test};

/// What rules are computed in: [`Truth`] to decide fast, [`Residual`] to say what a decision hangs on.
pub(super) trait Logic: Clone {
    const YES: Self;
    const NO: Self;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn not(self) -> Self;
    /// A settled truth, or an open question. Only residuals ask for the atom.
    fn open(truth: Truth, atom: impl FnOnce() -> Atom) -> Self;
    fn is_no(&self) -> bool;
}

impl Logic for Truth {
    const YES: Truth = Truth::Yes;
    const NO: Truth = Truth::No;

    fn and(self, other: Truth) -> Truth {
        Truth::and(self, other)
    }

    fn or(self, other: Truth) -> Truth {
        Truth::or(self, other)
    }

    fn not(self) -> Truth {
        !self
    }

    fn open(truth: Truth, _: impl FnOnce() -> Atom) -> Truth {
        truth
    }

    fn is_no(&self) -> bool {
        *self == Truth::No
    }
}

impl Logic for Residual {
    const YES: Residual = Residual::Yes;
    const NO: Residual = Residual::No;

    fn and(self, other: Residual) -> Residual {
        Residual::all([self, other])
    }

    fn or(self, other: Residual) -> Residual {
        Residual::any([self, other])
    }

    fn not(self) -> Residual {
        Residual::not(self)
    }

    fn open(truth: Truth, atom: impl FnOnce() -> Atom) -> Residual {
        match truth {
            Truth::Yes => Residual::Yes,
            Truth::No => Residual::No,
            Truth::Unknown => Residual::Atom(atom()),
        }
    }

    fn is_no(&self) -> bool {
        *self == Residual::No
    }
}

/// By which names a statement means the caller. Statements without principals use `direct`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bonds<L> {
    pub account: L,
    pub role: L,
    pub everyone: L,
    pub direct: L,
}

impl<L: Logic> Bonds<L> {
    pub const NONE: Bonds<L> = Bonds { account: L::NO, role: L::NO, everyone: L::NO, direct: L::NO };

    fn direct(value: L) -> Bonds<L> {
        Bonds { direct: value, ..Bonds::NONE }
    }

    fn everyone(value: L) -> Bonds<L> {
        Bonds { everyone: value, ..Bonds::NONE }
    }

    pub fn any(self) -> L {
        self.direct.or(self.everyone).or(self.role).or(self.account)
    }

    pub fn or(self, other: Bonds<L>) -> Bonds<L> {
        Bonds {
            account: self.account.or(other.account),
            role: self.role.or(other.role),
            everyone: self.everyone.or(other.everyone),
            direct: self.direct.or(other.direct),
        }
    }

    fn and(self, other: L) -> Bonds<L> {
        Bonds {
            account: self.account.and(other.clone()),
            role: self.role.and(other.clone()),
            everyone: self.everyone.and(other.clone()),
            direct: self.direct.and(other),
        }
    }

    fn is_none(&self) -> bool {
        self.account.is_no() && self.role.is_no() && self.everyone.is_no() && self.direct.is_no()
    }
}

/// A statement read with one effect. A statement whose effect is unreadable is asked with both.
pub(super) struct Asked<'a> {
    pub document: &'a Document,
    pub statement: &'a Statement,
    pub effect: Effect,
    pub request: &'a Request,
    /// `NotPrincipal` in a Deny never spares a caller who has one (rule E4).
    pub has_boundary: bool,
    /// Set when a pattern fits only in a reading on which AWS's guides disagree (rule W5).
    pub spans: &'a Cell<bool>,
}

impl Asked<'_> {
    /// Whether it applies, by each bond. Clauses are asked in the order that settles most statements soonest.
    pub fn applies<L: Logic>(&self, source: &dyn Fn() -> Arc<Source>) -> Bonds<L> {
        let (statement, request) = (self.statement, self.request);
        if statement.damage == Damage::Unreadable {
            return Bonds::everyone(L::open(Truth::Unknown, || broken(source())));
        }
        let action: L = self.action(&statement.actions, source);
        if action.is_no() {
            return Bonds::NONE;
        }
        let resource: L = match &statement.resources {
            None => L::YES,
            Some(clause) => self.resource(clause, source),
        };
        let so_far = action.and(resource);
        if so_far.is_no() {
            return Bonds::NONE;
        }
        let bonds: Bonds<L> = match &statement.principals {
            None => Bonds::direct(L::YES),
            Some(clause) => self.principal(clause, source),
        };
        let bonds = bonds.and(so_far);
        if bonds.is_none() {
            return bonds;
        }
        let mut conditions = L::YES;
        for condition in &statement.conditions {
            let truth = condition.holds(&request.context, self.effect);
            conditions = conditions.and(L::open(truth, || Atom {
                test: Test::Condition(Arc::clone(condition)),
                negate: false,
                source: Some(source()),
            }));
            if conditions.is_no() {
                return Bonds::NONE;
            }
        }
        let bonds = bonds.and(conditions);
        let spoiled = [self.document.damage, statement.damage, statement.condition_damage].into_iter().max();
        if statement.effect.is_none() || spoiled.is_some_and(|damage| damage > Damage::None) {
            return bonds.and(L::open(Truth::Unknown, || broken(source())));
        }
        bonds
    }

    pub fn action<L: Logic>(&self, clause: &Clause<ActionPattern>, source: &dyn Fn() -> Arc<Source>) -> L {
        if clause.damage > Damage::None {
            return L::open(Truth::Unknown, || broken(source()));
        }
        let mut any = Truth::No;
        for pattern in clause.values() {
            // Rule P9: what IAM refuses grants nothing and may deny.
            match pattern.matches(&self.request.action) {
                Truth::Unknown if self.effect == Effect::Allow => {}
                truth => any = any.or(truth),
            }
            if any == Truth::Yes {
                break;
            }
        }
        let truth = if clause.negated { !any } else { any };
        L::open(truth, || Atom {
            test: Test::Open(Name::new("whether a wildcard in the service prefix denies")),
            negate: clause.negated,
            source: Some(source()),
        })
    }

    pub fn resource<L: Logic>(&self, clause: &Clause<ResourcePattern>, source: &dyn Fn() -> Arc<Source>) -> L {
        if clause.damage > Damage::None {
            return L::open(Truth::Unknown, || broken(source()));
        }
        let mut any = L::NO;
        let mut spans = false;
        for pattern in clause.values() {
            let matched = resource_match(pattern, self.request);
            // Where AWS's guides disagree, a statement counts so that access stays in sight (rules W5, W9).
            let truth = match matched {
                Match::Yes => Truth::Yes,
                Match::No => Truth::No,
                Match::Unknown => Truth::Unknown,
                Match::Spans => ((self.effect == Effect::Allow) != clause.negated).into(),
            };
            spans |= matched == Match::Spans;
            if truth == Truth::Yes && matched == Match::Yes {
                return if clause.negated { L::NO } else { L::YES };
            }
            any = any.or(L::open(truth, || Atom {
                test: Test::Resource {
                    pattern: Arc::new(pattern.clone()),
                    arn: Name::new(self.request.resource.as_str()),
                },
                negate: false,
                source: Some(source()),
            }));
        }
        if spans {
            self.spans.set(true);
        }
        if clause.negated { any.not() } else { any }
    }

    pub fn principal<L: Logic>(&self, clause: &Clause<PrincipalPattern>, source: &dyn Fn() -> Arc<Source>) -> Bonds<L> {
        if clause.damage > Damage::None {
            return Bonds::everyone(L::open(Truth::Unknown, || broken(source())));
        }
        let mut bonds: Bonds<L> = Bonds::NONE;
        for pattern in clause.values() {
            let (bond, value) = self.names(pattern, source);
            let place = match bond {
                Bond::Account => &mut bonds.account,
                Bond::Role => &mut bonds.role,
                Bond::Everyone => &mut bonds.everyone,
                Bond::Direct => &mut bonds.direct,
            };
            *place = place.clone().or(value);
        }
        match (clause.negated, self.effect) {
            (false, _) => bonds,
            (true, Effect::Allow) => Bonds::everyone(bonds.any().not()),
            (true, Effect::Deny) if self.has_boundary => Bonds::everyone(L::YES),
            (true, Effect::Deny) => Bonds::everyone(self.spared(clause, bonds, source).not()),
        }
    }

    fn names<L: Logic>(&self, pattern: &PrincipalPattern, source: &dyn Fn() -> Arc<Source>) -> (Bond, L) {
        let (bond, truth) = pattern.bond(&self.request.principal, &self.request.context);
        let value = L::open(truth, || {
            let test = match pattern.session_condition() {
                Some(condition) => Test::Condition(Arc::new(condition)),
                None => Test::Open(Name::new(match pattern {
                    PrincipalPattern::Canonical(_) => "which account a canonical user id stands for",
                    _ => "whether a wildcard stands for every principal of its kind",
                })),
            };
            Atom { test, negate: false, source: Some(source()) }
        });
        (bond, value)
    }

    /// Rule E4 (UG, NotPrincipal): AWS may look at the account first, then the role, then the session, so each must be
    /// listed. Of a caller given as a role no session is known, so account and role suffice.
    fn spared<L: Logic>(
        &self,
        clause: &Clause<PrincipalPattern>,
        bonds: Bonds<L>,
        source: &dyn Fn() -> Arc<Source>,
    ) -> L {
        let listed = match &self.request.principal {
            Principal::Root { .. } => bonds.direct.clone(),
            Principal::User { .. } | Principal::FederatedUser { .. } => bonds.account.clone().and(bonds.direct.clone()),
            Principal::Role { .. } => {
                let role = clause.values().filter(|pattern| matches!(pattern, PrincipalPattern::Role(_)));
                let role = role.map(|pattern| self.names::<L>(pattern, source).1).fold(L::NO, L::or);
                bonds.account.clone().and(role)
            }
            Principal::Session { .. } => bonds.account.clone().and(bonds.role.clone()).and(bonds.direct.clone()),
            Principal::Anonymous | Principal::Service(_) | Principal::Federated(_) => bonds.direct.clone(),
        };
        listed.or(bonds.everyone)
    }
}

/// How a pattern fits what the request names. [`Match::Spans`] is the uncertain fit of rules W5 and W9.
fn resource_match(pattern: &ResourcePattern, request: &Request) -> Match {
    match &request.resource {
        Resource::Arn(arn) => pattern.matches(arn, &request.context),
        Resource::None if pattern.is_all() => Match::Yes,
        Resource::None if pattern.covers_service(request.action.service()) => Match::Spans,
        Resource::None => Match::No,
        // Some resource is asked for: any pattern may name it, and only one that names all leaves none out.
        Resource::Any if pattern.is_all() || pattern.covers_service(request.action.service()) => Match::Yes,
        Resource::Any if pattern.widest(&request.context) == ArnGlob::Nothing => Match::No,
        Resource::Any => Match::Spans,
    }
}

pub(super) fn broken(source: Arc<Source>) -> Atom {
    let place = format!("{} {} Statement[{}]", source.layer, source.policy, source.statement);
    Atom { test: Test::Broken(Name::new(&place)), negate: false, source: Some(source) }
}
