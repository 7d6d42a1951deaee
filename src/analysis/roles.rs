//! What each role may do, summed up, and who may take it: the rows of `list roles`.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::base::Name;
use crate::iam::access::{Access, Summaries};
use crate::iam::catalogue::Catalogue;
use crate::iam::policies::Policy;
use crate::iam::principal::PrincipalPattern;
use crate::iam::privilege::{Attachments, Class, Judgement, Privilege};
use crate::iam::{Document, Effect};
use crate::identity::documents::Documents;
use crate::model::facts::iam::Role;
use crate::model::{EntityKey, Inventory, Lookup};

use super::session::{Origin, Session, is_personal};

/// One role, summed up.
#[derive(Clone, Debug)]
pub struct Summary {
    pub role: Arc<Role>,
    pub class: Class,
    /// The class hangs on nothing that is not known.
    pub certain: bool,
    pub access: Access,
    /// Statements of the identity policies.
    pub statements: usize,
    /// Who the trust policy lets in, by kind, sorted: `irsa`, `pod-identity`, `oidc`, `saml`, `aws`, `anyone`, `deleted`,
    /// or the first part of a service's name. `unknown` when the trust policy was not read or does not parse.
    pub trusted_by: Vec<String>,
}

/// All roles of all accounts, by account and name. Documents that roles share are looked at once; uses all cores.
pub fn all(inventory: &Inventory) -> Vec<Summary> {
    let roles: Vec<&Arc<Role>> = inventory.accounts.values().flat_map(|account| account.roles.iter()).collect();
    let documents = Documents::default();
    let sessions: Vec<Session> =
        roles.par_iter().map(|role| Session::new(inventory, &documents, role, Origin::default())).collect();
    let catalogue = Catalogue::bundled();
    let every = sessions.iter().flat_map(|session| session.policies.iter().map(|(.., policy)| &policy.document));
    let summaries = Summaries::new(catalogue, every);
    let classes = Classes::default();
    roles
        .into_par_iter()
        .zip(&sessions)
        .map(|(role, session)| summary(inventory, &documents, &summaries, &classes, role, session))
        .collect()
}

/// What some roles may do, in their order; `None` for those that were not read. Documents that they share are looked at
/// once; uses all cores.
pub fn access(inventory: &Inventory, keys: &[EntityKey]) -> Vec<Option<Access>> {
    let documents = Documents::default();
    let session = |key: &EntityKey| match inventory.accounts.get(&key.scope).map(|it| it.role(&key.name)) {
        Some(Lookup::Found(role)) => Some(Session::new(inventory, &documents, role, Origin::default())),
        _ => None,
    };
    let sessions: Vec<Option<Session>> = keys.par_iter().map(session).collect();
    let every = sessions.iter().flatten().flat_map(|it| it.policies.iter().map(|(.., policy)| &policy.document));
    let summaries = Summaries::new(Catalogue::bundled(), every);
    let access = |it: &Session| summaries.access(&it.principal, &it.policies, &it.context);
    sessions.par_iter().map(|it| it.as_ref().map(access)).collect()
}

/// One role alone.
pub fn one(inventory: &Inventory, documents: &Documents, role: &Arc<Role>) -> Summary {
    let session = Session::new(inventory, documents, role, Origin::default());
    let every = session.policies.iter().map(|(.., policy)| &policy.document);
    let summaries = Summaries::new(Catalogue::bundled(), every);
    summary(inventory, documents, &summaries, &Classes::default(), role, &session)
}

fn summary(
    inventory: &Inventory,
    documents: &Documents,
    summaries: &Summaries<'_>,
    classes: &Classes,
    role: &Arc<Role>,
    session: &Session,
) -> Summary {
    let Session { principal, policies, context, unread, .. } = session;
    let mut access = summaries.access(principal, policies, context);
    access.incomplete |= unread.identity;
    let Privilege { class, certain, .. } = classes.of_session(inventory, role, session, !access.is_none());
    Summary {
        role: Arc::clone(role),
        class,
        certain: certain && !unread.identity,
        access,
        statements: policies.identity.iter().map(|policy| policy.document.statements.len()).sum(),
        trusted_by: match &role.trust {
            Some(_) => trusted_by(&documents.trust(role).document),
            None => vec!["unknown".to_owned()],
        },
    }
}

/// The classes of many roles. Roles that nothing tells apart are judged once: ten thousand roles have a few hundred sets
/// of documents.
#[derive(Debug, Default)]
pub struct Classes {
    judged: RwLock<FxHashMap<Alike, Arc<Judgement<'static>>>>,
}

/// What decides the class of a role whose documents do not look at their holder, up to its steps on itself.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Alike {
    account: Name,
    identity: Vec<Shared>,
    boundary: Option<Shared>,
}

