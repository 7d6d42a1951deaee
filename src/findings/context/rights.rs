//! Who outside the platform holds which power over which part of a cluster, and the AWS roles that hang on it: worked out
//! once, in one pass over grants, accounts and pods, for every rule on rights.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{Name, Truth};
use crate::graph::authorization::{
    ANONYMOUS, AUTHENTICATED, Authorization, Grant, HeldPower, Origin, SERVICE_ACCOUNTS, Scope, Subject,
    UNAUTHENTICATED,
};
use crate::iam::privilege::Class;
use crate::identity::accounts::AccountTrust;
use crate::identity::injection::ROLE_ANNOTATION;
use crate::identity::{Source, Verdict, Via};
use crate::model::{ClusterFacts, EntityKey, Kind, Lookup};
use crate::rbac::Power;

use super::{Context, Seat, Workload, is_platform_subject, sensitive_class};

/// Roles shown of those within reach; the others are counted.
const SHOWN: usize = 5;

/// A role within somebody's reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prize {
    /// ARN.
    pub role: Name,
    pub class: Class,
    /// The service account, or for pods that run the workload, that has it.
    pub holder: EntityKey,
    /// `irsa`, `pod-identity` or `latent-trust` for what an account has; for pods that run also `node-role` and the ways
    /// of `list identities` such as `imds`.
    pub via: &'static str,
    /// Never `No`.
    pub certainty: Truth,
}

impl Prize {
    /// Sure ones first, then the strongest.
    fn rank(&self) -> (Reverse<Truth>, Class, &Name, &EntityKey, &str) {
        (Reverse(self.certainty), self.class, &self.role, &self.holder, self.via)
    }

    pub fn is_sensitive(&self) -> bool {
        sensitive_class(self.class).is_yes()
    }
}

/// How a power gets at roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    /// A token of an account, without a pod.
    Tokens,
    /// A new pod that runs as an account.
    NewPods,
    /// A pod that runs.
    Running,
}

/// What of one namespace, or of a whole cluster, can be got at.
#[derive(Default)]
struct Space {
    tokens: Vec<Prize>,
    new_pods: Vec<Prize>,
    running: Vec<Prize>,
}

impl Space {
    fn of(&self, through: Through) -> &[Prize] {
        match through {
            Through::Tokens => &self.tokens,
            Through::NewPods => &self.new_pods,
            Through::Running => &self.running,
        }
    }
}

/// What a subject is, as far as rules on rights treat it differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// It belongs to AWS, EKS or Kubernetes itself (guard G2).
    pub platform: bool,
    /// A grant of its own gives it every right of the cluster: what single powers add is told by the rule on that.
    pub everything: bool,
    /// `system:authenticated` and the like: nobody in particular.
    pub broad: bool,
}

#[derive(Default)]
struct ClusterRights {
    spaces: BTreeMap<Name, Space>,
    /// Of all namespaces, each role once.
    whole: Space,
    standings: FxHashMap<Subject, Standing>,
    /// Namespaces with a template that could be changed.
    templates: FxHashSet<Name>,
}

/// See the module.
#[derive(Default)]
pub struct Rights {
    clusters: FxHashMap<Name, ClusterRights>,
}

/// The powers of some kinds that one subject holds in one cluster.
pub struct Holding<'c> {
    pub cluster: &'c ClusterFacts,
    pub authorization: &'c Authorization,
    pub subject: &'c Subject,
    pub key: EntityKey,
    pub standing: Standing,
    /// By power, then scope. Never empty.
    pub powers: Vec<&'c HeldPower>,
}

/// The roles that a subject gains, its own left out.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// The first few, the strongest that is sure first.
    pub top: Vec<Prize>,
    /// All of them.
    pub roles: usize,
    /// Those that surely are in reach and are sensitive (guard G1).
    pub sensitive: usize,
}

impl Reached {
    pub fn best(&self) -> Option<&Prize> {
        self.top.first()
    }

