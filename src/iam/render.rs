//! Answers and explanations as JSON, in the field names and order of protocols.md sections 1 and 7.

use serde_json::{Map, Value as Json, json};

use super::case::Case;
use super::decide::{Answer, Decision, Reason};
use super::explain::{Explanation, Step};
use super::miss::{Failed, Miss};
use super::residual::{Atom, Residual, Source, Test};
use crate::base::Name;

pub(super) fn answer(case: &Case, answer: &Answer) -> Json {
    let mut out = Map::new();
    out.insert("id".to_owned(), case.id.clone());
    out.insert("decision".to_owned(), answer.decision.as_str().into());
    out.insert("reasons".to_owned(), answer.reasons.iter().map(reason).collect());
    if answer.decision == Decision::Depends {
        out.insert("residual".to_owned(), residual(&answer.residual));
        out.insert("residual_keys".to_owned(), strings(&answer.residual.keys()));
    }
    if answer.decision == Decision::Error {
        let errors = case.errors().map(|(path, issue)| json!({"path": path, "message": issue.message()}));
        out.insert("errors".to_owned(), errors.collect());
    }
    if !answer.notes.is_empty() {
        out.insert("notes".to_owned(), answer.notes.iter().map(|note| Json::from(*note)).collect());
    }
    Json::Object(out)
}

/// One step of `explain`.
pub fn step(step: &Step) -> Json {
    json!({
        "step": step.kind.as_str(),
        "result": step.result.as_str(),
        "reasons": step.reasons.iter().map(reason).collect::<Vec<_>>(),
    })
}

/// The nearest miss of `explain`; a condition adds its operator and key.
pub fn miss(miss: &Miss) -> Json {
    let mut out = Map::new();
    place(&mut out, &miss.source);
    out.insert("sid".to_owned(), miss.source.sid.as_ref().map_or(Json::Null, |sid| sid.as_str().into()));
    out.insert("failed".to_owned(), miss.failed.as_str().into());
    if let Failed::Condition { operator, key } = &miss.failed {
        out.insert("op".to_owned(), operator.as_str().into());
        out.insert("key".to_owned(), key.as_str().into());
    }
    out.insert("expected".to_owned(), strings(&miss.expected));
    out.insert("actual".to_owned(), miss.actual.as_str().into());
    Json::Object(out)
}

/// The fields of an `explain` result that the policies decide: `decision` to `unread`, without principal and verdict.
pub fn explanation(explanation: &Explanation) -> Map<String, Json> {
    let answer = &explanation.answer;
    let open = !matches!(answer.residual, Residual::Yes | Residual::No);
    let mut out = Map::new();
    out.insert("decision".to_owned(), answer.decision.as_str().into());
    out.insert("certain".to_owned(), explanation.certain.into());
    out.insert("steps".to_owned(), explanation.steps.iter().map(step).collect());
    out.insert("nearest".to_owned(), explanation.nearest.as_ref().map_or(Json::Null, miss));
    out.insert("residual".to_owned(), if open { residual(&answer.residual) } else { Json::Null });
    out.insert("unread".to_owned(), strings(&explanation.unread));
    if !answer.notes.is_empty() {
        out.insert("notes".to_owned(), answer.notes.iter().map(|note| Json::from(*note)).collect());
    }
    out
}

fn strings(names: &[Name]) -> Json {
    names.iter().map(|name| Json::from(name.as_str())).collect()
}

/// One reason, as the contract writes it.
pub fn reason(reason: &Reason) -> Json {
    let mut out = Map::new();
    match reason {
        Reason::Statement(source) => {
            place(&mut out, source);
            out.insert("sid".to_owned(), source.sid.as_ref().map_or(Json::Null, |sid| sid.as_str().into()));
            out.insert("effect".to_owned(), source.effect.as_str().into());
        }
        Reason::Silent { layer, level, policy } => {
            out.insert("layer".to_owned(), layer.as_str().into());
            if let Some(level) = level {
                out.insert("level".to_owned(), level.as_str().into());
            }
            if let Some(policy) = policy {
                out.insert("policy".to_owned(), policy.as_str().into());
            }
            out.insert("effect".to_owned(), "none".into());
        }
    }
    Json::Object(out)
}

fn place(out: &mut Map<String, Json>, source: &Source) {
    out.insert("layer".to_owned(), source.layer.as_str().into());
    if let Some(level) = &source.level {
        out.insert("level".to_owned(), level.as_str().into());
    }
    out.insert("policy".to_owned(), source.policy.as_str().into());
    out.insert("statement".to_owned(), source.statement.into());
}

/// A formula: always an object with `all` or `any` at the top, atoms inside.
pub fn residual(formula: &Residual) -> Json {
    match formula {
        Residual::Yes => json!({"all": []}),
        Residual::No => json!({"any": []}),
        Residual::Atom(_) => json!({"all": [part(formula)]}),
        Residual::All(_) | Residual::Any(_) => part(formula),
    }
}

fn part(formula: &Residual) -> Json {
    match formula {
        Residual::Yes => json!({"all": []}),
        Residual::No => json!({"any": []}),
        Residual::Atom(it) => atom(it),
        Residual::All(parts) => json!({"all": parts.iter().map(part).collect::<Vec<_>>()}),
        Residual::Any(parts) => json!({"any": parts.iter().map(part).collect::<Vec<_>>()}),
    }
}

fn atom(atom: &Atom) -> Json {
    let mut out = Map::new();
    if let Some(source) = &atom.source {
        place(&mut out, source);
    }
    let (op, key, values) = match &atom.test {
        Test::Condition(condition) => {
            (condition.written.as_str(), Json::from(condition.key.as_str()), strings(&condition.values))
        }
        Test::Resource { pattern, .. } => {
            let key = pattern.variables().next().map_or(Json::Null, |key| key.as_str().into());
            ("Resource", key, json!([pattern.as_str()]))
        }
        Test::Open(what) => ("unread", Json::Null, json!([what.as_str()])),
        Test::Broken(what) => ("broken", Json::Null, json!([what.as_str()])),
        Test::Complex { keys } => ("complex", Json::Null, strings(keys)),
    };
    out.insert("op".to_owned(), op.into());
    out.insert("key".to_owned(), key);
    out.insert("values".to_owned(), values);
    out.insert("negate".to_owned(), atom.negate.into());
    Json::Object(out)
}
