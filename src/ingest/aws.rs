//! Answers of the AWS CLI turned into facts. One file for each family.

pub mod account;
pub mod document;
pub mod ec2;
pub mod eks;
pub mod iam;
