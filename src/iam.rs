//! The IAM policy language: documents, patterns, conditions, and how AWS decides. Pure, total, three-valued.
//!
//! Rule numbers in these files (P, W, V, C, E, L, X, S, T) are those of the project's reference on how AWS decides.
//!
//! 1. [`parse()`] reads a document once; what it cannot read becomes [`Issue`]s and damage, never silence. Share the
//!    [`Document`] by `Arc`: it holds the compiled patterns.
//! 2. [`Request`] says who asks for what, and what its [`Context`] knows: a key is known, absent, or unknown.
//! 3. [`Policies`] holds the documents by layer; [`decide()`] answers, naming the statements that decided and, when it
//!    depends, the [`Residual`] on which it hangs.
//! 4. [`explain()`] adds the steps in AWS's order and the nearest miss; [`admits`] asks a trust policy alone.
//! 5. [`case::answer`] is the whole of it as one line of JSON in, one out.
//!
//! The invariants: an allowed or denied answer holds under every completion of what is not known; where AWS's documents
//! disagree access stays in sight and the answer is marked; a place that could not be read makes exactly those answers
//! an error that it could change.

pub mod access;
pub mod case;
pub mod clauses;
pub mod catalogue;
pub mod condition;
pub mod decide;
pub mod document;
pub mod escalation;
pub mod explain;
pub mod glob;
pub mod json;
mod layers;
pub mod miss;
pub mod parse;
pub mod pattern;
pub mod permissions;
pub mod policies;
pub mod principal;
pub mod privilege;
pub mod render;
pub mod request;
pub mod residual;
mod statement;
pub mod trust;

pub use condition::Condition;
pub use decide::{Answer, Decision, Facts, Reason, decide, decide_with};
pub use document::{Document, DocumentKind, Effect, Issue, Severity, Statement};
pub use explain::{Explanation, Step, StepKind, StepResult, Unread, certainty, explain};
pub use json::Span;
pub use miss::{Failed, Miss};
pub use parse::{parse, parse_shared};
pub use policies::{Layer, Level, Policies, Policy};
pub use principal::{Bond, Principal, PrincipalPattern};
pub use request::{Context, Request, Resource};
pub use residual::{Atom, Residual, Source, Test};
pub use trust::{Admission, Admit, admits};
