//! What a Kubernetes right is worth in AWS: the service accounts, and their roles, that become usable through it.

use std::collections::BTreeMap;

use crate::base::{Name, Truth};
use crate::graph::authorization::{Authorization, HeldPower, Scope};
use crate::identity::accounts::AccountTrust;
use crate::identity::injection::{Associations, declared};
use crate::identity::resolve::PodIdentity;
use crate::identity::{Source, Verdict};
use crate::model::{ClusterFacts, EntityKey, Kind};
use crate::rbac::rights::{Given, Held};
use crate::rbac::{Power, Request, Rights, Rule, Target};

/// What the question is asked of: one cluster with everything known of its pods and accounts.
#[derive(Clone, Copy, Debug)]
pub struct Holdings<'a> {
    pub cluster: &'a ClusterFacts,
    pub authorization: &'a Authorization,
    /// Of all clusters, in estate order.
    pub pods: &'a [PodIdentity],
    /// Of all clusters, by cluster, namespace and name.
    pub accounts: &'a [AccountTrust],
}

/// A role of a service account that somebody can act with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usable {
    pub account: EntityKey,
    /// ARN.
    pub role: Name,
    /// `irsa`, `pod-identity` or `latent-trust` for what the account has; for pods that run also `node-role`, and the
    /// ways of `list identities` such as `imds`.
    pub via: &'static str,
    /// Never `No`.
    pub certainty: Truth,
}

/// What a power acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acts {
    /// Makes new pods or tokens of the accounts of a namespace; the name of an object is the account's where it asks
    /// for tokens.
    AsAccounts,
    /// Acts inside pods that run.
    InPods,
    /// Takes the name of an account that does not exist yet (R155).
    AsNewAccounts,
    /// Leads to further rights, or to nothing by itself.
    Elsewhere,
}

impl Acts {
    pub fn of(power: Power) -> Acts {
        match power {
            Power::TokenRequest | Power::PodCreate | Power::WorkloadCreate | Power::WorkloadPatch => Acts::AsAccounts,
            Power::NodesProxy | Power::PodExec | Power::PodAttach | Power::PodDebug | Power::PodPatchImage => {
                Acts::InPods
            }
            Power::SaCreate => Acts::AsNewAccounts,
            _ => Acts::Elsewhere,
        }
    }
}

