//! Which documents can grant any of the requests: asked of each distinct document once, so that most roles need no
//! decision at all.

use crate::base::Truth;
use crate::iam::document::{Clause, Damage, Document, Effect, Statement};
use crate::iam::pattern::{Match, ResourcePattern};
use crate::iam::{Context, Principal, PrincipalPattern, Resource};

use crate::identity::session::{Session, is_personal};

use super::requests::{Requests, Target};

/// Places of the asks that some Allow of a document may grant, ascending. Never too few.
pub(super) type Touched = Box<[u16]>;

/// What a document is to a question.
pub(super) struct Bearing {
    pub touched: Touched,
    /// It may say something of the services that are asked about; otherwise it changes no answer.
    pub relevant: bool,
    /// What it says of them may differ by who asks.
    pub personal: bool,
}

/// Looks at a document. Cost: its statements about the services of the asks.
pub(super) fn bearing(document: &Document, requests: &Requests) -> Bearing {
    let unreadable = document.damage == Damage::Unreadable;
    let services = || requests.services.iter();
    Bearing {
        touched: touched(document, requests),
        relevant: unreadable || services().any(|service| document.about(service).next().is_some()),
        personal: services().any(|service| document.about(service).any(is_personal)),
    }
}

fn touched(document: &Document, requests: &Requests) -> Touched {
    let all = || (0..requests.asks.len()).filter_map(|at| u16::try_from(at).ok()).collect();
    if document.damage == Damage::Unreadable {
        return all();
    }
    let mut found: Vec<u16> = Vec::new();
    let mut rest = requests.asks.as_slice();
    let mut first = 0;
    // Asks of one service stand together.
    while let Some(ask) = rest.first() {
        let service = ask.action.service();
        let count = rest.iter().take_while(|it| it.action.service() == service).count();
        for statement in document.about(service).filter(|it| it.effect != Some(Effect::Deny)) {
            if statement.damage == Damage::Unreadable {
                return all();
            }
            let open: Vec<bool> = requests.targets.iter().map(|target| reaches(statement, target, service)).collect();
            if !open.contains(&true) {
                continue;
            }
            for (at, ask) in rest.iter().enumerate().take(count) {
                let at = u16::try_from(first + at).unwrap_or(u16::MAX);
                if open[ask.target] && !found.contains(&at) && names(statement, &ask.action) {
                    found.push(at);
                }
            }
        }
        rest = &rest[count..];
        first += count;
    }
    found.sort_unstable();
    found.into_boxed_slice()
}

fn names(statement: &Statement, action: &crate::iam::pattern::Action) -> bool {
    let clause = &statement.actions;
    let any = clause.values().fold(Truth::No, |any, pattern| any.or(pattern.matches(action)));
    clause.damage > Damage::None || if clause.negated { !any.is_yes() } else { !any.is_no() }
}

fn reaches(statement: &Statement, target: &Target, service: &str) -> bool {
    let open = Context::open();
    let Some(clause): &Option<Clause<ResourcePattern>> = &statement.resources else { return true };
    clause.negated
        || clause.damage > Damage::None
        || clause.values().any(|pattern| match (&target.glob, &target.resource) {
            (Some(glob), _) => !pattern.widest(&open).disjoint(glob),
            (None, Resource::Arn(arn)) => pattern.matches(arn, &open) != Match::No,
            (None, Resource::None) => pattern.is_all() || pattern.covers_service(service),
            (None, Resource::Any) => true,
        })
}

/// Whether a document at the resource may tell this caller from others of its account and kind: it asks who they are, or
/// names this one.
pub(in crate::analysis) fn singles_out(document: &Document, who: &Principal, context: &Context) -> bool {
    document.statements.iter().any(|statement| {
        let by_name = |pattern: &PrincipalPattern| {
            let shared = matches!(pattern, PrincipalPattern::Everyone | PrincipalPattern::Account(_));
            !shared && !pattern.bond(who, context).1.is_no()
        };
        is_personal(statement)
            || statement.principals.iter().any(|clause| clause.negated || clause.values().any(by_name))
    })
}

/// Whether an Allow of a resource's policy may let this caller in by itself. Naming the account does not: that leaves it
/// to identity policies (rule L7).
pub(in crate::analysis) fn lets_in(policy: &Document, who: &Principal, context: &Context) -> bool {
    policy.damage == Damage::Unreadable
        || policy.statements.iter().filter(|it| it.effect != Some(Effect::Deny)).any(|statement| {
            let Some(clause) = &statement.principals else { return true };
            let by_name = |pattern: &PrincipalPattern| {
                let account = matches!(pattern, PrincipalPattern::Account(_) | PrincipalPattern::Canonical(_));
                !account && !pattern.bond(who, context).1.is_no()
            };
            clause.negated || clause.damage > Damage::None || clause.values().any(by_name)
        })
}

/// Whether no Deny of a resource's policy can meet this session: those that there are speak of others, or ask for what
/// surely does not hold.
pub(in crate::analysis) fn is_harmless(policy: &Document, session: &Session) -> bool {
    if policy.damage > Damage::None {
        return false;
    }
    let mut denials = policy.statements.iter().filter(|it| it.effect == Some(Effect::Deny)).peekable();
    if denials.peek().is_none() {
        return policy.statements.iter().all(|it| it.effect == Some(Effect::Allow));
    }
    // Keys that every session is assumed to have are assumed for the policy as well.
    let context = session.context.clone().with("aws:SecureTransport", "true");
    denials.all(|statement| {
        let spares = statement.principals.as_ref().is_some_and(|clause| {
            !clause.negated
                && clause.damage == Damage::None
                && clause.values().all(|pattern| pattern.bond(&session.principal, &context).1.is_no())
        });
        spares || statement.conditions.iter().any(|it| it.holds(&context, Effect::Deny).is_no())
    })
}
