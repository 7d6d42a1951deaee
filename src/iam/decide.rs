//! The answer to one request: decision, deciding statements, and what it hangs on (rules E2, L8, T1 to T3).

use std::cell::Cell;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::base::{Name, Truth};

use super::document::{Damage, Effect, Statement};
use super::layers::{Caller, Frame, Layers, unread};
use super::policies::{Layer, Policies, Policy};
use super::request::{Request, Resource};
use super::residual::{Residual, Source};
use super::statement::{Asked, Bonds, Logic, broken};

/// May it be done?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Under every completion of what is not known.
    Allowed,
    /// Some applicable statement denies.
    ExplicitDeny,
    /// Nothing allows, under any completion.
    ImplicitDeny,
    /// Hangs on what is not known; see the residual.
    Depends,
    /// A document that could not be read may decide.
    Error,
}

impl Decision {
    /// The name in protocols.md section 1.
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Allowed => "allowed",
            Decision::ExplicitDeny => "explicit_deny",
            Decision::ImplicitDeny => "implicit_deny",
            Decision::Depends => "depends",
            Decision::Error => "error",
        }
    }

    /// Whether access exists; a document that could not be read leaves it open.
    pub fn truth(self) -> Truth {
        match self {
            Decision::Allowed => Truth::Yes,
            Decision::ExplicitDeny | Decision::ImplicitDeny => Truth::No,
            Decision::Depends | Decision::Error => Truth::Unknown,
        }
    }
}

/// A decision with its grounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub decision: Decision,
    /// Statements that decided, in the order of layers and documents; for an implicit deny the silent layers.
    pub reasons: Vec<Reason>,
    /// Allowed exactly when this holds: `Yes` or `No` unless the decision is open.
    pub residual: Residual,
    /// Marks on how the answer was read, each once.
    pub notes: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    Statement(Arc<Source>),
    /// A layer that must allow and says nothing.
    Silent {
        layer: Layer,
        level: Option<Name>,
        policy: Option<Name>,
    },
}

/// Facts about AWS that no policy carries. All unknown by default; a catalogue of actions fills them in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Whether the resource's service takes resource control policies (rule L3).
    pub rcp_service: Option<bool>,
}

/// Notes, by rule.
pub mod note {
    pub const SPANS: &str = "pattern spans segments";
    pub const SERVICE_WIDE: &str = "action takes no resource; a pattern over the whole service is counted as granting";
    pub const ANY_RESOURCE: &str = "asked for any resource";
    pub const EVERYONE_UNLIMITED: &str =
        "granted to everyone; whether the boundary or session policy limits it is not documented";
    pub const SAME_ACCOUNT: &str = "account of the resource not given, taken as the caller's";
    pub const ALWAYS: &str = "allowed without any policy";
    pub const ROOT: &str = "root user: identity policies do not apply";
    pub const SERVICE_LINKED: &str = "service-linked role: service and resource control policies do not apply";
    pub const UNREAD: &str = "the policy of the resource must agree and was not supplied";
}

/// A statement that is not certainly irrelevant.
struct Hit<'a> {
    layer: Layer,
    level: Option<usize>,
    policy: &'a Policy,
    /// None when the whole document is unreadable.
    statement: Option<&'a Statement>,
    effect: Effect,
    bonds: Bonds<Truth>,
}

/// Decides one request. Time is linear in the statements; nothing is allocated for those that do not match.
pub fn decide(request: &Request, policies: &Policies) -> Answer {
    decide_with(request, policies, Facts::default())
}

/// As [`decide`], with facts from a catalogue.
pub fn decide_with(request: &Request, policies: &Policies, facts: Facts) -> Answer {
    if request.action.folded() == "sts:getcalleridentity" {
        return settled(Decision::Allowed, vec![note::ALWAYS]);
    }
    let frame = Frame::new(request, policies, facts.rcp_service == Some(false));
    let spans = Cell::new(false);
    let hits = hits(request, policies, &frame, &spans);
    let layers = combine::<Truth>(&hits, policies, &frame, |hit| hit.bonds);
    let allow = layers.allow(&frame, request);
    let (decision, residual) = if layers.deny == Truth::Yes {
        (Decision::ExplicitDeny, Residual::No)
    } else if allow == Truth::No {
        (Decision::ImplicitDeny, Residual::No)
    } else if allow == Truth::Yes && layers.deny == Truth::No {
        (Decision::Allowed, Residual::Yes)
    } else {
        let residual = residual(request, policies, &frame, &hits);
        let decision = match &residual {
            Residual::Yes => Decision::Allowed,
            Residual::No => Decision::ImplicitDeny,
            open if open.is_broken() => Decision::Error,
            _ => Decision::Depends,
        };
        (decision, residual)
    };
    let mut notes = notes(request, &frame, &hits, &layers, spans.get());
    if frame.needs_no_grant && decision == Decision::Allowed && layers.identity != Truth::Yes {
        notes.push(note::ALWAYS);
    }
    let reasons = reasons(decision, policies, &frame, &hits, &layers);
    Answer { decision, reasons, residual, notes }
}

