//! One row for each kind of source: which lists its files hold, what an element is, and how one is named in a loss.

use crate::base::Name;
use crate::model::facts::meta::Origin;
use crate::model::feed::Place;
use crate::model::key::{EntityKey, Form, Kind};
use crate::model::source::{Scope, SourceKind};

use super::aws::{account, ec2, eks, iam};
use super::kube::{keyed, network, node, other, pod, rbac, workload};
use super::problem::{Problem, kind_of_byte};
use super::record::{Context, Failure, label, read as parse};

/// How the files of a source are built.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Members of the answer whose elements are read one by one. Empty: each value of the file is one element.
    pub lists: &'static [&'static str],
    /// One object may stand in the file instead of a list.
    pub single: bool,
}

pub fn shape(kind: SourceKind) -> Shape {
    use SourceKind::*;
    let lists: &'static [&'static str] = match kind {
        World
        | CallerIdentity
        | Providers
        | TargetPolicies
        | TargetPoliciesByTarget
        | Parents
        | OrganizationPolicies
        | ResourcePolicies
        | Cluster
        | Associations
        | AccessEntries
        | AccessPolicies
        | Nodegroups
        | FargateProfiles
        | Version => &[],
        Iam => &["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"],
        ProviderList => &["OpenIDConnectProviderList"],
        InstanceProfiles => &["InstanceProfiles"],
        ClusterList => &["clusters"],
        Instances => &["Reservations"],
        AssociationList => &["associations"],
        AccessEntryList => &["accessEntries"],
        NodegroupList => &["nodegroups"],
        FargateProfileList => &["fargateProfileNames"],
        Addons => &["addons"],
        _ => &["items"],
    };
    Shape { lists, single: lists == ["items"] }
}

