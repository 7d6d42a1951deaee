//! Laws that every decision keeps: knowing more never turns allowed into denied or back, and a residual says exactly when.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use rolewalk::base::Truth;
use rolewalk::iam::request::Value;
use rolewalk::iam::{
    Context, Decision, DocumentKind, Level, Policies, Policy, Principal, Request, Residual, case, decide, parse,
};
use serde_json::{Value as Json, json};

/// Keys with one value, and with many: the second kind only ever meets set operators, as the language wants it.
const SINGLE: [&str; 4] = ["aws:SourceVpce", "aws:RequestedRegion", "aws:PrincipalTag/team", "aws:userid"];
const MANY: [&str; 2] = ["aws:TagKeys", "aws:CalledVia"];
const VALUES: [&str; 6] = ["x", "y", "X", "10", "*", "2026-01-01T00:00:00Z"];

fn condition() -> impl Strategy<Value = Json> {
    let operators = [
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLike",
        "StringEqualsIgnoreCase",
        "NumericLessThan",
        "NumericEquals",
        "NumericNotEquals",
        "DateGreaterThan",
        "Bool",
    ];
    let values = || prop::collection::vec(select(vec!["x", "y", "x*", "*", "10", "11", "${aws:userid}", "true"]), 0..3);
    let single = (select(operators.to_vec()), any::<bool>(), select(SINGLE.to_vec()), values())
        .prop_map(|(op, if_exists, key, values)| json!({ format!("{op}{}", if if_exists { "IfExists" } else { "" }): { key: values } }));
    let null = (select(SINGLE.to_vec()), any::<bool>())
        .prop_map(|(key, absent)| json!({ "Null": { key: absent.to_string() } }));
    let many =
        (select(vec!["ForAllValues", "ForAnyValue"]), select(operators[..4].to_vec()), select(MANY.to_vec()), values())
            .prop_map(|(set, op, key, values)| json!({ format!("{set}:{op}"): { key: values } }));
    prop_oneof![4 => single, 1 => null, 2 => many]
}

fn statement(principal: bool) -> impl Strategy<Value = Json> {
    let action = select(vec!["s3:GetObject", "s3:Get*", "*", "ec2:*"]);
    let resource = select(vec!["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:PrincipalTag/team}", "arn:aws:s3:::c/*"]);
    let who = select(vec![
        json!("*"),
        json!({"AWS": "111122223333"}),
        json!({"AWS": "arn:aws:iam::111122223333:role/app"}),
        json!({"AWS": "arn:aws:sts::111122223333:assumed-role/app/x"}),
        json!({"Service": "ec2.amazonaws.com"}),
    ]);
    let conditions = prop::collection::vec(condition(), 0..3);
    (
        any::<bool>(),
        prop::bool::weighted(0.2),
        action,
        prop::bool::weighted(0.2),
        resource,
        who,
        prop::bool::weighted(0.1),
        conditions,
    )
        .prop_map(move |(allow, not_action, action, not_resource, resource, who, not_who, conditions)| {
            let mut out = json!({"Effect": if allow { "Allow" } else { "Deny" }});
            out[if not_action { "NotAction" } else { "Action" }] = action.into();
            out[if not_resource { "NotResource" } else { "Resource" }] = resource.into();
            if principal {
                out[if not_who { "NotPrincipal" } else { "Principal" }] = who;
            }
            let mut merged = serde_json::Map::new();
            for condition in conditions {
                merged.extend(condition.as_object().cloned().unwrap_or_default());
            }
            if !merged.is_empty() {
                out["Condition"] = merged.into();
            }
            out
        })
}

fn document(kind: DocumentKind) -> impl Strategy<Value = Policy> {
    prop::collection::vec(statement(kind.has_principal()), 1..4).prop_map(move |statements| {
        let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let (document, issues) = parse(&text, kind);
        assert!(issues.iter().all(|issue| issue.severity == rolewalk::iam::Severity::Warning), "{text} {issues:?}");
        Policy { name: "p".into(), document: Arc::new(document) }
    })
}

fn policies() -> impl Strategy<Value = Policies> {
    let maybe = |kind| prop::option::weighted(0.3, document(kind));
    (
        prop::collection::vec(document(DocumentKind::Identity), 0..3),
        maybe(DocumentKind::Boundary),
        maybe(DocumentKind::Session),
        prop::collection::vec(document(DocumentKind::Scp), 0..2),
        maybe(DocumentKind::Resource),
        maybe(DocumentKind::Endpoint),
    )
        .prop_map(|(identity, boundary, session, scps, resource, endpoint)| Policies {
            identity,
            boundary,
            session: session.into_iter().collect(),
            scps: scps.into_iter().map(|policy| Level { name: "l".into(), policies: vec![policy] }).collect(),
            rcps: Vec::new(),
            resource,
            endpoint: endpoint.into_iter().collect(),
        })
}

