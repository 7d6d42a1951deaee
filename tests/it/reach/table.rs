//! One world with every kind of edge, made by hand: for each kind a pair of things that has the edge and a pair that
//! nearly has it, in one table; and every path of that world walked back to the facts. The world is a text of its own.

use rolewalk::analysis::used_by::used_by;
use rolewalk::estate::Estate;
use rolewalk::graph::kind::Role;
use rolewalk::graph::{EdgeKind, KINDS};
use rolewalk::model::{EntityKey, Kind};

use super::checker::Checker;
use super::{derived, key, world_of};

const WORLD: &str = include_str!("../../fixtures/reach/world.txt");

struct Case {
    kind: &'static str,
    /// Has the edge.
    has: (&'static str, &'static str),
    /// Nearly has it.
    misses: (&'static str, &'static str),
    /// What is missing.
    because: &'static str,
}

const fn case(
    kind: &'static str,
    has: (&'static str, &'static str),
    misses: (&'static str, &'static str),
    because: &'static str,
) -> Case {
    Case { kind, has, misses, because }
}

const TABLE: &[Case] = &[
    case(
        "runs-as",
        ("statefulset/c1/ns/app", "sa/c1/ns/app"),
        ("statefulset/c1/ns/app", "sa/c1/ns/other"),
        "it runs as another account",
    ),
    case(
        "irsa",
        ("statefulset/c1/ns/app", "role/111122223333:r"),
        ("pod/c1/ns/untrusted", "role/111122223333:w"),
        "the trust policy names another account",
    ),
    case(
        "pod-identity",
        ("pod/c1/ns/p", "role/111122223333:q"),
        ("pod/c1/ns/p2", "role/111122223333:q2"),
        "the association is another account's",
    ),
    case(
        "node-role",
        ("pod/c1/ns/plain", "role/111122223333:node"),
        ("pod/c1/ns/locked", "role/111122223333:node"),
        "hop limit 1",
    ),
    case(
        "imds",
        ("pod/c1/ns/both", "role/111122223333:node"),
        ("statefulset/c1/ns/app", "role/111122223333:node"),
        "hop limit 1",
    ),
    case(
        "hostnetwork",
        ("pod/c1/ns/host", "role/111122223333:node"),
        ("pod/c1/ns/hostpid", "role/111122223333:node"),
        "the processes of the host are not its network",
    ),
    case(
        "token",
        ("pod/c1/ns/keys", "role/111122223333:r"),
        ("pod/c1/ns/keys2", "role/111122223333:r"),
        "the role is named and no token is mounted",
    ),
    case(
        "latent-trust",
        ("statefulset/c1/ns/app", "role/111122223333:l"),
        ("statefulset/c1/ns/app", "role/111122223333:l2"),
        "a star is a star where the operator is StringEquals",
    ),
    case(
        "association-token",
        ("pod/c1/ns/two", "role/111122223333:q"),
        ("pod/c1/ns/two-b", "role/111122223333:q"),
        "started before the association",
    ),
    case(
        "interceptor",
        ("pod/c2/ns/k", "role/111122223333:k"),
        ("pod/c1/ns/k", "role/111122223333:k"),
        "the cluster has no interceptor",
    ),
    case(
        "credential",
        ("pod/c1/ns/file", "role/111122223333:f"),
        ("pod/c1/ns/file2", "role/111122223333:f"),
        "the token file of the profile is not mounted",
    ),
    case(
        "node-takeover",
        ("pod/c1/ns/priv", "node/c1/n1"),
        ("pod/c1/ns/cap", "node/c1/n1"),
        "the capability is over the network alone",
    ),
    case(
        "node-token-files",
        ("pod/c1/ns/mount", "node/c1/n1"),
        ("pod/c1/ns/mount2", "node/c1/n1"),
        "no tokens lie there",
    ),
    case(
        "instance-profile",
        ("node/c1/n1", "role/111122223333:node"),
        ("node/c1/bare", "role/111122223333:node"),
        "it has no profile",
    ),
    case(
        "node-pods",
        ("node/c1/n1", "statefulset/c1/ns/app"),
        ("node/c1/open", "statefulset/c1/ns/app"),
        "it runs elsewhere",
    ),
    case("node-tokens", ("node/c1/n1", "sa/c1/ns/app"), ("node/c1/open", "sa/c1/ns/app"), "no pod of it runs there"),
    case("kubelet", ("pod/c1/ns/plain", "node/c1/open"), ("pod/c1/ns/locked", "node/c1/n1"), "hop limit 1"),
    case("kubelet-token", ("node/c1/n1", "sa/c1/ns/app"), ("node/c1/n1", "sa/c1/ns/ended"), "its pod has ended"),
    case(
        "runs-on",
        ("statefulset/c1/ns/app", "node/c1/n1"),
        ("statefulset/c1/ns/app", "node/c1/open"),
        "it runs elsewhere",
    ),
    case(
        "minted-token",
        ("sa/c1/ns/app", "role/111122223333:r"),
        ("sa/c1/ns/app", "role/111122223333:act"),
        "the action is not that of web identities",
    ),
    case(
        "new-pod-irsa",
        ("sa/c1/ns/app", "role/111122223333:r"),
        ("sa/c1/ns/app", "role/111122223333:aud"),
        "no provider takes the audience",
    ),
    case(
        "new-pod-association",
        ("sa/c1/ns/two", "role/111122223333:q"),
        ("sa/c3/ns/noagent", "role/111122223333:q"),
        "no node of the cluster has the agent",
    ),
    case(
        "minted-association-token",
        ("sa/c1/ns/two", "role/111122223333:q"),
        ("sa/c1/ns/app", "role/111122223333:q"),
        "the association is another account's",
    ),
    case(
        "declares",
        ("sa/c1/ns/app", "role/111122223333:r"),
        ("sa/c1/ns/both", "role/111122223333:b"),
        "nothing is annotated",
    ),
    case(
        "token-request",
        ("group/c1/can-token-request", "sa/c1/ns/app"),
        ("group/c1/no-token-request", "sa/c1/ns/app"),
        "another right",
    ),
    case(
        "pod-create",
        ("group/c1/can-pod-create", "sa/c1/ns/app"),
        ("group/c1/no-pod-create", "sa/c1/ns/app"),
        "a create carries no name when it is authorized (R141)",
    ),
    case(
        "workload-create",
        ("group/c1/can-workload-create", "sa/c1/ns/app"),
        ("group/c1/no-workload-create", "sa/c1/ns/app"),
        "another namespace",
    ),
    case(
        "workload-patch",
        ("group/c1/can-workload-patch", "sa/c1/ns/app"),
        ("group/c1/no-workload-patch", "sa/c1/strict/x"),
        "there is nothing to patch",
    ),
    case(
        "pod-exec",
        ("group/c1/can-pod-exec", "statefulset/c1/ns/app"),
        ("group/c3/no-pod-exec", "pod/c3/ns/app"),
        "from 1.35 on get is not enough",
    ),
    case(
        "pod-attach",
        ("group/c1/can-pod-attach", "statefulset/c1/ns/app"),
        ("group/c1/no-pod-attach", "statefulset/c1/ns/app"),
        "another pod",
    ),
    case(
        "debug",
        ("group/c1/can-debug", "statefulset/c1/ns/app"),
        ("group/c1/no-debug", "statefulset/c1/ns/app"),
        "reading",
    ),
    case(
        "nodes-proxy",
        ("group/c1/can-nodes-proxy", "statefulset/c1/ns/app"),
        ("group/c1/no-nodes-proxy", "statefulset/c1/ns/app"),
        "nodes stand outside namespaces (R140)",
    ),
    case(
        "pod-patch-image",
        ("group/c1/can-pod-patch-image", "statefulset/c1/ns/app"),
        ("group/c1/no-pod-patch-image", "statefulset/c1/ns/app"),
        "the status holds no image",
    ),
    case(
        "sa-annotate",
        ("group/c1/can-sa-annotate", "role/111122223333:l"),
        ("group/c1/no-sa-annotate", "role/111122223333:l2"),
        "the role trusts no account there",
    ),
    case(
        "sa-create",
        ("group/c1/can-sa-create", "sa/c1/ns/ghost"),
        ("group/c1/can-sa-create", "sa/c1/ns/app"),
        "it is there already",
    ),
    case(
        "secret-read",
        ("group/c1/can-secret-read", "sa/c1/ns/old"),
        ("group/c1/no-secret-read", "sa/c1/ns/pull"),
        "the secret is no token",
    ),
    case(
        "secret-mint",
        ("group/c1/can-secret-mint", "sa/c1/ns/app"),
        ("group/c1/no-secret-mint", "sa/c1/ns/app"),
        "what was made cannot be read",
    ),
    case(
        "impersonate",
        ("group/c1/can-impersonate", "sa/c1/ns/app"),
        ("group/c1/no-impersonate", "sa/c1/ns/app"),
        "another name",
    ),
    case("bind", ("group/c1/can-bind", "cluster/c1"), ("group/c1/no-bind", "cluster/c1"), "no binding can be written"),
    case("escalate", ("group/c1/can-escalate", "cluster/c1"), ("group/c1/no-escalate", "cluster/c1"), "R143"),
    case("csr", ("group/c1/can-csr", "cluster/c1"), ("group/c1/no-csr", "cluster/c1"), "nobody signs"),
    case(
        "webhook-control",
        ("group/c1/can-webhook-control", "sa/c1/ns/app"),
        ("group/c1/no-webhook-control", "sa/c1/ns/app"),
        "it only refuses",
    ),
    case(
        "ns-labels",
        ("group/c1/can-ns-labels", "node/c1/n1"),
        ("group/c1/no-ns-labels", "node/c1/n1"),
        "nobody starts a pod there",
    ),
    case(
        "pv-create",
        ("group/c1/can-pv-create", "node/c1/n1"),
        ("group/c1/no-pv-create", "node/c1/n1"),
        "nothing claims the volume",
    ),
    case(
        "aws-auth-edit",
        ("group/c1/can-aws-auth-edit", "cluster/c1"),
        ("group/c3/no-aws-auth-edit", "cluster/c3"),
        "the map is not read in mode API",
    ),
    case(
        "nodeclass-edit",
        ("group/c1/can-nodeclass-edit", "role/111122223333:karpenter"),
        ("group/c1/no-nodeclass-edit", "role/111122223333:managed"),
        "no class makes nodes of a node group",
    ),
    case(
        "controller-crd",
        ("group/c1/can-controller-crd", "role/111122223333:ack"),
        ("group/c1/no-controller-crd", "role/111122223333:ack"),
        "reading",
    ),
    case(
        "portforward",
        ("group/c1/can-portforward", "statefulset/c1/ns/app"),
        ("group/c1/no-portforward", "statefulset/c1/ns/app"),
        "no such verb",
    ),
    case(
        "proxy",
        ("group/c1/can-proxy", "statefulset/c1/ns/app"),
        ("group/c1/no-proxy", "statefulset/c1/ns/app"),
        "no such verb",
    ),
    case(
        "schedule-steer",
        ("group/c1/can-schedule-steer", "node/c1/n1"),
        ("group/c1/no-schedule-steer", "node/c1/n1"),
        "the status steers nothing",
    ),
    case(
        "member-of",
        ("sa/c1/ns/app", "group/c1/system:serviceaccounts:ns"),
        ("sa/c1/ns/app", "group/c1/system:serviceaccounts:strict"),
        "another namespace",
    ),
    case(
        "cluster-admin",
        ("group/c1/can-cluster-admin", "cluster/c1"),
        ("group/c1/no-cluster-admin", "cluster/c1"),
        "reading",
    ),
    case(
        "namespace-admin",
        ("group/c1/owner", "namespace/c1/ns"),
        ("group/c1/owner", "namespace/c1/strict"),
        "another namespace",
    ),
    case(
        "granted",
        ("group/c1/owner", "clusterrole/c1/can-cluster-admin"),
        ("group/c1/owner", "clusterrole/c1/no-cluster-admin"),
        "another role",
    ),
    case(
        "access-entry",
        ("role/111122223333:entry", "group/c1/can-pod-create"),
        ("role/111122223333:r", "group/c1/can-pod-create"),
        "it has no entry",
    ),
    case(
        "aws-auth",
        ("role/111122223333:mapped", "group/c2/system:masters"),
        ("role/111122223333:mapped3", "group/c3/system:masters"),
        "the map is not read in mode API",
    ),
    case(
        "access-policy",
        ("role/111122223333:ruler", "cluster/c1"),
        ("role/111122223333:viewer", "cluster/c1"),
        "reading",
    ),
    case(
        "cluster-creator",
        ("user/c2/kubernetes-admin", "cluster/c2"),
        ("user/c3/kubernetes-admin", "cluster/c3"),
        "with access entries the creator has one, or nothing",
    ),
    case(
        "assume-role",
        ("role/111122223333:r", "role/111122223333:t"),
        ("role/111122223333:r", "role/111122223333:t2"),
        "the trust policy names another role",
    ),
    case(
        "account-admin",
        ("role/111122223333:boss", "res/arn:aws:iam::111122223333:root"),
        ("role/111122223333:clerk", "res/arn:aws:iam::111122223333:root"),
        "one service",
    ),
    case(
        "owns-role",
        ("res/arn:aws:iam::111122223333:root", "role/111122223333:r"),
        ("res/arn:aws:iam::111122223333:root", "role/111122223333:reserved"),
        "nobody in the account can change it",
    ),
    case(
        "escalation",
        ("role/111122223333:trusting", "role/111122223333:q"),
        ("role/111122223333:trusting", "role/111122223333:r"),
        "another resource",
    ),
    case(
        "access-entry-edit",
        ("role/111122223333:admits", "cluster/c1"),
        ("role/111122223333:admits2", "cluster/c1"),
        "the entry stays without a policy",
    ),
    case(
        "association-edit",
        ("role/111122223333:binds", "role/111122223333:q"),
        ("role/111122223333:binds2", "role/111122223333:q"),
        "no role may be passed",
    ),
    case(
        "node-access",
        ("role/111122223333:enters", "node/c1/n1"),
        ("role/111122223333:enters2", "node/c1/n1"),
        "reading",
    ),
    case(
        "attaches",
        ("role/111122223333:r", "policy/111122223333:p"),
        ("role/111122223333:r", "policy/111122223333:bound"),
        "it is the boundary",
    ),
    case(
        "bounded-by",
        ("role/111122223333:r", "policy/111122223333:bound"),
        ("role/111122223333:r", "policy/111122223333:p"),
        "it is attached",
    ),
    case(
        "trusts",
        ("role/111122223333:r", "provider/111122223333:oidc.eks.eu-west-1.amazonaws.com/id/C1"),
        ("role/111122223333:far", "provider/111122223333:oidc.eks.eu-west-1.amazonaws.com/id/C1"),
        "the provider is another cluster's",
    ),
];

