//! What a container's environment holds (R11, R12).

use crate::base::{Name, Truth};
use crate::model::facts::env::{EnvFrom, EnvSource, EnvValue};
use crate::model::facts::pod::{Container, PodSpec, VolumeSource};
use crate::model::facts::workload::KeyedObject;
use crate::model::{ClusterFacts, Lookup, SourceId, SourceKind};

/// A variable as the process in the container sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    Unset,
    /// Set to the empty string: for credentials the same as not set, for the webhook defined.
    Empty,
    Known(Name),
    /// Set to a value that is not known, and need not be.
    Present,
    /// Whether it is set was not read.
    Unknown(Vec<SourceId>),
}

impl Variable {
    /// It is set and not empty.
    pub fn is_set(&self) -> Truth {
        match self {
            Variable::Unset | Variable::Empty => Truth::No,
            Variable::Known(_) | Variable::Present => Truth::Yes,
            Variable::Unknown(_) => Truth::Unknown,
        }
    }

    pub fn value(&self) -> Option<&Name> {
        match self {
            Variable::Known(value) => Some(value),
            _ => None,
        }
    }

    pub fn missing(&self) -> &[SourceId] {
        match self {
            Variable::Unknown(missing) => missing,
            _ => &[],
        }
    }
}

/// The environment of one container in one namespace.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    cluster: &'a ClusterFacts,
    namespace: &'a str,
    container: &'a Container,
}

impl<'a> Environment<'a> {
    pub fn new(cluster: &'a ClusterFacts, namespace: &'a str, container: &'a Container) -> Environment<'a> {
        Environment { cluster, namespace, container }
    }

    /// The name stands in `env`, whatever its value: what the webhook looks at (R23).
    pub fn defines(&self, name: &str) -> bool {
        self.container.env.iter().any(|variable| variable.name == name)
    }

    /// `env` beats `envFrom`; in both the later entry beats the earlier one.
    pub fn get(&self, name: &str) -> Variable {
        self.lookup(name, self.container.env.len())
    }

    /// The value that `name` has for an `env` entry at position `before`.
    fn lookup(&self, name: &str, before: usize) -> Variable {
        match self.container.env[..before].iter().rposition(|variable| variable.name == name) {
            Some(at) => self.entry(at),
            None => self.in_sources(name),
        }
    }

    fn entry(&self, at: usize) -> Variable {
        match &self.container.env[at].value {
            EnvValue::Literal(text) if text.is_empty() => Variable::Empty,
            EnvValue::Literal(text) if text.contains("$(") => self.expand(text, at),
            EnvValue::Literal(text) => Variable::Known(text.clone()),
            EnvValue::Withheld | EnvValue::Field(_) => Variable::Present,
            EnvValue::ConfigMapKey { name, key, optional } => match self.config_map(name) {
                Lookup::Found(map) => key_of(map, key, *optional),
                Lookup::Absent if *optional => Variable::Unset,
                // Without the map a container with a required key would not have started.
                Lookup::Absent => Variable::Present,
                Lookup::Unknown if *optional => Variable::Unknown(vec![self.cluster.source(SourceKind::ConfigMaps)]),
                Lookup::Unknown => Variable::Present,
            },
            EnvValue::SecretKey { name, key, optional } => match self.secret(name) {
                Lookup::Found(secret) => key_of(secret, key, *optional),
                Lookup::Absent if *optional => Variable::Unset,
                Lookup::Absent => Variable::Present,
                Lookup::Unknown if *optional => Variable::Unknown(vec![self.cluster.source(SourceKind::Secrets)]),
                Lookup::Unknown => Variable::Present,
            },
        }
    }

    /// `$(NAME)` of variables defined before; `$$` escapes, and a name that is not defined stays as written.
    fn expand(&self, text: &str, at: usize) -> Variable {
        let mut out = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('$') {
            out.push_str(&rest[..start]);
            let tail = &rest[start + 1..];
            if let Some(tail) = tail.strip_prefix('$') {
                out.push('$');
                rest = tail;
            } else if let Some((name, after)) = tail.strip_prefix('(').and_then(|tail| tail.split_once(')')) {
                match self.lookup(name, at) {
                    Variable::Known(value) => out.push_str(&value),
                    Variable::Empty => {}
                    Variable::Unset => {
                        out.push_str("$(");
                        out.push_str(name);
                        out.push(')');
                    }
                    // The variable is set; what to is not known.
                    Variable::Present | Variable::Unknown(_) => return Variable::Present,
                }
                rest = after;
            } else {
                out.push('$');
                rest = tail;
            }
        }
        out.push_str(rest);
        if out.is_empty() { Variable::Empty } else { Variable::Known(Name::from(out)) }
    }

    fn in_sources(&self, name: &str) -> Variable {
        let mut missing: Vec<SourceId> = Vec::new();
        for source in self.container.env_from.iter().rev() {
            let found = self.in_source(source, name);
            match found {
                Variable::Unset => {}
                Variable::Unknown(more) => missing.extend(more),
                // A later source that was not read may still override the value, but set it is.
                _ if !missing.is_empty() => return Variable::Present,
                found => return found,
            }
        }
        if missing.is_empty() { Variable::Unset } else { Variable::Unknown(missing) }
    }

    fn in_source(&self, source: &EnvFrom, name: &str) -> Variable {
        let Some(key) = name.strip_prefix(source.prefix.as_str()) else { return Variable::Unset };
        let (object, kind) = match &source.source {
            EnvSource::ConfigMap(map) => (self.config_map(map), SourceKind::ConfigMaps),
            EnvSource::Secret(secret) => (self.secret(secret), SourceKind::Secrets),
        };
        match object {
            Lookup::Found(object) => match &object.keys {
                Some(keys) if keys.iter().any(|it| it == key) => {
                    object.values.get(key).map_or(Variable::Present, |value| {
                        if value.is_empty() { Variable::Empty } else { Variable::Known(value.clone()) }
                    })
                }
                Some(_) => Variable::Unset,
                None => Variable::Unknown(vec![self.cluster.source(kind)]),
            },
            Lookup::Absent => Variable::Unset,
            Lookup::Unknown => Variable::Unknown(vec![self.cluster.source(kind)]),
        }
    }

    /// A ConfigMap of the pod's namespace.
    pub(super) fn config_map(&self, name: &str) -> Lookup<'a, KeyedObject> {
        let found = find(self.cluster.config_maps.items(), self.namespace, name);
        // A dump that holds nothing but aws-auth answers for aws-auth only.
        let only_auth = self.cluster.config_maps.iter().all(|it| it.meta.name == "aws-auth");
        match found {
            Some(map) => Lookup::Found(map),
            None if only_auth => Lookup::Unknown,
            None => self.cluster.config_maps.answer(None),
        }
    }

