//! Ways to gain more than one has, as a table (iam-evaluation.md section 11). Data only: `graph::escalation` asks it of
//! an inventory.
//!
//! One row is one set of rights that is enough; a technique that can be had in several ways has several rows of one
//! number. To add one: put a row into the file of its group below; the tests say what is wrong with it.

mod compute;
mod identity;
mod place;
mod running;

use crate::iam::catalogue::{ActionId, Catalogue};

/// One way: who holds all of `steps` can bring about `gives`, if what `needs` names exists.
#[derive(Debug, PartialEq, Eq)]
pub struct Technique {
    /// The number in iam-evaluation.md section 11, from 91 on our own; 0 for the moves of its last paragraph, which widen
    /// access to data.
    pub number: u8,
    pub by: By,
    /// What the principal does, as the end of a sentence: "puts code into a new Lambda function".
    pub title: &'static str,
    /// Ids in the catalogue of pathfinding.cloud.
    pub pathfinding: &'static [&'static str],
    /// Every one must be allowed. The order is that of the attack.
    pub steps: &'static [Step],
    /// The service that must be able to take the role, as the `aws` partition names it.
    pub service: Option<&'static str>,
    /// What must exist besides and is in no input; the gain is then never certain.
    pub needs: &'static [&'static str],
    pub gives: Gives,
}

/// Who can use a technique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    Anyone,
    /// It changes the role itself.
    Role,
    /// It changes the user itself, and is no technique of a role.
    User,
}

/// One right, and what it must cover.
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
    /// A customer managed policy that the principal has, from its groups too, with room for a version.
    OwnPolicy,
    /// As [`On::OwnPolicy`], with all five versions taken (section 13).
    OwnFullPolicy,
    /// As [`On::OwnPolicy`], with an older version.
    OwnOldPolicy,
    /// A group that the principal, a user, is in.
    OwnGroup,
    /// The role that is gained.
    Role,
    /// The role that is gained, with an instance profile: the policy covers the role, EC2 takes the profile.
    Profiled,
    /// A customer managed policy of the role that is gained.
    RolePolicy,
    /// The role that is gained, whose trust policy must admit the principal too (rule X2).
    Trust,
    /// The user that is gained.
    User,
    /// A group of the user that is gained.
    UserGroup,
    /// The group that is gained.
    Group,
    /// An identity provider that some role trusts.
    Provider,
    Cluster,
    /// A Pod Identity association of the cluster.
    Association,
    /// The principal's access entry in the cluster, there or yet to be made.
    AccessEntry,
    /// The principal's access entry in the cluster, of type STANDARD, which is there.
    OwnAccessEntry,
    Instance,
    /// Something of each resource type that the action requires, in the principal's account, there or yet to be made.
    Any,
    /// As [`On::Any`], one and the same new role for all steps.
    NewRole,
}

/// What comes of a technique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gives {
    /// The principal's own policies become what it likes, within the limits that stay.
    Own,
    /// What its own policies grant without the boundary.
    OwnUnbounded,
    /// What its own policies grant without a Deny of theirs.
    OwnUndenied,
    /// What an older version of its own policy grants.
    OwnOlder,
    /// What its own policies grant to a principal of other tags.
    OwnTagged,
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
    /// Roles that trust the identity provider.
    Federated,
    /// The instance: its role, and the node that it is.
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
    /// All rows, by group; of one number next to each other.
    pub fn all() -> impl Iterator<Item = &'static Technique> {
        [identity::ROWS, compute::ROWS, running::ROWS, place::ROWS].into_iter().flatten()
    }

    /// The actions in their order, as reports list them.
    pub fn actions(&self) -> impl Iterator<Item = &'static str> {
        self.steps.iter().map(|step| step.action)
    }

    /// Whether it is of the numbered techniques, which gain identity; the others widen access to data.
    pub fn is_escalation(&self) -> bool {
        self.number > 0
    }

    const fn by(mut self, by: By) -> Technique {
        self.by = by;
        self
    }

    const fn to(mut self, service: &'static str) -> Technique {
        self.service = Some(service);
        self
    }

    const fn needing(mut self, needs: &'static [&'static str]) -> Technique {
        self.needs = needs;
        self
    }
}

/// Every action of the table that the catalogue has, sorted.
pub fn actions(catalogue: &Catalogue) -> Vec<ActionId> {
    let steps = Technique::all().flat_map(|it| it.steps);
    let mut ids: Vec<ActionId> = steps.filter_map(|step| catalogue.find(step.action)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

const fn row(
    number: u8,
    title: &'static str,
    pathfinding: &'static [&'static str],
    steps: &'static [Step],
    gives: Gives,
) -> Technique {
    Technique { number, by: By::Anyone, title, pathfinding, steps, service: None, needs: &[], gives }
}

/// A right on something that may be chosen or made.
const fn any(action: &'static str) -> Step {
    Step { action, on: On::Any }
}

const fn on(on: On, action: &'static str) -> Step {
    Step { action, on }
}

const PASS: Step = on(On::Role, "iam:PassRole");

#[cfg(test)]
mod tests;
