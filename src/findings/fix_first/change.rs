//! Which edit a finding asks for, so that findings with the same edit are one change.
//!
//! To add one more: a variant with its words here, the rules that ask for it in [`of`], and the edges that it takes
//! away in [`super::edges`].

use std::fmt;

use crate::base::Name;
use crate::findings::finding::Finding;
use crate::graph::{AccessGraph, EdgeKind, Foothold};
use crate::model::{EntityKey, Kind};

/// One edit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The trust policy of a role names the service accounts that use the role, and no others.
    TrustOfAccounts { role: EntityKey },
    /// The trust policy of a role names single principals of AWS.
    TrustOfPrincipals { role: EntityKey },
    /// Nodes of a cluster with a role require IMDSv2 with hop limit 1.
    Metadata { cluster: Name, role: EntityKey },
    /// A workload leaves the host's network.
    HostNetwork { workload: EntityKey },
    /// A workload loses what lets it take over its node.
    Privilege { workload: EntityKey },
    /// A role keeps nothing that makes it sensitive.
    Rights { role: EntityKey },
    /// A role keeps no permission by which it gains more than it has.
    Escalation { role: EntityKey },
    /// A RoleBinding or ClusterRoleBinding goes.
    Binding { binding: EntityKey },
    /// An IAM principal is nobody in a cluster any more.
    Mapping { cluster: Name, principal: EntityKey },
    /// A Pod Identity association goes.
    Association { association: EntityKey },
}

impl Change {
    /// The thing that is edited.
    pub fn subject(&self) -> &EntityKey {
        match self {
            Change::TrustOfAccounts { role }
            | Change::TrustOfPrincipals { role }
            | Change::Metadata { role, .. }
            | Change::Rights { role }
            | Change::Escalation { role } => role,
            Change::HostNetwork { workload } | Change::Privilege { workload } => workload,
            Change::Binding { binding } => binding,
            Change::Mapping { principal, .. } => principal,
            Change::Association { association } => association,
        }
    }

    /// The kind of edit, for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Change::TrustOfAccounts { .. } => "trust-of-accounts",
            Change::TrustOfPrincipals { .. } => "trust-of-principals",
            Change::Metadata { .. } => "metadata",
            Change::HostNetwork { .. } => "host-network",
            Change::Privilege { .. } => "privilege",
            Change::Rights { .. } => "rights",
            Change::Escalation { .. } => "escalation",
            Change::Binding { .. } => "binding",
            Change::Mapping { .. } => "mapping",
            Change::Association { .. } => "association",
        }
    }
}

/// One sentence, lower case, no final period.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::TrustOfAccounts { role } => {
                write!(f, "name in the trust policy of {role} the service accounts that use it, and no others")
            }
            Change::TrustOfPrincipals { role } => {
                write!(f, "name in the trust policy of {role} the principals that need it, and no others")
            }
            Change::Metadata { cluster, role } => {
                write!(f, "require IMDSv2 with hop limit 1 on the nodes of {cluster} that have {role}")
            }
            Change::HostNetwork { workload } => write!(f, "take {workload} off the host's network"),
            Change::Privilege { workload } => write!(f, "take from {workload} what lets it take over its node"),
            Change::Rights { role } => write!(f, "take from {role} what makes it sensitive"),
            Change::Escalation { role } => write!(f, "take from {role} the permissions by which it gains more"),
            Change::Binding { binding } => write!(f, "remove {binding}, or bind fewer rights in its place"),
            Change::Mapping { cluster, principal } => write!(f, "take the mapping of {principal} out of {cluster}"),
            Change::Association { association } => write!(f, "delete {association}"),
        }
    }
}

/// Whether the fix that a finding names is the change itself; of some findings it is another way out, and the change
/// mends them all the same.
pub(super) fn is_named(change: &Change, finding: &Finding) -> bool {
    match change {
        Change::Metadata { .. } => matches!(finding.rule.id, "NODE-001" | "NODE-002"),
        Change::Privilege { .. } => finding.rule.id != "NODE-010",
        Change::TrustOfAccounts { .. } => finding.rule.id != "POD-008",
        _ => true,
    }
}

