//! Lines of an account beyond roles: groups, organisation policies, instances that are no nodes.

use crate::base::Name;
use crate::model::SourceKind;
use crate::model::facts::aws::{OrganizationPolicy, OrganizationPolicyKind, ResourcePolicy, TargetPolicies};
use crate::model::facts::iam::{
    Group, InstanceProfile, NamedPolicy, Policy as ManagedPolicy, PolicyVersion, Provider, User,
};
use crate::model::facts::meta::Origin;
use crate::model::facts::node::Instance;
use crate::model::feed::{Batch, Place};
use crate::model::source::SourceId;

use super::line::Line;
use super::{Builder, document, inline, pods, time};

/// A list that commas separate.
pub(super) fn list(line: &mut Line, key: &str) -> Vec<Name> {
    line.take(key).iter().flat_map(|all| all.split(',')).map(|it| Name::from(it.to_owned())).collect()
}

impl Builder {
    /// `group NAME policy={statement} attached=ARN,ARN`
    pub(super) fn group_line(&mut self, line: &mut Line) {
        let account = line.take("account").unwrap_or_else(|| self.clusters[0].account.clone());
        let inline = line.take("policy").map(|statement| NamedPolicy {
            name: "inline".into(),
            text: format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#).into(),
        });
        let group = Group {
            account: account.as_str().into(),
            name: line.name.as_str().into(),
            path: "/".into(),
            arn: format!("arn:aws:iam::{account}:group/{}", line.name).into(),
            id: "AGPAEXAMPLE".into(),
            inline: inline.into_iter().collect(),
            attached: list(line, "attached"),
            origin: Origin::default(),
        };
        self.push_account(&account, SourceKind::Iam, Batch::Groups(vec![group.into()]));
    }

