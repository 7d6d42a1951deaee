//! One role serves several clusters
//!
//! ## What it checks
//! The trust policy admits subjects of two or more cluster issuers, or associations of two or more clusters name the role.
//!
//! ## Why it matters
//! The weakest of the clusters decides the security of the role. Where one of them is production and another is not, that
//! is the one to worry about; a blue and a green cluster of one environment weigh little.
//!
//! ## How to fix
//! One role per environment; with Pod Identity, pin `aws:RequestTag/eks-cluster-arn`.
//!
//! ## For newcomers
//! Sharing a role between clusters means that everyone who may deploy in one of them holds the keys of the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::findings::reference::{NHI8, NHI9, PR_AA_05, ZT3};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::model::{ClusterFacts, EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "TRUST-012",
    slug: "role-shared-across-clusters",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Trust,
    needs: &[SourceKind::Iam, SourceKind::Cluster, SourceKind::Associations],
    references: &[NHI8, NHI9, PR_AA_05, ZT3],
    check,
};

type Users<'a> = BTreeMap<&'a str, (&'a ClusterFacts, BTreeSet<String>)>;

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let mut by_web: BTreeMap<&EntityKey, Users<'_>> = BTreeMap::new();
    for it in context.web_statements() {
        let values = it.values();
        let admitted = values.iter().filter(|value| value.reach != crate::findings::subjects::Reach::Never);
        let mut texts: BTreeSet<String> = admitted.map(|value| value.text.to_string()).collect();
        if values.is_empty() && !it.is_open(context).is_no() {
            texts.insert("*".into());
        }
        if !texts.is_empty() {
            let users = by_web.entry(&it.key).or_default();
            users.entry(&it.cluster.label).or_insert((&*it.cluster, BTreeSet::new())).1.extend(texts);
        }
    }
    let mut by_association: BTreeMap<EntityKey, Users<'_>> = BTreeMap::new();
    for cluster in context.clusters() {
        for association in &cluster.associations {
            let Some(role) = association.details.as_ref().and_then(|it| EntityKey::role(&it.role)) else { continue };
            let users = by_association.entry(role).or_default();
            let subject = format!("{}/{}", association.namespace, association.service_account);
            users.entry(&cluster.label).or_insert((cluster, BTreeSet::new())).1.insert(subject);
        }
    }
    for (role, users) in by_web.into_iter().chain(by_association.iter().map(|(role, users)| (role, users.clone()))) {
        if users.len() < 2 {
            continue;
        }
        let clusters: Vec<&ClusterFacts> = users.values().map(|it| it.0).collect();
        let environments: BTreeSet<&str> = clusters.iter().filter_map(|it| environment(it)).collect();
        let colours: BTreeSet<String> = clusters.iter().map(|it| without_colour(&it.label)).collect();
        let severity = if colours.len() == 1 {
            Severity::Low
        } else {
            Severity::Medium.or(Severity::High, environments.len() > 1)
        };
        let names: Vec<&str> = users.keys().copied().collect();
        let found = out
            .report(role.clone(), severity, format!("at least the clusters {} share the role", names.join(" and ")))
            .also_all(clusters.iter().map(|it| EntityKey::plain(Thing::Cluster, &it.label)))
            .impact("who controls workloads in the weakest of the clusters has the role of all of them")
            .fixes([
                fix::by_hand(format!("give each of {} a role of its own", names.join(", "))),
                fix::terraform(
                    "# with Pod Identity, in the trust policy of each role\ncondition {\n  test     = \"StringEquals\"\n  variable = \"aws:RequestTag/eks-cluster-arn\"\n  values   = [aws_eks_cluster.this.arn]\n}",
                ),
            ]);
        // One row for the matrix: the role stays the same finding when one more cluster or account comes.
        let matrix = users.iter().map(|(label, (cluster, subjects))| {
            let shown: Vec<&str> = subjects.iter().take(8).map(String::as_str).collect();
            format!("{label} ({}): {}", environment(cluster).unwrap_or("environment not known"), shown.join(", "))
        });
        found.evidence(role, "accounts by cluster", matrix.collect::<Vec<_>>().join("; "));
    }
}

/// What tags and name say of a cluster's environment.
fn environment(cluster: &ClusterFacts) -> Option<&'static str> {
    let tags = cluster.description().map(|it| &it.tags);
    let tagged = ["environment", "Environment", "env", "Env", "stage", "Stage"]
        .iter()
        .find_map(|key| tags?.get(key))
        .and_then(|value| word(value));
    tagged.or_else(|| cluster.label.split(['-', '_', '.', '@']).find_map(word))
}

fn word(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "prod" | "production" | "prd" | "live" => Some("production"),
        "dev" | "development" => Some("development"),
        "staging" | "stage" | "stg" | "preprod" => Some("staging"),
        "test" | "qa" | "uat" => Some("test"),
        "sandbox" | "sbx" => Some("sandbox"),
        _ => None,
    }
}

/// The name of a cluster without what tells twins apart.
fn without_colour(label: &str) -> String {
    let twin = |part: &str| matches!(part, "blue" | "green" | "a" | "b");
    label.split('-').filter(|part| !twin(part)).collect::<Vec<_>>().join("-")
}
