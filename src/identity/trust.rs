//! Trust policies of roles, asked through the policy engine (R55 to R74, R81 to R85).

use std::sync::Arc;

use crate::base::Name;
use crate::model::facts::eks::Association;
use crate::model::facts::iam::Role;
use crate::model::{ClusterFacts, Inventory};

use super::trace::{Check, Trace};
use super::web_identity;

/// Parsed trust policies, shared by all questions of one derivation.
#[derive(Default)]
pub struct Trusts {}

impl Trusts {
    pub fn new(_: &Inventory) -> Trusts {
        Trusts {}
    }

    pub fn web_identity(
        &self,
        _: &Inventory,
        _: &ClusterFacts,
        _: &Arc<Role>,
        _: &web_identity::Question<'_>,
        _: &mut Trace,
    ) -> Check {
        Check::unknown("R55", "the trust policy was not evaluated", vec![])
    }

    #[expect(clippy::too_many_arguments, reason = "one question, spelt out")]
    pub fn pod_identity(
        &self,
        _: &Inventory,
        _: &ClusterFacts,
        _: &Arc<Role>,
        _: &Association,
        _: &Name,
        _: &Name,
        _: &mut Trace,
    ) -> Check {
        Check::unknown("R81", "the trust policy was not evaluated", vec![])
    }

    pub fn target_role(
        &self,
        _: &Inventory,
        _: &ClusterFacts,
        _: &Arc<Role>,
        _: &Name,
        _: &Association,
        _: &mut Trace,
    ) -> Check {
        Check::unknown("R84", "the trust policy was not evaluated", vec![])
    }
}