    /// `scp NAME says={statement}`: one more policy of the account's own level, whose others allow everything.
    pub(super) fn scp_line(&mut self, line: &mut Line) {
        let account = self.clusters[0].account.clone();
        let statement = line.take("says").unwrap_or_default();
        let everything = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
        for (id, statement) in [("p-full", everything), (line.name.as_str(), statement.as_str())] {
            let policy = OrganizationPolicy {
                id: id.into(),
                name: id.into(),
                kind: OrganizationPolicyKind::ServiceControl,
                text: Some(format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#).into()),
                origin: Origin::default(),
            };
            self.push_account(
                &account,
                SourceKind::OrganizationPolicies,
                Batch::OrganizationPolicies(vec![policy.into()]),
            );
            let policies = vec![(Name::from(id), OrganizationPolicyKind::ServiceControl)];
            let target = TargetPolicies { target: Name::default(), policies };
            self.push_account(&account, SourceKind::TargetPolicies, Batch::TargetPolicies(vec![target.into()]));
        }
    }

    /// An instance profile with one role.
    pub(super) fn push_profile(&mut self, account: &str, arn: &str, role: Name) {
        let profile = InstanceProfile {
            account: account.into(),
            name: arn.rsplit('/').next().unwrap_or(arn).into(),
            arn: arn.into(),
            roles: vec![role],
            origin: Origin::default(),
        };
        self.push_account(account, SourceKind::InstanceProfiles, Batch::InstanceProfiles(vec![profile.into()]));
    }

    /// `instance i-NAME role=R`
    pub(super) fn instance_line(&mut self, line: &mut Line) {
        let cluster = self.clusters[0].clone();
        let role = line.take("role").map(|it| self.role_arn(&it));
        let profile = format!("arn:{}:iam::{}:instance-profile/p-{}", cluster.partition, cluster.account, line.name);
        if let Some(role) = &role {
            self.push_profile(&cluster.account, &profile, role.clone());
        }
        let instance = Instance {
            id: line.name.as_str().into(),
            account: cluster.account.as_str().into(),
            region: cluster.region.as_str().into(),
            profile: role.map(|_| profile.into()),
            metadata: None,
            state: "running".into(),
            private_dns: Name::default(),
        };
        let directory = format!("{}/{}", self.account_directory(&cluster.account), cluster.region);
        let place = Place::Region { account: cluster.account.as_str().into(), region: cluster.region.as_str().into() };
        self.push_at(place, SourceId::new(&directory, SourceKind::Instances), Batch::Instances(vec![instance.into()]));
    }

    /// `policy NAME allow={statement} older={statement} full`: a customer managed policy,
    /// `arn:aws:iam::ACCOUNT:policy/NAME`; with an older version, or with all five.
    pub(super) fn managed_line(&mut self, line: &mut Line) {
        let account = line.take("account").unwrap_or_else(|| self.clusters[0].account.clone());
        let statement = line.take("allow").unwrap_or_default();
        let version = PolicyVersion {
            id: "v1".into(),
            text: format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#).into(),
            is_default: true,
            created: None,
        };
        let mut versions = vec![version.clone()];
        if let Some(older) = line.take("older") {
            let text = format!(r#"{{"Version":"2012-10-17","Statement":[{older}]}}"#).into();
            versions.push(PolicyVersion { id: "v0".into(), text, is_default: false, created: None });
        }
        if line.flag("full") {
            let old =
                |at: usize| PolicyVersion { id: format!("v{}", at + 1).into(), is_default: false, ..version.clone() };
            versions.extend((1..5).map(old));
        }
        let arn = line.take("arn");
        let policy = ManagedPolicy {
            account: account.as_str().into(),
            name: line.name.as_str().into(),
            path: "/".into(),
            arn: arn.unwrap_or_else(|| format!("arn:aws:iam::{account}:policy/{}", line.name)).into(),
            default_version: "v1".into(),
            versions,
            attachments: None,
            created: None,
            updated: None,
            origin: Origin::default(),
        };
        self.push_account(&account, SourceKind::Iam, Batch::Policies(vec![policy.into()]));
    }

    /// `user NAME policy={statement} attached=ARN,ARN groups=a,b boundary=ARN`
    pub(super) fn user_line(&mut self, line: &mut Line) {
        let account = line.take("account").unwrap_or_else(|| self.clusters[0].account.clone());
        let name = line.name.clone();
        let user = User {
            account: account.as_str().into(),
            arn: format!("arn:{}:iam::{account}:user/{name}", self.clusters[0].partition).into(),
            name: name.into(),
            path: "/".into(),
            id: "AIDAEXAMPLE".into(),
            created: None,
            inline: inline(line),
            attached: list(line, "attached"),
            groups: list(line, "groups"),
            boundary: line.take("boundary").map(Name::from),
            tags: pods::labels(line.all("tag")),
            origin: Origin::default(),
        };
        self.push_account(&account, SourceKind::Iam, Batch::Users(vec![user.into()]));
    }

    /// `resource ARN policy={statement}|[statements]|none key=ARN account=ID`: what was read of a resource's own policy, and
    /// the customer key that encrypts it.
    pub(super) fn resource_line(&mut self, line: &mut Line) {
        let account = line.take("account").unwrap_or_else(|| self.clusters[0].account.clone());
        let text = line.take("policy").filter(|it| it != "none").map(|it| document(&it));
        let kms_key = line.take("key").map(Name::from);
        let policy = ResourcePolicy { arn: line.name.as_str().into(), text, kms_key, origin: Origin::default() };
        self.push_account(&account, SourceKind::ResourcePolicies, Batch::ResourcePolicies(vec![policy.into()]));
    }

    /// `issuer NAME url=HOST/PATH clients=a,b account=ID created=T`: an identity provider of no cluster here.
    pub(super) fn issuer_line(&mut self, line: &mut Line) {
        let account = line.take("account").unwrap_or_else(|| self.clusters[0].account.clone());
        let partition = self.clusters[0].partition.clone();
        let Some(url) = line.take("url") else { line.fail("wants `url=`") };
        let clients = line.take("clients").unwrap_or_else(|| "sts.amazonaws.com".into());
        let provider = Provider {
            account: account.as_str().into(),
            arn: format!("arn:{partition}:iam::{account}:oidc-provider/{url}").into(),
            url: url.into(),
            client_ids: Some(clients.split(',').map(Name::from).collect()),
            created: line.take("created").map(|it| time(line, &it)),
            origin: Origin::default(),
        };
        let listed = Provider { client_ids: None, ..provider.clone() };
        self.push_account(&account, SourceKind::ProviderList, Batch::Providers(vec![listed.into()]));
        self.push_account(&account, SourceKind::Providers, Batch::Providers(vec![provider.into()]));
    }
}
