//! What every machine-readable answer begins with: schema, time of the data, what was not read (protocols.md).

use serde::Serialize;

use crate::estate::Estate;
use crate::model::{Coverage, Inventory};

/// Number of the contract; fields may be added under one number, never renamed.
pub const SCHEMA: u32 = 1;

#[derive(Debug, Serialize)]
pub struct Envelope<Q> {
    pub schema: u32,
    /// RFC 3339 in whole seconds, or null when no source gave a time.
    pub data_time: Option<String>,
    pub completeness: Completeness,
    pub question: Q,
}

#[derive(Debug, Serialize)]
pub struct Completeness {
    pub complete: bool,
    pub gaps: Vec<GapRecord>,
}

#[derive(Debug, Serialize)]
pub struct GapRecord {
    pub source: String,
    /// `missing`, `denied`, `partial`, `skipped`
    pub status: &'static str,
    pub lost: u64,
    pub why: String,
    pub permission: Option<String>,
}

impl<Q> Envelope<Q> {
    pub fn new(estate: &Estate, question: Q) -> Envelope<Q> {
        Envelope::of_inventory(&estate.inventory, question)
    }

    pub fn of_inventory(inventory: &Inventory, question: Q) -> Envelope<Q> {
        Envelope {
            schema: SCHEMA,
            data_time: inventory.now.map(seconds),
            completeness: completeness(&inventory.coverage),
            question,
        }
    }
}

pub fn completeness(coverage: &Coverage) -> Completeness {
    let gaps: Vec<GapRecord> = coverage
        .gaps()
        .map(|gap| GapRecord {
            source: gap.source.to_string(),
            status: gap.report.status.word(),
            lost: gap.report.lost,
            why: gap.report.why.clone(),
            permission: gap.report.permission.clone(),
        })
        .collect();
    Completeness { complete: gaps.is_empty(), gaps }
}

/// A time as the contracts write it.
pub fn seconds(time: jiff::Timestamp) -> String {
    let whole = jiff::Timestamp::from_second(time.as_second()).unwrap_or(time);
    whole.to_string()
}
