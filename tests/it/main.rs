//! Integration tests, in one binary so that linking happens once. Each file is a module here.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may fail, and says why it was skipped")]

mod iam_cases;
mod iam_properties;
mod cli;
mod demo;
mod ingest;
mod testbed;
mod pty;
mod tidy;