fn settled(decision: Decision, notes: Vec<&'static str>) -> Answer {
    let residual = if decision == Decision::Allowed { Residual::Yes } else { Residual::No };
    Answer { decision, reasons: Vec::new(), residual, notes }
}

fn hits<'a>(request: &Request, policies: &'a Policies, frame: &Frame, spans: &Cell<bool>) -> SmallVec<[Hit<'a>; 8]> {
    let mut hits = SmallVec::new();
    for (layer, level, policy) in policies.iter() {
        if !frame.counts(layer) {
            continue;
        }
        let document = &*policy.document;
        if document.damage == Damage::Unreadable {
            for effect in [Effect::Allow, Effect::Deny] {
                let bonds = Bonds { everyone: Truth::Unknown, ..Bonds::NONE };
                hits.push(Hit { layer, level, policy, statement: None, effect, bonds });
            }
        }
        for statement in document.about(request.action.service()) {
            let effects: &[Effect] = match statement.effect {
                Some(Effect::Allow) if layer == Layer::Rcp => continue,
                Some(Effect::Allow) => &[Effect::Allow],
                Some(Effect::Deny) => &[Effect::Deny],
                None => &[Effect::Allow, Effect::Deny],
            };
            for effect in effects {
                let asked =
                    Asked { document, statement, effect: *effect, request, has_boundary: frame.has_boundary, spans };
                let bonds =
                    asked.applies::<Truth>(&|| source(layer, level, policy, Some(statement), *effect, policies));
                if bonds.any() != Truth::No {
                    hits.push(Hit { layer, level, policy, statement: Some(statement), effect: *effect, bonds });
                }
            }
        }
    }
    hits
}

fn source(
    layer: Layer,
    level: Option<usize>,
    policy: &Policy,
    statement: Option<&Statement>,
    effect: Effect,
    policies: &Policies,
) -> Arc<Source> {
    Arc::new(Source::of(layer, level, policy, statement, effect, policies))
}

