//! Answers of EKS: clusters, associations, access entries, node groups, Fargate profiles, add-ons.

use crate::base::Name;
use crate::ingest::object::{Items, Members, Text, Time, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Record};
use crate::model::facts::eks::{
    AccessEntry, AccessEntryDetails, AccessPolicies, AccessPolicy, Association, AssociationDetails, EksCluster,
    FargateProfile, Nodegroup,
};
use crate::model::facts::meta::Origin;
use crate::model::source::SourceKind;

use super::document::Document;
use super::iam::required;

object! {
    pub struct DescribeClusterIn {
        cluster: ClusterIn = "cluster",
    }

    pub struct ClusterIn {
        name: Name = "name",
        arn: Name = "arn",
        version: Name = "version",
        created: Time = "createdAt",
        role: Name = "roleArn",
        identity: IdentityIn = "identity",
        access: AccessConfigIn = "accessConfig",
        vpc: VpcIn = "resourcesVpcConfig",
        network: NetworkIn = "kubernetesNetworkConfig",
        compute: ComputeIn = "computeConfig",
        tags: Members<Name, Name> = "tags",
    }

    pub struct IdentityIn {
        oidc: OidcIn = "oidc",
    }

    pub struct OidcIn {
        issuer: Name = "issuer",
    }

    pub struct AccessConfigIn {
        mode: Name = "authenticationMode",
    }

    pub struct VpcIn {
        public: Option<bool> = "endpointPublicAccess",
        private: Option<bool> = "endpointPrivateAccess",
    }

    pub struct NetworkIn {
        ip_family: Name = "ipFamily",
    }

    pub struct ComputeIn {
        enabled: bool = "enabled",
        node_role: Name = "nodeRoleArn",
    }

    pub struct AssociationSummaryIn {
        id: Name = "associationId",
        namespace: Name = "namespace",
        service_account: Name = "serviceAccount",
    }

    pub struct DescribeAssociationIn<'de> {
        association: AssociationIn<'de> = "association",
    }

    pub struct AssociationIn<'de> {
        id: Name = "associationId",
        namespace: Name = "namespace",
        service_account: Name = "serviceAccount",
        role: Name = "roleArn",
        target_role: Name = "targetRoleArn",
        external_id: Name = "externalId",
        disable_session_tags: bool = "disableSessionTags",
        policy: Document<'de> = "policy",
        created: Time = "createdAt",
        modified: Time = "modifiedAt",
    }

    pub struct DescribeAccessEntryIn {
        entry: AccessEntryIn = "accessEntry",
    }

    pub struct AccessEntryIn {
        principal: Name = "principalArn",
        username: Name = "username",
        groups: Items<Name> = "kubernetesGroups",
        kind: Name = "type",
        created: Time = "createdAt",
    }

    pub struct AccessPoliciesIn<'de> {
        principal: Name = "principalArn",
        policies: Items<AccessPolicyIn<'de>> = "associatedAccessPolicies",
        next: Text<'de> = "nextToken",
    }

    pub struct AccessPolicyIn<'de> {
        arn: Name = "policyArn",
        scope: AccessScopeIn<'de> = "accessScope",
    }

    pub struct AccessScopeIn<'de> {
        kind: Text<'de> = "type",
        namespaces: Items<Name> = "namespaces",
    }

    pub struct DescribeNodegroupIn {
        nodegroup: NodegroupIn = "nodegroup",
    }

    pub struct NodegroupIn {
        name: Name = "nodegroupName",
        role: Name = "nodeRole",
        ami_type: Name = "amiType",
        status: Name = "status",
    }

    pub struct DescribeFargateProfileIn {
        profile: FargateProfileIn = "fargateProfile",
    }

    pub struct FargateProfileIn {
        name: Name = "fargateProfileName",
        role: Name = "podExecutionRoleArn",
        selectors: Items<FargateSelectorIn> = "selectors",
    }

    pub struct FargateSelectorIn {
        namespace: Name = "namespace",
        labels: Members<Name, Name> = "labels",
    }

    pub struct VersionIn {
        server: ServerVersionIn = "serverVersion",
    }

    pub struct ServerVersionIn {
        version: Name = "gitVersion",
    }
}

fn given(name: Name) -> Option<Name> {
    (!name.is_empty()).then_some(name)
}

