//! Pods carry a Kubernetes token that they do not use
//!
//! ## What it checks
//! Neither the service account nor its pods turn off the mounting of its token, and the account has no rights but those that
//! everybody has, or all containers of its pods are programs known never to call the API. It is worse where the account has
//! rights that lead to others. Pods of a service mesh need the token and are left alone.
//!
//! ## Why it matters
//! Whoever runs code in the pod has a foothold in the cluster for nothing. It is no credential for AWS.
//!
//! ## How to fix
//! Set `automountServiceAccountToken: false`. IRSA and Pod Identity go on working: their tokens are volumes of their own.
//!
//! ## For newcomers
//! Kubernetes gives each pod a token to talk to it with, wanted or not. Most programs never do.

use crate::findings::reference::{CIS_4_1_6, NHI5, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Workload, fix, platform};
use crate::graph::authorization::{Authorization, Subject};
use crate::model::{ClusterFacts, EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "HYG-002",
    slug: "api-token-automounted-where-unused",
    severity: Severity::Low,
    kind: Kind::Open,
    category: Category::Hygiene,
    needs: &[
        SourceKind::Pods,
        SourceKind::ServiceAccounts,
        SourceKind::Roles,
        SourceKind::RoleBindings,
        SourceKind::ClusterRoles,
        SourceKind::ClusterRoleBindings,
    ],
    references: &[CIS_4_1_6, NHI5, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for (cluster, account) in context.service_accounts().filter(|(cluster, _)| is_read(cluster)) {
        let (namespace, name) = (&account.meta.namespace, &account.meta.name);
        let key = EntityKey::namespaced(Thing::ServiceAccount, &cluster.label, namespace, name);
        let workloads: Vec<&Workload<'_>> = context.users_of_account(&key).filter(|it| it.runs()).collect();
        let mounted = |it: &&&Workload<'_>| {
            it.variants.iter().any(|it| it.spec().automount_token.or(account.automount_token) != Some(false))
        };
        let mounting: Vec<&&Workload<'_>> = workloads.iter().filter(mounted).collect();
        if mounting.is_empty() || mounting.iter().any(|it| is_of_mesh(it)) {
            continue;
        }
        let authorization = context.authorization(cluster);
        let subject = Subject::service_account(&key.namespace, &key.name);
        let unused = !has_rights(authorization, &subject);
        let silent = !unused && mounting.iter().all(|it| never_calls(it));
        if !unused && !silent {
            continue;
        }
        let powers: Vec<&str> = match silent {
            true => authorization
                .powers_of(&subject)
                .filter(|it| it.certainty.is_yes())
                .map(|it| it.power.row().word)
                .collect(),
            false => Vec::new(),
        };
        let severity = Severity::Low.or(Severity::Medium, !powers.is_empty());
        let message = match (unused, powers.is_empty()) {
            (true, _) => "its token is mounted, and it has no rights in the cluster beyond everybody's".to_owned(),
            (false, true) => "its token is mounted into programs that never call the API".to_owned(),
            (false, false) => {
                format!("its token, which has {}, is mounted into programs that never call the API", powers.join(", "))
            }
        };
        let own = |value: Option<bool>| value.map_or_else(|| "not set".to_owned(), |it| it.to_string());
        let found = out
            .report(key.clone(), severity, message)
            .also_all(mounting.iter().take(20).map(|it| it.key.clone()))
            .owner(mounting[0].key.clone())
            .evidence(&key, "automountServiceAccountToken", own(account.automount_token))
            .evidence(&key, "rights of its own", if unused { "none".to_owned() } else { "some".to_owned() })
            .impact("whoever runs code in its pods has a foothold in the cluster for nothing");
        if !powers.is_empty() {
            found.evidence(&key, "powers", powers.join(", "));
        }
        found.fixes([fix::kubectl(format!(
            "kubectl -n {} patch serviceaccount {} -p '{{\"automountServiceAccountToken\":false}}'   # pods take it up when they are made again",
            fix::quoted(&key.namespace),
            fix::quoted(&key.name)
        ))]);
    }
}

fn is_read(cluster: &ClusterFacts) -> bool {
    cluster.cluster_role_bindings.is_complete() && cluster.role_bindings.is_complete()
}

/// Some grant names the account, or a group that only service accounts are in.
fn has_rights(authorization: &Authorization, subject: &Subject) -> bool {
    // What is bound to all that are signed in says nothing about this account.
    let of_all = |it: &Subject| matches!(it, Subject::Group(name) if name == "system:authenticated");
    let implied = subject.implied();
    let mut subjects = std::iter::once(subject).chain(implied.iter().filter(|it| !of_all(it)));
    subjects.any(|it| authorization.grants_of(it).iter().any(|at| !is_discovery(authorization, *at)))
}

/// What Kubernetes binds to all service accounts so that tokens can be verified.
fn is_discovery(authorization: &Authorization, grant: usize) -> bool {
    let origin = &authorization.grants()[grant].origin;
    matches!(origin, crate::graph::authorization::Origin::Binding(key) if *key.name == *"system:service-account-issuer-discovery")
}

fn is_of_mesh(workload: &Workload<'_>) -> bool {
    let proxy = |name: &str| {
        matches!(name, "istio-proxy" | "linkerd-proxy" | "consul-dataplane" | "kuma-sidecar" | "envoy-sidecar")
    };
    workload.variants.iter().any(|it| it.spec().containers.iter().any(|it| proxy(&it.name)))
}

/// All its containers run programs that are known never to call the API.
fn never_calls(workload: &Workload<'_>) -> bool {
    let quiet = |image: &str| {
        let name = image.split(['@', ':']).next().unwrap_or_default();
        platform::never_calls_kubernetes(name.rsplit('/').next().unwrap_or(name))
    };
    workload.variants.iter().all(|it| it.spec().containers.iter().all(|it| quiet(&it.image)))
}
