//! Documented hard cases of the IAM language: one JSON line each, with the rule or AWS document it comes from.
//!
//! To add one more: append a line in the form of protocols.md section 1 with `doc` and `expect` to a file of its subject.

use rolewalk::iam::case::{Catalogue, answer_with};
use rolewalk::iam::pattern::Action;
use serde_json::Value;

const FILES: &[(&str, &str)] = &[
    ("documents", include_str!("../fixtures/iam/documents.jsonl")),
    ("wildcards", include_str!("../fixtures/iam/wildcards.jsonl")),
    ("variables", include_str!("../fixtures/iam/variables.jsonl")),
    ("conditions", include_str!("../fixtures/iam/conditions.jsonl")),
    ("principals", include_str!("../fixtures/iam/principals.jsonl")),
    ("layers", include_str!("../fixtures/iam/layers.jsonl")),
    ("accounts", include_str!("../fixtures/iam/accounts.jsonl")),
    ("unknowns", include_str!("../fixtures/iam/unknowns.jsonl")),
];

/// The few facts of the Service Authorization Reference that these cases need.
struct Excerpt;

impl Catalogue for Excerpt {
    fn takes_resource(&self, action: &Action) -> Option<bool> {
        let none =
            ["ec2:describeinstances", "s3:listallmybuckets", "kms:listkeys", "sts:getsessiontoken", "iam:listroles"];
        Some(!none.contains(&action.folded()))
    }

    fn takes_rcps(&self, service: &str) -> Option<bool> {
        Some(matches!(service, "s3" | "sts" | "kms" | "sqs" | "secretsmanager"))
    }
}

fn check(line: &str) -> Result<(), String> {
    let case: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let got: Value = serde_json::from_str(&answer_with(line, &Excerpt)).map_err(|error| error.to_string())?;
    let expect = &case["expect"];
    let fail = |what: &str, got: &Value| {
        Err(format!("{} {}: {what}: expected {}, got {got}", case["id"], case["doc"], expect[what]))
    };
    if got["id"] != case["id"] {
        return fail("id", &got);
    }
    if got["decision"] != expect["decision"] {
        return fail("decision", &got);
    }
    for exact in ["residual_keys", "reasons", "notes"] {
        if !expect[exact].is_null() && got[exact] != expect[exact] {
            return fail(exact, &got);
        }
    }
    if let Some(paths) = expect["errors"].as_array() {
        let found: Vec<&Value> = got["errors"].as_array().into_iter().flatten().map(|error| &error["path"]).collect();
        if found != paths.iter().collect::<Vec<_>>() {
            return fail("errors", &got);
        }
    }
    Ok(())
}

#[test]
fn every_documented_case_is_right() {
    let wrong: Vec<String> =
        FILES.iter().flat_map(|(_, lines)| lines.lines()).filter_map(|line| check(line).err()).collect();
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn there_are_at_least_three_hundred_and_each_names_its_rule() {
    let lines: Vec<Value> = FILES
        .iter()
        .flat_map(|(_, lines)| lines.lines())
        .map(|line| serde_json::from_str(line).expect("is JSON"))
        .collect();
    assert!(lines.len() >= 300, "{}", lines.len());
    for case in &lines {
        let doc = case["doc"].as_str().expect("a reference");
        let rule = doc.split_whitespace().next().expect("a rule");
        assert!(
            rule.starts_with(['P', 'W', 'V', 'C', 'E', 'L', 'X', 'T'])
                && rule[1..].starts_with(|c: char| c.is_ascii_digit()),
            "{doc}"
        );
    }
    // Every rule of the families that a point decision follows has a case.
    for (family, last) in [('P', 12), ('W', 9), ('V', 6), ('C', 14), ('E', 4), ('L', 10), ('X', 4), ('T', 4)] {
        for number in 1..=last {
            let rule = format!("{family}{number}");
            let named = |case: &Value| {
                let doc = case["doc"].as_str().unwrap_or_default();
                doc.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == rule)
            };
            assert!(lines.iter().any(named), "no case for rule {rule}");
        }
    }
}
