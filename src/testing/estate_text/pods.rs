//! Pods, workloads and their containers in an estate text.

use std::sync::Arc;

use crate::base::Name;
use crate::model::SourceKind;
use crate::model::facts::env::{EnvFrom, EnvSource, EnvValue, EnvVar};
use crate::model::facts::meta::{Labels, Meta, Owner};
use crate::model::facts::pod::{
    Container, ContainerKind, Mount, Phase, Pod, PodSpec, Projection, Security, Volume, VolumeSource,
};
use crate::model::facts::workload::{PodTemplate, Workload, WorkloadKind};
use crate::model::feed::Batch;

use super::line::Line;
use super::{Builder, ClusterHead, meta, time};

const IRSA_PATH: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";
const AGENT_PATH: &str = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";

/// A pod or workload whose containers are still coming.
pub(super) struct Maker {
    cluster: ClusterHead,
    meta: Meta,
    spec: PodSpec,
    labels: Labels,
    annotations: Labels,
    node: Name,
    phase: Phase,
    /// `None` for a pod.
    workload: Option<WorkloadKind>,
    suspended: bool,
}

pub(super) fn labels(pairs: Vec<(String, String)>) -> Labels {
    Labels::new(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
}

/// A ready pod of the Pod Identity agent.
pub(super) fn agent(node: &str) -> Pod {
    let owner = Owner { kind: "DaemonSet".into(), name: "eks-pod-identity-agent".into(), uid: Name::default() };
    Pod {
        meta: Meta { owner: Some(owner), ..meta("kube-system", &format!("eks-pod-identity-agent-{node}")) },
        spec: Arc::new(PodSpec { service_account: "default".into(), host_network: true, ..PodSpec::default() }),
        node: node.into(),
        phase: Phase::Running,
        ready: true,
    }
}

impl Builder {
    /// `pod NS/NAME sa=S node=N owner=Kind/NAME host label:K=V note:K=V skip=LIST created=T pending ended` and the options of
    /// a container, which describe the container `app`.
    pub(super) fn pod_line(&mut self, line: &mut Line) {
        let maker = self.maker(line, None);
        self.last = Some(maker);
        self.push_container(line, "app");
    }

    /// `workload NS/NAME kind=CronJob suspended owner=...` and what a pod line takes: a template without pods.
    pub(super) fn workload_line(&mut self, line: &mut Line) {
        let kind = line.take("kind").unwrap_or_else(|| "Deployment".into());
        let Some(kind) = WorkloadKind::from_word(&kind) else { line.fail("no such kind of workload") };
        let maker = self.maker(line, Some(kind));
        self.last = Some(maker);
        self.push_container(line, "app");
    }

    pub(super) fn container_line(&mut self, line: &mut Line) {
        if self.last.is_none() {
            line.fail("no pod stands above");
        }
        let name = line.name.clone();
        self.push_container(line, &name);
    }

    fn maker(&mut self, line: &mut Line, workload: Option<WorkloadKind>) -> Maker {
        self.flush_pod();
        let cluster = self.cluster(line);
        let (namespace, name) = line.namespaced();
        self.namespaces.entry((cluster.name.clone(), namespace.clone())).or_default();
        let mut notes = line.all("note");
        if let Some(skip) = line.take("skip") {
            notes.push(("eks.amazonaws.com/skip-containers".into(), skip));
        }
        let owner = line.take("owner").map(|owner| {
            let (kind, name) = owner.split_once('/').unwrap_or((&owner, ""));
            Owner { kind: kind.into(), name: name.into(), uid: Name::default() }
        });
        let (labels, annotations) = (labels(line.all("label")), labels(notes));
        Maker {
            meta: Meta {
                labels: labels.clone(),
                annotations: annotations.clone(),
                owner,
                created: line.take("created").map(|it| time(line, &it)),
                ..meta(&namespace, &name)
            },
            spec: PodSpec {
                service_account: line.take("sa").unwrap_or_else(|| "default".into()).into(),
                host_network: line.flag("host"),
                host_pid: line.flag("hostpid"),
                share_process_namespace: line.flag("sharepid"),
                node_selector: self::labels(line.all("select")),
                ..PodSpec::default()
            },
            labels,
            annotations,
            node: line.take("node").map(Name::from).unwrap_or_default(),
            phase: match (line.flag("pending"), line.flag("ended")) {
                (true, _) => Phase::Pending,
                (_, true) => Phase::Succeeded,
                _ => Phase::Running,
            },
            workload,
            suspended: line.flag("suspended"),
            cluster,
        }
    }

    /// `env:NAME=VALUE|secret(S/K)|secret?(S/K)|configmap(M/K)|configmap?(M/K)`, `from:configmap=M`, `from:secret=S`,
    /// `mount:VOLUME=PATH`, `volume:VOLUME=token(AUDIENCE,PATH)|hostpath(P)|empty|configmap(M)|secret(S)`, `irsa=ROLE`
    /// (with `audience=A`), `pi`, `cap=C`, `privileged`, `image=I`, `kind=init|sidecar|ephemeral`.
    fn push_container(&mut self, line: &mut Line, name: &str) {
        let kind = match line.take("kind").as_deref() {
            None => ContainerKind::Container,
            Some("init") => ContainerKind::Init,
            Some("sidecar") => ContainerKind::Sidecar,
            Some("ephemeral") => ContainerKind::Ephemeral,
            Some(_) => line.fail("no such kind of container"),
        };
        let mut env: Vec<EnvVar> = line
            .all("env")
            .into_iter()
            .map(|(name, value)| EnvVar { name: name.into(), value: env_value(&value) })
            .collect();
        let env_from = line.all("from").into_iter().map(|(kind, name)| EnvFrom {
            source: if kind.starts_with("secret") {
                EnvSource::Secret(name.into())
            } else {
                EnvSource::ConfigMap(name.into())
            },
            prefix: Name::default(),
            optional: kind.ends_with('?'),
        });
        let env_from = env_from.collect();
        let mut mounts: Vec<Mount> =
            line.all("mount").into_iter().map(|(volume, path)| mount(&volume, &path)).collect();
        let mut volumes: Vec<Volume> = line
            .all("volume")
            .into_iter()
            .map(|(name, source)| Volume { name: name.into(), source: volume(line, &source) })
            .collect();
        if let Some(role) = line.take("irsa") {
            let audience = line.take("audience").unwrap_or_else(|| "sts.amazonaws.com".into());
            let role = if line.flag("verbatim") { role.into() } else { self.role_arn(&role) };
            env.push(EnvVar { name: "AWS_ROLE_ARN".into(), value: EnvValue::Literal(role) });
            let path = format!("{IRSA_PATH}/token");
            env.push(EnvVar { name: "AWS_WEB_IDENTITY_TOKEN_FILE".into(), value: EnvValue::Literal(path.into()) });
            mounts.push(mount("aws-iam-token", IRSA_PATH));
            volumes.push(token("aws-iam-token", &audience, "token"));
        }
        if line.flag("pi") {
            let url = "http://169.254.170.23/v1/credentials";
            let path = format!("{AGENT_PATH}/eks-pod-identity-token");
            env.push(EnvVar {
                name: "AWS_CONTAINER_CREDENTIALS_FULL_URI".into(),
                value: EnvValue::Literal(url.into()),
            });
            env.push(EnvVar {
                name: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE".into(),
                value: EnvValue::Literal(path.into()),
            });
            mounts.push(mount("eks-pod-identity-token", AGENT_PATH));
            volumes.push(token("eks-pod-identity-token", "pods.eks.amazonaws.com", "eks-pod-identity-token"));
        }
        let security = Security {
            privileged: line.flag("privileged"),
            capabilities: line.take("cap").into_iter().map(Name::from).collect(),
            ..Security::default()
        };
        let container = Container {
            name: name.into(),
            kind,
            image: line.take("image").map(Name::from).unwrap_or_default(),
            env,
            env_from,
            mounts,
            security,
            target: Name::default(),
        };
        let maker = self.last.as_mut().expect("a pod stands above");
        maker.spec.containers.push(container);
        for volume in volumes {
            if !maker.spec.volumes.iter().any(|it| it.name == volume.name) {
                maker.spec.volumes.push(volume);
            }
        }
    }

    pub(super) fn flush_pod(&mut self) {
        let Some(maker) = self.last.take() else { return };
        let Maker { cluster, meta, spec, labels, annotations, node, phase, workload, suspended } = maker;
        let Some(kind) = workload else {
            let pod = Pod { meta, spec: Arc::new(spec), node, phase, ready: phase == Phase::Running };
            return self.push(&cluster, SourceKind::Pods, Batch::Pods(vec![pod.into()]));
        };
        let template = Arc::new(PodTemplate { labels, annotations, spec: Arc::new(spec) });
        let workload = Workload { kind, meta, replicas: Some(0), suspended, template };
        let source = match kind {
            WorkloadKind::Deployment => SourceKind::Deployments,
            WorkloadKind::ReplicaSet => SourceKind::ReplicaSets,
            WorkloadKind::StatefulSet => SourceKind::StatefulSets,
            WorkloadKind::DaemonSet => SourceKind::DaemonSets,
            WorkloadKind::Job => SourceKind::Jobs,
            WorkloadKind::CronJob => SourceKind::CronJobs,
        };
        self.push(&cluster, source, Batch::Workloads(vec![workload.into()]));
    }
}

fn mount(volume: &str, path: &str) -> Mount {
    Mount { volume: volume.into(), path: path.into(), sub_path: Name::default(), read_only: true }
}

fn token(name: &str, audience: &str, path: &str) -> Volume {
    let token = Projection::Token { audience: audience.into(), expiration: Some(86400), path: path.into() };
    Volume { name: name.into(), source: VolumeSource::Projected(vec![token]) }
}

/// The argument of `word(argument)`.
fn argument<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.strip_prefix(word)?.strip_prefix('(')?.strip_suffix(')')
}

