//! Random roles and bindings: the engine and the naive evaluator must give the same rows.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rolewalk::base::{Name, Truth};
use rolewalk::graph::authorization::{self, Authorization, Subject};
use rolewalk::model::facts::meta::Meta;
use rolewalk::model::facts::rbac::{Binding, RbacRole, Subject as BindingSubject};
use rolewalk::model::{ClusterFacts, Listing, Reading};
use rolewalk::rbac::{Request, Rule, Target};

use super::naive::{self, Asked};

const VERBS: &[&str] = &["get", "list", "create", "deletecollection", "patch", "*"];
const GROUPS: &[&str] = &["", "apps", "*"];
const RESOURCES: &[&str] = &["pods", "pods/exec", "*/exec", "pods/*", "*", "nodes", "deployments", "secrets"];
const NAMES: &[&str] = &["a", "b"];
const URLS: &[&str] = &["/metrics", "/healthz/*", "*"];
const NAMESPACES: &[&str] = &["n1", "n2"];

fn some(of: &'static [&'static str]) -> impl Strategy<Value = Vec<Name>> {
    proptest::sample::subsequence(of, 1..=2).prop_map(|it| it.into_iter().map(Name::from).collect())
}

fn rule() -> impl Strategy<Value = Rule> {
    let names = prop_oneof![3 => Just(Vec::new()), 2 => some(NAMES)];
    let resource = (some(VERBS), some(GROUPS), some(RESOURCES), names).prop_map(
        |(verbs, api_groups, resources, resource_names)| Rule {
            verbs,
            api_groups,
            resources,
            resource_names,
            urls: Vec::new(),
        },
    );
    let url = (some(VERBS), some(URLS)).prop_map(|(verbs, urls)| Rule { verbs, urls, ..Rule::default() });
    prop_oneof![6 => resource, 1 => url]
}

fn pick(of: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(of)
}

fn subject() -> impl Strategy<Value = BindingSubject> {
    let kinds = pick(&["User", "Group", "ServiceAccount", "Robot"]);
    (kinds, pick(&["", "n1"]), pick(&["x", "y"])).prop_map(|(kind, namespace, name)| BindingSubject {
        kind: kind.into(),
        namespace: if kind == "ServiceAccount" { namespace.into() } else { Name::default() },
        name: name.into(),
    })
}

fn meta(namespace: &str, name: String) -> Meta {
    Meta { namespace: namespace.into(), name: name.into(), ..Meta::default() }
}

fn roles(names: &'static [&'static str]) -> impl Strategy<Value = Vec<RbacRole>> {
    proptest::collection::vec(proptest::collection::vec(rule(), 0..3), 3).prop_map(move |all| {
        let all = all.into_iter().enumerate().map(|(at, rules)| RbacRole {
            meta: meta(names.get(at % names.len().max(1)).copied().unwrap_or(""), format!("r{at}")),
            rules: rules.into(),
            aggregation: Vec::new(),
        });
        all.collect()
    })
}

fn bindings(namespaces: &'static [&'static str]) -> impl Strategy<Value = Vec<Binding>> {
    let one =
        (pick(namespaces), pick(&["Role", "ClusterRole"]), 0..4_usize, proptest::collection::vec(subject(), 0..3));
    proptest::collection::vec(one, 0..5).prop_map(|all| {
        let all = all.into_iter().enumerate().map(|(at, (namespace, kind, role, subjects))| Binding {
            meta: meta(namespace, format!("b{at}")),
            role_kind: kind.into(),
            // The last names no role.
            role_name: format!("r{role}").into(),
            subjects,
        });
        all.collect()
    })
}

fn listing<T>(mut items: Vec<T>, key: impl Fn(&T) -> (Name, Name)) -> Listing<T> {
    items.sort_by_key(|it| key(it));
    Listing::new(items.into_iter().map(Into::into).collect(), Reading::Complete)
}

fn cluster() -> impl Strategy<Value = ClusterFacts> {
    (roles(&[""]), roles(NAMESPACES), bindings(&[""]), bindings(NAMESPACES)).prop_map(
        |(cluster_roles, roles, cluster_bindings, bindings)| {
            let of_role = |it: &RbacRole| (it.meta.namespace.clone(), it.meta.name.clone());
            let of_binding = |it: &Binding| (it.meta.namespace.clone(), it.meta.name.clone());
            ClusterFacts {
                label: "c1".into(),
                directory: "clusters/c1".into(),
                cluster_roles: listing(cluster_roles, of_role),
                roles: listing(roles, of_role),
                cluster_role_bindings: listing(cluster_bindings, of_binding),
                role_bindings: listing(bindings, of_binding),
                ..ClusterFacts::default()
            }
        },
    )
}

