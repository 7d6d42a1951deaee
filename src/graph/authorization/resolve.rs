//! Bindings, access entries and `aws-auth` of one cluster, resolved into grants.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{Name, Truth};
use crate::identity::network::selects;
use crate::model::facts::rbac::{Binding, RbacRole};
use crate::model::{ClusterFacts, EntityKey, Kind, Lookup, SourceId, SourceKind};
use crate::rbac::rights::Circumstances;
use crate::rbac::{Rights, Rule, Version};

use super::access_policy;
use super::grant::{Grant, GrantedRole, Origin, Scope, wildcard};
use super::held::held_powers;
use super::mapping::{Ineffective, Mapping, Mode, mappings};
use super::subject::{MASTERS, Subject};
use super::{Authorization, aws_auth};

/// Resolves who may do what in a cluster. Cost: bindings times their subjects, and each distinct set of rules once.
pub fn of(cluster: &ClusterFacts) -> Authorization {
    let mode = Mode::of(cluster);
    let mut builder = Builder {
        cluster,
        roles: Vec::new(),
        grants: Vec::new(),
        by_key: FxHashMap::default(),
        rights: FxHashMap::default(),
    };
    builder.masters();
    for binding in &cluster.cluster_role_bindings {
        builder.binding(binding, None);
    }
    for binding in &cluster.role_bindings {
        builder.binding(binding, Some(&binding.meta.namespace));
    }
    let mappings = mappings(cluster, mode);
    builder.mapped(&mappings);
    let Builder { mut grants, roles, .. } = builder;
    grants.sort_by(|a, b| a.subject.cmp(&b.subject));
    let mut by_subject: FxHashMap<Subject, Vec<usize>> = FxHashMap::default();
    for (number, grant) in grants.iter().enumerate() {
        by_subject.entry(grant.subject.clone()).or_default().push(number);
    }
    let mut authorization = Authorization {
        cluster: cluster.label.clone(),
        grants,
        roles,
        missing: missing(cluster, mode, &mappings),
        mappings,
        hidden_creator: hidden_creator(cluster),
        circumstances: circumstances(cluster, mode),
        damaged_map: !mode.map.is_no() && aws_auth::read(cluster).is_some_and(|map| map.damaged),
        by_subject,
        ..Authorization::default()
    };
    authorization.hold(held_powers(&authorization, cluster));
    authorization
}

/// R175: the creator of a cluster in mode `CONFIG_MAP` is in no listing.
fn hidden_creator(cluster: &ClusterFacts) -> Truth {
    match cluster.description().map(|it| it.authentication_mode.as_str()) {
        Some("CONFIG_MAP") => Truth::Yes,
        Some("API" | "API_AND_CONFIG_MAP") => Truth::No,
        _ => Truth::Unknown,
    }
}

fn circumstances(cluster: &ClusterFacts, mode: Mode) -> Circumstances {
    let described = cluster.description().and_then(|it| Version::parse(&it.version));
    let version = described.or_else(|| cluster.version.items().first().and_then(|it| Version::parse(it)));
    let absent = match aws_auth::read(cluster) {
        Some(_) => Truth::No,
        None if cluster.config_maps.is_complete() => Truth::Yes,
        None => Truth::Unknown,
    };
    Circumstances { version, aws_auth_read: mode.map, aws_auth_absent: absent }
}

/// Sources that could add grants and were not read whole.
fn missing(cluster: &ClusterFacts, mode: Mode, mappings: &[Mapping]) -> Vec<SourceId> {
    let mut missing: Vec<SourceKind> = Vec::new();
    let mut unless = |whole: bool, kind: SourceKind| {
        if !whole {
            missing.push(kind);
        }
    };
    unless(cluster.cluster_role_bindings.is_complete(), SourceKind::ClusterRoleBindings);
    unless(cluster.role_bindings.is_complete(), SourceKind::RoleBindings);
    unless(cluster.cluster_roles.is_complete(), SourceKind::ClusterRoles);
    unless(cluster.roles.is_complete(), SourceKind::Roles);
    unless(!mode.entries.is_unknown() && !mode.map.is_unknown(), SourceKind::Cluster);
    if !mode.entries.is_no() {
        let described = mappings.iter().all(|it| it.reason != Some(Ineffective::NotDescribed));
        unless(cluster.access_entry_list.is_complete(), SourceKind::AccessEntryList);
        unless(described && cluster.access_entries.is_complete(), SourceKind::AccessEntries);
        unless(cluster.access_policies.is_complete(), SourceKind::AccessPolicies);
    }
    if !mode.map.is_no() {
        let damaged = aws_auth::read(cluster).is_some_and(|map| map.damaged);
        unless(cluster.config_maps.is_complete() && !damaged, SourceKind::ConfigMaps);
    }
    let mut missing: Vec<SourceId> = missing.into_iter().map(|kind| cluster.source(kind)).collect();
    missing.sort();
    missing
}

