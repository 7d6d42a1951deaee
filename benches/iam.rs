//! Speed of point decisions: the engine, and beside it the same answers found the naive way.
//!
//! `cargo bench --bench iam`. One role with 10 policies of 20 statements; a decision must take under 10 µs.

use std::sync::Arc;

use divan::{Bencher, black_box, counter::ItemsCount};
use rolewalk::iam::glob::Glob;
use rolewalk::iam::{
    Context, Decision, DocumentKind, Level, Policies, Policy, Principal, Request, case, decide, parse,
};

fn main() {
    divan::main();
}

const SERVICES: [&str; 10] = ["s3", "ec2", "sqs", "dynamodb", "kms", "lambda", "logs", "iam", "sts", "secretsmanager"];

/// 20 statements over ten services; every fifth has a condition, every seventh a variable.
fn text(policy: usize) -> String {
    let statements: Vec<String> = (0..20)
        .map(|index| {
            let service = SERVICES[(policy + index) % SERVICES.len()];
            let condition = if index % 5 == 0 {
                r#","Condition":{"StringEquals":{"aws:RequestedRegion":["eu-west-1","eu-central-1"]},"Bool":{"aws:SecureTransport":"true"}}"#
            } else {
                ""
            };
            let tail = if index % 7 == 0 { "${aws:PrincipalTag/team}/*" } else { "*" };
            format!(
                r#"{{"Sid":"s{index}","Effect":"Allow","Action":["{service}:Get*","{service}:List*","{service}:Describe{index}*","{service}:Put?bject{index}"],
                   "Resource":["arn:aws:{service}:eu-west-1:111122223333:thing-{policy}-{index}/{tail}","arn:aws:{service}:::bucket-{policy}-{index}*"]{condition}}}"#
            )
        })
        .collect();
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

fn policies() -> Policies {
    let read = |text: &str, kind| Arc::new(parse(text, kind).0);
    let identity = (0..10)
        .map(|index| Policy { name: format!("p{index}").into(), document: read(&text(index), DocumentKind::Identity) })
        .collect();
    let all = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
        {"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}}]}"#;
    let scp = Policy { name: "scp".into(), document: read(all, DocumentKind::Scp) };
    Policies { identity, scps: vec![Level { name: "root".into(), policies: vec![scp] }], ..Policies::default() }
}

fn requests() -> Vec<Request> {
    let role = Principal::parse("arn:aws:iam::111122223333:role/app").expect("a role");
    let context = Context::open()
        .with("aws:RequestedRegion", "eu-west-1")
        .with("aws:SecureTransport", "true")
        .with("aws:PrincipalTag/team", "blue");
    (0..100)
        .map(|index| {
            let service = SERVICES[index % SERVICES.len()];
            let action = ["GetObject", "PutObject7", "ListThings", "DeleteThing", "Describe3Vpcs"][index % 5];
            let (policy, statement) = (index % 10, index % 20);
            let resource = if index % 2 == 0 {
                format!("arn:aws:{service}:::bucket-{policy}-{statement}/key")
            } else {
                format!("arn:aws:{service}:eu-west-1:111122223333:thing-{policy}-{statement}/blue/x")
            };
            Request::new(role.clone(), &format!("{service}:{action}"), &resource).in_context(context.clone())
        })
        .collect()
}

#[divan::bench]
fn decide_role_of_10_policies_of_20_statements(bencher: Bencher<'_, '_>) {
    let (policies, requests) = (policies(), requests());
    bencher.counter(ItemsCount::new(requests.len())).bench_local(|| {
        requests.iter().filter(|request| decide(black_box(request), &policies).decision == Decision::Allowed).count()
    });
}

/// Nothing is known of the context, so that every answer carries a formula.
#[divan::bench]
fn decide_with_residual(bencher: Bencher<'_, '_>) {
    let policies = policies();
    let requests: Vec<Request> = requests().into_iter().map(|request| request.in_context(Context::open())).collect();
    bencher.counter(ItemsCount::new(requests.len())).bench_local(|| {
        requests.iter().filter(|request| decide(black_box(request), &policies).decision == Decision::Depends).count()
    });
}

/// The same ten documents walked as JSON for each question, patterns as regular expressions, as simple evaluators do.
/// It knows only actions and resources, no conditions and no other layers, and is slower all the same.
#[divan::bench]
fn naive_json_and_regex(bencher: Bencher<'_, '_>) {
    let documents: Vec<serde_json::Value> =
        (0..10).map(|index| serde_json::from_str(&text(index)).expect("is JSON")).collect();
    let requests: Vec<(String, String)> = requests()
        .iter()
        .take(5)
        .map(|request| (request.action.as_str().to_owned(), request.resource.as_str().to_owned()))
        .collect();
    let matches = |pattern: &serde_json::Value, text: &str| {
        let pattern = regex::escape(pattern.as_str().unwrap_or_default()).replace(r"\*", ".*").replace(r"\?", ".");
        regex::Regex::new(&format!("(?i)^{pattern}$")).is_ok_and(|regex| regex.is_match(text))
    };
    let any = |list: &serde_json::Value, text: &str| {
        list.as_array().is_some_and(|list| list.iter().any(|pattern| matches(pattern, text)))
    };
    bencher.counter(ItemsCount::new(requests.len())).bench_local(|| {
        requests
            .iter()
            .filter(|(action, resource)| {
                documents
                    .iter()
                    .flat_map(|document| document["Statement"].as_array())
                    .flatten()
                    .any(|statement| any(&statement["Action"], action) && any(&statement["Resource"], resource))
            })
            .count()
    });
}

#[divan::bench]
fn parse_ten_policies(bencher: Bencher<'_, '_>) {
    let texts: Vec<String> = (0..10).map(text).collect();
    bencher
        .counter(divan::counter::BytesCount::new(texts.iter().map(String::len).sum::<usize>()))
        .bench_local(|| texts.iter().map(|text| parse(text, DocumentKind::Identity).0.statements.len()).sum::<usize>());
}

#[divan::bench]
fn one_eval_line(bencher: Bencher<'_, '_>) {
    let line = format!(
        r#"{{"id":"1","request":{{"principal":"arn:aws:iam::111122223333:role/app","action":"s3:GetObject","resource":"arn:aws:s3:::bucket-0-0/k","context_mode":"open"}},
           "identity_policies":[{{"name":"p","document":{}}}]}}"#,
        text(0)
    );
    bencher.bench_local(|| case::answer(black_box(&line)).len());
}

#[divan::bench(args = [100, 1_000, 10_000])]
fn hostile_pattern(bencher: Bencher<'_, '_>, length: usize) {
    let pattern = Glob::new(&format!("{}b", "*a".repeat(100)));
    let text = "a".repeat(length);
    bencher.bench_local(|| pattern.matches(black_box(&text)));
}
