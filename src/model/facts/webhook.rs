//! Mutating webhook registrations: whether anything injects identities into new pods (R13).

use crate::base::Name;

use super::meta::{Meta, Selector};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WebhookConfiguration {
    pub meta: Meta,
    pub webhooks: Vec<Webhook>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Webhook {
    pub name: Name,
    /// `Ignore` or `Fail`; empty when not said.
    pub failure_policy: Name,
    /// `Never` or `IfNeeded`; empty when not said.
    pub reinvocation: Name,
    pub namespaces: Selector,
    pub objects: Selector,
    pub rules: Vec<WebhookRule>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WebhookRule {
    pub operations: Vec<Name>,
    pub api_groups: Vec<Name>,
    pub resources: Vec<Name>,
}
