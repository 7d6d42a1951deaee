//! Kubernetes objects as `kubectl get -o json` prints them, turned into facts. One file for each family.

pub mod keyed;
pub mod meta;
pub mod network;
pub mod node;
pub mod other;
pub mod pod;
pub mod rbac;
pub mod workload;
