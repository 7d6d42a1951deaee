//! What makes pods: deployments, replica sets, stateful sets, daemon sets, jobs, cron jobs; and the accounts they run as.

use std::sync::Arc;

use crate::base::Name;
use crate::model::Kind;

use super::meta::{Labels, Meta, Selector};
use super::pod::PodSpec;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Workload {
    pub kind: WorkloadKind,
    pub meta: Meta,
    /// `spec.replicas`; for a daemon set `status.desiredNumberScheduled`; for jobs `parallelism`.
    pub replicas: Option<i64>,
    /// A cron job or job with `suspend: true`.
    pub suspended: bool,
    pub template: Arc<PodTemplate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkloadKind {
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
}

impl WorkloadKind {
    /// The Kubernetes kind, as in `Deployment/api`.
    pub fn word(self) -> &'static str {
        match self {
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::ReplicaSet => "ReplicaSet",
            WorkloadKind::StatefulSet => "StatefulSet",
            WorkloadKind::DaemonSet => "DaemonSet",
            WorkloadKind::Job => "Job",
            WorkloadKind::CronJob => "CronJob",
        }
    }

    pub fn from_word(word: &str) -> Option<WorkloadKind> {
        [
            WorkloadKind::Deployment,
            WorkloadKind::ReplicaSet,
            WorkloadKind::StatefulSet,
            WorkloadKind::DaemonSet,
            WorkloadKind::Job,
            WorkloadKind::CronJob,
        ]
        .into_iter()
        .find(|kind| kind.word() == word)
    }

    pub fn key_kind(self) -> Kind {
        match self {
            WorkloadKind::Deployment => Kind::Deployment,
            WorkloadKind::ReplicaSet => Kind::ReplicaSet,
            WorkloadKind::StatefulSet => Kind::StatefulSet,
            WorkloadKind::DaemonSet => Kind::DaemonSet,
            WorkloadKind::Job => Kind::Job,
            WorkloadKind::CronJob => Kind::CronJob,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodTemplate {
    pub labels: Labels,
    pub annotations: Labels,
    pub spec: Arc<PodSpec>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceAccount {
    pub meta: Meta,
    pub automount_token: Option<bool>,
    /// Names of legacy token Secrets.
    pub secrets: Vec<Name>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Namespace {
    pub meta: Meta,
}

/// A ConfigMap or Secret by its keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyedObject {
    pub meta: Meta,
    /// `None` when the key names could not be learnt (a Secret read as metadata without managed fields).
    pub keys: Option<Vec<Name>>,
    /// Values of a ConfigMap under the names that [`super::env::KEPT_VALUES`] lists, the maps of `aws-auth`, and AWS
    /// configuration files reduced to their sections and the settings that lead to a role (R39, R121).
    /// Always empty for a Secret.
    pub values: Labels,
    /// `type` of a Secret; else empty.
    pub secret_type: Name,
}

/// A Service, Ingress, Gateway, CSI driver, volume, CRD or node class of which only a few fields matter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OtherObject {
    pub meta: Meta,
    /// `spec.selector` of a Service.
    pub selector: Selector,
    /// Dotted paths and scalar values that rules read, sorted by path, such as `spec.role` of a node class,
    /// `spec.type` of a Service, `spec.tokenRequests[0].audience` of a CSI driver. Never from a Secret.
    pub fields: Labels,
}
