//! The table of powers: rights that lead to other identities, the rules R145 to R169 of identity.md.
//!
//! To add one more: add a variant to [`Power`] and a [`Row`] to `ROWS`, at the place that its danger gives it.

use std::fmt;

/// What a subject can do with rights it holds. In order of danger, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Power {
    Escalate,
    Bind,
    AwsAuthEdit,
    Impersonate,
    NodesProxy,
    WebhookControl,
    TokenRequest,
    PodCreate,
    WorkloadCreate,
    WorkloadPatch,
    PodExec,
    PodAttach,
    PodDebug,
    PodPatchImage,
    NodeclassEdit,
    SecretMint,
    SecretRead,
    ControllerCrd,
    PvCreate,
    Csr,
    SaCreate,
    SaAnnotate,
    NsLabels,
    ScheduleSteer,
    PortForward,
    Proxy,
}

/// How much a power is worth by itself, before anybody asks which AWS roles hang on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Leads to every right in its scope, by itself.
    Total,
    /// Acts as another identity.
    Identity,
    /// One step of several.
    Step,
    /// Worth knowing; gives no identity.
    Note,
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    pub power: Power,
    /// The edge id of identity.md section 12.2; of a rule with two edges, each has its own word.
    pub word: &'static str,
    /// Number of the rule.
    pub rule: u16,
    pub weight: Weight,
    /// What it gives, in a few words.
    pub gains: &'static str,
    /// One of these is enough.
    pub ways: &'static [Way],
}

/// One way to hold a power: all of its permissions together.
#[derive(Debug, PartialEq, Eq)]
pub struct Way {
    /// What the power is held over, and what names on a rule name: `serviceaccounts`, `users`, `clusterroles`, ...
    pub object: &'static str,
    pub place: Place,
    pub when: When,
    /// The first is the one whose names narrow the power.
    pub needs: &'static [Permission],
}

/// Where a grant must stand for a way to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a namespace, for that namespace, or cluster-wide, for all.
    Anywhere,
    /// Cluster-wide only: the object stands outside namespaces (R140).
    Cluster,
    /// In this namespace, or cluster-wide.
    Only(&'static str),
}

/// What else must hold in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Always,
    /// The server's version is before 1.`minor`.
    Before(u16),
    /// The authentication mode reads `aws-auth` (R172).
    AwsAuthRead,
    /// The authentication mode reads `aws-auth`, and there is none.
    AwsAuthAbsent,
    /// Depends on something no listing shows.
    Unsure,
}

/// Verbs on resources of one group; any verb with any resource is enough.
#[derive(Debug, PartialEq, Eq)]
pub struct Permission {
    pub verbs: &'static [&'static str],
    /// A group, or `.suffix` for every group that ends so.
    pub group: &'static str,
    /// With subresource. Empty: any resource of the group.
    pub resources: &'static [&'static str],
    /// Only the object of this name counts.
    pub name: Option<&'static str>,
}

/// A Kubernetes version, as far as rights depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    pub major: u16,
    pub minor: u16,
}

impl Version {
    /// Reads `1.33`, `v1.33.4-eks-1a2b3c` and `1.33+`.
    pub fn parse(text: &str) -> Option<Version> {
        let (major, rest) = text.trim().trim_start_matches('v').split_once('.')?;
        let digits = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
        Some(Version { major: major.parse().ok()?, minor: rest[..digits].parse().ok()? })
    }
}

impl Power {
    /// All powers, worst first.
    pub fn all() -> impl Iterator<Item = Power> {
        ROWS.iter().map(|row| row.power)
    }

    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The edge id, such as `token-request`.
    pub fn word(self) -> &'static str {
        self.row().word
    }

    pub fn from_word(word: &str) -> Option<Power> {
        ROWS.iter().find(|row| row.word == word).map(|row| row.power)
    }

    /// Number of the rule of identity.md.
    pub fn rule(self) -> u16 {
        self.row().rule
    }

    pub fn weight(self) -> Weight {
        self.row().weight
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

const fn can(verbs: &'static [&'static str], group: &'static str, resources: &'static [&'static str]) -> Permission {
    Permission { verbs, group, resources, name: None }
}

const fn named(
    verbs: &'static [&'static str],
    group: &'static str,
    resources: &'static [&'static str],
    name: &'static str,
) -> Permission {
    Permission { verbs, group, resources, name: Some(name) }
}

