//! The `rolewalk` binary: hands the arguments over and returns the exit code.

use std::process::ExitCode;

use rolewalk::{cli, runtime};

fn main() -> ExitCode {
    runtime::panic::install();
    runtime::panic::guard(cli::main)
}
