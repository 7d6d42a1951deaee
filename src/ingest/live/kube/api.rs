//! The calls behind the sources of a cluster: one row for each, from which the reading and the smallest ClusterRole are
//! both made, so that they cannot drift.
//!
//! To read one more kind of object: give its source a row here; the rest follows.

use crate::base::Name;
use crate::model::source::{Scope, SourceKind};

/// How a source is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A list in pages, then a watch.
    List(Resource),
    /// Only the objects that matter, each by its name: `aws-auth`, and what pods take their environment from.
    Named(Resource),
    /// One document at a path.
    Path(&'static str),
}

/// A resource of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Empty for the core group.
    pub group: &'static str,
    /// Versions that say the same, newest first; the first that is served is taken.
    pub versions: &'static [&'static str],
    pub plural: &'static str,
    pub namespaced: bool,
    /// It exists only where its CRD was installed; that it is not there is an answer, not a gap.
    pub optional: bool,
    /// Only names and other metadata are asked for. Never more of a Secret.
    pub metadata_only: bool,
}

/// One source and its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub kind: SourceKind,
    pub call: Call,
}

const NAMESPACED: u8 = 1;
const OPTIONAL: u8 = 2;
const METADATA: u8 = 4;

const fn list(
    kind: SourceKind,
    group: &'static str,
    versions: &'static [&'static str],
    plural: &'static str,
    flags: u8,
) -> Row {
    Row { kind, call: Call::List(resource(group, versions, plural, flags)) }
}

const fn resource(group: &'static str, versions: &'static [&'static str], plural: &'static str, flags: u8) -> Resource {
    Resource {
        group,
        versions,
        plural,
        namespaced: flags & NAMESPACED != 0,
        optional: flags & OPTIONAL != 0,
        metadata_only: flags & METADATA != 0,
    }
}

const V1: &[&str] = &["v1"];
const RBAC: &str = "rbac.authorization.k8s.io";

/// In the order in which they are asked: what the first screen needs comes first.
pub const ROWS: &[Row] = &[
    Row { kind: SourceKind::Version, call: Call::Path("/version") },
    list(SourceKind::Pods, "", V1, "pods", NAMESPACED),
    list(SourceKind::ServiceAccounts, "", V1, "serviceaccounts", NAMESPACED),
    list(SourceKind::Namespaces, "", V1, "namespaces", 0),
    list(SourceKind::Nodes, "", V1, "nodes", 0),
    list(SourceKind::ReplicaSets, "apps", V1, "replicasets", NAMESPACED),
    list(SourceKind::Deployments, "apps", V1, "deployments", NAMESPACED),
    list(SourceKind::StatefulSets, "apps", V1, "statefulsets", NAMESPACED),
    list(SourceKind::DaemonSets, "apps", V1, "daemonsets", NAMESPACED),
    list(SourceKind::Jobs, "batch", V1, "jobs", NAMESPACED),
    list(SourceKind::CronJobs, "batch", V1, "cronjobs", NAMESPACED),
    Row { kind: SourceKind::ConfigMaps, call: Call::Named(resource("", V1, "configmaps", NAMESPACED)) },
    list(SourceKind::Roles, RBAC, V1, "roles", NAMESPACED),
    list(SourceKind::RoleBindings, RBAC, V1, "rolebindings", NAMESPACED),
    list(SourceKind::ClusterRoles, RBAC, V1, "clusterroles", 0),
    list(SourceKind::ClusterRoleBindings, RBAC, V1, "clusterrolebindings", 0),
    list(SourceKind::NetworkPolicies, "networking.k8s.io", V1, "networkpolicies", NAMESPACED),
    list(SourceKind::Webhooks, "admissionregistration.k8s.io", V1, "mutatingwebhookconfigurations", 0),
    list(SourceKind::Secrets, "", V1, "secrets", NAMESPACED | METADATA),
    list(SourceKind::Services, "", V1, "services", NAMESPACED),
    list(SourceKind::Ingresses, "networking.k8s.io", V1, "ingresses", NAMESPACED),
    list(SourceKind::CsiDrivers, "storage.k8s.io", V1, "csidrivers", 0),
    list(SourceKind::PersistentVolumes, "", V1, "persistentvolumes", 0),
    // Only the names matter; the schemas are the largest objects of many clusters.
    list(SourceKind::CustomResourceDefinitions, "apiextensions.k8s.io", V1, "customresourcedefinitions", METADATA),
    list(SourceKind::Gateways, "gateway.networking.k8s.io", &["v1", "v1beta1"], "gateways", NAMESPACED | OPTIONAL),
    list(SourceKind::NodePools, "karpenter.sh", &["v1", "v1beta1"], "nodepools", OPTIONAL),
    list(SourceKind::Ec2NodeClasses, "karpenter.k8s.aws", &["v1", "v1beta1"], "ec2nodeclasses", OPTIONAL),
    list(SourceKind::NodeClasses, "eks.amazonaws.com", V1, "nodeclasses", OPTIONAL),
    list(SourceKind::CiliumNetworkPolicies, "cilium.io", &["v2"], "ciliumnetworkpolicies", NAMESPACED | OPTIONAL),
];

/// The one ConfigMap that is read whatever pods refer to: it maps IAM roles to Kubernetes users.
pub const AWS_AUTH: (&str, &str) = ("kube-system", "aws-auth");

impl Row {
    pub fn of(kind: SourceKind) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.kind == kind)
    }
}

impl Resource {
    /// Path of the group in this version, where discovery lists its kinds.
    pub fn group_path(&self, version: &str) -> String {
        match self.group {
            "" => format!("/api/{version}"),
            group => format!("/apis/{group}/{version}"),
        }
    }