/// The edits that would mend a finding, each by itself or, of bindings, all of them together.
pub(super) fn of(graph: &AccessGraph, finding: &Finding) -> Vec<Change> {
    let subject = || finding.subject.clone();
    let roles = || finding.also.iter().filter(|key| key.kind == Kind::Role).cloned();
    match finding.rule.id {
        "TRUST-001" | "TRUST-002" | "TRUST-008" | "TRUST-009" | "TRUST-010" | "TRUST-019" => {
            vec![Change::TrustOfAccounts { role: subject() }]
        }
        "POD-008" => roles().map(|role| Change::TrustOfAccounts { role }).collect(),
        "TRUST-013" | "TRUST-020" => vec![Change::TrustOfPrincipals { role: subject() }],
        "NODE-001" | "NODE-002" => {
            let named = |cluster: &Name| {
                finding.evidence.iter().any(|it| it.path.split_once(": ").is_some_and(|it| it.0 == cluster.as_str()))
            };
            let clusters = clusters_of_node_role(graph, &finding.subject).into_iter().filter(named);
            clusters.map(|cluster| Change::Metadata { cluster, role: subject() }).collect()
        }
        "IRSA-013" => {
            let answers = |role: &EntityKey| clusters_of_node_role(graph, role).contains(&finding.subject.scope);
            let roles = roles().filter(answers);
            roles.map(|role| Change::Metadata { cluster: finding.subject.scope.clone(), role }).collect()
        }
        "NODE-004" | "PERM-001" => vec![Change::Rights { role: subject() }],
        "NODE-007" => vec![Change::HostNetwork { workload: subject() }],
        "NODE-010" => {
            let weak = finding.evidence.iter().filter(|it| it.path.starts_with("securityContext"));
            let mut found: Vec<Change> = weak.map(|it| Change::Privilege { workload: it.object.clone() }).collect();
            found.sort();
            found.dedup();
            found
        }
        "POD-001" | "POD-002" => vec![Change::Privilege { workload: subject() }],
        "PERM-002" => vec![Change::Escalation { role: subject() }],
        "PODID-005" | "PODID-013" => vec![Change::Association { association: subject() }],
        id if id.starts_with("RBAC-") || id.starts_with("AUTH-") => of_rights(graph, finding),
        _ => Vec::new(),
    }
}

/// The bindings that it cites; of an IAM principal also its mapping.
fn of_rights(graph: &AccessGraph, finding: &Finding) -> Vec<Change> {
    let cited = finding.evidence.iter().map(|it| &it.object).chain(&finding.also);
    let is_binding = |key: &&EntityKey| matches!(key.kind, Kind::RoleBinding | Kind::ClusterRoleBinding);
    let mut found: Vec<Change> =
        cited.filter(is_binding).map(|binding| Change::Binding { binding: binding.clone() }).collect();
    let foothold = match finding.subject.kind {
        Kind::Role => Some(Foothold::Session),
        Kind::IamUser => Some(Foothold::IamUser),
        _ => None,
    };
    if let Some(node) = foothold.and_then(|foothold| graph.node(foothold, &finding.subject)) {
        for (_, edge) in graph.out(node) {
            if let crate::graph::Behind::Mapping { cluster, .. } = graph.behind(&edge) {
                found.push(Change::Mapping { cluster: cluster.clone(), principal: finding.subject.clone() });
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Clusters with nodes that have a role, sorted.
fn clusters_of_node_role(graph: &AccessGraph, role: &EntityKey) -> Vec<Name> {
    let Some(session) = graph.node(Foothold::Session, role) else { return Vec::new() };
    let from = graph.incoming(session).filter(|(_, edge)| edge.kind == EdgeKind::NodeRole);
    let mut clusters: Vec<Name> = from.map(|(_, edge)| graph.key(edge.from).scope.clone()).collect();
    clusters.sort();
    clusters.dedup();
    clusters
}
