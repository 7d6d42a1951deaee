//! IAM roles, users, groups, policies and identity providers of one account.

use jiff::Timestamp;

use crate::base::Name;

use super::meta::{Labels, Origin};

/// Text of a policy document: JSON as it was stored, percent-encoding undone (P1). Equal texts are shared.
pub type PolicyText = Name;

/// A document with the name it is known by in its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NamedPolicy {
    pub name: Name,
    pub text: PolicyText,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Role {
    pub account: Name,
    pub name: Name,
    /// With slashes at both ends, such as `/team/`.
    pub path: Name,
    pub arn: Name,
    /// `AROA…`
    pub id: Name,
    pub created: Option<Timestamp>,
    /// `None` when the answer carried none.
    pub trust: Option<PolicyText>,
    pub inline: Vec<NamedPolicy>,
    /// ARNs of attached managed policies.
    pub attached: Vec<Name>,
    /// ARN of the permissions boundary.
    pub boundary: Option<Name>,
    pub last_used: Option<LastUsed>,
    /// Seconds.
    pub max_session: Option<i64>,
    pub tags: Labels,
    pub instance_profiles: Vec<Name>,
    pub origin: Origin,
}

/// `RoleLastUsed`; an empty object means never within the tracking window.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LastUsed {
    pub at: Option<Timestamp>,
    pub region: Name,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct User {
    pub account: Name,
    pub name: Name,
    pub path: Name,
    pub arn: Name,
    pub id: Name,
    pub created: Option<Timestamp>,
    pub inline: Vec<NamedPolicy>,
    pub attached: Vec<Name>,
    pub groups: Vec<Name>,
    pub boundary: Option<Name>,
    pub tags: Labels,
    pub origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    pub account: Name,
    pub name: Name,
    pub path: Name,
    pub arn: Name,
    pub id: Name,
    pub inline: Vec<NamedPolicy>,
    pub attached: Vec<Name>,
    pub origin: Origin,
}

/// A managed policy, the account's own or AWS's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    pub account: Name,
    pub name: Name,
    pub path: Name,
    pub arn: Name,
    /// `v3`
    pub default_version: Name,
    pub versions: Vec<PolicyVersion>,
    /// `None` when the answer carried none.
    pub attachments: Option<i64>,
    pub created: Option<Timestamp>,
    pub updated: Option<Timestamp>,
    pub origin: Origin,
}

impl Policy {
    /// The document that counts. `None` when its version was not in the answer.
    pub fn default_text(&self) -> Option<&PolicyText> {
        let by_id = self.versions.iter().find(|version| version.id == self.default_version);
        by_id.or_else(|| self.versions.iter().find(|version| version.is_default)).map(|version| &version.text)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PolicyVersion {
    pub id: Name,
    pub text: PolicyText,
    pub is_default: bool,
    pub created: Option<Timestamp>,
}

/// An IAM OIDC provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Provider {
    pub account: Name,
    pub arn: Name,
    /// Host and path of the issuer, without `https://` and without a slash at the end (R2).
    pub url: Name,
    /// `None` when only the list was read.
    pub client_ids: Option<Vec<Name>>,
    pub created: Option<Timestamp>,
    pub origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InstanceProfile {
    pub account: Name,
    pub name: Name,
    pub arn: Name,
    /// ARNs; at most one today.
    pub roles: Vec<Name>,
    pub origin: Origin,
}
