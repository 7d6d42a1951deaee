//! Static access keys in the environment of a container: where they come from, and whom they are for.

use crate::base::{Name, Truth};
use crate::identity::Evidence;
use crate::model::facts::env::{EnvSource, EnvValue};
use crate::model::facts::pod::VolumeSource;
use crate::model::{SourceId, SourceKind};

use super::context::{Seat, Workload};
use super::finding::Fix;
use super::fix;

/// The two halves of a key. The third variable, the session token, only comes beside them.
pub const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/// Both halves are set, and not empty.
pub fn are_set(seat: &Seat<'_>) -> Truth {
    let [id, secret] = KEYS.map(|name| seat.variable(name).is_set());
    id.and(secret)
}

/// Where a variable gets its value from, by names alone.
pub fn origin(seat: &Seat<'_>, name: &str) -> String {
    let entry = seat.container.env.iter().rfind(|it| it.name == name);
    match entry.map(|it| &it.value) {
        Some(EnvValue::SecretKey { name, key, .. }) => format!("key {key} of Secret {name}"),
        Some(EnvValue::ConfigMapKey { name, key, .. }) => format!("key {key} of ConfigMap {name}"),
        Some(EnvValue::Literal(_) | EnvValue::Withheld) => "written in the manifest".into(),
        Some(EnvValue::Field(path)) => format!("field {path}"),
        None => {
            let sources = seat.container.env_from.iter().map(|it| match &it.source {
                EnvSource::Secret(name) => format!("Secret {name}"),
                EnvSource::ConfigMap(name) => format!("ConfigMap {name}"),
            });
            format!("envFrom: {}", sources.collect::<Vec<_>>().join(", "))
        }
    }
}

/// As evidence on the workload; never a value.
pub fn evidence(workload: &Workload<'_>, seat: &Seat<'_>, name: &str) -> Evidence {
    let path = seat.path(&format!("env[{name}]"));
    Evidence { object: workload.key.clone(), path, value: origin(seat, name) }
}

/// An endpoint inside the cluster: the keys are for something that only speaks like AWS, such as LocalStack or MinIO.
pub fn local_endpoint(seat: &Seat<'_>) -> Option<String> {
    let variable = seat.variable("AWS_ENDPOINT_URL");
    let url = variable.value()?;
    let host = url.split("://").nth(1).unwrap_or(url).split(['/', ':']).next().unwrap_or_default();
    let aws = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn") || host.ends_with(".api.aws");
    let inside = !host.contains('.') || host.ends_with(".svc") || host.ends_with(".local") || host.starts_with("127.");
    (!aws && inside).then(|| url.to_string())
}

/// Changes after which the container has no static keys: an entry of `env` is taken out. What comes by `envFrom` is
/// covered by an empty value, which SDKs take for none (R11).
pub fn removed(workload: &Workload<'_>, seat: &Seat<'_>) -> [Fix; 2] {
    KEYS.map(|name| match seat.environment().defines(name) {
        true => fix::unset(workload, seat, name),
        false => fix::set_variable(workload, seat, name, ""),
    })
}

/// A Secret or ConfigMap in a volume of the container whose keys are named like the halves of an access key.
pub struct Mounted {
    pub volume: Name,
    /// `Secret NAME` or `ConfigMap NAME`.
    pub object: String,
}

/// Volumes of the container that hold an access key, by the names of their keys, and the lists that were not read and
/// could show one.
pub fn mounted(seat: &Seat<'_>) -> (Vec<Mounted>, Vec<SourceId>) {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for volume in &seat.entry.spec.volumes {
        let (list, name, word, kind) = match &volume.source {
            VolumeSource::Secret { name, .. } => (&seat.cluster.secrets, name, "Secret", SourceKind::Secrets),
            VolumeSource::ConfigMap { name, .. } => {
                (&seat.cluster.config_maps, name, "ConfigMap", SourceKind::ConfigMaps)
            }
            _ => continue,
        };
        if !seat.container.mounts.iter().any(|mount| mount.volume == volume.name) {
            continue;
        }
        let wanted = (seat.entry.namespace.as_str(), name.as_str());
        let items = list.items();
        match items.binary_search_by(|it| (it.meta.namespace.as_str(), it.meta.name.as_str()).cmp(&wanted)) {
            Ok(at) if items[at].keys.as_ref().is_some_and(|keys| is_access_key(keys)) => {
                found.push(Mounted { volume: volume.name.clone(), object: format!("{word} {name}") });
            }
            Ok(_) => {}
            Err(_) if list.is_complete() => {}
            Err(_) => unread.push(seat.cluster.source(kind)),
        }
    }
    (found, unread)
}

/// Both halves are among the names, however they are spelt.
fn is_access_key(keys: &[Name]) -> bool {
    let plain = |key: &Name| -> String {
        key.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
    };
    KEYS.iter().all(|wanted| {
        let wanted = plain(&Name::new(wanted));
        keys.iter().any(|key| plain(key) == wanted)
    })
}
