//! Organizations: which service and resource control policies stand over an account, as far as it may be read.

use crate::base::Name;
use crate::model::call::Call;
use crate::model::source::SourceKind;

use super::account::Account;
use super::eks::merged;
use super::pages::{self, Described, List};
use super::refusal::{Cause, Refusal};
use super::report::{Report, Seen};
use super::wire::Request;

const KINDS: &[SourceKind] = &[
    SourceKind::TargetPolicies,
    SourceKind::TargetPoliciesByTarget,
    SourceKind::Parents,
    SourceKind::OrganizationPolicies,
];

const SERVICE_CONTROL: &str = "SERVICE_CONTROL_POLICY";
const RESOURCE_CONTROL: &str = "RESOURCE_CONTROL_POLICY";

/// An organisation is at most five units deep; what goes on further goes in a circle.
const DEEPEST: usize = 10;

pub async fn policies(account: &Account) {
    for kind in KINDS {
        account.report(*kind).opened().await;
    }
    let mut direct = account.report(SourceKind::TargetPolicies);
    let list = match attached(account, &account.id, SERVICE_CONTROL).await {
        Ok(answer) => {
            let (seen, _) = direct.json(answer.to_string().as_bytes()).await;
            direct.listed(String::new()).await;
            List { seen, broken: None }
        }
        Err(refusal) if refusal.cause == Cause::NoOrganization => {
            // Nothing stands over an account that is in no organisation, and that is an answer.
            for kind in KINDS {
                account.report(*kind).listed(String::new()).await;
            }
            return;
        }
        Err(refusal) => {
            direct.failed(&refusal, Call::ListPoliciesForTarget).await;
            List { seen: Seen::default(), broken: Some(refusal) }
        }
    };
    let targets = parents(account).await;
    let by_target = by_target(account, targets, list.broken.as_ref()).await;
    let mut all = list;
    all.seen.add(by_target.seen);
    all.seen.names.sort();
    all.seen.names.dedup();
    all.broken = all.broken.or(by_target.broken);
    let call = Call::DescribePolicy;
    let mut report = account.report(SourceKind::OrganizationPolicies);
    let request = |id: &Name| Request::post(call, json(&[("PolicyId", id)]));
    pages::describe(account, &mut report, (Call::ListPoliciesForTarget, call), &all, request).await;
}

fn json(members: &[(&str, &str)]) -> String {
    let members = members.iter().filter(|(_, value)| !value.is_empty());
    serde_json::Value::from_iter(members.map(|(name, value)| ((*name).to_owned(), *value))).to_string()
}

async fn attached(account: &Account, target: &str, kind: &str) -> Result<serde_json::Value, Refusal> {
    let call = Call::ListPoliciesForTarget;
    let request =
        |token: &str| Request::post(call, json(&[("TargetId", target), ("Filter", kind), ("NextToken", token)]));
    merged(account, "Policies", request).await
}

/// From the account up to the root. Gives the account and everything above it, and whether the root was reached.
async fn parents(account: &Account) -> List {
    let call = Call::ListParents;
    let mut report = account.report(SourceKind::Parents);
    let mut chain = List::default();
    chain.seen.names.push(account.id.clone());
    while chain.seen.names.len() <= DEEPEST {
        let child = chain.seen.names.last().cloned().unwrap_or_default();
        if child.starts_with("r-") {
            break;
        }
        let request = |token: &str| Request::post(call, json(&[("ChildId", &child), ("NextToken", token)]));
        let mut answer = match merged(account, "Parents", request).await {
            Ok(answer) => answer,
            Err(refusal) => {
                report.failed(&refusal, call).await;
                chain.broken = Some(refusal);
                return chain;
            }
        };
        answer["ChildId"] = child.as_str().into();
        let (seen, _) = report.json(answer.to_string().as_bytes()).await;
        match seen.names.into_iter().next() {
            Some(parent) if !chain.seen.names.contains(&parent) => chain.seen.names.push(parent),
            _ => break,
        }
    }
    report.listed(String::new()).await;
    chain
}

/// The policies of every level, of both kinds.
async fn by_target(account: &Account, targets: List, refused: Option<&Refusal>) -> List {
    let call = Call::ListPoliciesForTarget;
    let mut report: Report = account.report(SourceKind::TargetPoliciesByTarget);
    if let Some(refusal) = refused {
        report.failed(refusal, call).await;
        return List { seen: Seen::default(), broken: Some(refusal.clone()) };
    }
    let mut seen = Seen::default();
    let mut described = Described::new(&mut report, call);
    let questions = targets.seen.names.iter().flat_map(|it| [SERVICE_CONTROL, RESOURCE_CONTROL].map(|kind| (it, kind)));
    for (target, kind) in questions {
        match attached(account, target, kind).await {
            Ok(mut answer) => {
                answer["TargetId"] = target.as_str().into();
                seen.add(described.json(answer.to_string().as_bytes()).await);
            }
            Err(refusal) => {
                if described.refused(target, refusal).await.is_break() {
                    break;
                }
            }
        }
    }
    described.finish(targets.broken.as_ref()).await;
    List { seen, broken: targets.broken }
}
