//! What rights are worth in AWS, on small estates.

use expect_test::{Expect, expect};
use rolewalk::base::Truth;
use rolewalk::estate::derive;
use rolewalk::testing::estate_text::estate;

use super::request;

/// One line for each role that becomes usable: account, role, way.
fn check(text: &str, asked: &str, expected: Expect) {
    let estate = derive(&estate(text), &|| false).expect("nobody stops it");
    let holdings = estate.holdings("c1").expect("a cluster");
    let (usable, _) = holdings.through_request(&request(asked));
    let lines: Vec<String> = usable
        .iter()
        .map(|it| {
            let mark = if it.certainty == Truth::Yes { "" } else { "?" };
            let role = it.role.rsplit('/').next().unwrap_or_default();
            format!("{}/{} {role}{mark} {}", it.account.namespace, it.account.name, it.via)
        })
        .collect();
    expected.assert_eq(&lines.join("\n"));
}

const ESTATE: &str = "
    cluster c1
    node n1 tokens=required hop=1 agent
    namespace a
    namespace b
    role app irsa=a:app
    role open irsa=a:* op=StringLike
    role linked pods
    role later irsa=a:later
    role other irsa=b:app
    sa a/app role=app
    sa a/plain
    sa b/app role=other
    association a/plain role=linked
    pod a/web sa=app node=n1 irsa=app
";

/// R146: who may create pods runs as any account of the namespace, with what it declares and what merely trusts it.
#[test]
fn creating_pods_uses_every_account_of_the_namespace() {
    check(
        ESTATE,
        "create pods -n a",
        expect![[r#"
        a/app app irsa
        a/app open latent-trust
        a/plain linked pod-identity
        a/plain open latent-trust"#]],
    );
    check(ESTATE, "create jobs -n b", expect!["b/app other irsa"]);
    check(
        ESTATE,
        "create deployments",
        expect![[r#"
        a/app app irsa
        a/app open latent-trust
        a/plain linked pod-identity
        a/plain open latent-trust
        b/app other irsa"#]],
    );
}

/// R145: a token is enough for a role that trusts the account, and not by itself for an association.
#[test]
fn asking_for_tokens_uses_trusting_roles() {
    check(
        ESTATE,
        "create serviceaccounts/token plain -n a",
        expect![[r#"
        a/plain linked? pod-identity
        a/plain open latent-trust"#]],
    );
}

/// R148: exec uses what runs, not what could run.
#[test]
fn exec_uses_the_pods_that_run() {
    check(
        ESTATE,
        "create pods/exec -n a",
        expect![[r#"
        a/app app irsa
        a/app open latent-trust"#]],
    );
    check(ESTATE, "create pods/exec -n b", expect![""]);
    // The version is 1.33: get is exec.
    check(
        ESTATE,
        "get pods/exec web -n a",
        expect![[r#"
        a/app app irsa
        a/app open latent-trust"#]],
    );
    check(ESTATE, "get pods/exec other -n a", expect![""]);
}

/// R147: templates can be changed only where a workload is.
#[test]
fn changing_templates_needs_a_workload() {
    check(ESTATE, "patch deployments -n a", expect![""]);
    check(
        &format!("{ESTATE}\nworkload a/api sa=app"),
        "patch deployments -n a",
        expect![[r#"
        a/app app irsa
        a/app open latent-trust
        a/plain linked pod-identity
        a/plain open latent-trust"#]],
    );
}

#[test]
fn a_right_that_leads_nowhere_uses_nothing() {
    check(ESTATE, "get configmaps", expect![""]);
    check(ESTATE, "get secrets -n a", expect![""]);
    check(ESTATE, "get /metrics", expect![""]);
}

/// R191: what was not read leaves the way open.
#[test]
fn an_unread_trust_is_no_answer() {
    check(
        &format!("{ESTATE}\ngap aws/get-open-id-connect-provider.jsonl"),
        "create pods -n b",
        expect!["b/app other? irsa"],
    );
}
