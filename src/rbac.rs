//! The Kubernetes RBAC language: rules, requests, which rule allows which request, and the powers that requests give.
//!
//! Nothing here knows an estate. [`rule`] is what roles hold, [`request`] what somebody asks for, [`matching`] the
//! answer of one rule (no, yes, or only for named objects), [`power`] the table of rights that lead to other
//! identities, [`resources`] the resources every cluster has.

pub mod matching;
pub mod power;
pub mod request;
pub mod resources;
pub mod rights;
pub mod rule;

pub use matching::{Match, matches};
pub use power::{Place, Power, Version, Way};
pub use request::{Request, Target};
pub use rights::Rights;
pub use rule::Rule;
