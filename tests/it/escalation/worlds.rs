//! The generated worlds: what is planted is found, and roles that were only given data gain nothing.

use rolewalk::graph::escalation::gains;
use rolewalk::ingest::{Options, load};
use rolewalk::model::EntityKey;

use super::lines;
use crate::testbed;

#[test]
fn the_planted_escalations_are_found() {
    let Some(directory) = testbed::world("small", 1) else { return };
    let inventory = load(&directory, Options::default()).expect("the world opens");
    let found = gains(&inventory);
    let role = |name: &str| lines(&found, &format!("role/111122223333:prod-{name}"));
    assert_eq!(role("perm-iam-pass"), ["33 yes role prod-general-node"]);
    assert_eq!(role("perm-chain"), ["29 yes role prod-chain-target"]);
    for quiet in ["perm-boundary", "perm-notresource", "perm-wildcards", "perm-condition"] {
        assert!(role(quiet).is_empty(), "{quiet}: {:?}", role(quiet));
    }
    // Everything but IAM: the nodes by Systems Manager, and the cluster by an access entry.
    let near_admin = role("perm-notaction");
    assert!(near_admin.iter().any(|it| it.starts_with("75 yes node ip-")), "{near_admin:?}");
    assert!(near_admin.contains(&"88 yes cluster prod".to_owned()), "{near_admin:?}");
    let administrators: Vec<&EntityKey> = found.administrators().map(|it| it.0).collect();
    assert!(administrators.iter().any(|it| &*it.name == "prod-perm-deny"));
    assert!(found.unread().is_empty());
}

#[test]
fn worlds_of_ordinary_applications_have_few_gains() {
    let Some(directory) = testbed::world("medium", 1) else { return };
    let inventory = load(&directory, Options::default()).expect("the world opens");
    let found = gains(&inventory);
    let escalating = found.all().iter().filter(|it| it.technique.is_escalation());
    let mut principals: Vec<&EntityKey> = escalating.map(|it| &it.from).collect();
    principals.dedup();
    let planted = ["perm-", "pia-target", "chain-target"];
    let other: Vec<&&EntityKey> =
        principals.iter().filter(|it| !planted.iter().any(|name| it.name.contains(name))).collect();
    assert!(other.len() * 20 < inventory.accounts.values().map(|it| it.roles.len()).sum(), "{other:?}");
}
