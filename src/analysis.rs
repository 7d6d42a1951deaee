//! Questions over the estate: search, counting, what a session may do and why, what falls with what.

pub mod access;
pub mod blast;
pub mod census;
pub mod data;
pub mod diff;
pub mod explain;
pub mod message;
pub mod path;
pub mod picture;
pub mod query;
pub mod roles;
pub mod sharing;
pub mod usable;
pub mod used_by;
pub mod verdict;
pub mod who_can;

pub use crate::identity::session;
