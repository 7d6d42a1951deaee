//! One rule of a Role or ClusterRole, as stored.

use crate::base::Name;

/// Grants every verb on every resource of every group that it lists, or every verb on every URL.
///
/// Rules only add; nothing in RBAC takes a right away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rule {
    pub verbs: Vec<Name>,
    /// Empty text is the core group.
    pub api_groups: Vec<Name>,
    /// `pods`, `pods/exec`, `*/exec` or `*`.
    pub resources: Vec<Name>,
    /// Empty: any object. Else only objects of these names (R141).
    pub resource_names: Vec<Name>,
    /// `nonResourceURLs`, such as `/metrics` or `/healthz/*`.
    pub urls: Vec<Name>,
}
