//! Questions over the estate: search, counting, access.

pub mod census;
pub mod query;
