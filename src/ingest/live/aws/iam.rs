//! IAM through its client: what it hands over becomes the same records that a file of the AWS CLI is read into.

use aws_sdk_iam::Client;
use aws_sdk_iam::types as sdk;
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use crate::base::Name;
use crate::ingest::aws::document::Document;
use crate::ingest::aws::iam::{
    AttachedIn, BoundaryIn, GroupIn, InlineIn, InstanceProfileIn, LastUsedIn, PolicyIn, ProfileNameIn, ProfileRoleIn,
    ProviderIn, ProviderListIn, RoleIn, TagIn, UserIn, VersionIn,
};
use crate::ingest::object::{Items, Time};
use crate::ingest::problem::Problem;
use crate::ingest::record::{Context, Record};
use crate::model::call::Call;
use crate::model::coverage::Loss;
use crate::model::facts::meta::Origin;
use crate::model::source::SourceKind;

use super::account::Account;
use super::pages::{self, Tokens};
use super::refusal::Refusal;

/// Objects asked for at a time. AWS allows 1000, but then answers late, and the first screen waits.
const PAGE: i32 = 300;

/// Users, groups, roles and managed policies.
pub async fn details(account: &Account, client: &Client) {
    let mut report = account.report(SourceKind::Iam);
    report.opened().await;
    let mut tokens = Tokens::default();
    loop {
        let mut request = client.get_account_authorization_details().max_items(PAGE);
        if let Some(marker) = tokens.last() {
            request = request.marker(marker);
        }
        let page = match request.send().await {
            Ok(page) => page,
            Err(error) => {
                let refusal = Refusal::of(&error, &account.session.login);
                return report.failed(&refusal, Call::GetAccountAuthorizationDetails).await;
            }
        };
        report
            .facts(|context| {
                for it in page.user_detail_list() {
                    take(context, "UserDetailList", it.arn(), user(it));
                }
                for it in page.group_detail_list() {
                    take(context, "GroupDetailList", it.arn(), group(it));
                }
                for it in page.role_detail_list() {
                    take(context, "RoleDetailList", it.arn(), role(it));
                }
                for it in page.policies() {
                    take(context, "Policies", it.arn(), policy(it));
                }
            })
            .await;
        // An answer without the member that ends every answer is none that IAM sent.
        match tokens.next(page.marker().filter(|_| page.is_truncated())) {
            pages::Next::Page => {}
            pages::Next::End => return report.listed(String::new()).await,
            pages::Next::Again => return report.listed(pages::AGAIN.to_owned()).await,
        }
    }
}

pub async fn providers(account: &Account, client: &Client) {
    let mut list = account.report(SourceKind::ProviderList);
    let mut report = account.report(SourceKind::Providers);
    list.opened().await;
    report.opened().await;
    let call = Call::ListOpenIDConnectProviders;
    let seen = match client.list_open_id_connect_providers().send().await {
        Ok(answer) => {
            let seen = list
                .facts(|context| {
                    for it in answer.open_id_connect_provider_list() {
                        take(context, "OpenIDConnectProviderList", it.arn(), ProviderListIn { arn: name(it.arn()) });
                    }
                })
                .await;
            list.listed(String::new()).await;
            seen
        }
        Err(error) => {
            let refusal = Refusal::of(&error, &account.session.login);
            list.failed(&refusal, call).await;
            return report.failed(&refusal, call).await;
        }
    };
    let mut described = pages::Described::new(&mut report, Call::GetOpenIDConnectProvider);
    for arn in &seen.names {
        let answer = client.get_open_id_connect_provider().open_id_connect_provider_arn(arn.as_str()).send().await;
        match answer {
            Ok(it) => {
                let provider = ProviderIn {
                    arn: arn.clone(),
                    url: name(it.url()),
                    client_ids: Items(it.client_id_list().iter().map(|id| id.as_str().into()).collect()),
                    created: time(it.create_date()),
                };
                described.read(|context| take(context, "", Some(arn.as_str()), provider)).await;
            }
            Err(error) => {
                if described.refused(arn, Refusal::of(&error, &account.session.login)).await.is_break() {
                    break;
                }
            }
        }
    }
    described.finish(None).await;
}

pub async fn instance_profiles(account: &Account, client: &Client) {
    let mut report = account.report(SourceKind::InstanceProfiles);
    report.opened().await;
    let mut tokens = Tokens::default();
    loop {
        let mut request = client.list_instance_profiles().max_items(PAGE);
        if let Some(marker) = tokens.last() {
            request = request.marker(marker);
        }
        let page = match request.send().await {
            Ok(page) => page,
            Err(error) => {
                let refusal = Refusal::of(&error, &account.session.login);
                return report.failed(&refusal, Call::ListInstanceProfiles).await;
            }
        };
        report
            .facts(|context| {
                for it in page.instance_profiles() {
                    let profile = InstanceProfileIn {
                        name: it.instance_profile_name().into(),
                        arn: it.arn().into(),
                        roles: Items(it.roles().iter().map(|role| ProfileRoleIn { arn: role.arn().into() }).collect()),
                    };
                    take(context, "InstanceProfiles", Some(it.arn()), profile);
                }
            })
            .await;
        match tokens.next(page.marker().filter(|_| page.is_truncated())) {
            pages::Next::Page => {}
            pages::Next::End => return report.listed(String::new()).await,
            pages::Next::Again => return report.listed(pages::AGAIN.to_owned()).await,
        }
    }
}

