//! Workloads and the identities of their containers; pods are folded into their owner.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::{Name, Truth};
use crate::identity::resolve::PodIdentity;
use crate::identity::{Identity, Owner, Source, Verdict};
use crate::model::{ClusterFacts, EntityKey, Lookup, SourceId};

use super::{Change, Common, Found, Side, Sign, Topic, only};

/// Whose containers are compared: cluster, namespace, owner. A bare pod is its own owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Folded {
    cluster: Name,
    namespace: Name,
    owner: Owner,
    /// Name of a bare pod; else empty.
    pod: Name,
}

/// What was seen of one owner.
#[derive(Debug)]
struct Workload {
    subject: EntityKey,
    pods: BTreeSet<Name>,
    containers: BTreeMap<Name, Container>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Container {
    /// How its pods get their identity, in words; more than one while pods differ.
    states: BTreeSet<State>,
    /// Further roles that its code could obtain.
    reachable: BTreeMap<Name, Truth>,
    /// Sources that were not read and bear on it.
    missing: BTreeSet<SourceId>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    source: Source,
    role: Option<Name>,
    verdict: Verdict,
    /// What would settle it was not read.
    unsettled: bool,
}

impl State {
    fn of(identity: &Identity) -> State {
        State {
            source: identity.identity.source,
            role: identity.identity.role.clone(),
            verdict: identity.verdict,
            unsettled: identity.verdict == Verdict::Unknown || identity.identity.source == Source::Unknown,
        }
    }

    /// What it can sign with.
    fn access(&self) -> Option<String> {
        if self.unsettled || matches!(self.source, Source::None | Source::Unknown) {
            return None;
        }
        Some(match &self.role {
            Some(role) => format!("signs with {role}"),
            None => format!("signs with {}", self.source.title()),
        })
    }

