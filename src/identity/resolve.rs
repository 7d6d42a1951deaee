//! The identity of every container: the questions of this module's neighbours in order, one answer for containers in
//! the same circumstances.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::model::facts::meta::Labels;
use crate::model::facts::pod::{Container, ContainerKind, Pod, PodSpec};
use crate::model::facts::workload::{Workload, WorkloadKind};
use crate::model::{ClusterFacts, EntityKey, Inventory, Kind, SourceId};

use super::answer::{Credential, Fallback, Hop, Identity, Reachable, Source, Verdict, Via};
use super::chain::{self, Choice, Holdings, Token};
use super::drift::{self, Observed, Situation};
use super::environment::{Environment, Variable};
use super::injection::{self, AGENT_AUDIENCE, Associations, Declared, IRSA_TOKEN_FILE, Webhook};
use super::instance::{self, Guard, NodeClass, Nodes};
use super::network::{self, Policies};
use super::trace::{Check, Trace};
use super::trust::Trusts;
use super::workload::{Owner, Owners};
use super::{association, web_identity};

/// The identities of one pod, or of the pods that a workload without pods would make.
#[derive(Clone, Debug)]
pub struct PodIdentity {
    pub cluster: Name,
    pub namespace: Name,
    /// `None` for a prediction.
    pub pod: Option<Arc<Pod>>,
    pub spec: Arc<PodSpec>,
    pub owner: Owner,
    /// In the order of the spec's containers; shared by pods that are alike.
    pub containers: Arc<[Arc<Identity>]>,
}

impl PodIdentity {
    /// Cluster, namespace, whether predicted, name: the order of `list identities`.
    pub fn sort_key(&self) -> (&str, &str, bool, &str) {
        let name = match (&self.pod, &self.owner) {
            (Some(pod), _) => &pod.meta.name,
            (None, Owner::Workload(_, name) | Owner::Other(_, name)) => name,
            (None, Owner::Pod) => "",
        };
        (&self.cluster, &self.namespace, self.pod.is_none(), name)
    }

    /// Identity of the main container: the first ordinary one.
    pub fn main(&self) -> Option<&Arc<Identity>> {
        let ordinary = self.spec.containers.iter().position(|it| it.kind == ContainerKind::Container);
        self.containers.get(ordinary.unwrap_or(0))
    }

    pub fn owner_key(&self) -> EntityKey {
        match (&self.pod, &self.owner) {
            (Some(pod), owner) => owner.key(&self.cluster, pod),
            (None, Owner::Workload(kind, name)) => {
                EntityKey::namespaced(kind.key_kind(), &self.cluster, &self.namespace, name)
            }
            (None, Owner::Other(_, name)) => EntityKey::namespaced(Kind::Pod, &self.cluster, &self.namespace, name),
            (None, Owner::Pod) => EntityKey::scoped(Kind::Namespace, &self.cluster, &self.namespace),
        }
    }

    pub fn owner_name(&self) -> &Name {
        match (&self.pod, &self.owner) {
            (_, Owner::Workload(_, name) | Owner::Other(_, name)) => name,
            (Some(pod), Owner::Pod) => &pod.meta.name,
            (None, Owner::Pod) => &self.namespace,
        }
    }

    /// `Deployment/api`, as `list identities` writes it.
    pub fn workload(&self) -> String {
        self.owner.label(self.pod.as_ref().map_or("", |pod| &pod.meta.name))
    }
}

