//! `rolewalk rbac` as another program meets it: contracts to the letter on a small directory, and its behaviour at
//! the edges.

use std::path::Path;

use assert_cmd::Command;
use expect_test::expect;
use serde_json::{Value, json};

fn run(args: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("rolewalk").expect("the binary is built").args(args).output().expect("it runs");
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8(output.stdout).expect("UTF-8"),
        String::from_utf8(output.stderr).expect("UTF-8"),
    )
}

fn write(directory: &Path, file: &str, value: &Value) {
    let path = directory.join(file);
    std::fs::create_dir_all(path.parent().expect("a directory")).expect("it can be made");
    std::fs::write(path, value.to_string()).expect("it can be written");
}

fn list(kind: &str, items: Value) -> Value {
    json!({"apiVersion": "v1", "kind": kind, "items": items})
}

/// One cluster with RBAC and access entries, and nothing else.
fn directory() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a directory");
    let at = |file: &str, value: Value| write(root.path(), &format!("clusters/prod/{file}"), &value);
    let role = |kind: &str, meta: Value, rules: Value| json!({"kind": kind, "metadata": meta, "rules": rules});
    let binding = |kind: &str, meta: Value, to: (&str, &str), subjects: Value| json!({"kind": kind, "metadata": meta, "roleRef": {"kind": to.0, "name": to.1}, "subjects": subjects});
    write(root.path(), "world.json", &json!({"now": "2026-06-01T12:00:00Z"}));
    at(
        "describe-cluster.json",
        json!({"cluster": {"name": "prod", "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/prod", "version": "1.33",
               "accessConfig": {"authenticationMode": "API"}}}),
    );
    at(
        "clusterroles.json",
        list(
            "List",
            json!([
                role(
                    "ClusterRole",
                    json!({"name": "edit"}),
                    json!([
                        {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]},
                        {"verbs": ["create"], "apiGroups": [""], "resources": ["pods", "pods/exec"]},
                    ])
                ),
                role(
                    "ClusterRole",
                    json!({"name": "one"}),
                    json!([
                        {"verbs": ["create"], "apiGroups": [""], "resources": ["pods/exec"], "resourceNames": ["web-0"]},
                    ])
                ),
            ]),
        ),
    );
    at("roles.json", list("List", json!([])));
    at(
        "rolebindings.json",
        list(
            "List",
            json!([
                binding(
                    "RoleBinding",
                    json!({"name": "deployer", "namespace": "ci"}),
                    ("ClusterRole", "edit"),
                    json!([
                        {"kind": "ServiceAccount", "name": "deployer"}, {"kind": "Group", "name": "dev"},
                    ])
                ),
                binding(
                    "RoleBinding",
                    json!({"name": "web", "namespace": "web"}),
                    ("ClusterRole", "one"),
                    json!([
                        {"kind": "User", "name": "ann"},
                    ])
                ),
            ]),
        ),
    );
    at("clusterrolebindings.json", list("List", json!([])));
    let entry = "arn:aws:iam::111122223333:role/team/ops";
    at("list-access-entries.json", json!({"accessEntries": [entry]}));
    let described = json!({"accessEntry": {"clusterName": "prod", "principalArn": entry, "kubernetesGroups": ["dev"],
                           "username": "ops:{{SessionName}}", "type": "STANDARD"}});
    at("describe-access-entry.jsonl", described);
    let policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy";
    at(
        "list-associated-access-policies.jsonl",
        json!({"associatedAccessPolicies": [{"policyArn": policy, "accessScope": {"type": "namespace", "namespaces": ["web"]}}],
               "clusterName": "prod", "principalArn": entry}),
    );
    root
}

fn ask(args: &[&str]) -> (i32, String, String) {
    let root = directory();
    let path = root.path().to_str().expect("UTF-8").to_owned();
    run(&[args, &["--snapshot", &path]].concat())
}

