//! Whether one rule allows one request, as the API server's authorizer decides (R140, R141).

use crate::base::Name;

use super::request::{Request, Target};
use super::rule::Rule;

/// The answer of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match<'a> {
    No,
    /// Only for objects of these names; the request named none.
    Named(&'a [Name]),
    Yes,
}

impl Match<'_> {
    pub fn is_no(&self) -> bool {
        *self == Match::No
    }
}

/// Whether a rule allows a request. Where the rule holds, the binding's scope, is not asked here.
pub fn matches<'a>(rule: &'a Rule, request: &Request) -> Match<'a> {
    if !verb(rule, &request.verb) {
        return Match::No;
    }
    match &request.target {
        Target::Url(wanted) => {
            if rule.urls.iter().any(|it| url(it, wanted)) {
                Match::Yes
            } else {
                Match::No
            }
        }
        Target::Resource { group: wanted, resource: kind, subresource, name } => {
            let fits = group(rule, wanted) && rule.resources.iter().any(|it| resource(it, kind, subresource));
            if !fits {
                return Match::No;
            }
            named(rule, &request.verb, subresource, name.as_deref())
        }
    }
}

/// A rule's verb is a verb or `*`.
pub(super) fn verb(rule: &Rule, wanted: &str) -> bool {
    rule.verbs.iter().any(|it| it == "*" || it == wanted)
}

pub(super) fn group(rule: &Rule, wanted: &str) -> bool {
    rule.api_groups.iter().any(|it| it == "*" || it == wanted)
}

/// `*` is everything with its subresources, `pods` only itself, `*/exec` that subresource of anything. `pods/*` is no
/// pattern: no request has a subresource of that name (R140).
pub(super) fn resource(pattern: &str, wanted: &str, subresource: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    match pattern.split_once('/') {
        None => subresource.is_empty() && pattern == wanted,
        Some((base, sub)) => !subresource.is_empty() && sub == subresource && (base == "*" || base == wanted),
    }
}

/// What names leave of a rule that fits otherwise (R141). Creating a top-level object and deleting a collection carry
/// no name when they are authorized, so a rule with names never grants them; list and watch carry one only when they
/// select a single `metadata.name`.
pub(super) fn named<'a>(rule: &'a Rule, verb: &str, subresource: &str, name: Option<&str>) -> Match<'a> {
    if rule.resource_names.is_empty() {
        return Match::Yes;
    }
    if verb == "deletecollection" || (verb == "create" && subresource.is_empty()) {
        return Match::No;
    }
    match name {
        Some(name) if rule.resource_names.iter().any(|it| it == name) => Match::Yes,
        Some(_) => Match::No,
        None => Match::Named(&rule.resource_names),
    }
}

/// A rule's URL is a path, or a start of paths with `*` at its end.
fn url(pattern: &str, wanted: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => wanted.starts_with(start.trim_end_matches('*')),
        None => pattern == wanted,
    }
}
