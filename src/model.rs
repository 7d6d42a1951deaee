//! Ground facts: what the sources reported, under stable names, and what they could not read.
//!
//! [`facts`] says what one object is, [`listing`] how much of a kind was read, [`source`] where a kind comes from and
//! which permission it needs, [`call`] which calls to AWS answer them, [`feed`] how facts arrive, and [`inventory`] holds them all. Nothing here judges.

pub mod arn;
pub mod call;
pub mod coverage;
pub mod facts;
pub mod feed;
pub mod inventory;
pub mod key;
pub mod listing;
pub mod source;

pub use arn::Arn;
pub use coverage::{Coverage, Gap, Loss, Status};
pub use inventory::{AccountFacts, ClusterFacts, Inventory, RegionFacts};
pub use key::{EntityKey, Kind};
pub use listing::{Listing, Lookup, Reading};
pub use source::{Scope, SourceId, SourceKind};
