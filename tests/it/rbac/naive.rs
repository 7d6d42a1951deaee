//! RBAC as plainly as it can be written, over the stored objects: no index, no sharing, no early end.
//!
//! It knows complete lists only, and of the IAM side nothing; written from the Kubernetes documentation and the source
//! of its authorizer, not from the code under test.

use std::collections::{BTreeMap, BTreeSet};

use rolewalk::model::ClusterFacts;
use rolewalk::model::facts::rbac::{Binding, RbacRole, Subject};
use rolewalk::rbac::Rule;

/// What is asked, taken apart by hand.
#[derive(Clone, Debug)]
pub struct Asked {
    pub verb: String,
    /// Empty for a URL.
    pub group: String,
    pub resource: String,
    pub subresource: String,
    pub name: Option<String>,
    pub namespace: Option<String>,
    pub url: Option<String>,
    pub namespaced: bool,
}

/// A row: whether any object is allowed, names, and namespaces of the grants that count (`*` for everywhere).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub any: bool,
    pub names: BTreeSet<String>,
    pub scope: BTreeSet<String>,
}

/// `None`: no. Empty: any. Else only these names.
pub fn rule_allows(rule: &Rule, asked: &Asked) -> Option<Vec<String>> {
    let has = |list: &[rolewalk::base::Name], wanted: &str| list.iter().any(|it| it == wanted || it == "*");
    if !has(&rule.verbs, &asked.verb) {
        return None;
    }
    if let Some(url) = &asked.url {
        let fits = rule.urls.iter().any(|it| {
            let stem = it.trim_end_matches('*');
            it == url.as_str() || (it.ends_with('*') && url.starts_with(stem))
        });
        return fits.then(Vec::new);
    }
    if !has(&rule.api_groups, &asked.group) {
        return None;
    }
    let whole = match asked.subresource.is_empty() {
        true => asked.resource.clone(),
        false => format!("{}/{}", asked.resource, asked.subresource),
    };
    let any_sub = format!("*/{}", asked.subresource);
    let fits = rule
        .resources
        .iter()
        .any(|it| it == "*" || it == whole.as_str() || (!asked.subresource.is_empty() && it == any_sub.as_str()));
    if !fits {
        return None;
    }
    if rule.resource_names.is_empty() {
        return Some(Vec::new());
    }
    // Neither carries a name when it is authorized.
    if asked.verb == "deletecollection" || (asked.verb == "create" && asked.subresource.is_empty()) {
        return None;
    }
    match &asked.name {
        Some(name) => rule.resource_names.iter().any(|it| it == name.as_str()).then(Vec::new),
        None => Some(rule.resource_names.iter().map(ToString::to_string).collect()),
    }
}

fn rules_of(cluster: &ClusterFacts, role: &RbacRole, depth: usize) -> Vec<Rule> {
    if !role.rules.is_empty() || role.aggregation.is_empty() || depth == 0 {
        return role.rules.to_vec();
    }
    let chosen = cluster.cluster_roles.iter().filter(|other| {
        role.aggregation
            .iter()
            .any(|selector| selector.labels.iter().all(|(key, value)| other.meta.labels.get(key) == Some(value)))
    });
    chosen.flat_map(|other| rules_of(cluster, other, depth - 1)).collect()
}

fn rules(cluster: &ClusterFacts, binding: &Binding, namespace: Option<&str>) -> Vec<Rule> {
    let found = match (binding.role_kind.as_str(), namespace) {
        ("ClusterRole", _) => cluster.cluster_roles.iter().find(|it| it.meta.name == binding.role_name),
        ("Role", Some(namespace)) => {
            cluster.roles.iter().find(|it| it.meta.name == binding.role_name && it.meta.namespace == namespace)
        }
        _ => None,
    };
    found.map_or_else(Vec::new, |role| rules_of(cluster, role, 4))
}

fn subject_key(subject: &Subject, namespace: Option<&str>) -> Option<(String, String, String)> {
    let own = match (subject.kind.as_str(), subject.namespace.as_str(), namespace) {
        ("ServiceAccount", "", None) => return None,
        ("ServiceAccount", "", Some(own)) => own,
        ("ServiceAccount", given, _) => given,
        ("User" | "Group", ..) => "",
        _ => return None,
    };
    Some((subject.kind.to_string(), own.to_owned(), subject.name.to_string()))
}

/// Kind, namespace and name of a subject.
pub type Key = (String, String, String);

/// Rows by kind, namespace and name, without system:masters.
pub fn subjects(cluster: &ClusterFacts, asked: &Asked) -> BTreeMap<Key, Row> {
    let mut grants: Vec<(Key, Vec<String>, String)> = Vec::new();
    for binding in &cluster.cluster_role_bindings {
        for rule in rules(cluster, binding, None) {
            let Some(names) = rule_allows(&rule, asked) else { continue };
            let keys = binding.subjects.iter().filter_map(|it| subject_key(it, None));
            grants.extend(keys.map(|key| (key, names.clone(), "*".to_owned())));
        }
    }
    for binding in &cluster.role_bindings {
        let own = binding.meta.namespace.as_str();
        let elsewhere = asked.namespace.as_deref().is_some_and(|wanted| wanted != own);
        if asked.url.is_some() || !asked.namespaced || elsewhere {
            continue;
        }
        for rule in rules(cluster, binding, Some(own)) {
            let Some(names) = rule_allows(&rule, asked) else { continue };
            let keys = binding.subjects.iter().filter_map(|it| subject_key(it, Some(own)));
            grants.extend(keys.map(|key| (key, names.clone(), own.to_owned())));
        }
    }
    let mut rows: BTreeMap<(String, String, String), Row> = BTreeMap::new();
    for (key, names, _) in &grants {
        let row = rows.entry(key.clone()).or_default();
        row.any |= names.is_empty();
        row.names.extend(names.iter().cloned());
    }
    for (key, names, scope) in grants {
        let row = rows.get_mut(&key).expect("made above");
        if names.is_empty() == row.any {
            row.scope.insert(scope);
        }
    }
    for row in rows.values_mut() {
        if row.any {
            row.names.clear();
        }
        if row.scope.contains("*") {
            row.scope = BTreeSet::from(["*".to_owned()]);
        }
    }
    rows.remove(&("Group".to_owned(), String::new(), "system:masters".to_owned()));
    rows
}