    /// Path of the list: of one namespace, or of all of them.
    pub fn path(&self, version: &str, namespace: Option<&str>) -> String {
        let group = self.group_path(version);
        match namespace {
            Some(namespace) => format!("{group}/namespaces/{namespace}/{}", self.plural),
            None => format!("{group}/{}", self.plural),
        }
    }

    /// `pods`, `deployments.apps`: as messages and permissions name it.
    pub fn name(&self) -> String {
        match self.group {
            "" => self.plural.to_owned(),
            group => format!("{}.{group}", self.plural),
        }
    }

    /// What the answer to a list shall look like.
    pub fn accept_list(&self) -> &'static str {
        if self.metadata_only {
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        } else {
            "application/json"
        }
    }

    /// The same for the objects of a watch.
    pub fn accept_watch(&self) -> &'static str {
        if self.metadata_only {
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
        } else {
            "application/json"
        }
    }
}

/// The smallest ClusterRole that answers every call of the table, as YAML for `kubectl apply`.
pub fn cluster_role() -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "# Of Secrets only names and key names are asked for, but RBAC cannot say so: leave `secrets` out where the right \
         to list\n# them is too much, and answers that hang on them say unknown.\n\
         # ConfigMaps are read by name, and watched for their versions alone: without `watch`, they are read again every\n\
         # five minutes.\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: rolewalk\nrules:\n",
    );
    let mut rule = |groups: &str, resources: &[&str], names: &str, verbs: &str| {
        let _ = writeln!(text, "- apiGroups: [\"{groups}\"]\n  resources: [{}]", resources.join(", "));
        if !names.is_empty() {
            let _ = writeln!(text, "  resourceNames: [{names}]");
        }
        let _ = writeln!(text, "  verbs: [{verbs}]");
    };
    let mut groups: Vec<&str> = Vec::new();
    for row in ROWS {
        if let Call::List(resource) = row.call
            && !groups.contains(&resource.group)
        {
            groups.push(resource.group);
        }
    }
    for group in groups {
        let listed = ROWS.iter().filter_map(|row| match row.call {
            Call::List(resource) if resource.group == group => Some(resource.plural),
            _ => None,
        });
        rule(group, &listed.collect::<Vec<_>>(), "", "list, watch");
    }
    for row in ROWS {
        if let Call::Named(resource) = row.call {
            rule(resource.group, &[resource.plural], "", "get, watch");
        }
    }
    let paths = ROWS.iter().filter_map(|row| match row.call {
        Call::Path(path) => Some(path),
        _ => None,
    });
    for path in paths {
        let _ = writeln!(text, "- nonResourceURLs: [{path}]\n  verbs: [get]");
    }
    text
}

/// Every source of the cluster that the API server answers, in the order of asking.
pub fn kinds() -> impl Iterator<Item = SourceKind> {
    ROWS.iter().map(|row| row.kind)
}

/// A label that may stand between the slashes of addresses and paths.
pub fn usable_label(name: &str) -> Name {
    let usable = |it: char| if it == '/' || it.is_control() || it.is_whitespace() { '.' } else { it };
    Name::from(name.chars().map(usable).collect::<String>())
}

/// Sources below a cluster that AWS answers, not the API server.
pub fn is_eks(kind: SourceKind) -> bool {
    kind.scope() == Scope::Cluster && Row::of(kind).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_of_the_api_server_has_one_row_and_the_permission_says_the_same() {
        for (kind, scope, file, _, permission) in SourceKind::ALL {
            let rows: Vec<&Row> = ROWS.iter().filter(|row| row.kind == *kind).collect();
            if *scope != Scope::Cluster || permission.starts_with("eks:") {
                assert!(rows.is_empty(), "{kind:?}");
                continue;
            }
            assert_eq!(rows.len(), 1, "{kind:?}");
            let wanted = match rows[0].call {
                Call::List(resource) => format!("list {}", resource.name()),
                Call::Named(resource) => format!("get {}", resource.name()),
                Call::Path(path) => format!("get {path}"),
            };
            assert_eq!(*permission, wanted);
            if let Call::List(resource) | Call::Named(resource) = rows[0].call {
                assert_eq!(*file, format!("{}.json", resource.plural));
            }
        }
    }

    #[test]
    fn the_cluster_role_allows_reading_and_nothing_else() {
        let role: serde_json::Value = serde_saphyr::from_str(&cluster_role()).unwrap();
        let rules = role["rules"].as_array().unwrap();
        let allowed = |group: &str, plural: &str, verb: &str| {
            rules.iter().any(|rule| {
                let has = |member: &str, wanted: &str| {
                    rule[member].as_array().is_some_and(|all| all.iter().any(|it| it == wanted))
                };
                has("apiGroups", group) && has("resources", plural) && has("verbs", verb)
            })
        };
        for row in ROWS {
            if let Call::List(it) = row.call {
                assert!(allowed(it.group, it.plural, "list") && allowed(it.group, it.plural, "watch"), "{row:?}");
            }
        }
        for rule in rules {
            for verb in rule["verbs"].as_array().unwrap() {
                assert!(["get", "list", "watch"].contains(&verb.as_str().unwrap()), "{rule}");
            }
        }
        assert!(!allowed("", "secrets", "get") && allowed("", "configmaps", "get"));
    }

    #[test]
    fn secrets_are_never_asked_for_whole() {
        let Some(Row { call: Call::List(secrets), .. }) = Row::of(SourceKind::Secrets) else { panic!("a list") };
        assert!(secrets.accept_list().contains("PartialObjectMetadataList"));
        assert!(secrets.accept_watch().contains("as=PartialObjectMetadata;"));
    }
}
