//! Questions over the estate: search, counting, access.

pub mod access;
pub mod census;
pub mod query;