const fn way(object: &'static str, place: Place, needs: &'static [Permission]) -> Way {
    Way { object, place, when: When::Always, needs }
}

const fn when(object: &'static str, place: Place, when: When, needs: &'static [Permission]) -> Way {
    Way { object, place, when, needs }
}

const CREATE: &[&str] = &["create"];
const GET: &[&str] = &["get"];
const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["update", "patch"];
const MAKE: &[&str] = &["create", "update", "patch"];
const AUTHORIZATION: &str = "rbac.authorization.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";
const CERTIFICATES: &str = "certificates.k8s.io";
const CLIENT_SIGNER: &str = "kubernetes.io/kube-apiserver-client";

use Place::{Anywhere, Cluster, Only};

/// In the order of [`Power`].
static ROWS: &[Row] = &[
    Row {
        power: Power::Escalate,
        word: "escalate",
        rule: 160,
        weight: Weight::Total,
        gains: "may write any right into a role it holds",
        ways: &[
            way(
                "clusterroles",
                Cluster,
                &[can(&["escalate"], AUTHORIZATION, &["clusterroles"]), can(MAKE, AUTHORIZATION, &["clusterroles"])],
            ),
            way(
                "roles",
                Anywhere,
                &[can(&["escalate"], AUTHORIZATION, &["roles"]), can(MAKE, AUTHORIZATION, &["roles"])],
            ),
        ],
    },
    Row {
        power: Power::Bind,
        word: "bind",
        rule: 159,
        weight: Weight::Total,
        gains: "may give itself the roles it can bind",
        ways: &[
            way(
                "clusterroles",
                Cluster,
                &[can(&["bind"], AUTHORIZATION, &["clusterroles"]), can(MAKE, AUTHORIZATION, &["clusterrolebindings"])],
            ),
            // Binding a ClusterRole inside a namespace asks for `bind` in that namespace
            // (k8s.io/kubernetes/pkg/registry/rbac, BindingAuthorized).
            way(
                "clusterroles",
                Anywhere,
                &[can(&["bind"], AUTHORIZATION, &["clusterroles"]), can(MAKE, AUTHORIZATION, &["rolebindings"])],
            ),
            way(
                "roles",
                Anywhere,
                &[can(&["bind"], AUTHORIZATION, &["roles"]), can(MAKE, AUTHORIZATION, &["rolebindings"])],
            ),
        ],
    },
    Row {
        power: Power::AwsAuthEdit,
        word: "aws-auth-edit",
        rule: 165,
        weight: Weight::Total,
        gains: "maps any IAM principal to system:masters",
        ways: &[
            when(
                "configmaps",
                Only("kube-system"),
                When::AwsAuthRead,
                &[named(WRITE, "", &["configmaps"], "aws-auth")],
            ),
            when("configmaps", Only("kube-system"), When::AwsAuthAbsent, &[can(CREATE, "", &["configmaps"])]),
        ],
    },
    Row {
        power: Power::Impersonate,
        word: "impersonate",
        rule: 158,
        weight: Weight::Identity,
        gains: "acts with the RBAC rights of the one it impersonates",
        // `uids` and `userextras` alone impersonate nobody.
        ways: &[
            way("groups", Cluster, &[can(&["impersonate"], "", &["groups"])]),
            way("users", Cluster, &[can(&["impersonate"], "", &["users"])]),
            way("serviceaccounts", Anywhere, &[can(&["impersonate"], "", &["serviceaccounts"])]),
        ],
    },
    Row {
        power: Power::NodesProxy,
        word: "nodes-proxy",
        rule: 152,
        weight: Weight::Identity,
        gains: "runs commands in every pod through the kubelets, unaudited",
        ways: &[way("nodes", Cluster, &[can(&["get", "create"], "", &["nodes/proxy"])])],
    },
    Row {
        power: Power::WebhookControl,
        word: "webhook-control",
        rule: 162,
        weight: Weight::Identity,
        gains: "reads and rewrites every new pod, or cuts IRSA off",
        ways: &[
            way(
                "mutatingwebhookconfigurations",
                Cluster,
                &[can(&["create", "update", "patch", "delete"], ADMISSION, &["mutatingwebhookconfigurations"])],
            ),
            way(
                "mutatingadmissionpolicies",
                Cluster,
                &[can(&["create", "update", "patch", "delete"], ADMISSION, &["mutatingadmissionpolicies"])],
            ),
        ],
    },
    Row {
        power: Power::TokenRequest,
        word: "token-request",
        rule: 145,
        weight: Weight::Identity,
        gains: "tokens of the service account, for any audience, without a pod",
        ways: &[way("serviceaccounts", Anywhere, &[can(CREATE, "", &["serviceaccounts/token"])])],
    },
    Row {
        power: Power::PodCreate,
        word: "pod-create",
        rule: 146,
        weight: Weight::Identity,
        gains: "runs as any service account of the namespace",
        ways: &[way("pods", Anywhere, &[can(CREATE, "", &["pods"])])],
    },
    Row {
        power: Power::WorkloadCreate,
        word: "workload-create",
        rule: 147,
        weight: Weight::Identity,
        gains: "runs as any service account of the namespace",
        ways: &[
            way(
                "workloads",
                Anywhere,
                &[can(CREATE, "apps", &["deployments", "statefulsets", "daemonsets", "replicasets"])],
            ),
            way("workloads", Anywhere, &[can(CREATE, "batch", &["jobs", "cronjobs"])]),
            way("workloads", Anywhere, &[can(CREATE, "", &["replicationcontrollers"])]),
            // The controller of the kind decides which service account its pods run as.
            when("argoproj.io", Anywhere, When::Unsure, &[can(CREATE, "argoproj.io", &[])]),
            when("tekton.dev", Anywhere, When::Unsure, &[can(CREATE, "tekton.dev", &[])]),
            when("sparkoperator.k8s.io", Anywhere, When::Unsure, &[can(CREATE, "sparkoperator.k8s.io", &[])]),
            when("kubeflow.org", Anywhere, When::Unsure, &[can(CREATE, "kubeflow.org", &[])]),
            when("ray.io", Anywhere, When::Unsure, &[can(CREATE, "ray.io", &[])]),
            when("batch.volcano.sh", Anywhere, When::Unsure, &[can(CREATE, "batch.volcano.sh", &[])]),
            when("serving.knative.dev", Anywhere, When::Unsure, &[can(CREATE, "serving.knative.dev", &[])]),
            when("jobset.x-k8s.io", Anywhere, When::Unsure, &[can(CREATE, "jobset.x-k8s.io", &[])]),
            when("keda.sh", Anywhere, When::Unsure, &[can(CREATE, "keda.sh", &["scaledjobs"])]),
        ],
    },
    Row {
        power: Power::WorkloadPatch,
        word: "workload-patch",
        rule: 147,
        weight: Weight::Identity,
        gains: "changes pod templates, and with them the service account",
        ways: &[
            way(
                "workloads",
                Anywhere,
                &[can(WRITE, "apps", &["deployments", "statefulsets", "daemonsets", "replicasets"])],
            ),
            // The template of a Job cannot change.
            way("workloads", Anywhere, &[can(WRITE, "batch", &["cronjobs"])]),
            way("workloads", Anywhere, &[can(WRITE, "", &["replicationcontrollers"])]),
        ],
    },
    Row {
        power: Power::PodExec,
        word: "pod-exec",
        rule: 148,
        weight: Weight::Identity,
        gains: "runs commands in the pod, with all its identities",
        ways: &[
            way("pods", Anywhere, &[can(CREATE, "", &["pods/exec"])]),
            when("pods", Anywhere, When::Before(35), &[can(GET, "", &["pods/exec"])]),
        ],
    },
    Row {
        power: Power::PodAttach,
        word: "pod-attach",
        rule: 149,
        weight: Weight::Identity,
        gains: "reads and writes the terminal of the pod's processes",
        ways: &[
            way("pods", Anywhere, &[can(CREATE, "", &["pods/attach"])]),
            when("pods", Anywhere, When::Before(35), &[can(GET, "", &["pods/attach"])]),
        ],
    },
    Row {
        power: Power::PodDebug,
        word: "debug",
        rule: 149,
        weight: Weight::Identity,
        gains: "adds a container to the pod that mounts its tokens",
        ways: &[way("pods", Anywhere, &[can(WRITE, "", &["pods/ephemeralcontainers"])])],
    },
    Row {
        power: Power::PodPatchImage,
        word: "pod-patch-image",
        rule: 153,
        weight: Weight::Identity,
        gains: "runs another image in the pod",
        ways: &[way("pods", Anywhere, &[can(WRITE, "", &["pods"])])],
    },
    Row {
        power: Power::NodeclassEdit,
        word: "nodeclass-edit",
        rule: 166,
        weight: Weight::Identity,
        gains: "starts nodes with another role, or its own start script",
        ways: &[
            way("ec2nodeclasses", Cluster, &[can(MAKE, "karpenter.k8s.aws", &["ec2nodeclasses"])]),
            way("nodepools", Cluster, &[can(MAKE, "karpenter.sh", &["nodepools"])]),
            way("nodeclasses", Cluster, &[can(MAKE, "eks.amazonaws.com", &["nodeclasses"])]),
        ],
    },
    Row {
        power: Power::SecretMint,
        word: "secret-mint",
        rule: 157,
        weight: Weight::Step,
        gains: "makes lasting Kubernetes tokens of service accounts",
        ways: &[way("secrets", Anywhere, &[can(READ, "", &["secrets"]), can(CREATE, "", &["secrets"])])],
    },
    Row {
        power: Power::SecretRead,
        word: "secret-read",
        rule: 156,
        weight: Weight::Step,
        gains: "reads tokens, keys and whatever else lies in Secrets",
        ways: &[way("secrets", Anywhere, &[can(READ, "", &["secrets"])])],
    },
    Row {
        power: Power::ControllerCrd,
        word: "controller-crd",
        rule: 167,
        weight: Weight::Step,
        gains: "makes a controller act in AWS with the controller's role",
        ways: &[
            way("services.k8s.aws", Anywhere, &[can(MAKE, ".services.k8s.aws", &[])]),
            way("aws.upbound.io", Anywhere, &[can(MAKE, ".aws.upbound.io", &[])]),
            way("aws.m.upbound.io", Anywhere, &[can(MAKE, ".aws.m.upbound.io", &[])]),
            way("aws.crossplane.io", Anywhere, &[can(MAKE, ".aws.crossplane.io", &[])]),
            way("pkg.crossplane.io", Anywhere, &[can(MAKE, "pkg.crossplane.io", &[])]),
            way("external-secrets.io", Anywhere, &[can(MAKE, "external-secrets.io", &[])]),
            way("generators.external-secrets.io", Anywhere, &[can(MAKE, "generators.external-secrets.io", &[])]),
            way("cert-manager.io", Anywhere, &[can(MAKE, "cert-manager.io", &[])]),
            way("infra.contrib.fluxcd.io", Anywhere, &[can(MAKE, "infra.contrib.fluxcd.io", &[])]),
            way("app.terraform.io", Anywhere, &[can(MAKE, "app.terraform.io", &[])]),
        ],
    },
    Row {
        power: Power::PvCreate,
        word: "pv-create",
        rule: 164,
        weight: Weight::Step,
        gains: "mounts files of the node where pods may not",
        ways: &[way("persistentvolumes", Cluster, &[can(CREATE, "", &["persistentvolumes"])])],
    },
    Row {
        power: Power::Csr,
        word: "csr",
        rule: 161,
        weight: Weight::Step,
        gains: "client certificates of any name, where the signer issues them",
        // The signer of client certificates by name or by its domain; on EKS it refuses most of them.
        ways: &[
            when(
                "signers",
                Cluster,
                When::Unsure,
                &[
                    named(&["approve"], CERTIFICATES, &["signers"], CLIENT_SIGNER),
                    can(CREATE, CERTIFICATES, &["certificatesigningrequests"]),
                    can(&["update"], CERTIFICATES, &["certificatesigningrequests/approval"]),
                ],
            ),
            when(
                "signers",
                Cluster,
                When::Unsure,
                &[
                    named(&["approve"], CERTIFICATES, &["signers"], "kubernetes.io/*"),
                    can(CREATE, CERTIFICATES, &["certificatesigningrequests"]),
                    can(&["update"], CERTIFICATES, &["certificatesigningrequests/approval"]),
                ],
            ),
        ],
    },
    Row {
        power: Power::SaCreate,
        word: "sa-create",
        rule: 155,
        weight: Weight::Step,
        gains: "takes names of service accounts that trust policies wait for",
        ways: &[
            way("serviceaccounts", Anywhere, &[can(CREATE, "", &["serviceaccounts"]), can(CREATE, "", &["pods"])]),
            way(
                "serviceaccounts",
                Anywhere,
                &[can(CREATE, "", &["serviceaccounts"]), can(CREATE, "", &["serviceaccounts/token"])],
            ),
            way(
                "serviceaccounts",
                Anywhere,
                &[
                    can(CREATE, "", &["serviceaccounts"]),
                    can(CREATE, "apps", &["deployments", "statefulsets", "daemonsets", "replicasets"]),
                ],
            ),
            way(
                "serviceaccounts",
                Anywhere,
                &[can(CREATE, "", &["serviceaccounts"]), can(CREATE, "batch", &["jobs", "cronjobs"])],
            ),
        ],
    },
    Row {
        power: Power::SaAnnotate,
        word: "sa-annotate",
        rule: 154,
        weight: Weight::Step,
        gains: "changes which role new pods of the service account get",
        ways: &[way("serviceaccounts", Anywhere, &[can(WRITE, "", &["serviceaccounts"])])],
    },
    Row {
        power: Power::NsLabels,
        word: "ns-labels",
        rule: 163,
        weight: Weight::Step,
        gains: "loosens what pods of the namespace may ask for",
        // A request for the namespace's own object counts as made inside it, so a role binding is enough.
        ways: &[way("namespaces", Anywhere, &[can(WRITE, "", &["namespaces"])])],
    },
    Row {
        power: Power::ScheduleSteer,
        word: "schedule-steer",
        rule: 169,
        weight: Weight::Note,
        gains: "places pods on a node of its choice",
        ways: &[
            way("nodes", Cluster, &[can(WRITE, "", &["nodes"])]),
            way("pods", Anywhere, &[can(CREATE, "", &["pods/binding", "bindings"])]),
        ],
    },
    Row {
        power: Power::PortForward,
        word: "portforward",
        rule: 168,
        weight: Weight::Note,
        gains: "reaches the pod's ports",
        ways: &[
            way("pods", Anywhere, &[can(CREATE, "", &["pods/portforward"])]),
            when("pods", Anywhere, When::Before(35), &[can(GET, "", &["pods/portforward"])]),
        ],
    },
    Row {
        power: Power::Proxy,
        word: "proxy",
        rule: 168,
        weight: Weight::Note,
        gains: "sends requests to pods and services through the API server",
        ways: &[
            way("pods", Anywhere, &[can(&["get", "create"], "", &["pods/proxy"])]),
            way("services", Anywhere, &[can(&["get", "create"], "", &["services/proxy"])]),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_the_powers_and_words_are_unique() {
        for (at, row) in ROWS.iter().enumerate() {
            assert_eq!(row.power as usize, at, "{}", row.word);
            assert_eq!(Power::from_word(row.word), Some(row.power));
            assert!(!row.ways.is_empty() && row.ways.iter().all(|way| !way.needs.is_empty()));
        }
    }

    #[test]
    fn the_heavier_power_stands_first() {
        assert!(ROWS.is_sorted_by_key(|row| row.weight));
    }

    #[test]
    fn every_rule_from_145_to_169_that_speaks_of_rights_has_a_row() {
        // Rules 150 and 151 are about containers and hosts.
        for rule in (145..=169).filter(|rule| ![150, 151].contains(rule)) {
            assert!(ROWS.iter().any(|row| row.rule == rule), "R{rule}");
        }
    }

    #[test]
    fn versions_are_read_as_servers_and_eks_write_them() {
        let version = |minor| Some(Version { major: 1, minor });
        assert_eq!(Version::parse("1.33"), version(33));
        assert_eq!(Version::parse("v1.34.2-eks-1a2b"), version(34));
        assert_eq!(Version::parse("1.30+"), version(30));
        assert_eq!(Version::parse(""), None);
        assert_eq!(Version::parse("one.two"), None);
    }
}