/// Every pod and every workload without pods, in the order of `list identities`. Uses all cores.
pub fn all(inventory: &Inventory) -> Vec<PodIdentity> {
    let trusts = Trusts::default();
    let contexts: Vec<Context<'_>> =
        inventory.clusters.values().map(|cluster| Context::new(inventory, cluster, &trusts)).collect();
    let pieces: Vec<(&Context<'_>, &[Arc<Pod>])> = contexts
        .iter()
        .flat_map(|context| by_namespaces(context.cluster.pods.items()).into_iter().map(move |piece| (context, piece)))
        .collect();
    let mut resolved: Vec<PodIdentity> = pieces
        .into_par_iter()
        .map(|(context, pods)| {
            let mut resolver = Resolver::new(context);
            pods.iter().map(|pod| resolver.pod(pod)).collect::<Vec<_>>()
        })
        .collect::<Vec<_>>()
        .into_iter()
        .flatten()
        .collect();
    let predicted: Vec<PodIdentity> =
        contexts.par_iter().flat_map_iter(|context| predictions(context, &resolved)).collect();
    resolved.extend(predicted);
    // Nearly sorted already, which this sort is quick on; feeds that are not at their end yet are not.
    resolved.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    resolved
}

/// The steps behind the identity of one container of one pod, in the order they were asked.
pub fn hops(inventory: &Inventory, entry: &PodIdentity, container: usize) -> Vec<Hop> {
    let Some(cluster) = inventory.clusters.get(&entry.cluster) else { return Vec::new() };
    let trusts = Trusts::default();
    let context = Context::new(inventory, cluster, &trusts);
    let mut trace = Trace::on();
    let subject = match &entry.pod {
        Some(pod) => Subject::of_pod(&context, pod),
        None => match find_workload(cluster, entry) {
            Some(workload) => Subject::of_template(&context, workload),
            None => return Vec::new(),
        },
    };
    if let Some(container) = entry.spec.containers.get(container) {
        identify(&context, &subject, container, &mut trace);
    }
    trace.into_hops()
}

/// Cuts a sorted list of pods into pieces of whole namespaces, so that each piece can remember what it has seen.
fn by_namespaces(pods: &[Arc<Pod>]) -> Vec<&[Arc<Pod>]> {
    const PIECE: usize = 4096;
    let mut pieces = Vec::new();
    let mut rest = pods;
    while rest.len() > PIECE {
        let border = &rest[PIECE].meta.namespace;
        let cut = rest.partition_point(|pod| pod.meta.namespace < *border);
        // A namespace of more than a piece is cut inside.
        let (piece, more) = rest.split_at(if cut == 0 { PIECE } else { cut });
        pieces.push(piece);
        rest = more;
    }
    pieces.push(rest);
    pieces
}

/// What all pods of one cluster share.
struct Context<'a> {
    inventory: &'a Inventory,
    cluster: &'a ClusterFacts,
    trusts: &'a Trusts,
    associations: Associations,
    webhook: Webhook<'a>,
    nodes: Nodes,
    policies: Policies<'a>,
}

impl<'a> Context<'a> {
    fn new(inventory: &'a Inventory, cluster: &'a ClusterFacts, trusts: &'a Trusts) -> Context<'a> {
        Context {
            inventory,
            cluster,
            trusts,
            associations: Associations::new(cluster),
            webhook: Webhook::new(cluster),
            nodes: Nodes::new(inventory, cluster),
            policies: Policies::new(cluster),
        }
    }
}

/// Everything an identity can depend on, for one pod or template.
struct Subject<'a> {
    namespace: &'a Name,
    account: &'a Name,
    spec: &'a Arc<PodSpec>,
    labels: &'a Labels,
    annotations: &'a Labels,
    class: Arc<NodeClass>,
    declared: Declared,
    metadata_guard: Guard,
    agent_guard: Guard,
    pod: Option<&'a Pod>,
    /// Names of credential variables that the pod's template sets itself, by container; `None` when there is none.
    template: Option<&'a Arc<PodSpec>>,
}

impl<'a> Subject<'a> {
    fn of_pod(context: &Context<'a>, pod: &'a Pod) -> Subject<'a> {
        let class = Arc::clone(context.nodes.of(&pod.node));
        let meta = &pod.meta;
        let template = owner_template(context.cluster, pod);
        Subject {
            pod: Some(pod),
            template,
            ..Subject::new(context, &meta.namespace, &pod.spec, &meta.labels, &meta.annotations, class)
        }
    }

    fn of_template(context: &Context<'a>, workload: &'a Workload) -> Subject<'a> {
        let template = &workload.template;
        let class = Arc::clone(context.nodes.of(""));
        let namespace = &workload.meta.namespace;
        Subject::new(context, namespace, &template.spec, &template.labels, &template.annotations, class)
    }

    fn new(
        context: &Context<'a>,
        namespace: &'a Name,
        spec: &'a Arc<PodSpec>,
        labels: &'a Labels,
        annotations: &'a Labels,
        class: Arc<NodeClass>,
    ) -> Subject<'a> {
        let account = &spec.service_account;
        let (metadata_guard, agent_guard) = if context.policies.concern(namespace) {
            let guard = |address| context.policies.guard(namespace, labels, address);
            (guard(network::METADATA), guard(network::AGENT))
        } else {
            (Guard::Open, Guard::Open)
        };
        Subject {
            namespace,
            account,
            spec,
            labels,
            annotations,
            class,
            declared: injection::declared(context.cluster, &context.associations, namespace, account),
            metadata_guard,
            agent_guard,
            pod: None,
            template: None,
        }
    }
}

