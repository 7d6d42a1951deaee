//! Where the rows of each list come from.

use rustc_hash::FxHashMap;

use crate::base::Name;
use crate::estate::{Estate, Group, Severity};
use crate::identity::Source;
use crate::model::facts::workload::ServiceAccount;
use crate::model::{ClusterFacts, EntityKey, Kind};

use super::{ListKind, ListRow, small};

/// Namespaces of Kubernetes and of AWS add-ons.
fn is_system_namespace(namespace: &str) -> bool {
    matches!(namespace, "kube-system" | "kube-public" | "kube-node-lease" | "amazon-cloudwatch" | "aws-observability")
        || namespace.starts_with("amazon-")
}

pub(super) fn rows(estate: &Estate, kind: ListKind) -> Vec<ListRow> {
    let mut rows = match kind {
        ListKind::Pods => return estate.groups.iter().enumerate().map(|(at, group)| pods(at, group)).collect(),
        ListKind::ServiceAccounts => accounts(estate),
        ListKind::Roles => roles(estate),
        ListKind::Nodes => nodes(estate),
        ListKind::Associations => associations(estate),
    };
    rows.sort_by(|a, b| {
        let order = |row: &ListRow| row.worst.map_or(u8::MAX, |severity| severity as u8);
        (&a.cluster, &a.section, order(a), &a.name).cmp(&(&b.cluster, &b.section, order(b), &b.name))
    });
    rows
}

fn pods(at: usize, group: &Group) -> ListRow {
    ListRow {
        key: group.key.clone(),
        section: group.namespace.clone(),
        cluster: group.cluster.clone(),
        name: group.name.clone(),
        count: group.count(),
        code: group.identity.identity.source.code(),
        worst: group.worst,
        system: is_system_namespace(&group.namespace),
        group: Some(small(at)),
        note: match (group.predicted, group.deviates) {
            (true, _) => "no pods",
            (false, true) => "differs",
            (false, false) => "",
        },
    }
}

/// What the groups of one account, role or node add up to.
#[derive(Default)]
struct Sum {
    pods: usize,
    worst: Option<Severity>,
    group: Option<u32>,
}

impl Sum {
    fn add(&mut self, at: usize, group: &Group, pods: usize) {
        self.pods += pods;
        self.worst = [self.worst, group.worst].into_iter().flatten().min();
        self.group.get_or_insert(small(at));
    }
}

fn accounts(estate: &Estate) -> Vec<ListRow> {
    let mut sums: FxHashMap<EntityKey, Sum> = FxHashMap::default();
    for (at, group) in estate.groups.iter().enumerate() {
        sums.entry(group.account_key()).or_default().add(at, group, group.count());
    }
    for (label, cluster) in &estate.inventory.clusters {
        for account in &cluster.service_accounts {
            let meta = &account.meta;
            let key = EntityKey::namespaced(Kind::ServiceAccount, label, &meta.namespace, &meta.name);
            sums.entry(key).or_default();
        }
    }
    let row = |(key, sum): (EntityKey, Sum)| ListRow {
        section: key.namespace.clone(),
        cluster: key.scope.clone(),
        name: key.name.clone(),
        count: sum.pods,
        code: declared(estate, &key).code(),
        worst: sum.worst,
        system: is_system_namespace(&key.namespace),
        group: sum.group,
        note: if sum.pods == 0 { "no pods" } else { "" },
        key,
    };
    sums.into_iter().map(row).collect()
}

/// What association and annotation ask for, for lists: the association comes first where both stand.
fn declared(estate: &Estate, key: &EntityKey) -> Source {
    let Some(cluster) = estate.cluster(&key.scope) else { return Source::Unknown };
    if association_of(cluster, &key.namespace, &key.name) {
        return Source::PodIdentity;
    }
    let annotated = |account: &ServiceAccount| account.meta.annotations.contains("eks.amazonaws.com/role-arn");
    match cluster.service_account(&key.namespace, &key.name) {
        crate::model::Lookup::Found(account) if annotated(account) => Source::Irsa,
        crate::model::Lookup::Unknown => Source::Unknown,
        _ if !cluster.association_list.is_complete() => Source::Unknown,
        _ => Source::None,
    }
}

