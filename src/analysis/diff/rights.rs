//! Whether the two estates were read with different rights: which sources one side read further than the other.

use crate::model::{Coverage, SourceId, Status};

/// A source that the two sides read differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightsDifference {
    pub source: SourceId,
    pub before: Status,
    pub after: Status,
    /// What the side that read less says, in one line; may be empty.
    pub why: String,
}

/// Sources in both, and optional ones that only one side looked for, sorted by source. A source that one side does not
/// know at all belongs to a cluster or account that it does not have.
pub(super) fn compare(before: &Coverage, after: &Coverage) -> Vec<RightsDifference> {
    let mut found = Vec::new();
    for (source, new) in after.sources() {
        let Some(old) = before.report(source) else { continue };
        if old.status != new.status {
            let worse = if old.status > new.status { old } else { new };
            let (before, after) = (old.status, new.status);
            found.push(RightsDifference { source: source.clone(), before, after, why: worse.why.clone() });
        }
    }
    found
}