/// The template that made a pod, as far as its direct owner was read.
fn owner_template<'a>(cluster: &'a ClusterFacts, pod: &Pod) -> Option<&'a Arc<PodSpec>> {
    let owner = pod.meta.owner.as_ref()?;
    let list = match WorkloadKind::from_word(&owner.kind)? {
        WorkloadKind::Deployment => &cluster.deployments,
        WorkloadKind::ReplicaSet => &cluster.replica_sets,
        WorkloadKind::StatefulSet => &cluster.stateful_sets,
        WorkloadKind::DaemonSet => &cluster.daemon_sets,
        WorkloadKind::Job => &cluster.jobs,
        WorkloadKind::CronJob => &cluster.cron_jobs,
    };
    super::workload::find(list, &pod.meta.namespace, &owner.name).map(|it| &it.template.spec)
}

/// What makes two pods of one piece the same to this module: shared parts by address, the rest by value.
#[derive(Clone, PartialEq, Eq)]
struct Likeness {
    namespace: Name,
    spec: *const PodSpec,
    labels: *const (Name, Name),
    annotations: *const (Name, Name),
    class: *const NodeClass,
    template: *const PodSpec,
    /// The association changed after the pod was made.
    changed_since: bool,
}

impl Hash for Likeness {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.spec as usize, self.class as usize, self.labels as usize).hash(state);
    }
}

/// Resolves the pods of one piece, remembering answers.
struct Resolver<'a> {
    context: &'a Context<'a>,
    owners: Owners<'a>,
    seen: FxHashMap<Likeness, Arc<[Arc<Identity>]>>,
    answers: FxHashMap<Arc<Identity>, Arc<Identity>>,
    /// Lists of shared answers, so that pods alike share the list too.
    lists: FxHashMap<Vec<*const Identity>, Arc<[Arc<Identity>]>>,
}

impl<'a> Resolver<'a> {
    fn new(context: &'a Context<'a>) -> Resolver<'a> {
        let owners = Owners::new(context.cluster);
        Resolver {
            context,
            owners,
            seen: FxHashMap::default(),
            answers: FxHashMap::default(),
            lists: FxHashMap::default(),
        }
    }

    fn pod(&mut self, pod: &'a Arc<Pod>) -> PodIdentity {
        let owner = self.owners.of(pod);
        let likeness = self.likeness(pod);
        let containers = match self.seen.get(&likeness) {
            Some(containers) => Arc::clone(containers),
            None => {
                let subject = Subject::of_pod(self.context, pod);
                let containers = self.containers(&subject);
                self.seen.insert(likeness, Arc::clone(&containers));
                containers
            }
        };
        PodIdentity {
            cluster: self.context.cluster.label.clone(),
            namespace: pod.meta.namespace.clone(),
            pod: Some(Arc::clone(pod)),
            spec: Arc::clone(&pod.spec),
            owner,
            containers,
        }
    }

    fn likeness(&self, pod: &Pod) -> Likeness {
        let context = self.context;
        let concerned =
            context.policies.concern(&pod.meta.namespace) || pod.meta.labels.contains(injection::SKIP_LABEL);
        let association = context.associations.of(&pod.meta.namespace, &pod.spec.service_account);
        let modified = match association {
            Ok(Some(association)) => association.details.as_ref().and_then(|details| details.modified),
            _ => None,
        };
        Likeness {
            namespace: pod.meta.namespace.clone(),
            spec: Arc::as_ptr(&pod.spec),
            labels: if concerned { pod.meta.labels.0.as_ptr() } else { std::ptr::null() },
            annotations: pod.meta.annotations.0.as_ptr(),
            class: Arc::as_ptr(context.nodes.of(&pod.node)),
            template: owner_template(context.cluster, pod).map_or(std::ptr::null(), Arc::as_ptr),
            changed_since: modified.zip(pod.meta.created).is_some_and(|(modified, created)| modified > created),
        }
    }

    fn containers(&mut self, subject: &Subject<'a>) -> Arc<[Arc<Identity>]> {
        let containers: Vec<Arc<Identity>> = subject
            .spec
            .containers
            .iter()
            .map(|container| {
                let answer = Arc::new(identify(self.context, subject, container, &mut Trace::off()));
                Arc::clone(self.answers.entry(Arc::clone(&answer)).or_insert(answer))
            })
            .collect();
        let list = containers.iter().map(Arc::as_ptr).collect();
        Arc::clone(self.lists.entry(list).or_insert_with(|| containers.into()))
    }
}

