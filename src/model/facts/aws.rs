//! Facts of an account outside IAM: who asked, and what its organisation and its resources say.

use crate::base::Name;

use super::iam::PolicyText;
use super::meta::Origin;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallerIdentity {
    pub account: Name,
    pub arn: Name,
}

/// A policy of the organisation, from `describe-policy`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrganizationPolicy {
    pub id: Name,
    pub name: Name,
    pub kind: OrganizationPolicyKind,
    /// `None` when only its summary was read.
    pub text: Option<PolicyText>,
    pub origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OrganizationPolicyKind {
    ServiceControl,
    ResourceControl,
    Other(Name),
}

/// Which policies hang on one root, unit or account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TargetPolicies {
    /// Id of the target; empty for the account of the directory itself.
    pub target: Name,
    /// Ids and kinds of the policies.
    pub policies: Vec<(Name, OrganizationPolicyKind)>,
}

/// One step up the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parent {
    pub child: Name,
    pub id: Name,
    /// `ROOT` or `ORGANIZATIONAL_UNIT`.
    pub kind: Name,
}

/// Policy of a bucket, key, queue or other resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourcePolicy {
    pub arn: Name,
    /// `None`: it was read and there is none.
    pub text: Option<PolicyText>,
    /// The customer key that encrypts it.
    pub kms_key: Option<Name>,
    pub origin: Origin,
}
