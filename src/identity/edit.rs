//! The smallest edit of a trust policy that would make it admit a caller (R72).
//!
//! One clause after the other is mended, the nearest statement first, and the engine is asked again each time: what is
//! returned does flip the answer, or nothing is returned.

use std::sync::Arc;

use serde_json::Value;

use crate::base::Truth;
use crate::iam::miss::{Failed, Miss};
use crate::iam::trust::admits_request;
use crate::iam::{DocumentKind, Effect, Policy, Principal, Request, parse};

use super::answer::Edit;

/// More than this is no edit any more but another policy.
const MOST: usize = 6;

/// Edits of `text`, in order, after which it admits the request. Empty when it does already, when it cannot be read, or
/// when no few edits would do.
pub fn smallest(text: &str, request: &Request) -> Vec<Edit> {
    mended(text, request).map_or_else(Vec::new, |(edits, _)| edits)
}

/// The edits of [`smallest`], and the document as it is after them. `None` when no few edits would do.
pub fn mended(text: &str, request: &Request) -> Option<(Vec<Edit>, Value)> {
    let mut document = serde_json::from_str::<Value>(text).ok()?;
    let mut edits = Vec::new();
    while edits.len() < MOST {
        let (parsed, _) = parse(&document.to_string(), DocumentKind::Trust);
        let policy = Policy { name: "trust".into(), document: Arc::new(parsed) };
        let admission = admits_request(&policy, request);
        if admission.verdict.is_yes() {
            return Some((edits, document));
        }
        let deny = admission.matches.iter().find(|it| it.source.effect == Effect::Deny && it.truth != Truth::No);
        let edit = match (deny, &admission.nearest) {
            (Some(deny), _) => remove(&mut document, deny.source.statement),
            (None, Some(miss)) if miss.truth.is_no() => mend(&mut document, miss, request),
            _ => None,
        };
        edits.push(edit?);
    }
    None
}

fn statement(document: &mut Value, index: usize) -> Option<&mut Value> {
    match document.get_mut("Statement")? {
        Value::Array(all) => all.get_mut(index),
        one => (index == 0).then_some(one),
    }
}

/// Takes a Deny out. Its place keeps a statement that says nothing, so that later indexes stay what they are.
fn remove(document: &mut Value, index: usize) -> Option<Edit> {
    let place = statement(document, index)?;
    let from = place.to_string();
    *place = serde_json::json!({
        "Effect": "Deny", "Principal": { "AWS": "AROAAAAAAAAAAAAAAAAAA" }, "Action": "sts:GetSessionToken",
    });
    Some(Edit { statement: index, path: format!("Statement[{index}]"), from, to: String::new() })
}

/// Mends the one clause that fails.
fn mend(document: &mut Value, miss: &Miss, request: &Request) -> Option<Edit> {
    let index = miss.source.statement;
    let place = statement(document, index)?;
    let path = |rest: &str| format!("Statement[{index}].{rest}");
    match &miss.failed {
        Failed::Action => {
            let action = place.get_mut("Action")?;
            let from = action.to_string();
            let wanted = request.action.as_str();
            match &mut *action {
                Value::Array(all) => all.push(wanted.into()),
                // Web identities are all that such a statement is for; a service's keeps what it had.
                one if matches!(request.principal, Principal::Federated(_)) => *one = wanted.into(),
                one => *one = Value::Array(vec![one.clone(), wanted.into()]),
            }
            Some(Edit { statement: index, path: path("Action"), from, to: action.to_string() })
        }
        Failed::Principal => {
            let (kind, name) = match &request.principal {
                Principal::Federated(name) => ("Federated", name.to_string()),
                Principal::Service(name) => ("Service", name.to_string()),
                other => ("AWS", other.to_string()),
            };
            let principal = place.get_mut("Principal")?.as_object_mut()?;
            let from = principal.get(kind).map(Value::to_string).unwrap_or_default();
            match principal.get_mut(kind) {
                Some(Value::Array(all)) => all.push(name.into()),
                _ => {
                    principal.insert(kind.to_owned(), name.into());
                }
            }
            let to = principal.get(kind).map(Value::to_string).unwrap_or_default();
            Some(Edit { statement: index, path: path(&format!("Principal.{kind}")), from, to })
        }
        Failed::Condition { operator, key } => {
            let block = place.get_mut("Condition")?.as_object_mut()?;
            condition(block, index, operator, key, miss, request)
        }
        _ => None,
    }
}

type Block = serde_json::Map<String, Value>;