    fn secret(&self, name: &str) -> Lookup<'a, KeyedObject> {
        self.cluster.secrets.answer(find(self.cluster.secrets.items(), self.namespace, name))
    }
}

fn find<'a>(
    items: &'a [std::sync::Arc<KeyedObject>],
    namespace: &str,
    name: &str,
) -> Option<&'a std::sync::Arc<KeyedObject>> {
    let wanted = (namespace, name);
    let at = items.binary_search_by(|it| (it.meta.namespace.as_str(), it.meta.name.as_str()).cmp(&wanted)).ok()?;
    Some(&items[at])
}

fn key_of(object: &KeyedObject, key: &str, optional: bool) -> Variable {
    match object.values.get(key) {
        Some(value) if value.is_empty() => Variable::Empty,
        Some(value) => Variable::Known(value.clone()),
        None => match &object.keys {
            Some(keys) if !keys.iter().any(|it| it == key) && optional => Variable::Unset,
            _ => Variable::Present,
        },
    }
}

/// A configuration file of the AWS SDKs may be there: a volume is mounted over a directory that ends in `.aws` (R12).
pub fn mounts_aws_directory(container: &Container) -> bool {
    container.mounts.iter().any(|mount| {
        let path = mount.path.trim_end_matches('/');
        path.ends_with("/.aws") || path.contains("/.aws/")
    })
}

/// How a container comes by the file at `path`: the volume behind the longest mount that covers it.
pub fn volume_at<'a>(spec: &'a PodSpec, container: &Container, path: &str) -> Option<(&'a VolumeSource, String)> {
    let covers = |mount: &str| {
        let mount = mount.trim_end_matches('/');
        path.strip_prefix(mount).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let best = container
        .mounts
        .iter()
        .filter(|mount| covers(&mount.path).is_some())
        .max_by_key(|mount| mount.path.trim_end_matches('/').len())?;
    let volume = spec.volumes.iter().find(|volume| volume.name == best.volume)?;
    let rest = covers(&best.path)?.trim_start_matches('/');
    let inside = match (best.sub_path.is_empty(), rest.is_empty()) {
        (true, _) => rest.to_owned(),
        (false, true) => best.sub_path.to_string(),
        (false, false) => format!("{}/{rest}", best.sub_path),
    };
    Some((&volume.source, inside))
}
