//! The IAM policy language: documents, patterns, conditions, and how AWS decides. Pure, total, three-valued.
//!
//! Rule numbers in these files (P, W, V, C, E, L, X, S, T) are those of the project's reference on how AWS decides.
//!
//! 1. [`parse`] reads a document once; what it cannot read becomes [`Issue`]s and damage, never silence.
//! 2. [`Request`] says who asks for what, and what is known of the context.

pub mod access;
pub mod case;
pub mod catalogue;
pub mod condition;
pub mod decide;
pub mod document;
pub mod glob;
pub mod json;
mod layers;
pub mod parse;
pub mod pattern;
pub mod permissions;
pub mod policies;
pub mod principal;
pub mod privilege;
pub mod request;
pub mod residual;
mod statement;

pub use condition::Condition;
pub use decide::{Answer, Decision, Facts, Reason, decide, decide_with};
pub use document::{Document, DocumentKind, Effect, Issue, Severity, Statement};
pub use json::Span;
pub use parse::{parse, parse_shared};
pub use policies::{Layer, Level, Policies, Policy};
pub use principal::{Bond, Principal, PrincipalPattern};
pub use request::{Context, Request, Resource};
pub use residual::{Atom, Residual, Source, Test};
