//! Rows of the Findings screen: one for each finding, under the workload that people know it by, the worst first.

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use crate::base::Name;
use crate::estate::{Estate, Severity};
use crate::model::key::Form;
use crate::model::{EntityKey, Kind};

use super::{ListRow, Marks, small};

/// `payments/payments-api`, `role billing-reader`.
pub fn label(key: &EntityKey) -> String {
    match key.kind.form() {
        Form::InNamespace | Form::InPod if key.kind.is_workload() => format!("{}/{}", key.namespace, key.name),
        Form::InNamespace | Form::InPod => format!("{} {}/{}", key.kind.word(), key.namespace, key.name),
        Form::InCluster | Form::InAccount => format!("{} {}", key.kind.word(), key.name),
        Form::Plain if key.kind == Kind::Resource => key.name.to_string(),
        Form::Plain => format!("{} {}", key.kind.word(), key.name),
    }
}

/// The address of a finding: its fingerprint.
pub(in crate::app) fn key(fingerprint: &str) -> EntityKey {
    EntityKey::plain(Kind::Finding, fingerprint)
}

/// No row while the rules have not run.
pub(super) fn rows(estate: &Estate, marks: &Marks) -> Vec<ListRow> {
    let Some((findings, found)) = estate.found_already() else { return Vec::new() };
    let accepted: Vec<bool> = findings.all.iter().map(|it| marks.is_accepted(&it.fingerprint)).collect();
    let mut worst: FxHashMap<&EntityKey, (Severity, Name)> = FxHashMap::default();
    let mut prints: FxHashMap<&str, u32> = FxHashMap::default();
    let mut rows: Vec<ListRow> = Vec::with_capacity(findings.all.len());
    for (at, finding) in findings.all.iter().enumerate() {
        let owner = found.owner(at, finding);
        // Findings come worst first.
        let (_, section) = worst.entry(owner).or_insert_with(|| (finding.severity, label(owner).into()));
        let (cluster, namespace) = finding.place();
        let twins = prints.entry(&finding.fingerprint).or_default();
        *twins += 1;
        rows.push(ListRow {
            // Findings with one fingerprint are accepted as one, and stay two rows.
            key: if *twins == 1 { key(&finding.fingerprint) } else { key(&format!("{}+{twins}", finding.fingerprint)) },
            section: section.clone(),
            cluster: cluster.into(),
            namespace: namespace.into(),
            name: finding.rule.slug.into(),
            count: found.pods(at),
            code: "",
            worst: Some(finding.severity),
            system: finding.platform,
            group: None,
            note: if finding.certain { "" } else { "?" },
            finding: Some(small(at)),
            accepted: accepted[at],
        });
    }
    rows.sort_by_cached_key(|row| {
        let at = row.finding.unwrap_or_default();
        let owner = found.owner(at as usize, &findings.all[at as usize]);
        let (severity, label) = &worst[owner];
        (*severity, label.clone(), owner.clone(), at)
    });
    rows
}

/// Moves the owners whose worst row among those shown is worse in front of the others; rows of one owner stay together.
pub(super) fn worst_owner_first(rows: &[ListRow], shown: &mut [u32]) {
    let section = |at: &u32| (&rows[*at as usize].cluster, &rows[*at as usize].section);
    let mut runs: Vec<(Option<Severity>, u32)> = shown
        .chunk_by(|a, b| section(a) == section(b))
        .flat_map(|run| {
            let worst = run.iter().filter_map(|at| rows[*at as usize].worst).min();
            run.iter().map(move |at| (worst, *at))
        })
        .collect();
    runs.sort_by_key(|(worst, _)| *worst);
    for (place, (_, at)) in shown.iter_mut().zip(runs) {
        *place = at;
    }
}

/// Positions of the findings that have to do with a thing.
pub(super) fn about(estate: &Estate, key: &EntityKey) -> FixedBitSet {
    let Some((findings, found)) = estate.found_already() else { return FixedBitSet::new() };
    let mut set = FixedBitSet::with_capacity(findings.all.len());
    set.extend(found.about(findings, key).into_iter().map(|at| at as usize));
    set
}