/// One value for every key, or none: a request as AWS would see it.
fn completion() -> impl Strategy<Value = Vec<(&'static str, Option<Value>)>> {
    let single: Vec<_> = SINGLE
        .iter()
        .map(|key| {
            prop::option::of(select(VALUES.to_vec()))
                .prop_map(move |value| (*key, value.map(|it| Value::One(it.into()))))
        })
        .collect();
    let many: Vec<_> = MANY
        .iter()
        .map(|key| {
            let values = prop::collection::vec(select(VALUES.to_vec()), 0..3);
            prop::option::of(values)
                .prop_map(move |values| (*key, values.map(|it| Value::Many(it.into_iter().map(Into::into).collect()))))
        })
        .collect();
    (single, many).prop_map(|(single, many)| single.into_iter().chain(many).collect())
}

fn tell(context: &mut Context, fact: &(&'static str, Option<Value>)) {
    match &fact.1 {
        Some(value) => context.set(fact.0, value.clone()),
        None => context.set_absent(fact.0),
    }
}

fn request(account: bool, context: Context) -> Request {
    let role = Principal::parse("arn:aws:iam::111122223333:role/app").expect("a role");
    let mut request = Request::new(role, "s3:GetObject", "arn:aws:s3:::b/x").in_context(context);
    request.resource_account = Some(if account { "111122223333" } else { "444455556666" }.into());
    request
}

/// The order of knowledge: an answer may only become surer.
fn refines(before: Decision, after: Decision) -> bool {
    match before {
        Decision::Depends | Decision::Error => true,
        Decision::ExplicitDeny => after == Decision::ExplicitDeny,
        Decision::ImplicitDeny => after.truth() == Truth::No,
        Decision::Allowed => after == Decision::Allowed,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn knowing_more_never_flips_an_answer(
        policies in policies(),
        facts in completion(),
        known in subsequence((0..SINGLE.len() + MANY.len()).collect::<Vec<_>>(), 0..=SINGLE.len() + MANY.len()),
        same_account: bool,
    ) {
        let mut context = Context::open();
        let nothing = decide(&request(same_account, context.clone()), &policies);
        for index in known {
            tell(&mut context, &facts[index]);
        }
        let some = decide(&request(same_account, context.clone()), &policies);
        prop_assert!(refines(nothing.decision, some.decision), "{:?} then {:?}", nothing.decision, some.decision);
        facts.iter().for_each(|fact| tell(&mut context, fact));
        let all = decide(&request(same_account, context), &policies);
        prop_assert!(refines(some.decision, all.decision), "{:?} then {:?}", some.decision, all.decision);
    }

    #[test]
    fn a_residual_holds_exactly_when_the_completed_request_is_allowed(
        policies in policies(), facts in completion(), same_account: bool,
    ) {
        let open = decide(&request(same_account, Context::open()), &policies);
        let mut context = Context::complete();
        facts.iter().for_each(|fact| tell(&mut context, fact));
        let full = decide(&request(same_account, context.clone()), &policies);
        prop_assert_eq!(open.residual.truth(&context), full.decision.truth(), "{:?}", open.residual);
        prop_assert_eq!(open.residual.given(&context).truth(&Context::complete()), full.decision.truth());
        if open.decision == Decision::Depends {
            prop_assert!(!matches!(open.residual, Residual::Yes | Residual::No));
            prop_assert!(!open.residual.keys().is_empty());
        }
    }

    #[test]
    fn the_order_of_policies_does_not_matter(policies in policies(), facts in completion(), same_account: bool) {
        let mut context = Context::open();
        facts.iter().take(3).for_each(|fact| tell(&mut context, fact));
        let request = request(same_account, context);
        let mut turned = policies.clone();
        turned.identity.reverse();
        turned.scps.reverse();
        prop_assert_eq!(decide(&request, &policies).decision, decide(&request, &turned).decision);
    }

    #[test]
    fn any_line_gets_one_line_of_json(line in ".{0,200}") {
        let answer = case::answer(&line);
        prop_assert!(!answer.contains('\n'));
        let answer: Json = serde_json::from_str(&answer).expect("is JSON");
        prop_assert_eq!(&answer["decision"], "error");
    }
}
