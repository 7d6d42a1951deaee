//! Roles that several accounts sign with, and the identities on one node.

use rolewalk::analysis::sharing::{roles, tenants};

use super::{derived, key};

const WORLD: &str = "
cluster c1
cluster c2
node n1 tokens=required hop=1
node n2 tokens=required hop=1
node n3 cluster=c2 tokens=required hop=1
sa a/one
sa b/two
sa a/alone
role shared irsa=a:one and={\"Effect\":\"Allow\",\"Principal\":{\"Federated\":\"@provider\"},\"Action\":\"sts:AssumeRoleWithWebIdentity\",\"Condition\":{\"StringEquals\":{\"@issuer:sub\":\"system:serviceaccount:b:two\",\"@issuer:aud\":\"sts.amazonaws.com\"}}}
role own irsa=a:alone
pod a/one-1 sa=one node=n1 irsa=shared
pod a/one-2 sa=one node=n2 irsa=shared
pod b/two sa=two node=n1 irsa=shared
pod b/over sa=two node=n2 irsa=shared ended
pod a/alone sa=alone node=n1 irsa=own
pod a/plain sa=plain node=n1
";

#[test]
fn a_role_of_two_namespaces_is_shared_and_one_of_a_single_account_is_not() {
    let shared = roles(&derived(WORLD).pods);
    assert_eq!(shared.len(), 1, "{shared:?}");
    let it = &shared[0];
    assert!(it.role.ends_with("role/shared"));
    assert_eq!((it.clusters, it.namespaces, it.pods), (1, 2, 3));
    assert_eq!(it.accounts, [key("sa/c1/a/one"), key("sa/c1/b/two")]);
    assert_eq!(it.via, ["irsa"]);
}

#[test]
fn a_node_holds_the_tokens_of_the_pods_that_run_there() {
    let tenants = tenants(&derived(WORLD).pods);
    let of = |node: &str| -> Vec<String> {
        let here = tenants.iter().filter(|it| it.node.name == node);
        here.map(|it| format!("{}/{} {}", it.account.namespace, it.account.name, it.roles.len())).collect()
    };
    assert_eq!(of("n1"), ["a/alone 1", "a/one 1", "a/plain 0", "b/two 1"]);
    // What has ended left no token.
    assert_eq!(of("n2"), ["a/one 1"]);
    assert_eq!(of("n3"), [""; 0]);
}