    /// Some role surely is in reach.
    pub fn is_certain(&self) -> bool {
        self.best().is_some_and(|it| it.certainty.is_yes())
    }
}

impl<'c> Holding<'c> {
    /// Whether some of the powers reaches a namespace.
    pub fn covers(&self, namespace: &str) -> bool {
        self.powers.iter().any(|it| it.scope.covers(namespace))
    }

    /// Some power surely is held.
    pub fn is_certain(&self) -> bool {
        self.powers.iter().any(|it| it.certainty.is_yes())
    }

    /// Some power is held over the whole cluster and over any object.
    pub fn is_of_cluster(&self) -> bool {
        self.powers.iter().any(|it| it.scope == Scope::Cluster && it.names.is_none())
    }

    /// The same, with the powers that `keep` says; `None` when none is left.
    pub fn only(&self, keep: impl Fn(&HeldPower) -> bool) -> Option<Holding<'c>> {
        let powers: Vec<&HeldPower> = self.powers.iter().copied().filter(|it| keep(it)).collect();
        let Holding { cluster, authorization, subject, standing, .. } = *self;
        (!powers.is_empty()).then(|| Holding {
            cluster,
            authorization,
            subject,
            key: self.key.clone(),
            standing,
            powers,
        })
    }

    /// `in every namespace`, `in shop`, `in shop, web and 3 more namespaces`.
    pub fn place(&self) -> String {
        if self.powers.iter().any(|it| it.scope == Scope::Cluster) {
            return "in every namespace".into();
        }
        let mut scopes: Vec<String> = self.powers.iter().map(|it| it.scope.to_string()).collect();
        scopes.sort();
        scopes.dedup();
        match scopes.len() {
            0..=2 => format!("in {}", scopes.join(" and ")),
            count => format!("in {}, {} and {} more namespaces", scopes[0], scopes[1], count - 2),
        }
    }

    /// ` named a, b` where every power is narrowed to names, else nothing.
    pub fn named(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for power in &self.powers {
            let Some(own) = &power.names else { return String::new() };
            names.extend(own.iter().map(Name::as_str));
        }
        names.sort_unstable();
        names.dedup();
        match names.len() {
            0..=3 => format!(" named {}", names.join(", ")),
            count => format!(" named {}, {} and {} more", names[0], names[1], count - 2),
        }
    }
}

