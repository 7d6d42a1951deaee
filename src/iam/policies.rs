//! The policies that bear on a request, by layer (rules L1 to L7).

use std::fmt;
use std::sync::Arc;

use crate::base::Name;

use super::document::Document;

/// A kind of policy. All of them can deny; which of them must allow depends on who asks whom (rules L1 to L10, X1 to X4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    Identity,
    Boundary,
    Session,
    Scp,
    Rcp,
    Resource,
    Endpoint,
}

impl Layer {
    /// The name in protocols.md section 1.
    pub fn as_str(self) -> &'static str {
        match self {
            Layer::Identity => "identity",
            Layer::Boundary => "boundary",
            Layer::Session => "session",
            Layer::Scp => "scp",
            Layer::Rcp => "rcp",
            Layer::Resource => "resource",
            Layer::Endpoint => "endpoint",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A document under the name by which reports call it. The same document may stand in many places.
#[derive(Clone, Debug)]
pub struct Policy {
    pub name: Name,
    pub document: Arc<Document>,
}

/// The policies of the root, an OU or an account.
#[derive(Clone, Debug)]
pub struct Level {
    pub name: Name,
    pub policies: Vec<Policy>,
}

/// What one caller's request meets. A layer that is empty was not supplied.
///
/// `Default` is a caller without any policy.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    /// Inline and managed together: their union (rule L4).
    pub identity: Vec<Policy>,
    pub boundary: Option<Policy>,
    /// Their union limits; none when the session was made without (rule L6).
    pub session: Vec<Policy>,
    /// Outermost level first; each level must allow (rule L2). Empty: SCPs not supplied, the answer can only shrink.
    pub scps: Vec<Level>,
    /// `RCPFullAWSAccess` is implied at each level, so only denies count (rule L3).
    pub rcps: Vec<Level>,
    /// The policy of the resource; the trust policy when a role is assumed, the key policy for a KMS key.
    pub resource: Option<Policy>,
    /// The policy of the VPC endpoint through which the request came; several are a union.
    pub endpoint: Vec<Policy>,
}

impl Policies {
    /// Every policy with its layer and, for SCPs and RCPs, its level.
    pub fn iter(&self) -> impl Iterator<Item = (Layer, Option<usize>, &Policy)> {
        let plain = |layer: Layer| move |policy| (layer, None, policy);
        self.identity
            .iter()
            .map(plain(Layer::Identity))
            .chain(self.boundary.iter().map(plain(Layer::Boundary)))
            .chain(self.session.iter().map(plain(Layer::Session)))
            .chain(levels(Layer::Scp, &self.scps))
            .chain(levels(Layer::Rcp, &self.rcps))
            .chain(self.resource.iter().map(plain(Layer::Resource)))
            .chain(self.endpoint.iter().map(plain(Layer::Endpoint)))
    }
}

fn levels(layer: Layer, levels: &[Level]) -> impl Iterator<Item = (Layer, Option<usize>, &Policy)> {
    levels
        .iter()
        .enumerate()
        .flat_map(move |(index, level)| level.policies.iter().map(move |policy| (layer, Some(index), policy)))
}
