//! Nodes and the instances behind them.

use crate::base::Name;

use super::meta::Meta;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    pub meta: Meta,
    /// `spec.providerID`, such as `aws:///eu-west-1b/i-0abc`; empty when not set.
    pub provider_id: Name,
    pub ready: bool,
}

impl Node {
    /// The EC2 instance id at the end of the provider id (R93).
    pub fn instance_id(&self) -> Option<&str> {
        let id = self.provider_id.strip_prefix("aws://")?.rsplit('/').next()?;
        id.starts_with("i-").then_some(id)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instance {
    pub id: Name,
    pub account: Name,
    pub region: Name,
    /// ARN of the instance profile; `None` when the instance has none.
    pub profile: Option<Name>,
    /// `None` when the answer carried no metadata options.
    pub metadata: Option<MetadataOptions>,
    /// `running`, `terminated`, ...; empty when not said.
    pub state: Name,
    pub private_dns: Name,
}

/// How the instance metadata service answers (R96, R97).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetadataOptions {
    /// `HttpEndpoint` is not `disabled`.
    pub endpoint: bool,
    /// `HttpTokens` is `required`: IMDSv1 is off.
    pub tokens_required: bool,
    pub hop_limit: i64,
    /// `HttpProtocolIpv6` is `enabled`.
    pub ipv6: bool,
}
