//! Those whom the resource's policy names and no roster holds: other accounts, services, providers, everybody.

use crate::analysis::session::Session;
use crate::base::Name;
use crate::iam::document::Effect;
use crate::iam::{Policy, Principal, PrincipalPattern};
use crate::model::{EntityKey, Inventory, Kind, Lookup};

use super::roster::Roster;

/// One of them, ready to be asked; or one that a policy names in a way that nobody here can tell.
pub(super) struct Outsider {
    pub address: Name,
    pub key: Option<EntityKey>,
    pub arn: Option<Name>,
    /// `None` when it is not known whom the policy means.
    pub session: Option<Session>,
}

/// Everybody whom the Allows of a policy name, by address. `owner` is the account of the resource.
pub(super) fn named(inventory: &Inventory, roster: &Roster, policy: &Policy, owner: Option<&str>) -> Vec<Outsider> {
    let mut found: Vec<Outsider> = Vec::new();
    for statement in policy.document.statements.iter().filter(|it| it.effect != Some(Effect::Deny)) {
        let Some(clause) = &statement.principals else { continue };
        let everybody = PrincipalPattern::Everyone;
        let named: Vec<&PrincipalPattern> = if clause.negated { vec![&everybody] } else { clause.values().collect() };
        for pattern in named {
            let Some(outsider) = outsider(inventory, roster, pattern, owner) else { continue };
            if !found.iter().any(|it| it.address == outsider.address) {
                found.push(outsider);
            }
        }
    }
    found.sort_by(|a, b| a.address.cmp(&b.address));
    found
}

/// `None` for those of the roster, and for those who are nobody.
fn outsider(
    inventory: &Inventory,
    roster: &Roster,
    pattern: &PrincipalPattern,
    owner: Option<&str>,
) -> Option<Outsider> {
    let asked = |address: String, key: Option<EntityKey>, arn: Option<&Name>, who: Principal| {
        let session = Session::outsider(inventory, &roster.parsed, who);
        Some(Outsider { address: address.into(), key, arn: arn.cloned(), session: Some(session) })
    };
    match pattern {
        PrincipalPattern::Everyone => asked("*".into(), None, None, Principal::Anonymous),
        // Another account may hand this on to whom it likes, so it is named even when its roles were read.
        PrincipalPattern::Account(account) if owner != Some(account.as_str()) => {
            let root = Name::from(format!("arn:aws:iam::{account}:root"));
            let key = EntityKey::plain(Kind::Resource, &root);
            asked(key.to_string(), Some(key), Some(&root), Principal::Root { account: account.clone() })
        }
        // Its roles and users are asked one by one.
        PrincipalPattern::Account(_) => None,
        PrincipalPattern::Role(arn) => {
            let key = EntityKey::role(arn)?;
            let known = roster.by_key.contains_key(&key) || matches!(inventory.role(arn), Lookup::Absent);
            let account = key.scope.clone();
            let who = Principal::Role { account, arn: arn.clone() };
            if known { None } else { asked(key.to_string(), Some(key), Some(arn), who) }
        }
        PrincipalPattern::Session { account, partition, role, .. } => {
            let arn = Name::from(format!("arn:{partition}:iam::{account}:role/{role}"));
            outsider(inventory, roster, &PrincipalPattern::Role(arn), owner)
        }
        PrincipalPattern::User(arn) => {
            let who = Principal::parse(arn)?;
            let account = who.account()?;
            let key = EntityKey::scoped(Kind::IamUser, &account.into(), &arn.rsplit('/').next()?.into());
            let whole = inventory.accounts.get(account).is_some_and(|it| it.users.is_complete());
            let known = roster.by_key.contains_key(&key) || whole;
            if known { None } else { asked(key.to_string(), Some(key), Some(arn), who) }
        }
        PrincipalPattern::FederatedUser(arn) => {
            asked(EntityKey::plain(Kind::Resource, arn).to_string(), None, Some(arn), Principal::parse(arn)?)
        }
        PrincipalPattern::Service(name) => asked(name.to_string(), None, None, Principal::Service(name.clone())),
        PrincipalPattern::Federated(name) => {
            let address = match name.split_once(":oidc-provider/").or_else(|| name.split_once(":saml-provider/")) {
                Some((head, url)) => format!("provider/{}:{url}", head.rsplit(':').next().unwrap_or_default()),
                None => name.to_string(),
            };
            asked(address, None, Some(name), Principal::Federated(name.clone()))
        }
        PrincipalPattern::AnyService => Some(unclear("every AWS service")),
        PrincipalPattern::AnyFederated => Some(unclear("every identity provider")),
        PrincipalPattern::Canonical(id) => Some(unclear(&format!("canonical user {id}"))),
        // They match nobody (E3).
        PrincipalPattern::Deleted(_) | PrincipalPattern::Other(_) => None,
    }
}

fn unclear(address: &str) -> Outsider {
    Outsider { address: address.into(), key: None, arn: None, session: None }
}
