//! Symbolic permission sets: everything that a principal may do, as rows of actions on resources under conditions.

pub mod actions;
pub mod meet;
pub mod notation;
pub mod residual;
pub mod resources;
