//! Integration tests, in one binary so that linking happens once. Each file is a module here.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test may fail, and says why it was skipped")]

mod aws_emulators;
mod aws_live;
mod aws_server;
mod api_server;
mod cli;
mod commands;
mod demo;
mod diff;
mod escalation;
mod explain;
mod findings;
mod fix_first;
mod forms;
mod header;
mod iam_cases;
mod iam_properties;
mod identity_pods;
mod identity_rules;
mod identity_table;
mod identity_vectors;
mod identity_worlds;
mod ingest;
mod live;
mod pictures;
mod pty;
mod rbac;
mod reach;
mod readme;
mod relay;
mod report;
mod rights;
mod sarif;
mod saved;
mod screens;
mod scripts;
mod testbed;
mod tidy;
mod who_can;
