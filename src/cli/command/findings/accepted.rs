//! `--accepted FILE`: findings that somebody accepted, with a reason and a last day.

use std::path::Path;

use jiff::civil::Date;

use crate::cli::failure::{Failure, note};
use crate::findings::acceptance::{Standing, apply};
use crate::findings::{Acceptance, Finding};
use crate::runtime::accepted;

/// Reads the file.
pub fn read(path: &Path) -> Result<Vec<Acceptance>, Failure> {
    accepted::read(path)
        .map_err(|why| Failure::usage(format!("cannot read the accepted findings `{}`: {why}", path.display())))
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
