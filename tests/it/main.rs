//! Integration tests, in one binary so that linking happens once. Each file is a module here.

mod commands;
mod iam_cases;
mod screens;
mod scripts;
mod tidy;
