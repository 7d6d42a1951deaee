//! The sources: one row for each file of the layout, with the call and the permission behind it.
//!
//! To add one more: add a variant and its row in [`SourceKind::ALL`], a batch in [`super::feed`], and its reader.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::base::Name;

/// Where a file of the layout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `world.json` beside everything.
    World,
    /// `aws/` or `accounts/ACCOUNT_ID/`.
    Account,
    /// `aws/REGION/`.
    Region,
    /// `clusters/NAME/`.
    Cluster,
}

macro_rules! sources {
    ($($kind:ident $scope:ident $file:literal $expected:literal $permission:literal;)*) => {
        /// A kind of source: what one call of `kubectl` or the AWS CLI answers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SourceKind { $($kind,)* }

        impl SourceKind {
            /// In declaration order: scope, file name, whether its absence is a gap, the permission that it needs.
            pub const ALL: &'static [(SourceKind, Scope, &'static str, bool, &'static str)] =
                &[$((SourceKind::$kind, Scope::$scope, $file, $expected, $permission),)*];
        }
    };
}

sources! {
    World World "world.json" false "";
    CallerIdentity Account "get-caller-identity.json" true "sts:GetCallerIdentity";
    Iam Account "iam.json" true "iam:GetAccountAuthorizationDetails";
    ProviderList Account "list-open-id-connect-providers.json" true "iam:ListOpenIDConnectProviders";
    Providers Account "get-open-id-connect-provider.jsonl" true "iam:GetOpenIDConnectProvider";
    InstanceProfiles Account "list-instance-profiles.json" true "iam:ListInstanceProfiles";
    TargetPolicies Account "organizations-list-policies-for-target.json" true "organizations:ListPoliciesForTarget";
    TargetPoliciesByTarget Account "organizations-list-policies-for-target.jsonl" false "organizations:ListPoliciesForTarget";
    Parents Account "organizations-list-parents.jsonl" false "organizations:ListParents";
    OrganizationPolicies Account "organizations-describe-policy.jsonl" true "organizations:DescribePolicy";
    ResourcePolicies Account "resource-policies.jsonl" false "s3:GetBucketPolicy";
    ClusterList Region "eks-list-clusters.json" true "eks:ListClusters";
    Instances Region "ec2-describe-instances.json" true "ec2:DescribeInstances";
    Cluster Cluster "describe-cluster.json" true "eks:DescribeCluster";
    AssociationList Cluster "list-pod-identity-associations.json" true "eks:ListPodIdentityAssociations";
    Associations Cluster "describe-pod-identity-association.jsonl" true "eks:DescribePodIdentityAssociation";
    AccessEntryList Cluster "list-access-entries.json" true "eks:ListAccessEntries";
    AccessEntries Cluster "describe-access-entry.jsonl" true "eks:DescribeAccessEntry";
    AccessPolicies Cluster "list-associated-access-policies.jsonl" true "eks:ListAssociatedAccessPolicies";
    NodegroupList Cluster "list-nodegroups.json" true "eks:ListNodegroups";
    Nodegroups Cluster "describe-nodegroup.jsonl" true "eks:DescribeNodegroup";
    FargateProfileList Cluster "list-fargate-profiles.json" true "eks:ListFargateProfiles";
    FargateProfiles Cluster "describe-fargate-profile.jsonl" true "eks:DescribeFargateProfile";
    Addons Cluster "list-addons.json" true "eks:ListAddons";
    Version Cluster "version.json" false "get /version";
    Pods Cluster "pods.json" true "list pods";
    ServiceAccounts Cluster "serviceaccounts.json" true "list serviceaccounts";
    Namespaces Cluster "namespaces.json" true "list namespaces";
    Nodes Cluster "nodes.json" true "list nodes";
    Deployments Cluster "deployments.json" true "list deployments.apps";
    ReplicaSets Cluster "replicasets.json" true "list replicasets.apps";
    StatefulSets Cluster "statefulsets.json" true "list statefulsets.apps";
    DaemonSets Cluster "daemonsets.json" true "list daemonsets.apps";
    Jobs Cluster "jobs.json" true "list jobs.batch";
    CronJobs Cluster "cronjobs.json" true "list cronjobs.batch";
    Roles Cluster "roles.json" true "list roles.rbac.authorization.k8s.io";
    RoleBindings Cluster "rolebindings.json" true "list rolebindings.rbac.authorization.k8s.io";
    ClusterRoles Cluster "clusterroles.json" true "list clusterroles.rbac.authorization.k8s.io";
    ClusterRoleBindings Cluster "clusterrolebindings.json" true "list clusterrolebindings.rbac.authorization.k8s.io";
    NetworkPolicies Cluster "networkpolicies.json" true "list networkpolicies.networking.k8s.io";
    Webhooks Cluster "mutatingwebhookconfigurations.json" true "list mutatingwebhookconfigurations.admissionregistration.k8s.io";
    ConfigMaps Cluster "configmaps.json" true "get configmaps";
    Secrets Cluster "secrets.json" false "list secrets";
    Services Cluster "services.json" false "list services";
    Ingresses Cluster "ingresses.json" false "list ingresses.networking.k8s.io";
    Gateways Cluster "gateways.json" false "list gateways.gateway.networking.k8s.io";
    CsiDrivers Cluster "csidrivers.json" false "list csidrivers.storage.k8s.io";
    PersistentVolumes Cluster "persistentvolumes.json" false "list persistentvolumes";
    CustomResourceDefinitions Cluster "customresourcedefinitions.json" false "list customresourcedefinitions.apiextensions.k8s.io";
    NodePools Cluster "nodepools.json" false "list nodepools.karpenter.sh";
    Ec2NodeClasses Cluster "ec2nodeclasses.json" false "list ec2nodeclasses.karpenter.k8s.aws";
    NodeClasses Cluster "nodeclasses.json" false "list nodeclasses.eks.amazonaws.com";
    CiliumNetworkPolicies Cluster "ciliumnetworkpolicies.json" false "list ciliumnetworkpolicies.cilium.io";
}

