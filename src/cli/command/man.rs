//! `rolewalk man`

use std::io::Write;

use clap::CommandFactory;

use crate::cli::args::{Args, OutputArgs};
use crate::cli::{ANSWERED, Outcome, output};

pub fn run(output: &OutputArgs) -> Outcome {
    let mut page = Vec::new();
    clap_mangen::Man::new(Args::command()).render(&mut page)?;
    let mut out = output::open(output)?;
    out.write_all(&page)?;
    out.flush()?;
    Ok(ANSWERED)
}
