//! What each role and IAM user can gain beyond what it has (iam-evaluation.md section 11, R177 to R190).
//!
//! [`gains`] asks the table of [`crate::iam::escalation`] of every principal of the inventory; the policy engine answers,
//! there is no second evaluator. One gain is one step: chains of them are walked over the graph.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::iam::escalation::Technique;
use crate::model::{EntityKey, Inventory};

/// One thing that a principal can bring about by one technique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gain {
    /// A role or an IAM user.
    pub from: EntityKey,
    pub technique: &'static Technique,
    pub to: Gained,
    /// Never `No`. `Unknown` when it hangs on condition keys, on what could not be read, or on what `needs` names.
    pub certainty: Truth,
    /// Lower-case condition keys on which it hangs, sorted.
    pub keys: Arc<[Name]>,
    /// What must exist and is in no input, such as "a Lambda function with a role". Empty when nothing is missing.
    pub needs: Arc<[Name]>,
}

/// What is gained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gained {
    /// The account with everything in it: the principal can make itself its administrator, or be one through another.
    Account {
        account: Name,
        /// Roles or users that it goes through; none when the principal changes itself.
        through: Option<Targets>,
    },
    /// Whatever the boundary and the SCPs over this principal (itself or another) leave.
    Ceiling { of: EntityKey },
    /// More than it has and less than everything: what a Deny or an older version keeps from it now.
    More { of: EntityKey },
    /// Each of these roles.
    Roles(Targets),
    /// One of these roles, whichever an existing thing runs as; or, where not all roles were read, one that trusts the
    /// service.
    SomeRole { service: Name, among: Targets },
    /// Each of these IAM users.
    Users(Targets),
    /// What each of these users may do in one service.
    UsersInService(Targets),
    /// What these IAM groups have.
    Groups(Targets),
    /// Each of these nodes, and all that runs there.
    Nodes(Targets),
    /// A cluster with everything in it; its label.
    Cluster(Name),
    /// Each of these roles for a pod of a service account of one's choice in the cluster (R178). Worth something to who
    /// runs a pod there.
    Association { cluster: Name, roles: Targets },
    /// Other accounts of the organisation.
    Organization,
    /// Data of this kind, by writing the policy of the resource: "S3 bucket".
    Data(&'static str),
}

/// Things that several principals gain alike: a shared set, less those that add nothing to the one principal.
#[derive(Clone, Debug)]
pub struct Targets {
    all: Arc<[EntityKey]>,
    /// Places in `all`, sorted.
    without: Arc<[u32]>,
}

impl Targets {
    /// The set that is shared. [`Arc::ptr_eq`] tells whether two principals gain from the same one.
    pub fn shared(&self) -> &Arc<[EntityKey]> {
        &self.all
    }

    /// What is in the shared set and not meant here, in order: the principal itself, and what adds nothing to it.
    pub fn left_out(&self) -> impl Iterator<Item = &EntityKey> {
        self.without.iter().filter_map(|at| self.all.get(*at as usize))
    }

    /// What is gained, by key.
    pub fn iter(&self) -> impl Iterator<Item = &EntityKey> {
        let mut without = self.without.iter().copied().peekable();
        self.all
            .iter()
            .enumerate()
            .filter(move |(at, _)| without.next_if(|it| *it as usize == *at).is_none())
            .map(|(_, key)| key)
    }

    pub fn len(&self) -> usize {
        self.all.len() - self.without.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn contains(&self, key: &EntityKey) -> bool {
        match self.all.binary_search(key) {
            Ok(at) => !self.without.iter().any(|it| *it as usize == at),
            Err(_) => false,
        }
    }
}

impl PartialEq for Targets {
    fn eq(&self, other: &Targets) -> bool {
        (Arc::ptr_eq(&self.all, &other.all) && self.without == other.without) || self.iter().eq(other.iter())
    }
}

impl Eq for Targets {}

/// A statement that makes a gain possible, or keeps it open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The step that it decides.
    pub action: &'static str,
    /// The ARN that was asked about, or `*`.
    pub resource: Name,
    /// The role, user, group, policy or SCP whose document says it.
    pub object: EntityKey,
    /// `identity`, `boundary`, `scp`, `rcp` or `resource` (a trust policy).
    pub layer: crate::iam::Layer,
    /// Name of the policy, as the layer lists it.
    pub policy: Name,
    pub statement: usize,
    pub sid: Option<Name>,
    pub effect: crate::iam::Effect,
}

/// All gains of all principals.
#[derive(Clone, Debug, Default)]
pub struct Gains {
    all: Vec<Gain>,
    by_principal: FxHashMap<EntityKey, Range<u32>>,
    administrators: FxHashMap<EntityKey, Truth>,
}

impl Gains {
    /// By principal; of one principal the cheapest first: certain ones, then fewest needs and steps, then by number.
    pub fn all(&self) -> &[Gain] {
        &self.all
    }

    /// Gains of one role or user, cheapest first.
    pub fn of(&self, principal: &EntityKey) -> &[Gain] {
        let range = self.by_principal.get(principal).cloned().unwrap_or_default();
        self.all.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// Whether the principal is an administrator of its account as it is. Those have no gains: there is nothing to add
    /// within the account.
    pub fn is_administrator(&self, principal: &EntityKey) -> Truth {
        self.administrators.get(principal).copied().unwrap_or(Truth::No)
    }

    /// Every administrator, in no order. `Unknown`: hangs on conditions, or on documents that were not read.
    pub fn administrators(&self) -> impl Iterator<Item = (&EntityKey, Truth)> {
        self.administrators.iter().map(|(key, truth)| (key, *truth))
    }
}

/// All gains of all roles and users of all accounts. Uses all cores.
pub fn gains(_inventory: &Inventory) -> Gains {
    Gains::default()
}

/// The statements behind a gain, step by step in the order of the technique; for a gain of several targets those of
/// `target`, or of the first one. Cost: a few decisions.
pub fn proofs(_inventory: &Inventory, _gain: &Gain, _target: Option<&EntityKey>) -> Vec<Proof> {
    Vec::new()
}
