//! The lines "in Kubernetes" of the Explorer: what the account of a row may do at the API server, and what is not known.

use rolewalk::app::Settings;
use rolewalk::testing::estate_text::estate;
use rolewalk::testing::{Harness, dump};

const WORLD: &str = "
cluster c1 version=1.34
node n1
namespace a
namespace b
namespace c
sa a/maker
pod a/maker sa=maker node=n1
role.rbac a/maker can:create=pods
rolebinding a/maker role=maker to:sa=a/maker
sa a/reader
pod a/reader sa=reader node=n1
clusterrole secrets can:list=secrets
rolebinding a/r clusterrole=secrets to:sa=a/reader
rolebinding b/r clusterrole=secrets to:sa=a/reader
rolebinding c/r clusterrole=secrets to:sa=a/reader
sa a/named
pod a/named sa=named node=n1
role.rbac b/named can:create=serviceaccounts/token[x]
rolebinding b/named role=named to:sa=a/named
sa a/viewer
pod a/viewer sa=viewer node=n1
clusterrole view can:get=pods
clusterrolebinding view clusterrole=view to:sa=a/viewer
sa a/plain
pod a/plain sa=plain node=n1
role entry
access-entry entry policy:AmazonEKSClusterAdminPolicy=
";

/// The Explorer on one row, at a width at which nothing is cut.
fn shown(world: &str, script: &str) -> String {
    let mut ui = Harness::with(estate(world), Settings::default());
    ui.run(script);
    dump(&ui.draw((200, 50)))
}

#[track_caller]
fn says(world: &str, script: &str, wanted: &[&str]) {
    let screen = shown(world, script);
    for text in wanted {
        assert!(screen.contains(text), "no `{text}` after `{script}`\n{screen}");
    }
}

#[test]
fn a_power_stands_with_the_place_where_it_is_held() {
    says(WORLD, "filter maker", &["in Kubernetes", "H pod-create in a"]);
    says(WORLD, "filter reader", &["secret-read in 3 namespaces"]);
    says(WORLD, "filter named", &["token-request in b, by name"]);
}

#[test]
fn a_role_without_powers_is_named_and_an_account_without_rights_says_so() {
    says(WORLD, "filter viewer", &["· view everywhere"]);
    says(WORLD, "filter plain", &["no rights of its own"]);
}

#[test]
fn who_may_do_everything_has_one_line_for_it() {
    let owner = "clusterrole all can:*=*\nsa a/boss\npod a/boss sa=boss node=n1";
    let everywhere = format!("{WORLD}\n{owner}\nclusterrolebinding boss clusterrole=all to:sa=a/boss");
    says(&everywhere, "filter boss", &["C every right everywhere"]);
    assert!(!shown(&everywhere, "filter boss").contains("pod-create"));
    // In one namespace the powers beyond it still show.
    let here = format!("{WORLD}\n{owner}\nrolebinding b/boss clusterrole=all to:sa=a/boss");
    says(&here, "filter boss", &["C every right in b", "pod-create in b"]);
}

#[test]
fn accounts_and_roles_have_the_lines_too() {
    says(WORLD, "sa, filter maker", &["in Kubernetes", "pod-create in a"]);
    says(WORLD, "roles, filter entry", &["in Kubernetes", "C every right everywhere"]);
}

#[test]
fn what_was_not_read_is_no_no() {
    let unread = format!("{WORLD}\ngap clusters/c1/rolebindings.json");
    says(&unread, "filter plain", &["more is possible; not read:", "rolebindings.json"]);
    assert!(!shown(&unread, "filter plain").contains("no rights of its own"));
    // A role that is bound and was not read may hold anything.
    let missing = format!("{WORLD}\ngap clusters/c1/roles.json\nrolebinding a/lost role=lost to:sa=a/plain");
    says(&missing, "filter plain", &["lost? not read, in a"]);
}

#[test]
fn whether_a_token_is_mounted_is_said_beside_the_identity() {
    says(WORLD, "filter maker", &["token  mounted"]);
    let without = WORLD.replace("sa a/maker\n", "sa a/maker automount=false\n");
    says(&without, "filter maker", &["token  not mounted"]);
}

#[test]
fn a_power_leads_to_its_rules_on_screen_seven() {
    let screen = shown(WORLD, "filter maker, l, G, r");
    assert!(screen.contains("RULES  a/maker") && screen.contains("create  on  pods"), "{screen}");
}
