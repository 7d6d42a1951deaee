//! rolewalk: which cloud identity every Kubernetes workload really has, and what follows from it.

pub mod app;
pub mod base;
pub mod model;
pub mod runtime;
pub mod ui;
