//! Trust policies of roles in an estate text.
//!
//! `irsa=NS:SA` trusts one account of a cluster (`of=CLUSTER`), and these change parts of it: `sub=VALUE`, `aud=VALUE|none`,
//! `op=OPERATOR` for the subject, `key=PREFIX` for its key, `condition={...}` for all conditions, `action=A`,
//! `federated=ARN`. `pods` trusts Pod Identity (`pods={condition}`, `action=...`, `service=...`); `ec2` the nodes;
//! `for=SERVICE,SERVICE` services; `trusts=ARN` another principal. `and={statement}` adds one, `trust=[statements]` writes all.

use serde_json::{Value, json};

use super::ClusterHead;
use super::line::Line;

pub(super) fn of(line: &mut Line, clusters: &[ClusterHead], account: &str, partition: &str) -> String {
    let mut statements: Vec<Value> = Vec::new();
    if let Some(all) = line.take("trust") {
        match parse(line, &all) {
            Value::Array(all) => statements.extend(all),
            one => statements.push(one),
        }
    }
    if let Some(who) = line.take("irsa") {
        let cluster = match line.take("of") {
            Some(name) => clusters.iter().find(|it| it.name == name),
            None => clusters.first(),
        };
        let Some(cluster) = cluster else { line.fail("`of` names no cluster") };
        let prefix = line.take("key").unwrap_or_else(|| cluster.issuer.clone());
        let sub = line.take("sub").unwrap_or_else(|| format!("system:serviceaccount:{who}"));
        let operator = line.take("op").unwrap_or_else(|| "StringEquals".into());
        let aud = line.take("aud").unwrap_or_else(|| "sts.amazonaws.com".into());
        let mut condition = json!({ operator: { format!("{prefix}:sub"): sub } });
        if aud != "none" {
            let block = condition.as_object_mut().expect("an object");
            let equals = block.entry("StringEquals").or_insert_with(|| json!({}));
            equals[format!("{prefix}:aud")] = aud.into();
        }
        if let Some(text) = line.take("condition") {
            condition = parse(line, &text);
        }
        let provider = format!("arn:{partition}:iam::{account}:oidc-provider/{}", cluster.issuer);
        statements.push(json!({
            "Sid": "irsa",
            "Effect": "Allow",
            "Principal": { "Federated": line.take("federated").unwrap_or(provider) },
            "Action": line.take("action").unwrap_or_else(|| "sts:AssumeRoleWithWebIdentity".into()),
            "Condition": condition,
        }));
    }
    let condition = line.take("pods");
    if condition.is_some() || line.flag("pods") {
        let action = line.take("action").unwrap_or_else(|| "sts:AssumeRole,sts:TagSession".into());
        let mut statement = json!({
            "Effect": "Allow",
            "Principal": { "Service": line.take("service").unwrap_or_else(|| "pods.eks.amazonaws.com".into()) },
            "Action": action.split(',').collect::<Vec<_>>(),
        });
        if let Some(text) = condition {
            statement["Condition"] = parse(line, &text);
        }
        statements.push(statement);
    }
    if line.flag("ec2") {
        statements.push(json!({
            "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole",
        }));
    }
    if let Some(services) = line.take("for") {
        statements.push(json!({
            "Effect": "Allow",
            "Principal": { "Service": services.split(',').collect::<Vec<_>>() },
            "Action": "sts:AssumeRole",
        }));
    }
    if let Some(principal) = line.take("trusts") {
        statements.push(json!({
            "Effect": "Allow", "Principal": { "AWS": principal }, "Action": ["sts:AssumeRole", "sts:TagSession"],
        }));
    }
    if let Some(text) = line.take("and") {
        statements.push(parse(line, &text));
    }
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn parse(line: &Line, text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => line.fail(&format!("`{text}` is no JSON: {error}")),
    }
}
