//! The IAM policy language.

pub mod catalogue;
