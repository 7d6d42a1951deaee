//! From the text of one object to facts: parse, convert, and name the object when that fails.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess};

use crate::base::Name;
use crate::model::coverage::Loss;
use crate::model::facts::meta::Origin;
use crate::model::feed::{Batch, Change, Delta, Place};
use crate::model::source::SourceId;

use super::problem::Problem;
use super::shared::Shared;

/// Objects that are sent together: enough to be cheap, few enough that a screen fills early.
const PAGE: usize = 1000;

/// What one element of a file is read into.
pub trait Record<'de>: Deserialize<'de> {
    /// Turns it into facts, which go to [`Context::push`].
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem>;
}

/// Where facts go while one source is read, and what they have in common.
pub struct Context<'a> {
    pub place: Place,
    pub source: SourceId,
    /// The account of the place: of the file for AWS files, of the cluster for the rest; empty when not known.
    pub account: Name,
    pub region: Name,
    pub shared: Shared,
    /// A page of the list is missing: the last answer named a next one.
    pub more: bool,
    /// Objects are found again by their names, not by their place in a file.
    pub by_name: bool,
    page: Option<Batch>,
    sink: &'a (dyn Fn(Delta) + Sync),
}

impl<'a> Context<'a> {
    pub fn new(place: Place, source: SourceId, account: Name, region: Name, sink: &'a (dyn Fn(Delta) + Sync)) -> Self {
        Context {
            place,
            source,
            account,
            region,
            shared: Shared::default(),
            more: false,
            by_name: false,
            page: None,
            sink,
        }
    }

    pub fn send(&self, change: Change) {
        (self.sink)(Delta { place: self.place.clone(), source: self.source.clone(), change });
    }

    pub fn lose(&mut self, loss: Loss) {
        self.send(Change::Lost(loss));
    }

    /// Sends what has gathered.
    pub fn flush(&mut self) {
        if let Some(page) = self.page.take() {
            self.send(Change::Page(page));
        }
    }
}

macro_rules! push {
    ($($method:ident $variant:ident $type:ty;)*) => {
        impl Context<'_> {
            $(pub fn $method(&mut self, fact: $type) {
                if let Some(Batch::$variant(items)) = &mut self.page {
                    items.push(Arc::new(fact));
                    if items.len() >= PAGE {
                        self.flush();
                    }
                } else {
                    self.flush();
                    self.page = Some(Batch::$variant(vec![Arc::new(fact)]));
                }
            })*
        }
    };
}

mod facts {
    pub use crate::model::facts::aws::*;
    pub use crate::model::facts::eks::*;
    pub use crate::model::facts::iam::*;
    pub use crate::model::facts::network::*;
    pub use crate::model::facts::node::*;
    pub use crate::model::facts::pod::*;
    pub use crate::model::facts::rbac::*;
    pub use crate::model::facts::webhook::*;
    pub use crate::model::facts::workload::*;
}

push! {
    push_now Now Timestamp;
    push_caller CallerIdentity facts::CallerIdentity;
    push_user Users facts::User;
    push_group Groups facts::Group;
    push_role Roles facts::Role;
    push_policy Policies facts::Policy;
    push_provider Providers facts::Provider;
    push_instance_profile InstanceProfiles facts::InstanceProfile;
    push_target_policies TargetPolicies facts::TargetPolicies;
    push_parent Parents facts::Parent;
    push_organization_policy OrganizationPolicies facts::OrganizationPolicy;
    push_resource_policy ResourcePolicies facts::ResourcePolicy;
    push_cluster_name ClusterNames Name;
    push_instance Instances facts::Instance;
    push_cluster Cluster facts::EksCluster;
    push_association Associations facts::Association;
    push_access_entry AccessEntries facts::AccessEntry;
    push_access_policies AccessPolicies facts::AccessPolicies;
    push_nodegroup Nodegroups facts::Nodegroup;
    push_fargate_profile FargateProfiles facts::FargateProfile;
    push_addon Addons Name;
    push_version Version Name;
    push_pod Pods facts::Pod;
    push_service_account ServiceAccounts facts::ServiceAccount;
    push_namespace Namespaces facts::Namespace;
    push_node Nodes facts::Node;
    push_workload Workloads facts::Workload;
    push_rbac_role RbacRoles facts::RbacRole;
    push_binding Bindings facts::Binding;
    push_network_policy NetworkPolicies facts::NetworkPolicy;
    push_webhook Webhooks facts::WebhookConfiguration;
    push_keyed_object KeyedObjects facts::KeyedObject;
    push_other Others facts::OtherObject;
}

