//! `rolewalk completion SHELL`

use std::io::Write;

use clap::{Args as ClapArgs, CommandFactory};
use clap_complete::Shell;

use crate::cli::args::{Args, OutputArgs};
use crate::cli::{ANSWERED, Outcome, output};

#[derive(Debug, ClapArgs)]
pub struct CompletionArgs {
    #[arg(value_enum)]
    pub shell: Shell,
}

pub fn run(args: &CompletionArgs, output: &OutputArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "rolewalk", &mut script);
    let mut out = output::open(output)?;
    out.write_all(&script)?;
    out.flush()?;
    Ok(ANSWERED)
}