impl Context<'_> {
    /// The subjects outside the platform that hold one of some powers, by cluster and subject.
    ///
    /// What an IAM principal holds through a user or group that it is mapped to is told of the user or group; one that
    /// administers the whole cluster is told by the rules on principals. Cost: the powers of these kinds.
    pub fn holdings(&self, powers: &[Power]) -> Vec<Holding<'_>> {
        let mut all = self.every_holding(powers);
        all.retain(|it| !(it.standing.platform || it.standing.everything && matches!(it.subject, Subject::Iam(_))));
        all
    }

    /// As [`Context::holdings`], the platform and administrators among them.
    pub fn every_holding(&self, powers: &[Power]) -> Vec<Holding<'_>> {
        let mut all = Vec::new();
        for cluster in self.clusters() {
            let authorization = self.authorization(cluster);
            let Some(rights) = self.rights().clusters.get(&cluster.label) else { continue };
            let mut by_subject: BTreeMap<&Subject, Vec<&HeldPower>> = BTreeMap::new();
            for held in authorization.powers().iter().filter(|it| powers.contains(&it.power)) {
                if !is_of_another(authorization, held) {
                    by_subject.entry(&held.subject).or_default().push(held);
                }
            }
            all.extend(by_subject.into_iter().map(|(subject, powers)| Holding {
                cluster,
                authorization,
                subject,
                key: subject.key(&cluster.label),
                standing: rights.standings.get(subject).copied().unwrap_or_default(),
                powers,
            }));
        }
        all
    }

    /// The first role of a namespace that a subject would gain by a pod of its own there and that is stronger than what
    /// it has.
    pub fn stronger_in(&self, holding: &Holding<'_>, namespace: &Name) -> Option<Prize> {
        let power = HeldPower {
            subject: holding.subject.clone(),
            power: Power::PodCreate,
            object: "pods",
            scope: Scope::Namespace(namespace.clone()),
            names: None,
            certainty: Truth::Yes,
            grants: Vec::new(),
        };
        let Holding { cluster, authorization, subject, standing, .. } = *holding;
        let here =
            Holding { cluster, authorization, subject, key: holding.key.clone(), standing, powers: vec![&power] };
        self.within_reach(&here, Through::NewPods, true).top.into_iter().find(|it| it.certainty.is_yes())
    }

    /// The subject surely may start pods in a namespace, by itself or through a group that it is in by being itself.
    pub fn starts_pods(&self, holding: &Holding<'_>, namespace: &str) -> bool {
        holding.authorization.powers_of(holding.subject).any(|it| {
            matches!(it.power, Power::PodCreate | Power::WorkloadCreate | Power::WorkloadPatch)
                && it.certainty.is_yes()
                && it.scope.covers(namespace)
        })
    }

    /// The roles that a subject gains by its powers, those that it has already left out. `stronger` keeps those alone
    /// that are of a worse class than its own. Cost: the roles of the namespaces that the powers are over; for the whole
    /// cluster those of it, for named pods a look at all workloads.
    pub fn within_reach(&self, holding: &Holding<'_>, through: Through, stronger: bool) -> Reached {
        let Some(rights) = self.rights().clusters.get(&holding.cluster.label) else { return Reached::default() };
        let own = self.own_roles(holding);
        let floor = own.iter().map(|it| self.class_of(it)).filter(|it| *it != Class::Unknown).min();
        let floor = floor.unwrap_or(Class::None);
        let in_named: Vec<(Truth, Vec<Prize>)> = match through {
            Through::Running => {
                holding.powers.iter().map(|it| (it.certainty, self.in_named_pods(holding, it))).collect()
            }
            Through::Tokens | Through::NewPods => Vec::new(),
        };
        let found = holding.powers.iter().flat_map(|it| rights.prizes(it, through).map(|prize| (it.certainty, prize)));
        let found =
            found.chain(in_named.iter().flat_map(|(certainty, all)| all.iter().map(|prize| (*certainty, prize))));
        let mut best: FxHashMap<&Name, (Truth, &Prize)> = FxHashMap::default();
        for (certainty, prize) in found {
            let gained = !own.contains(&prize.role) && prize.holder != holding.key;
            if !gained || stronger && prize.class >= floor && prize.class != Class::Unknown {
                continue;
            }
            let new = (certainty.and(prize.certainty), prize);
            let known = best.entry(&prize.role).or_insert(new);
            if (Reverse(new.0), prize.rank()) < (Reverse(known.0), known.1.rank()) {
                *known = new;
            }
        }
        let mut found: Vec<(Truth, &Prize)> = best.into_values().collect();
        found.sort_by(|a, b| (Reverse(a.0), a.1.rank()).cmp(&(Reverse(b.0), b.1.rank())));
        Reached {
            roles: found.len(),
            sensitive: found.iter().filter(|it| it.0.is_yes() && it.1.is_sensitive()).count(),
            top: found
                .iter()
                .take(SHOWN)
                .map(|(certainty, it)| Prize { certainty: *certainty, ..(*it).clone() })
                .collect(),
        }
    }

    /// The class of a role; `Unknown` when it was not read.
    pub fn class_of(&self, role: &str) -> Class {
        self.privilege(role).map_or(Class::Unknown, |it| it.class)
    }

    /// Roles that the subject has anyhow: those of its account and of the pods that run as it, or itself.
    fn own_roles(&self, holding: &Holding<'_>) -> Vec<Name> {
        let account = match holding.subject {
            Subject::Iam(arn) => return vec![arn.clone()],
            Subject::ServiceAccount { .. } => holding.key.clone(),
            Subject::User(name) => {
                let named = name.strip_prefix("system:serviceaccount:").and_then(|it| it.split_once(':'));
                let Some((namespace, name)) = named else { return Vec::new() };
                EntityKey::namespaced(Kind::ServiceAccount, &holding.cluster.label, &namespace.into(), &name.into())
            }
            Subject::Group(_) => return Vec::new(),
        };
        let mut own: Vec<Name> = Vec::new();
        if let Some(trust) = self.account_trust(&account) {
            own.extend(trust.trusted.iter().filter(|it| it.1.is_yes()).map(|it| it.0.clone()));
            own.extend(trust.association.iter().filter(|it| it.works.is_yes()).map(|it| it.role.clone()));
        }
        for workload in self.users_of_account(&account).filter(|it| it.runs()) {
            let seats = workload.seats().flat_map(|seat| running(workload, &seat, |_| Class::None));
            own.extend(seats.filter(|it| it.certainty.is_yes()).map(|it| it.role));
        }
        own
    }

    /// What an account is worth to whoever gets hold of it.
    pub fn account_trust(&self, key: &EntityKey) -> Option<&AccountTrust> {
        let accounts = self.accounts();
        accounts.binary_search_by(|it| it.key.cmp(key)).ok().map(|at| &accounts[at])
    }

    /// The accounts of one cluster, by namespace and name.
    pub fn accounts_of(&self, cluster: &ClusterFacts) -> &[AccountTrust] {
        let accounts = self.accounts();
        let from = accounts.partition_point(|it| it.key.scope < cluster.label);
        let to = accounts.partition_point(|it| it.key.scope <= cluster.label);
        &accounts[from..to]
    }

    /// Roles in the pods that a power names, or on the nodes that it names.
    fn in_named_pods(&self, holding: &Holding<'_>, power: &HeldPower) -> Vec<Prize> {
        let Some(names) = &power.names else { return Vec::new() };
        let mut found = Vec::new();
        let here = |it: &&Workload<'_>| {
            it.cluster.label == holding.cluster.label && it.runs() && power.scope.covers(it.namespace)
        };
        for workload in self.workloads.iter().filter(here) {
            for variant in &workload.variants {
                let mut pods = variant.members.iter().filter_map(|it| it.pod.as_ref());
                let named = match power.power {
                    Power::NodesProxy => pods.any(|pod| names.contains(&pod.node)),
                    _ => pods.any(|pod| names.contains(&pod.meta.name)),
                };
                if named {
                    let seats = workload.seats().filter(|seat| std::ptr::eq(seat.entry, variant.entry()));
                    found.extend(seats.flat_map(|seat| running(workload, &seat, |role| self.class_of(role))));
                }
            }
        }
        found
    }

    /// Strangers get hold of it: it is nobody in particular, or a pod that runs as it is reached from the internet.
    pub fn is_low_trust(&self, holding: &Holding<'_>) -> bool {
        if holding.standing.broad {
            return true;
        }
        let public = |workload: &Workload<'_>| super::super::exposure::of(workload).public.is_some();
        match holding.subject {
            Subject::ServiceAccount { .. } => self.users_of_account(&holding.key).any(public),
            Subject::Group(name) => name.strip_prefix("system:serviceaccounts:").is_some_and(|namespace| {
                let here = |it: &&Workload<'_>| it.cluster.label == holding.cluster.label && it.namespace == namespace;
                self.workloads.iter().filter(here).any(public)
            }),
            Subject::User(_) | Subject::Iam(_) => false,
        }
    }

    /// What a subject is, whether it holds powers or not.
    pub fn standing(&self, cluster: &ClusterFacts, subject: &Subject) -> Standing {
        let known = self.rights().clusters.get(&cluster.label).and_then(|it| it.standings.get(subject));
        known.copied().unwrap_or_else(|| Standing { platform: is_platform_subject(subject), ..Standing::default() })
    }
}