/// An edge of the graph, or one that is answered from the facts.
fn has(estate: &Estate, kind: EdgeKind, (from, to): (&str, &str)) -> bool {
    let (from, to) = (key(from), key(to));
    let stored = estate.graph().uses(&from).iter().any(|it| it.kind == kind && it.key == to);
    stored || used_by(world_of(estate), &to).iter().any(|it| it.kind == kind && it.key == from)
}

#[test]
fn every_pair_of_the_table_has_its_edge_and_every_near_miss_has_not() {
    let estate = derived(WORLD);
    let mut wrong = Vec::new();
    for case in TABLE {
        let kind = EdgeKind::from_word(case.kind).unwrap_or_else(|| panic!("`{}` is no kind", case.kind));
        if !has(&estate, kind, case.has) {
            wrong.push(format!("no {} {:?}", case.kind, case.has));
        }
        if has(&estate, kind, case.misses) {
            wrong.push(format!("a {} {:?}, although {}", case.kind, case.misses, case.because));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn both_ends_of_a_near_miss_are_there() {
    let estate = derived(WORLD);
    let known = |address: &str| estate.graph().keys().any(|it| *it == key(address));
    let facts = |address: &str| matches!(key(address).kind, Kind::Provider | Kind::ClusterRole);
    let missing: Vec<&str> = TABLE
        .iter()
        .flat_map(|case| [case.misses.0, case.misses.1])
        .filter(|address| !known(address) && !facts(address))
        .collect();
    // That nobody is there is what is to be shown.
    assert_eq!(missing, ["user/c3/kubernetes-admin"]);
}

#[test]
fn the_table_holds_every_kind_of_edge_once() {
    let mut words: Vec<&str> = TABLE.iter().map(|case| case.kind).collect();
    words.sort_unstable();
    let mut kinds: Vec<&str> = KINDS.iter().filter(|row| row.role != Role::Inner).map(|row| row.word).collect();
    kinds.sort_unstable();
    assert_eq!(words, kinds);
}

#[test]
fn every_path_of_the_world_stands_on_facts() {
    let estate = derived(WORLD);
    let is_end = |key: &&EntityKey| matches!(key.kind, Kind::Role | Kind::Cluster | Kind::Node);
    let mut keys: Vec<EntityKey> = estate.graph().keys().filter(|key| !key.name.is_empty()).cloned().collect();
    keys.sort();
    let mut checker = Checker::new(&estate);
    for from in &keys {
        for to in keys.iter().filter(is_end).filter(|to| *to != from) {
            checker.check(from, to, 1);
        }
    }
    checker.finish(3000);
}
