//! Lines of an account beyond roles: groups, organisation policies, instances that are no nodes.

use crate::base::Name;
use crate::model::SourceKind;
use crate::model::facts::aws::{OrganizationPolicy, OrganizationPolicyKind, TargetPolicies};
use crate::model::facts::iam::{Group, InstanceProfile, NamedPolicy};
use crate::model::facts::meta::Origin;
use crate::model::facts::node::Instance;
use crate::model::feed::{Batch, Place};
use crate::model::source::SourceId;

use super::Builder;
use super::line::Line;

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

    /// `instance i-NAME role=R`
    pub(super) fn instance_line(&mut self, line: &mut Line) {
        let cluster = self.clusters[0].clone();
        let role = line.take("role").map(|it| self.role_arn(&it));
        let profile = format!("arn:{}:iam::{}:instance-profile/p-{}", cluster.partition, cluster.account, line.name);
        if let Some(role) = &role {
            let profile = InstanceProfile {
                account: cluster.account.as_str().into(),
                name: format!("p-{}", line.name).into(),
                arn: profile.as_str().into(),
                roles: vec![role.clone()],
                origin: Origin::default(),
            };
            self.push_account(
                &cluster.account,
                SourceKind::InstanceProfiles,
                Batch::InstanceProfiles(vec![profile.into()]),
            );
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
}
