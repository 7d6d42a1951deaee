//! A redacted snapshot gives the same answers under other names, and no name of the original is in it.

use std::collections::BTreeSet;
use std::path::Path;

use rolewalk::cli::command::list::identities;
use rolewalk::estate::{Estate, derive};
use rolewalk::ingest::saved::redact::{Redactor, redact};
use rolewalk::ingest::saved::{Saved, encode_redacted};
use rolewalk::model::{EntityKey, Inventory};
use serde_json::Value;

use super::{demo_inventory, read, restored, secrets};
use crate::testbed;

fn derived(inventory: &Inventory) -> Estate {
    derive(inventory, &|| false).expect("nobody stops it")
}

/// Rows of `list identities` without prose, as text, sorted.
fn identities(estate: &Estate, mut rename: impl FnMut(&str) -> String) -> Vec<String> {
    let mut rows: Vec<String> = identities::rows(estate)
        .iter()
        .map(|row| {
            let mut row = serde_json::to_value(row).expect("JSON");
            row.as_object_mut().expect("an object").remove("why");
            renamed(&mut row, &mut rename);
            for list in ["reachable", "missing"] {
                row[list].as_array_mut().expect(list).sort_by_key(ToString::to_string);
            }
            row.to_string()
        })
        .collect();
    rows.sort();
    rows
}

fn renamed(value: &mut Value, rename: &mut impl FnMut(&str) -> String) {
    const WORDS: &[&str] = &["kind", "source", "verdict", "rule", "via", "certainty", "sdks", "drift"];
    match value {
        Value::String(text) => *text = rename(text),
        Value::Array(items) => items.iter_mut().for_each(|item| renamed(item, rename)),
        Value::Object(object) => {
            let names = object.iter_mut().filter(|(name, _)| !WORDS.contains(&name.as_str()));
            names.for_each(|(_, it)| renamed(it, rename));
        }
        _ => {}
    }
}

/// Rule, severity, certainty and subject of each finding, sorted.
fn findings(estate: &Estate, mut rename: impl FnMut(&EntityKey) -> String) -> Vec<String> {
    let findings = estate.findings();
    let row = |it: &rolewalk::findings::Finding| {
        format!("{} {} {} {}", it.rule.id, it.severity.word(), it.certain, rename(&it.subject))
    };
    let mut rows: Vec<String> = findings.all.iter().map(row).collect();
    rows.sort();
    rows
}

/// An address under the new names.
fn address(redactor: &mut Redactor, key: &EntityKey) -> String {
    // Findings on sources name these by their place in the layout.
    if key.name.ends_with(".json") || key.name.ends_with(".jsonl") {
        return format!("res/{}", redactor.source(&key.name));
    }
    let mut part = |it: &rolewalk::base::Name| redactor.renamed(it).into();
    let mut key = key.clone();
    key.scope = part(&key.scope);
    key.namespace = part(&key.namespace);
    key.name = part(&key.name);
    key.pod = part(&key.pod);
    key.to_string()
}

/// What people called things.
fn names(inventory: &Inventory) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for cluster in inventory.clusters.values() {
        let mut add = |name: &str| names.extend([name.to_owned()]);
        add(&cluster.label);
        cluster.namespaces.iter().for_each(|it| add(&it.meta.name));
        cluster.pods.iter().for_each(|it| add(&it.meta.name));
        cluster.service_accounts.iter().for_each(|it| add(&it.meta.name));
        cluster.nodes.iter().for_each(|it| add(&it.meta.name));
        cluster.roles.iter().chain(&cluster.cluster_roles).for_each(|it| add(&it.meta.name));
        cluster.role_bindings.iter().chain(&cluster.cluster_role_bindings).for_each(|it| add(&it.meta.name));
        cluster.config_maps.iter().chain(&cluster.secrets).for_each(|it| add(&it.meta.name));
        let workloads =
            [&cluster.deployments, &cluster.stateful_sets, &cluster.daemon_sets, &cluster.jobs, &cluster.cron_jobs];
        workloads.into_iter().flatten().for_each(|it| add(&it.meta.name));
        cluster.associations.iter().for_each(|it| add(&it.id));
        cluster.cluster.iter().for_each(|it| add(it.issuer_path().rsplit('/').next().unwrap_or_default()));
    }
    for account in inventory.accounts.values() {
        let mut add = |name: &str| names.extend([name.to_owned()]);
        add(&account.id);
        account.roles.iter().for_each(|it| [&it.name, &it.id].into_iter().for_each(|it| add(it)));
        account.users.iter().for_each(|it| add(&it.name));
        account.groups.iter().for_each(|it| add(&it.name));
        let own = account.policies.iter().filter(|it| !it.arn.contains(":iam::aws:"));
        own.for_each(|it| add(&it.name));
        account.instance_profiles.iter().for_each(|it| add(&it.name));
        account.resource_policies.iter().for_each(|it| add(it.arn.rsplit([':', '/']).next().unwrap_or_default()));
        for role in account.roles.iter() {
            role.inline.iter().for_each(|it| add(&it.name));
        }
    }
    // One letter tells nothing.
    names.retain(|it| it.chars().count() > 1);
    names
}

