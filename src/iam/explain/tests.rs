//! Tests of explanations.

use std::sync::Arc;

use super::*;
use crate::iam::{Context, DocumentKind, Failed, Principal, parse};

fn policy(name: &str, kind: DocumentKind, text: &str) -> Policy {
    let (document, issues) = parse(text, kind);
    assert!(issues.is_empty(), "{issues:?}");
    Policy { name: name.into(), document: Arc::new(document) }
}

fn ask(policies: &Policies, unread: Unread) -> Explanation {
    let role = Principal::parse("arn:aws:iam::111122223333:role/app").expect("a role");
    let request =
        Request::new(role, "s3:GetObject", "arn:aws:s3:::acme-invoices/2026/02/118.pdf").in_context(Context::open());
    explain(&request, policies, Facts::default(), unread)
}

fn results(explanation: &Explanation) -> Vec<String> {
    explanation.steps.iter().map(|step| format!("{} {}", step.kind.as_str(), step.result.as_str())).collect()
}

fn invoices() -> Policies {
    Policies {
        identity: vec![
            policy(
                "ec2",
                DocumentKind::Identity,
                r#"{"Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}"#,
            ),
            policy(
                "payments-api-read",
                DocumentKind::Identity,
                "{\"Statement\":[\n{\"Sid\":\"Put\",\"Effect\":\"Allow\",\"Action\":\"s3:PutObject\",\"Resource\":\"*\"},\n{\"Sid\":\"ReadInvoices\",\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\n \"Resource\":\"arn:aws:s3:::acme-invoices\"}]}",
            ),
        ],
        boundary: Some(policy(
            "acme-dev",
            DocumentKind::Boundary,
            r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#,
        )),
        ..Policies::default()
    }
}

#[test]
fn a_missing_object_arn_is_the_nearest_miss() {
    let policies = invoices();
    let explanation = ask(&policies, Unread { scps: true, rcps: true, ..Unread::default() });
    assert_eq!(explanation.answer.decision, Decision::ImplicitDeny);
    assert!(explanation.certain, "SCPs could only deny more");
    assert_eq!(
        results(&explanation),
        [
            "explicit-deny none",
            "scp unread",
            "rcp unread",
            "resource none",
            "identity silent",
            "boundary allow",
            "session none",
            "kms not-reached"
        ]
    );
    let nearest = explanation.nearest.expect("a nearest miss");
    assert_eq!((nearest.source.policy.as_str(), nearest.source.statement), ("payments-api-read", 1));
    assert_eq!(nearest.failed, Failed::Resource);
    assert_eq!(nearest.expected, ["arn:aws:s3:::acme-invoices"]);
    assert_eq!(nearest.actual, "arn:aws:s3:::acme-invoices/2026/02/118.pdf");
    assert_eq!(policies.identity[1].document.lines(nearest.statement), 3..=4);
}

#[test]
fn an_unread_resource_policy_could_still_allow() {
    let explanation = ask(&invoices(), Unread { resource: true, ..Unread::default() });
    assert!(!explanation.certain);
    assert_eq!(explanation.unread, ["resource policy"]);
}

#[test]
fn a_deny_is_found_first_and_needs_no_nearest_miss() {
    let mut policies = invoices();
    policies.identity.push(policy(
        "deny",
        DocumentKind::Identity,
        r#"{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#,
    ));
    let explanation = ask(&policies, Unread { scps: true, ..Unread::default() });
    assert_eq!((explanation.answer.decision, explanation.certain), (Decision::ExplicitDeny, true));
    assert_eq!(explanation.steps[0].result, StepResult::Deny);
    assert_eq!(explanation.nearest, None);
}

#[test]
fn an_open_condition_names_its_key() {
    let mut policies = Policies::default();
    policies.identity.push(policy(
        "p",
        DocumentKind::Identity,
        r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}}"#,
    ));
    let explanation = ask(&policies, Unread::default());
    assert_eq!(explanation.answer.decision, Decision::Depends);
    let nearest = explanation.nearest.as_ref().expect("the open statement");
    assert_eq!((nearest.actual.as_str(), nearest.truth), ("not known", Truth::Unknown));
    assert_eq!(results(&explanation)[4], "identity cond");
}
