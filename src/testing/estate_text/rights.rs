//! Lines of who may do what: roles, bindings, access entries and `aws-auth`.
//!
//! ```text
//! clusterrole edit label:a=b aggregate:a=b can:create,get=pods,pods/exec can:patch=configmaps[aws-auth]
//! role.rbac ns/app can:get=secrets,deployments.apps can:get=/metrics
//! rolebinding ns/b role=app to:sa=ns/app           # role= a Role, clusterrole= a ClusterRole
//! clusterrolebinding b clusterrole=edit to:group=dev to:user=alice
//! access-entry NAME groups=a,b username=u type=STANDARD created=T policy:AmazonEKSEditPolicy=ns,dev-*   # policy:P= for all
//! aws-auth role:NAME=group,group user:NAME=group account:ID=
//! ```

use crate::base::Name;
use crate::model::SourceKind;
use crate::model::facts::eks::{AccessEntry, AccessEntryDetails, AccessPolicies, AccessPolicy};
use crate::model::facts::meta::{Labels, Meta, Origin, Selector};
use crate::model::facts::rbac::{Binding, RbacRole, Subject};
use crate::model::facts::workload::KeyedObject;
use crate::model::feed::Batch;
use crate::rbac::{Request, Rule, Target};

use super::line::Line;
use super::{Builder, meta, pods, time};

fn names(text: &str) -> Vec<Name> {
    text.split(',').filter(|it| !it.is_empty()).map(Name::from).collect()
}

/// `can:VERBS=RESOURCES[NAMES]`: one rule for each group among the resources; a bare `*` is every group.
fn rules(line: &mut Line) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (verbs, what) in line.all("can") {
        let (resources, objects) = what.split_once('[').unwrap_or((&what, ""));
        let resource_names = names(objects.trim_end_matches(']'));
        for written in resources.split(',') {
            let rule = Rule { verbs: names(&verbs), resource_names: resource_names.clone(), ..Rule::default() };
            let (group, resource) = match Request::parse("", written, None, None).target {
                Target::Url(url) => {
                    rules.push(Rule { urls: vec![url], ..rule });
                    continue;
                }
                Target::Resource { .. } if written == "*" => (Name::from("*"), Name::from("*")),
                Target::Resource { group, resource, subresource, .. } if subresource.is_empty() => (group, resource),
                Target::Resource { group, resource, subresource, .. } => {
                    (group, Name::from(format!("{resource}/{subresource}")))
                }
            };
            let same = |it: &&mut Rule| {
                it.verbs == rule.verbs && it.resource_names == rule.resource_names && it.api_groups == [group.clone()]
            };
            match rules.last_mut().filter(same) {
                Some(last) => last.resources.push(resource),
                None => rules.push(Rule { api_groups: vec![group], resources: vec![resource], ..rule }),
            }
        }
    }
    rules
}

impl Builder {
    /// `clusterrole NAME ...` and `role.rbac NS/NAME ...`
    pub(super) fn rbac_role_line(&mut self, line: &mut Line) {
        let cluster = self.cluster(line);
        let selectors = line.all("aggregate").into_iter();
        let selectors =
            selectors.map(|label| Selector { labels: pods::labels(vec![label]), expressions: vec![] }).collect();
        let labels = pods::labels(line.all("label"));
        let rules = rules(line).into();
        let in_namespace = line.word == "role.rbac";
        let (namespace, name) = if in_namespace { line.namespaced() } else { (String::new(), line.name.clone()) };
        let role = RbacRole { meta: Meta { labels, ..meta(&namespace, &name) }, rules, aggregation: selectors };
        let kind = if in_namespace { SourceKind::Roles } else { SourceKind::ClusterRoles };
        self.push(&cluster, kind, Batch::RbacRoles(vec![role.into()]));
    }

