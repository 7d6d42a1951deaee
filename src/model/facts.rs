//! What one object is, trimmed to what identity, access and findings can depend on.
//!
//! No field can hold a secret: values of environment variables and ConfigMaps are kept only for the names in
//! [`env::KEPT_VALUES`], secret keys not at all.

pub mod aws;
pub mod eks;
pub mod env;
pub mod iam;
pub mod meta;
pub mod network;
pub mod node;
pub mod pod;
pub mod rbac;
pub mod webhook;
pub mod workload;