fn env_value(text: &str) -> EnvValue {
    for (word, optional) in [("secret", false), ("secret?", true)] {
        if let Some((name, key)) = argument(text, word).and_then(|it| it.split_once('/')) {
            return EnvValue::SecretKey { name: name.into(), key: key.into(), optional };
        }
    }
    for (word, optional) in [("configmap", false), ("configmap?", true)] {
        if let Some((name, key)) = argument(text, word).and_then(|it| it.split_once('/')) {
            return EnvValue::ConfigMapKey { name: name.into(), key: key.into(), optional };
        }
    }
    if text == "***" { EnvValue::Withheld } else { EnvValue::Literal(text.into()) }
}

fn volume(line: &Line, text: &str) -> VolumeSource {
    if let Some((audience, path)) = argument(text, "token").and_then(|it| it.split_once(',')) {
        let token = Projection::Token { audience: audience.into(), expiration: None, path: path.into() };
        return VolumeSource::Projected(vec![token]);
    }
    match text.split_once('(') {
        Some(("hostpath", path)) => VolumeSource::HostPath(path.trim_end_matches(')').into()),
        Some(("secret", name)) => VolumeSource::Secret { name: name.trim_end_matches(')').into(), optional: false },
        Some(("configmap", name)) => {
            VolumeSource::ConfigMap { name: name.trim_end_matches(')').into(), optional: false }
        }
        None if text == "empty" => VolumeSource::EmptyDir,
        _ => line.fail("no such volume"),
    }
}
