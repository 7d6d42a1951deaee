//! Pod Identity associations: which role a service account is given, pods or none.

use std::collections::BTreeMap;

use crate::base::Name;
use crate::model::{ClusterFacts, EntityKey, Inventory, Kind};

use super::{Change, Common, Found, Sign, Topic};

/// Roles by namespace and service account; a list that was read without details names no role.
fn roles(cluster: &ClusterFacts) -> BTreeMap<(Name, Name), Option<Name>> {
    let key = |namespace: &Name, account: &Name| (namespace.clone(), account.clone());
    let listed = cluster.association_list.iter().map(|it| (key(&it.namespace, &it.service_account), None));
    let described = cluster.associations.iter().map(|it| {
        // With a target role that is what the pod ends up with (R83).
        let role = it.details.as_ref().map(|details| details.target_role.as_ref().unwrap_or(&details.role).clone());
        (key(&it.namespace, &it.service_account), role)
    });
    listed.chain(described).collect()
}

pub(super) fn compare(before: &Inventory, after: &Inventory, common: &Common<'_>, found: &mut Found) {
    for label in &common.clusters {
        let (old, new) = (&before.clusters[*label], &after.clusters[*label]);
        let (was, is) = (roles(old), roles(new));
        let whole = |it: &ClusterFacts| it.association_list.is_complete() || it.associations.is_complete();
        for (key, role) in &is {
            match was.get(key) {
                Some(earlier) => changed(label, key, earlier.as_ref(), role.as_ref(), found),
                None if whole(old) => one(label, key, role.as_ref(), Sign::Appeared, found),
                None => found.unread(account(label, key), "its association was not read before"),
            }
        }
        for (key, role) in was.iter().filter(|(key, _)| !is.contains_key(*key)) {
            if whole(new) {
                one(label, key, role.as_ref(), Sign::Vanished, found);
            } else {
                found.unread(account(label, key), "its association was not read after");
            }
        }
    }
}

fn account(cluster: &Name, (namespace, name): &(Name, Name)) -> EntityKey {
    EntityKey::namespaced(Kind::ServiceAccount, cluster, namespace, name)
}

fn line(role: &Name) -> Vec<String> {
    vec![format!("becomes {role} by Pod Identity")]
}

fn one(cluster: &Name, key: &(Name, Name), role: Option<&Name>, sign: Sign, found: &mut Found) {
    let lines = role.map(line).unwrap_or_default();
    let (gained, lost) = if sign == Sign::Appeared { (lines, Vec::new()) } else { (Vec::new(), lines) };
    let role = role.map_or("a role that was not read", |role| role.as_str());
    let text = format!("association with {role}");
    let subject = account(cluster, key);
    let certain = !gained.is_empty() || !lost.is_empty();
    found.changes.push(Change {
        topic: Topic::Association,
        sign,
        subject,
        text,
        gained,
        lost,
        certain,
        documents: Vec::new(),
    });
}

fn changed(cluster: &Name, key: &(Name, Name), old: Option<&Name>, new: Option<&Name>, found: &mut Found) {
    match (old, new) {
        (Some(old), Some(new)) if old != new => found.changes.push(Change {
            topic: Topic::Association,
            sign: Sign::Changed,
            subject: account(cluster, key),
            text: format!("association with {old} is now with {new}"),
            gained: line(new),
            lost: line(old),
            certain: true,
            documents: Vec::new(),
        }),
        (None, Some(_)) => found.unread(account(cluster, key), "the role of its association was not read before"),
        (Some(_), None) => found.unread(account(cluster, key), "the role of its association was not read after"),
        _ => {}
    }
}