/// A document by its place in memory, which it keeps: equal texts are parsed once.
#[derive(Debug)]
struct Shared(Arc<Document>);

impl PartialEq for Shared {
    fn eq(&self, other: &Shared) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Shared {}

impl Hash for Shared {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl Classes {
    /// The class of a role and what made it, without the summary of its access: a role with any statement counts as
    /// having some.
    pub fn of(&self, inventory: &Inventory, documents: &Documents, role: &Role) -> Privilege {
        let session = Session::new(inventory, documents, role, Origin::default());
        let has_access = session.policies.identity.iter().any(|policy| !policy.document.statements.is_empty());
        self.of_session(inventory, role, &session, has_access)
    }

    fn of_session(&self, inventory: &Inventory, role: &Role, session: &Session, has_access: bool) -> Privilege {
        let judgement = self.judgement(session, has_access);
        let customer: Vec<Name> = role.attached.iter().filter(|arn| !arn.contains(":iam::aws:")).cloned().collect();
        let versioned: Vec<Name> = customer.iter().filter(|arn| has_versions(inventory, role, arn)).cloned().collect();
        let attachments = Attachments { customer_policies: &customer, versioned_policies: &versioned };
        judgement.of(&session.principal, attachments)
    }

    fn judgement(&self, session: &Session, has_access: bool) -> Arc<Judgement<'static>> {
        let Session { principal, policies, context, .. } = session;
        let judge = || Arc::new(Judgement::new(Catalogue::bundled(), principal, policies, context, has_access));
        let Some(alike) = alike(session) else { return judge() };
        if let Some(known) = self.judged.read().unwrap_or_else(PoisonError::into_inner).get(&alike) {
            return Arc::clone(known);
        }
        let judgement = judge();
        self.judged.write().unwrap_or_else(PoisonError::into_inner).insert(alike, Arc::clone(&judgement));
        judgement
    }
}

/// `None` when the documents may tell this role from others, by keys of the caller.
fn alike(session: &Session) -> Option<Alike> {
    let policies = &session.policies;
    let personal = |policy: &Policy| policy.document.statements.iter().any(is_personal);
    if session.principal.is_service_linked() || policies.iter().any(|(.., policy)| personal(policy)) {
        return None;
    }
    let shared = |policy: &Policy| Shared(Arc::clone(&policy.document));
    Some(Alike {
        account: session.principal.account()?.into(),
        identity: policies.identity.iter().map(shared).collect(),
        boundary: policies.boundary.as_ref().map(shared),
    })
}

fn has_versions(inventory: &Inventory, role: &Role, arn: &str) -> bool {
    match inventory.accounts.get(&role.account).map(|account| account.policy(arn)) {
        Some(Lookup::Found(policy)) => policy.versions.len() > 1,
        _ => false,
    }
}

/// Kinds of principals that some Allow of a trust policy names.
pub fn trusted_by(trust: &Document) -> Vec<String> {
    let mut kinds = Vec::new();
    if trust.damage == crate::iam::document::Damage::Unreadable {
        kinds.push("unknown".to_owned());
    }
    for statement in trust.statements.iter().filter(|it| it.effect == Some(Effect::Allow)) {
        let Some(principals) = &statement.principals else { continue };
        if principals.negated {
            kinds.push("anyone".to_owned());
            continue;
        }
        kinds.extend(principals.entries.iter().map(|entry| kind_of(&entry.value)));
    }
    kinds.sort();
    kinds.dedup();
    kinds
}

fn kind_of(pattern: &PrincipalPattern) -> String {
    match pattern {
        PrincipalPattern::Everyone => "anyone".into(),
        PrincipalPattern::Account(_)
        | PrincipalPattern::User(_)
        | PrincipalPattern::Role(_)
        | PrincipalPattern::Session { .. }
        | PrincipalPattern::FederatedUser(_)
        | PrincipalPattern::Canonical(_) => "aws".into(),
        PrincipalPattern::Service(name) if name == "pods.eks.amazonaws.com" => "pod-identity".into(),
        PrincipalPattern::Service(name) => name.split('.').next().unwrap_or(name).to_owned(),
        PrincipalPattern::AnyService => "any-service".into(),
        PrincipalPattern::Federated(provider) if provider.contains(":oidc-provider/oidc.eks.") => "irsa".into(),
        PrincipalPattern::Federated(provider) if provider.contains(":saml-provider/") => "saml".into(),
        PrincipalPattern::Federated(_) => "oidc".into(),
        PrincipalPattern::AnyFederated => "any-federated".into(),
        PrincipalPattern::Deleted(_) => "deleted".into(),
        PrincipalPattern::Other(_) => "other".into(),
    }
}
