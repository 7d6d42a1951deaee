//! Pods, their containers and volumes.

use std::sync::Arc;

use crate::base::Name;

use super::env::{EnvFrom, EnvVar};
use super::meta::{Labels, Meta};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pod {
    pub meta: Meta,
    /// Shared by replicas that agree in all of it.
    pub spec: Arc<PodSpec>,
    /// Empty while the pod is not scheduled.
    pub node: Name,
    pub phase: Phase,
    /// The `Ready` condition.
    pub ready: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Phase {
    Pending,
    Running,
    Succeeded,
    Failed,
    #[default]
    Unknown,
}

impl Phase {
    pub fn word(self) -> &'static str {
        match self {
            Phase::Pending => "Pending",
            Phase::Running => "Running",
            Phase::Succeeded => "Succeeded",
            Phase::Failed => "Failed",
            Phase::Unknown => "Unknown",
        }
    }

    /// Its containers have ended for good, so nothing of it can call anybody.
    pub fn is_over(self) -> bool {
        matches!(self, Phase::Succeeded | Phase::Failed)
    }
}

/// The part of a pod that comes from its template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodSpec {
    /// `serviceAccountName`, else `serviceAccount`, else `default` (R9).
    pub service_account: Name,
    pub host_network: bool,
    pub host_pid: bool,
    pub host_ipc: bool,
    pub share_process_namespace: bool,
    pub automount_token: Option<bool>,
    pub node_selector: Labels,
    /// `spec.os.name`; empty when not set.
    pub os: Name,
    pub fs_group: Option<i64>,
    /// Pod-level `runAsUser`.
    pub run_as_user: Option<i64>,
    /// Init containers, then containers, then ephemeral ones, each in their order.
    pub containers: Vec<Container>,
    pub volumes: Vec<Volume>,
}

/// In the words of `list identities` (protocols.md section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContainerKind {
    Init,
    /// An init container with `restartPolicy: Always`.
    Sidecar,
    Container,
    Ephemeral,
}

impl ContainerKind {
    pub fn word(self) -> &'static str {
        match self {
            ContainerKind::Init => "init",
            ContainerKind::Sidecar => "sidecar",
            ContainerKind::Container => "container",
            ContainerKind::Ephemeral => "ephemeral",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Container {
    pub name: Name,
    pub kind: ContainerKind,
    pub image: Name,
    /// Only the variables that [`super::env`] keeps, in order.
    pub env: Vec<EnvVar>,
    pub env_from: Vec<EnvFrom>,
    pub mounts: Vec<Mount>,
    pub security: Security,
    /// `targetContainerName` of an ephemeral container; else empty.
    pub target: Name,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mount {
    pub volume: Name,
    pub path: Name,
    pub sub_path: Name,
    pub read_only: bool,
}

/// What of `securityContext` decides whether a container can take its node (R150).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Security {
    pub privileged: bool,
    pub host_process: bool,
    /// `capabilities.add`, upper case, without `CAP_`.
    pub capabilities: Vec<Name>,
    pub run_as_user: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Volume {
    /// As written; the random end of `kube-api-access-…` is dropped so that replicas agree.
    pub name: Name,
    pub source: VolumeSource,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VolumeSource {
    Projected(Vec<Projection>),
    Secret {
        name: Name,
        optional: bool,
    },
    ConfigMap {
        name: Name,
        optional: bool,
    },
    HostPath(Name),
    EmptyDir,
    Csi(Name),
    Claim(Name),
    /// Any other volume type, by its field name.
    Other(Name),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Projection {
    /// `audience` is empty for the API server's own.
    Token {
        audience: Name,
        expiration: Option<i64>,
        path: Name,
    },
    Secret(Name),
    ConfigMap(Name),
    Other(Name),
}
