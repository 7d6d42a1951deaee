//! `--accepted FILE`: findings that somebody accepted, with a reason and a last day.

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::failure::{Failure, note};
use crate::estate::Estate;
use crate::findings::acceptance::{self, Standing};
use crate::findings::{Acceptance, Finding};
use crate::runtime::accepted;

/// Reads the file and marks what it accepts at the time of the data.
pub fn apply(findings: &mut [Finding], estate: &Estate, file: &Path) -> Result<(), Failure> {
    let accepted = read(file)?;
    let Some(now) = estate.data_time() else {
        return Err(Failure::usage("the data has no time to count acceptances by").hint("pass --at TIME"));
    };
    mark(findings, &accepted, now.to_zoned(TimeZone::UTC).date());
    Ok(())
}

/// Reads the file.
fn read(path: &Path) -> Result<Vec<Acceptance>, Failure> {
    accepted::read(path)
        .map_err(|why| Failure::usage(format!("cannot read the accepted findings `{}`: {why}", path.display())))
}

/// Marks what is accepted on `today`, and says on stderr which acceptances do nothing any more.
fn mark(findings: &mut [Finding], accepted: &[Acceptance], today: Date) {
    for (acceptance, standing) in accepted.iter().zip(acceptance::apply(findings, accepted, today)) {
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
