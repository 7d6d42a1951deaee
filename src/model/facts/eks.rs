//! What EKS says of a cluster.

use jiff::Timestamp;

use crate::base::Name;

use super::iam::PolicyText;
use super::meta::{Labels, Origin};

/// `describe-cluster`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EksCluster {
    pub name: Name,
    pub arn: Name,
    pub version: Name,
    pub created: Option<Timestamp>,
    pub role: Name,
    /// With its scheme, as stored; empty when the answer has none.
    pub issuer: Name,
    /// `API`, `API_AND_CONFIG_MAP`, `CONFIG_MAP`; empty when not said.
    pub authentication_mode: Name,
    pub endpoint_public: Option<bool>,
    pub endpoint_private: Option<bool>,
    /// `kubernetesNetworkConfig.ipFamily`.
    pub ip_family: Name,
    /// `computeConfig.enabled`: EKS Auto Mode.
    pub auto_mode: bool,
    /// `computeConfig.nodeRoleArn`; empty when none.
    pub auto_node_role: Name,
    pub tags: Labels,
    pub origin: Origin,
}

impl EksCluster {
    /// Host and path of the issuer: the form that providers and condition keys use (R2). Empty when there is none.
    pub fn issuer_path(&self) -> &str {
        // AWS issues under https alone, emulators of it also under http.
        self.issuer.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/')
    }
}

/// A Pod Identity association. A list carries no role; describing does (R75).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Association {
    pub id: Name,
    pub namespace: Name,
    pub service_account: Name,
    /// `None` when only the list was read.
    pub details: Option<AssociationDetails>,
    pub origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AssociationDetails {
    pub role: Name,
    pub target_role: Option<Name>,
    pub external_id: Option<Name>,
    pub disable_session_tags: bool,
    /// Inline session policy (R86).
    pub policy: Option<PolicyText>,
    pub created: Option<Timestamp>,
    pub modified: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccessEntry {
    pub principal: Name,
    /// `None` when only the list was read.
    pub details: Option<AccessEntryDetails>,
    pub origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccessEntryDetails {
    pub username: Name,
    pub groups: Vec<Name>,
    /// `STANDARD`, `EC2_LINUX`, `FARGATE_LINUX`, ...
    pub kind: Name,
    pub created: Option<Timestamp>,
}

/// Access policies of one principal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccessPolicies {
    pub principal: Name,
    pub policies: Vec<AccessPolicy>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccessPolicy {
    pub arn: Name,
    /// Namespaces, with wildcards; `None` means the whole cluster.
    pub namespaces: Option<Vec<Name>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nodegroup {
    pub name: Name,
    /// `None` when only the list was read.
    pub role: Option<Name>,
    pub ami_type: Name,
    pub status: Name,
    pub origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FargateProfile {
    pub name: Name,
    /// Pod execution role, which containers never get (R94). `None` when only the list was read.
    pub role: Option<Name>,
    /// Namespace pattern and labels.
    pub selectors: Vec<(Name, Labels)>,
    pub origin: Origin,
}