    fn text(&self) -> String {
        let role = self.role.as_deref().map_or_else(String::new, |role| format!(" {}", short(role)));
        match self.verdict {
            Verdict::Works | Verdict::None => format!("{}{role}", self.source.title()),
            verdict => format!("{}{role} ({})", self.source.title(), verdict.word()),
        }
    }
}

/// The name at the end of an ARN.
fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn fold(pods: &[PodIdentity], common: &Common<'_>) -> BTreeMap<Folded, Workload> {
    let mut workloads: BTreeMap<Folded, Workload> = BTreeMap::new();
    for entry in pods.iter().filter(|entry| common.clusters.contains(&entry.cluster)) {
        let name = entry.pod.as_ref().map(|pod| pod.meta.name.clone());
        let folded = Folded {
            cluster: entry.cluster.clone(),
            namespace: entry.namespace.clone(),
            owner: entry.owner.clone(),
            pod: match entry.owner {
                Owner::Pod => name.clone().unwrap_or_default(),
                _ => Name::default(),
            },
        };
        let workload = workloads.entry(folded).or_insert_with(|| Workload {
            subject: entry.owner_key(),
            pods: BTreeSet::new(),
            containers: BTreeMap::new(),
        });
        workload.pods.extend(name);
        for (at, container) in entry.spec.containers.iter().enumerate() {
            let Some(identity) = entry.containers.get(at) else { continue };
            let seen = workload.containers.entry(container.name.clone()).or_default();
            seen.states.insert(State::of(identity));
            seen.missing.extend(identity.missing.iter().cloned());
            for it in entry.reachable(at) {
                let known = seen.reachable.entry(it.role).or_insert(Truth::Unknown);
                *known = known.or(it.certainty);
            }
        }
    }
    workloads
}

pub(super) fn compare(before: Side<'_>, after: Side<'_>, common: &Common<'_>, found: &mut Found) {
    let (was, is) = (fold(before.pods, common), fold(after.pods, common));
    for (key, workload) in &is {
        match was.get(key) {
            Some(earlier) => changed((before, after), common, (earlier, workload), found),
            None if whole(&before.inventory.clusters[&key.cluster], &key.owner) => {
                one(workload, Sign::Appeared, found);
            }
            None => found.unread(workload.subject.clone(), "pods or their owners were not read whole before"),
        }
    }
    for (key, workload) in was.iter().filter(|(key, _)| !is.contains_key(*key)) {
        if whole(&after.inventory.clusters[&key.cluster], &key.owner) {
            one(workload, Sign::Vanished, found);
        } else {
            found.unread(workload.subject.clone(), "pods or their owners were not read whole after");
        }
    }
}

/// Everything that can make a row of this owner was read.
fn whole(cluster: &Arc<ClusterFacts>, owner: &Owner) -> bool {
    use crate::model::facts::workload::WorkloadKind;
    let owners = match owner {
        Owner::Workload(WorkloadKind::Deployment, _) => {
            cluster.deployments.is_complete() && cluster.replica_sets.is_complete()
        }
        Owner::Workload(WorkloadKind::ReplicaSet, _) => cluster.replica_sets.is_complete(),
        Owner::Workload(WorkloadKind::StatefulSet, _) => cluster.stateful_sets.is_complete(),
        Owner::Workload(WorkloadKind::DaemonSet, _) => cluster.daemon_sets.is_complete(),
        Owner::Workload(WorkloadKind::Job, _) => cluster.jobs.is_complete(),
        Owner::Workload(WorkloadKind::CronJob, _) => cluster.cron_jobs.is_complete() && cluster.jobs.is_complete(),
        Owner::Other(..) | Owner::Pod => true,
    };
    owners && cluster.pods.is_complete()
}

fn lines(workload: &Workload) -> Vec<String> {
    let access = |container: &Container| container.states.iter().filter_map(State::access).collect::<BTreeSet<_>>();
    let all: BTreeSet<String> = workload.containers.values().flat_map(access).collect();
    all.into_iter().collect()
}

fn one(workload: &Workload, sign: Sign, found: &mut Found) {
    let states: BTreeSet<String> =
        workload.containers.values().flat_map(|it| it.states.iter().map(State::text)).collect();
    let states: Vec<String> = states.into_iter().collect();
    let word = if sign == Sign::Appeared { "new workload" } else { "workload is gone" };
    let (gained, lost) =
        if sign == Sign::Appeared { (lines(workload), Vec::new()) } else { (Vec::new(), lines(workload)) };
    found.changes.push(Change {
        topic: Topic::Workload,
        sign,
        subject: workload.subject.clone(),
        text: format!("{word}: {}", states.join(", ")),
        gained,
        lost,
        certain: workload.containers.values().all(|it| it.states.iter().all(|state| !state.unsettled)),
        documents: Vec::new(),
    });
}

fn changed(sides: (Side<'_>, Side<'_>), common: &Common<'_>, (old, new): (&Workload, &Workload), found: &mut Found) {
    found.folded += old.pods.difference(&new.pods).count().min(new.pods.difference(&old.pods).count());
    let names: BTreeSet<&Name> = old.containers.keys().chain(new.containers.keys()).collect();
    let nothing = Container::default();
    for name in names {
        let (was, is) = (old.containers.get(name).unwrap_or(&nothing), new.containers.get(name).unwrap_or(&nothing));
        if was.states != is.states {
            identity(new, name, was, is, found);
        }
        if was.reachable != is.reachable {
            reachable(sides, common, new, (name, was, is), found);
        }
    }
}

fn identity(workload: &Workload, name: &Name, was: &Container, is: &Container, found: &mut Found) {
    let unsettled = |it: &Container| it.states.iter().any(|state| state.unsettled);
    if unsettled(was) != unsettled(is) {
        let when = if unsettled(was) { "before" } else { "after" };
        let why = format!("what decides the identity of container {name} was not read {when}");
        found.unread(workload.subject.clone(), why);
        return;
    }
    let access = |it: &Container| it.states.iter().filter_map(State::access).collect::<BTreeSet<_>>();
    let (lost, gained) = only(&access(was), &access(is));
    let texts = |it: &Container| -> String {
        let texts: Vec<String> = it.states.iter().map(State::text).collect();
        if texts.is_empty() { "not there".to_owned() } else { texts.join(", ") }
    };
    let sign = match (was.states.is_empty(), is.states.is_empty()) {
        (true, _) => Sign::Appeared,
        (_, true) => Sign::Vanished,
        _ => Sign::Changed,
    };
    found.changes.push(Change {
        topic: Topic::Identity,
        sign,
        subject: workload.subject.clone(),
        text: format!("container {name}: {}, before {}", texts(is), texts(was)),
        gained,
        lost,
        certain: !unsettled(is),
        documents: Vec::new(),
    });
}

fn reachable(
    (before, after): (Side<'_>, Side<'_>),
    common: &Common<'_>,
    workload: &Workload,
    (name, was, is): (&Name, &Container, &Container),
    found: &mut Found,
) {
    let roles = |it: &Container| it.reachable.keys().cloned().collect::<BTreeSet<Name>>();
    let (mut lost, mut gained) = only(&roles(was), &roles(is));
    // Not comparable: a role that the side without it could not have shown, and one that the other side only shows
    // because it could not rule it out.
    let comparable = |role: &Name, without: (Side<'_>, &Container, bool), with: (&Container, bool)| {
        let (side, container, blind) = without;
        let (other, other_blind) = with;
        let hidden =
            !container.missing.is_subset(&other.missing) || blind && side.inventory.role(role) == Lookup::Unknown;
        let guessed = other_blind && !other.reachable[role].is_yes();
        !(hidden || guessed)
    };
    let mut keep = |roles: &mut Vec<Name>, without: (Side<'_>, &Container, bool), with: (&Container, bool)| {
        roles.retain(|role| {
            let keep = comparable(role, without, with);
            if !keep {
                let why = format!("whether container {name} can obtain {role} hangs on what only one side read");
                found.unread(workload.subject.clone(), why);
            }
            keep
        });
    };
    keep(&mut lost, (after, is, common.blind_after), (was, common.blind_before));
    keep(&mut gained, (before, was, common.blind_before), (is, common.blind_after));
    // Roles that are only surer or less sure than before are no change of access.
    if lost.is_empty() && gained.is_empty() {
        return;
    }
    let line = |role: &Name| format!("code in it can obtain {role}");
    let certain =
        gained.iter().all(|role| is.reachable[role].is_yes()) && lost.iter().all(|role| was.reachable[role].is_yes());
    found.changes.push(Change {
        topic: Topic::Reachable,
        sign: Sign::Changed,
        subject: workload.subject.clone(),
        text: format!("container {name} can obtain other roles beside its own"),
        gained: gained.iter().map(line).collect(),
        lost: lost.iter().map(line).collect(),
        certain,
        documents: Vec::new(),
    });
}
