//! The RBAC screen on estates that the demo does not show: nobody, not read, one subject among many.

use rolewalk::app::Settings;
use rolewalk::testing::estate_text::estate;
use rolewalk::testing::{Harness, dump};

fn screen(text: &str, script: &str) -> String {
    let mut ui = Harness::with(estate(text), Settings::default());
    ui.run(script);
    let rows = dump(&ui.draw((120, 30)));
    // Sentences are broken over rows and columns.
    let rows = rows.lines().filter(|row| !row.starts_with('~'));
    rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn only_the_built_in_group_holds_powers_in_an_empty_cluster() {
    let screen = screen("cluster c1", "7");
    assert!(screen.contains("SUBJECTS 1") && screen.contains("group system:masters"), "{screen}");
}

#[test]
fn hiding_the_system_leaves_words() {
    let screen = screen("cluster c1", "7, .");
    assert!(screen.contains("Nobody holds a") && !screen.contains("not no"), "{screen}");
}

#[test]
fn what_was_not_read_is_said_to_be_unknown() {
    let screen = screen("cluster c1\ngap clusters/c1/rolebindings.json", "7, .");
    assert!(screen.contains("Unknown, not no"), "{screen}");
}

#[test]
fn a_role_that_was_not_read_says_so_in_the_rules() {
    let text = "
        cluster c1
        gap clusters/c1/clusterroles.json
        clusterrolebinding b clusterrole=gone to:user=u
    ";
    let screen = screen(text, "rbac user/c1/u");
    assert!(screen.contains("the role was not read; what it allows is unknown"), "{screen}");
}

#[test]
fn the_rights_of_a_role_are_those_of_its_mapping() {
    let text = "
        cluster c1
        role dev
        role lost
        access-entry dev policy:AmazonEKSEditPolicy=ns
        namespace ns
    ";
    let dev = screen(text, "rbac role/111122223333:dev, j");
    assert!(dev.contains("rights of iam") && dev.contains("impersonate"), "{dev}");
    assert!(dev.contains("access entry, access policy gives AmazonEKSEditPolicy"), "{dev}");
    let lost = screen(text, "rbac role/111122223333:lost");
    assert!(lost.contains("is mapped into no cluster: no access entry"), "{lost}");
}