#[test]
fn subjects_are_written_as_the_contract_has_them() {
    let (code, out, _) = ask(&["rbac", "subjects", "create", "pods/exec", "-o", "json"]);
    assert_eq!(code, 0);
    let mut answer: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(answer["completeness"]["complete"], false);
    answer["completeness"] = json!({});
    expect![[r#"
        {
          "schema": 1,
          "data_time": "2026-06-01T12:00:00Z",
          "completeness": {},
          "question": {
            "ask": "rbac subjects",
            "cluster": "prod",
            "verb": "create",
            "resource": "pods",
            "group": "",
            "subresource": "exec",
            "name": null,
            "namespace": null,
            "url": null
          },
          "results": [
            {
              "subject": {
                "kind": "Group",
                "namespace": null,
                "name": "dev"
              },
              "address": "group/prod/dev",
              "verdict": "allow",
              "certain": true,
              "scope": [
                "ci"
              ],
              "names": [],
              "grants": [
                {
                  "binding": "rolebinding/prod/ci/deployer",
                  "role": "clusterrole/prod/edit",
                  "rule": 1,
                  "scope": "ci"
                }
              ]
            },
            {
              "subject": {
                "kind": "Group",
                "namespace": null,
                "name": "system:masters"
              },
              "address": "group/prod/system:masters",
              "verdict": "allow",
              "certain": true,
              "scope": [
                "*"
              ],
              "names": [],
              "grants": [
                {
                  "builtin": "system:masters passes without RBAC"
                }
              ]
            },
            {
              "subject": {
                "kind": "IAM",
                "namespace": null,
                "name": "arn:aws:iam::111122223333:role/team/ops"
              },
              "address": "role/111122223333:ops",
              "verdict": "allow",
              "certain": true,
              "scope": [
                "ci",
                "web"
              ],
              "names": [],
              "grants": [
                {
                  "access_policy": "AmazonEKSEditPolicy",
                  "rule": 12,
                  "scope": "web",
                  "mapping": "access entry"
                },
                {
                  "binding": "rolebinding/prod/ci/deployer",
                  "role": "clusterrole/prod/edit",
                  "rule": 1,
                  "scope": "ci",
                  "through": "group/prod/dev",
                  "mapping": "access entry"
                }
              ]
            },
            {
              "subject": {
                "kind": "ServiceAccount",
                "namespace": "ci",
                "name": "deployer"
              },
              "address": "sa/prod/ci/deployer",
              "verdict": "allow",
              "certain": true,
              "scope": [
                "ci"
              ],
              "names": [],
              "grants": [
                {
                  "binding": "rolebinding/prod/ci/deployer",
                  "role": "clusterrole/prod/edit",
                  "rule": 1,
                  "scope": "ci"
                }
              ]
            },
            {
              "subject": {
                "kind": "User",
                "namespace": null,
                "name": "ann"
              },
              "address": "user/prod/ann",
              "verdict": "cond",
              "certain": true,
              "scope": [
                "web"
              ],
              "names": [
                "web-0"
              ],
              "grants": [
                {
                  "binding": "rolebinding/prod/web/web",
                  "role": "clusterrole/prod/one",
                  "rule": 0,
                  "scope": "web",
                  "names": [
                    "web-0"
                  ]
                }
              ]
            }
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&answer).expect("JSON"));
}

#[test]
fn the_same_answer_comes_in_every_format() {
    for (args, rows) in [
        (&["rbac", "subjects", "create", "pods/exec"][..], 5),
        (&["rbac", "subjects", "create", "pods/exec", "-n", "ci"], 4),
        (&["rbac", "subjects", "create", "pods/exec", "-A"], 5),
        (&["rbac", "powers"], 25),
    ] {
        let with = |format: &str| ask(&[args, &["-q", "-o", format]].concat()).1;
        let json: Value = serde_json::from_str(&with("json")).expect("JSON");
        let results = json["results"].as_array().expect("results").clone();
        assert_eq!(results.len(), rows, "{args:?}");
        let ndjson = with("ndjson");
        let mut lines = ndjson.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        assert_eq!(lines.next().expect("a header")["question"], json["question"]);
        assert_eq!(lines.collect::<Vec<_>>(), results);
        assert_eq!(with("csv").lines().count(), rows + 1);
        assert_eq!(with("table").lines().count(), rows + 1);
    }
}

#[test]
fn a_table_says_who_where_and_by_what() {
    let (_, out, _) = ask(&["rbac", "subjects", "create", "pods/exec", "-q"]);
    expect![[r#"
        KIND            NAMESPACE  NAME                                     VERDICT  SCOPE   NAMES  ROLE                    BY
        Group                      dev                                      allow    ci             clusterrole/edit        rolebinding/ci/deployer
        Group                      system:masters                           allow    *                                      system:masters passes without RBAC
        IAM                        arn:aws:iam::111122223333:role/team/ops  allow    ci,web         AmazonEKSEditPolicy +1  access entry +1
        ServiceAccount  ci         deployer                                 allow    ci             clusterrole/edit        rolebinding/ci/deployer
        User                       ann                                      cond     web     web-0  clusterrole/one         rolebinding/web/web
    "#]].assert_eq(&out);
    let (_, out, _) = ask(&["rbac", "powers", "-n", "web", "-q", "--columns", "power,rule,subjects,named,scope"]);
    expect![[r#"
        POWER            RULE  SUBJECTS  NAMED  SCOPE
        escalate         R160  1                *
        bind             R159  1                *
        impersonate      R158  2                *,web
        nodes-proxy      R152  1                *
        webhook-control  R162  1                *
        token-request    R145  1                *
        pod-create       R146  2                *,web
        workload-create  R147  2                *,web
        workload-patch   R147  2                *,web
        pod-exec         R148  3         1      *,web
        pod-attach       R149  2                *,web
        debug            R149  1                *
        pod-patch-image  R153  2                *,web
        nodeclass-edit   R166  1                *
        secret-mint      R157  2                *,web
        secret-read      R156  2                *,web
        controller-crd   R167  1                *
        pv-create        R164  1                *
        csr              R161  1                *
        sa-create        R155  2                *,web
        sa-annotate      R154  2                *,web
        ns-labels        R163  1                *
        schedule-steer   R169  1                *
        portforward      R168  2                *,web
        proxy            R168  2                *,web
    "#]]
    .assert_eq(&out);
}

#[test]
fn several_clusters_ask_for_a_choice() {
    let root = directory();
    write(root.path(), "clusters/other/roles.json", &list("List", json!([])));
    let path = root.path().to_str().expect("UTF-8").to_owned();
    let (code, out, err) = run(&["rbac", "powers", "--snapshot", &path]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("--cluster: other, prod"), "{err}");
    let (code, ..) = run(&["rbac", "powers", "--snapshot", &path, "--cluster", "prod"]);
    assert_eq!(code, 0);
}

#[test]
fn what_is_assumed_and_what_is_missing_is_said() {
    let (_, _, err) = ask(&["rbac", "subjects", "get", "widgets"]);
    assert!(err.contains("`widgets` is not built in"), "{err}");
    let (_, _, err) = ask(&["rbac", "subjects", "patch", "nodes"]);
    assert!(err.contains("nobody but system:masters may patch nodes"), "{err}");
    let (_, _, err) = ask(&["rbac", "subjects", "get", "namespaces"]);
    assert!(err.contains("name a namespace"), "{err}");
}
