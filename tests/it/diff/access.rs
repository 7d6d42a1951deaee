//! Changes of small estates, with the sides exchanged and with themselves.

use expect_test::{Expect, expect};

use rolewalk::analysis::diff::{Diff, Marks, Side, Topic, diff};
use rolewalk::identity::resolve;
use rolewalk::model::{EntityKey, Inventory};
use rolewalk::testing::estate_text::estate;

fn compared(before: &Inventory, after: &Inventory) -> Diff {
    let (old, new) = (resolve::all(before), resolve::all(after));
    let none = Marks::default();
    let side = |inventory, pods| Side { inventory, pods, marks: &none };
    diff(side(before, &old), side(after, &new))
}

fn shown(diff: &Diff) -> String {
    let mut out = String::new();
    for change in &diff.changes {
        out += &format!(
            "{} {} {} {}: {}\n",
            change.effect().word(),
            change.sign.symbol(),
            change.topic.word(),
            change.subject,
            change.text
        );
        change.gained.iter().for_each(|line| out += &format!("    + {line}\n"));
        change.lost.iter().for_each(|line| out += &format!("    - {line}\n"));
    }
    for it in &diff.not_comparable {
        out += &format!("?? {}: {}\n", it.subject, it.why);
    }
    for it in &diff.rights {
        out += &format!("rights {}: {} then {}\n", it.source, it.before.word(), it.after.word());
    }
    if diff.folded > 0 {
        out += &format!("folded {}\n", diff.folded);
    }
    out
}

fn exchanged(diff: &Diff) -> Vec<(Topic, EntityKey, Vec<String>, Vec<String>)> {
    let mut all: Vec<_> =
        diff.changes.iter().map(|it| (it.topic, it.subject.clone(), it.lost.clone(), it.gained.clone())).collect();
    all.sort();
    all
}

fn check(before: &str, after: &str, expected: Expect) {
    let (before, after) = (estate(before), estate(after));
    let forth = compared(&before, &after);
    expected.assert_eq(&shown(&forth));
    let back = compared(&after, &before);
    let mut there: Vec<_> =
        forth.changes.iter().map(|it| (it.topic, it.subject.clone(), it.gained.clone(), it.lost.clone())).collect();
    there.sort();
    assert_eq!(exchanged(&back), there, "exchanged sides say the same the other way round");
    for one in [&before, &after] {
        assert_eq!(compared(one, one), Diff::default());
    }
}

const BASE: &str = "
    cluster c1
    node n1 tokens=required hop=1
    sa ns/app role=r
    role r irsa=ns:app
    pod ns/app sa=app node=n1 irsa=r
";

fn with_policy(statements: &str) -> String {
    BASE.replace("irsa=ns:app", &format!("irsa=ns:app policy={statements}"))
}

#[test]
fn a_policy_that_is_reordered_or_written_otherwise_is_the_same() {
    check(
        &with_policy(
            r#"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*"]}"#,
        ),
        &with_policy(
            r#"{"Resource":["arn:aws:s3:::b/*","arn:aws:s3:::a/*"],"Action":["s3:putobject","s3:GetObject"],"Effect":"Allow","Sid":"New"}"#,
        ),
        expect![[r#"
            SAME ~ permissions role/111122223333:r: policies are written otherwise and allow the same
        "#]],
    );
}

#[test]
fn actions_and_resources_that_come_and_go_are_named() {
    check(
        &with_policy(r#"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::a/*"}"#),
        &with_policy(
            r#"{"Effect":"Allow","Action":["s3:GetObject","s3:DeleteObject"],"Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b/*"]}"#,
        ),
        expect![[r#"
            UP ~ permissions role/111122223333:r: may do other things
                + s3:DeleteObject on arn:aws:s3:::a/*
                + s3:DeleteObject, s3:GetObject on arn:aws:s3:::b/*
                - s3:PutObject on arn:aws:s3:::a/*
        "#]],
    );
}

#[test]
fn a_condition_that_is_added_takes_access_away() {
    check(
        &with_policy(r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#),
        &with_policy(
            r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}"#,
        ),
        expect![[r#"
            DOWN ~ permissions role/111122223333:r: may do less
                - s3:GetObject on *
        "#]],
    );
}

#[test]
fn pods_that_a_rollout_renames_are_folded() {
    let before = BASE.replace("pod ns/app", "pod ns/app-1 owner=Deployment/app");
    let after = BASE.replace("pod ns/app", "pod ns/app-2 owner=Deployment/app");
    check(
        &before,
        &after,
        expect![[r#"
        folded 1
    "#]],
    );
}

#[test]
fn an_identity_that_breaks_is_lost_and_one_that_moves_stays() {
    check(
        BASE,
        &BASE.replace("irsa=ns:app", "irsa=ns:other"),
        expect![[r#"
        UP ~ trust role/111122223333:r: trust policy admits others
            + admits arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/C1 by sts:assumerolewithwebidentity if stringequals oidc.eks.eu-west-1.amazonaws.com/id/c1:aud ["sts.amazonaws.com"] and stringequals oidc.eks.eu-west-1.amazonaws.com/id/c1:sub ["system:serviceaccount:ns:other"]
            - admits arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/C1 by sts:assumerolewithwebidentity if stringequals oidc.eks.eu-west-1.amazonaws.com/id/c1:aud ["sts.amazonaws.com"] and stringequals oidc.eks.eu-west-1.amazonaws.com/id/c1:sub ["system:serviceaccount:ns:app"]
        DOWN ~ identity pod/c1/ns/app: container app: none (broken), before IRSA r
            - signs with arn:aws:iam::111122223333:role/r
    "#]],
    );
}

#[test]
fn what_was_not_read_is_not_comparable() {
    check(
        BASE,
        &format!("{BASE}\n gap aws/iam.json"),
        expect![[r#"
        ?? pod/c1/ns/app: what decides the identity of container app was not read after
        ?? role/111122223333:node: the roles of its account were not read whole after
        ?? role/111122223333:r: the roles of its account were not read whole after
        rights aws/iam.json: ok then missing
    "#]],
    );
}

#[test]
fn a_hop_limit_that_lets_pods_reach_metadata_is_up() {
    check(
        BASE,
        &BASE.replace("hop=1", "hop=2"),
        expect![[r#"
        UP ~ reachable pod/c1/ns/app: container app can obtain other roles beside its own
            + code in it can obtain arn:aws:iam::111122223333:role/node
        UP ~ node role/111122223333:node: instance metadata of its nodes in c1 answers otherwise
            + pods reach its metadata over the pod network
    "#]],
    );
}

#[test]
fn a_new_workload_and_a_new_role_are_up() {
    let after = format!(
        "{BASE}\n role s irsa=ns:new\n sa ns/new role=s\n pod ns/new sa=new node=n1 irsa=s\n pod ns/idle node=n1"
    );
    check(
        BASE,
        &after,
        expect![[r#"
        UP + role role/111122223333:s: new role
            + arn:aws:iam::111122223333:role/s exists, with 0 policies
        UP + workload pod/c1/ns/new: new workload: IRSA s
            + signs with arn:aws:iam::111122223333:role/s
        SAME + workload pod/c1/ns/idle: new workload: none
    "#]],
    );
}
