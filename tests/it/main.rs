//! Integration tests, one binary. Each file is a module here.

mod iam_cases;
mod iam_properties;
