//! `rolewalk rbac powers [-n NS]`: the powers that somebody holds, worst first (protocols.md 7).

use std::collections::BTreeSet;

use serde::Serialize;

use crate::base::{Name, Truth};
use crate::cli::args::{OutputArgs, SourceArgs};
use crate::cli::failure::note;
use crate::cli::table::Column;
use crate::cli::{Outcome, output};
use crate::estate::Estate;
use crate::graph::authorization::{Authorization, HeldPower, Scope, Subject};
use crate::rbac::Power;

#[derive(Debug, Serialize)]
pub struct PowerRecord {
    power: &'static str,
    rule: String,
    /// `*` for the whole cluster, and namespaces, sorted.
    scope: Vec<String>,
    /// Subjects as bindings write them.
    subjects: usize,
    /// Of these, those that hold it for named objects only.
    named: usize,
    /// Of these, those that may hold it: it hangs on the version of the cluster or on what was not read.
    unknown: usize,
    gains: &'static str,
}

type Col = Column<PowerRecord>;

const COLUMNS: &[Col] = &[
    Col::new("power", |it| it.power.to_owned()),
    Col::new("rule", |it| it.rule.clone()),
    Col::new("subjects", |it| it.subjects.to_string()),
    Col::new("named", |it| number(it.named)),
    Col::new("unknown", |it| number(it.unknown)),
    Col::new("scope", |it| it.scope.join(",")),
    Col::new("gains", |it| it.gains.to_owned()),
];

fn number(count: usize) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}

#[derive(Debug, Serialize)]
struct Question<'a> {
    ask: &'static str,
    cluster: &'a Name,
    namespace: Option<&'a str>,
}

pub fn run(estate: &Estate, authorization: &Authorization, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    let namespace = data.namespace.as_deref();
    let rows: Vec<PowerRecord> = Power::all().filter_map(|power| record(authorization, power, namespace)).collect();
    if !output.quiet && !authorization.missing.is_empty() {
        let missing: Vec<String> = authorization.missing.iter().map(ToString::to_string).collect();
        note(&format!("more may hold these: not read whole: {}", missing.join(", ")));
    }
    let question = Question { ask: "rbac powers", cluster: &authorization.cluster, namespace };
    output::list(estate, question, COLUMNS, &rows, output)
}

fn record(authorization: &Authorization, power: Power, namespace: Option<&str>) -> Option<PowerRecord> {
    let here = |held: &&HeldPower| held.power == power && namespace.is_none_or(|it| held.scope.covers(it));
    let held: Vec<&HeldPower> = authorization.powers.iter().filter(here).collect();
    if held.is_empty() {
        return None;
    }
    let scopes: BTreeSet<&Scope> = held.iter().map(|it| &it.scope).collect();
    let subjects: BTreeSet<&Subject> = held.iter().map(|it| &it.subject).collect();
    let only = |test: fn(&HeldPower) -> bool| {
        subjects.iter().filter(|one| held.iter().filter(|it| it.subject == ***one).all(|it| test(it))).count()
    };
    Some(PowerRecord {
        power: power.word(),
        rule: format!("R{}", power.rule()),
        scope: scopes.iter().map(ToString::to_string).collect(),
        subjects: subjects.len(),
        named: only(|it| it.names.is_some()),
        unknown: only(|it| it.certainty == Truth::Unknown),
        gains: power.row().gains,
    })
}