/// All that gives it belongs to users or groups that the IAM principal is mapped to.
fn is_of_another(authorization: &Authorization, held: &HeldPower) -> bool {
    held.grants.iter().all(|at| authorization.grants()[*at].through.is_some())
}

/// A grant of every right in its scope.
pub fn gives_everything(authorization: &Authorization, grant: &Grant) -> bool {
    let star = |list: &[Name]| list.iter().any(|it| it == "*");
    if grant.origin == Origin::Builtin {
        return true;
    }
    let rules = authorization.roles[grant.role].rules.iter().flat_map(|it| it.iter());
    rules
        .into_iter()
        .any(|it| star(&it.verbs) && star(&it.api_groups) && star(&it.resources) && it.resource_names.is_empty())
}

fn is_broad(subject: &Subject) -> bool {
    match subject {
        Subject::Group(name) => [AUTHENTICATED, UNAUTHENTICATED, SERVICE_ACCOUNTS].contains(&name.as_str()),
        Subject::User(name) => name == ANONYMOUS,
        Subject::ServiceAccount { .. } | Subject::Iam(_) => false,
    }
}

impl Rights {
    /// Cost: the powers, accounts and workloads of all clusters, each once, and the class of each role among them.
    pub(super) fn of(context: &Context<'_>) -> Rights {
        let mut rights = Rights::default();
        for cluster in context.clusters() {
            let own = rights.clusters.entry(cluster.label.clone()).or_default();
            own.stand(context.authorization(cluster));
            for account in context.accounts_of(cluster) {
                own.account(context, cluster, account);
            }
        }
        for workload in context.workloads.iter().filter(|it| it.runs()) {
            let Some(own) = rights.clusters.get_mut(&workload.cluster.label) else { continue };
            own.pods(context, workload);
        }
        for cluster in context.clusters() {
            let Some(own) = rights.clusters.get_mut(&cluster.label) else { continue };
            let lists = [
                &cluster.deployments,
                &cluster.stateful_sets,
                &cluster.daemon_sets,
                &cluster.replica_sets,
                &cluster.cron_jobs,
            ];
            own.templates = lists.iter().flat_map(|list| list.iter()).map(|it| it.meta.namespace.clone()).collect();
            own.sum_up();
        }
        rights
    }
}

