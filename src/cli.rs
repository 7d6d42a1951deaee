//! The command line: what a person or a program asks without screens.
//!
//! To add one more command: write `command/NAME.rs` with its arguments and a `run`, and name it in
//! [`command::Command`]. Answers go to stdout, everything else to stderr; [`failure`] maps errors to exit codes.

pub mod args;
pub mod command;
pub mod envelope;
pub mod failure;
pub mod output;
pub mod source;
pub mod table;

use std::process::ExitCode;

use clap::Parser;

use args::Args;
use failure::Failure;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return args::refuse(&error),
    };
    match command::run(args) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// Answered; the condition, if one was asked for, holds.
pub const ANSWERED: ExitCode = ExitCode::SUCCESS;

/// Result of a command.
pub type Outcome = Result<ExitCode, Failure>;
