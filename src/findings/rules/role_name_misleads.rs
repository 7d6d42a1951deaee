//! The name or tags of a role speak of others than its users
//!
//! ## What it checks
//! A tag of a role of pods names a namespace, service account, cluster or environment that none of its users is of, or its
//! name begins with the name of another namespace or cluster, or speaks of another environment. Generated names say nothing.
//!
//! ## Why it matters
//! Whoever reviews access by names reviews the wrong thing.
//!
//! ## How to fix
//! Correct the tags; a role with a better name has to be made anew.
//!
//! ## For newcomers
//! Nothing in AWS connects the name of a role with who uses it. People do.

use std::collections::BTreeSet;

use crate::findings::context::PodRole;
use crate::findings::reference::{NHI8, PR_AA_01};
use crate::findings::role_policies::holders;
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "HYG-005",
    slug: "role-name-misleads",
    severity: Severity::Info,
    kind: Kind::Open,
    category: Category::Hygiene,
    needs: &[SourceKind::Iam, SourceKind::Pods, SourceKind::ServiceAccounts, SourceKind::Namespaces],
    references: &[NHI8, PR_AA_01],
    check,
};

/// What the tools and conventions of EKS call it.
const NAMESPACE_TAGS: &[&str] = &["kubernetes-namespace", "kubernetes.io/namespace", "namespace", "k8s-namespace"];
const ACCOUNT_TAGS: &[&str] =
    &["kubernetes-service-account", "service-account", "serviceaccount", "k8s-service-account"];
const CLUSTER_TAGS: &[&str] =
    &["eks-cluster-name", "alpha.eksctl.io/cluster-name", "cluster", "eks-cluster", "clustername"];
const ENVIRONMENT_TAGS: &[&str] = &["env", "environment", "stage"];

/// Words for environments, alike ones in a row.
const ENVIRONMENTS: &[&[&str]] = &[
    &["prod", "production", "prd", "live"],
    &["staging", "stage", "stg", "preprod"],
    &["dev", "development", "develop"],
    &["test", "testing", "qa", "uat"],
    &["sandbox", "sbx"],
];

/// Who uses a role, by what names could speak of.
struct Users<'a> {
    namespaces: BTreeSet<&'a str>,
    accounts: BTreeSet<&'a str>,
    clusters: BTreeSet<&'a str>,
    environments: BTreeSet<usize>,
}

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let namespaces: BTreeSet<&str> = context
        .clusters()
        .flat_map(|it| it.namespaces.iter())
        .map(|it| it.meta.name.as_str())
        .filter(|it| !it.starts_with("kube-") && *it != "default" && it.len() > 2)
        .collect();
    let clusters: BTreeSet<&str> = context.clusters().map(|it| it.label.as_str()).collect();
    for it in context.pod_roles().iter().filter(|it| !it.is_of_nodes() && it.held.is_yes()) {
        let users = Users::of(it);
        let mut wrong = by_tags(it, &users);
        if !is_generated(&it.role.name) {
            wrong.extend(by_name(&it.role.name, &users, &namespaces, &clusters));
        }
        let Some(first) = wrong.first() else { continue };
        let used =
            format!("{} in namespace {} of {}", list(&users.accounts), list(&users.namespaces), list(&users.clusters));
        let found = out
            .report(it.key.clone(), Severity::Info, format!("{} says {}, it is used by {used}", first.0, first.1))
            .also_all(holders(context, &it.key))
            .impact("whoever reviews access by names reviews the wrong thing");
        for (place, value) in &wrong {
            found.evidence(&it.key, place.clone(), value.clone());
        }
        found.evidence(&it.key, "used by", used);
        found.fixes([fix::aws(format!(
            "aws iam tag-role --role-name {} --tags Key=kubernetes-namespace,Value={} Key=kubernetes-service-account,Value={}",
            fix::quoted(&it.role.name),
            fix::quoted(users.namespaces.first().unwrap_or(&"")),
            fix::quoted(users.accounts.first().unwrap_or(&""))
        ))]);
    }
}

