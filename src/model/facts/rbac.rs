//! Roles and bindings of Kubernetes RBAC, as stored.

use std::sync::Arc;

use crate::base::Name;
use crate::rbac::Rule;

use super::meta::{Meta, Selector};

/// A Role or ClusterRole; which of the two says the list it stands in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RbacRole {
    pub meta: Meta,
    pub rules: Arc<[Rule]>,
    /// `aggregationRule.clusterRoleSelectors`.
    pub aggregation: Vec<Selector>,
}

/// A RoleBinding or ClusterRoleBinding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Binding {
    pub meta: Meta,
    /// `Role` or `ClusterRole`.
    pub role_kind: Name,
    pub role_name: Name,
    pub subjects: Vec<Subject>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: Name,
    /// Only for service accounts; empty where the binding names none.
    pub namespace: Name,
    pub name: Name,
}
