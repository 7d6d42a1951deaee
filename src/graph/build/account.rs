//! What a service account is worth in each of the ways of getting hold of it, and the sets that powers are over: the
//! accounts, pods and secrets of a namespace (R74, R145, R146, R156).

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{Name, Truth};
use crate::identity::accounts::AccountTrust;
use crate::identity::injection::ROLE_ANNOTATION;
use crate::model::{ClusterFacts, EntityKey, Lookup};

use super::super::kind::EdgeKind;
use super::super::node::Foothold;
use super::Builder;

/// Sets that a namespace and its cluster have alike.
const SETS: [Foothold; 5] =
    [Foothold::AllPods, Foothold::AllApi, Foothold::AllMint, Foothold::AllNewPods, Foothold::AllSecrets];

/// Workloads of policy engines that may refuse a pod which the namespace's labels admit.
const ENGINES: &[&str] = &["gatekeeper", "kyverno", "kubewarden", "jspolicy", "datree", "k-rail"];

pub(super) fn add(builder: &mut Builder<'_>) {
    let mut namespaces: FxHashSet<(Name, Name)> = FxHashSet::default();
    let inventory = builder.inventory;
    let secrets: FxHashMap<&Name, Secrets<'_>> =
        inventory.clusters.iter().map(|(label, cluster)| (label, Secrets::of(cluster))).collect();
    for account in builder.identities.accounts {
        add_account(builder, account, &secrets);
        namespaces.insert((account.key.scope.clone(), account.key.namespace.clone()));
    }
    add_pods(builder, &mut namespaces);
    for cluster in builder.inventory.clusters.values() {
        let named = cluster.namespaces.iter().map(|it| (cluster.label.clone(), it.meta.name.clone()));
        namespaces.extend(named);
    }
    let mut namespaces: Vec<(Name, Name)> = namespaces.into_iter().collect();
    namespaces.sort();
    let engines: FxHashSet<&Name> =
        inventory.clusters.iter().filter(|(_, cluster)| has_engine(cluster)).map(|(label, _)| label).collect();
    for (cluster, namespace) in namespaces {
        add_namespace(builder, &cluster, &namespace, engines.contains(&cluster));
    }
    for label in builder.inventory.clusters.keys() {
        add_cluster(builder, label);
    }
}

fn add_account(builder: &mut Builder<'_>, account: &AccountTrust, secrets: &FxHashMap<&Name, Secrets<'_>>) {
    let key = &account.key;
    let api = builder.node(Foothold::Api, key);
    let mint = builder.node(Foothold::Mint, key);
    let new_pod = builder.node(Foothold::NewPod, key);
    builder.connect(mint, api, EdgeKind::Same, Truth::Yes);
    builder.connect(new_pod, api, EdgeKind::Same, Truth::Yes);
    for (role, certainty) in &account.trusted {
        if let Some(session) = builder.session(role) {
            builder.connect(mint, session, EdgeKind::MintIrsa, *certainty);
            builder.connect(new_pod, session, EdgeKind::NewPodIrsa, *certainty);
        }
    }
    if let Some(association) = &account.association
        && let Some(session) = builder.session(&association.role)
    {
        builder.connect(new_pod, session, EdgeKind::NewPodAssociation, association.works);
        // The token must be bound to a pod of the account and shown to an agent.
        builder.connect(mint, session, EdgeKind::MintAssociation, Truth::Unknown);
    }
    // An account that does not exist is not among those that powers are over: it has to be created first (R155).
    if !account.exists.is_no() {
        let (cluster, namespace) = (&key.scope, &key.namespace);
        for (set, node) in [(Foothold::AllApi, api), (Foothold::AllMint, mint), (Foothold::AllNewPods, new_pod)] {
            let set = builder.set(set, cluster, namespace);
            builder.connect(set, node, EdgeKind::Includes, account.exists);
        }
        if let Some(secrets) = secrets.get(cluster) {
            add_secrets(builder, account, secrets);
        }
        add_latent(builder, account);
    }
}

