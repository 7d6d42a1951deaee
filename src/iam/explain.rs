//! An answer step by step, in the order in which AWS decides, with the nearest miss (rule L8; ux.md section 12).

use smallvec::SmallVec;

use crate::base::{Name, Truth};

use super::decide::{Answer, Decision, Facts, Reason, decide_with};
use super::document::{Damage, Effect};
use super::layers::Frame;
use super::miss::{Miss, nearest};
use super::policies::{Layer, Policies, Policy};
use super::request::Request;
use super::residual::Source;
use super::statement::{Asked, Bonds};

/// The steps, in order. Who is calling and how it became its role is found elsewhere; see [`Explanation::lead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepKind {
    Caller,
    Trust,
    ExplicitDeny,
    Scp,
    Rcp,
    Resource,
    Identity,
    Boundary,
    Session,
    Kms,
}

impl StepKind {
    /// The name in protocols.md section 7.
    pub fn as_str(self) -> &'static str {
        match self {
            StepKind::Caller => "caller",
            StepKind::Trust => "trust",
            StepKind::ExplicitDeny => "explicit-deny",
            StepKind::Scp => "scp",
            StepKind::Rcp => "rcp",
            StepKind::Resource => "resource",
            StepKind::Identity => "identity",
            StepKind::Boundary => "boundary",
            StepKind::Session => "session",
            StepKind::Kms => "kms",
        }
    }
}

/// What one step found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepResult {
    Allow,
    Deny,
    /// There is a policy, and it does not allow.
    Silent,
    /// There is nothing to ask.
    None,
    /// There may be a policy, and it was not read; or what was read is broken.
    Unread,
    /// Hangs on context keys that are not known.
    Cond,
    NotReached,
}

impl StepResult {
    /// The name in protocols.md section 7.
    pub fn as_str(self) -> &'static str {
        match self {
            StepResult::Allow => "allow",
            StepResult::Deny => "deny",
            StepResult::Silent => "silent",
            StepResult::None => "none",
            StepResult::Unread => "unread",
            StepResult::Cond => "cond",
            StepResult::NotReached => "not-reached",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub kind: StepKind,
    pub result: StepResult,
    /// The statements that made the result.
    pub reasons: Vec<Reason>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub answer: Answer,
    pub steps: Vec<Step>,
    /// When not certainly allowed and not denied by a statement: the closest Allow of the first layer that lacks one.
    pub nearest: Option<Miss>,
    /// No unread policy could still change the answer. An SCP or RCP that was not read can only take away, an unread
    /// resource policy can also give.
    pub certain: bool,
    /// Documents and layers that were not read, by name, in the order of the steps.
    pub unread: Vec<Name>,
}

/// Which layers were not read at all, as opposed to known to be empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    pub scps: bool,
    pub rcps: bool,
    pub resource: bool,
    pub boundary: bool,
    pub session: bool,
    /// At least one identity policy.
    pub identity: bool,
}

/// Decides and explains. Costs a few times what [`super::decide()`] costs.
pub fn explain(request: &Request, policies: &Policies, facts: Facts, unread: Unread) -> Explanation {
    let answer = decide_with(request, policies, facts);
    let frame = Frame::new(request, policies, facts.rcp_service == Some(false));
    let survey = Survey::new(request, policies, &frame);
    let steps = steps(request, policies, &frame, &survey, &answer, unread);
    let nearest = missing_layer(&answer, policies, &frame).and_then(|layer| {
        let levels = |index: usize| policies.scps.get(index).map(|level| &level.name);
        let of_layer = policies.iter().filter(|(it, ..)| *it == layer);
        nearest(
            of_layer.map(|(layer, level, policy)| (layer, level.and_then(levels), policy)),
            request,
            frame.has_boundary,
        )
    });
    let (certain, names) = gaps(&answer, policies, &frame, unread);
    Explanation { answer, steps, nearest, certain, unread: names }
}

impl Explanation {
    /// Puts the first two steps before the others: who calls, and whether it may become the role.
    pub fn lead(&mut self, caller: Step, trust: Step) {
        self.steps.splice(0..0, [caller, trust]);
    }
}

/// Whether no unread policy could still change an answer, and what was not read, by name: [`Explanation::certain`] and
/// [`Explanation::unread`] without the steps.
pub fn certainty(
    request: &Request,
    policies: &Policies,
    facts: Facts,
    unread: Unread,
    answer: &Answer,
) -> (bool, Vec<Name>) {
    let frame = Frame::new(request, policies, facts.rcp_service == Some(false));
    gaps(answer, policies, &frame, unread)
}

