//! Who an IAM principal is in the cluster: access entries and the `aws-auth` map (R172, R173).

use crate::base::{Name, Truth};

use super::subject::Subject;

/// One entry of either list, whether it counts or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The ARN as written; of a mapped account `arn:aws:iam::ACCOUNT:user/*`.
    pub principal: Name,
    /// As written, with templates such as `{{SessionName}}`.
    pub username: Name,
    pub groups: Vec<Name>,
    pub origin: MappingOrigin,
    /// Whether the cluster goes by this entry. `Unknown` when the mode or the list that would override it was not read.
    pub counts: Truth,
    /// Why it does not count, or what leaves it open.
    pub reason: Option<Ineffective>,
}

/// Where a mapping stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingOrigin {
    /// An access entry of this type; empty when only the list was read.
    AccessEntry {
        kind: Name,
    },
    /// `mapRoles[n]` of `aws-auth`.
    MapRoles(usize),
    MapUsers(usize),
    MapAccounts(usize),
}

/// Why an entry does not count, or may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ineffective {
    /// The authentication mode does not read this list.
    Mode,
    /// The mode was not read.
    ModeUnread,
    /// A role with its path in `aws-auth` never matches (R172).
    Path,
    /// An access entry for the same principal wins.
    Overridden,
    /// Access entries were not read, and one could win.
    EntriesUnread,
    /// The access entry was listed but not described: user name and groups are not known.
    NotDescribed,
    /// The ARN is none of a role or user.
    Malformed,
    /// An access entry of a type that needs a principal of the cluster's own account (R173).
    ForeignAccount,
    /// A later entry of the map for the same principal replaces it.
    Replaced,
}

impl Mapping {
    pub fn subject(&self) -> Subject {
        Subject::Iam(self.principal.clone())
    }
}
