//! What techniques ask of the inventory: principals, who trusts which service, what is named where. Made once for all.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::base::{Name, Truth};
use crate::iam::catalogue::{ActionId, Catalogue};
use crate::iam::escalation::{On, Technique};
use crate::iam::pattern::ArnGlob;
use crate::iam::permissions::permissions_of;
use crate::iam::privilege::{controlling, everything, is_administrator};
use crate::iam::{Context, Policies, Principal, escalation};
use crate::identity::documents::Documents;
use crate::identity::session::ceilings;
use crate::model::facts::aws::OrganizationPolicyKind;
use crate::model::facts::iam;
use crate::model::{AccountFacts, Arn, EntityKey, Inventory, Kind, Lookup};

use super::holder::Target;
use super::machines::Machines;
use super::relevant::{Mentioned, mentioned};
use super::trusts::{Service, Trusts};

/// A role that may be gained.
pub(super) struct Role<'a> {
    pub facts: &'a Arc<iam::Role>,
    pub key: EntityKey,
    /// Place in [`Ground::accounts`].
    pub account: usize,
    /// Service-linked, or of IAM Identity Center: the account cannot change it, and nobody takes it by these ways.
    pub reserved: bool,
    documents: OnceLock<Policies>,
}

impl Role<'_> {
    pub fn target(&self) -> Target<'_> {
        Target { arn: &self.facts.arn, tags: Some(&self.facts.tags), boundary: Some(self.facts.boundary.as_ref()) }
    }
}

pub(super) struct User<'a> {
    pub facts: &'a Arc<iam::User>,
    pub key: EntityKey,
    pub account: usize,
    documents: OnceLock<Policies>,
}

impl User<'_> {
    pub fn target(&self) -> Target<'_> {
        Target { arn: &self.facts.arn, tags: Some(&self.facts.tags), boundary: Some(self.facts.boundary.as_ref()) }
    }
}

pub(super) struct Group<'a> {
    pub facts: &'a Arc<iam::Group>,
    pub key: EntityKey,
}

/// One account with what depends on it alone.
pub(super) struct Account<'a> {
    pub id: Name,
    pub facts: &'a Arc<AccountFacts>,
    pub partition: Name,
    /// Places in [`Ground::roles`], [`Ground::users`] and [`Ground::groups`].
    pub roles: Range<usize>,
    pub users: Range<usize>,
    pub groups: Range<usize>,
    /// Resource types of actions as patterns of this account, and whether a call requires them.
    kinds: FxHashMap<ActionId, Vec<(ArnGlob, bool)>>,
    /// Roles by the service that their trust admits, in order.
    pub services: FxHashMap<&'static str, Vec<Service>>,
    /// ARNs of roles in an instance profile.
    profiled: FxHashSet<&'a str>,
    /// Whether a role of the account without a boundary can be its administrator, for the SCPs over it.
    pub unbounded: Truth,
}

impl Account<'_> {
    pub fn kinds(&self, action: ActionId) -> &[(ArnGlob, bool)] {
        self.kinds.get(&action).map_or(&[], Vec::as_slice)
    }

    /// Whether the role has an instance profile.
    pub fn profiled(&self, role: &iam::Role) -> Truth {
        if !role.instance_profiles.is_empty() || self.profiled.contains(role.arn.as_str()) {
            return Truth::Yes;
        }
        // What IAM says of a role names its profiles too, but a dump may lack them.
        if self.facts.instance_profiles.is_complete() { Truth::No } else { Truth::Unknown }
    }

    /// The name of a service in the account's partition (R132).
    pub fn service(&self, service: &str) -> String {
        let regional = matches!(service, "ec2.amazonaws.com" | "elasticmapreduce.amazonaws.com");
        if &*self.partition == "aws-cn" && regional { format!("{service}.cn") } else { service.to_owned() }
    }

    /// AWS's own administrator policy.
    pub fn administrator_access(&self) -> String {
        format!("arn:{}:iam::aws:policy/AdministratorAccess", self.partition)
    }
}

