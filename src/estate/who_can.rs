//! Who can do something, asked of an estate: the workloads behind each role, and resources as people name them.

use rayon::prelude::*;

use crate::analysis::who_can::{self, Answer, Holder, Question, Roster, Way};
use crate::base::{Name, Truth};
use crate::identity::{Identity, Source, Verdict};
use crate::model::{Arn, EntityKey, Kind, Lookup};

use super::address::{Ambiguity, resolve_address};
use super::{Estate, Group};

/// Asks. The first question of an estate makes its roster, which parses every document, and its graph.
pub fn ask(estate: &Estate, question: &Question) -> Answer {
    who_can::who_can(&estate.inventory, roster(estate), estate.graph(), question)
}

/// Everybody of the estate, made when first asked for.
pub fn roster(estate: &Estate) -> &Roster {
    estate.roster.get_or_init(|| {
        let holders: Vec<(Name, Holder)> =
            estate.groups.par_iter().flat_map_iter(|group| holders(estate, group)).collect();
        Roster::new(&estate.inventory, holders)
    })
}

/// Resources that a question may be about, sorted. Makes the roster.
pub fn resources(estate: &Estate) -> Vec<Name> {
    roster(estate).resources(&estate.inventory)
}

/// The ways in which the code of a group comes to roles, each with the role's ARN: what its containers sign with, and
/// what they could obtain beside that.
fn holders(estate: &Estate, group: &Group) -> Vec<(Name, Holder)> {
    let mut found: Vec<(Name, Holder)> = Vec::new();
    let address = Name::from(group.key.to_string());
    let pods = u32::try_from(group.count()).unwrap_or(u32::MAX);
    let mut add = |role: Name, via: &'static str, certainty: Truth, doubt: Option<Name>, way: Option<Way>| {
        let signs = way.is_some();
        match found.iter_mut().find(|(known, it)| *known == role && it.via == via) {
            Some((_, known)) => known.certainty = known.certainty.or(certainty),
            None => {
                let (key, address, way) = (group.key.clone(), address.clone(), way.unwrap_or_default());
                found.push((role, Holder { key, address, pods, via, signs, certainty, doubt, way }));
            }
        }
    };
    for (nth, member) in group.members.iter().enumerate() {
        let entry = &estate.pods[*member as usize];
        // Members share their identities; only what lies on their nodes may differ.
        if nth > 0 && entry.co_tenants.is_empty() {
            continue;
        }
        for (at, identity) in entry.containers.iter().enumerate() {
            if let Some((role, certainty, doubt)) = signs(identity) {
                let source = identity.identity.source;
                add(role, source.word(), certainty, doubt, Some(way(estate, group, source)));
            }
            for reachable in entry.reachable(at) {
                let doubt = reachable.certainty.is_unknown().then(|| "it may not get that far".into());
                add(reachable.role, reachable.via.word(), reachable.certainty, doubt, None);
            }
        }
    }
    found
}

/// The role that a container signs with, how surely, and what is in doubt; an empty name where it is not known which.
fn signs(identity: &Identity) -> Option<(Name, Truth, Option<Name>)> {
    let why = || Some(Name::from(identity.why.as_str()));
    match (&identity.identity.role, identity.identity.source) {
        (_, Source::Gke | Source::Azure) => None,
        (Some(role), _) if identity.verdict == Verdict::Unknown => Some((role.clone(), Truth::Unknown, why())),
        (Some(role), _) if identity.certain => Some((role.clone(), Truth::Yes, None)),
        (Some(role), _) => {
            let missing: Vec<&str> = identity.missing.iter().map(|it| it.path.as_str()).collect();
            let doubt =
                if missing.is_empty() { identity.why.clone() } else { format!("not read: {}", missing.join(", ")) };
            Some((role.clone(), Truth::Unknown, Some(doubt.into())))
        }
        // The user of static keys, or the profile in a file, is not knowable from here.
        (None, Source::Unknown | Source::StaticKeys | Source::Profile) => {
            Some((Name::default(), Truth::Unknown, why()))
        }
        (None, _) if identity.verdict == Verdict::Unknown => Some((Name::default(), Truth::Unknown, why())),
        (None, _) => None,
    }
}

fn way(estate: &Estate, group: &Group, source: Source) -> Way {
    let (namespace, account) = (&group.namespace, &group.service_account);
    let association = match source {
        Source::PodIdentity => estate.cluster(&group.cluster).and_then(|cluster| {
            let mut all = cluster.associations.iter();
            all.find(|it| it.namespace == *namespace && it.service_account == *account).cloned()
        }),
        _ => None,
    };
    Way {
        source: Some(source),
        cluster: group.cluster.clone(),
        namespace: namespace.clone(),
        service_account: account.clone(),
        association,
    }
}

/// The ARN that a resource is asked by: an ARN with or without wildcards, `res/ARN`, an address of a role, user or
/// policy, the name of a bucket with or without a key behind it, `s3://` or not; `*` for any.
pub fn resource(estate: &Estate, text: &str) -> Result<Name, Ambiguity> {
    if matches!(text, "" | "*") {
        return Ok("*".into());
    }
    if let Some(arn) = text.strip_prefix("res/").or(Some(text)).filter(|it| it.starts_with("arn:")) {
        // A short ARN is a mistake; its wildcards would mean nothing that exists.
        return Arn::parse(arn).map(|_| arn.into()).ok_or(Ambiguity::Malformed);
    }
    let is_address = text.split_once('/').is_some_and(|(word, _)| Kind::from_word(word).is_some());
    if is_address {
        return of_thing(estate, &resolve_address(&estate.inventory, text)?).ok_or(Ambiguity::Malformed);
    }
    let name = text.strip_prefix("s3://").unwrap_or(text);
    let bucket = name.split('/').next().unwrap_or_default();
    let plain = |it: char| it.is_ascii_alphanumeric() || ".-_*?".contains(it);
    if bucket.len() < 3 || !bucket.chars().all(plain) {
        return Err(Ambiguity::Malformed);
    }
    Ok(format!("arn:{}:s3:::{}", partition(estate), name.trim_end_matches('/')).into())
}

/// The ARN of a thing that has one.
pub fn of_thing(estate: &Estate, key: &EntityKey) -> Option<Name> {
    let account = estate.inventory.accounts.get(&key.scope);
    match key.kind {
        Kind::Resource => Some(key.name.clone()).filter(|it| it.starts_with("arn:")),
        Kind::Role => match estate.role(key) {
            Lookup::Found(role) => Some(role.arn.clone()),
            Lookup::Absent | Lookup::Unknown => None,
        },
        Kind::IamUser => account?.users.iter().find(|it| it.name == key.name).map(|it| it.arn.clone()),
        Kind::Policy => account?.policies.iter().find(|it| it.name == key.name).map(|it| it.arn.clone()),
        Kind::Cluster => estate.cluster(&key.name)?.description().map(|it| it.arn.clone()),
        _ => None,
    }
}

/// That of the first role; all of an estate are of one.
fn partition(estate: &Estate) -> &str {
    let arn = estate.inventory.accounts.values().find_map(|account| account.roles.items().first());
    arn.and_then(|role| Arn::parse(&role.arn)).map_or("aws", |arn| arn.partition)
}
