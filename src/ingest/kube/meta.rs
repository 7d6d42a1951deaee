//! Metadata of Kubernetes objects, and the selectors that many of them hold.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess};

use crate::base::Name;
use crate::ingest::object::{Items, Keys, Members, Present, Text, Time, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::Context;
use crate::model::facts::meta::{FieldManager, Meta, Operator, Origin, Owner, Requirement, Selector};

object! {
    pub struct MetaIn {
        namespace: Name = "namespace",
        name: Name = "name",
        uid: Name = "uid",
        created: Time = "creationTimestamp",
        deleted: Present = "deletionTimestamp",
        labels: Members<Name, Name> = "labels",
        annotations: Annotations = "annotations",
        owners: Items<OwnerIn> = "ownerReferences",
        managers: Option<Items<ManagerIn>> = "managedFields",
    }

    pub struct OwnerIn {
        kind: Name = "kind",
        name: Name = "name",
        uid: Name = "uid",
        controller: bool = "controller",
    }

    pub struct ManagerIn {
        manager: Name = "manager",
        time: Time = "time",
        fields: FieldsIn = "fieldsV1",
    }

    pub struct FieldsIn {
        metadata: MetadataFieldsIn = "f:metadata",
        data: Keys = "f:data",
    }

    pub struct MetadataFieldsIn {
        annotations: Keys = "f:annotations",
    }

    pub struct SelectorIn<'de> {
        labels: Members<Name, Name> = "matchLabels",
        expressions: Items<RequirementIn<'de>> = "matchExpressions",
    }

    pub struct RequirementIn<'de> {
        key: Name = "key",
        operator: Text<'de> = "operator",
        values: Items<Name> = "values",
    }
}

impl MetaIn {
    /// Fails when there is no name: nothing could refer to the object.
    pub fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<Meta, Problem> {
        if self.name.is_empty() {
            return Err(Problem::new("metadata.name", "nothing", "a name"));
        }
        let owner = self.owners.into_iter().find(|owner| owner.controller);
        let origin = match context.by_name {
            true => Origin { file: format!("{}#{}/{}", origin.file, self.namespace, self.name).into(), ..origin },
            false => origin,
        };
        Ok(Meta {
            namespace: self.namespace,
            name: self.name,
            uid: self.uid,
            created: self.created.0,
            deleting: self.deleted.0,
            labels: context.shared.labels(self.labels.0),
            annotations: context.shared.labels(self.annotations.0),
            owner: owner.map(|owner| Owner { kind: owner.kind, name: owner.name, uid: owner.uid }),
            managers: self.managers.map(|managers| managers.into_iter().filter_map(ManagerIn::take).collect()),
            origin,
        })
    }
}

impl ManagerIn {
    fn take(self) -> Option<FieldManager> {
        let keys = self.fields.metadata.annotations.0.into_iter();
        let annotations: Vec<Name> =
            keys.filter_map(|key| key.strip_prefix("f:").filter(|key| is_kept_key(key)).map(Name::new)).collect();
        (!annotations.is_empty()).then_some(FieldManager { manager: self.manager, time: self.time.0, annotations })
    }
}

impl SelectorIn<'_> {
    pub fn take(self, context: &mut Context<'_>) -> Selector {
        let expressions = self.expressions.into_iter().map(|it| Requirement {
            key: it.key,
            operator: match &*it.operator {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => Operator::Other(other.into()),
            },
            values: it.values.0,
        });
        let expressions = expressions.collect();
        Selector { labels: context.shared.labels(self.labels.0), expressions }
    }
}

/// An object stands in the list of another kind. An object without a kind is taken for what its file holds.
pub fn expect_kind(found: &str, expected: &str) -> Result<(), Problem> {
    if found.is_empty() || found == expected {
        return Ok(());
    }
    let found: String = found.chars().take(80).collect();
    Err(Problem::new("kind", format!("kind `{found}`"), format!("kind `{expected}`")))
}

/// Annotations that can bear on identity; all others are dropped while parsing.
#[derive(Default)]
pub struct Annotations(pub Vec<(Name, Name)>);

/// Longer values are cut: no ARN, name list or path comes near.
const VALUE_LIMIT: usize = 4096;

/// Parts of a key that make its annotation worth keeping: roles under the right and the nearly right key (IRSA-007),
/// other clouds' identities, Vault (R12), the service account of a legacy token (R157), static pods (R13), and who
/// manages the object (HYG-004), and whether a load balancer is public (POD-005).
const KEPT_KEYS: &[&str] = &[
    "amazonaws.com",
    "iam",
    "role",
    "azure.workload.identity",
    "gke",
    "eks",
    "vault.hashicorp.com",
    "kubernetes.io/service-account",
    "kubernetes.io/config.",
    "meta.helm.sh",
    "load-balancer-",
    "ingress.kubernetes.io/scheme",
    "ingress.class",
];

fn is_kept_key(key: &str) -> bool {
    if key == LAST_APPLIED {
        return false;
    }
    let key = key.to_ascii_lowercase();
    KEPT_KEYS.iter().any(|part| key.contains(part))
}

/// Holds the whole object once more, secrets included.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Annotations, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Annotations;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Annotations, A::Error> {
                let mut kept = Vec::new();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    if &*key == LAST_APPLIED {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    let value = map.next_value::<Option<Text<'de>>>()?.unwrap_or_default();
                    if is_kept_key(&key) || value.contains("arn:") {
                        kept.push((Name::new(&key), Name::new(cut(&value))));
                    }
                }
                Ok(Annotations(kept))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

fn cut(value: &str) -> &str {
    &value[..value.floor_char_boundary(VALUE_LIMIT)]
}
