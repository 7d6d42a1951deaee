//! The raw rules below: by which binding and role the chosen subject holds the chosen power, and the rules that say so.

use crate::app::text::{Line, Target, Tone};
use crate::base::{Name, Truth};
use crate::graph::authorization::{Authorization, Grant, MappingOrigin, Origin, Scope};
use crate::model::EntityKey;
use crate::rbac::{Power, Rights, Rule};

use super::{Context, Held, place};

/// Grants that are written out.
const SHOWN: usize = 200;

pub(super) fn lines(context: &Context<'_>, power: Option<Power>, chosen: Option<&Held<'_>>) -> Vec<Line> {
    let Some(chosen) = chosen else { return Vec::new() };
    let Some(authorization) = context.estate.authorization(&chosen.holder.cluster) else { return Vec::new() };
    let numbers: Vec<usize> = match power {
        Some(_) => {
            let mut numbers: Vec<usize> = chosen.powers.iter().flat_map(|held| held.grants.iter().copied()).collect();
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        }
        None => authorization.grants_of(&chosen.holder.subject).to_vec(),
    };
    let mut lines = Vec::new();
    for number in numbers.iter().take(SHOWN) {
        let grant = &authorization.grants[*number];
        lines.push(head(authorization, grant));
        let role = &authorization.roles[grant.role];
        match &role.rules {
            None => {
                let text = if grant.origin == Origin::AccessPolicy {
                    "  its rules are not published; what it allows is unknown"
                } else {
                    "  the role was not read; what it allows is unknown"
                };
                lines.push(Line::default().with(text, Tone::Unknown));
            }
            Some(rules) => {
                let said = rules.iter().enumerate().filter(|(_, rule)| power.is_none_or(|power| helps(rule, power)));
                lines.extend(said.map(|(at, rule)| line(at, rule)));
            }
        }
    }
    if numbers.len() > SHOWN {
        lines.push(Line::dim(format!("… {} more grants", numbers.len() - SHOWN)));
    }
    lines
}

fn helps(rule: &Rule, power: Power) -> bool {
    let rights = Rights::of(std::slice::from_ref(rule));
    power.row().ways.iter().any(|way| rights.help(power, way.object))
}

/// `clusterrolebinding/ci-admin  gives  clusterrole/cluster-admin  everywhere`, or `in` a namespace
fn head(authorization: &Authorization, grant: &Grant) -> Line {
    let role = &authorization.roles[grant.role];
    let short = |key: &EntityKey| match key.namespace.is_empty() {
        true => format!("{}/{}", key.kind.word(), key.name),
        false => format!("{}/{}/{}", key.kind.word(), key.namespace, key.name),
    };
    let (by, target) = match &grant.origin {
        Origin::Binding(key) => (short(key), Some(Target::Thing(key.clone()))),
        Origin::AccessPolicy => ("access policy".to_owned(), None),
        Origin::Builtin => ("built in: passes without RBAC".to_owned(), None),
    };
    let given = role.key.as_ref().map_or_else(|| role.name.to_string(), short);
    let mapped = grant.mapping.map_or_else(String::new, |at| {
        let mapping = &authorization.mappings[at];
        let place = match &mapping.origin {
            MappingOrigin::AccessEntry { .. } => "access entry".to_owned(),
            MappingOrigin::MapRoles(at) => format!("aws-auth mapRoles[{at}]"),
            MappingOrigin::MapUsers(at) => format!("aws-auth mapUsers[{at}]"),
            MappingOrigin::MapAccounts(at) => format!("aws-auth mapAccounts[{at}]"),
        };
        let through = grant.through.as_ref().map_or_else(String::new, |it| format!(" as {} {it}", super::kind(it)));
        format!("{place}{through}, ")
    });
    let mut line = Line::dim(mapped).with(by, Tone::Strong);
    if grant.origin != Origin::Builtin {
        line = line.with("  gives  ", Tone::Dim).with(given, Tone::Plain);
    }
    let scope = if grant.scope == Scope::Cluster { "everywhere".to_owned() } else { place(&grant.scope) };
    line = line.with(format!("  {scope}"), Tone::Dim);
    if grant.certainty == Truth::Unknown {
        line = line.with("  may not count: see :sources", Tone::Unknown);
    }
    line.target = target;
    line
}

/// `  rule 3  create get  on  pods pods/exec  of  apps  only a, b`
fn line(at: usize, rule: &Rule) -> Line {
    let words = |names: &[Name]| names.iter().map(Name::as_str).collect::<Vec<_>>().join(" ");
    let line = Line::dim(format!("  rule {at:<3} ")).with(words(&rule.verbs), Tone::Plain);
    if !rule.urls.is_empty() {
        return line.with("  on URLs  ", Tone::Dim).with(words(&rule.urls), Tone::Plain);
    }
    let groups: Vec<&str> = rule.api_groups.iter().map(|it| if it.is_empty() { "core" } else { it.as_str() }).collect();
    let line = line
        .with("  on  ", Tone::Dim)
        .with(words(&rule.resources), Tone::Plain)
        .with(format!("  of  {}", groups.join(" ")), Tone::Dim);
    if rule.resource_names.is_empty() {
        line
    } else {
        line.with(format!("  only {}", words(&rule.resource_names)), Tone::Plain)
    }
}