/// Why an element gave no facts.
#[derive(Debug)]
pub enum Failure {
    /// The text ends before the element does: more may come.
    Short,
    Bad {
        problem: Problem,
        /// Brackets and quotes are not to be trusted.
        torn: bool,
        /// Bytes of the element, when it was whole and only its content is wrong.
        length: Option<usize>,
    },
}

/// Reads the element that `text` begins with. Gives its length in bytes.
pub fn read<'de, T: Record<'de>>(
    text: &'de [u8],
    ended: bool,
    context: &mut Context<'_>,
    mut origin: Origin,
) -> Result<usize, Failure> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<T>();
    let error = match values.next() {
        Some(Ok(record)) => {
            let length = values.byte_offset();
            // A number or word at the edge may go on behind it.
            if length == text.len() && !ended && !matches!(text.first(), Some(b'{' | b'[' | b'"')) {
                return Err(Failure::Short);
            }
            // Where the text is a copy in another form, the caller knows how long the stored one is.
            if origin.length == 0 {
                origin.length = u32::try_from(length).unwrap_or(u32::MAX);
            }
            return match record.take(context, origin) {
                Ok(()) => Ok(length),
                Err(problem) => Err(Failure::Bad { problem, torn: false, length: Some(length) }),
            };
        }
        Some(Err(error)) => error,
        None => {
            return Err(Failure::Bad { problem: Problem::new("", "nothing", "a value"), torn: true, length: None });
        }
    };
    if error.is_eof() && !ended {
        return Err(Failure::Short);
    }
    // Gone over again, slowly, only to say where.
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let problem = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => Problem::new("", error.to_string(), "one value"),
        Err(error) => Problem::of_json(&error),
    };
    Err(Failure::Bad { problem, torn: !error.is_data(), length: None })
}

/// Names that stand at the usual places of an object, as far as its text can be read.
#[derive(Clone, Debug, Default)]
pub struct Label {
    pub kind: Option<String>,
    pub namespace: Option<String>,
    pub name: Option<String>,
}

/// Looks for the names of an element that does not parse: `metadata.name` and the members in `names`, at the top or
/// one object further in.
pub fn label(text: &[u8], names: &'static [&'static str]) -> Label {
    let mut label = Label::default();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    // Whatever was found before the bad place counts.
    let _ = Probe { label: &mut label, names, depth: 0 }.deserialize(&mut deserializer);
    label
}

struct Probe<'a> {
    label: &'a mut Label,
    names: &'static [&'static str],
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> de::Visitor<'de> for Probe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Probe { label, names, depth } = self;
        while let Some(key) = map.next_key::<String>()? {
            if key == "kind" && depth == 0 {
                map.next_value_seed(Word(&mut label.kind))?;
            } else if key == "namespace" {
                map.next_value_seed(Word(&mut label.namespace))?;
            } else if names.contains(&key.as_str()) && (depth == 1 || key != "name") {
                map.next_value_seed(Word(&mut label.name))?;
            } else if depth == 0 {
                map.next_value_seed(Probe { label: &mut *label, names, depth: 1 })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Keeps a string, the first of its kind, and takes anything else.
struct Word<'a>(&'a mut Option<String>);

impl<'de> DeserializeSeed<'de> for Word<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Text(String),
            Else(IgnoredAny),
        }
        if let Either::Text(text) = Either::deserialize(deserializer)? {
            self.0.get_or_insert(text.chars().take(300).collect());
        }
        Ok(())
    }
}
