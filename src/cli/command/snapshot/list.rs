//! `rolewalk snapshot list`: the files of the data directory, newest data first.

use jiff::Timestamp;
use serde::Serialize;

use crate::base::Name;
use crate::cli::args::OutputArgs;
use crate::cli::envelope::seconds;
use crate::cli::failure::{Failure, Kind, note};
use crate::cli::table::Column;
use crate::cli::{Outcome, output};
use crate::runtime::store::{KEEPING, Stored};

#[derive(Debug, Serialize)]
struct StoredRecord {
    name: String,
    clusters: Vec<Name>,
    accounts: Vec<Name>,
    data_time: Option<String>,
    /// Seconds since the time of the data.
    age: Option<i64>,
    /// Bytes.
    size: u64,
    complete: Option<bool>,
    redacted: Option<bool>,
    /// Why the file cannot be read; null for a good one.
    problem: Option<String>,
}

type Col = Column<StoredRecord>;

const COLUMNS: &[Col] = &[
    Col::new("name", |it| it.name.clone()).named(),
    Col::new("clusters", |it| joined(&it.clusters)).named(),
    Col::new("accounts", |it| joined(&it.accounts)),
    Col::new("data_time", |it| it.data_time.clone().unwrap_or_default()),
    Col::new("age", |it| it.age.map_or_else(String::new, age)),
    Col::new("size", |it| it.size.to_string()),
    Col::new("complete", |it| match it.complete {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => it.problem.clone().unwrap_or_default(),
    }),
    Col::new("redacted", |it| it.redacted.map_or_else(String::new, |it| it.to_string())).extra(),
];

pub fn run(args: &OutputArgs) -> Outcome {
    let store = super::store()?;
    let stored = store.list().map_err(|error| {
        Failure::new(Kind::Unreadable, format!("cannot list `{}`: {error}", store.directory().display()))
    })?;
    let now = Timestamp::now();
    let rows: Vec<StoredRecord> = stored.iter().map(|it| record(it, now)).collect();
    let outcome = output::plain_list("snapshot list", COLUMNS, &rows, args);
    if !args.quiet {
        note(&format!("{} in {}; {KEEPING}", rows.len(), store.directory().display()));
    }
    outcome
}

fn record(stored: &Stored, now: Timestamp) -> StoredRecord {
    let header = stored.header.as_ref();
    let time = header.ok().and_then(|it| it.data_time);
    StoredRecord {
        name: stored.name(),
        clusters: header.map_or_else(|_| Vec::new(), |it| it.clusters.clone()),
        accounts: header.map_or_else(|_| Vec::new(), |it| it.accounts.clone()),
        data_time: time.map(seconds),
        age: time.map(|time| now.duration_since(time).as_secs()),
        size: stored.size,
        complete: header.ok().map(|it| it.is_complete()),
        redacted: header.ok().map(|it| it.redacted),
        problem: header.err().map(ToString::to_string),
    }
}

fn joined(names: &[Name]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" ")
}

/// In the largest unit that gives at least 2.
fn age(seconds: i64) -> String {
    match seconds {
        ..0 => "in the future".to_owned(),
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_round_units() {
        let told: Vec<String> = [-1, 90, 7_199, 7_200, 100_000, 200_000].into_iter().map(age).collect();
        assert_eq!(told, ["in the future", "90 s", "119 min", "2 h", "27 h", "2 d"]);
    }
}
