//! What each role may do, summed up, and who may take it: the rows of `list roles`.

use std::sync::Arc;

use rayon::prelude::*;

use crate::base::Name;
use crate::iam::access::{Access, Summaries};
use crate::iam::catalogue::Catalogue;
use crate::iam::principal::PrincipalPattern;
use crate::iam::privilege::{Attachments, Class, Privilege, privilege};
use crate::iam::{Document, Effect};
use crate::identity::documents::Documents;
use crate::model::facts::iam::Role;
use crate::model::{EntityKey, Inventory, Lookup};

use super::session::{Origin, Session};

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
    roles
        .into_par_iter()
        .zip(&sessions)
        .map(|(role, session)| summary(inventory, &documents, &summaries, role, session))
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
    summary(inventory, documents, &summaries, role, &session)
}

fn summary(
    inventory: &Inventory,
    documents: &Documents,
    summaries: &Summaries<'_>,
    role: &Arc<Role>,
    session: &Session,
) -> Summary {
    let Session { principal, policies, context, unread, .. } = session;
    let mut access = summaries.access(principal, policies, context);
    access.incomplete |= unread.identity;
    let Privilege { class, certain, .. } = judged(inventory, role, session, !access.is_none());
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

/// The class of one role and what made it, without the summary of its access: a role with any statement counts as having
/// some.
pub fn privilege_of(inventory: &Inventory, documents: &Documents, role: &Role) -> Privilege {
    let session = Session::new(inventory, documents, role, Origin::default());
    let has_access = session.policies.identity.iter().any(|policy| !policy.document.statements.is_empty());
    judged(inventory, role, &session, has_access)
}

fn judged(inventory: &Inventory, role: &Role, session: &Session, has_access: bool) -> Privilege {
    let Session { principal, policies, context, .. } = session;
    let customer: Vec<Name> = role.attached.iter().filter(|arn| !arn.contains(":iam::aws:")).cloned().collect();
    let versioned: Vec<Name> = customer.iter().filter(|arn| has_versions(inventory, role, arn)).cloned().collect();
    let attachments = Attachments { customer_policies: &customer, versioned_policies: &versioned };
    privilege(Catalogue::bundled(), principal, policies, context, attachments, has_access)
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
