//! What makes pods, the service accounts they run as, and namespaces.

use crate::base::Name;
use crate::ingest::object::{Items, Members, Text, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Record};
use crate::model::facts::meta::Origin;
use crate::model::facts::workload::{Namespace, PodTemplate, ServiceAccount, Workload, WorkloadKind};
use crate::model::source::SourceKind;

use super::meta::{Annotations, MetaIn, expect_kind};
use super::pod::SpecIn;

object! {
    pub struct WorkloadIn<'de> {
        kind: Text<'de> = "kind",
        metadata: MetaIn = "metadata",
        spec: WorkloadSpecIn<'de> = "spec",
        status: WorkloadStatusIn = "status",
    }

    pub struct WorkloadSpecIn<'de> {
        replicas: Option<i64> = "replicas",
        parallelism: Option<i64> = "parallelism",
        suspend: bool = "suspend",
        template: TemplateIn<'de> = "template",
        job: JobTemplateIn<'de> = "jobTemplate",
    }

    pub struct JobTemplateIn<'de> {
        spec: JobSpecIn<'de> = "spec",
    }

    pub struct JobSpecIn<'de> {
        parallelism: Option<i64> = "parallelism",
        template: TemplateIn<'de> = "template",
    }

    pub struct WorkloadStatusIn {
        desired: Option<i64> = "desiredNumberScheduled",
    }

    pub struct TemplateIn<'de> {
        metadata: TemplateMetaIn = "metadata",
        spec: SpecIn<'de> = "spec",
    }

    pub struct TemplateMetaIn {
        labels: Members<Name, Name> = "labels",
        annotations: Annotations = "annotations",
    }

    pub struct ServiceAccountIn<'de> {
        kind: Text<'de> = "kind",
        metadata: MetaIn = "metadata",
        automount: Option<bool> = "automountServiceAccountToken",
        secrets: Items<SecretRefIn> = "secrets",
    }

    pub struct SecretRefIn {
        name: Name = "name",
    }

    pub struct NamespaceIn<'de> {
        kind: Text<'de> = "kind",
        metadata: MetaIn = "metadata",
    }
}

/// The workload that a source lists.
pub fn kind_of(source: SourceKind) -> Option<WorkloadKind> {
    Some(match source {
        SourceKind::Deployments => WorkloadKind::Deployment,
        SourceKind::ReplicaSets => WorkloadKind::ReplicaSet,
        SourceKind::StatefulSets => WorkloadKind::StatefulSet,
        SourceKind::DaemonSets => WorkloadKind::DaemonSet,
        SourceKind::Jobs => WorkloadKind::Job,
        SourceKind::CronJobs => WorkloadKind::CronJob,
        _ => return None,
    })
}

impl<'de> Record<'de> for WorkloadIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        let Some(kind) = kind_of(context.source.kind) else {
            return Err(Problem::new("", "a workload", "another kind of object"));
        };
        expect_kind(&self.kind, kind.word())?;
        let meta = self.metadata.take(context, origin)?;
        let (template, replicas) = match kind {
            WorkloadKind::CronJob => (self.spec.job.spec.template, self.spec.job.spec.parallelism),
            WorkloadKind::Job => (self.spec.template, self.spec.parallelism),
            WorkloadKind::DaemonSet => (self.spec.template, self.status.desired),
            WorkloadKind::Deployment | WorkloadKind::ReplicaSet | WorkloadKind::StatefulSet => {
                (self.spec.template, self.spec.replicas)
            }
        };
        let template = PodTemplate {
            labels: context.shared.labels(template.metadata.labels.0),
            annotations: context.shared.labels(template.metadata.annotations.0),
            spec: template.spec.take(context),
        };
        let template = context.shared.template(template);
        context.push_workload(Workload { kind, meta, replicas, suspended: self.spec.suspend, template });
        Ok(())
    }
}

impl<'de> Record<'de> for ServiceAccountIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        expect_kind(&self.kind, "ServiceAccount")?;
        let meta = self.metadata.take(context, origin)?;
        let secrets = self.secrets.into_iter().map(|secret| secret.name).collect();
        context.push_service_account(ServiceAccount { meta, automount_token: self.automount, secrets });
        Ok(())
    }
}

impl<'de> Record<'de> for NamespaceIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        expect_kind(&self.kind, "Namespace")?;
        let meta = self.metadata.take(context, origin)?;
        context.push_namespace(Namespace { meta });
        Ok(())
    }
}
