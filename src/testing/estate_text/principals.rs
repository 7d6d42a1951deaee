//! Roles, users, groups, policies and resources of an account in an estate text.

use crate::base::Name;
use crate::model::SourceKind;
use crate::model::facts::aws::ResourcePolicy;
use crate::model::facts::iam::{
    Group, LastUsed, NamedPolicy, Policy as ManagedPolicy, PolicyVersion, Provider, Role, User,
};
use crate::model::facts::meta::{Labels, Origin};
use crate::model::feed::Batch;

use super::line::Line;
use super::{Builder, REGION, pods, time, trusts};

impl Builder {
    /// `role NAME account=ID path=/p/ TRUST policy={statement} attached=ARN,ARN boundary=ARN tag:K=V created=T used=T
    /// session=SECONDS id=AROA...`; for TRUST see [`trusts`].
    pub(super) fn role_line(&mut self, line: &mut Line) {
        let account = line.take("account").unwrap_or_else(|| self.clusters[0].account.clone());
        let partition = self.clusters[0].partition.clone();
        let path = line.take("path").unwrap_or_else(|| "/".into());
        let trust = trusts::of(line, &self.clusters, &account, &partition);
        let inline = inline(line);
        let attached: Vec<Name> =
            line.take("attached").iter().flat_map(|all| all.split(',')).map(|arn| Name::from(arn.to_owned())).collect();
        let name = line.name.clone();
        let role = Role {
            account: account.as_str().into(),
            arn: format!("arn:{partition}:iam::{account}:role{path}{name}").into(),
            name: name.into(),
            path: path.into(),
            id: "AROAEXAMPLE".into(),
            created: line.take("created").map(|it| time(line, &it)),
            trust: Some(trust.into()),
            inline,
            attached,
            boundary: line.take("boundary").map(Name::from),
            last_used: line.take("used").map(|it| LastUsed { at: Some(time(line, &it)), region: REGION.into() }),
            max_session: line.take("session").and_then(|it| it.parse().ok()),
            tags: pods::labels(line.all("tag")),
            instance_profiles: vec![],
            origin: Origin::default(),
        };
        self.push_account(&account, SourceKind::Iam, Batch::Roles(vec![role.into()]));
    }

    /// `policy NAME allow={statement}`: a customer managed policy, `arn:aws:iam::ACCOUNT:policy/NAME`.
    pub(super) fn managed_line(&mut self, line: &mut Line) {
        let account = line.take("account").unwrap_or_else(|| self.clusters[0].account.clone());
        let statement = line.take("allow").unwrap_or_default();
        let version = PolicyVersion {
            id: "v1".into(),
            text: format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#).into(),
            is_default: true,
            created: None,
        };
        let arn = line.take("arn");
        let policy = ManagedPolicy {
            account: account.as_str().into(),
            name: line.name.as_str().into(),
            path: "/".into(),
            arn: arn.unwrap_or_else(|| format!("arn:aws:iam::{account}:policy/{}", line.name)).into(),
            default_version: "v1".into(),
            versions: vec![version],
            attachments: None,
            created: None,
            updated: None,
            origin: Origin::default(),
        };
        self.push_account(&account, SourceKind::Iam, Batch::Policies(vec![policy.into()]));
    }

    /// `user NAME policy={statement} attached=ARN groups=A,B`
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
            attached: line.take("attached").into_iter().map(Name::from).collect(),
            groups: line.take("groups").iter().flat_map(|it| it.split(',')).map(Name::from).collect(),
            boundary: None,
            tags: Labels::default(),
            origin: Origin::default(),
        };
        self.push_account(&account, SourceKind::Iam, Batch::Users(vec![user.into()]));
    }

    /// `group NAME policy={statement}`
    pub(super) fn group_line(&mut self, line: &mut Line) {
        let account = self.clusters[0].account.clone();
        let name = line.name.clone();
        let group = Group {
            account: account.as_str().into(),
            arn: format!("arn:{}:iam::{account}:group/{name}", self.clusters[0].partition).into(),
            name: name.into(),
            path: "/".into(),
            id: "AGPAEXAMPLE".into(),
            inline: inline(line),
            attached: Vec::new(),
            origin: Origin::default(),
        };
        self.push_account(&account, SourceKind::Iam, Batch::Groups(vec![group.into()]));
    }

    /// `resource ARN policy={statement}|[statements]|none account=ID`: what was read of a resource's own policy.
    pub(super) fn resource_line(&mut self, line: &mut Line) {
        let account = line.take("account").unwrap_or_else(|| self.clusters[0].account.clone());
        let text = line.take("policy").filter(|it| it != "none").map(|it| document(&it));
        let policy = ResourcePolicy { arn: line.name.as_str().into(), text, kms_key: None, origin: Origin::default() };
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

/// The inline policy of `policy={statement}` or `policy=[statements]`.
fn inline(line: &mut Line) -> Vec<NamedPolicy> {
    let text = line.take("policy");
    text.map(|it| NamedPolicy { name: "inline".into(), text: document(&it) }).into_iter().collect()
}

/// A document of one statement or a list of them.
fn document(statements: &str) -> Name {
    let list = if statements.starts_with('[') { statements.to_owned() } else { format!("[{statements}]") };
    format!(r#"{{"Version":"2012-10-17","Statement":{list}}}"#).into()
}
