//! Pasted messages and what follows from them.

use rolewalk::app::Msg;
use rolewalk::testing::{Harness, dump};

const OBJECT: &str = "arn:aws:s3:::acme-invoices/2026/02/118.pdf";

fn message(session: &str) -> String {
    format!(
        "An error occurred (AccessDenied) when calling the GetObject operation:\nUser: \
         arn:aws:sts::111122223333:assumed-role/{session} is not authorized to perform: s3:GetObject on resource: \
         \"{OBJECT}\" because no identity-based policy allows the s3:GetObject action\n"
    )
}

fn paste(ui: &mut Harness, text: &str) {
    ui.send(Msg::Paste(text.to_owned()));
}

fn shown(ui: &mut Harness) -> String {
    dump(&ui.draw((100, 30)))
}

#[test]
fn a_pasted_denial_is_asked_with_one_key_for_the_pod_that_sent_it() {
    let mut ui = Harness::demo();
    let pods = &ui.app.estate().pods;
    let mut names = pods.iter().filter_map(|entry| entry.pod.as_ref()).map(|pod| pod.meta.name.to_string());
    let pod = names.find(|name| name.starts_with("payments-api-")).expect("it runs in the demo");
    paste(&mut ui, &message(&format!("payments-api-role/eks-prod-eu1-{pod}-1b2c")));
    let before = shown(&mut ui);
    assert!(before.contains(&format!("explain s3:GetObject {OBJECT}")), "{before}");
    assert!(!before.contains("WHY"), "nothing is asked before enter: {before}");
    ui.run("enter");
    let after = shown(&mut ui);
    for text in
        ["from the message you pasted", "payments/payments-api (payments-api-role)", "DENY", "no identity-based policy"]
    {
        assert!(after.contains(text), "{text}: {after}");
    }
}

#[test]
fn a_message_that_several_workloads_may_have_sent_lets_one_choose() {
    let mut ui = Harness::demo();
    paste(&mut ui, &message("eks-prod-eu1-node/botocore-session-1700000000"));
    let none_by_irsa = shown(&mut ui);
    assert!(none_by_irsa.contains("may role eks-prod-eu1-node do"), "{none_by_irsa}");
    ui.run("esc");
    paste(&mut ui, &message("spark-role/botocore-session-1700000000"));
    let list = shown(&mut ui);
    assert!(list.contains("WHO SENT IT") && list.contains("spark-driver") && list.contains("spark-exec"), "{list}");
    ui.run("down, enter");
    let answer = shown(&mut ui);
    assert!(answer.contains("data/spark-driver (spark-role)") && answer.contains("WHY"), "{answer}");
}

#[test]
fn a_paste_into_an_input_stays_text() {
    let mut ui = Harness::demo();
    ui.run(":");
    paste(&mut ui, &message("payments-api-role/eks-prod-eu1-payments-a-1b2c"));
    let screen = shown(&mut ui);
    assert!(screen.contains(":An error occurred") || screen.contains("s3:GetObject action"), "{screen}");
    assert!(!screen.contains("from the message"), "{screen}");
}

#[test]
fn a_message_without_a_caller_or_of_a_stranger_says_so() {
    let mut ui = Harness::demo();
    paste(&mut ui, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity");
    assert!(shown(&mut ui).contains("the message names no caller"));
    paste(&mut ui, "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: s3:GetObject");
    assert!(shown(&mut ui).contains("is no role"));
    paste(&mut ui, "You are not authorized to performance reviews");
    assert!(shown(&mut ui).contains("not recognised"));
}

#[test]
fn an_answer_follows_the_data() {
    let mut ui = Harness::demo();
    ui.run(&format!("explain sa/prod-eu1/payments/payments-api s3:GetObject {OBJECT}"));
    assert!(shown(&mut ui).contains("DENY"));
    let mut inventory = ui.app.inventory().clone();
    inventory.accounts.clear();
    ui.send(Msg::Inventory { inventory, finished: true });
    let screen = shown(&mut ui);
    assert!(screen.contains("UNK"), "what was not read is unknown: {screen}");
}

#[test]
fn completion_knows_the_services_and_resources_of_the_role() {
    let mut ui = Harness::demo();
    let first = |ui: &Harness| ui.app.suggestions().first().map(|it| it.text.clone()).unwrap_or_default();
    ui.run("/, type ts-api, enter, e, type getob");
    assert_eq!(first(&ui), "s3:GetObject ");
    ui.run("tab, type acme-inv");
    assert_eq!(first(&ui), "s3:GetObject arn:aws:s3:::acme-invoices");
    ui.run("ctrl-u, type runinstances");
    assert_eq!(first(&ui), "ec2:RunInstances ", "services that the role does not have come too");
    ui.run("esc, :, type explain sa/prod-eu1/payments/payments-api sendm");
    assert_eq!(first(&ui), "explain sa/prod-eu1/payments/payments-api sqs:SendMessage ");
}

#[test]
fn the_step_that_decides_is_stood_on_and_shows_its_statement() {
    for (question, step, statement) in [
        (
            "role/111122223333:RolewalkReader organizations:ListPolicies",
            "▌ 3 explicit deny anywhere  DENIES",
            "NoOrganizations in read",
        ),
        ("role/payments-report-role kms:Decrypt", "▌ 6 resource policy         unread", "WHAT WOULD HELP"),
        (
            "role/111122223333:RolewalkReader iam:ListRoles",
            "▌ 7 identity policy         allows",
            "Allow  iam:Get*, iam:List*",
        ),
    ] {
        let mut ui = Harness::demo();
        ui.run(&format!("explain {question}"));
        let screen = shown(&mut ui);
        assert!(screen.contains(step) && screen.contains(statement), "{question}: {screen}");
    }
}

#[test]
fn a_policy_of_a_resource_opens_as_a_page_on_its_statement() {
    let mut ui = Harness::demo();
    let role = "arn:aws:iam::111122223333:role/old-support-role";
    ui.run(&format!("explain role/payments-report-role sts:AssumeRole {role}"));
    ui.run("g, j, j, j, j, j, y");
    let screen = shown(&mut ui);
    assert!(screen.contains("resource policy old-support-role") && screen.contains("sts:AssumeRole"), "{screen}");
}