/// Roles that the annotation of an account could be set to: those that trust it already (R154).
fn add_latent(builder: &mut Builder<'_>, account: &AccountTrust) {
    let key = &account.key;
    let facts = builder.inventory.clusters.get(&key.scope).map(|it| it.service_account(&key.namespace, &key.name));
    let declared = match &facts {
        Some(Lookup::Found(facts)) => facts.meta.annotations.get(ROLE_ANNOTATION),
        _ => None,
    };
    for (role, _) in account.trusted.iter().filter(|it| Some(&it.0) != declared) {
        if let Some(session) = builder.session(role) {
            let set = builder.set(Foothold::AllLatent, &key.scope, &key.namespace);
            // It takes a new pod, and code in it.
            builder.connect(set, session, EdgeKind::Includes, Truth::Unknown);
        }
    }
}

/// The Secrets of one cluster, so that each account looks up its own: there are thousands of both.
struct Secrets<'a> {
    cluster: &'a ClusterFacts,
    /// Whether one holds a token, by namespace and name.
    tokens: FxHashMap<(&'a Name, &'a Name), bool>,
    /// Accounts that a token says it is of, by namespace and name.
    noted: FxHashSet<(&'a Name, &'a Name)>,
}

impl Secrets<'_> {
    fn of(cluster: &ClusterFacts) -> Secrets<'_> {
        let mut secrets = Secrets { cluster, tokens: FxHashMap::default(), noted: FxHashSet::default() };
        for secret in &cluster.secrets {
            let is_token = secret.secret_type == TOKEN_TYPE;
            secrets.tokens.insert((&secret.meta.namespace, &secret.meta.name), is_token);
            let of = secret.meta.annotations.get("kubernetes.io/service-account.name").filter(|_| is_token);
            secrets.noted.extend(of.map(|account| (&secret.meta.namespace, account)));
        }
        secrets
    }

    /// As [`token_secret`].
    fn is_token(&self, namespace: &Name, name: &Name) -> Truth {
        match self.tokens.get(&(namespace, name)) {
            Some(is_token) => (*is_token).into(),
            None if self.cluster.secrets.is_complete() => Truth::No,
            None => Truth::Unknown,
        }
    }
}

/// Legacy token Secrets (R156).
fn add_secrets(builder: &mut Builder<'_>, account: &AccountTrust, secrets: &Secrets<'_>) {
    let key = &account.key;
    let Lookup::Found(facts) = secrets.cluster.service_account(&key.namespace, &key.name) else { return };
    let certainty = facts.secrets.iter().map(|name| secrets.is_token(&key.namespace, name)).max();
    let by_note = secrets.noted.contains(&(&key.namespace, &key.name));
    let certainty = certainty.unwrap_or(Truth::No).or(by_note.into());
    let set = builder.set(Foothold::AllSecrets, &key.scope, &key.namespace);
    let api = builder.node(Foothold::Api, key);
    builder.connect(set, api, EdgeKind::Includes, certainty);
}

const TOKEN_TYPE: &str = "kubernetes.io/service-account-token";

/// Whether a Secret that a service account lists holds a token: image pull secrets are listed too.
pub(super) fn token_secret(cluster: &ClusterFacts, namespace: &Name, name: &Name) -> Truth {
    let found = cluster.secrets.iter().find(|it| it.meta.namespace == *namespace && it.meta.name == *name);
    match found {
        Some(secret) => (secret.secret_type == TOKEN_TYPE).into(),
        None if cluster.secrets.is_complete() => Truth::No,
        None => Truth::Unknown,
    }
}