struct Builder<'a> {
    cluster: &'a ClusterFacts,
    roles: Vec<GrantedRole>,
    grants: Vec<Grant>,
    by_key: FxHashMap<EntityKey, Option<usize>>,
    /// Roles with the same rules are looked at once.
    rights: FxHashMap<Arc<[Rule]>, Arc<Rights>>,
}

impl<'a> Builder<'a> {
    fn role(&mut self, key: Option<EntityKey>, name: &Name, rules: Option<Arc<[Rule]>>, whole: bool) -> usize {
        let rights = match &rules {
            Some(rules) => {
                let known = self.rights.entry(Arc::clone(rules));
                Arc::clone(known.or_insert_with_key(|rules| Arc::new(Rights::of(rules))))
            }
            None => Arc::default(),
        };
        self.roles.push(GrantedRole { key, name: name.clone(), rules, whole, rights });
        self.roles.len() - 1
    }

    fn everything() -> Arc<[Rule]> {
        let any = || vec![Name::from("*")];
        let resources = Rule { verbs: any(), api_groups: any(), resources: any(), ..Rule::default() };
        let urls = Rule { verbs: any(), urls: any(), ..Rule::default() };
        Arc::from([resources, urls])
    }

    /// R139: the group passes every check before RBAC is asked.
    fn masters(&mut self) {
        let role = self.role(None, &MASTERS.into(), Some(Builder::everything()), true);
        self.grants.push(Grant {
            subject: Subject::group(MASTERS),
            origin: Origin::Builtin,
            mapping: None,
            through: None,
            role,
            scope: Scope::Cluster,
            certainty: Truth::Yes,
        });
    }

    /// The role that a binding names: `None` when it surely does not exist, so that the binding grants nothing.
    fn role_of(&mut self, binding: &Binding, namespace: Option<&Name>) -> Option<usize> {
        let label = &self.cluster.label;
        let (key, found) = match (binding.role_kind.as_str(), namespace) {
            ("ClusterRole", _) => {
                let key = EntityKey::scoped(Kind::ClusterRole, label, &binding.role_name);
                (key, self.cluster.cluster_role(&binding.role_name))
            }
            ("Role", Some(namespace)) => {
                let key = EntityKey::namespaced(Kind::RbacRole, label, namespace, &binding.role_name);
                (key, self.cluster.role(namespace, &binding.role_name))
            }
            // A ClusterRoleBinding to a Role is refused by the API server.
            _ => return None,
        };
        if let Some(known) = self.by_key.get(&key) {
            return *known;
        }
        let number = match found {
            Lookup::Found(role) => {
                let (rules, whole) = self.rules(role);
                Some(self.role(Some(key.clone()), &binding.role_name, Some(rules), whole))
            }
            Lookup::Absent => None,
            Lookup::Unknown => Some(self.role(Some(key.clone()), &binding.role_name, None, false)),
        };
        self.by_key.insert(key, number);
        number
    }

    /// The rules of a role: those of the live object, which the controller keeps current; in manifests, where an
    /// aggregated ClusterRole has none, the union by its selectors (R142). Second: nothing can be missing from them.
    fn rules(&self, role: &'a RbacRole) -> (Arc<[Rule]>, bool) {
        if role.aggregation.is_empty() || !role.rules.is_empty() {
            return (Arc::clone(&role.rules), true);
        }
        let (mut rules, mut whole) = (Vec::new(), self.cluster.cluster_roles.is_complete());
        let mut seen = FxHashSet::default();
        let mut waiting = vec![role];
        while let Some(role) = waiting.pop() {
            if !seen.insert(&role.meta.name) {
                continue;
            }
            if role.aggregation.is_empty() || !role.rules.is_empty() {
                for rule in role.rules.iter() {
                    if !rules.contains(rule) {
                        rules.push(rule.clone());
                    }
                }
                continue;
            }
            // Backwards, so that the first by name is taken first.
            for other in self.cluster.cluster_roles.iter().rev() {
                let chosen =
                    role.aggregation.iter().map(|it| selects(it, &other.meta.labels)).fold(Truth::No, Truth::or);
                whole &= !chosen.is_unknown();
                if chosen.is_yes() {
                    waiting.push(other);
                }
            }
        }
        (rules.into(), whole)
    }

