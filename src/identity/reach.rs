//! What code in a container could obtain besides its default identity (R74, R100 to R104, R111, R150).

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::model::{ClusterFacts, Inventory, Lookup};

use super::answer::{Identity, Reachable, Source, Takeover, Via};
use super::container::{Bench, agent, web_identity};
use super::injection::AGENT_AUDIENCE;
use super::instance::NodeRole;
use super::resolve::PodIdentity;
use super::role_chain::RoleChains;
use super::subject::Context;
use super::trace::Trace;

/// Annotation by which kube2iam and kiam choose a role (R104).
const INTERCEPTOR_ANNOTATION: &str = "iam.amazonaws.com/role";

type Trusted = Arc<[(Name, Truth)]>;

/// Answers that many containers share, remembered by one thread.
pub(super) struct Memo<'a> {
    chains: &'a RoleChains<'a>,
    trusted: RefCell<FxHashMap<(Name, Name, Name), Trusted>>,
    assumable: RefCell<FxHashMap<Name, Trusted>>,
}

impl<'a> Memo<'a> {
    pub fn new(chains: &'a RoleChains<'a>) -> Memo<'a> {
        Memo { chains, trusted: RefCell::default(), assumable: RefCell::default() }
    }

    /// Roles that trust the account with a token for the audience (R74).
    fn trusted(&self, context: &Context<'_>, namespace: &Name, account: &Name, audience: &Name) -> Trusted {
        let key = (namespace.clone(), account.clone(), audience.clone());
        if let Some(known) = self.trusted.borrow().get(&key) {
            return Arc::clone(known);
        }
        let Context { inventory, cluster, trusts, .. } = context;
        let roles = context.latent.trusted(inventory, cluster, trusts, namespace, account, audience);
        let roles: Trusted = roles.into();
        self.trusted.borrow_mut().insert(key, Arc::clone(&roles));
        roles
    }

    /// Roles that one role may take, directly or over others (R111).
    fn assumable(&self, context: &Context<'_>, role: &Name) -> Trusted {
        if let Some(known) = self.assumable.borrow().get(role) {
            return Arc::clone(known);
        }
        let roles: Trusted = self.chains.from(context.inventory, context.trusts, role).into();
        self.assumable.borrow_mut().insert(role.clone(), Arc::clone(&roles));
        roles
    }
}

/// Collects ways to roles; of two ways of one kind the surer stays.
struct Gathered {
    /// The role of the default identity, which is no further role.
    own: Option<Name>,
    found: Vec<Reachable>,
}

impl Gathered {
    fn add(&mut self, role: &Name, via: Via, certainty: Truth) {
        if certainty.is_no() || self.own.as_ref() == Some(role) {
            return;
        }
        match self.found.iter_mut().find(|it| it.via == via && it.role == *role) {
            Some(known) => known.certainty = known.certainty.or(certainty),
            None => self.found.push(Reachable { role: role.clone(), via, certainty }),
        }
    }
}

/// Fills `reachable` in. The default identity must be settled.
pub(super) fn gather(answer: &mut Identity, bench: &Bench<'_>, memo: &Memo<'_>) {
    let Bench { context, subject, holdings, metadata, .. } = bench;
    let own = answer.identity.role.clone().filter(|_| answer.identity.source != Source::None);
    let mut gathered = Gathered { own, found: Vec::new() };
    let class = &subject.class;
    let role_certainty = Truth::from(matches!(class.role, NodeRole::Known(_))).or(Truth::Unknown);
    if metadata.rule != "R104"
        && let Some(role) = class.role.arn()
    {
        let closed = Truth::from(metadata.could_close.is_empty()).or(Truth::Unknown);
        gathered.add(role, Via::Imds, metadata.reach.and(role_certainty).and(closed));
    }
    if context.nodes.interceptor.is_yes()
        && let Some(role) = subject.annotations.get(INTERCEPTOR_ANNOTATION).filter(|it| !it.is_empty())
    {
        gathered.add(&intercepted_role(context.inventory, context.cluster, role), Via::Interceptor, Truth::Unknown);
    }
    // The variables of web identity, where another source came first.
    let tried = answer.attempted.as_ref().map(|it| it.source);
    if tried != Some(Source::Irsa)
        && holdings.role.is_set().is_yes()
        && holdings.token_file.is_set().is_yes()
        && let Some(role) = holdings.role.value()
    {
        let (check, _) = web_identity(bench, &mut Trace::off());
        gathered.add(role, Via::Token, check.truth);
    }
    for audience in bench.audiences() {
        if audience == AGENT_AUDIENCE {
            if tried != Some(Source::PodIdentity) {
                let (credential, check) = agent(bench, &mut Trace::off());
                if let Some(role) = credential.role {
                    gathered.add(&role, Via::AssociationToken, check.truth);
                }
            }
            continue;
        }
        for (role, certainty) in memo.trusted(context, subject.namespace, subject.account, &audience).iter() {
            let named = gathered.found.iter().any(|it| it.via == Via::Token && it.role == *role);
            // A broken way to a role is no further way to it: the same trust was asked.
            if !named {
                gathered.add(role, Via::LatentTrust, *certainty);
            }
        }
    }
    if subject.spec.share_process_namespace {
        for (role, via, certainty) in neighbours(bench) {
            gathered.add(&role, via, certainty.and(Truth::Unknown));
        }
    }
    if !answer.takeover.node.is_no()
        && let Some(role) = class.role.arn()
    {
        gathered.add(role, Via::NodeTakeover, answer.takeover.node.and(role_certainty));
    }
    // What any of these may take in turn.
    let works = Truth::from(answer.certain).or(Truth::Unknown);
    let mut starts: Vec<(Name, Truth)> = gathered.own.iter().map(|role| (role.clone(), works)).collect();
    starts.extend(gathered.found.iter().map(|it| (it.role.clone(), it.certainty)));
    for (start, certainty) in starts {
        for (role, step) in memo.assumable(context, &start).iter() {
            if !gathered.found.iter().any(|it| it.role == *role && it.certainty.is_yes()) {
                gathered.add(role, Via::RoleChain, certainty.and(*step));
            }
        }
    }
    gathered.found.sort();
    answer.reachable = gathered.found;
}

