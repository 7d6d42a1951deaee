//! Questions over the estate: search, counting, what a session may do and why.

pub mod access;
pub mod census;
pub mod explain;
pub mod message;
pub mod query;
pub mod roles;
pub mod session;
pub mod verdict;
pub mod who_can;
