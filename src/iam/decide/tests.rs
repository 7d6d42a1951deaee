//! Tests of decisions that need a document of unusual size or shape.

use super::*;
use crate::iam::principal::Principal;
use crate::iam::{DocumentKind, Level, parse};

fn policy(kind: DocumentKind, text: &str) -> Policy {
    Policy { name: "p".into(), document: Arc::new(parse(text, kind).0) }
}

fn request() -> Request {
    let role = Principal::parse("arn:aws:iam::111122223333:role/app").expect("a role");
    Request::new(role, "s3:GetObject", "arn:aws:s3:::b/k")
}

#[test]
fn a_document_far_beyond_every_quota_is_decided() {
    let statements: Vec<String> = (0..1_000)
        .map(|index| {
            format!(
                r#"{{"Effect":"{}","Action":"s3:*","Resource":"*","Condition":{{"StringEquals":{{"aws:PrincipalTag/t{index}":"${{aws:username}}"}}}}}}"#,
                if index % 2 == 0 { "Allow" } else { "Deny" }
            )
        })
        .collect();
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
    let policies = Policies { identity: vec![policy(DocumentKind::Identity, &text)], ..Policies::default() };
    let answer = decide(&request(), &policies);
    assert_eq!(answer.decision, Decision::Depends);
    assert_eq!(answer.residual.keys().len(), 1_001);
}

#[test]
fn a_broken_guardrail_makes_an_error_only_where_it_matters() {
    let allow = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
    let broken = r#"{"Statement":[{"Effect":"Deny","Action":"ec2:*","Resource":"*","Condition":{"Bul":{"k":"true"}}},
        {"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let mut policies = Policies {
        identity: vec![policy(DocumentKind::Identity, allow)],
        scps: vec![Level { name: "root".into(), policies: vec![policy(DocumentKind::Scp, broken)] }],
        ..Policies::default()
    };
    assert_eq!(decide(&request(), &policies).decision, Decision::Allowed);
    policies.scps[0].policies[0] = policy(DocumentKind::Scp, &broken.replace("ec2:", "s3:"));
    assert_eq!(decide(&request(), &policies).decision, Decision::Error);
}