impl SourceKind {
    fn row(self) -> &'static (SourceKind, Scope, &'static str, bool, &'static str) {
        &SourceKind::ALL[self as usize]
    }

    pub fn scope(self) -> Scope {
        self.row().1
    }

    /// Name of the file in the layout, extension included.
    pub fn file(self) -> &'static str {
        self.row().2
    }

    /// Its absence is a gap. The others are read when there and missed only by the answers that need them.
    pub fn is_expected(self) -> bool {
        self.row().3
    }

    /// The IAM action, or the Kubernetes verb and resource, that answers it.
    pub fn permission(self) -> &'static str {
        self.row().4
    }

    pub fn from_file(scope: Scope, file: &str) -> Option<SourceKind> {
        SourceKind::ALL.iter().find(|row| row.1 == scope && row.2 == file).map(|row| row.0)
    }
}

/// One source of this estate: the name it has in the layout, live too.
#[derive(Clone, Debug)]
pub struct SourceId {
    pub kind: SourceKind,
    /// `clusters/prod/pods.json`
    pub path: Name,
}

impl SourceId {
    pub fn world() -> SourceId {
        SourceId { kind: SourceKind::World, path: "world.json".into() }
    }

    /// A source below `directory`, such as `clusters/prod` or `aws/eu-west-1`.
    pub fn new(directory: &str, kind: SourceKind) -> SourceId {
        SourceId { kind, path: Name::from(format!("{directory}/{}", kind.file())) }
    }
}

impl PartialEq for SourceId {
    fn eq(&self, other: &SourceId) -> bool {
        self.path == other.path
    }
}

impl Eq for SourceId {}

impl Hash for SourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.path.hash(state);
    }
}

impl PartialOrd for SourceId {
    fn partial_cmp(&self, other: &SourceId) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SourceId {
    fn cmp(&self, other: &SourceId) -> Ordering {
        self.path.cmp(&other.path)
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_found_by_its_file() {
        for (kind, scope, file, ..) in SourceKind::ALL {
            assert_eq!(SourceKind::from_file(*scope, file), Some(*kind), "{file}");
        }
    }
}
