//! Who holds rights in a cluster: users, groups, service accounts, and the IAM principals mapped to them.

use std::fmt;

use crate::base::Name;
use crate::model::{Arn, EntityKey, Kind};

pub const MASTERS: &str = "system:masters";
pub const AUTHENTICATED: &str = "system:authenticated";
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
pub const ANONYMOUS: &str = "system:anonymous";
pub const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";

/// One subject, as a binding, access entry or `aws-auth` writes it. Sorted by kind, namespace, name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Group(Name),
    /// An IAM principal by ARN (R172). Roles stand as the entry or map writes them.
    Iam(Name),
    ServiceAccount {
        namespace: Name,
        name: Name,
    },
    User(Name),
}

impl Subject {
    pub fn group(name: &str) -> Subject {
        Subject::Group(name.into())
    }

    pub fn service_account(namespace: &Name, name: &Name) -> Subject {
        Subject::ServiceAccount { namespace: namespace.clone(), name: name.clone() }
    }

    /// `User`, `Group`, `ServiceAccount` or `IAM`.
    pub fn kind(&self) -> &'static str {
        match self {
            Subject::Group(_) => "Group",
            Subject::Iam(_) => "IAM",
            Subject::ServiceAccount { .. } => "ServiceAccount",
            Subject::User(_) => "User",
        }
    }

    /// `None` for all but service accounts.
    pub fn namespace(&self) -> Option<&Name> {
        match self {
            Subject::ServiceAccount { namespace, .. } => Some(namespace),
            _ => None,
        }
    }

    pub fn name(&self) -> &Name {
        match self {
            Subject::Group(name) | Subject::Iam(name) | Subject::User(name) => name,
            Subject::ServiceAccount { name, .. } => name,
        }
    }

    /// Its address. IAM principals stand in their account, all others in the cluster.
    pub fn key(&self, cluster: &Name) -> EntityKey {
        match self {
            Subject::Group(name) => EntityKey::scoped(Kind::Group, cluster, name),
            Subject::User(name) => EntityKey::scoped(Kind::User, cluster, name),
            Subject::ServiceAccount { namespace, name } => {
                EntityKey::namespaced(Kind::ServiceAccount, cluster, namespace, name)
            }
            Subject::Iam(arn) => iam_key(arn),
        }
    }

    /// The subject that an address of this cluster names, when it is one of a kind that can hold rights.
    pub fn from_key(key: &EntityKey) -> Option<Subject> {
        match key.kind {
            Kind::Group => Some(Subject::Group(key.name.clone())),
            Kind::User => Some(Subject::User(key.name.clone())),
            Kind::ServiceAccount => Some(Subject::service_account(&key.namespace, &key.name)),
            _ => None,
        }
    }

    /// Who it is as well, by being itself (R139): the groups of a service account, and `system:authenticated` for
    /// everybody who has a name. Groups that IAM principals are mapped to are in their grants already.
    ///
    /// A group stands for its members: what all of them hold anyway is implied too.
    pub fn implied(&self) -> Vec<Subject> {
        let group = Subject::group;
        match self {
            Subject::ServiceAccount { namespace, name } => vec![
                Subject::User(format!("system:serviceaccount:{namespace}:{name}").into()),
                Subject::Group(format!("{SERVICE_ACCOUNTS}:{namespace}").into()),
                group(SERVICE_ACCOUNTS),
                group(AUTHENTICATED),
            ],
            Subject::User(name) if name == ANONYMOUS => vec![group(UNAUTHENTICATED)],
            Subject::User(name) => {
                match name.strip_prefix("system:serviceaccount:").and_then(|it| it.split_once(':')) {
                    Some((namespace, account)) => vec![
                        Subject::service_account(&namespace.into(), &account.into()),
                        Subject::Group(format!("{SERVICE_ACCOUNTS}:{namespace}").into()),
                        group(SERVICE_ACCOUNTS),
                        group(AUTHENTICATED),
                    ],
                    None => vec![group(AUTHENTICATED)],
                }
            }
            Subject::Group(name) if name == AUTHENTICATED || name == UNAUTHENTICATED => Vec::new(),
            Subject::Group(name) if name.starts_with("system:serviceaccounts:") => {
                vec![group(SERVICE_ACCOUNTS), group(AUTHENTICATED)]
            }
            Subject::Group(_) | Subject::Iam(_) => vec![group(AUTHENTICATED)],
        }
    }
}

/// `ci/deployer`, or the name.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::ServiceAccount { namespace, name } => write!(f, "{namespace}/{name}"),
            other => f.write_str(other.name()),
        }
    }
}

/// The address of an IAM principal: role or user where it is one, else the ARN as a resource.
fn iam_key(arn: &Name) -> EntityKey {
    if let Some(role) = EntityKey::role(arn) {
        return role;
    }
    let user = Arn::parse(arn).filter(|it| it.service == "iam").and_then(|it| {
        let name = it.resource.strip_prefix("user/")?.rsplit('/').next()?;
        (!name.is_empty() && name != "*").then(|| EntityKey::scoped(Kind::IamUser, &it.account.into(), &name.into()))
    });
    user.unwrap_or_else(|| EntityKey::plain(Kind::Resource, arn))
}
