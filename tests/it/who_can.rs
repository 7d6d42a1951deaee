//! Who can: against the known answers of generated worlds, against `explain` asked of every role, and case by case.

use std::collections::BTreeMap;
use std::path::Path;

use rolewalk::analysis::blast::World;
use rolewalk::analysis::explain::{self, Caller};
use rolewalk::analysis::path::path;
use rolewalk::analysis::verdict::Verdict;
use rolewalk::analysis::who_can::{Answer, Question, Row, What};
use rolewalk::app::{Code, Key};
use rolewalk::estate::{Estate, derive, who_can};
use rolewalk::graph::path::Limits;
use rolewalk::identity::documents::Documents;
use rolewalk::ingest::{self, Options};
use rolewalk::model::{EntityKey, Kind};
use rolewalk::testing::estate_text::estate as read;
use rolewalk::testing::{Harness, dump};
use serde_json::Value;

use crate::testbed;

fn load(directory: &Path) -> Estate {
    let inventory = ingest::load(directory, Options::default()).expect("the world opens");
    derive(&inventory, &|| false).expect("nobody stops it")
}

fn estate(text: &str) -> Estate {
    derive(&read(text), &|| false).expect("nobody stops it")
}

fn ask_given(estate: &Estate, what: &str, resource: &str, given: &[(String, String)]) -> Answer {
    let resource = who_can::resource(estate, resource).expect(resource);
    let question = Question { what: What::parse(what).expect(what), resource, given: given.to_vec() };
    who_can::ask(estate, &question)
}

fn ask(estate: &Estate, what: &str, resource: &str) -> Answer {
    ask_given(estate, what, resource, &[])
}

/// `ALLOW? deployment/c1/ns/app irsa s3:PutObject`
fn text(row: &Row) -> String {
    let mark = if row.certain || row.verdict == Verdict::Unk { "" } else { "?" };
    let actions: Vec<&str> = row.grant.actions.iter().map(|it| it.as_str()).collect();
    let steps = if row.steps_more > 0 { " +1" } else { "" };
    format!("{}{mark}{steps} {} {} {}", row.verdict.word(), row.address, row.via, actions.join(","))
}

fn rows(answer: &Answer) -> Vec<String> {
    answer.rows.iter().map(text).collect()
}

/// Every role's verdict, by the rows that name it; a role of which there is none is denied.
fn by_role(answer: &Answer) -> BTreeMap<&str, (Verdict, bool)> {
    let mut found: BTreeMap<&str, (Verdict, bool)> = BTreeMap::new();
    for row in answer.rows.iter().chain(&answer.denied) {
        let Some(role) = row.role.as_deref() else { continue };
        let it = found.entry(role).or_insert((row.verdict, row.grant.certain));
        it.0 = it.0.min(row.verdict);
    }
    found
}

#[test]
fn every_permission_check_of_the_worlds_is_answered_the_same() {
    for (size, seed) in [("small", 1), ("small", 2), ("medium", 1)] {
        let Some(world) = testbed::world(size, seed) else { return };
        let estate = load(&world);
        let truth = std::fs::read(world.join("truth.json")).expect("truth.json");
        let truth: Value = serde_json::from_slice(&truth).expect("is JSON");
        let checks = truth["permissionChecks"].as_array().expect("checks");
        assert!(checks.len() >= 20);
        for check in checks {
            let part = |key: &str| check[key].as_str().expect(key);
            let context = check["context"].as_object().expect("a context");
            let given: Vec<(String, String)> =
                context.iter().map(|(key, value)| (key.clone(), value.as_str().expect("text").to_owned())).collect();
            let answer = ask_given(&estate, part("action"), part("resource"), &given);
            let found = by_role(&answer).get(part("roleArn")).map(|it| it.0);
            let expected = if part("expect") == "allowed" { Verdict::Allow } else { Verdict::Deny };
            assert_eq!(found, Some(expected), "{size} {seed}: {check}");
        }
    }
}

