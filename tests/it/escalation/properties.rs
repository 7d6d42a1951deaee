//! Whatever the policies: fewer rights never gain more.

use proptest::prelude::*;
use rolewalk::base::Truth;
use rolewalk::graph::escalation::{Gain, Gained, gains};
use rolewalk::model::EntityKey;

use super::{ROLE, key, world};

const RIGHTS: &[&str] = &[
    "iam:PassRole",
    "iam:PassRole@role/t",
    "iam:PassRole?iam:PassedToService=lambda.amazonaws.com",
    "lambda:*",
    "lambda:CreateFunction",
    "lambda:InvokeFunction",
    "lambda:UpdateFunctionCode",
    "glue:*",
    "sts:AssumeRole",
    "sts:AssumeRole@role/u",
    "iam:UpdateAssumeRolePolicy@role/t",
    "iam:PutRolePolicy@role/me?aws:SourceVpce=vpce-1",
    "iam:PutRolePolicy@role/u",
    "iam:CreateAccessKey",
    "iam:DeleteAccessKey@user/u",
    "iam:CreateRole@role/x/*",
    "iam:Attach*",
    "iam:DeleteRolePermissionsBoundary",
    "eks:*",
    "ssm:*",
    "ec2:*",
    "s3:*",
];

const DENIES: &[&str] = &["-iam:*", "-lambda:Create*", "-iam:PassRole@role/t", "-sts:*", "-eks:Associate*", "-*"];

const GROUND: &str = "role t for=lambda.amazonaws.com,glue.amazonaws.com policy=<s3:*>; \
    role u trusts=111122223333 policy=<sqs:*>; user u policy=<sqs:*>; node n1 role=w; \
    role w ec2 policy=<ssm:UpdateInstanceInformation ssmmessages:*>; policy b allow=<lambda:* iam:* glue:*>";

/// What is gained by which row, target by target, and how surely.
fn found(rights: &[&str], bounded: bool) -> Vec<(usize, String, Truth)> {
    let boundary = if bounded { "boundary=arn:aws:iam::111122223333:policy/b" } else { "" };
    let inventory = world(&format!("me {boundary} policy=<{}>; {GROUND}", rights.join(" ")));
    let gains = gains(&inventory);
    if gains.is_administrator(&key(ROLE)).is_yes() {
        return vec![(0, "everything".to_owned(), Truth::Yes)];
    }
    let mut out: Vec<(usize, String, Truth)> = gains.of(&key(ROLE)).iter().flat_map(of_gain).collect();
    out.sort();
    out
}

fn of_gain(gain: &Gain) -> Vec<(usize, String, Truth)> {
    let row = std::ptr::from_ref(gain.technique).addr();
    let kind = match &gain.to {
        // Through whom an account is gained does not make it more.
        Gained::Account { .. } => return vec![(row, "account".to_owned(), gain.certainty)],
        Gained::SomeRole { .. } => return vec![(row, "some role".to_owned(), gain.certainty)],
        // How much more it is hangs on what is held.
        Gained::Ceiling(_) | Gained::More => return Vec::new(),
        other => std::mem::discriminant(other),
    };
    let targets: Vec<&EntityKey> = gain.to.targets().into_iter().flat_map(|it| it.iter()).collect();
    match targets.is_empty() {
        true => vec![(row, format!("{kind:?}"), gain.certainty)],
        false => targets.iter().map(|it| (row, it.to_string(), gain.certainty)).collect(),
    }
}

/// Each of `less` is in `more`, at least as surely. What is held counts too: with less of it, a target may add something
/// that it did not add before, so only rights that are no holdings are taken away here.
fn is_within(less: &[(usize, String, Truth)], more: &[(usize, String, Truth)]) -> bool {
    if more.iter().any(|it| it.1 == "everything") {
        return true;
    }
    less.iter().all(|(row, to, truth)| more.iter().any(|it| it.0 == *row && it.1 == *to && it.2 >= *truth))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn taking_an_allow_away_never_adds_a_gain(
        rights in prop::sample::subsequence(RIGHTS, 1..10),
        at in any::<prop::sample::Index>(),
        bounded in any::<bool>(),
    ) {
        let all: Vec<&str> = rights.iter().copied().filter(|it| *it != "s3:*").collect();
        prop_assume!(!all.is_empty());
        let mut fewer = all.clone();
        fewer.remove(at.index(all.len()));
        let (more, less) = (found(&all, bounded), found(&fewer, bounded));
        prop_assert!(is_within(&less, &more), "{fewer:?} of {all:?}\n{less:?}\n{more:?}");
    }

    #[test]
    fn a_deny_never_adds_a_gain(
        rights in prop::sample::subsequence(RIGHTS, 1..10),
        deny in prop::sample::select(DENIES),
        bounded in any::<bool>(),
    ) {
        let all: Vec<&str> = rights.iter().copied().filter(|it| *it != "s3:*").collect();
        prop_assume!(!all.is_empty());
        let denied: Vec<&str> = all.iter().copied().chain([deny]).collect();
        let (more, less) = (found(&all, bounded), found(&denied, bounded));
        prop_assert!(is_within(&less, &more), "{denied:?}\n{less:?}\n{more:?}");
    }
}
