//! `rolewalk perms`: what a principal may do at all, JSON lines in and out (protocols.md section 2).

use crate::cli::Outcome;
use crate::cli::args::OutputArgs;
use crate::iam::case::permissions;

pub fn run(output: &OutputArgs) -> Outcome {
    super::eval::answer_lines(output, permissions::answer)
}