const QUESTIONS: &[(&str, &str)] = &[
    ("s3:GetObject", "arn:aws:s3:::acme-invoices/2026/a.pdf"),
    ("s3:GetObject", "arn:aws:s3:::acme-invoices/refunds/a.pdf"),
    ("s3:PutObject", "arn:aws:s3:::acme-invoices/partner/a.pdf"),
    ("s3:PutObject", "arn:aws:s3:::acme-lake/k"),
    ("s3:ListBucket", "arn:aws:s3:::acme-invoices"),
    ("s3:DeleteBucket", "arn:aws:s3:::prod-orders"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::acme-backups"),
    ("s3:ListAllMyBuckets", "*"),
    ("s3:GetObject", "*"),
    ("ec2:DescribeInstances", "*"),
    ("ec2:RunInstances", "*"),
    ("ec2:StartInstances", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"),
    ("iam:PassRole", "*"),
    ("iam:CreateUser", "arn:aws:iam::111122223333:user/x"),
    ("iam:PutRolePolicy", "arn:aws:iam::111122223333:role/old-support-role"),
    ("iam:ListRoles", "*"),
    ("sts:AssumeRole", "arn:aws:iam::111122223333:role/old-support-role"),
    ("sts:AssumeRole", "arn:aws:iam::444455556666:role/audit-reader"),
    ("sts:AssumeRoleWithWebIdentity", "arn:aws:iam::111122223333:role/spark-role"),
    ("sts:GetCallerIdentity", "*"),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/5d1f6a0e-3b0c-4c7f-9a43-0f6d2b1c8e11"),
    ("kms:GenerateDataKey", "arn:aws:kms:eu-west-1:111122223333:key/unread"),
    ("sqs:ReceiveMessage", "arn:aws:sqs:eu-west-1:111122223333:payments-refunds"),
    ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:other"),
    ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:payments/stripe-Ab12Cd"),
    ("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"),
    ("dynamodb:PutItem", "*"),
    ("logs:PutLogEvents", "*"),
    ("eks:DescribeCluster", "arn:aws:eks:eu-west-1:111122223333:cluster/prod"),
    ("organizations:ListPolicies", "*"),
    ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1"),
    ("new-service:NewAction", "arn:aws:new-service:eu-west-1:111122223333:thing/x"),
];

fn check_against_explain(estate: &Estate) {
    let documents = Documents::default();
    let mut compared = 0;
    for (action, resource) in QUESTIONS {
        let answer = ask(estate, action, resource);
        let found = by_role(&answer);
        let unread = answer.rows.iter().any(|row| row.address.starts_with("res/") && row.verdict == Verdict::Unk);
        for role in estate.inventory.accounts.values().flat_map(|account| account.roles.iter()) {
            let key = EntityKey::scoped(Kind::Role, &role.account, &role.name);
            let caller = Caller {
                key: key.clone(),
                role: role.clone(),
                role_key: key.clone(),
                identity: None,
                namespace: None,
                service_account: None,
                association: None,
            };
            let explained = explain::ask(&estate.inventory, &documents, caller, action, resource, &[]);
            let (word, certain) = explained.verdict();
            let (verdict, sure) = found.get(role.arn.as_str()).copied().expect("every role is answered for");
            compared += 1;
            if word == "unk" && verdict == Verdict::Deny {
                // Only a policy that was not read could let it in: the row of that policy stands for it.
                assert!(unread && !sure, "{key} {action} {resource}");
                continue;
            }
            assert_eq!(verdict.word(), word, "{key} {action} {resource}");
            // A denial for want of any statement is not looked at further, so it may be surer than it is said to be.
            if verdict == Verdict::Deny {
                assert!(certain || !sure, "{key} {action} {resource}");
            } else if verdict != Verdict::Unk {
                assert_eq!(sure, certain, "{key} {action} {resource} {word}: {:?}", explained.explanation.unread);
            }
        }
    }
    assert!(compared > 30 * 40, "{compared}");
}

#[test]
fn who_can_answers_what_explain_answers_for_every_role_of_the_demo() {
    check_against_explain(&load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo")));
}

#[test]
fn who_can_answers_what_explain_answers_for_every_role_of_a_generated_world() {
    let Some(world) = testbed::world("small", 3) else { return };
    check_against_explain(&load(&world));
}

const SMALL: &str = r#"
    cluster c1
    resource arn:aws:s3:::acme policy=none
    node n1
    sa ns/app role=writer
    pod ns/app sa=app node=n1 irsa=writer
    role writer irsa=ns:app policy={"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::acme/in/*"}
    role reader policy={"Effect":"Allow","Action":"s3:Get*","Resource":"*"}
"#;

#[test]
fn a_level_of_a_bucket_finds_a_grant_on_a_part_of_its_objects() {
    let answer = ask(&estate(SMALL), "write", "acme");
    assert_eq!(rows(&answer), ["allow? pod/c1/ns/app irsa s3:PutObject"]);
    let grant = &answer.rows[0].grant;
    assert_eq!(grant.on, ["arn:aws:s3:::acme/in/*"]);
    assert!(grant.example.starts_with("arn:aws:s3:::acme/in/"), "{}", grant.example);
    assert_eq!(answer.on, ["arn:aws:s3:::acme", "arn:aws:s3:::acme/*"]);
}

#[test]
fn some_object_of_a_prefix_is_asked_with_a_wildcard_and_exceptions_are_told() {
    let estate = estate(
        r#"
        cluster c1
        resource arn:aws:s3:::acme policy=none
        role a policy=[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme/in/a*"},{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::acme/in/ax*"}]
        role gone policy=[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme/in/*"},{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::acme/*"}]
        role other policy={"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme/out/*"}
        role cond policy={"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme/in/a","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}}
        role mine policy={"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme/in/${aws:PrincipalTag/team}/*"}
    "#,
    );
    let answer = ask(&estate, "s3:GetObject", "arn:aws:s3:::acme/in/*");
    assert_eq!(
        rows(&answer),
        [
            "allow? role/111122223333:a role s3:GetObject",
            "cond? role/111122223333:cond role s3:GetObject",
            "cond? role/111122223333:mine role s3:GetObject",
        ]
    );
    assert_eq!(answer.rows[0].grant.except, ["arn:aws:s3:::acme/in/ax*"]);
    assert_eq!(answer.rows[1].grant.conditions, ["StringEquals aws:SourceVpce vpce-1"]);
    assert_eq!(answer.denied.len(), 2);
}

#[test]
fn the_policy_of_a_bucket_lets_in_whom_it_names() {
    let estate = estate(
        r#"
        cluster c1
        role plain
        role named
        resource arn:aws:s3:::acme policy=[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:role/named","444455556666","arn:aws:iam::777788889999:role/far"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme/*"},{"Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::acme/*"}]
        resource arn:aws:s3:::open policy={"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::open/*"}
    "#,
    );
    assert_eq!(
        rows(&ask(&estate, "read", "acme")),
        [
            "allow? res/arn:aws:iam::444455556666:root resource-policy s3:GetObject",
            "allow? role/111122223333:named role s3:GetObject",
            "unk role/777788889999:far resource-policy s3:GetObject",
        ]
    );
    assert_eq!(
        rows(&ask(&estate, "s3:PutObject", "acme")),
        ["allow? logging.s3.amazonaws.com resource-policy s3:PutObject"]
    );
    let open = rows(&ask(&estate, "s3:GetObject", "open"));
    assert!(open.contains(&"allow? * resource-policy s3:GetObject".to_owned()), "{open:?}");
}

#[test]
fn a_policy_that_was_not_read_is_a_row_of_its_own_and_never_nobody() {
    let estate = estate("cluster c1\nrole plain");
    let answer = ask(&estate, "write", "acme");
    assert_eq!(rows(&answer), ["unk res/arn:aws:s3:::acme resource-policy "]);
    assert!(!answer.is_certain() && !answer.denied[0].certain);
    assert_eq!(ask(&estate, "write", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1").verdict(), Verdict::Deny);
}

#[test]
fn users_have_the_policies_of_their_groups() {
    let estate = estate(
        r#"
        cluster c1
        resource arn:aws:s3:::acme policy=none
        group dev policy={"Effect":"Allow","Action":"s3:*","Resource":"*"}
        user ann groups=dev
        user bob policy={"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme/${aws:username}/*"}
        user eve groups=gone
    "#,
    );
    assert_eq!(
        rows(&ask(&estate, "s3:GetObject", "acme")),
        ["allow? iam-user/111122223333:ann user s3:GetObject", "allow? iam-user/111122223333:bob user s3:GetObject"]
    );
    let denied = ask(&estate, "s3:GetObject", "arn:aws:s3:::acme/ann/k").denied;
    assert_eq!(
        denied.iter().map(|it| it.address.as_str()).collect::<Vec<_>>(),
        ["iam-user/111122223333:bob", "iam-user/111122223333:eve"]
    );
}

#[test]
fn a_session_tag_decides_for_each_workload_by_itself() {
    let estate = estate(
        r#"
        cluster c1
        node n1 agent
        resource arn:aws:s3:::acme policy=none
        role shared pods policy={"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme/*","Condition":{"StringEquals":{"aws:PrincipalTag/kubernetes-namespace":"a"}}}
        association a/app role=shared
        association b/app role=shared
        sa a/app
        sa b/app
        pod a/app sa=app node=n1 pi
        pod b/app sa=app node=n1 pi
    "#,
    );
    assert_eq!(rows(&ask(&estate, "s3:GetObject", "acme")), ["allow? pod/c1/a/app pod-identity s3:GetObject"]);
}

#[test]
fn an_identity_that_is_not_known_is_a_row_that_says_so() {
    let estate = estate(&format!("{SMALL}\ngap aws/iam.json"));
    let answer = ask(&estate, "write", "acme");
    assert_eq!(answer.verdict(), Verdict::Unk);
    assert!(rows(&answer).iter().any(|it| it.starts_with("unk pod/c1/ns/app irsa")), "{:?}", rows(&answer));
    assert_eq!(answer.roles, 0);
}

/// Who could become whom: `writer` may write the bucket; `ns/app` signs with it.
fn further(rights: &str) -> Vec<String> {
    rows(&ask(&estate(&format!("{SMALL}\nsa ci/bot\npod ci/bot sa=bot node=n1\n{rights}")), "write", "acme"))
        .into_iter()
        .filter(|row| row.contains(" +1 "))
        .collect()
}

#[test]
fn rights_in_kubernetes_are_one_step_more() {
    let bind = |rule: &str, to: &str| format!("role.rbac ns/p {rule}\nrolebinding ns/b role=p {to}");
    for (rule, via) in [
        ("can:create=serviceaccounts/token", "token-request"),
        ("can:create=pods", "pod-create"),
        ("can:create=jobs", "workload-create"),
        ("can:create=pods/exec", "pod-exec"),
        ("can:patch=pods/ephemeralcontainers", "debug"),
        ("can:patch=pods", "pod-patch-image"),
    ] {
        assert_eq!(
            further(&bind(rule, "to:group=dev")),
            [format!("allow? +1 group/c1/dev {via} s3:PutObject")],
            "{rule}"
        );
        let bot = further(&bind(rule, "to:sa=ci/bot"));
        assert_eq!(bot, [format!("allow? +1 pod/c1/ci/bot {via} s3:PutObject")], "{rule}");
    }
    // An identity of Kubernetes alone is no way to AWS (R156), and reading is none at all.
    for rule in ["can:get=secrets", "can:get=pods,serviceaccounts", "can:create=pods/exec[other]"] {
        assert_eq!(further(&bind(rule, "to:group=dev")), [""; 0], "{rule}");
    }
    // In another namespace stands nobody who can, unless a pod there may take the node.
    let elsewhere = "role.rbac ci/p can:create=pods\nrolebinding ci/b role=p to:group=dev";
    assert_eq!(further(elsewhere), ["allow? +1 group/c1/dev pod-create s3:PutObject"]);
    let guarded = format!("namespace ci label:pod-security.kubernetes.io/enforce=restricted\n{elsewhere}");
    assert_eq!(further(&guarded), [""; 0]);
}

#[test]
fn rights_over_a_cluster_and_rights_of_everybody_are_one_row() {
    let admin = further("clusterrole all can:*=*\nclusterrolebinding b clusterrole=all to:group=dev to:sa=ci/bot");
    assert_eq!(
        admin,
        ["allow? +1 group/c1/dev cluster-admin s3:PutObject", "allow? +1 pod/c1/ci/bot cluster-admin s3:PutObject"]
    );
    let everybody = further(
        "clusterrole p can:create=pods/exec\nclusterrolebinding b clusterrole=p to:group=system:serviceaccounts",
    );
    assert_eq!(everybody, ["allow? +1 group/c1/system:serviceaccounts pod-exec s3:PutObject"]);
}

#[test]
fn principals_of_aws_are_one_step_away_by_the_cluster_and_by_iam() {
    let mapped = further(
        "role human\naccess-entry human groups=dev\nrole.rbac ns/p can:create=pods\nrolebinding ns/b role=p to:group=dev",
    );
    assert_eq!(
        mapped,
        ["allow? +1 group/c1/dev pod-create s3:PutObject", "allow? +1 role/111122223333:human pod-create s3:PutObject"]
    );
    let iam = further(
        r#"role e policy={"Effect":"Allow","Action":"iam:UpdateAssumeRolePolicy","Resource":"arn:aws:iam::111122223333:role/writer"}"#,
    );
    assert_eq!(iam, ["allow? +1 role/111122223333:e escalation s3:PutObject"]);
    let node = further(r#"role e policy={"Effect":"Allow","Action":"ssm:StartSession","Resource":"*"}"#);
    assert_eq!(node, ["allow? +1 role/111122223333:e node-access s3:PutObject"]);
}

#[test]
fn who_can_already_has_no_row_with_one_more_step() {
    let text = r#"role boss policy={"Effect":"Allow","Action":"*","Resource":"*"}"#;
    assert_eq!(further(text), [""; 0]);
    let answer = ask(&estate(&format!("{SMALL}\n{text}")), "write", "acme");
    assert!(
        rows(&answer).iter().any(|row| row.starts_with("allow? role/111122223333:boss role")),
        "{:?}",
        rows(&answer)
    );
}

#[test]
fn a_step_that_may_not_be_possible_makes_the_row_doubtful() {
    let text = format!(
        "{SMALL}\nnamespace ns label:pod-security.kubernetes.io/enforce=restricted\n\
         role.rbac ns/p can:create=pods\nrolebinding ns/b role=p to:group=dev\ngap clusters/c1/roles.json"
    );
    let answer = ask(&estate(&text), "write", "acme");
    let row = answer.rows.iter().find(|row| row.further.is_some()).expect("a binding to a role that was not read");
    assert!(!row.certain && row.doubt.is_some(), "{row:?}");
}

#[test]
fn every_row_with_one_more_step_is_a_path_of_the_graph() {
    let Some(world) = testbed::world("small", 1) else { return };
    let estate = load(&world);
    let paths = World { inventory: &estate.inventory, pods: &estate.pods, graph: estate.graph() };
    let mut checked = 0;
    for (what, resource) in [("s3:GetObject", "*"), ("write", "arn:aws:s3:::prod-orders"), ("iam:PassRole", "*")] {
        for row in ask(&estate, what, resource).rows.iter().filter(|row| row.further.is_some()) {
            let (from, role) = (row.key.as_ref().expect("an actor"), row.role.as_deref().expect("a role"));
            let to = EntityKey::role(role).unwrap_or_else(|| {
                let name = role.rsplit('/').next().unwrap_or(role);
                EntityKey::scoped(Kind::IamUser, &"111122223333".into(), &name.into())
            });
            let found = path(paths, from, &to, Limits { paths: 1, ..Limits::default() });
            assert!(found.is_some_and(|it| !it.paths.is_empty()), "{} {} {role}", row.address, row.via);
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}

#[test]
fn resources_are_named_as_people_do() {
    let estate = estate(SMALL);
    for (text, arn) in [
        ("acme", "arn:aws:s3:::acme"),
        ("s3://acme/in/k", "arn:aws:s3:::acme/in/k"),
        ("res/arn:aws:s3:::acme", "arn:aws:s3:::acme"),
        ("role/writer", "arn:aws:iam::111122223333:role/writer"),
        ("arn:aws:s3:::acme/*", "arn:aws:s3:::acme/*"),
        ("*", "*"),
    ] {
        assert_eq!(who_can::resource(&estate, text).expect(text).as_str(), arn);
    }
    for text in ["arn:aws:s3", "a b", "x", "role/nobody"] {
        assert!(who_can::resource(&estate, text).is_err(), "{text}");
    }
}

#[test]
fn which_pods_can_write_this_bucket_takes_sixteen_keys() {
    let keys: Vec<Key> = std::iter::once('w')
        .chain("acme-inv".chars())
        .map(Key::char)
        .chain([Key::new(Code::Tab)])
        .chain("write".chars().map(Key::char))
        .chain([Key::new(Code::Enter)])
        .collect();
    assert_eq!(keys.len(), 16);
    let mut ui = Harness::demo();
    keys.into_iter().for_each(|key| ui.key(key));
    let screen = dump(&ui.draw((100, 30)));
    for text in ["Who-can › acme-invoices › write", "data/etl-nightly ×1", "IR spark-role", "with one more step"] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
    ui.run("C");
    assert_eq!(ui.outside, ["copy rolewalk --demo who-can write arn:aws:s3:::acme-invoices"]);
}

fn run(args: &[&str]) -> (i32, String, String) {
    let mut command = assert_cmd::Command::cargo_bin("rolewalk").expect("the binary is built");
    let output = command.args(args).arg("--demo").output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_line_answers_in_every_format_with_the_same_rows() {
    let ask = ["who-can", "write", "acme-invoices"];
    let (code, json, _) = run(&[&ask[..], &["-o", "json"]].concat());
    assert_eq!(code, 0);
    let json: Value = serde_json::from_str(&json).expect("is JSON");
    assert_eq!((&json["schema"], &json["question"]["ask"]), (&1.into(), &"who-can".into()));
    let rows = json["results"].as_array().expect("results");
    let order = |row: &Value| {
        let verdicts = ["allow", "cond", "unk", "deny"];
        let verdict = verdicts.iter().position(|it| row["verdict"] == *it).expect("a verdict");
        (verdict, row["steps_more"].as_u64(), row["address"].as_str().map(str::to_owned))
    };
    assert!(rows.is_sorted_by_key(order) && rows.len() > 10, "by verdict, steps_more, address");
    for field in ["address", "role", "via", "actions", "verdict", "certain", "conditions", "steps_more"] {
        assert!(rows.iter().all(|row| row.get(field).is_some()), "{field}");
    }
    let (_, ndjson, _) = run(&[&ask[..], &["-o", "ndjson"]].concat());
    let lines: Vec<Value> = ndjson.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!((&lines[0]["question"], &lines[1..]), (&json["question"], rows.as_slice()));
    let (_, csv, _) = run(&[&ask[..], &["-o", "csv"]].concat());
    assert_eq!(csv::Reader::from_reader(csv.as_bytes()).records().count(), rows.len());
    let (_, table, notes) = run(&ask);
    assert_eq!(table.lines().count(), rows.len() + 1);
    assert!(notes.contains("looked at 67 roles"), "{notes}");
}

#[test]
fn the_exit_code_says_whether_nobody_can() {
    let unread = "arn:aws:sqs:eu-west-1:111122223333:unread";
    assert_eq!(run(&["who-can", "write", "acme-invoices", "--expect-none"]).0, 1);
    assert_eq!(run(&["who-can", "write", "acme-invoices", "--strict"]).0, 3);
    assert_eq!(run(&["who-can", "write", unread]).0, 0);
    for args in [
        &["who-can", "writes", "acme"][..],
        &["who-can", "write", "a b"],
        &["who-can", "write", "*"],
        &["who-can", "s3:Get*", "acme"],
    ] {
        let (code, out, err) = run(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
    }
}

#[test]
fn can_lists_the_actions_of_a_level_that_a_thing_has() {
    let (code, out, _) = run(&["can", "role/spark-role", "write", "acme-invoices", "-o", "json"]);
    assert_eq!(code, 0);
    let json: Value = serde_json::from_str(&out).expect("is JSON");
    let rows = json["results"].as_array().expect("results");
    let of = |action: &str| rows.iter().find(|row| row["action"] == action).map(|row| row["verdict"].clone());
    assert_eq!((of("s3:PutObject"), of("s3:DeleteBucket")), (Some("allow".into()), Some("deny".into())));
    assert_eq!(rows.len(), 41);
    let (code, out, notes) = run(&["can", "role/spark-role", "write"]);
    assert_eq!(code, 0);
    assert!(out.contains("s3:PutObject") && !out.contains("DENY") && notes.contains("are denied"), "{out}{notes}");
    let (code, out, _) = run(&["can", "role/spark-role", "s3:PutObject", "acme-invoices/k"]);
    assert_eq!(code, 0);
    assert!(out.contains("ALLOW?"), "{out}");
}

#[test]
fn a_text_of_aws_stands_in_for_a_managed_policy_that_was_not_read() {
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    let text =
        format!("cluster c1\nresource arn:aws:s3:::acme policy=none\nrole r attached={admin}\nuser u attached={admin}");
    let answer = ask(&estate(&text), "s3:PutObject", "acme");
    assert_eq!(
        rows(&answer),
        ["allow? iam-user/111122223333:u user s3:PutObject", "allow? role/111122223333:r role s3:PutObject"]
    );
    let because = answer.rows[0].grant.because.as_ref().expect("a statement");
    assert_eq!(because.policy, "AdministratorAccess (AWS text of 2015-02-06)");
    assert!(answer.unread.contains(&"identity policies".into()), "{:?}", answer.unread);
    let other = ask(&estate(&text.replace("Administrator", "Unheard")), "s3:PutObject", "acme");
    assert_eq!(other.verdict(), Verdict::Unk, "{:?}", rows(&other));
}

#[test]
fn a_managed_policy_that_was_read_wins_over_the_text_of_aws() {
    let estate = estate(
        r#"
        cluster c1
        resource arn:aws:s3:::acme policy=none
        policy AdministratorAccess arn=arn:aws:iam::aws:policy/AdministratorAccess allow={"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}
        role r attached=arn:aws:iam::aws:policy/AdministratorAccess
    "#,
    );
    assert_eq!(ask(&estate, "s3:PutObject", "acme").verdict(), Verdict::Deny);
    let answer = ask(&estate, "s3:GetObject", "acme");
    assert_eq!(answer.rows[0].grant.because.as_ref().map(|it| it.policy.as_str()), Some("AdministratorAccess"));
    assert!(!answer.unread.contains(&"identity policies".into()), "{:?}", answer.unread);
}

#[test]
fn another_catalogue_replaces_the_built_in_one() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/catalogue.tsv.gz");
    let ask = ["who-can", "s3:PutObject", "acme-invoices", "-o", "json"];
    assert_eq!(run(&[&ask[..], &["--catalogue", file]].concat()), run(&ask));
    let (code, out, err) =
        run(&[&ask[..], &["--catalogue", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]].concat());
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("is no action catalogue"), "{err}");
}