/// What each layer says by itself.
struct Survey {
    allows: Vec<(Layer, Truth, Source)>,
    denies: Vec<(Truth, Source)>,
    /// Per SCP level.
    levels: SmallVec<[Truth; 4]>,
    damaged: Vec<Layer>,
}

impl Survey {
    fn new(request: &Request, policies: &Policies, frame: &Frame) -> Survey {
        let mut survey = Survey {
            allows: Vec::new(),
            denies: Vec::new(),
            levels: SmallVec::from_elem(Truth::No, policies.scps.len()),
            damaged: Vec::new(),
        };
        for (layer, level, policy) in policies.iter().filter(|(layer, ..)| frame.counts(*layer)) {
            let document = &*policy.document;
            if document.damage == Damage::Unreadable {
                survey.damaged.push(layer);
            }
            for statement in &document.statements {
                let effects: &[Effect] = match statement.effect {
                    Some(Effect::Allow) => &[Effect::Allow],
                    Some(Effect::Deny) => &[Effect::Deny],
                    None => &[Effect::Allow, Effect::Deny],
                };
                for effect in effects {
                    let source = || Source::of(layer, level, policy, Some(statement), *effect, policies);
                    let spans = std::cell::Cell::new(false);
                    let asked = Asked {
                        document,
                        statement,
                        effect: *effect,
                        request,
                        has_boundary: frame.has_boundary,
                        spans: &spans,
                    };
                    let bonds: Bonds<Truth> = asked.applies(&|| source().into());
                    let truth = bonds.any();
                    match effect {
                        _ if truth.is_no() => {}
                        Effect::Deny => survey.denies.push((truth, source())),
                        Effect::Allow => {
                            if let (Layer::Scp, Some(place)) =
                                (layer, level.and_then(|index| survey.levels.get_mut(index)))
                            {
                                *place = place.or(truth);
                            }
                            survey.allows.push((layer, truth, source()));
                        }
                    }
                }
            }
        }
        survey
    }

    fn allow(&self, layer: Layer) -> Truth {
        self.allows.iter().filter(|(it, ..)| *it == layer).fold(Truth::No, |any, (_, truth, _)| any.or(*truth))
    }

    fn deny(&self, layer: Layer) -> Truth {
        self.denies.iter().filter(|(_, it)| it.layer == layer).fold(Truth::No, |any, (truth, _)| any.or(*truth))
    }

    fn reasons(&self, layer: Layer) -> Vec<Reason> {
        let allows = self.allows.iter().filter(|(it, ..)| *it == layer).map(|(_, _, source)| source);
        let denies = self.denies.iter().filter(|(_, it)| it.layer == layer).map(|(_, source)| source);
        denies.chain(allows).map(|source| Reason::Statement(source.clone().into())).collect()
    }

    fn result(&self, layer: Layer, there: bool, unread: bool, allow: Truth) -> StepResult {
        let deny = self.deny(layer);
        if deny.is_yes() {
            StepResult::Deny
        } else if self.damaged.contains(&layer) || (unread && !there) {
            StepResult::Unread
        } else if !there {
            StepResult::None
        } else if deny.is_unknown() || allow.is_unknown() {
            StepResult::Cond
        } else if allow.is_yes() {
            StepResult::Allow
        } else if unread {
            StepResult::Unread
        } else {
            StepResult::Silent
        }
    }
}

