//! Pods that are made anew: from their template, with what the webhook of EKS would inject now.

use std::sync::Arc;

use rolewalk::base::Name;
use rolewalk::identity::injection::{
    AGENT_AUDIENCE, AGENT_TOKEN_FILE, Associations, Declared, IRSA_TOKEN_FILE, Webhook, declared, is_skipped,
};
use rolewalk::model::ClusterFacts;
use rolewalk::model::facts::env::{EnvValue, EnvVar};
use rolewalk::model::facts::meta::{Labels, Owner};
use rolewalk::model::facts::pod::{
    Container, ContainerKind, Mount, Phase, Pod, PodSpec, Projection, Volume, VolumeSource,
};
use rolewalk::model::facts::workload::Workload;
use serde_json::Value;

use super::applier::{World, meta, place};

/// Later than everything in an estate.
const NOW: &str = "2040-01-01T00:00:00Z";

/// Variables and volumes that the webhook adds.
const INJECTED: [&str; 4] = [
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];
const VOLUMES: [&str; 2] = ["aws-iam-token", "eks-pod-identity-token"];

pub fn agent(node: &str) -> Pod {
    let owner = Owner { kind: "DaemonSet".into(), name: "eks-pod-identity-agent".into(), uid: Name::default() };
    let meta = meta("kube-system", &format!("eks-pod-identity-agent-new-{node}"));
    Pod {
        meta: rolewalk::model::facts::meta::Meta { owner: Some(owner), ..meta },
        spec: Arc::new(PodSpec { service_account: "default".into(), host_network: true, ..PodSpec::default() }),
        node: node.into(),
        phase: Phase::Running,
        ready: true,
    }
}

pub fn add(cluster: &mut ClusterFacts, pod: Pod) {
    let pods = cluster.pods.items_mut();
    pods.push(pod.into());
    pods.sort_by(|a, b| place(&a.meta).cmp(&place(&b.meta)));
}

fn is_of(pod: &Pod, namespace: &str, target: &str) -> bool {
    let (kind, name) = target.split_once('/').unwrap_or_default();
    if pod.meta.namespace != *namespace {
        return false;
    }
    match &pod.meta.owner {
        Some(owner) => owner.kind.eq_ignore_ascii_case(kind) && owner.name == *name,
        None => kind == "pod" && pod.meta.name == *name,
    }
}

fn template<'a>(cluster: &'a mut ClusterFacts, namespace: &str, target: &str) -> Option<&'a mut Arc<Workload>> {
    let (kind, name) = target.split_once('/')?;
    let list = match kind {
        "deployment" => &mut cluster.deployments,
        "statefulset" => &mut cluster.stateful_sets,
        "daemonset" => &mut cluster.daemon_sets,
        "job" => &mut cluster.jobs,
        "cronjob" => &mut cluster.cron_jobs,
        _ => return None,
    };
    list.items_mut().iter_mut().find(|it| it.meta.namespace == *namespace && it.meta.name == *name)
}

/// Changes the template, where there is one, and what the pods have of it; then makes the pods anew.
fn change(
    world: &mut World,
    namespace: &str,
    target: &str,
    mut spec: impl FnMut(&mut PodSpec),
    annotations: impl Fn(&Labels) -> Labels,
) -> Option<()> {
    let cluster = world.cluster();
    let mut known = false;
    if let Some(workload) = template(cluster, namespace, target) {
        let template = Arc::make_mut(&mut Arc::make_mut(workload).template);
        spec(Arc::make_mut(&mut template.spec));
        template.annotations = annotations(&template.annotations);
        known = true;
    }
    for pod in cluster.pods.items_mut().iter_mut().filter(|it| is_of(it, namespace, target)) {
        let pod = Arc::make_mut(pod);
        spec(Arc::make_mut(&mut pod.spec));
        pod.meta.annotations = annotations(&pod.meta.annotations);
        known = true;
    }
    if known { restart(world, namespace, target) } else { None }
}

/// `NAME=VALUE` sets a variable of one container, `NAME-` takes it out.
pub fn set_env(world: &mut World, namespace: &str, target: &str, container: Option<&str>, word: &str) -> Option<()> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word.trim_end_matches('-'), None),
    };
    let set = |spec: &mut PodSpec| {
        for it in spec.containers.iter_mut().filter(|it| container.is_none_or(|name| it.name == *name)) {
            it.env.retain(|variable| variable.name != *name);
            it.env.extend(value.map(|value| EnvVar { name: name.into(), value: EnvValue::Literal(value.into()) }));
        }
    };
    change(world, namespace, target, set, Labels::clone)
}