impl<'de> Record<'de> for DescribeClusterIn {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        let it = self.cluster;
        required(&it.name, "cluster.name")?;
        let cluster = EksCluster {
            name: it.name,
            arn: it.arn,
            version: it.version,
            created: it.created.0,
            role: it.role,
            issuer: it.identity.oidc.issuer,
            authentication_mode: it.access.mode,
            endpoint_public: it.vpc.public,
            endpoint_private: it.vpc.private,
            ip_family: it.network.ip_family,
            auto_mode: it.compute.enabled,
            auto_node_role: it.compute.node_role,
            tags: context.shared.labels(it.tags.0),
            origin,
        };
        context.push_cluster(cluster);
        Ok(())
    }
}

impl<'de> Record<'de> for AssociationSummaryIn {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        required(&self.id, "associationId")?;
        let association = Association {
            id: self.id,
            namespace: self.namespace,
            service_account: self.service_account,
            details: None,
            origin,
        };
        context.push_association(association);
        Ok(())
    }
}

impl<'de> Record<'de> for DescribeAssociationIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        let it = self.association;
        required(&it.id, "association.associationId")?;
        let details = AssociationDetails {
            role: it.role,
            target_role: given(it.target_role),
            external_id: given(it.external_id),
            disable_session_tags: it.disable_session_tags,
            policy: it.policy.text().and_then(given),
            created: it.created.0,
            modified: it.modified.0,
        };
        let association = Association {
            id: it.id,
            namespace: it.namespace,
            service_account: it.service_account,
            details: Some(details),
            origin,
        };
        context.push_association(association);
        Ok(())
    }
}

impl<'de> Record<'de> for DescribeAccessEntryIn {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        let it = self.entry;
        required(&it.principal, "accessEntry.principalArn")?;
        let details =
            AccessEntryDetails { username: it.username, groups: it.groups.0, kind: it.kind, created: it.created.0 };
        context.push_access_entry(AccessEntry { principal: it.principal, details: Some(details), origin });
        Ok(())
    }
}

impl<'de> Record<'de> for AccessPoliciesIn<'de> {
    fn take(self, context: &mut Context<'_>, _: Origin) -> Result<(), Problem> {
        required(&self.principal, "principalArn")?;
        context.more |= !self.next.is_empty();
        let policies = self.policies.into_iter().map(|policy| AccessPolicy {
            arn: policy.arn,
            namespaces: (&*policy.scope.kind != "cluster").then_some(policy.scope.namespaces.0),
        });
        context.push_access_policies(AccessPolicies { principal: self.principal, policies: policies.collect() });
        Ok(())
    }
}

impl<'de> Record<'de> for DescribeNodegroupIn {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        let it = self.nodegroup;
        required(&it.name, "nodegroup.nodegroupName")?;
        let nodegroup =
            Nodegroup { name: it.name, role: given(it.role), ami_type: it.ami_type, status: it.status, origin };
        context.push_nodegroup(nodegroup);
        Ok(())
    }
}

impl<'de> Record<'de> for DescribeFargateProfileIn {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        let it = self.profile;
        required(&it.name, "fargateProfile.fargateProfileName")?;
        let selectors = it.selectors.into_iter();
        let selectors = selectors.map(|it| (it.namespace, context.shared.labels(it.labels.0))).collect();
        context.push_fargate_profile(FargateProfile { name: it.name, role: given(it.role), selectors, origin });
        Ok(())
    }
}

impl<'de> Record<'de> for VersionIn {
    fn take(self, context: &mut Context<'_>, _: Origin) -> Result<(), Problem> {
        required(&self.server.version, "serverVersion.gitVersion")?;
        context.push_version(self.server.version);
        Ok(())
    }
}

/// Lists of names: clusters, node groups, Fargate profiles, add-ons, principals of access entries.
impl<'de> Record<'de> for Name {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        required(&self, "")?;
        match context.source.kind {
            SourceKind::ClusterList => context.push_cluster_name(self),
            SourceKind::Addons => context.push_addon(self),
            SourceKind::AccessEntryList => {
                context.push_access_entry(AccessEntry { principal: self, details: None, origin });
            }
            SourceKind::NodegroupList => {
                let (ami_type, status) = (Name::default(), Name::default());
                context.push_nodegroup(Nodegroup { name: self, role: None, ami_type, status, origin });
            }
            SourceKind::FargateProfileList => {
                context.push_fargate_profile(FargateProfile { name: self, role: None, selectors: Vec::new(), origin });
            }
            _ => return Err(Problem::new("", "a string", "an object")),
        }
        Ok(())
    }
}
