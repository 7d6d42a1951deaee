//! Where the rows of each list come from.

use rustc_hash::FxHashMap;

use crate::base::Name;
use crate::estate::{Estate, Group, Severity};
use crate::identity::Source;
use crate::model::facts::workload::ServiceAccount;
use crate::model::{ClusterFacts, EntityKey, Kind};

use super::{ListKind, ListRow, Marks, small};

/// Namespaces of Kubernetes and of AWS add-ons.
fn is_system_namespace(namespace: &str) -> bool {
    matches!(namespace, "kube-system" | "kube-public" | "kube-node-lease" | "amazon-cloudwatch" | "aws-observability")
        || namespace.starts_with("amazon-")
}

pub(super) fn rows(estate: &Estate, kind: ListKind, marks: &Marks) -> Vec<ListRow> {
    let worst: Vec<Option<Severity>> = estate.groups.iter().map(|group| marks.worst(estate, &group.key)).collect();
    let context = Context { estate, marks, worst };
    let mut rows = match kind {
        ListKind::Pods => context.pods(),
        ListKind::ServiceAccounts => context.accounts(),
        ListKind::Roles => context.roles(),
        ListKind::Nodes => context.nodes(),
        ListKind::Associations => context.associations(),
        ListKind::Findings => Vec::new(),
    };
    rows.sort_by(|a, b| {
        let order = |row: &ListRow| row.worst.map_or(u8::MAX, |severity| severity as u8);
        (&a.cluster, &a.section, order(a), &a.name, &a.key).cmp(&(&b.cluster, &b.section, order(b), &b.name, &b.key))
    });
    rows
}

/// What rows are made from.
struct Context<'a> {
    estate: &'a Estate,
    marks: &'a Marks,
    /// Of each group.
    worst: Vec<Option<Severity>>,
}

fn pods(at: usize, group: &Group, worst: Option<Severity>) -> ListRow {
    ListRow {
        key: group.key.clone(),
        section: group.namespace.clone(),
        namespace: group.namespace.clone(),
        cluster: group.cluster.clone(),
        name: group.name.clone(),
        count: group.count(),
        code: group.identity.identity.source.code(),
        worst,
        system: is_system_namespace(&group.namespace),
        group: Some(small(at)),
        note: match (group.predicted, group.deviates) {
            (true, _) => "no pods",
            (false, true) => "differs",
            (false, false) => "",
        },
        finding: None,
        accepted: false,
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
    fn add(&mut self, at: usize, worst: Option<Severity>, pods: usize) {
        self.pods += pods;
        self.worst = [self.worst, worst].into_iter().flatten().min();
        self.group.get_or_insert(small(at));
    }
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

impl Context<'_> {
    fn pods(&self) -> Vec<ListRow> {
        let groups = self.estate.groups.iter().zip(&self.worst).enumerate();
        groups.map(|(at, (group, worst))| pods(at, group, *worst)).collect()
    }

    fn accounts(&self) -> Vec<ListRow> {
        let mut sums: FxHashMap<EntityKey, Sum> = FxHashMap::default();
        for (at, group) in self.estate.groups.iter().enumerate() {
            sums.entry(group.account_key()).or_default().add(at, self.worst[at], group.count());
        }
        for (label, cluster) in &self.estate.inventory.clusters {
            for account in &cluster.service_accounts {
                let meta = &account.meta;
                let key = EntityKey::namespaced(Kind::ServiceAccount, label, &meta.namespace, &meta.name);
                sums.entry(key).or_default();
            }
        }
        let row = |(key, sum): (EntityKey, Sum)| ListRow {
            section: key.namespace.clone(),
            namespace: key.namespace.clone(),
            cluster: key.scope.clone(),
            name: key.name.clone(),
            count: sum.pods,
            code: declared(self.estate, &key).code(),
            worst: [sum.worst, self.marks.worst(self.estate, &key)].into_iter().flatten().min(),
            system: is_system_namespace(&key.namespace),
            group: sum.group,
            note: if sum.pods == 0 { "no pods" } else { "" },
            finding: None,
            accepted: false,
            key,
        };
        sums.into_iter().map(row).collect()
    }

    fn roles(&self) -> Vec<ListRow> {
        let mut sums: FxHashMap<EntityKey, Sum> = FxHashMap::default();
        for (at, group) in self.estate.groups.iter().enumerate() {
            if let Some(role) = group.identity.identity.role.as_deref().and_then(EntityKey::role) {
                sums.entry(role).or_default().add(at, self.worst[at], group.count());
            }
        }
        let mut system: FxHashMap<EntityKey, bool> = FxHashMap::default();
        for account in self.estate.inventory.accounts.values() {
            for role in &account.roles {
                let key = EntityKey::scoped(Kind::Role, &account.id, &role.name);
                system.insert(key.clone(), role.path.starts_with("/aws-service-role/"));
                sums.entry(key).or_default();
            }
        }
        let row = |(key, sum): (EntityKey, Sum)| ListRow {
            section: key.scope.clone(),
            namespace: Name::default(),
            cluster: Name::default(),
            name: key.name.clone(),
            count: sum.pods,
            code: "",
            worst: self.marks.worst(self.estate, &key),
            system: system.get(&key).copied().unwrap_or(false),
            group: sum.group,
            note: if system.contains_key(&key) { "" } else { "not read" },
            finding: None,
            accepted: false,
            key,
        };
        sums.into_iter().map(row).collect()
    }

    fn nodes(&self) -> Vec<ListRow> {
        let mut sums: FxHashMap<EntityKey, Sum> = FxHashMap::default();
        for (at, group) in self.estate.groups.iter().enumerate() {
            for member in &group.members {
                if let Some(pod) = &self.estate.pods[*member as usize].pod
                    && !pod.node.is_empty()
                {
                    let key = EntityKey::scoped(Kind::Node, &group.cluster, &pod.node);
                    sums.entry(key).or_default().add(at, self.worst[at], 1);
                }
            }
        }
        for (label, cluster) in &self.estate.inventory.clusters {
            for node in &cluster.nodes {
                sums.entry(EntityKey::scoped(Kind::Node, label, &node.meta.name)).or_default();
            }
        }
        let row = |(key, sum): (EntityKey, Sum)| ListRow {
            section: key.scope.clone(),
            namespace: Name::default(),
            cluster: key.scope.clone(),
            name: key.name.clone(),
            count: sum.pods,
            code: "",
            worst: self.marks.worst(self.estate, &key),
            system: false,
            group: None,
            note: "",
            finding: None,
            accepted: false,
            key,
        };
        sums.into_iter().map(row).collect()
    }

    fn associations(&self) -> Vec<ListRow> {
        let mut rows = Vec::new();
        for (label, cluster) in &self.estate.inventory.clusters {
            let mut seen = rustc_hash::FxHashSet::default();
            for association in cluster.associations.iter().chain(&cluster.association_list) {
                if !seen.insert(&association.id) {
                    continue;
                }
                let key = EntityKey::scoped(Kind::Association, label, &association.id);
                rows.push(ListRow {
                    key: key.clone(),
                    section: association.namespace.clone(),
                    namespace: association.namespace.clone(),
                    cluster: label.clone(),
                    name: association.service_account.clone(),
                    count: 0,
                    code: Source::PodIdentity.code(),
                    worst: self.marks.worst(self.estate, &key),
                    system: is_system_namespace(&association.namespace),
                    group: None,
                    note: if association.details.is_none() { "not read" } else { "" },
                    finding: None,
                    accepted: false,
                });
            }
        }
        rows
    }
}