/// Roles by account, role and way; of two certainties the surer stays.
type Found = BTreeMap<(EntityKey, Name, &'static str), Truth>;

impl<'a> Holdings<'a> {
    /// What becomes usable for whoever holds a power. Cost: the pods or accounts in its scope.
    pub fn through(&self, held: &HeldPower) -> Vec<Usable> {
        let given =
            Given { power: held.power, object: held.object, names: held.names.clone(), certainty: held.certainty };
        let namespace = match &held.scope {
            Scope::Namespace(name) => Some(name),
            Scope::Cluster | Scope::Pattern(_) => None,
        };
        let mut found = Found::new();
        self.add(&given, namespace, &mut found);
        sorted(found)
    }

    /// What becomes usable for whoever may make this one request and nothing else, and the powers that does it by.
    pub fn through_request(&self, request: &Request) -> (Vec<Usable>, Vec<Power>) {
        let namespace = request.namespace.as_ref();
        let held = namespace.map_or(Held::Cluster, |name| Held::Namespace(name));
        let given = Rights::of(&[alone(request)]).powers(held, &self.authorization.circumstances);
        let mut found = Found::new();
        for given in &given {
            self.add(given, namespace, &mut found);
        }
        let mut powers: Vec<Power> = given.iter().map(|it| it.power).collect();
        powers.dedup();
        (sorted(found), powers)
    }

    fn add(&self, given: &Given, namespace: Option<&Name>, found: &mut Found) {
        match Acts::of(given.power) {
            Acts::AsAccounts => self.accounts(given, namespace, found),
            Acts::InPods => self.pods(given, namespace, found),
            Acts::AsNewAccounts => {
                for account in self.accounts_in(namespace).filter(|it| it.exists.is_no()) {
                    for (role, certainty) in &account.trusted {
                        note(found, &account.key, role, "latent-trust", certainty.and(given.certainty));
                    }
                }
            }
            Acts::Elsewhere => {}
        }
    }

    fn accounts_in(&self, namespace: Option<&Name>) -> impl Iterator<Item = &'a AccountTrust> {
        let label = &self.cluster.label;
        let start = self.accounts.partition_point(|it| it.key.scope < *label);
        let here = self.accounts[start..].iter().take_while(move |it| it.key.scope == *label);
        here.filter(move |it| namespace.is_none_or(|name| it.key.namespace == *name))
    }

    fn accounts(&self, given: &Given, namespace: Option<&Name>, found: &mut Found) {
        let associations = Associations::new(self.cluster);
        let tokens = given.power == Power::TokenRequest;
        for account in self.accounts_in(namespace) {
            let named = given.names.as_ref().filter(|_| tokens).is_none_or(|names| names.contains(&account.key.name));
            if !named || account.exists.is_no() || !self.can_change(given.power, &account.key.namespace) {
                continue;
            }
            let certainty = given.certainty.and(account.exists);
            let (namespace, name) = (&account.key.namespace, &account.key.name);
            let annotated = declared(self.cluster, &associations, namespace, name).credential();
            let annotated = annotated.filter(|it| it.source == Source::Irsa).and_then(|it| it.role);
            for (role, trust) in &account.trusted {
                let via = if annotated.as_ref() == Some(role) { "irsa" } else { "latent-trust" };
                note(found, &account.key, role, via, certainty.and(*trust));
            }
            if let Some(association) = &account.association {
                // A token alone is not enough: it must be bound to a pod, and an agent must take it (R145).
                let certainty = if tokens { certainty.and(Truth::Unknown) } else { certainty.and(association.works) };
                note(found, &account.key, &association.role, Source::PodIdentity.word(), certainty);
            }
        }
    }

    /// Changing a template needs one that is there.
    fn can_change(&self, power: Power, namespace: &Name) -> bool {
        let cluster = self.cluster;
        power != Power::WorkloadPatch
            || [
                &cluster.deployments,
                &cluster.stateful_sets,
                &cluster.daemon_sets,
                &cluster.replica_sets,
                &cluster.cron_jobs,
            ]
            .iter()
            .any(|list| !list.is_complete() || has_namespace(list.items(), namespace))
    }

    fn pods(&self, given: &Given, namespace: Option<&Name>, found: &mut Found) {
        let label = &self.cluster.label;
        let start = self
            .pods
            .partition_point(|it| (&it.cluster, &it.namespace) < (label, namespace.unwrap_or(&Name::default())));
        let here = self.pods[start..]
            .iter()
            .take_while(|it| it.cluster == *label && namespace.is_none_or(|name| it.namespace == *name));
        // Replicas come one after the other and share their identities.
        let mut last = None;
        for entry in here {
            let Some(pod) = &entry.pod else { continue };
            let named = given.names.as_ref().filter(|_| given.object == "pods");
            let this = (entry.containers.as_ptr(), entry.co_tenants.as_ptr());
            if named.is_some_and(|names| !names.contains(&pod.meta.name)) || last == Some(this) {
                continue;
            }
            last = Some(this);
            let account = &entry.spec.service_account;
            let key = EntityKey::namespaced(Kind::ServiceAccount, label, &entry.namespace, account);
            for (at, identity) in entry.containers.iter().enumerate() {
                if let Some(role) = &identity.identity.role
                    && role.starts_with("arn:")
                {
                    let works = match identity.verdict {
                        Verdict::Works | Verdict::FallsBack => Truth::Yes,
                        Verdict::Unknown => Truth::Unknown,
                        Verdict::Broken | Verdict::None => Truth::No,
                    };
                    note(found, &key, role, identity.identity.source.word(), works.and(given.certainty));
                }
                for reachable in entry.reachable(at) {
                    note(found, &key, &reachable.role, reachable.via.word(), reachable.certainty.and(given.certainty));
                }
            }
        }
    }

    /// Namespaces of a scope where Pod Security does not refuse privileged pods, so that a new pod may take its node
    /// over; other admission engines are not visible (R146). The namespaces that were read, sorted.
    pub fn unguarded(&self, scope: &Scope) -> Vec<Name> {
        let open = self.cluster.namespaces.iter().filter(|it| {
            let level = it.meta.labels.get("pod-security.kubernetes.io/enforce").map(Name::as_str);
            scope.covers(&it.meta.name) && !matches!(level, Some("baseline" | "restricted"))
        });
        open.map(|it| it.meta.name.clone()).collect()
    }
}

fn has_namespace(workloads: &[std::sync::Arc<crate::model::facts::workload::Workload>], namespace: &Name) -> bool {
    let at = workloads.partition_point(|it| it.meta.namespace < *namespace);
    workloads.get(at).is_some_and(|it| it.meta.namespace == *namespace)
}

fn note(found: &mut Found, account: &EntityKey, role: &Name, via: &'static str, certainty: Truth) {
    if !certainty.is_no() {
        let known = found.entry((account.clone(), role.clone(), via)).or_insert(Truth::No);
        *known = known.or(certainty);
    }
}

fn sorted(found: Found) -> Vec<Usable> {
    found.into_iter().map(|((account, role, via), certainty)| Usable { account, role, via, certainty }).collect()
}

/// A rule that grants this request and no other.
fn alone(request: &Request) -> Rule {
    match &request.target {
        Target::Url(url) => Rule { verbs: vec![request.verb.clone()], urls: vec![url.clone()], ..Rule::default() },
        Target::Resource { group, resource, subresource, name } => {
            let any = resource == "*" && group.is_empty();
            let resource = match subresource.is_empty() {
                true => resource.clone(),
                false => format!("{resource}/{subresource}").into(),
            };
            Rule {
                verbs: vec![request.verb.clone()],
                api_groups: vec![if any { "*".into() } else { group.clone() }],
                resources: vec![resource],
                resource_names: name.iter().cloned().collect(),
                urls: Vec::new(),
            }
        }
    }
}
