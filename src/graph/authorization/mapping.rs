//! Who an IAM principal is in the cluster: access entries and the `aws-auth` map (R172, R173).

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{Name, Truth};
use crate::model::facts::eks::{AccessEntry, EksCluster};
use crate::model::{Arn, ClusterFacts};

use super::aws_auth::{self, Entry};
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

/// What the authentication mode says of each list (R172).
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    pub entries: Truth,
    pub map: Truth,
}

impl Mode {
    pub fn of(cluster: &ClusterFacts) -> Mode {
        match cluster.description().map(|it| it.authentication_mode.as_str()) {
            Some("API") => Mode { entries: Truth::Yes, map: Truth::No },
            Some("CONFIG_MAP") => Mode { entries: Truth::No, map: Truth::Yes },
            Some("API_AND_CONFIG_MAP") => Mode { entries: Truth::Yes, map: Truth::Yes },
            // EKS answers no access entries at all in mode CONFIG_MAP, so one that was read tells of the mode.
            _ if !cluster.access_entry_list.is_empty() || !cluster.access_entries.is_empty() => {
                Mode { entries: Truth::Yes, map: Truth::Unknown }
            }
            _ => Mode { entries: Truth::Unknown, map: Truth::Unknown },
        }
    }
}

/// Every entry of both lists, access entries first.
pub(super) fn mappings(cluster: &ClusterFacts, mode: Mode) -> Vec<Mapping> {
    // Descriptions replace what the list alone says.
    let mut entries: Vec<&AccessEntry> = Vec::new();
    let described: FxHashSet<&Name> = cluster.access_entries.iter().map(|it| &it.principal).collect();
    entries.extend(cluster.access_entry_list.iter().map(|it| &**it).filter(|it| !described.contains(&it.principal)));
    entries.extend(cluster.access_entries.iter().map(|it| &**it));
    entries.sort_by(|a, b| a.principal.cmp(&b.principal));
    entries.dedup_by(|a, b| a.principal == b.principal);
    let mut mappings: Vec<Mapping> =
        entries.iter().map(|entry| of_entry(entry, mode, cluster.description().map(|it| &**it))).collect();
    let overriding: FxHashSet<_> = entries.iter().filter_map(|entry| aws_auth::entry_key(&entry.principal)).collect();
    let map = aws_auth::read(cluster).unwrap_or_default();
    let mut last = FxHashMap::default();
    for (at, entry) in map.entries.iter().enumerate() {
        last.insert(aws_auth::key(&entry.principal), at);
    }
    for (at, entry) in map.entries.iter().enumerate() {
        let key = aws_auth::key(&entry.principal);
        let replaced = key.is_some() && last.get(&key) != Some(&at);
        let overridden = key.as_ref().is_some_and(|key| overriding.contains(key));
        mappings.push(of_map(entry, mode, replaced, overridden, cluster.access_entry_list.is_complete()));
    }
    mappings
}

fn of_entry(entry: &AccessEntry, mode: Mode, cluster: Option<&EksCluster>) -> Mapping {
    let details = entry.details.as_ref();
    let kind = details.map(|it| it.kind.clone()).unwrap_or_default();
    let own = cluster.and_then(|it| Arn::parse(&it.arn)).map(|it| it.account);
    let foreign = !matches!(kind.as_str(), "" | "STANDARD")
        && own.is_some_and(|own| Arn::parse(&entry.principal).is_some_and(|it| it.account != own));
    let (counts, reason) = match mode.entries {
        Truth::No => (Truth::No, Some(Ineffective::Mode)),
        _ if foreign => (Truth::No, Some(Ineffective::ForeignAccount)),
        Truth::Unknown => (Truth::Unknown, Some(Ineffective::ModeUnread)),
        Truth::Yes if details.is_none() => (Truth::Yes, Some(Ineffective::NotDescribed)),
        Truth::Yes => (Truth::Yes, None),
    };
    Mapping {
        principal: entry.principal.clone(),
        username: details.map(|it| it.username.clone()).unwrap_or_default(),
        groups: details.map(|it| it.groups.clone()).unwrap_or_default(),
        origin: MappingOrigin::AccessEntry { kind },
        counts,
        reason,
    }
}

fn of_map(entry: &Entry, mode: Mode, replaced: bool, overridden: bool, entries_read: bool) -> Mapping {
    let is_account = matches!(entry.origin, MappingOrigin::MapAccounts(_));
    let (counts, reason) = if mode.map.is_no() {
        (Truth::No, Some(Ineffective::Mode))
    } else if !is_account && !fits(entry) {
        let path = aws_auth::entry_key(&entry.principal).is_some_and(|key| key.0);
        (Truth::No, Some(if path { Ineffective::Path } else { Ineffective::Malformed }))
    } else if replaced {
        (Truth::No, Some(Ineffective::Replaced))
    } else if overridden && mode.entries.is_yes() {
        (Truth::No, Some(Ineffective::Overridden))
    } else if mode.map.is_unknown() {
        (Truth::Unknown, Some(Ineffective::ModeUnread))
    } else if !mode.entries.is_no() && !entries_read && !is_account {
        (Truth::Unknown, Some(Ineffective::EntriesUnread))
    } else {
        (Truth::Yes, None)
    };
    Mapping {
        principal: entry.principal.clone(),
        username: entry.username.clone(),
        groups: entry.groups.clone(),
        origin: entry.origin.clone(),
        counts,
        reason,
    }
}

/// A role stands under `mapRoles` without its path, a user under `mapUsers`.
fn fits(entry: &Entry) -> bool {
    let wants_role = matches!(entry.origin, MappingOrigin::MapRoles(_));
    aws_auth::key(&entry.principal).is_some_and(|(is_role, _)| is_role == wants_role)
}
