//! What is wrong: rules over facts and identities, each with evidence, impact and fix.
//!
//! [`run`] is asked by the derivation. A rule is one file in [`rules`]; what all of them share is worked out once in
//! [`Context`]; guards that hold for every rule are applied in [`Sink`]. What was not read makes a rule *not evaluated*,
//! never clean, and a verdict that is unknown is never more than `info`.

pub mod acceptance;
pub mod annotation;
pub mod account_roles;
pub mod associations;
pub mod context;
pub mod engine;
pub mod exposure;
pub mod fields;
pub mod finding;
pub mod fix;
pub mod fix_first;
pub mod granted;
pub mod node_roles;
pub mod platform;
pub mod principals;
pub mod reference;
pub mod revocation;
pub mod role_policies;
pub mod rule;
pub mod rules;
pub mod severity;
pub mod similar;
pub mod sink;
pub mod static_keys;
pub mod subjects;
pub mod trust_text;

pub use acceptance::{Acceptance, Accepted};
pub use context::{Context, Holding, Reached, Seat, Through, Workload};
pub use engine::{Findings, NotEvaluated};
pub use finding::{Finding, Fix, TechniqueUse, Tool};
pub use reference::{Reference, Standard};
pub use rule::{Category, Entry, Kind, Rule};
pub use severity::Severity;
pub use sink::Sink;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::Name;
use crate::graph::authorization::Authorization;
use crate::graph::escalation::Gains;
use crate::identity::accounts::AccountTrust;
use crate::identity::documents::Documents;
use crate::identity::resolve::PodIdentity;
use crate::model::Inventory;

/// Runs every rule of the registry. `pods` are the identities of [`crate::identity::resolve::all`]. Rights are worked out
/// when a rule asks for them.
pub fn run(inventory: &Inventory, pods: &[PodIdentity]) -> Findings {
    engine::run(&Context::new(inventory, pods), rules::ALL)
}

/// What rules go by beside the facts, and what an estate has worked out already.
#[derive(Clone, Copy, Debug)]
pub struct Derived<'a> {
    /// Who may do what in each cluster, by its label.
    pub authorizations: &'a BTreeMap<Name, Arc<Authorization>>,
    /// What each service account is worth, by cluster, namespace, name.
    pub accounts: &'a [AccountTrust],
    /// What each role and user can gain by one step.
    pub gains: &'a Gains,
    /// Policies that are parsed already.
    pub documents: &'a Documents,
}

/// As [`run`], with what is known already.
pub fn run_with(inventory: &Inventory, pods: &[PodIdentity], derived: Derived<'_>) -> Findings {
    engine::run(&Context::new(inventory, pods).with(derived), rules::ALL)
}
