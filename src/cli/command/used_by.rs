//! `rolewalk used-by ADDRESS`: everything that points at a thing.

use std::io::Write;

use clap::Args as ClapArgs;
use serde::Serialize;

use crate::analysis::picture::certainty_word;
use crate::analysis::used_by::used_by;
use crate::cli::args::{OutputArgs, SourceArgs};
use crate::cli::table::Column;
use crate::cli::{Outcome, output, source};

use super::blast::world;
use super::show::find;

#[derive(Debug, ClapArgs)]
pub struct UsedByArgs {
    /// Such as role/NAME, sa/NS/NAME, policy/NAME, node/NAME
    pub address: String,
}

#[derive(Debug, Serialize)]
struct Question {
    ask: &'static str,
    address: String,
}

#[derive(Debug, Serialize)]
struct Record {
    address: String,
    edge: &'static str,
    certainty: &'static str,
    rule: &'static str,
}

const COLUMNS: &[Column<Record>] = &[
    Column::new("edge", |it| it.edge.to_owned()),
    Column::new("address", |it| it.address.clone()),
    Column::new("certainty", |it| it.certainty.to_owned()),
    Column::new("rule", |it: &Record| it.rule.to_owned()).extra(),
];

pub fn run(args: &UsedByArgs, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    let estate = source::estate(data)?;
    let key = find(&estate, &args.address)?;
    let records: Vec<Record> = used_by(world(&estate), &key)
        .into_iter()
        .map(|it| Record {
            address: it.key.to_string(),
            edge: it.kind.word(),
            certainty: certainty_word(it.certainty),
            rule: it.kind.row().rule,
        })
        .collect();
    let mut out = output::open(output)?;
    output::rows(&mut out, &estate, Question { ask: "used-by", address: key.to_string() }, COLUMNS, &records, output)?;
    out.flush()?;
    drop(out);
    output::finish(&estate, output)
}
