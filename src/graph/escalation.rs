//! What each role and IAM user can gain beyond what it has (iam-evaluation.md section 11, R177 to R190).
//!
//! [`gains`] asks the table of [`crate::iam::escalation`] of every principal of the inventory; the policy engine answers,
//! there is no second evaluator. One gain is one step: chains of them are walked over the graph.

mod adding;
mod assuming;
mod ground;
mod held;
mod holder;
mod machines;
mod out;
mod own;
mod places;
mod principals;
mod proof;
mod relevant;
mod services;
mod trusts;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::iam::catalogue::ActionId;
use crate::iam::escalation::{By, Gives, On, Technique};
use crate::identity::documents::Documents;
use crate::model::{EntityKey, Inventory};

use ground::Ground;
use held::Held;
use holder::{Holder, Who};
use out::Out;
use principals::{Shared, UserGain};
use relevant::{Mentioned, mentioned};

pub use proof::{Proof, proofs};

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
    /// Whatever a boundary and the SCPs leave, which is less than everything: of these roles or users, of the principal
    /// itself, or of new principals under these boundary policies.
    Ceiling(Targets),
    /// More than the principal has now and less than everything, which stays its own: what a Deny, a boundary, an older
    /// version or a missing tag keeps from it.
    More,
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

impl fmt::Display for Targets {
    /// The first by its address, and how many more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.iter().next(), self.len()) {
            (None, _) => f.write_str("nobody"),
            (Some(first), 1) => write!(f, "{first}"),
            (Some(first), count) => write!(f, "{first} and {} more", count - 1),
        }
    }
}

impl fmt::Display for Gained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gained::Account { account, through: None } => write!(f, "administrator of {account}"),
            Gained::Account { account, through: Some(through) } => {
                write!(f, "administrator of {account} through {through}")
            }
            Gained::Ceiling(of) => write!(f, "all that the boundary leaves to {of}"),
            Gained::More => f.write_str("more than it has"),
            Gained::Roles(targets) | Gained::Users(targets) | Gained::Groups(targets) | Gained::Nodes(targets) => {
                write!(f, "{targets}")
            }
            Gained::SomeRole { service, among } if among.is_empty() => write!(f, "a role that trusts {service}"),
            Gained::SomeRole { among, .. } => write!(f, "one of {among}"),
            Gained::UsersInService(users) => write!(f, "{users} in one service"),
            Gained::Cluster(cluster) => write!(f, "administrator of cluster/{cluster}"),
            Gained::Association { cluster, roles } => write!(f, "{roles} for pods of cluster/{cluster}"),
            Gained::Organization => f.write_str("other accounts of the organisation"),
            Gained::Data(kind) => write!(f, "access to a {kind} by its policy"),
        }
    }
}

/// All gains of all principals.
#[derive(Clone, Debug, Default)]
pub struct Gains {
    all: Vec<Gain>,
    by_principal: FxHashMap<EntityKey, Range<u32>>,
    administrators: FxHashMap<EntityKey, Truth>,
    unread: Vec<EntityKey>,
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

    /// Principals of which a policy could not be read: their gains are at least these, and none is certain.
    pub fn unread(&self) -> &[EntityKey] {
        &self.unread
    }

    /// Every administrator, in no order. `Unknown`: hangs on conditions, or on documents that were not read.
    pub fn administrators(&self) -> impl Iterator<Item = (&EntityKey, Truth)> {
        self.administrators.iter().map(|(key, truth)| (key, *truth))
    }
}

/// All gains of all roles and users of all accounts. Uses all cores; principals whose policies name no action of the
/// table cost a look at their texts.
pub fn gains(inventory: &Inventory) -> Gains {
    gains_where(inventory, &Documents::default(), |_| true)
}

/// As [`gains`], of one role or user alone.
pub fn gains_of(inventory: &Inventory, principal: &EntityKey) -> Gains {
    gains_where(inventory, &Documents::default(), |key| key == principal)
}

/// As [`gains`], of the roles and users that are wanted, with policies that are parsed already.
pub fn gains_where(inventory: &Inventory, documents: &Documents, wanted: impl Fn(&EntityKey) -> bool) -> Gains {
    let ground = Ground::new(inventory, documents);
    let roles = ground.roles.iter().filter(|it| !it.facts.path.starts_with("/aws-service-role/")).map(Who::Role);
    let users = ground.users.iter().map(Who::User);
    let asked: Vec<Who<'_>> = roles.chain(users).filter(|who| wanted(who.key())).collect();
    let found: Vec<(EntityKey, Standing)> = asked
        .into_par_iter()
        .filter_map(|who| Some((who, concerned(&ground, who)?)))
        .map(|(who, actions)| (who.key().clone(), standing(&ground, who, &actions)))
        .collect();
    let mut gains = Gains::default();
    for (key, Standing { administrator, unread, found }) in found {
        if !administrator.is_no() {
            gains.administrators.insert(key.clone(), administrator);
        }
        if unread {
            gains.unread.push(key.clone());
        }
        if !found.is_empty() {
            let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
            let range = count(gains.all.len())..count(gains.all.len() + found.len());
            gains.by_principal.insert(key, range);
            gains.all.extend(found);
        }
    }
    gains
}