/// Names of AWS, Kubernetes and known programs, by another rule than the one that keeps them.
fn is_public(name: &str) -> bool {
    const STARTS: &[&str] = &[
        "system:",
        "eks:",
        "kube-",
        "aws-",
        "eks-",
        "amazon-",
        "AWSServiceRoleFor",
        "Amazon",
        "AWS",
        "ebs-csi",
        "efs-csi",
        "karpenter",
        "external-dns",
        "cluster-autoscaler",
        "external-secrets",
        "cert-manager",
        "fluent-bit",
        "velero",
        "cloudwatch-agent",
        "snapshot-controller",
        "metrics-server",
        "node-exporter",
        "prometheus-node-exporter",
    ];
    const WHOLE: &[&str] = &["default", "coredns", "admin", "view", "edit", "cluster-admin", "prod", "staging", "test"];
    const ENDS: &[&str] = &["Access", "-controller", "ReadOnly", "PowerUser", "FullAccess"];
    let known = include_str!("../../../assets/platform.tsv").lines().filter_map(|line| line.split_once('\t'));
    let known = known.map(|(_, row)| row.rsplit('/').next().unwrap_or(row)).any(|row| row == name);
    let digits = name.bytes().all(|it| it.is_ascii_digit());
    digits
        || known
        || STARTS.iter().any(|it| name.starts_with(it))
        || WHOLE.contains(&name)
        || ENDS.iter().any(|it| name.ends_with(it))
}

/// Everything that is wrong with a redacted copy.
fn check(original: &Inventory) {
    let (redacted, mut redactor) = redact(original, b"a key");
    let bytes = encode_redacted(&redacted);
    let mut wrong = left(original, &bytes, &mut redactor);
    let (before, after) = (derived(original), derived(&restored(bytes)));

    let expected = identities(&before, |text| word(&mut redactor, text));
    differences("identities", &expected, &identities(&after, str::to_owned), &mut wrong);
    let expected = findings(&before, |key| address(&mut redactor, key));
    differences("findings", &expected, &findings(&after, ToString::to_string), &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn differences(what: &str, expected: &[String], found: &[String], wrong: &mut Vec<String>) {
    let (before, after): (BTreeSet<&String>, BTreeSet<&String>) = (expected.iter().collect(), found.iter().collect());
    wrong.extend(before.difference(&after).take(8).map(|it| format!("{what} - {it}")));
    wrong.extend(after.difference(&before).take(8).map(|it| format!("{what} + {it}")));
    if expected.len() != found.len() {
        wrong.push(format!("{what}: {} then {}", expected.len(), found.len()));
    }
}

/// `Deployment/api` is made of two texts.
fn word(redactor: &mut Redactor, text: &str) -> String {
    match text.split_once('/') {
        Some((kind, name)) if kind.starts_with(char::is_uppercase) && !name.contains('/') => {
            format!("{kind}/{}", redactor.renamed(name))
        }
        Some(("clusters" | "accounts" | "aws", _)) => redactor.source(text),
        _ => redactor.renamed(text),
    }
}

/// Names of the original that are in the file.
fn left(original: &Inventory, bytes: &[u8], redactor: &mut Redactor) -> Vec<String> {
    let saved = Saved::from_bytes("redacted", bytes.to_vec()).expect("a header");
    assert!(saved.header().redacted);
    assert_eq!(saved.verify().expect("whole").forbidden, [] as [String; 0]);
    let text = String::from_utf8_lossy(&secrets::unpacked(bytes)).into_owned();
    // A service that an action or an ARN names is no name of anybody's.
    let action = regex::Regex::new(r"arn:aws:[a-z0-9-]+:|[a-z0-9-]+:[A-Z*][A-Za-z0-9*?]*").expect("a pattern");
    let text = action.replace_all(&text, " ");
    let words: BTreeSet<&str> = text.split(|it: char| !it.is_alphanumeric() && !"-_.".contains(it)).collect();
    let mut replaced = 0;
    let mut wrong = Vec::new();
    for name in names(original) {
        if redactor.renamed(&name) == name {
            if !is_public(&name) {
                wrong.push(format!("{name} is kept"));
            }
        } else {
            replaced += 1;
            // Texts stand in the file one behind the other, so a long name is looked for inside words too.
            if words.contains(name.as_str()) || name.len() >= 12 && text.contains(&name) {
                wrong.push(format!("{name} is left"));
            }
        }
    }
    assert!(replaced > 50, "{replaced}");
    wrong
}

#[test]
fn the_demo_redacted_answers_as_before_and_tells_no_name() {
    check(&demo_inventory());
}

#[test]
fn a_small_world_redacted_answers_as_before_and_tells_no_name() {
    if let Some(world) = testbed::world("small", 1) {
        check(&read(&world));
    }
}

#[test]
fn a_medium_world_redacted_answers_as_before_and_tells_no_name() {
    if let Some(world) = testbed::world("medium", 1) {
        check(&read(&world));
    }
}

#[test]
fn the_command_writes_a_copy_that_is_the_same_under_the_same_key_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let run = |args: &[&str]| {
        let output = assert_cmd::Command::cargo_bin("rolewalk").expect("built").args(args).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(&["snapshot", "save", &path("a"), "--demo", "-q"]);
    for (out, key) in [("b", Some("k")), ("c", Some("k")), ("d", Some("l")), ("e", None), ("f", None)] {
        let mut args = vec!["snapshot", "redact"];
        let (from, to) = (path("a"), path(out));
        args.extend([from.as_str(), to.as_str()]);
        args.extend(key.into_iter().flat_map(|key| ["--key", key]));
        run(&args);
    }
    let bytes = |name: &str| std::fs::read(Path::new(&path(name))).expect("written");
    assert_eq!(bytes("b"), bytes("c"));
    assert!(bytes("b") != bytes("d") && bytes("e") != bytes("f"));
    run(&["snapshot", "verify", &path("e")]);
    run(&["list", "identities", "--snapshot", &path("e")]);
}
