//! Which ConfigMaps pods and pod templates take their environment or their AWS configuration from.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::base::Name;
use crate::model::facts::env::{EnvSource, EnvValue};
use crate::model::facts::pod::{Container, PodSpec, VolumeSource};
use crate::model::feed::{Batch, Change};

use super::cluster::lock;

/// Adds the ConfigMaps, as namespace and name, that objects of this report refer to. Says whether there are new ones.
pub fn gather(change: &Change, into: &Mutex<BTreeSet<(Name, Name)>>) -> bool {
    let (Change::Page(batch) | Change::Changed(batch)) = change else { return false };
    let mut found: BTreeSet<(&Name, &Name)> = BTreeSet::new();
    match batch {
        Batch::Pods(pods) => {
            for pod in pods {
                of_spec(&pod.spec, &mut |name| {
                    found.insert((&pod.meta.namespace, name));
                });
            }
        }
        Batch::Workloads(workloads) => {
            for workload in workloads {
                of_spec(&workload.template.spec, &mut |name| {
                    found.insert((&workload.meta.namespace, name));
                });
            }
        }
        _ => return false,
    }
    if found.is_empty() {
        return false;
    }
    let mut known = lock(into);
    let before = known.len();
    for (namespace, name) in found {
        known.insert((namespace.clone(), name.clone()));
    }
    known.len() > before
}

fn of_spec<'a>(spec: &'a PodSpec, add: &mut impl FnMut(&'a Name)) {
    for container in &spec.containers {
        for source in &container.env_from {
            if let EnvSource::ConfigMap(name) = &source.source {
                add(name);
            }
        }
        for variable in &container.env {
            if let EnvValue::ConfigMapKey { name, .. } = &variable.value {
                add(name);
            }
        }
    }
    if !spec.containers.iter().any(reads_aws_configuration) {
        return;
    }
    for volume in &spec.volumes {
        if let VolumeSource::ConfigMap { name, .. } = &volume.source {
            add(name);
        }
    }
}

/// A configuration file of the AWS SDKs may be mounted: under `.aws`, or where a variable says.
fn reads_aws_configuration(container: &Container) -> bool {
    container.mounts.iter().any(|mount| mount.path.contains(".aws"))
        || container
            .env
            .iter()
            .any(|variable| matches!(variable.name.as_str(), "AWS_CONFIG_FILE" | "AWS_SHARED_CREDENTIALS_FILE"))
}
