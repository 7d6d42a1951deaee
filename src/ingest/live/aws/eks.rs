//! EKS: clusters, and of each one associations, access entries with their policies, node groups, Fargate profiles and
//! add-ons (API reference of Amazon EKS; the answers are what the AWS CLI prints).

use futures_util::StreamExt as _;
use futures_util::future::join5;
use serde_json::Value;

use crate::base::Name;
use crate::model::call::Call;
use crate::model::source::SourceKind;

use super::account::Account;
use super::pages::{self, List};
use super::refusal::{Cause, Refusal};
use super::report::{Report, Spot};
use super::wire::{Request, encode};

/// The most that EKS gives at a time.
const PAGE: &str = "100";

fn page(token: &str) -> [(&'static str, &str); 2] {
    [("maxResults", PAGE), ("nextToken", token)]
}

/// The clusters of a region.
pub async fn clusters(account: &Account, region: &Spot) -> List {
    let mut report = account.report_at(region, SourceKind::ClusterList);
    let region = account.in_region(&region.region);
    let call = Call::ListClusters;
    report.opened().await;
    pages::list(&region, &mut report, call, |token| Request::get(call, "/clusters".to_owned(), &page(token))).await
}

/// One cluster with everything that EKS knows about it.
pub async fn cluster(account: &Account, spot: &Spot, name: &Name) {
    let account = &account.in_region(&spot.region);
    let at = Cluster { account, spot, path: format!("/clusters/{}", encode(name)) };
    for kind in KINDS {
        account.report_at(spot, *kind).opened().await;
    }
    let mode = at.description().await;
    let entries = async {
        // AWS answers the question with an error where the mode has no access entries: there are none.
        if mode.as_deref() == Some("CONFIG_MAP") {
            for kind in [SourceKind::AccessEntryList, SourceKind::AccessEntries, SourceKind::AccessPolicies] {
                account.report_at(spot, kind).listed(String::new()).await;
            }
            return;
        }
        let list = at
            .pair(
                (SourceKind::AccessEntryList, Call::ListAccessEntries),
                (SourceKind::AccessEntries, Call::DescribeAccessEntry),
                "access-entries",
            )
            .await;
        at.access_policies(&list).await;
    };
    let associations = at.pair(
        (SourceKind::AssociationList, Call::ListPodIdentityAssociations),
        (SourceKind::Associations, Call::DescribePodIdentityAssociation),
        "pod-identity-associations",
    );
    let nodegroups = at.pair(
        (SourceKind::NodegroupList, Call::ListNodegroups),
        (SourceKind::Nodegroups, Call::DescribeNodegroup),
        "node-groups",
    );
    let fargate = at.pair(
        (SourceKind::FargateProfileList, Call::ListFargateProfiles),
        (SourceKind::FargateProfiles, Call::DescribeFargateProfile),
        "fargate-profiles",
    );
    let mut addons = account.report_at(spot, SourceKind::Addons);
    let addons = at.list(&mut addons, Call::ListAddons, "addons");
    join5(entries, associations, nodegroups, fargate, addons).await;
}

/// The sources of a cluster that EKS answers.
pub const KINDS: &[SourceKind] = &[
    SourceKind::Cluster,
    SourceKind::AssociationList,
    SourceKind::Associations,
    SourceKind::AccessEntryList,
    SourceKind::AccessEntries,
    SourceKind::AccessPolicies,
    SourceKind::NodegroupList,
    SourceKind::Nodegroups,
    SourceKind::FargateProfileList,
    SourceKind::FargateProfiles,
    SourceKind::Addons,
];

struct Cluster<'a> {
    account: &'a Account,
    spot: &'a Spot,
    path: String,
}

