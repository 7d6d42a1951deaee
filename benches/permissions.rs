//! What permission sets cost: one role, ten thousand roles, and unpacking the catalogue.

use std::sync::Arc;

use divan::Bencher;
use rolewalk::base::Name;
use rolewalk::iam::access::Summaries;
use rolewalk::iam::catalogue::Catalogue;
use rolewalk::iam::catalogue::managed::ManagedPolicies;
use rolewalk::iam::permissions::permissions;
use rolewalk::iam::{Context, DocumentKind, Level, Policies, Policy, Principal, parse};

fn main() {
    divan::main();
}

const SERVICES: &[&str] =
    &["s3", "sqs", "ec2", "dynamodb", "kms", "logs", "iam", "lambda", "sns", "ecr", "secretsmanager", "ssm"];
const VERBS: &[&str] = &["Get*", "List*", "Describe*", "Put*", "Delete*", "Create*", "*", "Update*"];

/// Statements that differ by policy and number: prefixes, conditions, and a Deny now and then.
fn policy(number: usize, statements: usize, deny: bool) -> Policy {
    let text: Vec<String> = (0..statements)
        .map(|at| {
            let n = number * 31 + at * 7;
            let (a, b) = (SERVICES[n % SERVICES.len()], SERVICES[(n / 5) % SERVICES.len()]);
            let (x, y) = (VERBS[n % VERBS.len()], VERBS[(n / 3) % VERBS.len()]);
            let effect = if deny && at % 7 == 3 { "Deny" } else { "Allow" };
            let condition = if at % 5 == 2 {
                r#","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}"#
            } else {
                ""
            };
            format!(
                r#"{{"Effect":"{effect}","Action":["{a}:{x}","{b}:{y}"],"Resource":["arn:aws:{a}:*:111122223333:team-{n}*","arn:aws:s3:::bucket-{n}/*"]{condition}}}"#
            )
        })
        .collect();
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, text.join(","));
    let document = Arc::new(parse(&text, DocumentKind::Identity).0);
    Policy { name: Name::new(&format!("p{number}")), document }
}

fn role(number: usize) -> Principal {
    Principal::parse(&format!("arn:aws:iam::111122223333:role/r{number}")).expect("a role")
}

fn scps() -> Vec<Level> {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
        {"Effect":"Deny","NotAction":["iam:*","sts:*","organizations:*"],"Resource":"*",
            "Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}},
        {"Effect":"Deny","Action":["organizations:LeaveOrganization","cloudtrail:StopLogging"],"Resource":"*"}]}"#;
    let document = Arc::new(parse(text, DocumentKind::Scp).0);
    vec![Level { name: Name::new("root"), policies: vec![Policy { name: Name::new("scp"), document }] }]
}

#[divan::bench]
fn one_role_of_ten_policies_with_twenty_statements(bencher: Bencher<'_, '_>) {
    let catalogue = Catalogue::bundled();
    let identity = (0..10).map(|at| policy(at, 20, true)).collect();
    let policies = Policies { identity, scps: scps(), ..Policies::default() };
    let (who, context) = (role(0), Context::open());
    bencher.bench(|| permissions(catalogue, &who, &policies, &context));
}

/// Four of 300 managed policies and one own inline policy each, under one SCP; every ninth managed policy denies.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn access_of_ten_thousand_roles(bencher: Bencher<'_, '_>) {
    use rayon::prelude::*;
    let catalogue = Catalogue::bundled();
    let shared: Vec<Policy> = (0..300).map(|at| policy(at, 12, at % 9 == 0)).collect();
    let scps = scps();
    let roles: Vec<(Principal, Policies)> = (0..10_000)
        .map(|at| {
            let mut identity: Vec<Policy> = (0..4).map(|n| shared[(at * 13 + n * 71) % shared.len()].clone()).collect();
            identity.push(policy(1_000 + at, 3, false));
            (role(at), Policies { identity, scps: scps.clone(), ..Policies::default() })
        })
        .collect();
    bencher.bench(|| {
        let documents = roles.iter().flat_map(|(_, policies)| policies.iter().map(|(.., it)| &it.document));
        let summaries = Summaries::new(catalogue, documents);
        let access = roles.par_iter().map(|(who, policies)| summaries.access(who, policies, &Context::open()));
        access.collect::<Vec<_>>()
    });
}

/// Roles that are harder to tell: broad grants, denies on some resources, every third role under a boundary that names
/// resources; four AWS managed policies each.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn access_of_ten_thousand_bounded_roles(bencher: Bencher<'_, '_>) {
    use rayon::prelude::*;
    let catalogue = Catalogue::bundled();
    let read = |name: &str, kind: DocumentKind, text: &str| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{text}]}}"#);
        Policy { name: Name::new(name), document: Arc::new(parse(&text, kind).0) }
    };
    let aws: Vec<Policy> = ManagedPolicies::bundled()
        .iter()
        .map(|(arn, policy)| Policy {
            name: Name::new(&arn),
            document: Arc::new(parse(policy.document.get(), DocumentKind::Identity).0),
        })
        .collect();
    let fence = read(
        "fence",
        DocumentKind::Identity,
        r#"{"Effect":"Allow","Action":["s3:*","sqs:*","ec2:*"],"Resource":"*"},
            {"Effect":"Deny","Action":"s3:*","Resource":["arn:aws:s3:::audit-*","arn:aws:s3:::audit-*/*"]},
            {"Effect":"Deny","Action":["ec2:*"],"NotResource":"arn:aws:ec2:eu-west-1:*:*"}"#,
    );
    let boundary = read(
        "boundary",
        DocumentKind::Boundary,
        r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
            {"Effect":"Allow","Action":["iam:PassRole","iam:Get*"],"Resource":"arn:aws:iam::111122223333:role/team/*"}"#,
    );
    let scps = scps();
    let roles: Vec<(Principal, Policies)> = (0..10_000)
        .map(|at| {
            let mut identity: Vec<Policy> = (0..4).map(|n| aws[(at * 13 + n * 71) % aws.len()].clone()).collect();
            if at % 4 == 0 {
                identity.push(fence.clone());
            }
            let boundary = (at % 3 == 0).then(|| boundary.clone());
            (role(at), Policies { identity, boundary, scps: scps.clone(), ..Policies::default() })
        })
        .collect();
    bencher.bench(|| {
        let documents = roles.iter().flat_map(|(_, policies)| policies.iter().map(|(.., it)| &it.document));
        let summaries = Summaries::new(catalogue, documents);
        let access = roles.par_iter().map(|(who, policies)| summaries.access(who, policies, &Context::open()));
        access.collect::<Vec<_>>()
    });
}

#[divan::bench]
fn catalogue_load(bencher: Bencher<'_, '_>) {
    bencher.bench(Catalogue::unpack_bundled);
}
