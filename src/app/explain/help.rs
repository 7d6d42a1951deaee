//! What would change the answer, as far as it is known, and what the answer takes for granted.

use std::sync::Arc;

use crate::analysis::explain::Answer;
use crate::app::explorer::age;
use crate::app::text::{Line, Tone};
use crate::estate::Estate;
use crate::iam::catalogue::Catalogue;
use crate::iam::{
    Decision, DocumentKind, Failed, Miss, Policies, Policy, Reason, Residual, Test, decide_with, parse_shared,
};
use crate::model::Lookup;

use super::proof;

/// Conditions of an open answer that are named.
const NAMED: usize = 4;

pub(super) fn lines(estate: &Estate, answer: &Answer) -> Vec<Line> {
    let found = &answer.explanation.answer;
    let mut lines = Vec::new();
    match found.decision {
        Decision::Allowed => {}
        Decision::ExplicitDeny => {
            lines.push(Line::plain("a Deny beats every Allow: it must spare this request, or go"));
        }
        Decision::ImplicitDeny => {
            match &answer.explanation.nearest {
                Some(miss) => lines.push(Line::plain(missing(answer, miss))),
                None => lines.push(Line::plain(format!("a statement that allows {}", answer.action))),
            }
            if let Some(text) = version_that_allows(estate, answer) {
                lines.push(Line::plain(text));
            }
            let layers = found.reasons.iter().filter(|it| matches!(it, Reason::Silent { .. })).count();
            if layers > 1 {
                lines.push(Line::plain(format!("{layers} layers lack an Allow; each needs one")));
            }
        }
        Decision::Depends | Decision::Error => {
            let atoms = found.residual.atoms();
            for atom in atoms.iter().take(NAMED) {
                let text = match &atom.test {
                    Test::Condition(condition) => {
                        let values: Vec<&str> = condition.values.iter().map(|it| it.as_str()).collect();
                        format!("{} {} {}", condition.written, condition.key, values.join(" or "))
                    }
                    Test::Resource { pattern, .. } => format!("the resource fits {}", pattern.as_str()),
                    Test::Open(what) => format!("to know {what}"),
                    Test::Broken(what) => format!("a readable document: {what}"),
                    Test::Complex { keys } => {
                        format!("to know {}", keys.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", "))
                    }
                };
                let word = if atom.negate { "allowed unless" } else { "allowed when" };
                let word = match &atom.test {
                    Test::Condition(_) | Test::Resource { .. } => format!("{word} "),
                    Test::Open(_) | Test::Broken(_) | Test::Complex { .. } => String::new(),
                };
                lines.push(Line::plain(format!("{word}{text}")));
            }
            if atoms.len() > NAMED {
                lines.push(Line::dim(format!("and {} more conditions", atoms.len() - NAMED)));
            }
            if matches!(found.residual, Residual::Any(_)) {
                lines.push(Line::dim("one of them is enough"));
            }
        }
    }
    lines
}

/// The change to the nearest statement that lets its failing clause hold.
fn missing(answer: &Answer, miss: &Miss) -> String {
    let name = proof::name(&miss.source);
    match &miss.failed {
        Failed::Action => format!("give {name} the action {}, or write a statement of its own", answer.action),
        Failed::NotAction => format!("take {} out of the exceptions of {name}", answer.action),
        Failed::Resource => format!("give {name} the resource {}", wider(miss, &answer.resource)),
        Failed::NotResource => format!("take {} out of the exceptions of {name}", answer.resource),
        Failed::Principal | Failed::NotPrincipal => format!("let {name} name {}", answer.caller.role.arn),
        Failed::Condition { operator, key } => {
            let values: Vec<&str> = miss.expected.iter().map(|it| it.as_str()).collect();
            format!("{name} asks for {operator} {key} {}; the request has {}", values.join(" or "), miss.actual)
        }
    }
}

/// What is inside a thing that the statement names: all that is inside, as a bucket policy is usually meant.
fn wider(miss: &Miss, resource: &str) -> String {
    let inside =
        miss.expected.iter().find(|it| resource.strip_prefix(it.as_str()).is_some_and(|it| it.starts_with('/')));
    inside.map_or_else(|| resource.to_owned(), |it| format!("{it}/*"))
}

/// `payments-api-read v3 had it; changed 3 h ago`: asks again with each stored version that is not in force.
fn version_that_allows(estate: &Estate, answer: &Answer) -> Option<String> {
    let role = &answer.caller.role;
    let account = estate.inventory.accounts.get(&role.account)?;
    for arn in &role.attached {
        let Lookup::Found(policy) = account.policy(arn) else { continue };
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let mut versions: Vec<_> = policy.versions.iter().filter(|it| it.id != policy.default_version).collect();
        versions.sort_by_key(|it| std::cmp::Reverse(it.created));
        for version in versions {
            let (document, _) = parse_shared(Arc::from(version.text.as_str()), DocumentKind::Identity);
            let document = Arc::new(document);
            let replaced = |it: &Policy| {
                // An inline policy may have the same name; the text tells them apart.
                let is_it = it.name == name && policy.default_text().is_some_and(|text| **text == *it.document.text);
                let document = if is_it { Arc::clone(&document) } else { Arc::clone(&it.document) };
                Policy { name: it.name.clone(), document }
            };
            let identity = answer.policies.identity.iter().map(replaced).collect();
            let policies = Policies { identity, ..answer.policies.clone() };
            if decide_with(&answer.request, &policies, answer.facts).decision == Decision::Allowed {
                let current = policy.versions.iter().find(|it| it.id == policy.default_version);
                let changed = match (estate.data_time(), current.and_then(|it| it.created)) {
                    (Some(now), Some(at)) => format!("; changed {} ago", age(now.as_second() - at.as_second())),
                    _ => String::new(),
                };
                return Some(format!("{name} {} allowed it{changed}", version.id));
            }
        }
    }
    None
}

/// Assumptions and what was not read.
pub(super) fn notes(estate: &Estate, answer: &Answer) -> Vec<Line> {
    let mut lines = Vec::new();
    if Catalogue::bundled().find(&answer.action).is_none() {
        let text = format!("the catalogue does not know {}; it may be new or misspelt", answer.action);
        lines.push(Line::default().with(text, Tone::Unknown));
    }
    for (key, value) in &answer.assumed {
        lines.push(Line::plain(format!("assumes {key} = {value}")));
    }
    for unread in &answer.explanation.unread {
        lines.push(Line::default().with(format!("not read: {unread}"), Tone::Unknown));
    }
    let documents = estate.documents(&answer.caller.role_key);
    for document in documents.iter().filter(|it| it.text.is_none()) {
        lines.push(Line::default().with(format!("text not read: {}", document.name), Tone::Unknown));
    }
    lines.extend(answer.explanation.answer.notes.iter().map(Line::plain));
    lines
}
