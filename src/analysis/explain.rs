//! May this thing do that, and why: the question of `explain`, answered in AWS's order.

use std::sync::Arc;

use crate::base::{Name, Truth};
use crate::estate::Estate;
use crate::iam::catalogue::Catalogue;
use crate::iam::pattern::Action;
use crate::iam::{Decision, Explanation, Facts, Request, Resource, Step, StepKind, StepResult, explain as iam_explain};
use crate::identity::documents::Documents;
use crate::identity::{Identity, Source, Verdict};
use crate::model::facts::eks::Association;
use crate::model::facts::iam::Role;
use crate::model::{EntityKey, Kind, Lookup};

use super::session::{Origin, Session};

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

/// The role that a pod, container, workload, service account or role acts as.
pub fn caller(estate: &Estate, key: &EntityKey) -> Result<Caller, NoCaller> {
    if key.kind == Kind::Role {
        return match estate.role(key) {
            Lookup::Found(role) => Ok(Caller {
                key: key.clone(),
                role: Arc::clone(role),
                role_key: key.clone(),
                identity: None,
                namespace: None,
                service_account: None,
                association: None,
            }),
            Lookup::Absent => Err(NoCaller::NoIdentity("the role does not exist".into())),
            Lookup::Unknown => Err(NoCaller::Unknown("the role was not read".into())),
        };
    }
    let (identity, namespace, account) = identity_of(estate, key)?;
    let Some(arn) = &identity.identity.role else {
        return Err(match identity.verdict {
            Verdict::Unknown => NoCaller::Unknown(identity.why.clone()),
            _ => NoCaller::NoIdentity(identity.why.clone()),
        });
    };
    let Some(role_key) = EntityKey::role(arn) else {
        return Err(NoCaller::NoIdentity(format!("`{arn}` is no role")));
    };
    let role = match estate.role(&role_key) {
        Lookup::Found(role) => Arc::clone(role),
        Lookup::Absent => return Err(NoCaller::NoIdentity(format!("the role `{arn}` does not exist"))),
        Lookup::Unknown => return Err(NoCaller::Unknown(format!("the role `{arn}` was not read"))),
    };
    let association = match identity.identity.source {
        Source::PodIdentity => estate.cluster(&key.scope).and_then(|cluster| {
            let found = cluster.associations.iter().find(|it| it.namespace == namespace && it.service_account == account);
            found.map(Arc::clone)
        }),
        _ => None,
    };
    Ok(Caller {
        key: key.clone(),
        role,
        role_key,
        identity: Some(identity),
        namespace: Some(namespace),
        service_account: Some(account),
        association,
    })
}

fn identity_of(estate: &Estate, key: &EntityKey) -> Result<(Arc<Identity>, Name, Name), NoCaller> {
    match key.kind {
        Kind::Pod | Kind::Container => {
            let name = if key.kind == Kind::Pod { &key.name } else { &key.pod };
            let pod = EntityKey::namespaced(Kind::Pod, &key.scope, &key.namespace, name);
            let Some(entry) = estate.pod(&pod) else { return Err(NoCaller::Unknown("the pod was not read".into())) };
            let named = || entry.spec.containers.iter().position(|it| it.name == key.name);
            let identity = match key.kind {
                Kind::Container => named().and_then(|at| entry.containers.get(at)),
                _ => entry.main(),
            };
            let identity = identity.ok_or(NoCaller::WrongKind)?;
            Ok((Arc::clone(identity), entry.namespace.clone(), entry.spec.service_account.clone()))
        }
        _ => {
            let group = estate.groups.iter().find(|group| group.key == *key || group.account_key() == *key);
            match group {
                Some(group) => {
                    Ok((Arc::clone(&group.identity), group.namespace.clone(), group.service_account.clone()))
                }
                None if key.kind == Kind::ServiceAccount => {
                    Err(NoCaller::NoIdentity("no pod and no workload runs as this service account".into()))
                }
                None => Err(NoCaller::WrongKind),
            }
        }
    }
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
}

impl Answer {
    /// `ALLOW`, `DENY`, `COND` or `UNK`, and whether an unread document could still change it (ux.md section 2).
    pub fn verdict(&self) -> (&'static str, bool) {
        let certain = self.explanation.certain;
        match self.explanation.answer.decision {
            Decision::Allowed => ("allow", certain),
            Decision::ExplicitDeny | Decision::ImplicitDeny => ("deny", certain),
            Decision::Depends => ("cond", certain),
            Decision::Error => ("unk", false),
        }
    }
}

/// Asks. `given` are context keys that the user sets. `resource` is an ARN, or empty or `*` for none or any.
pub fn ask(
    estate: &Estate,
    documents: &Documents,
    caller: Caller,
    action: &str,
    resource: &str,
    given: &[(String, String)],
) -> Answer {
    let inventory = &estate.inventory;
    let origin = Origin {
        source: caller.identity.as_ref().map(|it| it.identity.source),
        cluster: estate.cluster(&caller.key.scope).map(|it| &**it),
        namespace: caller.namespace.as_ref(),
        service_account: caller.service_account.as_ref(),
        association: caller.association.as_deref(),
    };
    let mut session = Session::new(inventory, documents, &caller.role, origin);
    session.at_resource(inventory, documents, resource);
    for (key, value) in given {
        session.give(key, value);
    }
    let catalogue = Catalogue::bundled();
    let known = catalogue.find(action).map(|id| catalogue.action(id));
    let resource_kind = match (resource, &known) {
        ("" | "*", Some(action)) if action.wildcard_only() => Resource::None,
        ("" | "*", _) => Resource::Any,
        (arn, _) => Resource::Arn(arn.into()),
    };
    let request = Request {
        principal: session.principal.clone(),
        action: Action::new(action),
        resource: resource_kind,
        resource_account: crate::model::Arn::parse(resource)
            .and_then(|arn| super::session::resource_account(inventory, &session.principal, arn)),
        context: session.context,
    };
    let facts = Facts { rcp_service: known.map(|action| action.service().supports_rcp()) };
    let mut explanation = iam_explain(&request, &session.policies, facts, session.unread);
    explanation.lead(caller_step(), trust_step(&caller));
    let resource = if resource.is_empty() { "*" } else { resource };
    Answer { caller, action: action.to_owned(), resource: resource.to_owned(), explanation, assumed: session.assumed }
}

fn caller_step() -> Step {
    Step { kind: StepKind::Caller, result: StepResult::Allow, reasons: Vec::new() }
}

/// Whether the container really becomes the role: what its identity says.
fn trust_step(caller: &Caller) -> Step {
    let result = match caller.identity.as_ref().map(|it| it.verdict) {
        None => StepResult::None,
        Some(Verdict::Works | Verdict::FallsBack) => StepResult::Allow,
        Some(Verdict::Broken | Verdict::None) => StepResult::Deny,
        Some(Verdict::Unknown) => StepResult::Unread,
    };
    Step { kind: StepKind::Trust, result, reasons: Vec::new() }
}

/// The truth of an answer, for conditions of the command line.
pub fn truth(answer: &Answer) -> Truth {
    answer.explanation.answer.decision.truth()
}