/// Turns a record into facts; what is wrong with it becomes a loss.
fn take<'a>(context: &mut Context<'_>, list: &str, arn: Option<&str>, record: impl Record<'a>) {
    if let Err(Problem { path, found, expected, .. }) = record.take(context, Origin::default()) {
        let dot = if list.is_empty() || path.is_empty() { "" } else { "." };
        let (path, object) = (format!("{list}{dot}{path}"), arn.unwrap_or_default().to_owned());
        context.lose(Loss { file: Name::default(), path, line: 0, column: 0, object, found, expected });
    }
}

fn role(it: &sdk::RoleDetail) -> RoleIn<'_> {
    RoleIn {
        name: name(it.role_name()),
        path: name(it.path()),
        arn: name(it.arn()),
        id: name(it.role_id()),
        created: time(it.create_date()),
        trust: document(it.assume_role_policy_document()),
        inline: inline(it.role_policy_list()),
        attached: attached(it.attached_managed_policies()),
        boundary: boundary(it.permissions_boundary()),
        last_used: it
            .role_last_used()
            .map(|used| LastUsedIn { at: time(used.last_used_date()), region: name(used.region()) }),
        // Not among the details of an account.
        max_session: None,
        tags: tags(it.tags()),
        profiles: Items(
            it.instance_profile_list()
                .iter()
                .map(|profile| ProfileNameIn { name: profile.instance_profile_name().into() })
                .collect(),
        ),
    }
}

fn user(it: &sdk::UserDetail) -> UserIn<'_> {
    UserIn {
        name: name(it.user_name()),
        path: name(it.path()),
        arn: name(it.arn()),
        id: name(it.user_id()),
        created: time(it.create_date()),
        inline: inline(it.user_policy_list()),
        attached: attached(it.attached_managed_policies()),
        groups: Items(it.group_list().iter().map(|group| group.as_str().into()).collect()),
        boundary: boundary(it.permissions_boundary()),
        tags: tags(it.tags()),
    }
}

fn group(it: &sdk::GroupDetail) -> GroupIn<'_> {
    GroupIn {
        name: name(it.group_name()),
        path: name(it.path()),
        arn: name(it.arn()),
        id: name(it.group_id()),
        inline: inline(it.group_policy_list()),
        attached: attached(it.attached_managed_policies()),
    }
}

fn policy(it: &sdk::ManagedPolicyDetail) -> PolicyIn<'_> {
    let version = |version: &'_ sdk::PolicyVersion| (name(version.version_id()), time(version.create_date()));
    PolicyIn {
        name: name(it.policy_name()),
        path: name(it.path()),
        arn: name(it.arn()),
        default_version: name(it.default_version_id()),
        versions: Items(
            it.policy_version_list()
                .iter()
                .map(|it| {
                    let (id, created) = version(it);
                    let (document, is_default) = (document(it.document()), it.is_default_version());
                    VersionIn { id, document, is_default, created }
                })
                .collect(),
        ),
        attachments: it.attachment_count().map(i64::from),
        created: time(it.create_date()),
        updated: time(it.update_date()),
    }
}

fn name(text: Option<&str>) -> Name {
    text.unwrap_or_default().into()
}

/// The client hands documents over as they come over the wire, percent-encoded.
fn document(text: Option<&str>) -> Document<'_> {
    text.map_or(Document::Absent, Document::Text)
}

fn time(time: Option<&DateTime>) -> Time {
    Time(time.and_then(|it| Timestamp::new(it.secs(), i32::try_from(it.subsec_nanos()).ok()?).ok()))
}

fn inline(policies: &[sdk::PolicyDetail]) -> Items<InlineIn<'_>> {
    let one =
        |it| InlineIn { name: name(sdk::PolicyDetail::policy_name(it)), document: document(it.policy_document()) };
    Items(policies.iter().map(one).collect())
}

fn attached(policies: &[sdk::AttachedPolicy]) -> Items<AttachedIn> {
    Items(policies.iter().map(|it| AttachedIn { arn: name(it.policy_arn()) }).collect())
}

fn boundary(boundary: Option<&sdk::AttachedPermissionsBoundary>) -> BoundaryIn {
    BoundaryIn { arn: name(boundary.and_then(|it| it.permissions_boundary_arn())) }
}

fn tags(tags: &[sdk::Tag]) -> Items<TagIn> {
    Items(tags.iter().map(|it| TagIn { key: it.key().into(), value: it.value().into() }).collect())
}
