//! How facts arrive: a source opens, sends pages, says how far it got, and may then report single changes.
//!
//! The order in which different sources report does not matter to the inventory that results.

use std::sync::Arc;

use jiff::Timestamp;

use crate::base::Name;

use super::coverage::{Loss, Status};
use super::facts::aws::{CallerIdentity, OrganizationPolicy, Parent, ResourcePolicy, TargetPolicies};
use super::facts::eks::{AccessEntry, AccessPolicies, Association, EksCluster, FargateProfile, Nodegroup};
use super::facts::iam::{Group, InstanceProfile, Policy, Provider, Role, User};
use super::facts::network::NetworkPolicy;
use super::facts::node::{Instance, Node};
use super::facts::pod::Pod;
use super::facts::rbac::{Binding, RbacRole};
use super::facts::webhook::WebhookConfiguration;
use super::facts::workload::{KeyedObject, Namespace, OtherObject, ServiceAccount, Workload};
use super::inventory::Inventory;
use super::listing::Reading;
use super::source::SourceId;

/// The part of the estate that a source speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    World,
    /// An AWS account, by its id.
    Account(Name),
    Region {
        account: Name,
        region: Name,
    },
    /// A cluster, by its label: its name, or `NAME@REGION`, `NAME@REGION@ACCOUNT` where names clash.
    Cluster(Name),
}

/// One report of a source.
#[derive(Clone, Debug)]
pub struct Delta {
    pub place: Place,
    pub source: SourceId,
    pub change: Change,
}

#[derive(Clone, Debug)]
pub enum Change {
    /// The source is being read; what an earlier reading gave stays until the new list is whole.
    Opened,
    /// Some objects of the list that is being read.
    Page(Batch),
    /// An object or a file was lost; the rest goes on.
    Lost(Loss),
    /// The list is at its end. Objects that an earlier reading gave and this one did not are gone.
    Listed { reading: Reading, read_at: Option<Timestamp>, why: String },
    /// The source gave nothing.
    Failed { status: Status, why: String, permission: Option<String> },
    /// A whole inventory, as a saved snapshot holds it: it takes the place of everything.
    Restored(Box<Inventory>),
    /// Objects that are new or changed since the list (a watch).
    Changed(Batch),
    /// An object that is gone since the list: namespace (or empty) and name.
    Removed { namespace: Name, name: Name },
}

macro_rules! batches {
    ($($variant:ident($type:ty),)*) => {
        /// Objects of one kind. Lists and their descriptions share a kind and meet by name in the inventory.
        #[derive(Clone, Debug)]
        pub enum Batch { $($variant(Vec<Arc<$type>>),)* }

        impl Batch {
            pub fn len(&self) -> usize {
                match self { $(Batch::$variant(items) => items.len(),)* }
            }

            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }
        }
    };
}

batches! {
    Now(Timestamp),
    CallerIdentity(CallerIdentity),
    Users(User),
    Groups(Group),
    Roles(Role),
    Policies(Policy),
    Providers(Provider),
    InstanceProfiles(InstanceProfile),
    TargetPolicies(TargetPolicies),
    Parents(Parent),
    OrganizationPolicies(OrganizationPolicy),
    ResourcePolicies(ResourcePolicy),
    ClusterNames(Name),
    Instances(Instance),
    Cluster(EksCluster),
    Associations(Association),
    AccessEntries(AccessEntry),
    AccessPolicies(AccessPolicies),
    Nodegroups(Nodegroup),
    FargateProfiles(FargateProfile),
    Addons(Name),
    Version(Name),
    Pods(Pod),
    ServiceAccounts(ServiceAccount),
    Namespaces(Namespace),
    Nodes(Node),
    Workloads(Workload),
    RbacRoles(RbacRole),
    Bindings(Binding),
    NetworkPolicies(NetworkPolicy),
    Webhooks(WebhookConfiguration),
    KeyedObjects(KeyedObject),
    Others(OtherObject),
}
