//! May this thing do that, and why: the question of `explain`, answered in AWS's order.

use std::sync::Arc;

use crate::base::{Name, Truth};
use crate::iam::catalogue::Catalogue;
use crate::iam::pattern::Action;
use crate::iam::{Explanation, Facts, Policies, Request, Resource, Step, StepKind, StepResult, explain as iam_explain};
use crate::identity::documents::Documents;
use crate::identity::{self, Identity};
use crate::model::facts::eks::Association;
use crate::model::facts::iam::Role;
use crate::model::{EntityKey, Inventory};

use super::session::{Origin, Session};
use super::verdict::Verdict;

/// Who asks: a role by itself, or a role as some container of a workload has it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The thing that was asked about.
    pub key: EntityKey,
    pub role: Arc<Role>,
    pub role_key: EntityKey,
    /// `None` when a role was asked about by itself.
    pub identity: Option<Arc<Identity>>,
    pub namespace: Option<Name>,
    pub service_account: Option<Name>,
    pub association: Option<Arc<Association>>,
}

/// Why nobody can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoCaller {
    /// The thing has no AWS identity: the sentence says why.
    NoIdentity(String),
    /// Its identity, or the role behind it, was not read.
    Unknown(String),
    /// Such things have no identity at all.
    WrongKind,
}

/// A question and its answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub caller: Caller,
    pub action: String,
    /// ARN, or `*`.
    pub resource: String,
    pub explanation: Explanation,
    /// Context keys that were assumed, with their values (rule T6).
    pub assumed: Vec<(&'static str, &'static str)>,
    /// What was asked, as the engine saw it, and the documents it asked.
    pub request: Request,
    pub policies: Policies,
    pub facts: Facts,
}

impl Answer {
    /// `ALLOW`, `DENY`, `COND` or `UNK`, and whether an unread document could still change it (ux.md section 2).
    pub fn verdict(&self) -> (&'static str, bool) {
        let verdict = Verdict::of(&self.explanation.answer);
        (verdict.word(), self.explanation.certain && verdict != Verdict::Unk)
    }
}

/// Asks. `given` are context keys that the user sets. `resource` is an ARN, or empty or `*` for none or any.
pub fn ask(
    inventory: &Inventory,
    documents: &Documents,
    caller: Caller,
    action: &str,
    resource: &str,
    given: &[(String, String)],
) -> Answer {
    let mut session = session(inventory, documents, &caller);
    session.at_resource(inventory, documents, resource);
    for (key, value) in given {
        session.give(key, value);
    }
    let catalogue = Catalogue::bundled();
    let known = catalogue.find(action).map(|id| catalogue.action(id));
    let resource_kind = match (resource, &known) {
        // Rule W9: whatever ARN was given, AWS authorises against `*`.
        (_, Some(action)) if action.wildcard_only() => Resource::None,
        ("" | "*", _) => Resource::Any,
        (arn, _) => Resource::Arn(arn.into()),
    };
    let request = Request {
        principal: session.principal.clone(),
        action: Action::new(action),
        resource: resource_kind,
        resource_account: crate::model::Arn::parse(resource)
            .and_then(|arn| super::session::resource_account(inventory, session.principal.account(), arn)),
        context: session.context,
    };
    let facts = Facts { rcp_service: known.map(|action| action.service().supports_rcp()) };
    let mut explanation = iam_explain(&request, &session.policies, facts, session.unread);
    explanation.lead(caller_step(), trust_step(&caller));
    let resource = if resource.is_empty() { "*" } else { resource };
    Answer {
        caller,
        action: action.to_owned(),
        resource: resource.to_owned(),
        explanation,
        assumed: session.assumed,
        request,
        policies: session.policies,
        facts,
    }
}

/// The session in which a caller asks.
pub fn session(inventory: &Inventory, documents: &Documents, caller: &Caller) -> Session {
    let origin = Origin {
        source: caller.identity.as_ref().map(|it| it.identity.source),
        cluster: inventory.clusters.get(&caller.key.scope).map(|it| &**it),
        namespace: caller.namespace.as_ref(),
        service_account: caller.service_account.as_ref(),
        association: caller.association.as_deref(),
    };
    Session::new(inventory, documents, &caller.role, origin)
}

fn caller_step() -> Step {
    Step { kind: StepKind::Caller, result: StepResult::Allow, reasons: Vec::new() }
}

/// Whether the container really becomes the role: what its identity says.
fn trust_step(caller: &Caller) -> Step {
    let result = match caller.identity.as_ref().map(|it| it.verdict) {
        None => StepResult::None,
        Some(identity::Verdict::Works | identity::Verdict::FallsBack) => StepResult::Allow,
        Some(identity::Verdict::Broken | identity::Verdict::None) => StepResult::Deny,
        Some(identity::Verdict::Unknown) => StepResult::Unread,
    };
    Step { kind: StepKind::Trust, result, reasons: Vec::new() }
}

/// The truth of an answer, for conditions of the command line.
pub fn truth(answer: &Answer) -> Truth {
    answer.explanation.answer.decision.truth()
}
