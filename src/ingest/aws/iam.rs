//! `get-account-authorization-details`, identity providers and instance profiles.

use crate::base::Name;
use crate::ingest::object::{Items, Time, object};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Record};
use crate::model::facts::iam::{
    Group, InstanceProfile, LastUsed, NamedPolicy, Policy, PolicyVersion, Provider, Role, User,
};
use crate::model::facts::meta::{Labels, Origin};

use super::document::Document;

object! {
    pub struct RoleIn<'de> {
        name: Name = "RoleName",
        path: Name = "Path",
        arn: Name = "Arn",
        id: Name = "RoleId",
        created: Time = "CreateDate",
        trust: Document<'de> = "AssumeRolePolicyDocument",
        inline: Items<InlineIn<'de>> = "RolePolicyList",
        attached: Items<AttachedIn> = "AttachedManagedPolicies",
        boundary: BoundaryIn = "PermissionsBoundary",
        last_used: Option<LastUsedIn> = "RoleLastUsed",
        max_session: Option<i64> = "MaxSessionDuration",
        tags: Items<TagIn> = "Tags",
        profiles: Items<ProfileNameIn> = "InstanceProfileList",
    }

    pub struct InlineIn<'de> {
        name: Name = "PolicyName",
        document: Document<'de> = "PolicyDocument",
    }

    pub struct AttachedIn {
        arn: Name = "PolicyArn",
    }

    pub struct BoundaryIn {
        arn: Name = "PermissionsBoundaryArn",
    }

    pub struct LastUsedIn {
        at: Time = "LastUsedDate",
        region: Name = "Region",
    }

    pub struct TagIn {
        key: Name = "Key",
        value: Name = "Value",
    }

    pub struct ProfileNameIn {
        name: Name = "InstanceProfileName",
    }

    pub struct UserIn<'de> {
        name: Name = "UserName",
        path: Name = "Path",
        arn: Name = "Arn",
        id: Name = "UserId",
        created: Time = "CreateDate",
        inline: Items<InlineIn<'de>> = "UserPolicyList",
        attached: Items<AttachedIn> = "AttachedManagedPolicies",
        groups: Items<Name> = "GroupList",
        boundary: BoundaryIn = "PermissionsBoundary",
        tags: Items<TagIn> = "Tags",
    }

    pub struct GroupIn<'de> {
        name: Name = "GroupName",
        path: Name = "Path",
        arn: Name = "Arn",
        id: Name = "GroupId",
        inline: Items<InlineIn<'de>> = "GroupPolicyList",
        attached: Items<AttachedIn> = "AttachedManagedPolicies",
    }

    pub struct PolicyIn<'de> {
        name: Name = "PolicyName",
        path: Name = "Path",
        arn: Name = "Arn",
        default_version: Name = "DefaultVersionId",
        versions: Items<VersionIn<'de>> = "PolicyVersionList",
        attachments: Option<i64> = "AttachmentCount",
        created: Time = "CreateDate",
        updated: Time = "UpdateDate",
    }

    pub struct VersionIn<'de> {
        id: Name = "VersionId",
        document: Document<'de> = "Document",
        is_default: bool = "IsDefaultVersion",
        created: Time = "CreateDate",
    }

    pub struct ProviderListIn {
        arn: Name = "Arn",
    }

    pub struct ProviderIn {
        arn: Name = "OpenIDConnectProviderArn",
        url: Name = "Url",
        client_ids: Items<Name> = "ClientIDList",
        created: Time = "CreateDate",
    }

    pub struct InstanceProfileIn {
        name: Name = "InstanceProfileName",
        arn: Name = "Arn",
        roles: Items<ProfileRoleIn> = "Roles",
    }

    pub struct ProfileRoleIn {
        arn: Name = "Arn",
    }
}

/// Fails where the member by which others refer to the object is missing.
pub fn required(value: &Name, member: &str) -> Result<(), Problem> {
    if value.is_empty() { Err(Problem::new(member, "nothing", "a name")) } else { Ok(()) }
}

fn inline(policies: Items<InlineIn<'_>>) -> Result<Vec<NamedPolicy>, Problem> {
    policies
        .into_iter()
        .map(|policy| match policy.document.text() {
            Some(text) => Ok(NamedPolicy { name: policy.name, text }),
            None => Err(Problem::new("PolicyDocument", "nothing", "a policy document")),
        })
        .collect()
}

