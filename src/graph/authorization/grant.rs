//! One grant: a subject gets the rules of a role in a scope, through a binding, an access policy or by name.

use std::fmt;
use std::sync::Arc;

use crate::base::{Name, Truth};
use crate::model::EntityKey;
use crate::rbac::{Rights, Rule};

use super::subject::Subject;

/// A subject gets the rules of a role in a scope.
#[derive(Clone, Debug)]
pub struct Grant {
    pub subject: Subject,
    pub origin: Origin,
    /// Where in [`super::Authorization::mappings`] an IAM principal gets this from; `None` for all other subjects.
    pub mapping: Option<usize>,
    /// The user or group that the IAM principal is mapped to and that the binding names.
    pub through: Option<Subject>,
    /// Where in [`super::Authorization::roles`] the role stands.
    pub role: usize,
    pub scope: Scope,
    /// Never `No`. `Unknown` where the mapping of an IAM principal could be another.
    pub certainty: Truth,
}

/// What makes a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A RoleBinding or ClusterRoleBinding.
    Binding(EntityKey),
    /// An EKS access policy associated with an access entry (R173).
    AccessPolicy,
    /// `system:masters` passes without RBAC (R139).
    Builtin,
}

/// Where a grant holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everywhere, and for what stands outside namespaces.
    Cluster,
    Namespace(Name),
    /// Namespaces that match, present and future; only access policies have such (R173).
    Pattern(Name),
}

impl Scope {
    /// The whole cluster.
    pub fn covers_all(&self) -> bool {
        *self == Scope::Cluster
    }

    /// Whether it reaches a namespace.
    pub fn covers(&self, namespace: &str) -> bool {
        match self {
            Scope::Cluster => true,
            Scope::Namespace(name) => name == namespace,
            Scope::Pattern(pattern) => wildcard(pattern, namespace),
        }
    }
}

/// `*` for the whole cluster, else the namespace or pattern.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Cluster => f.write_str("*"),
            Scope::Namespace(name) | Scope::Pattern(name) => f.write_str(name),
        }
    }
}

/// A role that some grant names, resolved once for all of them.
#[derive(Clone, Debug)]
pub struct GrantedRole {
    /// The Role or ClusterRole; `None` for an access policy and for the built-in group.
    pub key: Option<EntityKey>,
    /// Its name; of an access policy the last part of its ARN.
    pub name: Name,
    /// `None`: not read, so any right may be in it.
    pub rules: Option<Arc<[Rule]>>,
    /// No rule can be missing: false when it was not read, or is aggregated from a list that was not read whole.
    pub whole: bool,
    /// What the rules grant of the permissions that powers need.
    pub rights: Arc<Rights>,
}

/// `*` matches any run of characters.
pub(super) fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|start| text.strip_prefix(start)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(end) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_pattern_matches_runs() {
        assert!(wildcard("dev-*", "dev-a") && wildcard("*", "x") && wildcard("a*b*c", "aXbYc") && wildcard("a", "a"));
        assert!(!wildcard("dev-*", "prod") && !wildcard("a*a", "a") && !wildcard("a", "ab"));
    }
}
