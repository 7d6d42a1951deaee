//! The file of accepted findings, `--accepted FILE`: YAML or JSON, made to be kept in git.
//!
//! ```yaml
//! - fingerprint: 703ad8b92c617413     # of `rolewalk findings -o json`; stays the same over collections
//!   id: TRUST-001
//!   subject: role/111122223333:api
//!   reason: the sandbox account is taken down in March
//!   by: ann                           # may be left out
//!   until: 2027-03-31                 # the last day on which it counts
//! ```

use std::path::Path;

use jiff::civil::Date;
use serde::Deserialize;

use crate::cli::failure::{Failure, note};
use crate::findings::acceptance::{Standing, apply};
use crate::findings::{Acceptance, Finding};
use crate::model::EntityKey;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    fingerprint: String,
    id: String,
    subject: String,
    reason: String,
    #[serde(default)]
    by: String,
    until: String,
}

/// Reads the file.
pub fn read(path: &Path) -> Result<Vec<Acceptance>, Failure> {
    let refuse = |why: String| Failure::usage(format!("cannot read the accepted findings `{}`: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    let rows: Vec<Row> = serde_saphyr::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    let accepted = |row: Row| {
        let wrong = |field: &str, found: &str, expected: &str| {
            refuse(format!("{field} of {} is `{found}`, expected {expected}", row.fingerprint))
        };
        if row.reason.trim().is_empty() {
            return Err(wrong("reason", &row.reason, "a reason"));
        }
        Ok(Acceptance {
            subject: EntityKey::parse(&row.subject)
                .ok_or_else(|| wrong("subject", &row.subject, "an address such as role/ACCOUNT:NAME"))?,
            until: row.until.parse().map_err(|_| wrong("until", &row.until, "a date such as 2027-03-31"))?,
            fingerprint: row.fingerprint.clone(),
            rule: row.id.clone(),
            reason: row.reason.clone(),
            by: row.by.clone(),
        })
    };
    rows.into_iter().map(accepted).collect()
}

/// Marks what is accepted on `today`, and says on stderr which acceptances do nothing any more.
pub fn mark(findings: &mut [Finding], accepted: &[Acceptance], today: Date) {
    for (acceptance, standing) in accepted.iter().zip(apply(findings, accepted, today)) {
        let Acceptance { fingerprint, rule, subject, until, .. } = acceptance;
        match standing {
            Standing::InForce => {}
            Standing::Expired => note(&format!("accepted until {until} only: {fingerprint} {rule} {subject}")),
            Standing::Unmatched => {
                note(&format!("accepted, and found no more: {fingerprint} {rule} {subject}"));
            }
        }
    }
}
