//! Objects of which only a few scalars matter: services, ingresses, volumes, node classes and the like.

use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess};

use crate::base::Name;
use crate::ingest::object::{Text, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Record};
use crate::model::facts::meta::{Labels, Origin, Selector};
use crate::model::facts::workload::OtherObject;

use super::meta::MetaIn;

object! {
    pub struct OtherIn {
        metadata: MetaIn = "metadata",
        spec: Scalars = "spec",
        status: Scalars = "status",
    }
}

impl<'de> Record<'de> for OtherIn {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        let meta = self.metadata.take(context, origin)?;
        let selected = self.spec.0.iter().filter_map(|(path, value)| {
            let key = path.strip_prefix("selector.")?;
            Some((Name::new(key), value.clone()))
        });
        let selector = Selector { labels: context.shared.labels(selected.collect()), expressions: Vec::new() };
        let spec = self.spec.0.into_iter().map(|(path, value)| (format!("spec.{path}").into(), value));
        // Status says little that is not an event; what rules read of it is named here.
        let status = self
            .status
            .0
            .into_iter()
            .filter(|(path, _)| path.starts_with("loadBalancer.") || path == "instanceProfile" || path == "phase");
        let status = status.map(|(path, value)| (format!("status.{path}").into(), value));
        let fields = Labels::new(spec.chain(status).collect());
        context.push_other(OtherObject { meta, selector, fields });
        Ok(())
    }
}

/// The scalars of an object under dotted paths, such as `tokenRequests[0].audience`.
#[derive(Default)]
pub struct Scalars(Vec<(String, Name)>);

/// A schema in a CRD or a long rule list has thousands; nothing reads so many.
const MOST: usize = 256;
const DEPTH: usize = 10;
const VALUE_LIMIT: usize = 512;

/// Members that are stepped over: text that may hold secrets, and schemas.
const SKIPPED: &[&str] = &["userData", "versions", "conversion", "secretRef", "tls", "caBundle"];

impl<'de> Deserialize<'de> for Scalars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scalars, D::Error> {
        let mut scalars = Vec::new();
        Gather { path: &mut String::new(), depth: 0, out: &mut scalars }.deserialize(deserializer)?;
        Ok(Scalars(scalars))
    }
}

struct Gather<'a> {
    path: &'a mut String,
    depth: usize,
    out: &'a mut Vec<(String, Name)>,
}

impl Gather<'_> {
    fn keep(self, value: &str) {
        if self.out.len() < MOST && value.len() <= VALUE_LIMIT {
            self.out.push((self.path.clone(), value.into()));
        }
    }
}

impl<'de> DeserializeSeed<'de> for Gather<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth > DEPTH || self.out.len() >= MOST {
            return IgnoredAny::deserialize(deserializer).map(|_| ());
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> de::Visitor<'de> for Gather<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let length = self.path.len();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            if SKIPPED.contains(&&*key) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            map.next_value_seed(Gather { path: self.path, depth: self.depth + 1, out: self.out })?;
            self.path.truncate(length);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let length = self.path.len();
        let mut index = 0;
        loop {
            self.path.push_str(&format!("[{index}]"));
            let next = seq.next_element_seed(Gather { path: self.path, depth: self.depth + 1, out: self.out })?;
            self.path.truncate(length);
            if next.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.keep(text);
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.keep(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<(), E> {
        self.keep(&number.to_string());
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<(), E> {
        self.keep(&number.to_string());
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<(), E> {
        self.keep(&number.to_string());
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}