fn asked() -> impl Strategy<Value = Asked> {
    let resource = (
        pick(VERBS),
        pick(GROUPS),
        pick(&["pods", "nodes", "deployments", "secrets", "*"]),
        pick(&["", "exec", "log"]),
        proptest::option::of(pick(&["a", "c"])),
        proptest::option::of(pick(&["n1", "n3"])),
    );
    let resource = resource.prop_map(|(verb, group, resource, subresource, name, namespace)| Asked {
        verb: verb.into(),
        group: group.into(),
        resource: resource.into(),
        subresource: subresource.into(),
        name: name.map(str::to_owned),
        namespace: namespace.map(str::to_owned),
        url: None,
        namespaced: (group, resource) != ("", "nodes"),
    });
    let url = (pick(VERBS), pick(&["/metrics", "/healthz/ping", "/other"])).prop_map(|(verb, url)| Asked {
        verb: verb.into(),
        group: String::new(),
        resource: String::new(),
        subresource: String::new(),
        name: None,
        namespace: None,
        url: Some(url.into()),
        namespaced: false,
    });
    prop_oneof![6 => resource, 1 => url]
}

/// The lists of IAM principals are not read in these clusters; here only Kubernetes is asked about.
fn complete(cluster: &ClusterFacts) -> Authorization {
    let mut authorization = authorization::of(cluster);
    authorization.missing.clear();
    authorization
}

pub fn request(asked: &Asked) -> Request {
    let target = match &asked.url {
        Some(url) => Target::Url(url.as_str().into()),
        None => Target::Resource {
            group: asked.group.as_str().into(),
            resource: asked.resource.as_str().into(),
            subresource: asked.subresource.as_str().into(),
            name: asked.name.as_deref().map(Name::from),
        },
    };
    Request { verb: asked.verb.as_str().into(), target, namespace: asked.namespace.as_deref().map(Name::from) }
}

/// Rows of the engine in the form of the naive evaluator; IAM principals and system:masters left out.
pub fn rows_of(authorization: &Authorization, asked: &Asked) -> BTreeMap<(String, String, String), naive::Row> {
    let rows = authorization.who_may(&request(asked));
    let rows = rows
        .into_iter()
        .filter(|row| !matches!(row.subject, Subject::Iam(_)) && row.subject != Subject::group("system:masters"));
    let rows = rows.map(|row| {
        assert_eq!(row.answer.truth, Truth::Yes, "complete lists leave nothing open");
        let namespace = row.subject.namespace().map_or_else(String::new, ToString::to_string);
        let key = (row.subject.kind().to_owned(), namespace, row.subject.name().to_string());
        let names: std::collections::BTreeSet<String> = row.answer.names.iter().map(ToString::to_string).collect();
        let scope = row.scope.iter().map(ToString::to_string).collect();
        (key, naive::Row { any: names.is_empty(), names, scope })
    });
    rows.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_and_the_naive_evaluator_agree(cluster in cluster(), asked in asked()) {
        prop_assert_eq!(rows_of(&complete(&cluster), &asked), naive::subjects(&cluster, &asked));
    }

    /// What a subject may is what some row of it, or of a group it is in by being itself, says.
    #[test]
    fn one_subject_may_what_its_rows_say(cluster in cluster(), asked in asked()) {
        let authorization = complete(&cluster);
        let rows = naive::subjects(&cluster, &asked);
        for subject in authorization.subjects().filter(|it| **it != Subject::group("system:masters")) {
            let answer = authorization.may(subject, &request(&asked));
            let namespace = subject.namespace().map_or_else(String::new, ToString::to_string);
            let row = rows.get(&(subject.kind().to_owned(), namespace, subject.name().to_string()));
            prop_assert_eq!(answer.truth == Truth::Yes, row.is_some(), "{}", subject);
            prop_assert_eq!(answer.names.is_empty(), row.is_none_or(|row| row.any));
        }
    }
}