impl ClusterRights {
    /// What a power gets at, pods that it names left out.
    fn prizes<'r>(&'r self, power: &'r HeldPower, through: Through) -> impl Iterator<Item = &'r Prize> {
        // A template that is changed, or made, may name any account, whatever its own name.
        let names = power.names.as_ref().filter(|_| through != Through::NewPods);
        let patches = power.power == Power::WorkloadPatch;
        let whole = power.scope == Scope::Cluster && names.is_none() && !patches;
        let spaces: Vec<&Space> = match &power.scope {
            _ if whole => vec![&self.whole],
            _ if names.is_some() && through == Through::Running => Vec::new(),
            Scope::Namespace(name) => {
                self.spaces.get(name).filter(|_| !patches || self.templates.contains(name)).into_iter().collect()
            }
            scope => {
                let fits = |name: &Name| scope.covers(name) && (!patches || self.templates.contains(name));
                self.spaces.iter().filter(|it| fits(it.0)).map(|it| it.1).collect()
            }
        };
        let prizes = spaces.into_iter().flat_map(move |space| space.of(through));
        prizes.filter(move |it| names.is_none_or(|names| names.contains(&it.holder.name)))
    }

    fn stand(&mut self, authorization: &Authorization) {
        for held in authorization.powers() {
            if self.standings.contains_key(&held.subject) {
                continue;
            }
            let broad = is_broad(&held.subject);
            let everything = authorization.grants_of(&held.subject).iter().any(|at| {
                let grant = &authorization.grants()[*at];
                grant.scope == Scope::Cluster && grant.certainty.is_yes() && gives_everything(authorization, grant)
            });
            let platform = !broad && is_platform_subject(&held.subject);
            self.standings.insert(held.subject.clone(), Standing { platform, everything, broad });
        }
    }