impl Cluster<'_> {
    /// `describe-cluster`; gives the authentication mode.
    async fn description(&self) -> Option<Name> {
        let mut report = self.account.report_at(self.spot, SourceKind::Cluster);
        let call = Call::DescribeCluster;
        match self.account.ask(Request::get(call, self.path.clone(), &[])).await {
            Ok(answer) => {
                let (seen, _) = report.json(&answer.0).await;
                report.listed(String::new()).await;
                seen.authentication_mode
            }
            Err(refusal) => {
                report.failed(&refusal, call).await;
                None
            }
        }
    }

    async fn list(&self, report: &mut Report, call: Call, part: &str) -> List {
        let path = format!("{}/{part}", self.path);
        pages::list(self.account, report, call, |token| Request::get(call, path.clone(), &page(token))).await
    }

    /// A list and the description of each thing in it.
    async fn pair(&self, list: (SourceKind, Call), each: (SourceKind, Call), part: &str) -> List {
        let mut report = self.account.report_at(self.spot, list.0);
        let found = self.list(&mut report, list.1, part).await;
        let mut report = self.account.report_at(self.spot, each.0);
        let request = |name: &Name| Request::get(each.1, format!("{}/{part}/{}", self.path, encode(name)), &[]);
        pages::describe(self.account, &mut report, (list.1, each.1), &found, request).await;
        found
    }

    /// The access policies of each principal. Their pages are put together: one principal, one answer.
    async fn access_policies(&self, list: &List) {
        let call = Call::ListAssociatedAccessPolicies;
        let mut report = self.account.report_at(self.spot, SourceKind::AccessPolicies);
        if let (Some(refusal), true) = (&list.broken, list.seen.names.is_empty()) {
            return report.failed(refusal, Call::ListAccessEntries).await;
        }
        let mut described = pages::Described::new(&mut report, call);
        let ask = |principal: Name| async move {
            let path = format!("{}/access-entries/{}/access-policies", self.path, encode(&principal));
            let request = |token: &str| Request::get(call, path.clone(), &page(token));
            let answer = merged(self.account, "associatedAccessPolicies", request).await;
            (principal, answer)
        };
        let mut answers = pages::in_order(list.seen.names.iter().cloned(), ask);
        while let Some((principal, answer)) = answers.next().await {
            match answer {
                Ok(mut answer) => {
                    answer["principalArn"] = principal.as_str().into();
                    described.json(answer.to_string().as_bytes()).await;
                }
                Err(refusal) => {
                    if described.refused(&principal, refusal).await.is_break() {
                        break;
                    }
                }
            }
        }
        drop(answers);
        described.finish(list.broken.as_ref()).await;
    }
}

/// All pages of an answer as one: the lists under `member` joined.
pub async fn merged(account: &Account, member: &str, request: impl Fn(&str) -> Request) -> Result<Value, Refusal> {
    let mut whole: Option<Value> = None;
    let mut tokens = pages::Tokens::default();
    loop {
        let answer = account.ask(request(tokens.last().unwrap_or_default())).await?;
        let odd = || Refusal::new(Cause::NotUnderstood, "the answer could not be read");
        let mut page: Value = serde_json::from_slice(&answer.0).map_err(|_| odd())?;
        let object = page.as_object_mut().ok_or_else(odd)?;
        object.remove("nextToken");
        object.remove("NextToken");
        match (&mut whole, object.get_mut(member).map(Value::take)) {
            (Some(whole), Some(Value::Array(items))) => {
                if let Some(all) = whole[member].as_array_mut() {
                    all.extend(items);
                }
            }
            (Some(_), _) => return Err(odd()),
            (None, list) => {
                if !matches!(list, Some(Value::Array(_))) {
                    return Err(odd());
                }
                object.insert(member.to_owned(), list.unwrap_or_default());
                whole = Some(page);
            }
        }
        match tokens.next(pages::next_token(&answer.0).as_deref()) {
            pages::Next::Page => {}
            pages::Next::End => return whole.ok_or_else(odd),
            pages::Next::Again => return Err(Refusal::new(Cause::NotUnderstood, pages::AGAIN)),
        }
    }
}
