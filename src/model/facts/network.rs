//! Network policies, reduced to what can keep a pod from an address.

use crate::base::Name;

use super::meta::{Meta, Selector};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NetworkPolicy {
    pub meta: Meta,
    pub pods: Selector,
    /// `policyTypes` holds `Egress`, or it is absent and there are egress rules.
    pub egress: bool,
    pub rules: Vec<EgressRule>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EgressRule {
    /// Empty admits every peer.
    pub to: Vec<Peer>,
    /// Empty admits every port.
    pub ports: Vec<Port>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    Block {
        cidr: Name,
        except: Vec<Name>,
    },
    /// Pods or namespaces; never an address outside the cluster.
    Selector {
        pods: Option<Selector>,
        namespaces: Option<Selector>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Port {
    /// `TCP` unless said otherwise.
    pub protocol: Name,
    /// `None` admits every port; a named port is kept as written.
    pub port: Option<Name>,
    pub end: Option<i64>,
}
