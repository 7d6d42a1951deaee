//! Action and resource patterns as policies write them: case rules (W2), ARN parts (W3 to W7), variables (V1 to V5).

mod action;
mod arn;
mod template;

pub use action::{Action, ActionPattern};
pub use arn::{ArnGlob, Match, ResourcePattern, split_arn};
pub use template::{Resolved, Template, Variable, Wildcards};
