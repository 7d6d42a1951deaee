//! Ways to gain more than one has, as a table (iam-evaluation.md section 11). Data only: `graph::escalation` asks it of
//! an inventory.
//!
//! One row is one set of rights that is enough; a technique that can be had in several ways has several rows of one
//! number. To add one: put a row into the file of its group below; the tests of the table say what is missing.

mod table;

use std::sync::LazyLock;

use crate::iam::catalogue::{ActionId, Catalogue};

/// One way: who holds all of `steps` can bring about `gives`, if what `needs` names exists.
#[derive(Debug, PartialEq, Eq)]
pub struct Technique {
    /// The number in iam-evaluation.md section 11; 0 for the moves of its last paragraph, which widen access to data.
    pub number: u8,
    /// What the principal does, as the end of a sentence: "puts code into a new Lambda function".
    pub title: &'static str,
    /// Ids in the catalogue of pathfinding.cloud.
    pub pathfinding: &'static [&'static str],
    /// Every one must be allowed. The order is that of the attack.
    pub steps: &'static [Step],
    /// The service principal that must be able to take the passed role, as in the `aws` partition.
    pub service: Option<&'static str>,
    /// What must exist besides and is in no input; the gain is then never certain.
    pub needs: &'static [&'static str],
    pub gives: Gives,
}

/// One right, and the resource that it must cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// As the catalogue writes it.
    pub action: &'static str,
    pub on: On,
}

/// What a right must cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum On {
    /// The principal itself.
    Own,
    /// A customer managed policy attached to the principal, or to a group of a user.
    OwnPolicy,
    /// As [`On::OwnPolicy`], of policies with an older version.
    OwnOldPolicy,
    /// The role that is gained.
    Role,
    /// A customer managed policy attached to the role that is gained.
    RolePolicy,
    /// A trust policy that admits the principal; the right may be spared where the trust names it (rule X2).
    Trust,
    /// The user that is gained.
    User,
    /// A group of the user that is gained or, for the principal itself, one of its own.
    Group,
    /// Any group: one that gives more is chosen.
    OtherGroup,
    /// The cluster.
    Cluster,
    /// The EC2 instance.
    Instance,
    /// Something of the action's resource types in the principal's account, existing or new.
    Some,
}

/// What comes of a technique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gives {
    /// The principal's own policies become what it likes, within the limits that stay.
    Own,
    /// As [`Gives::Own`], with the boundary gone.
    OwnUnbounded,
    /// What its own policies already grant and a Deny of theirs takes away.
    OwnUndenied,
    /// What an older version of its own policy grants.
    OwnOlder,
    /// The role, as it is.
    Role,
    /// The role, with policies of the principal's choosing.
    RoleWithAnything,
    /// A new role with policies of the principal's choosing.
    NewRole,
    /// Every role whose trust admits the service and that may be passed to it.
    PassedRole,
    /// One of the roles that trust the service: whichever the existing thing runs as.
    RunningRole,
    /// The user, as it is.
    User,
    /// The user, with policies of the principal's choosing.
    UserWithAnything,
    /// What the credentials of one service reach as this user.
    UserInService,
    /// What a group has.
    Group,
    /// Roles that trust an identity provider.
    Federated,
    /// The instance: its role, or the node that it is.
    Instance,
    /// The choice of role for any service account of the cluster.
    Association,
    /// Everything in the cluster.
    Cluster,
    /// Accounts of the organisation.
    Organization,
    /// Access to resources of this kind, by a policy that the principal writes.
    Data(&'static str),
}

impl Technique {
    /// All rows by number.
    pub fn all() -> &'static [Technique] {
        static ALL: LazyLock<Vec<Technique>> = LazyLock::new(table::all);
        &ALL
    }

    /// The actions in their order, as reports list them.
    pub fn actions(&self) -> impl Iterator<Item = &'static str> {
        self.steps.iter().map(|step| step.action)
    }

    /// Whether it is of the numbered techniques, which gain identity; the others widen access to data.
    pub fn is_escalation(&self) -> bool {
        self.number > 0
    }
}

/// Every action of the table that the catalogue has, sorted.
pub fn actions(catalogue: &Catalogue) -> Vec<ActionId> {
    let steps = Technique::all().iter().flat_map(|it| it.steps);
    let mut ids: Vec<ActionId> = steps.filter_map(|step| catalogue.find(step.action)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
