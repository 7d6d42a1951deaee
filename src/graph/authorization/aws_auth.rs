//! The ConfigMap `aws-auth` of kube-system, read as the authenticator of EKS reads it (R172).

use serde::Deserialize;

use crate::base::Name;
use crate::model::{Arn, ClusterFacts};

use super::mapping::MappingOrigin;

/// One line of the map.
pub(super) struct Entry {
    pub principal: Name,
    pub username: Name,
    pub groups: Vec<Name>,
    pub origin: MappingOrigin,
}

/// What the map says, and whether all of it could be read.
#[derive(Default)]
pub(super) struct Map {
    pub entries: Vec<Entry>,
    /// A part of it is no YAML of the expected form; the authenticator leaves such a part out.
    pub damaged: bool,
}

#[derive(Deserialize)]
struct RawEntry {
    #[serde(default, alias = "userarn")]
    rolearn: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    groups: Option<Vec<String>>,
}

/// Account ids stand quoted or bare; a bare one is a number to YAML.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawAccount {
    Text(String),
    Number(u64),
}

/// Reads the map of a cluster; `None` when the list of ConfigMaps holds none.
pub(super) fn read(cluster: &ClusterFacts) -> Option<Map> {
    let config_map =
        cluster.config_maps.iter().find(|it| it.meta.namespace == "kube-system" && it.meta.name == "aws-auth")?;
    let mut map = Map::default();
    let text = |key: &str| config_map.values.get(key).map(Name::as_str).filter(|text| !text.trim().is_empty());
    for (key, origin) in
        [("mapRoles", MappingOrigin::MapRoles as fn(usize) -> MappingOrigin), ("mapUsers", MappingOrigin::MapUsers)]
    {
        let Some(text) = text(key) else { continue };
        // `null` is an empty list.
        match serde_saphyr::from_str::<Option<Vec<RawEntry>>>(text) {
            Ok(entries) => {
                let entries = entries.unwrap_or_default().into_iter().enumerate();
                map.entries.extend(entries.map(|(at, entry)| entry.named(origin(at))));
            }
            Err(_) => map.damaged = true,
        }
    }
    if let Some(text) = text("mapAccounts") {
        match serde_saphyr::from_str::<Option<Vec<RawAccount>>>(text) {
            Ok(accounts) => {
                let partition =
                    cluster.description().and_then(|it| Arn::parse(&it.arn)).map_or("aws", |it| it.partition);
                let accounts = accounts.unwrap_or_default().into_iter().enumerate();
                map.entries
                    .extend(accounts.map(|(at, account)| account.users(partition, MappingOrigin::MapAccounts(at))));
            }
            Err(_) => map.damaged = true,
        }
    }
    Some(map)
}

impl RawEntry {
    fn named(self, origin: MappingOrigin) -> Entry {
        Entry {
            principal: self.rolearn.unwrap_or_default().trim().into(),
            username: self.username.unwrap_or_default().into(),
            groups: self.groups.unwrap_or_default().iter().map(|it| Name::from(it.as_str())).collect(),
            origin,
        }
    }
}

impl RawAccount {
    /// Every user of the account is a cluster user by its ARN, in no group.
    fn users(self, partition: &str, origin: MappingOrigin) -> Entry {
        let account = match self {
            RawAccount::Text(text) => text,
            RawAccount::Number(number) => format!("{number:012}"),
        };
        let users = Name::from(format!("arn:{partition}:iam::{account}:user/*"));
        Entry { principal: users.clone(), username: users, groups: Vec::new(), origin }
    }
}

/// The key that the authenticator compares: account and name of a role, or the ARN of a user, in lower case. `None`
/// for an ARN that matches nobody: a role with its path in it, or no IAM principal at all.
pub(super) fn key(arn: &str) -> Option<(bool, String)> {
    let parsed = Arn::parse(arn).filter(|it| it.service == "iam")?;
    match parsed.resource.split_once('/')? {
        ("role", name) if !name.is_empty() && !name.contains('/') => {
            Some((true, format!("{}:{}", parsed.account, name.to_ascii_lowercase())))
        }
        ("user", name) if !name.is_empty() => {
            Some((false, format!("{}:{}", parsed.account, name.to_ascii_lowercase())))
        }
        _ => None,
    }
}

/// The same key of the principal of an access entry, which is written with its path.
pub(super) fn entry_key(arn: &str) -> Option<(bool, String)> {
    let parsed = Arn::parse(arn).filter(|it| it.service == "iam")?;
    match parsed.resource.split_once('/')? {
        ("role", path) => {
            let name = path.rsplit('/').next().unwrap_or_default();
            (!name.is_empty()).then(|| (true, format!("{}:{}", parsed.account, name.to_ascii_lowercase())))
        }
        ("user", name) if !name.is_empty() => {
            Some((false, format!("{}:{}", parsed.account, name.to_ascii_lowercase())))
        }
        _ => None,
    }
}