    fn binding(&mut self, binding: &Binding, namespace: Option<&Name>) {
        let Some(role) = self.role_of(binding, namespace) else { return };
        let label = &self.cluster.label;
        let (key, scope) = match namespace {
            Some(namespace) => (
                EntityKey::namespaced(Kind::RoleBinding, label, namespace, &binding.meta.name),
                Scope::Namespace(namespace.clone()),
            ),
            None => (EntityKey::scoped(Kind::ClusterRoleBinding, label, &binding.meta.name), Scope::Cluster),
        };
        for subject in &binding.subjects {
            let name = &subject.name;
            let subject = match subject.kind.as_str() {
                "User" => Subject::User(name.clone()),
                "Group" => Subject::Group(name.clone()),
                "ServiceAccount" => {
                    // A RoleBinding may leave out the namespace and means its own.
                    let own = if subject.namespace.is_empty() { namespace } else { Some(&subject.namespace) };
                    let Some(own) = own else { continue };
                    Subject::service_account(own, name)
                }
                _ => continue,
            };
            self.grants.push(Grant {
                subject,
                origin: Origin::Binding(key.clone()),
                mapping: None,
                through: None,
                role,
                scope: scope.clone(),
                certainty: Truth::Yes,
            });
        }
    }

    /// What IAM principals get: by access policy, and as the users and groups that they are mapped to.
    fn mapped(&mut self, mappings: &[Mapping]) {
        let mut by_subject: FxHashMap<Subject, Vec<usize>> = FxHashMap::default();
        for (number, grant) in self.grants.iter().enumerate() {
            by_subject.entry(grant.subject.clone()).or_default().push(number);
        }
        let users: Vec<(Subject, Vec<usize>)> = by_subject
            .iter()
            .filter(|it| matches!(it.0, Subject::User(_)))
            .map(|it| (it.0.clone(), it.1.clone()))
            .collect();
        for (number, mapping) in mappings.iter().enumerate().filter(|it| !it.1.counts.is_no()) {
            self.policies(number, mapping);
            for group in &mapping.groups {
                let group = Subject::Group(group.clone());
                let grants = by_subject.get(&group).map_or(&[][..], Vec::as_slice);
                self.through(number, mapping, &group, grants, Truth::Yes);
            }
            if mapping.username.is_empty() {
                continue;
            }
            if mapping.username.contains("{{") || mapping.username.contains('*') {
                for (user, grants) in &users {
                    // Who makes the session chooses its name, so whether the user is met is open.
                    if template(mapping, user.name()) {
                        self.through(number, mapping, user, grants, Truth::Unknown);
                    }
                }
            } else {
                let user = Subject::User(mapping.username.clone());
                let grants = by_subject.get(&user).map_or(&[][..], Vec::as_slice);
                self.through(number, mapping, &user, grants, Truth::Yes);
            }
        }
    }

    fn through(&mut self, number: usize, mapping: &Mapping, subject: &Subject, grants: &[usize], certainty: Truth) {
        for grant in grants {
            let grant = &self.grants[*grant];
            let grant = Grant {
                subject: mapping.subject(),
                mapping: Some(number),
                through: Some(subject.clone()),
                certainty: certainty.and(mapping.counts),
                ..grant.clone()
            };
            self.grants.push(grant);
        }
    }

    /// Access policies of an access entry (R173, R174).
    fn policies(&mut self, number: usize, mapping: &Mapping) {
        if !matches!(mapping.origin, super::MappingOrigin::AccessEntry { .. }) {
            return;
        }
        let found = self.cluster.access_policies_of(&mapping.principal);
        let Lookup::Found(policies) = found else { return };
        for policy in &policies.policies {
            let name = Name::from(access_policy::name(&policy.arn));
            let key = EntityKey::plain(Kind::Resource, &policy.arn);
            let role = match self.by_key.get(&key) {
                Some(Some(known)) => *known,
                _ => {
                    let rules = access_policy::rules(&policy.arn);
                    let whole = rules.is_some();
                    let role = self.role(None, &name, rules, whole);
                    self.by_key.insert(key, Some(role));
                    role
                }
            };
            let scopes: Vec<Scope> = match &policy.namespaces {
                None => vec![Scope::Cluster],
                Some(names) => names
                    .iter()
                    .map(|it| if it.contains('*') { Scope::Pattern(it.clone()) } else { Scope::Namespace(it.clone()) })
                    .collect(),
            };
            for scope in scopes {
                self.grants.push(Grant {
                    subject: mapping.subject(),
                    origin: Origin::AccessPolicy,
                    mapping: Some(number),
                    through: None,
                    role,
                    scope,
                    certainty: mapping.counts,
                });
            }
        }
    }
}

/// Whether a user name can come out of a mapping's template: `{{AccountID}}` is known, every other part is not.
fn template(mapping: &Mapping, user: &str) -> bool {
    let account = crate::model::Arn::parse(&mapping.principal).map_or("", |it| it.account);
    let mut pattern = String::new();
    let mut rest = mapping.username.as_str();
    while let Some((before, after)) = rest.split_once("{{") {
        pattern.push_str(before);
        let Some((variable, after)) = after.split_once("}}") else {
            rest = after;
            break;
        };
        pattern.push_str(if variable == "AccountID" { account } else { "*" });
        rest = after;
    }
    pattern.push_str(rest);
    wildcard(&pattern, user)
}
