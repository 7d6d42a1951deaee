//! Questions over the estate.

pub mod query;
