//! Tests of summaries of access.

use super::*;
use crate::iam::document::DocumentKind;
use crate::iam::parse;
use crate::iam::policies::Level as ScpLevel;

fn policy(kind: DocumentKind, statements: &str) -> Policy {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    Policy { name: Name::new("p"), document: Arc::new(parse(&text, kind).0) }
}

fn identity(statements: &str) -> Policies {
    Policies { identity: vec![policy(DocumentKind::Identity, statements)], ..Policies::default() }
}

/// The summary, by whichever way it takes; the rows must say the same.
fn access(policies: &Policies) -> Access {
    let catalogue = Catalogue::bundled();
    let role = Principal::parse("arn:aws:iam::111122223333:role/app").unwrap();
    let summaries = Summaries::new(catalogue, policies.iter().map(|(.., it)| &it.document));
    let context = Context::open();
    let whole = !policies.iter().any(|(.., it)| is_damaged(&it.document));
    if whole && let Some(fast) = summaries.by_actions(&role, policies, &context) {
        assert_eq!(fast, summaries.by_rows(&role, policies, &context));
    }
    summaries.access(&role, policies, &context)
}

fn letters(statements: &str) -> String {
    access(&identity(statements)).to_string()
}

#[test]
fn levels_are_letters_by_service() {
    assert_eq!(
        letters(r#"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:ListBucket"],"Resource":"*"}"#),
        "s3 LRW"
    );
    assert_eq!(letters(r#"{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}"#), "kms W");
    assert_eq!(letters(r#"{"Effect":"Allow","Action":"iam:AttachRolePolicy","Resource":"*"}"#), "iam P");
    assert_eq!(letters(""), "");
    let json =
        serde_json::to_string(&access(&identity(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#)))
            .unwrap();
    assert_eq!(json, r#"{"s3":"R"}"#);
}

#[test]
fn everything_is_a_star() {
    let all = access(&identity(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#));
    assert!(all.everything);
    assert_eq!(serde_json::to_string(&all).unwrap(), r#"{"*":"LRWTP"}"#);
    let power = access(&identity(r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#));
    assert!(!power.everything && !power.services.contains_key("iam") && power.services.len() > 400);
    let but_one = access(&identity(
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}"#,
    ));
    assert!(!but_one.everything && but_one.services.contains_key("iam"));
}

#[test]
fn a_service_outside_the_catalogue_is_a_question_mark() {
    assert_eq!(
        letters(r#"{"Effect":"Allow","Action":["nosuch:Thing","s3:GetObject"],"Resource":"*"}"#),
        "nosuch ?, s3 R"
    );
}

#[test]
fn a_grant_that_nothing_can_use_does_not_count() {
    // No resource type, and a narrower resource than `*` (rule W9).
    assert_eq!(
        letters(r#"{"Effect":"Allow","Action":"ec2:DescribeInstances","Resource":"arn:aws:ec2:*:*:instance/*"}"#),
        ""
    );
    assert_eq!(letters(r#"{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"arn:aws:s3:::*"}"#), "s3 L");
    // An ARN that no resource type of the action has (rule S8).
    assert_eq!(letters(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:sqs:*:*:*"}"#), "");
    assert_eq!(letters(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#), "s3 R");
}

#[test]
fn denies_boundaries_and_scps_take_letters_away() {
    assert_eq!(
        letters(
            r#"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"},{"Effect":"Deny","Action":"s3:Put*","Resource":"*"}"#
        ),
        "s3 R"
    );
    assert_eq!(
        letters(
            r#"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/*"},
               {"Effect":"Deny","Action":"s3:Put*","Resource":"arn:aws:s3:::b*"}"#
        ),
        "s3 R"
    );
    let mut policies =
        identity(r#"{"Effect":"Allow","Action":["s3:GetObject","sqs:SendMessage","kms:Decrypt"],"Resource":"*"}"#);
    policies.boundary =
        Some(policy(DocumentKind::Boundary, r#"{"Effect":"Allow","Action":["s3:*","sqs:*"],"Resource":"*"}"#));
    assert_eq!(access(&policies).to_string(), "s3 R, sqs W");
    let scp = policy(DocumentKind::Scp, r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
    policies.scps = vec![ScpLevel { name: Name::new("root"), policies: vec![scp] }];
    assert_eq!(access(&policies).to_string(), "s3 R");
}

#[test]
fn a_condition_that_may_hold_counts() {
    assert_eq!(
        letters(
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#
        ),
        "s3 R"
    );
    assert_eq!(
        letters(
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"a"}}},
               {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"a"}}}"#
        ),
        ""
    );
}

#[test]
fn what_cannot_be_read_is_left_out_and_said() {
    let mut policies = identity(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#);
    policies
        .identity
        .push(Policy { name: Name::new("x"), document: Arc::new(parse("oops", DocumentKind::Identity).0) });
    let access = access(&policies);
    assert_eq!((access.to_string().as_str(), access.incomplete), ("s3 R", true));
}

#[test]
fn sets_of_actions_give_what_the_rows_give() {
    let catalogue = crate::iam::permissions::agreement::small();
    let mut dice = crate::iam::permissions::agreement::Dice(7);
    let mut compared = 0;
    while compared < 150 {
        let line = crate::iam::permissions::agreement::line(&mut dice);
        let subject = crate::iam::case::permissions::subject(&line.replace("CONTEXT", "{}")).unwrap();
        let policies = &subject.policies;
        if policies.iter().any(|(.., it)| is_damaged(&it.document)) {
            continue;
        }
        let summaries = Summaries::new(&catalogue, policies.iter().map(|(.., it)| &it.document));
        if let Some(fast) = summaries.by_actions(&subject.principal, policies, &subject.context) {
            let slow = summaries.by_rows(&subject.principal, policies, &subject.context);
            // The rows also name services that only `*` reaches.
            let known = |access: Access| -> Vec<_> {
                access.services.into_iter().filter(|(_, levels)| levels.is_some()).collect()
            };
            assert_eq!(fast.everything, slow.everything, "{line}");
            assert_eq!(known(fast), known(slow), "{line}");
            compared += 1;
        }
    }
}