/// What one principal is and can become.
struct Standing {
    administrator: Truth,
    unread: bool,
    found: Vec<Gain>,
}

/// The actions that some policy of the principal could allow, sorted; none when neither they nor a trust policy that
/// names it can matter.
fn concerned(ground: &Ground<'_>, who: Who<'_>) -> Option<Vec<ActionId>> {
    let (account, inline, attached, groups) = match who {
        Who::Role(role) => (role.account, &role.facts.inline, &role.facts.attached, Vec::new()),
        Who::User(user) => (user.account, &user.facts.inline, &user.facts.attached, ground.groups_of(user)),
    };
    let unread = matches!(who, Who::User(user) if groups.len() < user.facts.groups.len());
    let inline = inline.iter().chain(groups.iter().flat_map(|it| &it.facts.inline));
    let attached = attached.iter().chain(groups.iter().flat_map(|it| &it.facts.attached));
    let mut actions = Vec::new();
    let mut any = unread;
    for text in inline {
        match mentioned(&text.text) {
            Mentioned::Any => any = true,
            Mentioned::These(these) => actions.extend(these),
        }
    }
    for arn in attached {
        match ground.mentioned.get(&(account, arn.as_str())) {
            Some(Mentioned::These(these)) => actions.extend_from_slice(these),
            Some(Mentioned::Any) | None => any = true,
        }
    }
    if any {
        return Some(ground.actions.clone());
    }
    actions.sort_unstable();
    actions.dedup();
    let named = || !ground.trusts.naming(who.arn()).is_empty() || !ground.trusts.open().is_empty();
    (!actions.is_empty() || named()).then_some(actions)
}

fn standing(ground: &Ground<'_>, who: Who<'_>, actions: &[ActionId]) -> Standing {
    let holder = Holder::new(ground, who, actions);
    let mut out = Out::new(&holder);
    let shared = Shared::default();
    for (technique, actions) in &ground.techniques {
        let technique: &'static Technique = technique;
        // Within its account there is nothing more for an administrator; other accounts may trust it.
        let beyond = technique.gives == Gives::Role && technique.steps.iter().all(|it| it.on == On::Trust);
        if holder.administrator.is_yes() && !beyond {
            continue;
        }
        let fits = match (technique.by, who) {
            (By::Anyone, _) | (By::Role, Who::Role(_)) | (By::User, Who::User(_)) => true,
            (By::Role | By::User, _) => false,
        };
        if !fits || !holder.may(actions) {
            continue;
        }
        // What a technique changes on the principal itself it asks for by itself.
        let by_itself = matches!(
            technique.gives,
            Gives::Own | Gives::OwnUnbounded | Gives::OwnUndenied | Gives::OwnOlder | Gives::NewRole
        );
        let mut steps = technique.steps.iter().filter(|_| !by_itself);
        let fixed = steps.try_fold(Held::surely(), |held, step| Some(held.and(&holder.fixed(step, &[])?)));
        let Some(fixed) = fixed else { continue };
        match technique.gives {
            Gives::Own | Gives::OwnUnbounded | Gives::OwnUndenied | Gives::OwnOlder | Gives::OwnTagged => {
                own::gains(&holder, technique, &fixed, &mut out);
            }
            Gives::Role => principals::roles(&holder, &shared, technique, &fixed, false, &mut out),
            Gives::RoleWithAnything => principals::roles(&holder, &shared, technique, &fixed, true, &mut out),
            Gives::NewRole => principals::new_role(&holder, &shared, technique, &mut out),
            Gives::PassedRole => services::passed(&holder, &shared, technique, &fixed, &mut out),
            Gives::RunningRole => services::running(&holder, technique, &fixed, &mut out),
            Gives::Association => services::association(&holder, &shared, technique, &fixed, &mut out),
            Gives::User => principals::users(&holder, technique, &fixed, UserGain::AsIs, &mut out),
            Gives::UserWithAnything => {
                principals::users(&holder, technique, &fixed, UserGain::WithAnything, &mut out);
            }
            Gives::UserInService => principals::users(&holder, technique, &fixed, UserGain::InService, &mut out),
            Gives::Group => principals::groups(&holder, technique, &fixed, &mut out),
            Gives::Federated => places::federated(&holder, technique, &mut out),
            Gives::Instance => places::instances(&holder, technique, &fixed, &mut out),
            Gives::Cluster => places::clusters(&holder, technique, &fixed, &mut out),
            Gives::Organization => out.push(technique, Gained::Organization, &fixed),
            Gives::Data(kind) => out.push(technique, Gained::Data(kind), &fixed),
        }
    }
    let (administrator, unread) = (holder.administrator, holder.damaged);
    Standing { administrator, unread, found: out.finish() }
}

fn policy_of(account: &Name, arn: &str) -> EntityKey {
    super::policy_key(account, arn)
}