/// Everything.
pub(super) struct Ground<'a> {
    pub inventory: &'a Inventory,
    pub catalogue: &'static Catalogue,
    pub documents: Documents,
    /// The actions of the table and those that make an administrator, sorted.
    pub actions: Vec<ActionId>,
    /// The rows of the table with their actions, trust apart, which is asked by itself.
    pub techniques: Vec<(&'static Technique, SmallVec<[ActionId; 4]>)>,
    pub accounts: Vec<Account<'a>>,
    /// By key.
    pub roles: Vec<Role<'a>>,
    pub users: Vec<User<'a>>,
    pub groups: Vec<Group<'a>>,
    pub trusts: Trusts,
    /// ARNs of principals that the policy of something else names: becoming one of them gives what stands there.
    pub named: FxHashSet<Name>,
    pub machines: Machines,
    sets: Mutex<FxHashMap<Vec<u32>, Arc<[EntityKey]>>>,
    key_sets: Mutex<FxHashMap<Vec<EntityKey>, Arc<[EntityKey]>>>,
    /// What the texts of managed policies could allow, by account and ARN.
    pub(super) mentioned: FxHashMap<(usize, &'a str), Mentioned>,
    /// Whether instances with the role of this place register with Systems Manager.
    pub(super) registering: Mutex<FxHashMap<usize, bool>>,
}

impl<'a> Ground<'a> {
    pub fn new(inventory: &'a Inventory, documents: &Documents) -> Ground<'a> {
        let catalogue = Catalogue::bundled();
        let mut actions = escalation::actions(catalogue);
        actions.extend(controlling(catalogue));
        actions.sort_unstable();
        actions.dedup();
        let (mut accounts, mut roles, mut users, mut groups) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (at, facts) in inventory.accounts.values().enumerate() {
            let (first_role, first_user, first_group) = (roles.len(), users.len(), groups.len());
            roles.extend(facts.roles.iter().map(|role| Role {
                facts: role,
                key: EntityKey::scoped(Kind::Role, &facts.id, &role.name),
                account: at,
                reserved: is_reserved(role),
                documents: OnceLock::new(),
            }));
            users.extend(facts.users.iter().map(|user| User {
                facts: user,
                key: EntityKey::scoped(Kind::IamUser, &facts.id, &user.name),
                account: at,
                documents: OnceLock::new(),
            }));
            groups.extend(
                facts
                    .groups
                    .iter()
                    .map(|group| Group { facts: group, key: EntityKey::plain(Kind::Resource, &group.arn) }),
            );
            accounts.push(Account {
                id: facts.id.clone(),
                facts,
                partition: partition(facts),
                roles: first_role..roles.len(),
                users: first_user..users.len(),
                groups: first_group..groups.len(),
                kinds: kinds(catalogue, &actions, facts),
                services: FxHashMap::default(),
                profiled: facts.instance_profiles.iter().flat_map(|it| &it.roles).map(Name::as_str).collect(),
                unbounded: unbounded(catalogue, documents, facts),
            });
        }
        let trusts = Trusts::new(documents, &roles);
        for account in &mut accounts {
            account.services =
                trusts.services(inventory, &account.id, &roles[account.roles.clone()], account.roles.start);
        }
        let named = named(inventory, &trusts);
        let machines = Machines::new(inventory);
        Ground {
            inventory,
            catalogue,
            documents: documents.clone(),
            actions,
            techniques: Technique::all().map(|row| (row, asked(catalogue, row))).collect(),
            accounts,
            roles,
            users,
            groups,
            trusts,
            named,
            machines,
            sets: Mutex::default(),
            key_sets: Mutex::default(),
            mentioned: mentioned_by_policies(inventory),
            registering: Mutex::default(),
        }
    }

    /// A shared set of roles, by their places in order.
    pub fn role_set(&self, places: Vec<u32>) -> Arc<[EntityKey]> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = sets.get(&places) {
            return Arc::clone(found);
        }
        let keys: Arc<[EntityKey]> =
            places.iter().filter_map(|at| self.roles.get(*at as usize)).map(|role| role.key.clone()).collect();
        sets.insert(places, Arc::clone(&keys));
        keys
    }

    /// A shared set of other things, in order.
    pub fn key_set(&self, keys: Vec<EntityKey>) -> Arc<[EntityKey]> {
        let mut sets = self.key_sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = sets.get(&keys) {
            return Arc::clone(found);
        }
        let shared: Arc<[EntityKey]> = keys.as_slice().into();
        sets.insert(keys, Arc::clone(&shared));
        shared
    }

    /// The place of a role by its ARN.
    pub fn role_at(&self, arn: &str) -> Option<usize> {
        let key = EntityKey::role(arn)?;
        self.roles.binary_search_by(|role| role.key.cmp(&key)).ok()
    }

    /// Identity policies and boundary of a role, read when first asked for.
    pub fn role_policies<'r>(&self, role: &'r Role<'_>) -> &'r Policies {
        role.documents.get_or_init(|| self.documents.of_role(self.inventory, role.facts))
    }

    /// The same of a user, with its groups.
    pub fn user_policies<'r>(&self, user: &'r User<'_>) -> &'r Policies {
        user.documents.get_or_init(|| self.documents.of_user(self.inventory, user.facts))
    }

    pub fn groups_of(&self, user: &User<'_>) -> Vec<&Group<'a>> {
        let groups = &self.groups[self.accounts[user.account].groups.clone()];
        groups.iter().filter(|it| user.facts.groups.contains(&it.facts.name)).collect()
    }

    /// A customer managed policy of this ARN, with whether it has room for one more version (section 13). AWS's own are
    /// none.
    pub fn customer_policy(&self, account: &Account<'_>, arn: &str) -> Option<CustomerPolicy> {
        if Arn::parse(arn).is_none_or(|it| it.account != &*account.id) {
            return None;
        }
        let versions = match account.facts.policy(arn) {
            Lookup::Found(policy) => Some(policy.versions.len()),
            _ => None,
        };
        Some(CustomerPolicy { arn: arn.into(), versions })
    }
}

/// A policy that the account can change.
pub(super) struct CustomerPolicy {
    pub arn: Name,
    /// How many; `None` when the policy was not read.
    pub versions: Option<usize>,
}

/// Versions that a managed policy can have (section 13).
const MOST_VERSIONS: usize = 5;

impl CustomerPolicy {
    pub fn has_room(&self) -> Truth {
        self.versions.map_or(Truth::Unknown, |count| Truth::from(count < MOST_VERSIONS))
    }
}

/// Roles whose name and policies AWS keeps: nobody in the account can change or pass them.
pub(super) fn is_reserved(role: &iam::Role) -> bool {
    role.path.starts_with("/aws-service-role/") || role.path.starts_with("/aws-reserved/")
}

fn partition(account: &AccountFacts) -> Name {
    let arn = account.roles.iter().map(|it| &it.arn).chain(account.users.iter().map(|it| &it.arn)).next();
    Name::new(arn.and_then(|arn| Arn::parse(arn)).map_or("aws", |arn| arn.partition))
}

/// Whether whoever is allowed everything by its own policies is an administrator under the account's SCPs.
fn unbounded(catalogue: &Catalogue, documents: &Documents, account: &Arc<AccountFacts>) -> Truth {
    let (scps, _) = ceilings(documents, Some(account), &OrganizationPolicyKind::ServiceControl);
    let policies = Policies { identity: vec![everything()], scps, ..Policies::default() };
    let arn = format!("arn:{}:iam::{}:role/new", partition(account), account.id);
    let principal = Principal::Role { account: account.id.clone(), arn: arn.into() };
    let found = permissions_of(catalogue, &controlling(catalogue), &principal, &policies, &Context::open());
    is_administrator(catalogue, &account.id, &found)
}

fn asked(catalogue: &Catalogue, row: &Technique) -> SmallVec<[ActionId; 4]> {
    let steps = row.steps.iter().filter(|step| step.on != On::Trust);
    steps.filter_map(|step| catalogue.find(step.action)).collect()
}

/// The resource types of each action with account and partition filled in.
fn kinds(
    catalogue: &Catalogue,
    actions: &[ActionId],
    account: &AccountFacts,
) -> FxHashMap<ActionId, Vec<(ArnGlob, bool)>> {
    let partition = partition(account);
    let own = |format: &str| {
        let text = format.replace("${Account}", &account.id).replace("${Partition}", &partition);
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            out += before;
            out.push('*');
            rest = after.split_once('}').map_or("", |(_, after)| after);
        }
        ArnGlob::new(&(out + rest))
    };
    let of = |id: &ActionId| {
        let kinds = catalogue.action(*id).resources().map(|(kind, required)| (own(kind.arn()), required)).collect();
        (*id, kinds)
    };
    actions.iter().map(of).collect()
}

/// Each managed policy is looked at once, however many roles have it.
fn mentioned_by_policies(inventory: &Inventory) -> FxHashMap<(usize, &str), Mentioned> {
    let policies = inventory.accounts.values().enumerate();
    let policies: Vec<_> = policies.flat_map(|(at, account)| account.policies.iter().map(move |it| (at, it))).collect();
    let look = |(at, policy): (usize, &'_ Arc<iam::Policy>)| {
        let found = policy.default_text().map_or(Mentioned::Any, |text| mentioned(text));
        (at, found)
    };
    let keys: Vec<&str> = policies.iter().map(|(_, it)| it.arn.as_str()).collect();
    let found: Vec<(usize, Mentioned)> = policies.into_par_iter().map(look).collect();
    found.into_iter().zip(keys).map(|((at, found), arn)| ((at, arn), found)).collect()
}

/// Principals that a trust policy, a resource policy or an access entry names: gaining one may give more than its own
/// policies say.
fn named(inventory: &Inventory, trusts: &Trusts) -> FxHashSet<Name> {
    let mut named: FxHashSet<Name> = trusts.named().cloned().collect();
    for cluster in inventory.clusters.values() {
        named.extend(cluster.access_entries.iter().chain(&cluster.access_entry_list).map(|it| it.principal.clone()));
        let maps = cluster.config_maps.iter().filter(|it| &*it.meta.name == "aws-auth");
        for (_, text) in maps.flat_map(|it| it.values.iter()) {
            named.extend(arns(text));
        }
    }
    for account in inventory.accounts.values() {
        for text in account.resource_policies.iter().filter_map(|it| it.text.as_ref()) {
            named.extend(arns(text));
        }
    }
    named
}

/// The ARNs of roles and users in a text.
fn arns(text: &str) -> Vec<Name> {
    memchr::memmem::find_iter(text.as_bytes(), b"arn:")
        .filter_map(|at| {
            let rest = &text[at..];
            let end = rest.find(['"', '\'', ' ', '\n', ',', '\\']).unwrap_or(rest.len());
            let arn = &rest[..end];
            (arn.contains(":role/") || arn.contains(":user/")).then(|| Name::new(arn))
        })
        .collect()
}