/// Workloads that nobody's pods come from: scaled to nothing, suspended, failed (R8).
fn predictions<'a>(context: &'a Context<'a>, resolved: &[PodIdentity]) -> Vec<PodIdentity> {
    let label = &context.cluster.label;
    let start = resolved.partition_point(|it| it.cluster < *label);
    let end = resolved.partition_point(|it| it.cluster <= *label);
    if !context.cluster.pods.is_complete() {
        // Pods that were not read may well be there.
        return Vec::new();
    }
    let alive: rustc_hash::FxHashSet<(&Name, &Owner)> =
        resolved[start..end].iter().map(|it| (&it.namespace, &it.owner)).collect();
    let cluster = context.cluster;
    let lists = [
        (&cluster.deployments, WorkloadKind::Deployment),
        (&cluster.replica_sets, WorkloadKind::ReplicaSet),
        (&cluster.stateful_sets, WorkloadKind::StatefulSet),
        (&cluster.daemon_sets, WorkloadKind::DaemonSet),
        (&cluster.jobs, WorkloadKind::Job),
        (&cluster.cron_jobs, WorkloadKind::CronJob),
    ];
    let mut resolver = Resolver::new(context);
    let mut predicted = Vec::new();
    for (list, kind) in lists {
        for workload in list {
            // Only top owners: what a deployment or cron job makes is told by it.
            if workload.meta.owner.is_some() {
                continue;
            }
            let owner = Owner::Workload(kind, workload.meta.name.clone());
            if alive.contains(&(&workload.meta.namespace, &owner)) {
                continue;
            }
            let subject = Subject::of_template(context, workload);
            predicted.push(PodIdentity {
                cluster: label.clone(),
                namespace: workload.meta.namespace.clone(),
                pod: None,
                spec: Arc::clone(&workload.template.spec),
                owner,
                containers: resolver.containers(&subject),
            });
        }
    }
    predicted
}

fn find_workload<'a>(cluster: &'a ClusterFacts, entry: &PodIdentity) -> Option<&'a Workload> {
    let Owner::Workload(kind, name) = &entry.owner else { return None };
    let list = match kind {
        WorkloadKind::Deployment => &cluster.deployments,
        WorkloadKind::ReplicaSet => &cluster.replica_sets,
        WorkloadKind::StatefulSet => &cluster.stateful_sets,
        WorkloadKind::DaemonSet => &cluster.daemon_sets,
        WorkloadKind::Job => &cluster.jobs,
        WorkloadKind::CronJob => &cluster.cron_jobs,
    };
    super::workload::find(list, &entry.namespace, name)
}

/// What the webhook adds to a container of a pod that does not exist yet.
enum Injected {
    Nothing,
    Irsa { role: Name, audience: Name },
    Agent,
    Unknown(Vec<SourceId>),
}

