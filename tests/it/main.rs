//! Integration tests, in one binary so that linking happens once. Each file is a module here.

mod iam_cases;
mod iam_properties;
mod identity_rules;
mod identity_vectors;
mod identity_worlds;
mod ingest;
mod pty;
mod testbed;
mod tidy;
