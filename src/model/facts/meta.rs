//! What every Kubernetes object carries.

use std::sync::Arc;

use jiff::Timestamp;

use crate::base::Name;

/// Labels, annotations or a node selector, sorted by key, shared by objects that agree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels(pub Arc<[(Name, Name)]>);

impl Labels {
    /// Sorts; of a key that stands twice the later value counts, as in JSON.
    pub fn new(mut pairs: Vec<(Name, Name)>) -> Labels {
        pairs.reverse();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|later, first| later.0 == first.0);
        Labels(pairs.into())
    }

    pub fn get(&self, key: &str) -> Option<&Name> {
        self.0.binary_search_by(|pair| pair.0.as_str().cmp(key)).ok().map(|at| &self.0[at].1)
    }

    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Name)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Where the stored text of an object stands, so that it can be read again when somebody asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Path inside the snapshot, with its extension as found; live, the name of the source, `#`, namespace, `/`, name. Empty
    /// for what has no text.
    pub file: Name,
    /// Bytes into the decompressed file.
    pub offset: u64,
    pub length: u32,
    /// 1-based line of the first byte.
    pub line: u32,
    /// Which value of the file it is: index in its list, or of the value in a stream; the way to find it in YAML.
    pub index: u32,
}

/// The controlling owner (`ownerReferences` with `controller: true`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    pub kind: Name,
    pub name: Name,
    pub uid: Name,
}

/// Who last wrote which part of an object (`metadata.managedFields`), reduced to the role annotation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FieldManager {
    pub manager: Name,
    pub time: Option<Timestamp>,
    /// Annotation keys this manager owns, of those that are kept.
    pub annotations: Vec<Name>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Meta {
    /// Empty for objects outside namespaces.
    pub namespace: Name,
    pub name: Name,
    pub uid: Name,
    pub created: Option<Timestamp>,
    /// Being deleted (`deletionTimestamp` is set).
    pub deleting: bool,
    pub labels: Labels,
    /// Only keys that can bear on identity or hold a role ARN; see `ingest`.
    pub annotations: Labels,
    pub owner: Option<Owner>,
    /// `None` when the dump carries no managed fields, which `kubectl get` leaves out unless asked.
    pub managers: Option<Arc<[FieldManager]>>,
    pub origin: Origin,
}

/// `matchLabels` and `matchExpressions` of a label selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selector {
    pub labels: Labels,
    pub expressions: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    pub key: Name,
    pub operator: Operator,
    pub values: Vec<Name>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    /// An operator this program does not know: the selector's answer is unknown.
    Other(Name),
}
