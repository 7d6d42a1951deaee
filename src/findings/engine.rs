//! Runs every rule over one context, in parallel, and says which could not be judged.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::model::coverage::Status;
use crate::model::{Inventory, Scope, SourceId, SourceKind};

use super::context::Context;
use super::finding::Finding;
use super::rule::{Entry, Rule};
use super::sink::Sink;

/// What all rules found, and where they could not look.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// By severity, id and subject (protocols.md section 4).
    pub all: Vec<Finding>,
    /// By id.
    pub not_evaluated: Vec<NotEvaluated>,
    /// How many rules ran.
    pub rules: usize,
}

/// A rule that could not be judged everywhere. What it found in the rest of the estate is reported all the same.
#[derive(Clone, Debug)]
pub struct NotEvaluated {
    pub rule: &'static Rule,
    /// What would have to be read, sorted.
    pub needs: Vec<SourceId>,
}

/// Runs the rules. Deterministic: order does not depend on how the work was spread.
pub fn run(context: &Context<'_>, rules: &[Entry]) -> Findings {
    let unread = Unread::new(context.inventory);
    context.prepare();
    let answers: Vec<(Vec<Finding>, Option<NotEvaluated>)> = rules
        .par_iter()
        .map(|entry| {
            let rule = entry.rule;
            let mut sink = Sink::new(rule, context);
            (rule.check)(context, &mut sink);
            let (found, mut needs) = sink.finish();
            needs.extend(rule.needs.iter().flat_map(|kind| unread.of(*kind)));
            let needs: Vec<SourceId> = needs.into_iter().collect();
            (found, (!needs.is_empty()).then_some(NotEvaluated { rule, needs }))
        })
        .collect();
    let mut findings = Findings { rules: rules.len(), ..Findings::default() };
    for (found, not_evaluated) in answers {
        findings.all.extend(found);
        findings.not_evaluated.extend(not_evaluated);
    }
    findings.all.sort_by_cached_key(|it| (it.severity, it.rule.id, it.subject.to_string(), it.fingerprint.clone()));
    findings.not_evaluated.sort_by_key(|it| it.rule.id);
    findings
}

/// Every place where a source could have been read, and was not read whole.
pub(super) struct Unread {
    by_kind: BTreeMap<SourceKind, BTreeSet<SourceId>>,
}

impl Unread {
    pub fn new(inventory: &Inventory) -> Unread {
        let mut by_kind: BTreeMap<SourceKind, BTreeSet<SourceId>> = BTreeMap::new();
        let mut note = |source: SourceId| {
            let whole = inventory.coverage.report(&source).is_some_and(|report| report.status == Status::Ok);
            if !whole {
                by_kind.entry(source.kind).or_default().insert(source);
            }
        };
        for (kind, scope, ..) in SourceKind::ALL {
            match scope {
                Scope::World => {}
                Scope::Cluster => inventory.clusters.values().for_each(|cluster| note(cluster.source(*kind))),
                Scope::Account if inventory.accounts.is_empty() => note(SourceId::new("aws", *kind)),
                Scope::Account => inventory.accounts.values().for_each(|account| note(account.source(*kind))),
                Scope::Region => places_of_regions(inventory, *kind).into_iter().for_each(&mut note),
            }
        }
        Unread { by_kind }
    }

    pub fn sources(&self) -> impl Iterator<Item = &SourceId> {
        self.by_kind.values().flatten()
    }

    fn of(&self, kind: SourceKind) -> impl Iterator<Item = SourceId> {
        self.by_kind.get(&kind).into_iter().flatten().cloned()
    }
}

/// Regions that were read, and those that clusters are in.
fn places_of_regions(inventory: &Inventory, kind: SourceKind) -> Vec<SourceId> {
    let mut places = Vec::new();
    for account in inventory.accounts.values() {
        places.extend(account.regions.keys().map(|region| account.region_source(region, kind)));
    }
    for cluster in inventory.clusters.values() {
        let Some(arn) = crate::identity::cluster_arn(cluster) else { continue };
        places.push(match inventory.accounts.get(arn.account) {
            Some(account) => account.region_source(arn.region, kind),
            None => SourceId::new(&format!("aws/{}", arn.region), kind),
        });
    }
    places
}
