//! The `rolewalk` binary: hands the arguments over and returns the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    rolewalk::cli::main()
}