    fn account(&mut self, context: &Context<'_>, cluster: &ClusterFacts, account: &AccountTrust) {
        if account.exists.is_no() || account.trusted.is_empty() && account.association.is_none() {
            return;
        }
        let (namespace, name) = (&account.key.namespace, &account.key.name);
        let annotated = match cluster.service_account(namespace, name) {
            Lookup::Found(facts) => facts.meta.annotations.get(ROLE_ANNOTATION),
            Lookup::Absent | Lookup::Unknown => None,
        };
        let space = self.spaces.entry(namespace.clone()).or_default();
        let prize = |role: &Name, via: &'static str, certainty: Truth| Prize {
            role: role.clone(),
            class: context.class_of(role),
            holder: account.key.clone(),
            via,
            certainty: certainty.and(account.exists),
        };
        for (role, trust) in &account.trusted {
            let via = if annotated == Some(role) { Source::Irsa.word() } else { Via::LatentTrust.word() };
            space.tokens.push(prize(role, via, *trust));
            space.new_pods.push(prize(role, via, *trust));
        }
        if let Some(association) = &account.association {
            // A token alone is not enough: it must be bound to a pod, and an agent must take it (R145).
            let via = Source::PodIdentity.word();
            space.tokens.push(prize(&association.role, via, Truth::Unknown));
            space.new_pods.push(prize(&association.role, via, association.works));
        }
    }

    fn pods(&mut self, context: &Context<'_>, workload: &Workload<'_>) {
        let space = self.spaces.entry(workload.namespace.clone()).or_default();
        for seat in workload.seats() {
            space.running.extend(running(workload, &seat, |role| context.class_of(role)));
        }
    }

    fn sum_up(&mut self) {
        let mut whole = Space::default();
        for space in self.spaces.values_mut() {
            once(&mut space.running);
            whole.tokens.extend(space.tokens.iter().cloned());
            whole.new_pods.extend(space.new_pods.iter().cloned());
            whole.running.extend(space.running.iter().cloned());
        }
        [&mut whole.tokens, &mut whole.new_pods, &mut whole.running].into_iter().for_each(once);
        self.whole = whole;
    }
}

/// Keeps of each role the first by rank, in the order of ranks.
fn once(prizes: &mut Vec<Prize>) {
    prizes.sort_by(|a, b| a.rank().cmp(&b.rank()));
    let mut seen: FxHashSet<Name> = FxHashSet::default();
    prizes.retain(|it| seen.insert(it.role.clone()));
}

/// What code in a container of a running pod has or reaches, its node's other pods left out.
fn running(workload: &Workload<'_>, seat: &Seat<'_>, class: impl Fn(&str) -> Class) -> Vec<Prize> {
    let identity = seat.identity;
    let prize = |role: &Name, via: &'static str, certainty: Truth| Prize {
        role: role.clone(),
        class: class(role),
        holder: workload.key.clone(),
        via,
        certainty,
    };
    let own = identity.identity.role.as_ref().filter(|role| EntityKey::role(role).is_some());
    // What was not read and could only take the answer away leaves it (protocols.md section 3).
    let works = matches!(identity.verdict, Verdict::Works | Verdict::FallsBack);
    let certainty = Truth::from(works).or(Truth::Unknown);
    let source = identity.identity.source.word();
    let mut found: Vec<Prize> = own.into_iter().map(|role| prize(role, source, certainty)).collect();
    let around = identity.reachable.iter().filter(|it| !matches!(it.via, Via::NodeTakeover | Via::CoTenant));
    found.extend(around.map(|it| prize(&it.role, it.via.word(), it.certainty)));
    found
}
