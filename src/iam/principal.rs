//! Who asks, and whom a policy names (rules E3, E4).

use std::fmt;

use crate::base::{Name, Truth};

use super::condition::Condition;
use super::document::Effect;
use super::json::Span;
use super::request::Context;

/// The caller of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A request without credentials.
    Anonymous,
    Root {
        account: Name,
    },
    User {
        account: Name,
        arn: Name,
    },
    /// A role, by any session of it: the session's name is not given.
    Role {
        account: Name,
        arn: Name,
    },
    /// One session of a role. Its ARN does not carry the role's path.
    Session {
        account: Name,
        partition: Name,
        role: Name,
        session: Name,
        arn: Name,
    },
    /// A session of `GetFederationToken`.
    FederatedUser {
        account: Name,
        arn: Name,
    },
    /// An AWS service, by its principal name.
    Service(Name),
    /// A web identity or SAML caller, by the ARN or name of its provider.
    Federated(Name),
}

impl Principal {
    /// Reads the forms of protocols.md section 1; none for text that names no principal.
    pub fn parse(text: &str) -> Option<Principal> {
        let name = Name::new(text);
        if text == "anonymous" {
            return Some(Principal::Anonymous);
        }
        if is_account(text) {
            return Some(Principal::Root { account: name });
        }
        let Some(rest) = text.strip_prefix("arn:") else {
            let host = text.contains('.') && !text.contains([':', '*', '?', ' ']);
            return host.then(|| {
                if text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn") {
                    Principal::Service(name)
                } else {
                    Principal::Federated(name)
                }
            });
        };
        let mut parts = rest.splitn(5, ':');
        let (partition, service, _region, account, resource) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let account = Name::new(account);
        if resource == "root" {
            return Some(Principal::Root { account });
        }
        let (kind, rest) = resource.split_once('/')?;
        match (service, kind) {
            ("iam", "user") => Some(Principal::User { account, arn: name }),
            ("iam", "role") => Some(Principal::Role { account, arn: name }),
            ("iam", "oidc-provider" | "saml-provider") => Some(Principal::Federated(name)),
            ("sts", "federated-user") => Some(Principal::FederatedUser { account, arn: name }),
            ("sts", "assumed-role") => {
                let (role, session) = rest.split_once('/')?;
                Some(Principal::Session {
                    account,
                    partition: Name::new(partition),
                    role: Name::new(role),
                    session: Name::new(session),
                    arn: name,
                })
            }
            _ => None,
        }
    }

    /// The account whose policies bind the caller; none for services, web identities and anonymous callers.
    pub fn account(&self) -> Option<&str> {
        match self {
            Principal::Root { account }
            | Principal::User { account, .. }
            | Principal::Role { account, .. }
            | Principal::Session { account, .. }
            | Principal::FederatedUser { account, .. } => Some(account),
            Principal::Anonymous | Principal::Service(_) | Principal::Federated(_) => None,
        }
    }

    /// Whether this is a role under `aws-service-role/`, which SCPs and RCPs do not bind (rules L2, L3, L9).
    pub fn is_service_linked(&self) -> bool {
        match self {
            Principal::Role { arn, .. } => arn.contains(":role/aws-service-role/"),
            // A session's ARN has no path; the names of these roles are reserved.
            Principal::Session { role, .. } => role.starts_with("AWSServiceRoleFor"),
            _ => false,
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Principal::Anonymous => f.write_str("anonymous"),
            Principal::Root { account } => write!(f, "the root user of {account}"),
            Principal::User { arn, .. }
            | Principal::Role { arn, .. }
            | Principal::Session { arn, .. }
            | Principal::FederatedUser { arn, .. } => f.write_str(arn),
            Principal::Service(name) | Principal::Federated(name) => f.write_str(name),
        }
    }
}

