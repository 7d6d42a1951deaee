//! `rolewalk snapshot ...`

use std::io::Write;

use clap::Subcommand;

use crate::cli::args::OutputArgs;
use crate::cli::{ANSWERED, Outcome, output};
use crate::ingest;

#[derive(Debug, Subcommand)]
pub enum SnapshotCommand {
    /// Print the shell script that dumps a live estate into a directory, without Secret values
    Script,
}

pub fn run(command: &SnapshotCommand, output: &OutputArgs) -> Outcome {
    let mut out = output::open(output)?;
    match command {
        SnapshotCommand::Script => out.write_all(ingest::script::text().as_bytes())?,
    }
    out.flush()?;
    Ok(ANSWERED)
}
