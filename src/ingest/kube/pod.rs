//! Pods, and the pod specs of everything that makes pods.

use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, MapAccess};

use crate::base::Name;
use crate::ingest::env;
use crate::ingest::object::{Items, Members, Present, Text, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Record};
use crate::model::facts::env::{EnvFrom, EnvSource};
use crate::model::facts::meta::Origin;
use crate::model::facts::pod::{
    Container, ContainerKind, Mount, Phase, Pod, PodSpec, Projection, Security, Volume, VolumeSource,
};

use super::meta::{MetaIn, expect_kind};

object! {
    pub struct PodIn<'de> {
        kind: Text<'de> = "kind",
        metadata: MetaIn = "metadata",
        spec: SpecIn<'de> = "spec",
        status: StatusIn<'de> = "status",
    }

    pub struct StatusIn<'de> {
        phase: Text<'de> = "phase",
        conditions: Items<ConditionIn<'de>> = "conditions",
    }

    pub struct ConditionIn<'de> {
        kind: Text<'de> = "type",
        status: Text<'de> = "status",
    }

    pub struct SpecIn<'de> {
        service_account_name: Name = "serviceAccountName",
        service_account: Name = "serviceAccount",
        node: Name = "nodeName",
        host_network: bool = "hostNetwork",
        host_pid: bool = "hostPID",
        host_ipc: bool = "hostIPC",
        share_process_namespace: bool = "shareProcessNamespace",
        automount: Option<bool> = "automountServiceAccountToken",
        node_selector: Members<Name, Name> = "nodeSelector",
        os: OsIn = "os",
        security: PodSecurityIn = "securityContext",
        init: Items<ContainerIn<'de>> = "initContainers",
        containers: Items<ContainerIn<'de>> = "containers",
        ephemeral: Items<ContainerIn<'de>> = "ephemeralContainers",
        volumes: Items<VolumeIn> = "volumes",
    }

    pub struct OsIn {
        name: Name = "name",
    }

    pub struct PodSecurityIn {
        fs_group: Option<i64> = "fsGroup",
        run_as_user: Option<i64> = "runAsUser",
        windows: WindowsIn = "windowsOptions",
    }

    pub struct WindowsIn {
        host_process: bool = "hostProcess",
    }

    pub struct ContainerIn<'de> {
        name: Name = "name",
        image: Name = "image",
        env: Items<env::EnvIn<'de>> = "env",
        env_from: Items<EnvFromIn> = "envFrom",
        mounts: Items<MountIn<'de>> = "volumeMounts",
        security: SecurityIn<'de> = "securityContext",
        restart: Text<'de> = "restartPolicy",
        target: Name = "targetContainerName",
    }

    pub struct EnvFromIn {
        prefix: Name = "prefix",
        config_map: Option<SourceIn> = "configMapRef",
        secret: Option<SourceIn> = "secretRef",
    }

    pub struct SourceIn {
        name: Name = "name",
        optional: bool = "optional",
    }

    pub struct MountIn<'de> {
        volume: Text<'de> = "name",
        path: Name = "mountPath",
        sub_path: Name = "subPath",
        sub_path_expr: Name = "subPathExpr",
        read_only: bool = "readOnly",
    }

    pub struct SecurityIn<'de> {
        privileged: bool = "privileged",
        capabilities: CapabilitiesIn<'de> = "capabilities",
        run_as_user: Option<i64> = "runAsUser",
        windows: Option<WindowsIn> = "windowsOptions",
    }

    pub struct CapabilitiesIn<'de> {
        add: Items<Text<'de>> = "add",
    }

    pub struct ProjectedIn {
        sources: Items<ProjectionIn> = "sources",
    }

    pub struct TokenIn {
        audience: Name = "audience",
        expiration: Option<i64> = "expirationSeconds",
        path: Name = "path",
    }

    pub struct SecretVolumeIn {
        name: Name = "secretName",
        optional: bool = "optional",
    }

    pub struct PathIn {
        path: Name = "path",
    }

    pub struct CsiIn {
        driver: Name = "driver",
    }

    pub struct ClaimIn {
        name: Name = "claimName",
    }
}

impl<'de> Record<'de> for PodIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        expect_kind(&self.kind, "Pod")?;
        let meta = self.metadata.take(context, origin)?;
        let node = self.spec.node.clone();
        let pod = Pod {
            meta,
            spec: self.spec.take(context),
            node,
            phase: match &*self.status.phase {
                "Pending" => Phase::Pending,
                "Running" => Phase::Running,
                "Succeeded" => Phase::Succeeded,
                "Failed" => Phase::Failed,
                _ => Phase::Unknown,
            },
            ready: is_ready(&self.status.conditions),
        };
        context.push_pod(pod);
        Ok(())
    }
}

/// The condition `Ready` is `True`.
pub fn is_ready(conditions: &Items<ConditionIn<'_>>) -> bool {
    conditions.0.iter().any(|condition| &*condition.kind == "Ready" && &*condition.status == "True")
}