/// The parts of pod templates that fixes patch.
pub fn patch(world: &mut World, namespace: &str, target: &str, patch: &Value) -> Option<()> {
    let spec = if target.starts_with("cronjob/") { &patch["spec"]["jobTemplate"]["spec"] } else { &patch["spec"] };
    let template = &spec["template"];
    let text = |value: &Value| value.as_str().map(Name::new);
    let account = text(&template["spec"]["serviceAccountName"]);
    let selector = template["spec"]["nodeSelector"].as_object().cloned().unwrap_or_default();
    let notes = template["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    let host = template["spec"]["hostNetwork"].as_bool();
    if account.is_none() && selector.is_empty() && notes.is_empty() && host.is_none() {
        return None;
    }
    let with = |labels: &Labels, more: &serde_json::Map<String, Value>| {
        let kept = labels.iter().filter(|(key, _)| !more.contains_key(key.as_str()));
        let kept = kept.map(|(key, value)| (key.clone(), value.clone()));
        let added = more.iter().filter_map(|(key, value)| Some((Name::new(key), text(value)?)));
        Labels::new(kept.chain(added).collect())
    };
    let change_spec = |spec: &mut PodSpec| {
        if let Some(account) = &account {
            spec.service_account = account.clone();
        }
        spec.host_network = host.unwrap_or(spec.host_network);
        spec.node_selector = with(&spec.node_selector, &selector);
    };
    change(world, namespace, target, change_spec, |labels| with(labels, &notes))
}

/// Every pod of a workload, made anew. A workload without pods has its template alone, and needs nothing.
pub fn restart(world: &mut World, namespace: &str, target: &str) -> Option<()> {
    let now = NOW.parse().expect("a time");
    let cluster = world.cluster();
    let stored = template(cluster, namespace, target).map(|it| Arc::clone(&it.template));
    let mut known = stored.is_some();
    let before: Vec<Arc<Pod>> = cluster.pods.items().to_vec();
    let after = before.into_iter().map(|pod| {
        if !is_of(&pod, namespace, target) {
            return pod;
        }
        known = true;
        let mut pod = Pod::clone(&pod);
        pod.meta.created = Some(now);
        pod.phase = Phase::Running;
        let mut spec = match &stored {
            Some(template) => (*template.spec).clone(),
            None => without_injected(&pod.spec),
        };
        if let Some(template) = &stored {
            pod.meta.annotations = template.annotations.clone();
        }
        inject(cluster, namespace, &pod.meta.labels, &pod.meta.annotations, &mut spec);
        pod.spec = Arc::new(spec);
        Arc::new(pod)
    });
    let after: Vec<Arc<Pod>> = after.collect();
    *world.cluster().pods.items_mut() = after;
    known.then_some(())
}

/// What the template of a pod without one was: the pod without what the webhook adds. A token file elsewhere than the
/// webhook's was written by hand.
fn without_injected(spec: &PodSpec) -> PodSpec {
    let mut spec = spec.clone();
    let injected = |container: &Container| {
        let paths = [IRSA_TOKEN_FILE, AGENT_TOKEN_FILE];
        container.env.iter().any(|it| matches!(&it.value, EnvValue::Literal(text) if paths.contains(&text.as_str())))
            && container.mounts.iter().any(|it| VOLUMES.contains(&it.volume.as_str()))
    };
    for container in &mut spec.containers {
        if injected(container) {
            container.env.retain(|it| !INJECTED.contains(&it.name.as_str()));
        }
        container.mounts.retain(|it| !VOLUMES.contains(&it.volume.as_str()));
    }
    spec.volumes.retain(|it| !VOLUMES.contains(&it.name.as_str()));
    spec
}

fn inject(cluster: &ClusterFacts, namespace: &str, labels: &Labels, annotations: &Labels, spec: &mut PodSpec) {
    if !Webhook::new(cluster).acts_on(labels).0.is_yes() {
        return;
    }
    let asked = declared(cluster, &Associations::new(cluster), &namespace.into(), &spec.service_account);
    let (pair, volume, audience) = match &asked {
        Declared::Irsa { role, audience } => (
            [("AWS_ROLE_ARN", role.as_str()), ("AWS_WEB_IDENTITY_TOKEN_FILE", IRSA_TOKEN_FILE)],
            VOLUMES[0],
            audience.clone(),
        ),
        Declared::PodIdentity(_) => (
            [
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", AGENT_TOKEN_FILE),
            ],
            VOLUMES[1],
            AGENT_AUDIENCE.into(),
        ),
        _ => return,
    };
    let (directory, file) = pair[1].1.rsplit_once('/').expect("a path");
    for container in &mut spec.containers {
        let by_hand = container.env.iter().any(|it| pair.iter().any(|(name, _)| it.name == *name));
        if container.kind == ContainerKind::Ephemeral || is_skipped(annotations, &container.name) {
            continue;
        }
        if !by_hand {
            let add =
                |(name, value): (&str, &str)| EnvVar { name: name.into(), value: EnvValue::Literal(value.into()) };
            container.env.extend(pair.map(add));
        }
        let (volume, path) = (volume.into(), directory.into());
        container.mounts.push(Mount { volume, path, sub_path: Name::default(), read_only: true });
    }
    if !spec.volumes.iter().any(|it| it.name == *volume) {
        let token = Projection::Token { audience, expiration: Some(86400), path: file.into() };
        spec.volumes.push(Volume { name: volume.into(), source: VolumeSource::Projected(vec![token]) });
    }
}