    /// `rolebinding NS/NAME role=R to:group=G` and `clusterrolebinding NAME clusterrole=R to:sa=NS/NAME`
    pub(super) fn binding_line(&mut self, line: &mut Line) {
        let cluster = self.cluster(line);
        let in_namespace = line.word == "rolebinding";
        let (namespace, name) = if in_namespace { line.namespaced() } else { (String::new(), line.name.clone()) };
        let (role_kind, role_name) = match (line.take("role"), line.take("clusterrole")) {
            (Some(role), None) => ("Role", role),
            (None, Some(role)) => ("ClusterRole", role),
            _ => line.fail("wants role= or clusterrole="),
        };
        let subjects = line.all("to").into_iter().map(|(kind, name)| match kind.as_str() {
            "group" => Subject { kind: "Group".into(), namespace: Name::default(), name: name.into() },
            "user" => Subject { kind: "User".into(), namespace: Name::default(), name: name.into() },
            "sa" => {
                let (namespace, name) = name.split_once('/').unwrap_or(("", &name));
                Subject { kind: "ServiceAccount".into(), namespace: namespace.into(), name: name.into() }
            }
            _ => line.fail("binds to:group, to:user or to:sa"),
        });
        let subjects = subjects.collect();
        let binding = Binding {
            meta: meta(&namespace, &name),
            role_kind: role_kind.into(),
            role_name: role_name.into(),
            subjects,
        };
        let kind = if in_namespace { SourceKind::RoleBindings } else { SourceKind::ClusterRoleBindings };
        self.push(&cluster, kind, Batch::Bindings(vec![binding.into()]));
    }

    /// `access-entry ROLE ...`; `undescribed` leaves what only describing tells away.
    pub(super) fn access_entry_line(&mut self, line: &mut Line) {
        let cluster = self.cluster(line);
        let principal = self.role_arn(&line.name.clone());
        let policies: Vec<AccessPolicy> = line
            .all("policy")
            .into_iter()
            .map(|(policy, namespaces)| AccessPolicy {
                arn: format!("arn:{}:eks::aws:cluster-access-policy/{policy}", cluster.partition).into(),
                namespaces: (!namespaces.is_empty()).then(|| names(&namespaces)),
            })
            .collect();
        let details = AccessEntryDetails {
            username: line.take("username").unwrap_or_else(|| format!("{principal}/{{{{SessionName}}}}")).into(),
            groups: line.take("groups").map(|it| names(&it)).unwrap_or_default(),
            kind: line.take("type").unwrap_or_else(|| "STANDARD".into()).into(),
            created: line.take("created").map(|it| time(line, &it)),
        };
        let listed = AccessEntry { principal: principal.clone(), details: None, origin: Origin::default() };
        if !line.flag("undescribed") {
            let entry = AccessEntry { details: Some(details), ..listed.clone() };
            self.push(&cluster, SourceKind::AccessEntries, Batch::AccessEntries(vec![entry.into()]));
        }
        self.push(&cluster, SourceKind::AccessEntryList, Batch::AccessEntries(vec![listed.into()]));
        if !policies.is_empty() {
            let policies = AccessPolicies { principal, policies };
            self.push(&cluster, SourceKind::AccessPolicies, Batch::AccessPolicies(vec![policies.into()]));
        }
    }

    /// `aws-auth role:NAME=groups user:NAME=groups account:ID=`, or the YAML of a part as `data:mapRoles=[...]`.
    pub(super) fn aws_auth_line(&mut self, line: &mut Line) {
        let cluster = self.cluster(line);
        let mut values = line.all("data");
        for (word, key, arn) in [("role", "mapRoles", "rolearn"), ("user", "mapUsers", "userarn")] {
            let entries: Vec<String> = line
                .all(word)
                .into_iter()
                .map(|(name, groups)| {
                    let (partition, account) = (&cluster.partition, &cluster.account);
                    let principal = match name.starts_with("arn:") {
                        true => name.clone(),
                        false => format!("arn:{partition}:iam::{account}:{word}/{name}"),
                    };
                    let groups: String = names(&groups).iter().map(|it| format!("\n  - {it}")).collect();
                    format!("- {arn}: {principal}\n  username: {word}-{name}\n  groups:{groups}\n")
                })
                .collect();
            if !entries.is_empty() {
                values.push((key.into(), entries.concat()));
            }
        }
        let accounts: String = line.all("account").into_iter().map(|(id, _)| format!("- \"{id}\"\n")).collect();
        if !accounts.is_empty() {
            values.push(("mapAccounts".into(), accounts));
        }
        let object = KeyedObject {
            meta: meta("kube-system", "aws-auth"),
            keys: Some(values.iter().map(|(key, _)| key.as_str().into()).collect()),
            values: if values.is_empty() { Labels::default() } else { pods::labels(values) },
            secret_type: Name::default(),
        };
        self.push(&cluster, SourceKind::ConfigMaps, Batch::KeyedObjects(vec![object.into()]));
    }
}