fn condition(
    block: &mut Block,
    index: usize,
    operator: &str,
    key: &str,
    miss: &Miss,
    request: &Request,
) -> Option<Edit> {
    let edit = |path: String, from: String, to: String| {
        Some(Edit { statement: index, path: format!("Statement[{index}].Condition.{path}"), from, to })
    };
    let actual = miss.actual.as_str();
    // The key of another issuer: the same claim of this one.
    if actual == "absent" {
        let own = match &request.principal {
            Principal::Federated(provider) => provider.split_once("oidc-provider/").map(|it| it.1),
            _ => None,
        };
        let claim = key.rsplit_once(':').map(|it| it.1).filter(|claim| matches!(*claim, "sub" | "aud"));
        let keys = block.get_mut(operator)?.as_object_mut()?;
        let value = keys.shift_remove(key)?;
        if let (Some(own), Some(claim)) = (own, claim) {
            let renamed = format!("{own}:{claim}");
            keys.insert(renamed.clone(), value);
            return edit(operator.to_owned(), Value::from(key).to_string(), Value::from(renamed).to_string());
        }
        if keys.is_empty() {
            block.shift_remove(operator);
        }
        return edit(format!("{operator}.{key}"), value.to_string(), String::new());
    }
    if actual == "not known" {
        return None;
    }
    // A wildcard that is meant as one: another operator.
    let plain = operator.eq_ignore_ascii_case("StringEquals");
    let means = |value: &str| value.contains('*') && crate::iam::glob::Glob::new(value).matches(actual);
    if plain && miss.expected.iter().any(|value| means(value)) {
        let keys = block.get_mut(operator)?.as_object_mut()?;
        let value = keys.shift_remove(key)?;
        if keys.is_empty() {
            block.shift_remove(operator);
        }
        let like = block.entry("StringLike").or_insert_with(|| Value::Object(Block::new()));
        like.as_object_mut()?.insert(key.to_owned(), value);
        return edit(operator.to_owned(), "\"StringEquals\"".into(), "\"StringLike\"".into());
    }
    let negated = operator.to_ascii_lowercase().contains("not");
    let value = block.get_mut(operator)?.as_object_mut()?.get_mut(key)?;
    let from = value.to_string();
    match &mut *value {
        _ if negated => return None,
        Value::Array(all) => all.push(actual.into()),
        one => *one = actual.into(),
    }
    let to = value.to_string();
    edit(format!("{operator}.{key}"), from, to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::Context;

    const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/ABC";

    fn edits(statement: &str) -> Vec<(String, String, String)> {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#).replace("@issuer", ISSUER);
        let provider = format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}");
        let context = Context::open()
            .with(&format!("{ISSUER}:sub"), "system:serviceaccount:ns:app")
            .with(&format!("{ISSUER}:aud"), "sts.amazonaws.com")
            .without("other.example/id/X:sub")
            .without("other.example/id/X:aud");
        let principal = Principal::Federated(provider.into());
        let role = "arn:aws:iam::111122223333:role/r";
        let request = Request::new(principal, "sts:AssumeRoleWithWebIdentity", role).in_context(context);
        smallest(&text, &request).into_iter().map(|it| (it.path, it.from, it.to)).collect()
    }

    fn web(condition: &str) -> String {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/@issuer"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{condition}}}"#
        )
    }

    /// R72, R63: a wildcard under StringEquals wants another operator, nothing else.
    #[test]
    fn a_literal_wildcard_wants_another_operator() {
        let found = edits(&web(
            r#"{"StringEquals":{"@issuer:sub":"system:serviceaccount:ns:*","@issuer:aud":"sts.amazonaws.com"}}"#,
        ));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].1.as_str(), found[0].2.as_str()), ("\"StringEquals\"", "\"StringLike\""));
    }

    /// R72, R62: a wrong subject wants the right one.
    #[test]
    fn a_wrong_subject_wants_the_right_one() {
        let found = edits(&web(r#"{"StringEquals":{"@issuer:sub":"system:serviceaccount:ns:api"}}"#));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, format!("Statement[0].Condition.StringEquals.{ISSUER}:sub"));
        assert_eq!(found[0].2, "\"system:serviceaccount:ns:app\"");
    }

    /// R72, R61: both keys of another issuer want this one's.
    #[test]
    fn keys_of_another_issuer_are_renamed_one_by_one() {
        let found = edits(&web(
            r#"{"StringEquals":{"other.example/id/X:sub":"system:serviceaccount:ns:app","other.example/id/X:aud":"sts.amazonaws.com"}}"#,
        ));
        assert_eq!(found.len(), 2, "{found:?}");
    }

    /// R72, R70: a Deny wants to go.
    #[test]
    fn a_deny_wants_to_go() {
        let deny = r#"{"Effect":"Deny","Principal":"*","Action":"sts:*"}"#;
        let found =
            edits(&format!("{},{deny}", web(r#"{"StringEquals":{"@issuer:sub":"system:serviceaccount:ns:app"}}"#)));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].0.as_str(), found[0].2.as_str()), ("Statement[1]", ""));
    }

    /// R72, R56: a wrong action wants the right one; a policy that admits wants nothing.
    #[test]
    fn a_wrong_action_wants_the_right_one() {
        let right = web(r#"{"StringEquals":{"@issuer:sub":"system:serviceaccount:ns:app"}}"#);
        assert!(edits(&right).is_empty());
        let found = edits(&right.replace("sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"));
        assert_eq!(
            found,
            [("Statement[0].Action".into(), "\"sts:AssumeRole\"".into(), "\"sts:AssumeRoleWithWebIdentity\"".into())]
        );
    }
}
