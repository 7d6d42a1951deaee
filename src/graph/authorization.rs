//! Who may do what in one cluster: subjects, what they are granted, and the powers that follow (R139 to R176).
//!
//! [`of`] resolves bindings, access entries and `aws-auth` of a cluster once. A role is read once however many bindings
//! name it. What was not read is never "no": a role that is not there leaves its grants open, a list that is not whole
//! leaves absence open.

mod access_policy;
mod aws_auth;
mod grant;
mod held;
mod mapping;
mod question;
mod resolve;
mod subject;

use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::model::SourceId;
use crate::rbac::Power;
use crate::rbac::rights::Circumstances;

pub use grant::{Grant, GrantedRole, Origin, Scope};
pub use mapping::{Ineffective, Mapping, MappingOrigin};
pub use question::{Answer, SubjectAnswer, Use};
pub use resolve::of;
pub use subject::{ANONYMOUS, AUTHENTICATED, MASTERS, SERVICE_ACCOUNTS, Subject, UNAUTHENTICATED};

/// Everything that decides who may do what in one cluster.
#[derive(Clone, Debug, Default)]
pub struct Authorization {
    pub cluster: Name,
    /// Sorted by subject, then in the order of the lists they come from.
    pub grants: Vec<Grant>,
    pub roles: Vec<GrantedRole>,
    /// Access entries, then `aws-auth`, in written order.
    pub mappings: Vec<Mapping>,
    /// Powers of every subject that a grant names, beyond those it has through an implied group: worst first, then by
    /// subject and scope.
    pub powers: Vec<HeldPower>,
    /// Sources that could add grants and were not read whole, sorted.
    pub missing: Vec<SourceId>,
    /// In mode `CONFIG_MAP` whoever created the cluster is in `system:masters`, and in no listing (R175).
    pub hidden_creator: Truth,
    pub circumstances: Circumstances,
    /// The cluster goes by `aws-auth`, and a part of the map is no YAML of the expected form: whom it maps is left out.
    pub damaged_map: bool,
    by_subject: FxHashMap<Subject, Vec<usize>>,
    powers_by_subject: FxHashMap<Subject, Vec<usize>>,
}

/// A power that a subject holds in a scope over one kind of object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPower {
    pub subject: Subject,
    pub power: Power,
    /// The kind of object: `serviceaccounts`, `users`, `clusterroles`, ... ([`crate::rbac::Way::object`]).
    pub object: &'static str,
    /// `Cluster`, or one namespace; patterns of access policies are spelled out for the namespaces that exist.
    pub scope: Scope,
    /// `None`: over any object. Else only over these, sorted.
    pub names: Option<Vec<Name>>,
    /// Never `No`.
    pub certainty: Truth,
    /// Where in [`Authorization::grants`] the grants stand that give it.
    pub grants: Vec<usize>,
}

impl Authorization {
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    pub fn powers(&self) -> &[HeldPower] {
        &self.powers
    }

    /// Every subject that a grant names, sorted.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        let mut last = None;
        self.grants.iter().map(|grant| &grant.subject).filter(move |subject| last.replace(*subject) != Some(*subject))
    }

    /// Numbers of the grants that name a subject itself.
    pub fn grants_of(&self, subject: &Subject) -> &[usize] {
        self.by_subject.get(subject).map_or(&[], Vec::as_slice)
    }

    /// Powers of a subject: its own and those of the groups it is in by being itself (R139). Of an IAM principal the
    /// groups it is mapped to count as its own. Cost: the powers it holds.
    pub fn powers_of(&self, subject: &Subject) -> impl Iterator<Item = &HeldPower> {
        let mut numbers: Vec<usize> = self.powers_by_subject.get(subject).cloned().unwrap_or_default();
        for other in subject.implied() {
            numbers.extend(self.powers_by_subject.get(&other).into_iter().flatten());
        }
        numbers.sort_unstable();
        numbers.into_iter().map(|number| &self.powers[number])
    }

    fn hold(&mut self, powers: Vec<HeldPower>) {
        for (number, held) in powers.iter().enumerate() {
            self.powers_by_subject.entry(held.subject.clone()).or_default().push(number);
        }
        self.powers = powers;
    }

    /// Grants of roles that were not read: any right may be among theirs, and no power is listed for them.
    pub fn unread(&self) -> impl Iterator<Item = (usize, &Grant)> {
        self.grants.iter().enumerate().filter(|(_, grant)| self.roles[grant.role].rules.is_none())
    }
}
