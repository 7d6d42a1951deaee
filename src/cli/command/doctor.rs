//! `rolewalk doctor`: each source with its state, what was counted in it and what was lost (protocols.md section 6).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analysis::census;
use crate::cli::args::{OutputArgs, SourceArgs};
use crate::cli::table::Column;
use crate::cli::{Outcome, output, source};
use crate::estate::Estate;
use crate::model::{Loss, SourceKind, Status};

#[derive(Debug, Serialize)]
pub struct SourceRecord {
    pub source: String,
    /// `ok`, `partial`, `denied`, `missing`, `skipped`
    pub status: &'static str,
    pub counts: BTreeMap<&'static str, u64>,
    /// Each object that could not be read, by address where its name was, else by its place.
    pub lost: Vec<String>,
    pub why: String,
    pub permission: Option<String>,
}

type Col = Column<SourceRecord>;

const COLUMNS: &[Col] = &[
    Col::new("source", |it| it.source.clone()).named(),
    Col::new("status", |it| it.status.to_owned()),
    Col::new("counts", |it| {
        it.counts
            .iter()
            .map(|(name, count)| format!("{count} {}", name.replace('_', " ")))
            .collect::<Vec<_>>()
            .join(", ")
    }),
    Col::new("lost", |it| if it.lost.is_empty() { String::new() } else { it.lost.len().to_string() }),
    Col::new("why", |it| it.why.clone()),
    Col::new("permission", |it| it.permission.clone().unwrap_or_default()).extra(),
];

pub fn run(data: &SourceArgs, args: &OutputArgs) -> Outcome {
    let estate = source::estate(data)?;
    output::list(&estate, "doctor", COLUMNS, &rows(&estate), args)
}

fn rows(estate: &Estate) -> Vec<SourceRecord> {
    let inventory = &estate.inventory;
    let expected = inventory
        .coverage
        .sources()
        .filter(|(source, report)| source.kind.is_expected() || report.status != Status::Missing);
    expected
        .map(|(source, report)| {
            let account = inventory.accounts.values().find(|it| it.source(source.kind) == *source);
            let mut lost: Vec<String> = report.losses.iter().map(named).collect();
            let counts = match account {
                Some(account) if source.kind == SourceKind::Iam => {
                    let census = census::of_account(account);
                    lost.extend(census.unreadable);
                    census.counts
                }
                _ => BTreeMap::from([("objects", report.count)]),
            };
            let unread = report.status == Status::Ok && !lost.is_empty();
            SourceRecord {
                source: source.to_string(),
                status: if unread { "partial" } else { report.status.word() },
                counts: if report.count == 0 && report.status != Status::Ok { BTreeMap::new() } else { counts },
                lost,
                why: report.why.clone(),
                permission: report.permission.clone(),
            }
        })
        .collect()
}

fn named(loss: &Loss) -> String {
    if loss.object.is_empty() { loss.message() } else { loss.object.clone() }
}