/// Running pods, by namespace.
fn add_pods(builder: &mut Builder<'_>, namespaces: &mut FxHashSet<(Name, Name)>) {
    let groups = std::mem::take(&mut builder.groups.all);
    for group in &groups {
        let place = (group.key.scope.clone(), group.key.namespace.clone());
        if group.lives {
            let set = builder.set(Foothold::AllPods, &place.0, &place.1);
            builder.connect(set, group.shell, EdgeKind::Includes, Truth::Yes);
        }
        namespaces.insert(place);
    }
    builder.groups.all = groups;
}

fn add_namespace(builder: &mut Builder<'_>, cluster: &Name, namespace: &Name, has_engine: bool) {
    let key = EntityKey::scoped(crate::model::Kind::Namespace, cluster, namespace);
    let admin = builder.node(Foothold::NamespaceAdmin, &key);
    for foothold in SETS {
        let own = builder.node(foothold, &key);
        let whole = builder.cluster_set(foothold, cluster);
        builder.connect(whole, own, EdgeKind::Includes, Truth::Yes);
        builder.connect(admin, own, EdgeKind::NamespaceAdmin, Truth::Yes);
    }
    let (latent, every) = (builder.node(Foothold::AllLatent, &key), builder.cluster_set(Foothold::AllLatent, cluster));
    builder.connect(every, latent, EdgeKind::Includes, Truth::Yes);
    let new_pods = builder.node(Foothold::AllNewPods, &key);
    let nodes = builder.cluster_set(Foothold::AllNodes, cluster);
    let metadata = builder.cluster_set(Foothold::AllMetadata, cluster);
    builder.connect(new_pods, metadata, EdgeKind::Includes, Truth::Yes);
    if let Some(facts) = builder.inventory.clusters.get(cluster) {
        builder.connect(new_pods, nodes, EdgeKind::Includes, admits(facts, namespace, || has_engine));
    }
}

fn add_cluster(builder: &mut Builder<'_>, label: &Name) {
    let admin = builder.cluster_set(Foothold::ClusterAdmin, label);
    for foothold in SETS.into_iter().chain([Foothold::AllNodes]) {
        let set = builder.cluster_set(foothold, label);
        builder.connect(admin, set, EdgeKind::ClusterAdmin, Truth::Yes);
    }
}

/// Whether a namespace admits privileged pods by its pod security level (R146). Without a label it does; a policy
/// engine that runs in the cluster may say otherwise.
pub(in crate::graph) fn admits_privileged(cluster: &ClusterFacts, namespace: &Name) -> Truth {
    admits(cluster, namespace, || has_engine(cluster))
}

fn admits(cluster: &ClusterFacts, namespace: &Name, has_engine: impl Fn() -> bool) -> Truth {
    let Some(found) = cluster.namespaces.iter().find(|it| it.meta.name == *namespace) else {
        return if cluster.namespaces.is_complete() { Truth::No } else { Truth::Unknown };
    };
    match found.meta.labels.get("pod-security.kubernetes.io/enforce").map(|it| it.as_str()) {
        Some("baseline" | "restricted") => Truth::No,
        _ if has_engine() => Truth::Unknown,
        _ => Truth::Yes,
    }
}

fn has_engine(cluster: &ClusterFacts) -> bool {
    let named = |name: &str| ENGINES.iter().any(|engine| name.contains(engine));
    cluster.deployments.iter().any(|it| named(&it.meta.name)) || cluster.webhooks.iter().any(|it| named(&it.meta.name))
}

/// Whether some workload stands in the namespaces that `covers` says.
pub(super) fn exists_workload(cluster: &ClusterFacts, covers: impl Fn(&str) -> bool) -> Truth {
    let lists =
        [&cluster.deployments, &cluster.replica_sets, &cluster.stateful_sets, &cluster.daemon_sets, &cluster.cron_jobs];
    if lists.iter().any(|list| list.iter().any(|it| covers(&it.meta.namespace))) {
        return Truth::Yes;
    }
    if lists.iter().all(|list| list.is_complete()) { Truth::No } else { Truth::Unknown }
}
