//! EC2: the instances of a region, for their profile and the options of their metadata service.

use crate::model::call::Call;
use crate::model::coverage::Loss;
use crate::model::source::SourceKind;

use super::account::Account;
use super::pages::{AGAIN, Next, Tokens};
use super::refusal::{Cause, Refusal};
use super::report::Spot;
use super::wire::{Request, form};
use super::xml;

/// The most that EC2 gives at a time.
const PAGE: &str = "1000";

const VERSION: &str = "2016-11-15";

pub async fn instances(account: &Account, region: &Spot) {
    let call = Call::DescribeInstances;
    let mut report = account.report_at(region, SourceKind::Instances);
    let account = account.in_region(&region.region);
    report.opened().await;
    let mut tokens = Tokens::default();
    loop {
        let token = tokens.last().unwrap_or_default();
        let body = form(&[("Action", call.name()), ("Version", VERSION), ("MaxResults", PAGE), ("NextToken", token)]);
        let page = account.ask(Request::post(call, body)).await.and_then(|answer| {
            let odd = |found| Refusal::new(Cause::NotUnderstood, format!("the service answered with {found}"));
            xml::instances(&answer.0).map_err(odd)
        });
        let page = match page {
            Ok(page) => page,
            Err(refusal) => return report.failed(&refusal, call).await,
        };
        let next = page.next;
        report
            .facts(|context| {
                for instance in page.instances {
                    if let Err(problem) = instance.take(context) {
                        let (found, expected) = (problem.found, problem.expected);
                        let (path, object) = (problem.path, String::new());
                        context.lose(Loss { file: "".into(), path, line: 0, column: 0, object, found, expected });
                    }
                }
            })
            .await;
        match tokens.next(next.as_deref()) {
            Next::Page => {}
            Next::End => return report.listed(String::new()).await,
            Next::Again => return report.listed(AGAIN.to_owned()).await,
        }
    }
}
