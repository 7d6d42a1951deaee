//! Integration tests, in one binary so that linking happens once. Each file is a module here.

mod demo;
mod iam_cases;
mod tidy;
