//! rolewalk: which cloud identity every Kubernetes workload really has, and what follows from it.

pub mod base;
pub mod iam;
pub mod model;
pub mod identity;
pub mod graph;
pub mod analysis;
pub mod estate;
pub mod ingest;
pub mod app;
pub mod runtime;
pub mod ui;
pub mod cli;
