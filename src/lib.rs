//! rolewalk: which cloud identity every Kubernetes workload really has, and what follows from it.

pub mod analysis;
pub mod app;
pub mod base;
pub mod cli;
pub mod estate;
pub mod graph;
pub mod iam;
pub mod identity;
pub mod ingest;
pub mod model;
pub mod runtime;
pub mod ui;