/// Reads the element at the beginning of `text` into facts.
pub fn read(
    kind: SourceKind,
    list: Option<usize>,
    text: &[u8],
    ended: bool,
    context: &mut Context<'_>,
    origin: Origin,
) -> Result<usize, Failure> {
    use SourceKind::*;
    macro_rules! parse {
        ($type:ty) => {
            parse::<$type>(text, ended, context, origin)
        };
    }
    match (kind, list) {
        (World, _) => parse!(account::WorldIn),
        (CallerIdentity, _) => parse!(account::CallerIn),
        (Iam, Some(0)) => parse!(iam::UserIn<'_>),
        (Iam, Some(1)) => parse!(iam::GroupIn<'_>),
        (Iam, Some(2)) => parse!(iam::RoleIn<'_>),
        (Iam, Some(_)) => parse!(iam::PolicyIn<'_>),
        (Iam, None) => {
            let found = text.first().map_or("nothing", |byte| kind_of_byte(*byte));
            let problem = Problem::new("", found, "an object with `RoleDetailList` and its like");
            Err(Failure::Bad { problem, torn: false, length: None })
        }
        (ProviderList, _) => parse!(iam::ProviderListIn),
        (Providers, _) => parse!(iam::ProviderIn),
        (InstanceProfiles, _) => parse!(iam::InstanceProfileIn),
        (TargetPolicies | TargetPoliciesByTarget, _) => parse!(account::TargetPoliciesIn<'_>),
        (Parents, _) => parse!(account::ParentsIn<'_>),
        (OrganizationPolicies, _) => parse!(account::OrganizationPolicyIn<'_>),
        (ResourcePolicies, _) => parse!(account::ResourcePolicyIn<'_>),
        (Instances, _) => parse!(ec2::ReservationIn<'_>),
        (Cluster, _) => parse!(eks::DescribeClusterIn),
        (AssociationList, _) => parse!(eks::AssociationSummaryIn),
        (Associations, _) => parse!(eks::DescribeAssociationIn<'_>),
        (AccessEntries, _) => parse!(eks::DescribeAccessEntryIn),
        (AccessPolicies, _) => parse!(eks::AccessPoliciesIn<'_>),
        (Nodegroups, _) => parse!(eks::DescribeNodegroupIn),
        (FargateProfiles, _) => parse!(eks::DescribeFargateProfileIn),
        (ClusterList | AccessEntryList | NodegroupList | FargateProfileList | Addons, _) => parse!(Name),
        (Version, _) => parse!(eks::VersionIn),
        (Pods, _) => parse!(pod::PodIn<'_>),
        (ServiceAccounts, _) => parse!(workload::ServiceAccountIn<'_>),
        (Namespaces, _) => parse!(workload::NamespaceIn<'_>),
        (Nodes, _) => parse!(node::NodeIn<'_>),
        (Deployments | ReplicaSets | StatefulSets | DaemonSets | Jobs | CronJobs, _) => {
            parse!(workload::WorkloadIn<'_>)
        }
        (Roles | ClusterRoles, _) => parse!(rbac::RoleIn<'_>),
        (RoleBindings | ClusterRoleBindings, _) => parse!(rbac::BindingIn<'_>),
        (NetworkPolicies, _) => parse!(network::PolicyIn<'_>),
        (Webhooks, _) => parse!(network::ConfigurationIn<'_>),
        (ConfigMaps, _) => parse!(keyed::ConfigMapIn<'_>),
        (Secrets, _) => parse!(keyed::SecretIn<'_>),
        (
            Services
            | Ingresses
            | Gateways
            | CsiDrivers
            | PersistentVolumes
            | CustomResourceDefinitions
            | NodePools
            | Ec2NodeClasses
            | NodeClasses
            | CiliumNetworkPolicies,
            _,
        ) => parse!(other::OtherIn),
    }
}

/// The kind of thing that a list describes, where it has an address of its own.
fn entity(kind: SourceKind, list: Option<usize>) -> Option<Kind> {
    use SourceKind::*;
    Some(match (kind, list) {
        (Iam, Some(0)) => Kind::IamUser,
        (Iam, Some(2)) => Kind::Role,
        (Iam, Some(3)) => Kind::Policy,
        (ProviderList | Providers, _) => Kind::Provider,
        (AssociationList | Associations, _) => Kind::Association,
        (Cluster, _) => Kind::Cluster,
        (ResourcePolicies, _) => Kind::Resource,
        (Pods, _) => Kind::Pod,
        (ServiceAccounts, _) => Kind::ServiceAccount,
        (Namespaces, _) => Kind::Namespace,
        (Nodes, _) => Kind::Node,
        (Deployments, _) => Kind::Deployment,
        (ReplicaSets, _) => Kind::ReplicaSet,
        (StatefulSets, _) => Kind::StatefulSet,
        (DaemonSets, _) => Kind::DaemonSet,
        (Jobs, _) => Kind::Job,
        (CronJobs, _) => Kind::CronJob,
        (Roles, _) => Kind::RbacRole,
        (RoleBindings, _) => Kind::RoleBinding,
        (ClusterRoles, _) => Kind::ClusterRole,
        (ClusterRoleBindings, _) => Kind::ClusterRoleBinding,
        _ => return None,
    })
}

/// Members that name an object of AWS.
const NAMES: &[&str] = &[
    "RoleName",
    "UserName",
    "GroupName",
    "PolicyName",
    "InstanceProfileName",
    "OpenIDConnectProviderArn",
    "associationId",
    "principalArn",
    "nodegroupName",
    "fargateProfileName",
    "name",
    "arn",
    "Arn",
    "Id",
];

/// The address of an object that could not be read, or what comes near one; empty when its name cannot be read either.
pub fn address(context: &Context<'_>, text: &[u8], list: Option<usize>) -> String {
    let source = context.source.kind;
    let names = if source.file().ends_with(".json") && shape(source).single { &["name"] } else { NAMES };
    let label = label(text, names);
    let Some(name) = label.name else { return String::new() };
    let scope = match &context.place {
        Place::Cluster(label) => label,
        _ => &context.account,
    };
    let name = name.rsplit_once(":oidc-provider/").map_or(name.as_str(), |(_, url)| url);
    let namespace = Name::new(label.namespace.as_deref().unwrap_or_default());
    match entity(source, list) {
        Some(kind) => match kind.form() {
            Form::Plain => EntityKey::plain(kind, name),
            Form::InNamespace => EntityKey::namespaced(kind, scope, &namespace, &name.into()),
            Form::InCluster | Form::InAccount | Form::InPod => EntityKey::scoped(kind, scope, &name.into()),
        }
        .to_string(),
        None => {
            let word = source.file().split('.').next().unwrap_or_default();
            let scope = if source.scope() == Scope::World { "" } else { scope.as_str() };
            let parts = [word, scope, &namespace, name];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
        }
    }
}