/// R170: in one process namespace a container may look into the others, as far as users and privileges let it.
fn neighbours(bench: &Bench<'_>) -> Vec<(Name, Via, Truth)> {
    let others = bench.subject.spec.containers.iter().filter(|it| it.name != bench.container.name);
    let mut found = Vec::new();
    for other in others.map(|it| bench.beside(it)) {
        let holdings = &other.holdings;
        if let Some(role) = holdings.role.value().filter(|_| holdings.token_file.is_set().is_yes()) {
            found.push((role.clone(), Via::Token, web_identity(&other, &mut Trace::off()).0.truth));
        }
        if holdings.endpoint.is_set().is_yes() {
            let (credential, check) = agent(&other, &mut Trace::off());
            found.extend(credential.role.map(|role| (role, Via::AssociationToken, check.truth)));
        }
    }
    found
}

/// The annotation names a role in full or by its name in the cluster's account.
fn intercepted_role(inventory: &Inventory, cluster: &ClusterFacts, role: &Name) -> Name {
    let Some(own) = super::cluster_arn(cluster).filter(|_| !role.starts_with("arn:")) else { return role.clone() };
    let bare = role.trim_start_matches('/');
    let name = bare.rsplit('/').next().unwrap_or(bare);
    match inventory.accounts.get(own.account).map(|account| account.role(name)) {
        Some(Lookup::Found(role)) => role.arn.clone(),
        _ => format!("arn:{}:iam::{}:role/{bare}", own.partition, own.account).into(),
    }
}

/// Roles that lie about on each node, for the pods that can take theirs over: what the tokens of the other pods there
/// lead to, and what the kubelet may ask tokens for (R102, R103). `pods` are those of one cluster.
pub(super) fn co_tenants(
    context: &Context<'_>,
    memo: &Memo<'_>,
    pods: &[PodIdentity],
) -> FxHashMap<Name, Arc<[Reachable]>> {
    let mut nodes: FxHashMap<Name, Vec<&PodIdentity>> = FxHashMap::default();
    for entry in pods {
        if let Some(pod) = entry.pod.as_ref().filter(|pod| !pod.node.is_empty())
            && entry.containers.iter().any(|it| it.takeover != Takeover::NONE)
        {
            nodes.entry(pod.node.clone()).or_default();
        }
    }
    if nodes.is_empty() {
        return FxHashMap::default();
    }
    for entry in pods {
        if let Some(pod) = &entry.pod
            && !pod.phase.is_over()
            && let Some(tenants) = nodes.get_mut(&pod.node)
        {
            tenants.push(entry);
        }
    }
    let free = asks_any_audience(context.cluster);
    let roles = |tenants: Vec<&PodIdentity>| -> Arc<[Reachable]> {
        let mut gathered = Gathered { own: None, found: Vec::new() };
        for entry in tenants {
            for identity in entry.containers.iter() {
                if let (Source::Irsa | Source::PodIdentity, Some(role)) =
                    (identity.identity.source, &identity.identity.role)
                {
                    gathered.add(role, Via::CoTenant, Truth::from(identity.certain).or(Truth::Unknown));
                }
                for it in &identity.reachable {
                    if matches!(it.via, Via::Token | Via::LatentTrust | Via::AssociationToken) {
                        gathered.add(&it.role, Via::CoTenant, it.certainty);
                    }
                }
            }
            if !free.is_no() {
                let audience = Name::new(super::injection::DEFAULT_AUDIENCE);
                let account = &entry.spec.service_account;
                for (role, certainty) in memo.trusted(context, &entry.namespace, account, &audience).iter() {
                    gathered.add(role, Via::CoTenant, free.and(*certainty).and(Truth::Unknown));
                }
            }
        }
        gathered.found.sort();
        gathered.found.into()
    };
    nodes.into_iter().map(|(node, tenants)| (node, roles(tenants))).collect()
}

/// A kubelet may ask for tokens of any audience; from 1.33 on only for those that pods on its node name (R103).
pub fn asks_any_audience(cluster: &ClusterFacts) -> Truth {
    let version = cluster.version.items().first().map(|it| it.as_str());
    let version = version.or_else(|| cluster.description().map(|it| it.version.as_str())).unwrap_or_default();
    let mut parts = version.trim_start_matches('v').split('.');
    let major = parts.next().and_then(|it| it.parse::<u32>().ok());
    let minor = parts.next().and_then(|it| it.trim_end_matches('+').parse::<u32>().ok());
    match (major, minor) {
        (Some(1), Some(minor)) => (minor < 33).into(),
        _ => Truth::Unknown,
    }
}
