//! Vectors T37 to T45 of identity.md section 16.

use rolewalk::base::Truth;

use super::{derived, reaches};

const DEV: &str = "group/c1/dev";
const R: &str = "role/111122223333:r";

fn dev(version: &str, role: &str, rest: &str) -> rolewalk::estate::Estate {
    derived(&format!(
        "cluster c1 version={version}\nnode n1 tokens=required hop=1\nsa ns/app role=r\nrole r irsa=ns:app\n\
         pod ns/app sa=app node=n1 irsa=r\nclusterrole p {role}\nclusterrolebinding b clusterrole=p to:group=dev\n{rest}"
    ))
}

#[test]
fn t37_creating_the_account_that_a_trust_waits_for_gives_its_role() {
    let ghost = "role g irsa=ns:ghost";
    let may = "can:create=serviceaccounts,pods";
    assert_eq!(reaches(&dev("1.34", may, ghost), DEV, "role/111122223333:g"), Truth::Yes);
    // Without the right to start pods nobody runs as the new account.
    assert_eq!(reaches(&dev("1.34", "can:create=serviceaccounts", ghost), DEV, "role/111122223333:g"), Truth::No);
}

#[test]
fn t38_a_legacy_token_is_an_identity_in_kubernetes_and_no_aws_edge() {
    let rest = "sa ns/old role=o secrets=old-token\nsecret ns/old-token type=kubernetes.io/service-account-token\n\
                role o irsa=ns:old";
    let estate = dev("1.34", "can:get=secrets", rest);
    assert_eq!(reaches(&estate, DEV, "sa/c1/ns/old"), Truth::Yes);
    assert_eq!(reaches(&estate, DEV, "role/111122223333:o"), Truth::No);
}

#[test]
fn t39_names_restrict_token_requests() {
    let estate = dev("1.34", "can:create=serviceaccounts/token[app]", "sa ns/x\nrole x irsa=ns:x");
    assert_eq!(reaches(&estate, DEV, R), Truth::Yes);
    assert_eq!(reaches(&estate, DEV, "role/111122223333:x"), Truth::No);
    assert_eq!(reaches(&estate, DEV, "sa/c1/ns/x"), Truth::No);
}

#[test]
fn t40_a_star_behind_a_slash_matches_no_subresource() {
    assert_eq!(reaches(&dev("1.34", "can:*=pods/*", ""), DEV, "pod/c1/ns/app"), Truth::No);
}

#[test]
fn t41_get_on_exec_is_enough_before_1_35() {
    let of = |version| reaches(&dev(version, "can:get=pods/exec", ""), DEV, "pod/c1/ns/app");
    assert_eq!(of("1.34"), Truth::Yes);
    assert_eq!(of("1.35"), Truth::No);
}

#[test]
fn t42_get_on_nodes_proxy_enters_all_pods_in_any_version() {
    for version in ["1.28", "1.35", "1.36"] {
        assert_eq!(reaches(&dev(version, "can:get=nodes/proxy", ""), DEV, "pod/c1/ns/app"), Truth::Yes, "{version}");
    }
}

#[test]
fn t43_a_path_in_aws_auth_never_matches() {
    let of = |arn: &str| {
        let text = format!("cluster c1 mode=CONFIG_MAP\nrole r path=/team/\naws-auth role:{arn}=system:masters");
        reaches(&derived(&text), R, "cluster/c1")
    };
    assert_eq!(of("arn:aws:iam::111122223333:role/team/r"), Truth::No);
    assert_eq!(of("arn:aws:iam::111122223333:role/r"), Truth::Yes);
}

#[test]
fn t44_in_api_mode_editing_aws_auth_is_no_edge() {
    let of = |mode: &str| {
        let text = format!(
            "cluster c1 mode={mode}\naws-auth\nrole.rbac kube-system/p can:patch=configmaps[aws-auth]\n\
             rolebinding kube-system/b role=p to:group=dev"
        );
        reaches(&derived(&text), DEV, "cluster/c1")
    };
    assert_eq!(of("API"), Truth::No);
    assert_eq!(of("API_AND_CONFIG_MAP"), Truth::Yes);
}

#[test]
fn t45_the_role_of_a_pod_that_rules_the_cluster_closes_a_loop() {
    let text = "cluster c1\nnode n1 tokens=required hop=1\nsa ns/app role=r\nsa ns/x\nrole r irsa=ns:app\n\
                pod ns/app sa=app node=n1 irsa=r\npod ns/other sa=x node=n1\n";
    let with = derived(&format!("{text}access-entry r policy:AmazonEKSClusterAdminPolicy="));
    assert_eq!(reaches(&with, "pod/c1/ns/app", "cluster/c1"), Truth::Yes);
    assert_eq!(reaches(&with, "pod/c1/ns/app", "pod/c1/ns/other"), Truth::Yes);
    assert_eq!(reaches(&derived(text), "pod/c1/ns/app", "cluster/c1"), Truth::No);
}