fn combine<L: Logic>(
    hits: &[Hit<'_>],
    policies: &Policies,
    frame: &Frame,
    value: impl Fn(&Hit<'_>) -> Bonds<L>,
) -> Layers<L> {
    let levels = if frame.scps_count() { policies.scps.len() } else { 0 };
    let mut layers: Layers<L> = Layers::silent(frame, levels);
    for hit in hits {
        let bonds = value(hit);
        if hit.effect == Effect::Deny {
            layers.deny = layers.deny.or(bonds.any());
            continue;
        }
        let place = match hit.layer {
            Layer::Resource => {
                layers.resource = layers.resource.or(bonds);
                continue;
            }
            Layer::Rcp => continue,
            Layer::Scp => match hit.level.and_then(|level| layers.scps.get_mut(level)) {
                Some(place) => place,
                None => continue,
            },
            Layer::Identity => &mut layers.identity,
            Layer::Boundary => &mut layers.boundary,
            Layer::Session => &mut layers.session,
            Layer::Endpoint => &mut layers.endpoint,
        };
        *place = place.clone().or(bonds.any());
    }
    layers
}

/// The same rules once more, in formulas: (or of allows, layer by layer) and not each possible deny (rule T2).
fn residual(request: &Request, policies: &Policies, frame: &Frame, hits: &[Hit<'_>]) -> Residual {
    let layers = combine::<Residual>(hits, policies, frame, |hit| {
        let source = || source(hit.layer, hit.level, hit.policy, hit.statement, hit.effect, policies);
        match hit.statement {
            None => Bonds { everyone: Residual::Atom(broken(source())), ..Bonds::NONE },
            Some(statement) => Asked {
                document: &hit.policy.document,
                statement,
                effect: hit.effect,
                request,
                has_boundary: frame.has_boundary,
                spans: &Cell::new(false),
            }
            .applies::<Residual>(&source),
        }
    });
    let allow = layers.allow(frame, request);
    Residual::all([allow, layers.deny.not()]).settle()
}

fn reasons(
    decision: Decision,
    policies: &Policies,
    frame: &Frame,
    hits: &[Hit<'_>],
    layers: &Layers<Truth>,
) -> Vec<Reason> {
    let named = |hit: &Hit<'_>| {
        Reason::Statement(source(hit.layer, hit.level, hit.policy, hit.statement, hit.effect, policies))
    };
    let open = |hit: &&Hit<'_>| hit.effect == Effect::Deny || !granting(hit, frame).is_no();
    let reasons: Vec<Reason> = match decision {
        Decision::ExplicitDeny => {
            hits.iter().filter(|hit| hit.effect == Effect::Deny && hit.bonds.any().is_yes()).map(named).collect()
        }
        Decision::Allowed => {
            hits.iter().filter(|hit| hit.effect == Effect::Allow && granting(hit, frame).is_yes()).map(named).collect()
        }
        Decision::ImplicitDeny => silent(policies, frame, layers),
        Decision::Depends | Decision::Error => Vec::new(),
    };
    // Open statements can settle an answer together, such as an Allow and a Deny on one condition.
    if reasons.is_empty() { hits.iter().filter(open).map(named).collect() } else { reasons }
}

/// How surely an Allow takes part in the grant: naming the account counts only where the policy must agree.
fn granting(hit: &Hit<'_>, frame: &Frame) -> Truth {
    if hit.layer == Layer::Resource && frame.caller != Caller::Outside && !frame.door_counts() {
        return Bonds { account: Truth::No, ..hit.bonds }.any();
    }
    hit.bonds.any()
}

/// The layers for want of whose Allow the request fails, in their order.
fn silent(policies: &Policies, frame: &Frame, layers: &Layers<Truth>) -> Vec<Reason> {
    let mut out = Vec::new();
    let mut push = |layer: Layer, level: Option<Name>, policy: Option<&Policy>| {
        out.push(Reason::Silent { layer, level, policy: policy.map(|policy| policy.name.clone()) });
    };
    let resource = layers.resource.any();
    // Where the resource's policy may grant alone, the identity's layers are still the usual way.
    if frame.identity_counts() {
        let alone = layers.resource.direct.or(layers.resource.everyone);
        let role = !frame.cross_account && layers.resource.role != Truth::No;
        let skipped = !frame.cross_account && alone != Truth::No;
        if !skipped && !role && layers.identity.is_no() {
            push(Layer::Identity, None, None);
        }
        if !skipped && layers.boundary.is_no() {
            push(Layer::Boundary, None, policies.boundary.as_ref());
        }
        if !skipped && layers.session.is_no() {
            push(Layer::Session, None, None);
        }
    }
    for (truth, level) in layers.scps.iter().zip(&policies.scps) {
        if truth.is_no() {
            push(Layer::Scp, Some(level.name.clone()), None);
        }
    }
    if frame.resource_needed() && resource.is_no() && (frame.resource_supplied || !frame.must_agree) {
        push(Layer::Resource, None, policies.resource.as_ref());
    }
    if layers.endpoint.is_no() {
        push(Layer::Endpoint, None, None);
    }
    out
}

fn notes(request: &Request, frame: &Frame, hits: &[Hit<'_>], layers: &Layers<Truth>, spans: bool) -> Vec<&'static str> {
    let mut notes = Vec::new();
    if spans && request.resource.arn().is_some() {
        notes.push(note::SPANS);
    }
    match request.resource {
        Resource::Any => notes.push(note::ANY_RESOURCE),
        Resource::None => {
            let only_service = hits.iter().any(|hit| {
                hit.effect == Effect::Allow
                    && hit.statement.and_then(|statement| statement.resources.as_ref()).is_some_and(|clause| {
                        !clause.negated && !clause.values().any(super::pattern::ResourcePattern::is_all)
                    })
            });
            if only_service {
                notes.push(note::SERVICE_WIDE);
            }
        }
        Resource::Arn(_) => {}
    }
    if frame.identity_counts()
        && !frame.cross_account
        && !layers.resource.everyone.is_no()
        && (layers.boundary.is_no() || layers.session.is_no())
    {
        notes.push(note::EVERYONE_UNLIMITED);
    }
    if frame.resource_supplied
        && request.principal.account().is_some()
        && request.owner().is_none()
        && !matches!(request.resource, Resource::None)
    {
        notes.push(note::SAME_ACCOUNT);
    }
    if frame.caller == Caller::Root {
        notes.push(note::ROOT);
    }
    if frame.service_linked {
        notes.push(note::SERVICE_LINKED);
    }
    if frame.must_agree && !frame.resource_supplied {
        notes.push(note::UNREAD);
    }
    notes
}

/// What a decision waits for when the policy of a key or role was not supplied.
pub fn missing_policy(request: &Request, policies: &Policies) -> Option<Name> {
    let frame = Frame::new(request, policies, false);
    (frame.must_agree && !frame.resource_supplied).then(|| unread(request))
}

#[cfg(test)]
mod tests;
