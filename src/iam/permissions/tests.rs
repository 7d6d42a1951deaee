//! What comes out for small policies, row by row.

use std::sync::Arc;

use expect_test::{Expect, expect};

use crate::base::Name;
use crate::iam::catalogue::Catalogue;
use crate::iam::document::DocumentKind;
use crate::iam::parse;
use crate::iam::permissions::notation::notation;
use crate::iam::permissions::{Permissions, permissions};
use crate::iam::policies::{Level, Policies, Policy};
use crate::iam::principal::Principal;
use crate::iam::request::Context;

pub(super) fn policy(name: &str, kind: DocumentKind, statements: &str) -> Policy {
    let text = if statements.starts_with('{') || statements.is_empty() {
        format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
    } else {
        statements.to_owned()
    };
    Policy { name: Name::new(name), document: Arc::new(parse(&text, kind).0) }
}

fn role() -> Principal {
    Principal::parse("arn:aws:iam::111122223333:role/app").unwrap()
}

fn show(permissions: &Permissions) -> String {
    let catalogue = Catalogue::bundled();
    let list = |items: &[String]| {
        if items.len() > 8 {
            format!("{} ... {} ({})", items[0], items[items.len() - 1], items.len())
        } else {
            items.join(" ")
        }
    };
    let mut out = String::new();
    for row in &permissions.rows {
        let notation = notation(catalogue, &row.actions);
        out += &format!("{} | {}", row.status().as_str(), list(&notation.exact));
        if let Some(loose) = &notation.loose {
            out += &format!(" ~{} minus {}", list(&loose.within), list(&loose.except));
        }
        out += &format!(" | {}", row.resources.any_of().iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
        if !row.resources.except().is_empty() {
            out += &format!(
                " except {}",
                row.resources.except().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            );
        }
        let keys = permissions.keys(row);
        if !keys.is_empty() {
            out += &format!(" | {}", keys.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(" "));
        }
        for mark in &row.marks {
            out += &format!(" | {}", mark.text());
        }
        out.push('\n');
    }
    out
}

fn of(policies: &Policies) -> String {
    show(&permissions(Catalogue::bundled(), &role(), policies, &Context::open()))
}

fn identity(statements: &str) -> Policies {
    Policies { identity: vec![policy("p", DocumentKind::Identity, statements)], ..Policies::default() }
}

fn check(policies: &Policies, rows: Expect) {
    rows.assert_eq(&of(policies));
}

#[test]
fn a_grant_is_one_row() {
    check(
        &identity(r#"{"Effect":"Allow","Action":["s3:GetObject","s3:Put*"],"Resource":"arn:aws:s3:::b/*"}"#),
        expect![[r#"
            exact | s3:GetObject s3:Put* | arn:aws:s3:::b/*
            exact | sts:GetCallerIdentity | *
        "#]],
    );
}

#[test]
fn a_denied_prefix_becomes_an_exception() {
    check(
        &identity(
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},
               {"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/secret/*"}"#,
        ),
        expect![[r#"
            exact | s3:GetObject | arn:aws:s3:::b/* except arn:aws:s3:::b/secret/*
            exact | sts:GetCallerIdentity | *
        "#]],
    );
}

#[test]
fn everything_but_one_service() {
    check(
        &identity(r#"{"Effect":"Allow","NotAction":["iam:*","s3:Get*"],"Resource":"*"}"#),
        expect![[r#"
            exact | a2c:* ... xray:* (489) ~* minus iam:* ... sts:TagSession (54) | *
            unknown | kms:CancelKeyDeletion ... kms:VerifyMac (47) | * | the key policy was not supplied
            unknown | sts:AssumeRole sts:AssumeRoleWithSAML sts:AssumeRoleWithWebIdentity sts:SetSourceIdentity sts:TagSession | * | the trust policy of the role was not supplied
        "#]],
    );
}

#[test]
fn a_boundary_cuts_actions_and_resources() {
    let mut policies = identity(r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::*-logs/*"}"#);
    policies.boundary = Some(policy(
        "pb",
        DocumentKind::Boundary,
        r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::prod-*"}"#,
    ));
    check(
        &policies,
        expect![[r#"
            exact | s3:Get* | arn:aws:s3:::prod-logs/* arn:aws:s3:::prod-*-logs/*
            exact | sts:GetCallerIdentity | *
        "#]],
    );
}

#[test]
fn a_conditional_deny_splits_the_row() {
    check(
        &identity(
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},
               {"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#,
        ),
        expect![[r#"
            exact | s3:GetObject | * except arn:aws:s3:::b/*
            conditional | s3:GetObject | arn:aws:s3:::b/* | aws:securetransport
            exact | sts:GetCallerIdentity | *
        "#]],
    );
}

#[test]
fn an_scp_level_without_an_allow_leaves_nothing() {
    let mut policies = identity(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#);
    policies.scps = vec![Level { name: Name::new("root"), policies: Vec::new() }];
    check(
        &policies,
        expect![[r#"
        exact | sts:GetCallerIdentity | *
    "#]],
    );
}

#[test]
fn an_unknown_variable_becomes_a_star_and_is_marked() {
    check(
        &identity(
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}/*"}"#,
        ),
        expect![[r#"
            approximated | s3:GetObject | arn:aws:s3:::b/*/* | aws:principaltag/team | the value of aws:principaltag/team is not known
            exact | sts:GetCallerIdentity | *
        "#]],
    );
}

#[test]
fn a_list_action_on_a_covering_pattern_may_count() {
    check(
        &identity(r#"{"Effect":"Allow","Action":["s3:ListAllMyBuckets","s3:GetObject"],"Resource":"arn:aws:s3:::*"}"#),
        expect![[r#"
            exact | s3:GetObject s3:ListAllMyBuckets | arn:aws:s3:::*
            approximated | s3:ListAllMyBuckets | * | the action takes only `*` as its resource; the pattern covers the whole service
            exact | sts:GetCallerIdentity | *
        "#]],
    );
}

#[test]
fn an_unreadable_document_may_allow_and_deny_anything() {
    let mut policies = identity(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}"#);
    policies.identity.push(policy("broken", DocumentKind::Identity, "oops"));
    check(
        &policies,
        expect![[r#"
            unknown | a2c:* ... xray:* (476) ~* minus kms:CancelKeyDeletion ... sts:TagSession (53) | * | the identity policy `broken` could not be read
            unknown | kms:CancelKeyDeletion ... kms:VerifyMac (47) | * | the identity policy `broken` could not be read | the key policy was not supplied
            unknown | sts:AssumeRole sts:AssumeRoleWithSAML sts:AssumeRoleWithWebIdentity sts:SetSourceIdentity sts:TagSession | * | the identity policy `broken` could not be read | the trust policy of the role was not supplied
            exact | sts:GetCallerIdentity | *
        "#]],
    );
}