fn steps(
    request: &Request,
    policies: &Policies,
    frame: &Frame,
    survey: &Survey,
    answer: &Answer,
    unread: Unread,
) -> Vec<Step> {
    let denied = survey.denies.iter().fold(Truth::No, |any, (truth, _)| any.or(*truth));
    let explicit = Step {
        kind: StepKind::ExplicitDeny,
        result: match denied {
            Truth::Yes => StepResult::Deny,
            Truth::Unknown => StepResult::Cond,
            Truth::No => StepResult::None,
        },
        reasons: survey.denies.iter().map(|(_, source)| Reason::Statement(source.clone().into())).collect(),
    };
    let step = |kind: StepKind, layer: Layer, there: bool, unread: bool, allow: Truth| Step {
        kind,
        result: if frame.counts(layer) { survey.result(layer, there, unread, allow) } else { StepResult::None },
        reasons: if frame.counts(layer) { survey.reasons(layer) } else { Vec::new() },
    };
    let scp = survey.levels.iter().fold(Truth::Yes, |all, level| all.and(*level));
    let simple =
        |kind: StepKind, layer: Layer, there: bool, unread: bool| step(kind, layer, there, unread, survey.allow(layer));
    let has_identity = frame.identity_counts();
    let mut steps = vec![
        explicit,
        step(StepKind::Scp, Layer::Scp, !policies.scps.is_empty(), unread.scps, scp),
        // RCPFullAWSAccess is attached everywhere, so an RCP that does not deny allows (rule L3).
        step(StepKind::Rcp, Layer::Rcp, !policies.rcps.is_empty(), unread.rcps, Truth::Yes),
        simple(
            StepKind::Resource,
            Layer::Resource,
            policies.resource.is_some(),
            unread.resource || (frame.must_agree && policies.resource.is_none()),
        ),
        simple(StepKind::Identity, Layer::Identity, has_identity, unread.identity),
        simple(StepKind::Boundary, Layer::Boundary, policies.boundary.is_some(), unread.boundary),
        simple(StepKind::Session, Layer::Session, !policies.session.is_empty(), unread.session),
    ];
    let kms = if request.action.service() == "kms" && frame.must_agree {
        steps[3].result
    } else if answer.decision == Decision::Allowed || answer.decision == Decision::Depends {
        StepResult::None
    } else {
        StepResult::NotReached
    };
    steps.push(Step { kind: StepKind::Kms, result: kms, reasons: Vec::new() });
    steps
}

/// The first layer, in the order of the steps, for want of whose Allow the request fails or stays open.
fn missing_layer(answer: &Answer, policies: &Policies, frame: &Frame) -> Option<Layer> {
    match answer.decision {
        Decision::Allowed | Decision::ExplicitDeny => None,
        Decision::ImplicitDeny => {
            let silent = answer.reasons.iter().filter_map(|reason| match reason {
                Reason::Silent { layer, .. } => Some(*layer),
                Reason::Statement(_) => None,
            });
            silent.min_by_key(|layer| match layer {
                Layer::Scp => 0,
                Layer::Resource => 1,
                Layer::Identity => 2,
                Layer::Boundary => 3,
                Layer::Session => 4,
                Layer::Endpoint | Layer::Rcp => 5,
            })
        }
        Decision::Depends | Decision::Error => {
            let open = answer.residual.atoms().into_iter().find_map(|atom| {
                let source = atom.source.as_ref()?;
                (source.effect == Effect::Allow).then_some(source.layer)
            });
            open.or_else(|| (frame.resource_needed() && policies.resource.is_some()).then_some(Layer::Resource))
        }
    }
}

/// Whether unread layers could change the answer, and their names.
fn gaps(answer: &Answer, policies: &Policies, frame: &Frame, unread: Unread) -> (bool, Vec<Name>) {
    let mut names: Vec<Name> = Vec::new();
    let mut certain = !answer.residual.is_broken();
    let allowed = answer.decision == Decision::Allowed;
    let open = matches!(answer.decision, Decision::Depends | Decision::Error);
    // (not read, can take away, can give)
    let rows = [
        ("service control policies", unread.scps && frame.scps_count(), true, false),
        ("resource control policies", unread.rcps && frame.rcps_count(), true, false),
        ("resource policy", unread.resource && policies.resource.is_none(), true, true),
        ("identity policies", unread.identity && frame.identity_counts(), true, true),
        ("permissions boundary", unread.boundary && frame.identity_counts(), true, false),
        ("session policies", unread.session && frame.identity_counts(), true, false),
    ];
    for (name, missing, takes, gives) in rows {
        if missing {
            names.push(Name::new(name));
            let denied = answer.decision == Decision::ImplicitDeny;
            certain &= !((takes && (allowed || open)) || (gives && (denied || open)));
        }
    }
    for (_, _, policy) in policies.iter().filter(|(layer, _, policy)| frame.counts(*layer) && is_damaged(policy)) {
        names.push(policy.name.clone());
    }
    (certain, names)
}

fn is_damaged(policy: &Policy) -> bool {
    let document = &*policy.document;
    let statement = |it: &super::document::Statement| {
        it.damage.max(it.condition_damage).max(it.actions.damage) > Damage::None || it.effect.is_none()
    };
    document.damage > Damage::None || document.statements.iter().any(statement)
}

#[cfg(test)]
mod tests;