/// One entry of `Principal` or `NotPrincipal`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalPattern {
    /// `"*"` or `{"AWS": "*"}`.
    Everyone,
    /// An account: its id or its root ARN.
    Account(Name),
    User(Name),
    Role(Name),
    Session {
        account: Name,
        partition: Name,
        role: Name,
        session: Name,
    },
    FederatedUser(Name),
    Service(Name),
    /// `{"Service": "*"}`, on which the documents are silent.
    AnyService,
    Federated(Name),
    /// `{"Federated": "*"}`, on which the documents are silent.
    AnyFederated,
    /// An account by its S3 canonical id, which nothing here can translate.
    Canonical(Name),
    /// The unique id that IAM shows for a deleted principal: matches nobody now.
    Deleted(Name),
    /// Another text under `AWS`: matches nobody. Wildcards inside names are no wildcards here.
    Other(Name),
}

/// The keys of a principal map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalType {
    Aws,
    Service,
    Federated,
    CanonicalUser,
}

impl PrincipalType {
    pub fn parse(key: &str) -> Option<PrincipalType> {
        match key {
            "AWS" => Some(PrincipalType::Aws),
            "Service" => Some(PrincipalType::Service),
            "Federated" => Some(PrincipalType::Federated),
            "CanonicalUser" => Some(PrincipalType::CanonicalUser),
            _ => None,
        }
    }
}

impl PrincipalPattern {
    pub fn new(kind: PrincipalType, text: &str) -> PrincipalPattern {
        let name = Name::new(text);
        match kind {
            PrincipalType::Service if text == "*" => PrincipalPattern::AnyService,
            PrincipalType::Service => PrincipalPattern::Service(name),
            PrincipalType::Federated if text == "*" => PrincipalPattern::AnyFederated,
            PrincipalType::Federated => PrincipalPattern::Federated(name),
            PrincipalType::CanonicalUser => PrincipalPattern::Canonical(name),
            PrincipalType::Aws if text == "*" => PrincipalPattern::Everyone,
            // Rule E3: no wildcards inside names.
            PrincipalType::Aws if text.contains(['*', '?']) => PrincipalPattern::Other(name),
            PrincipalType::Aws => match Principal::parse(text) {
                Some(Principal::Root { account }) => PrincipalPattern::Account(account),
                Some(Principal::User { arn, .. }) => PrincipalPattern::User(arn),
                Some(Principal::Role { arn, .. }) => PrincipalPattern::Role(arn),
                Some(Principal::FederatedUser { arn, .. }) => PrincipalPattern::FederatedUser(arn),
                Some(Principal::Session { account, partition, role, session, .. }) => {
                    PrincipalPattern::Session { account, partition, role, session }
                }
                _ if is_unique_id(text) => PrincipalPattern::Deleted(name),
                _ => PrincipalPattern::Other(name),
            },
        }
    }

    /// How the entry names the caller, and how surely.
    pub fn bond(&self, who: &Principal, context: &Context) -> (Bond, Truth) {
        let yes = |bond: Bond, holds: bool| (bond, Truth::from(holds));
        match (self, who) {
            (PrincipalPattern::Everyone, _) => (Bond::Everyone, Truth::Yes),
            // The root user is its account.
            (PrincipalPattern::Account(account), Principal::Root { account: caller }) => {
                yes(Bond::Direct, account == caller)
            }
            (PrincipalPattern::Account(account), who) => yes(Bond::Account, who.account() == Some(account.as_str())),
            (PrincipalPattern::User(arn), Principal::User { arn: caller, .. })
            | (PrincipalPattern::FederatedUser(arn), Principal::FederatedUser { arn: caller, .. }) => {
                yes(Bond::Direct, arn == caller)
            }
            (PrincipalPattern::Role(arn), Principal::Role { arn: caller, .. }) => yes(Bond::Role, arn == caller),
            (PrincipalPattern::Role(arn), Principal::Session { account, partition, role, .. }) => {
                yes(Bond::Role, names_role(arn, partition, account, role))
            }
            (
                PrincipalPattern::Session { account: a, partition: p, role: r, session: s },
                Principal::Session { account, partition, role, session, .. },
            ) => yes(Bond::Direct, (a, p, r, s) == (account, partition, role, session)),
            (PrincipalPattern::Session { account, partition, role, .. }, Principal::Role { arn, .. }) => {
                if !names_role(arn, partition, account, role) {
                    return (Bond::Direct, Truth::No);
                }
                let truth =
                    self.session_condition().map_or(Truth::No, |condition| condition.holds(context, Effect::Allow));
                (Bond::Direct, truth)
            }
            // Some provider names look like service names (`cognito-identity.amazonaws.com`), so either entry may mean it.
            (PrincipalPattern::Service(name), Principal::Service(caller) | Principal::Federated(caller)) => {
                yes(Bond::Direct, name == caller)
            }
            (PrincipalPattern::Federated(name), Principal::Federated(caller) | Principal::Service(caller)) => {
                yes(Bond::Direct, name == caller)
            }
            (PrincipalPattern::AnyService, Principal::Service(_)) => (Bond::Everyone, Truth::Unknown),
            (PrincipalPattern::AnyFederated, Principal::Federated(_)) => (Bond::Everyone, Truth::Unknown),
            // The id stands for an account, perhaps the caller's.
            (PrincipalPattern::Canonical(_), who) if who.account().is_some() => (Bond::Account, Truth::Unknown),
            _ => (Bond::Direct, Truth::No),
        }
    }

