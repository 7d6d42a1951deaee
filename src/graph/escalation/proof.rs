//! The statements behind a gain, found again when somebody asks for them.

use crate::base::Name;
use crate::iam::{Effect, Layer};
use crate::model::{EntityKey, Inventory};

use super::Gain;

/// A statement that makes a gain possible, or keeps it open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The step that it decides.
    pub action: &'static str,
    /// The ARN that was asked about, or `*`.
    pub resource: Name,
    /// The role, user, group, policy or SCP whose document says it.
    pub object: EntityKey,
    pub layer: Layer,
    /// Name of the policy, as the layer lists it.
    pub policy: Name,
    pub statement: usize,
    pub sid: Option<Name>,
    pub effect: Effect,
}

/// The statements behind a gain, step by step in the order of the technique; for a gain of several targets those of
/// `target`, or of the first one. Cost: a few decisions.
pub fn proofs(_inventory: &Inventory, _gain: &Gain, _target: Option<&EntityKey>) -> Vec<Proof> {
    Vec::new()
}
