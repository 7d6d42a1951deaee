//! Roles and bindings of Kubernetes RBAC, as stored.

use std::sync::Arc;

use crate::base::Name;

use super::meta::{Meta, Selector};

/// A Role or ClusterRole; which of the two says the list it stands in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RbacRole {
    pub meta: Meta,
    pub rules: Arc<[PolicyRule]>,
    /// `aggregationRule.clusterRoleSelectors`.
    pub aggregation: Vec<Selector>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PolicyRule {
    pub verbs: Vec<Name>,
    pub api_groups: Vec<Name>,
    pub resources: Vec<Name>,
    pub resource_names: Vec<Name>,
    pub urls: Vec<Name>,
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
