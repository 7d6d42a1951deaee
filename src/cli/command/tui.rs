//! `rolewalk` without a command: the screens.

use clap::Subcommand;

use crate::cli::args::Args;
use crate::cli::failure::Failure;
use crate::cli::Outcome;

#[derive(Debug, Subcommand)]
pub enum DebugCommand {
    /// Panic on purpose, to see that the terminal is restored
    Panic { place: Option<String> },
}

pub fn run(_: &Args, _: Option<&str>) -> Outcome {
    Err(Failure::usage("the screens are not wired yet"))
}

pub fn debug(args: &Args, _: &DebugCommand) -> Outcome {
    run(args, None)
}
