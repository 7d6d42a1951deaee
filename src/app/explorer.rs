//! The columns to the right of the list: identity, role, access; and the detail of the selected row.
//!
//! The right column is always the next hop. All of it is about one row, so that a key costs the same in every estate.

mod access;
mod detail;
mod identity;
mod kubernetes;
mod role;

use std::sync::Arc;

use crate::analysis::access::RoleAccess;
use crate::base::Name;
use crate::estate::{Estate, Group};
use crate::identity::Identity;
use crate::model::{EntityKey, Kind, Lookup};

use super::list::{ListIndex, ListKind, ListRow};
use super::text::{Line, Target};

pub use access::request as access_request;

/// The three columns and the detail of one row.
#[derive(Debug, Default)]
pub struct Columns {
    /// Identity, role, access.
    pub panes: [Vec<Line>; 3],
    pub detail_title: String,
    pub detail: Vec<Line>,
}

/// What a row is about, whatever its kind.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub estate: &'a Estate,
    pub index: &'a ListIndex,
    pub row: &'a ListRow,
    pub kind: ListKind,
    pub group: Option<&'a Group>,
    pub full: bool,
    /// Minutes since the data was taken are not counted: ages are ages at the time of the data.
    pub access: Option<&'a (EntityKey, Arc<RoleAccess>)>,
}

impl<'a> Subject<'a> {
    pub fn identity(&self) -> Option<&'a Identity> {
        self.group.filter(|_| self.kind == ListKind::Pods).map(|group| &*group.identity)
    }

    /// The account that the row runs as or is.
    pub fn account(&self) -> Option<EntityKey> {
        match self.kind {
            ListKind::Pods => self.group.map(Group::account_key),
            ListKind::ServiceAccounts => Some(self.row.key.clone()),
            ListKind::Associations => {
                Some(EntityKey::namespaced(Kind::ServiceAccount, &self.row.cluster, &self.row.section, &self.row.name))
            }
            ListKind::Roles | ListKind::Nodes | ListKind::Findings => None,
        }
    }

    /// Roles of the role column in its order: the one signed with or declared, then those that could be reached.
    pub fn roles(&self) -> Vec<RoleHop> {
        let mut hops: Vec<RoleHop> = Vec::new();
        let mut add = |arn: &str, how: &'static str| {
            if let Some(key) = EntityKey::role(arn)
                && !hops.iter().any(|hop| hop.key == key)
            {
                hops.push(RoleHop { key, arn: arn.into(), how });
            }
        };
        match self.kind {
            ListKind::Pods => {
                let Some(identity) = self.identity() else { return hops };
                if let Some(arn) = &identity.identity.role {
                    add(arn, "");
                }
                if let Some(arn) = identity.attempted.as_ref().and_then(|it| it.role.as_ref()) {
                    add(arn, "tried, does not work");
                }
                if let Some(arn) = identity.declared.as_ref().and_then(|it| it.role.as_ref()) {
                    add(arn, "declared, not carried");
                }
                if let Some(arn) = identity.fallback.as_ref().and_then(|it| it.credential.role.as_ref()) {
                    add(arn, "some SDKs fall back to it");
                }
                for reachable in &identity.reachable {
                    add(&reachable.role, via(reachable.via.word()));
                }
            }
            ListKind::Roles => hops.push(RoleHop {
                key: self.row.key.clone(),
                arn: match self.estate.role(&self.row.key) {
                    Lookup::Found(role) => role.arn.clone(),
                    Lookup::Absent | Lookup::Unknown => self.row.name.clone(),
                },
                how: "",
            }),
            ListKind::Associations => {
                let cluster = self.estate.cluster(&self.row.cluster);
                let found = cluster.and_then(|it| it.associations.iter().find(|it| it.id == self.row.key.name));
                if let Some(details) = found.and_then(|it| it.details.as_ref()) {
                    add(&details.role, "");
                    if let Some(target) = &details.target_role {
                        add(target, "target role");
                    }
                }
            }
            ListKind::ServiceAccounts => {
                let account = &self.row.key;
                if let Some(cluster) = self.estate.cluster(&account.scope) {
                    let mine = cluster
                        .associations
                        .iter()
                        .filter(|it| it.namespace == account.namespace && it.service_account == account.name);
                    for details in mine.filter_map(|it| it.details.as_ref()) {
                        add(&details.role, "association");
                    }
                    if let Lookup::Found(found) = cluster.service_account(&account.namespace, &account.name)
                        && let Some(arn) = found.meta.annotations.get("eks.amazonaws.com/role-arn")
                    {
                        add(arn, "annotation");
                    }
                }
            }
            ListKind::Nodes => {
                let cluster = self.estate.cluster(&self.row.cluster);
                let node = cluster.map(|it| it.node(&self.row.name));
                if let Some(Lookup::Found(node)) = node
                    && let Some(id) = node.instance_id()
                {
                    for account in self.estate.inventory.accounts.values() {
                        for region in account.regions.values() {
                            if let Lookup::Found(instance) = region.instance(id)
                                && let Some(profile) = &instance.profile
                                && let Lookup::Found(profile) = account.instance_profile(profile)
                            {
                                profile.roles.iter().for_each(|arn| add(arn, "instance profile"));
                            }
                        }
                    }
                }
            }
            ListKind::Findings => {}
        }
        hops
    }
}

fn via(word: &'static str) -> &'static str {
    match word {
        "imds" => "reachable by IMDS",
        "token" => "reachable by a mounted token",
        "latent-trust" => "its trust admits this account",
        "association-token" => "reachable by an association token",
        "node-takeover" => "by taking over the node",
        "co-tenant" => "from another pod of the node",
        "role-chain" => "by assuming it from its role",
        _ => "by intercepting another pod",
    }
}

/// A role and how it comes into play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleHop {
    pub key: EntityKey,
    pub arn: Name,
    /// Empty for the role signed with.
    pub how: &'static str,
}

/// All columns for a row. `role` is the pick of the role column, whose access is shown.
pub(super) fn columns(subject: &Subject<'_>, role: Option<&EntityKey>) -> Columns {
    let hops = subject.roles();
    let picked = role.and_then(|role| hops.iter().find(|hop| hop.key == *role)).or(hops.first());
    Columns {
        panes: [identity::lines(subject), role::lines(subject, &hops), access::lines(subject, picked)],
        detail_title: detail::title(subject),
        detail: detail::lines(subject),
    }
}

/// The name of a role as `v` wants it: short with its account where that is not the only one, or the ARN.
pub(super) fn role_label(estate: &Estate, hop: &RoleHop, full: bool) -> String {
    if full {
        return hop.arn.to_string();
    }
    let home = estate.inventory.accounts.values().find(|it| it.directory.as_str() == "aws").map(|it| &it.id);
    match home {
        Some(home) if *home != hop.key.scope => format!("{}:{}", hop.key.scope, hop.key.name),
        _ => hop.key.name.to_string(),
    }
}

/// Lines that can be chosen, by position.
pub fn stops(lines: &[Line]) -> impl DoubleEndedIterator<Item = (usize, &Target)> {
    lines.iter().enumerate().filter_map(|(at, line)| Some((at, line.target.as_ref()?)))
}

/// `4 min`, `3 h`, `2 d`.
pub(super) fn age(seconds: i64) -> String {
    match seconds {
        ..0 => String::from("in the future"),
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