fn arns(policies: Items<AttachedIn>) -> Vec<Name> {
    policies.into_iter().map(|policy| policy.arn).collect()
}

fn boundary(boundary: BoundaryIn) -> Option<Name> {
    (!boundary.arn.is_empty()).then_some(boundary.arn)
}

fn labels(context: &mut Context<'_>, tags: Items<TagIn>) -> Labels {
    context.shared.labels(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

impl<'de> Record<'de> for RoleIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        required(&self.name, "RoleName")?;
        let role = Role {
            account: context.account.clone(),
            name: self.name,
            path: self.path,
            arn: self.arn,
            id: self.id,
            created: self.created.0,
            trust: self.trust.text(),
            inline: inline(self.inline)?,
            attached: arns(self.attached),
            boundary: boundary(self.boundary),
            last_used: self.last_used.map(|used| LastUsed { at: used.at.0, region: used.region }),
            max_session: self.max_session,
            tags: labels(context, self.tags),
            instance_profiles: self.profiles.into_iter().map(|profile| profile.name).collect(),
            origin,
        };
        context.push_role(role);
        Ok(())
    }
}

impl<'de> Record<'de> for UserIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        required(&self.name, "UserName")?;
        let user = User {
            account: context.account.clone(),
            name: self.name,
            path: self.path,
            arn: self.arn,
            id: self.id,
            created: self.created.0,
            inline: inline(self.inline)?,
            attached: arns(self.attached),
            groups: self.groups.0,
            boundary: boundary(self.boundary),
            tags: labels(context, self.tags),
            origin,
        };
        context.push_user(user);
        Ok(())
    }
}

impl<'de> Record<'de> for GroupIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        required(&self.name, "GroupName")?;
        let group = Group {
            account: context.account.clone(),
            name: self.name,
            path: self.path,
            arn: self.arn,
            id: self.id,
            inline: inline(self.inline)?,
            attached: arns(self.attached),
            origin,
        };
        context.push_group(group);
        Ok(())
    }
}

impl<'de> Record<'de> for PolicyIn<'de> {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        required(&self.arn, "Arn")?;
        // A version without its document is not there: the policy's text stays unknown, not empty.
        let versions = self.versions.into_iter().filter_map(|version| {
            let text = version.document.text()?;
            Some(PolicyVersion { id: version.id, text, is_default: version.is_default, created: version.created.0 })
        });
        let policy = Policy {
            account: context.account.clone(),
            name: self.name,
            path: self.path,
            arn: self.arn,
            default_version: self.default_version,
            versions: versions.collect(),
            attachments: self.attachments,
            created: self.created.0,
            updated: self.updated.0,
            origin,
        };
        context.push_policy(policy);
        Ok(())
    }
}

/// Host and path of an issuer: no scheme, no slash at the end (R2).
fn issuer_path(url: &str) -> Name {
    url.trim_start_matches("https://").trim_end_matches('/').into()
}

impl<'de> Record<'de> for ProviderListIn {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        let Some((_, url)) = self.arn.split_once(":oidc-provider/") else {
            return Err(Problem::new("Arn", "something else", "the ARN of an identity provider"));
        };
        let provider = Provider {
            account: context.account.clone(),
            url: issuer_path(url),
            arn: self.arn,
            client_ids: None,
            created: None,
            origin,
        };
        context.push_provider(provider);
        Ok(())
    }
}

impl<'de> Record<'de> for ProviderIn {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        required(&self.url, "Url")?;
        let url = issuer_path(&self.url);
        // The CLI does not print the ARN; without it, the URL and the account say the same but for the partition.
        let arn = if self.arn.is_empty() {
            format!("arn:aws:iam::{}:oidc-provider/{url}", context.account).into()
        } else {
            self.arn
        };
        let provider = Provider {
            account: context.account.clone(),
            arn,
            url,
            client_ids: Some(self.client_ids.0),
            created: self.created.0,
            origin,
        };
        context.push_provider(provider);
        Ok(())
    }
}

impl<'de> Record<'de> for InstanceProfileIn {
    fn take(self, context: &mut Context<'_>, origin: Origin) -> Result<(), Problem> {
        required(&self.arn, "Arn")?;
        let profile = InstanceProfile {
            account: context.account.clone(),
            name: self.name,
            arn: self.arn,
            roles: self.roles.into_iter().map(|role| role.arn).collect(),
            origin,
        };
        context.push_instance_profile(profile);
        Ok(())
    }
}
