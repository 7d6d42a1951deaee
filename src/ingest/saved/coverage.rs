//! What was read and what was not, as the index of a saved snapshot holds it.

use jiff::Timestamp;

use crate::model::coverage::SourceReport;
use crate::model::{Coverage, Loss, SourceId, Status};

use super::pack::{Bad, Pack, Packer, Unpacker, pack_structs};

/// One source with its report.
#[derive(Debug)]
pub struct CoverageEntry {
    pub source: SourceId,
    status: Status,
    count: u64,
    why: String,
    permission: Option<String>,
    losses: Vec<Loss>,
    lost: u64,
    read_at: Option<Timestamp>,
}

pack_structs! {
    CoverageEntry { source, status, count, why, permission, losses, lost, read_at }
}

impl CoverageEntry {
    pub fn all(coverage: &Coverage) -> Vec<CoverageEntry> {
        let entry = |(source, report): (&SourceId, &SourceReport)| {
            let SourceReport { status, count, why, permission, losses, lost, read_at } = report.clone();
            CoverageEntry { source: source.clone(), status, count, why, permission, losses, lost, read_at }
        };
        coverage.sources().map(entry).collect()
    }

    pub fn put(self, coverage: &mut Coverage) {
        let CoverageEntry { source, status, count, why, permission, losses, lost, read_at } = self;
        coverage.set(source, SourceReport { status, count, why, permission, losses, lost, read_at });
    }
}