impl SpecIn<'_> {
    pub fn take(self, context: &mut Context<'_>) -> Arc<PodSpec> {
        let service_account = [self.service_account_name, self.service_account]
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or_else(|| "default".into());
        let host_process = self.security.windows.host_process;
        let count = self.init.0.len() + self.containers.0.len() + self.ephemeral.0.len();
        let mut containers = Vec::with_capacity(count);
        for container in self.init {
            let sidecar = &*container.restart == "Always";
            let kind = if sidecar { ContainerKind::Sidecar } else { ContainerKind::Init };
            containers.push(container.take(kind, host_process));
        }
        containers.extend(self.containers.into_iter().map(|it| it.take(ContainerKind::Container, host_process)));
        containers.extend(self.ephemeral.into_iter().map(|it| it.take(ContainerKind::Ephemeral, host_process)));
        let spec = PodSpec {
            service_account,
            host_network: self.host_network,
            host_pid: self.host_pid,
            host_ipc: self.host_ipc,
            share_process_namespace: self.share_process_namespace,
            automount_token: self.automount,
            node_selector: context.shared.labels(self.node_selector.0),
            os: self.os.name,
            fs_group: self.security.fs_group,
            run_as_user: self.security.run_as_user,
            containers,
            volumes: self.volumes.into_iter().map(|VolumeIn(volume)| volume).collect(),
        };
        context.shared.spec(spec)
    }
}

impl ContainerIn<'_> {
    fn take(self, kind: ContainerKind, host_process: bool) -> Container {
        let capabilities = self.security.capabilities.add.into_iter();
        let capabilities = capabilities.map(|it| {
            let upper = it.to_ascii_uppercase();
            Name::new(upper.strip_prefix("CAP_").unwrap_or(&upper))
        });
        Container {
            name: self.name,
            kind,
            image: self.image,
            env: env::kept(&self.env.0),
            env_from: self.env_from.into_iter().filter_map(EnvFromIn::take).collect(),
            mounts: self.mounts.into_iter().map(MountIn::take).collect(),
            security: Security {
                privileged: self.security.privileged,
                host_process: self.security.windows.map_or(host_process, |windows| windows.host_process),
                capabilities: capabilities.collect(),
                run_as_user: self.security.run_as_user,
            },
            target: self.target,
        }
    }
}

impl EnvFromIn {
    fn take(self) -> Option<EnvFrom> {
        let (source, optional) = match (self.config_map, self.secret) {
            (Some(map), _) => (EnvSource::ConfigMap(map.name), map.optional),
            (None, Some(secret)) => (EnvSource::Secret(secret.name), secret.optional),
            (None, None) => return None,
        };
        Some(EnvFrom { source, prefix: self.prefix, optional })
    }
}

impl MountIn<'_> {
    fn take(self) -> Mount {
        Mount {
            volume: volume_name(&self.volume),
            path: self.path,
            sub_path: if self.sub_path.is_empty() { self.sub_path_expr } else { self.sub_path },
            read_only: self.read_only,
        }
    }
}

/// The API server names the token volume it adds with a random end, which would keep replicas from being equal.
fn volume_name(name: &str) -> Name {
    const PREFIX: &str = "kube-api-access";
    match name.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('-')) {
        Some(random) if random.len() == 5 => PREFIX.into(),
        _ => name.into(),
    }
}

pub struct VolumeIn(Volume);

impl<'de> Deserialize<'de> for VolumeIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<VolumeIn, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = VolumeIn;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<VolumeIn, A::Error> {
                let (mut name, mut source) = (Name::default(), None);
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    let found = match &*key {
                        "name" => {
                            name = volume_name(&map.next_value::<Option<Text<'de>>>()?.unwrap_or_default());
                            continue;
                        }
                        "projected" => map.next_value::<Option<ProjectedIn>>()?.map(|it| {
                            VolumeSource::Projected(it.sources.into_iter().map(|ProjectionIn(it)| it).collect())
                        }),
                        "secret" => map
                            .next_value::<Option<SecretVolumeIn>>()?
                            .map(|it| VolumeSource::Secret { name: it.name, optional: it.optional }),
                        "configMap" => map
                            .next_value::<Option<SourceIn>>()?
                            .map(|it| VolumeSource::ConfigMap { name: it.name, optional: it.optional }),
                        "hostPath" => map.next_value::<Option<PathIn>>()?.map(|it| VolumeSource::HostPath(it.path)),
                        "emptyDir" => map.next_value::<Option<Present>>()?.map(|_| VolumeSource::EmptyDir),
                        "csi" => map.next_value::<Option<CsiIn>>()?.map(|it| VolumeSource::Csi(it.driver)),
                        "persistentVolumeClaim" => {
                            map.next_value::<Option<ClaimIn>>()?.map(|it| VolumeSource::Claim(it.name))
                        }
                        other => map.next_value::<Option<Present>>()?.map(|_| VolumeSource::Other(other.into())),
                    };
                    source = found.or(source);
                }
                // A volume without a source is an empty directory, by the API's rule.
                let source = source.unwrap_or(VolumeSource::EmptyDir);
                Ok(VolumeIn(Volume { name, source }))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

pub struct ProjectionIn(Projection);

impl<'de> Deserialize<'de> for ProjectionIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ProjectionIn, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = ProjectionIn;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ProjectionIn, A::Error> {
                let mut projection = None;
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    let found = match &*key {
                        "serviceAccountToken" => map.next_value::<Option<TokenIn>>()?.map(|it| Projection::Token {
                            audience: it.audience,
                            expiration: it.expiration,
                            path: it.path,
                        }),
                        "secret" => map.next_value::<Option<SourceIn>>()?.map(|it| Projection::Secret(it.name)),
                        "configMap" => map.next_value::<Option<SourceIn>>()?.map(|it| Projection::ConfigMap(it.name)),
                        other => map.next_value::<Option<Present>>()?.map(|_| Projection::Other(other.into())),
                    };
                    projection = found.or(projection);
                }
                Ok(ProjectionIn(projection.unwrap_or_else(|| Projection::Other(Name::default()))))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}