    /// What must hold of a session of the role for this entry to name it: its name, which `aws:userid` ends in.
    pub fn session_condition(&self) -> Option<Condition> {
        let PrincipalPattern::Session { session, .. } = self else {
            return None;
        };
        Condition::new("StringLike", "aws:userid", vec![Name::new(&format!("*:{session}"))], false, Span::default())
    }
}

/// By which name a policy means the caller; what then limits the grant differs (rule L7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bond {
    /// The account: only opens the door, identity policies must allow.
    Account,
    /// The role: boundary and session policy still limit.
    Role,
    /// Everybody.
    Everyone,
    /// The user, session, service or provider itself.
    Direct,
}

/// Names of roles are unique in an account whatever their path, and a session's ARN has none.
fn names_role(arn: &str, partition: &str, account: &str, role: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(1);
    parts.next() == Some(partition)
        && parts.nth(2) == Some(account)
        && parts
            .next()
            .is_some_and(|resource| resource.starts_with("role/") && resource.rsplit('/').next() == Some(role))
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_unique_id(text: &str) -> bool {
    text.len() >= 16
        && text.len() <= 128
        && text.starts_with('A')
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bond(pattern: &str, who: &str) -> (Bond, Truth) {
        let who = Principal::parse(who).expect("a principal");
        PrincipalPattern::new(PrincipalType::Aws, pattern).bond(&who, &Context::open())
    }

    #[test]
    fn a_session_belongs_to_its_role_whatever_the_path() {
        let session = "arn:aws:sts::111122223333:assumed-role/app/s1";
        assert_eq!(bond("arn:aws:iam::111122223333:role/team/app", session), (Bond::Role, Truth::Yes));
        assert_eq!(bond(session, session), (Bond::Direct, Truth::Yes));
        assert_eq!(bond("arn:aws:sts::111122223333:assumed-role/app/s2", session), (Bond::Direct, Truth::No));
        assert_eq!(bond("arn:aws:iam::444455556666:role/app", session).1, Truth::No);
        assert_eq!(bond("111122223333", session), (Bond::Account, Truth::Yes));
        // Which session calls is not known; it can be this one.
        assert_eq!(bond(session, "arn:aws:iam::111122223333:role/team/app"), (Bond::Direct, Truth::Unknown));
    }

    #[test]
    fn no_wildcards_inside_names() {
        let role = "arn:aws:iam::111122223333:role/app";
        assert_eq!(bond("arn:aws:iam::111122223333:role/*", role).1, Truth::No);
        assert_eq!(bond("arn:aws:iam::*:root", role).1, Truth::No);
        assert_eq!(bond("AROAEXAMPLEEXAMPLE123", role).1, Truth::No);
        assert_eq!(bond("*", role), (Bond::Everyone, Truth::Yes));
        assert!(Principal::parse("nobody").is_none() && Principal::parse("arn:aws:iam::1").is_none());
    }
}