fn injected(
    context: &Context<'_>,
    subject: &Subject<'_>,
    container: &Container,
    environment: &Environment<'_>,
) -> Injected {
    if container.kind == ContainerKind::Ephemeral || injection::is_skipped(subject.annotations, &container.name) {
        return Injected::Nothing;
    }
    let wanted = match &subject.declared {
        Declared::Nothing | Declared::Elsewhere(_) => return Injected::Nothing,
        Declared::Unknown(missing) => return Injected::Unknown(missing.clone()),
        wanted => wanted,
    };
    match context.webhook.acts_on(subject.labels) {
        (Truth::No, _) => return Injected::Nothing,
        (Truth::Unknown, missing) => return Injected::Unknown(missing),
        (Truth::Yes, _) => {}
    }
    // The pair rule: one of the two defined by the author, and neither is added (R24).
    let defined = |names: [&str; 2]| names.iter().any(|name| environment.defines(name));
    match wanted {
        Declared::PodIdentity(_)
            if !defined(["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]) =>
        {
            Injected::Agent
        }
        Declared::Irsa { role, audience } if !defined(["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"]) => {
            Injected::Irsa { role: role.clone(), audience: audience.clone() }
        }
        _ => Injected::Nothing,
    }
}

/// The answer for one container, put together step by step.
fn identify(context: &Context<'_>, subject: &Subject<'_>, container: &Container, trace: &mut Trace) -> Identity {
    let environment = Environment::new(context.cluster, subject.namespace, container);
    let mut holdings = Holdings::new(&environment, container);
    let mut future_token = None;
    if subject.pod.is_none() {
        match injected(context, subject, container, &environment) {
            Injected::Nothing => {}
            Injected::Irsa { role, audience } => {
                holdings.role = Variable::Known(role);
                holdings.token_file = Variable::Known(IRSA_TOKEN_FILE.into());
                future_token = Some(Token::Projected { audience });
            }
            Injected::Agent => {
                holdings.endpoint = Variable::Known("http://169.254.170.23/v1/credentials".into());
                future_token = Some(Token::Projected { audience: AGENT_AUDIENCE.into() });
            }
            Injected::Unknown(missing) => holdings.unread.extend(missing),
        }
    }
    let skipped = context.webhook.skips(subject.labels)
        || injection::is_skipped(subject.annotations, &container.name)
        || container.kind == ContainerKind::Ephemeral;
    let declared = if skipped { None } else { subject.declared.credential() };
    let metadata = instance::metadata_reach(&subject.class, subject.spec, &subject.metadata_guard);
    let choice = chain::choose(&holdings);
    trace.step("R33", "the credential source that comes first", Truth::Yes, || (describe(&choice), vec![]));
    let half = holdings.role.is_set().is_yes() && holdings.token_file.is_set().is_no();
    let mut answer = Identity {
        identity: Credential::UNKNOWN,
        attempted: None,
        declared,
        fallback: None,
        certain: true,
        verdict: Verdict::Unknown,
        why: String::new(),
        rule: "R40",
        reachable: Vec::new(),
        drift: Vec::new(),
        missing: Vec::new(),
    };
    let mut audience = None;
    match &choice {
        Choice::StaticKeys => {
            answer.identity = Credential::new(Source::StaticKeys, None);
            answer.attempted = Some(answer.identity.clone());
            answer.verdict = Verdict::Works;
            answer.rule = "R35";
            answer.why =
                "static keys in the environment win over every role; whose they are cannot be known here".into();
        }
        Choice::WebIdentity { role, token_file } => {
            let attempt = Credential::new(Source::Irsa, role.clone());
            let token = match (&future_token, token_file) {
                (Some(token), _) => token.clone(),
                (None, Some(path)) => chain::token_at(subject.spec, container, path),
                (None, None) => Token::Opaque,
            };
            trace.step("R45", "the token file is mounted", Truth::from(token != Token::NotMounted), || {
                (format!("{token:?}"), vec![])
            });
            let check = match (&token, role) {
                (Token::NotMounted, _) => Check::no("R45", "the token file is not mounted in this container"),
                (Token::Opaque, _) => {
                    Check::unknown("R45", "what is mounted at the token path cannot be seen into", vec![])
                }
                (_, None) => Check::unknown("R11", "the value of AWS_ROLE_ARN is not known", vec![]),
                (Token::Projected { audience: token }, Some(role)) => {
                    audience = Some(token.clone());
                    let question = web_identity::Question {
                        role,
                        audience: token,
                        namespace: subject.namespace,
                        account: subject.account,
                    };
                    web_identity::check(context.inventory, context.cluster, context.trusts, &question, trace)
                }
            };
            let walkers = chain::WALK_ON_AFTER_WEB_IDENTITY;
            settle(&mut answer, attempt, check, subject, &holdings, &metadata, walkers);
        }
        Choice::Endpoint => {
            let association = context.associations.of(subject.namespace, subject.account);
            let found = association.as_ref().ok().copied().flatten();
            let role = found.and_then(|it| injection::association_role(it));
            let attempt = Credential::new(Source::PodIdentity, role);
            let question = association::Question {
                namespace: subject.namespace,
                account: subject.account,
                spec: subject.spec,
                class: &subject.class,
                guard: &subject.agent_guard,
            };
            let token = match (&future_token, holdings.endpoint_token.value()) {
                (Some(token), _) => token.clone(),
                (None, Some(path)) => chain::token_at(subject.spec, container, path),
                (None, None) => Token::NotMounted,
            };
            let mounted = match token {
                Token::Projected { audience } if audience == AGENT_AUDIENCE => Check::yes("R79", ""),
                Token::Projected { .. } => Check::no("R79", "the token's audience is not pods.eks.amazonaws.com"),
                Token::NotMounted => {
                    Check::no("R45", "the token file of Pod Identity is not mounted in this container")
                }
                Token::Opaque => Check::unknown("R45", "what is mounted at the token path cannot be seen into", vec![]),
            };
            let check = match association {
                Ok(found) => association::check(
                    context.inventory,
                    context.cluster,
                    context.trusts,
                    &context.associations,
                    found.map(|it| &**it),
                    &question,
                    trace,
                ),
                Err(list) => Check::unknown("R75", "the associations of the cluster were not read", vec![list]),
            };
            settle(
                &mut answer,
                attempt,
                mounted.and(check),
                subject,
                &holdings,
                &metadata,
                chain::WALK_ON_AFTER_ENDPOINT,
            );
        }
        Choice::Metadata => from_metadata(&mut answer, subject, &holdings, &metadata, half, trace),
        Choice::TokenWithoutRole => {
            answer.identity = Credential::NONE;
            answer.attempted = Some(Credential::new(Source::Irsa, None));
            answer.verdict = Verdict::Broken;
            answer.rule = "R44";
            answer.why = "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN: SDKs refuse to go on".into();
        }
        Choice::Profile => {
            answer.attempted = Some(Credential::new(Source::Profile, None));
            answer.rule = "R39";
            answer.why = "a profile or a shared credentials file is used whose content cannot be seen".into();
        }
        Choice::ForeignEndpoint => {
            answer.rule = "R32";
            answer.why = "credentials come from a container endpoint that is not the Pod Identity agent".into();
        }
        Choice::Unknown { rule, why, missing } => {
            answer.rule = rule;
            answer.why = (*why).to_owned();
            answer.missing.clone_from(missing);
        }
    }
    reachable(&mut answer, subject, &metadata);
    answer.drift = if subject.pod.is_some() {
        drift::letters(&Situation {
            declared: &subject.declared,
            observed: observed(&choice, &holdings, audience.as_ref()),
            skipped,
            by_hand: by_hand(subject, container),
            pod_created: subject.pod.and_then(|pod| pod.meta.created),
        })
    } else {
        Vec::new()
    };
    if let Some(Credential { source: Source::Unknown, .. }) = &answer.declared {
        answer.missing.extend(subject.declared.missing().iter().cloned());
    }
    answer.missing.sort();
    answer.missing.dedup();
    answer
}

fn describe(choice: &Choice) -> String {
    match choice {
        Choice::StaticKeys => "static keys in the environment".into(),
        Choice::WebIdentity { role, .. } => {
            format!("web identity for {}", role.as_ref().map_or("an unknown role", |it| it.as_str()))
        }
        Choice::TokenWithoutRole => "half of a web identity".into(),
        Choice::Profile => "a profile in a file".into(),
        Choice::Endpoint => "the Pod Identity agent".into(),
        Choice::ForeignEndpoint => "another container endpoint".into(),
        Choice::Metadata => "instance metadata".into(),
        Choice::Unknown { why, .. } => (*why).to_owned(),
    }
}

/// What the container carries, whichever source wins.
fn observed<'a>(choice: &Choice, holdings: &'a Holdings, audience: Option<&'a Name>) -> Observed<'a> {
    let web = holdings.role.is_set().is_yes() && holdings.token_file.is_set().is_yes();
    if web || matches!(choice, Choice::WebIdentity { .. }) {
        Observed::WebIdentity { role: holdings.role.value(), audience }
    } else if holdings.endpoint.is_set().is_yes() {
        Observed::Agent
    } else {
        Observed::Nothing
    }
}

/// The template of the pod sets the identity variables itself.
fn by_hand(subject: &Subject<'_>, container: &Container) -> bool {
    subject.template.is_some_and(|template| {
        template.containers.iter().filter(|it| it.name == container.name).any(|it| {
            it.env.iter().any(|variable| {
                matches!(
                    variable.name.as_str(),
                    "AWS_ROLE_ARN" | "AWS_WEB_IDENTITY_TOKEN_FILE" | "AWS_CONTAINER_CREDENTIALS_FULL_URI"
                )
            })
        })
    })
}

/// The verdict of a chosen source from its check (R194).
fn settle(
    answer: &mut Identity,
    attempt: Credential,
    check: Check,
    subject: &Subject<'_>,
    holdings: &Holdings,
    metadata: &instance::MetadataReach,
    walkers: &'static [&'static str],
) {
    answer.attempted = Some(attempt.clone());
    answer.rule = check.rule;
    answer.why = check.why;
    match check.truth {
        Truth::Yes => {
            let as_declared = answer
                .declared
                .as_ref()
                .is_none_or(|declared| declared.source == attempt.source || declared.source == Source::Unknown);
            answer.verdict = if as_declared { Verdict::Works } else { Verdict::FallsBack };
            answer.certain = check.could_fail.is_empty();
            answer.missing.extend(check.could_fail);
            answer.identity = attempt;
        }
        Truth::No => {
            answer.identity = Credential::NONE;
            answer.verdict = Verdict::Broken;
            let disabled = holdings.metadata_disabled.is_yes();
            if !metadata.reach.is_no()
                && !disabled
                && let Some(role) = subject.class.role.arn()
                && metadata.reach.is_yes()
            {
                let credential = Credential::new(Source::NodeRole, Some(role.clone()));
                answer.fallback = Some(Fallback { credential, sdks: walkers });
            }
        }
        Truth::Unknown => {
            answer.identity = attempt;
            answer.verdict = Verdict::Unknown;
            answer.certain = false;
            answer.missing.extend(check.missing);
        }
    }
}

/// Nothing was configured in the container: instance metadata answers, or nobody (R42, R100).
fn from_metadata(
    answer: &mut Identity,
    subject: &Subject<'_>,
    holdings: &Holdings,
    metadata: &instance::MetadataReach,
    half: bool,
    trace: &mut Trace,
) {
    let role = subject.class.role.arn().cloned();
    trace.step(metadata.rule, "instance metadata can be reached", metadata.reach, || (metadata.why.to_owned(), vec![]));
    answer.rule = if half { "R44" } else { metadata.rule };
    answer.why = if half {
        format!("AWS_ROLE_ARN is set without a token file, so web identity is off; {}", metadata.why)
    } else {
        metadata.why.to_owned()
    };
    let wanted = answer.declared.as_ref().is_some_and(|declared| declared.source != Source::Unknown);
    let reach = if holdings.metadata_disabled.is_yes() {
        answer.rule = "R38";
        answer.why = "AWS_EC2_METADATA_DISABLED turns instance metadata off, and nothing else is configured".into();
        Truth::No
    } else {
        metadata.reach
    };
    match reach {
        Truth::Yes => match (&subject.class.role, role) {
            (instance::NodeRole::Known(_), Some(role)) => {
                answer.identity = Credential::new(Source::NodeRole, Some(role));
                answer.attempted = Some(answer.identity.clone());
                answer.verdict = if wanted || half { Verdict::FallsBack } else { Verdict::Works };
                answer.certain = metadata.could_close.is_empty();
                answer.missing.extend(metadata.could_close.iter().cloned());
            }
            (instance::NodeRole::Configured { role: configured, missing }, _) => {
                answer.identity = Credential::new(Source::NodeRole, configured.clone());
                answer.attempted = Some(answer.identity.clone());
                answer.certain = false;
                answer.missing.extend(missing.iter().cloned());
                answer.why = "instance metadata answers; which role it has was not read".into();
            }
            (instance::NodeRole::None, _) | (_, None) => {
                answer.identity = Credential::NONE;
                answer.verdict = if wanted || half { Verdict::Broken } else { Verdict::None };
                answer.rule = "R93";
                answer.why = "instance metadata can be reached, but the instance has no role".into();
            }
        },
        Truth::No => {
            answer.identity = Credential::NONE;
            answer.verdict = if wanted || half { Verdict::Broken } else { Verdict::None };
            if half {
                answer.attempted = Some(Credential::new(Source::NodeRole, role));
            }
        }
        Truth::Unknown => {
            answer.attempted = Some(Credential::new(Source::NodeRole, role));
            answer.certain = false;
            answer.missing.extend(metadata.missing.iter().cloned());
        }
    }
}

/// R100: a container with another identity can still reach the node's.
fn reachable(answer: &mut Identity, subject: &Subject<'_>, metadata: &instance::MetadataReach) {
    if metadata.reach.is_no() {
        return;
    }
    let Some(role) = subject.class.role.arn() else { return };
    if answer.identity.source == Source::NodeRole && answer.identity.role.as_ref() == Some(role) {
        return;
    }
    answer.reachable.push(Reachable { role: role.clone(), via: Via::Imds, certainty: metadata.reach });
}
