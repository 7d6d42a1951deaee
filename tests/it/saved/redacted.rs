//! A redacted snapshot gives the same answers under other names, and no name of the original is in it.

use std::collections::BTreeSet;

use rolewalk::cli::command::list::identities;
use rolewalk::estate::derive;
use rolewalk::ingest::saved::redact::Redactor;
use rolewalk::ingest::saved::{Saved, encode_redacted};
use rolewalk::model::Inventory;
use serde_json::Value;

use super::{demo_inventory, read, restored, secrets};
use crate::testbed;

/// Rows of `list identities` without prose, as text, sorted.
fn identities(inventory: &Inventory, mut rename: impl FnMut(&str) -> String) -> Vec<String> {
    let estate = derive(inventory, &|| false).expect("nobody stops it");
    let mut rows: Vec<String> = identities::rows(&estate)
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
            object
                .iter_mut()
                .filter(|(name, _)| !WORDS.contains(&name.as_str()))
                .for_each(|(_, it)| renamed(it, rename));
        }
        _ => {}
    }
}

fn names(inventory: &Inventory) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for cluster in inventory.clusters.values() {
        names.insert(cluster.label.to_string());
        names.extend(cluster.namespaces.iter().map(|it| it.meta.name.to_string()));
        names.extend(cluster.pods.iter().map(|it| it.meta.name.to_string()));
        names.extend(cluster.service_accounts.iter().map(|it| it.meta.name.to_string()));
        names.extend(cluster.deployments.iter().map(|it| it.meta.name.to_string()));
        names.extend(cluster.stateful_sets.iter().map(|it| it.meta.name.to_string()));
        names.extend(cluster.nodes.iter().map(|it| it.meta.name.to_string()));
    }
    for account in inventory.accounts.values() {
        names.insert(account.id.to_string());
        names.extend(account.roles.iter().map(|it| it.name.to_string()));
        names.extend(account.users.iter().map(|it| it.name.to_string()));
        names.extend(account.policies.iter().map(|it| it.name.to_string()));
    }
    names
}

/// Names of AWS and Kubernetes by another rule than the one that keeps them.
fn is_public(name: &str) -> bool {
    const STARTS: &[&str] = &["system:", "kube-", "aws-", "eks-", "amazon-", "AWSServiceRoleFor", "Amazon", "AWS"];
    const WHOLE: &[&str] = &["default", "coredns", "admin", "view", "edit", "cluster-admin", "AdministratorAccess"];
    const ENDS: &[&str] = &["Access", "csi-controller-sa"];
    STARTS.iter().any(|it| name.starts_with(it)) || WHOLE.contains(&name) || ENDS.iter().any(|it| name.ends_with(it))
}

fn worlds() -> Vec<Inventory> {
    let mut worlds = vec![demo_inventory()];
    worlds.extend(testbed::world("small", 1).map(|world| read(&world)));
    worlds
}

#[test]
fn the_identities_are_those_of_the_original_under_other_names() {
    for original in worlds() {
        let (bytes, mut redactor) = encode_redacted(&original);
        let redacted = restored(bytes);
        let expected = identities(&original, |text| word(&mut redactor, text));
        let found = identities(&redacted, str::to_owned);
        let differing = expected.iter().zip(&found).find(|(a, b)| a != b);
        assert_eq!(differing, None);
        assert_eq!(expected.len(), found.len());
    }
}

/// `Deployment/api` is made of two texts.
fn word(redactor: &mut Redactor, text: &str) -> String {
    match text.split_once('/') {
        Some((kind, name)) if !name.contains('/') && !text.contains(':') => {
            format!("{}/{}", redactor.text(kind), redactor.text(name))
        }
        _ => redactor.text(text),
    }
}

#[test]
fn no_name_of_the_original_is_left() {
    for original in worlds() {
        let (bytes, mut redactor) = encode_redacted(&original);
        let saved = Saved::from_bytes("redacted", bytes.clone()).expect("a header");
        assert!(saved.header().redacted);
        assert_eq!(saved.verify().expect("whole").forbidden, [] as [String; 0]);
        let text = String::from_utf8_lossy(&secrets::unpacked(&bytes)).into_owned();
        let left: Vec<&str> = text.split(|it: char| !it.is_alphanumeric() && !"-_.".contains(it)).collect();
        let left: BTreeSet<&str> = left.into_iter().collect();
        let mut replaced = 0;
        for name in names(&original) {
            if redactor.text(&name) == name {
                assert!(is_public(&name), "{name} is kept");
            } else {
                replaced += 1;
                assert!(!left.contains(name.as_str()), "{name} is left");
            }
        }
        assert!(replaced > 50, "{replaced}");
    }
}