impl<'a> Users<'a> {
    fn of(it: &'a PodRole) -> Users<'a> {
        let mut users = Users {
            namespaces: it.ways.iter().map(|way| way.namespace.as_str()).collect(),
            accounts: it.ways.iter().map(|way| way.service_account.as_str()).collect(),
            clusters: it.ways.iter().map(|way| way.cluster.label.as_str()).collect(),
            environments: BTreeSet::new(),
        };
        let descriptions = it.ways.iter().filter_map(|way| way.cluster.description());
        users.clusters.extend(descriptions.map(|it| it.name.as_str()));
        let names = users.namespaces.iter().chain(&users.clusters);
        users.environments = names.flat_map(|name| environments(name)).collect();
        users
    }
}

/// Tags that name somebody else: where they stand and what they say.
fn by_tags(it: &PodRole, users: &Users<'_>) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    for (key, value) in it.role.tags.iter() {
        let folded = key.to_ascii_lowercase();
        let is = |names: &[&str]| names.contains(&folded.as_str());
        let differs = if is(NAMESPACE_TAGS) {
            !users.namespaces.contains(value.as_str())
        } else if is(ACCOUNT_TAGS) {
            !users.accounts.contains(value.as_str())
        } else if is(CLUSTER_TAGS) {
            !users.clusters.contains(value.as_str())
        } else if is(ENVIRONMENT_TAGS) {
            let said: Vec<usize> = environments(value).collect();
            !said.is_empty() && !users.environments.is_empty() && !said.iter().any(|it| users.environments.contains(it))
        } else if folded == "alpha.eksctl.io/iamserviceaccount-name" {
            value.split_once('/').is_some_and(|(namespace, account)| {
                !users.namespaces.contains(namespace) || !users.accounts.contains(account)
            })
        } else {
            false
        };
        if differs {
            wrong.push((format!("Tags[{key}]"), value.to_string()));
        }
    }
    wrong
}

fn by_name(
    name: &str,
    users: &Users<'_>,
    namespaces: &BTreeSet<&str>,
    clusters: &BTreeSet<&str>,
) -> Option<(String, String)> {
    let place = || "RoleName".to_owned();
    let mine = |it: &str| users.namespaces.contains(it) || users.clusters.contains(it) || users.accounts.contains(it);
    // The longest known name that it begins with; one's own are as good as any other.
    let begins = |known: &BTreeSet<&str>| {
        let starts = name.match_indices(['-', '_', '.']).map(|(at, _)| &name[..at]);
        starts.rev().find(|start| known.contains(start)).map(str::to_owned)
    };
    let own: BTreeSet<&str> = users.namespaces.iter().chain(&users.clusters).chain(&users.accounts).copied().collect();
    if let Some(found) = begins(namespaces).or_else(|| begins(clusters))
        && !mine(&found)
        && !own.iter().any(|it| name.contains(it))
    {
        return Some((place(), found));
    }
    let said: Vec<usize> = environments(name).collect();
    let other =
        !said.is_empty() && !users.environments.is_empty() && !said.iter().any(|it| users.environments.contains(it));
    other.then(|| (place(), name.to_owned()))
}

/// The environments that a name speaks of.
fn environments(name: &str) -> impl Iterator<Item = usize> {
    let words: Vec<String> = name.split(['-', '_', '.', '/']).map(str::to_ascii_lowercase).collect();
    // `prod1`, `prod-eu1`: a number at the end belongs to no other word.
    let is = move |word: &str| words.iter().any(|it| it.trim_end_matches(|it: char| it.is_ascii_digit()) == word);
    (0..ENVIRONMENTS.len()).filter(move |at| ENVIRONMENTS[*at].iter().any(|word| is(word)))
}

/// Names that CloudFormation, eksctl or Terraform draw.
fn is_generated(name: &str) -> bool {
    let end = name.rsplit('-').next().unwrap_or_default();
    let random = |it: &str| {
        it.len() >= 10
            && it.bytes().any(|it| it.is_ascii_digit())
            && it.bytes().all(|it| it.is_ascii_digit() || it.is_ascii_uppercase() || it.is_ascii_hexdigit())
    };
    name.starts_with("eksctl-") || random(end)
}

fn list(words: &BTreeSet<&str>) -> String {
    let words: Vec<&str> = words.iter().copied().collect();
    crate::findings::role_policies::few(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_tools_draw_say_nothing() {
        assert!(is_generated("eksctl-prod-addon-iamserviceaccount-Role1-1A2B3C4D5E6F7"));
        assert!(is_generated("api-20260101120000000000000001"));
        assert!(!is_generated("payments-api-prod"));
    }

    #[test]
    fn environments_are_words_of_a_name() {
        assert_eq!(environments("payments-prod").collect::<Vec<_>>(), [0]);
        assert_eq!(environments("prod-eu1").collect::<Vec<_>>(), [0]);
        assert_eq!(environments("product").count(), 0);
    }
}