fn association_of(cluster: &ClusterFacts, namespace: &Name, account: &Name) -> bool {
    let mut all = cluster.associations.iter().chain(&cluster.association_list);
    all.any(|it| it.namespace == *namespace && it.service_account == *account)
}

fn roles(estate: &Estate) -> Vec<ListRow> {
    let mut sums: FxHashMap<EntityKey, Sum> = FxHashMap::default();
    for (at, group) in estate.groups.iter().enumerate() {
        if let Some(role) = group.identity.identity.role.as_deref().and_then(EntityKey::role) {
            sums.entry(role).or_default().add(at, group, group.count());
        }
    }
    let mut system: FxHashMap<EntityKey, bool> = FxHashMap::default();
    for account in estate.inventory.accounts.values() {
        for role in &account.roles {
            let key = EntityKey::scoped(Kind::Role, &account.id, &role.name);
            system.insert(key.clone(), role.path.starts_with("/aws-service-role/"));
            sums.entry(key).or_default();
        }
    }
    let mut worst: FxHashMap<&EntityKey, Severity> = FxHashMap::default();
    for problem in estate.problems.iter().filter(|problem| problem.subject.kind == Kind::Role) {
        let entry = worst.entry(&problem.subject).or_insert(problem.severity);
        *entry = (*entry).min(problem.severity);
    }
    let row = |(key, sum): (EntityKey, Sum)| ListRow {
        section: key.scope.clone(),
        cluster: Name::default(),
        name: key.name.clone(),
        count: sum.pods,
        code: "",
        worst: worst.get(&key).copied(),
        system: system.get(&key).copied().unwrap_or(false),
        group: sum.group,
        note: if system.contains_key(&key) { "" } else { "not read" },
        key,
    };
    sums.into_iter().map(row).collect()
}

fn nodes(estate: &Estate) -> Vec<ListRow> {
    let mut sums: FxHashMap<EntityKey, Sum> = FxHashMap::default();
    for (at, group) in estate.groups.iter().enumerate() {
        for member in &group.members {
            if let Some(pod) = &estate.pods[*member as usize].pod
                && !pod.node.is_empty()
            {
                let key = EntityKey::scoped(Kind::Node, &group.cluster, &pod.node);
                sums.entry(key).or_default().add(at, group, 1);
            }
        }
    }
    for (label, cluster) in &estate.inventory.clusters {
        for node in &cluster.nodes {
            sums.entry(EntityKey::scoped(Kind::Node, label, &node.meta.name)).or_default();
        }
    }
    let row = |(key, sum): (EntityKey, Sum)| ListRow {
        section: key.scope.clone(),
        cluster: key.scope.clone(),
        name: key.name.clone(),
        count: sum.pods,
        code: "",
        worst: None,
        system: false,
        group: None,
        note: "",
        key,
    };
    sums.into_iter().map(row).collect()
}

fn associations(estate: &Estate) -> Vec<ListRow> {
    let mut rows = Vec::new();
    for (label, cluster) in &estate.inventory.clusters {
        let mut seen = rustc_hash::FxHashSet::default();
        for association in cluster.associations.iter().chain(&cluster.association_list) {
            if !seen.insert(&association.id) {
                continue;
            }
            rows.push(ListRow {
                key: EntityKey::scoped(Kind::Association, label, &association.id),
                section: association.namespace.clone(),
                cluster: label.clone(),
                name: association.service_account.clone(),
                count: 0,
                code: Source::PodIdentity.code(),
                worst: None,
                system: is_system_namespace(&association.namespace),
                group: None,
                note: if association.details.is_none() { "not read" } else { "" },
            });
        }
    }
    rows
}
