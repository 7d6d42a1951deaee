//! Whether a network policy keeps a pod from an address outside the cluster (R90, R98).

use std::net::IpAddr;

use ipnet::IpNet;

use crate::base::{Name, Truth};
use crate::model::facts::meta::{Labels, Operator, Selector};
use crate::model::facts::network::{EgressRule, NetworkPolicy, Peer, Port};
use crate::model::{ClusterFacts, SourceKind};

use super::instance::Guard;

/// Instance metadata over IPv4 and the port it answers on.
pub const METADATA: (IpAddr, u16) = (IpAddr::V4(std::net::Ipv4Addr::new(169, 254, 169, 254)), 80);
/// The Pod Identity agent over IPv4.
pub const AGENT: (IpAddr, u16) = (IpAddr::V4(std::net::Ipv4Addr::new(169, 254, 170, 23)), 80);

/// The policies of one cluster.
pub struct Policies<'a> {
    cluster: &'a ClusterFacts,
    /// An engine that enforces them runs.
    enforced: Truth,
}

impl<'a> Policies<'a> {
    pub fn new(cluster: &'a ClusterFacts) -> Policies<'a> {
        Policies { cluster, enforced: enforcement(cluster) }
    }

    /// Whether any policy of the namespace could select a pod at all: when none can, labels need not be looked at.
    pub fn concern(&self, namespace: &str) -> bool {
        !self.cluster.network_policies.is_complete()
            || self.cluster.network_policies.iter().any(|it| it.egress && it.meta.namespace == namespace)
    }

    /// What policies say about a pod with these labels and the address.
    pub fn guard(&self, namespace: &Name, labels: &Labels, address: (IpAddr, u16)) -> Guard {
        if !self.cluster.network_policies.is_complete() {
            return Guard::Unread(vec![self.cluster.source(SourceKind::NetworkPolicies)]);
        }
        let mut selected = Truth::No;
        let mut admitted = Truth::No;
        for policy in &self.cluster.network_policies {
            if !policy.egress || policy.meta.namespace != *namespace {
                continue;
            }
            let applies = selects(&policy.pods, labels);
            selected = selected.or(applies);
            // Policies add up: what one admits, no other takes away.
            admitted = admitted.or(applies.and(admits(policy, address)));
        }
        match selected.and(!admitted) {
            Truth::No => Guard::Open,
            Truth::Unknown => Guard::Maybe,
            Truth::Yes => match self.enforced {
                Truth::Yes => Guard::Closed,
                Truth::Unknown => Guard::Maybe,
                Truth::No => Guard::Open,
            },
        }
    }
}

/// Presence of policies proves nothing: an engine must enforce them. Calico and Cilium always do; the VPC CNI does when
/// asked, which its trimmed arguments do not show.
fn enforcement(cluster: &ClusterFacts) -> Truth {
    let enforces =
        |name: &str| matches!(name, "calico-node" | "cilium" | "cilium-agent" | "antrea-agent" | "kube-router");
    if cluster.daemon_sets.iter().any(|set| enforces(&set.meta.name)) { Truth::Yes } else { Truth::Unknown }
}

fn admits(policy: &NetworkPolicy, address: (IpAddr, u16)) -> Truth {
    policy.rules.iter().map(|rule| admits_rule(rule, address)).fold(Truth::No, Truth::or)
}

fn admits_rule(rule: &EgressRule, (ip, port): (IpAddr, u16)) -> Truth {
    let peers = if rule.to.is_empty() {
        Truth::Yes
    } else {
        rule.to.iter().map(|peer| admits_peer(peer, ip)).fold(Truth::No, Truth::or)
    };
    let ports = if rule.ports.is_empty() {
        Truth::Yes
    } else {
        rule.ports.iter().map(|it| admits_port(it, port)).fold(Truth::No, Truth::or)
    };
    peers.and(ports)
}

fn admits_peer(peer: &Peer, ip: IpAddr) -> Truth {
    let Peer::Block { cidr, except } = peer else { return Truth::No };
    let Ok(block) = cidr.parse::<IpNet>() else { return Truth::Unknown };
    if !block.contains(&ip) {
        return Truth::No;
    }
    let excepted = except.iter().map(|it| it.parse::<IpNet>().map_or(Truth::Unknown, |it| it.contains(&ip).into()));
    !excepted.fold(Truth::No, Truth::or)
}

fn admits_port(port: &Port, wanted: u16) -> Truth {
    if !port.protocol.is_empty() && port.protocol != "TCP" {
        return Truth::No;
    }
    let Some(start) = &port.port else { return Truth::Yes };
    let Ok(start) = start.parse::<i64>() else { return Truth::Unknown };
    let wanted = i64::from(wanted);
    Truth::from(wanted == start || port.end.is_some_and(|end| (start..=end).contains(&wanted)))
}

/// Whether a label selector picks these labels. An operator this program does not know leaves it open.
pub fn selects(selector: &Selector, labels: &Labels) -> Truth {
    let exact = selector.labels.iter().all(|(key, value)| labels.get(key) == Some(value));
    selector.expressions.iter().fold(Truth::from(exact), |so_far, requirement| {
        let value = labels.get(&requirement.key);
        so_far.and(match &requirement.operator {
            Operator::In => value.is_some_and(|it| requirement.values.contains(it)).into(),
            Operator::NotIn => (!value.is_some_and(|it| requirement.values.contains(it))).into(),
            Operator::Exists => value.is_some().into(),
            Operator::DoesNotExist => value.is_none().into(),
            Operator::Other(_) => Truth::Unknown,
        })
    })
}
