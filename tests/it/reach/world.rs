//! The planted cases of a generated world, and what must hold in any.

use rolewalk::base::Truth;
use rolewalk::estate::{Estate, derive};
use rolewalk::ingest::{self, Options};
use rolewalk::model::EntityKey;

use super::{falls, reaches};
use crate::testbed;

pub fn small() -> Option<Estate> {
    let directory = testbed::world("small", 1)?;
    let inventory = ingest::load(&directory, Options::default()).expect("the world opens");
    Some(derive(&inventory, &|| false).expect("nobody stops it"))
}

fn role(name: &str) -> String {
    format!("role/111122223333:{name}")
}

#[test]
fn planted_rights_lead_where_the_world_says() {
    let Some(estate) = small() else { return };
    let cluster = "cluster/prod";
    let of = |name: &str| format!("sa/prod/payments-prod/{name}");
    // Cluster admin by binding, by aws-auth, by access entry.
    assert_eq!(reaches(&estate, &of("ci-deployer"), cluster), Truth::Yes);
    assert_eq!(reaches(&estate, &role("prod-perm-iam-pass"), cluster), Truth::Yes);
    assert_eq!(reaches(&estate, &role("prod-perm-chain"), cluster), Truth::Yes);
    // Exec, tokens and the kubelet lead to every workload's role.
    for name in ["debug-bot", "node-bot", "token-bot"] {
        assert_eq!(reaches(&estate, &of(name), &role("prod-perm-version")), Truth::Yes, "{name}");
    }
    // The developers of a namespace own its identities.
    let developers = "group/prod/shipping-prod-developers";
    assert_eq!(reaches(&estate, developers, "sa/prod/shipping-prod/sub-list"), Truth::Yes);
    // A role chain.
    assert_eq!(reaches(&estate, &role("prod-perm-chain"), &role("prod-chain-target")), Truth::Yes);
}

#[test]
fn a_right_that_lacks_its_other_half_leads_nowhere() {
    let Some(estate) = small() else { return };
    // `bind` and `escalate` without writing bindings or roles: the world calls it a finding, no path follows (R159, R160).
    assert_eq!(reaches(&estate, "sa/prod/payments-prod/escalator", "cluster/prod"), Truth::No);
    assert_eq!(reaches(&estate, "group/prod/platform-viewers", "cluster/prod"), Truth::No);
}

/// The graph and the list of identities are two answers to one question.
#[test]
fn every_role_that_a_container_could_obtain_falls_with_its_pod() {
    let Some(estate) = small() else { return };
    for entry in estate.pods.iter().filter(|it| it.pod.as_ref().is_some_and(|pod| !pod.phase.is_over())) {
        let Some(pod) = &entry.pod else { continue };
        let address = format!("pod/{}/{}/{}", entry.cluster, entry.namespace, pod.meta.name);
        let rows = falls(&estate, &address);
        for at in 0..entry.containers.len() {
            for reachable in entry.reachable(at) {
                let Some(key) = EntityKey::role(&reachable.role) else { continue };
                let found = rows.iter().find(|row| row.key == key).map_or(Truth::No, |row| row.certainty);
                assert!(found >= reachable.certainty, "{address} {key} {reachable:?}: {found:?}");
            }
        }
    }
}
