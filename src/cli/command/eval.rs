//! `rolewalk eval`: point decisions of the policy engine, JSON lines in and out (protocols.md section 1).

use std::io::{self, BufRead, Write};

use crate::cli::args::OutputArgs;
use crate::cli::{ANSWERED, Outcome, output};
use crate::iam::case;
use crate::iam::catalogue::Catalogue;

pub fn run(output: &OutputArgs) -> Outcome {
    answer_lines(output, |line| case::answer_with(line, Catalogue::bundled()))
}

/// One line out for each line in, in the same order; a line that is no UTF-8 is answered like any other bad line.
pub fn answer_lines(output: &OutputArgs, answer: fn(&str) -> String) -> Outcome {
    let mut out = output::open(output)?;
    let mut input = io::stdin().lock();
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if input.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        writeln!(out, "{}", answer(line))?;
        // A program on the other side of the pipe may wait for this answer before it asks on.
        out.flush()?;
    }
    Ok(ANSWERED)
}
