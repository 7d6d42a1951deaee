//! Names that tell nothing of anybody: those of AWS and Kubernetes, and words of formats.

use crate::model::facts::env::{KEPT_PRESENCE, KEPT_VALUES};
use crate::model::source::SourceKind;

/// Namespaces, accounts, roles and objects that every cluster has.
const SYSTEM: &[&str] = &[
    "default",
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "aws-node",
    "aws-auth",
    "kube-proxy",
    "coredns",
    "cluster-admin",
    "admin",
    "edit",
    "view",
    "eks-pod-identity-agent",
    "ebs-csi-controller-sa",
    "kube-root-ca.crt",
    "amazon-vpc-cni",
    "vpc-resource-controller",
    "pod-identity-webhook",
    "iam-for-pods.amazonaws.com",
    "aws-eks-nodeagent",
    "aws-vpc-cni-init",
    "extension-apiserver-authentication",
];

/// Kinds, verbs, resources and groups of Kubernetes.
const KUBERNETES: &[&str] = &[
    "Pod",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Node",
    "Role",
    "ClusterRole",
    "User",
    "Group",
    "ServiceAccount",
    "Namespace",
    "Secret",
    "ConfigMap",
    "Rollout",
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "impersonate",
    "bind",
    "escalate",
    "approve",
    "sign",
    "use",
    "proxy",
    "pods",
    "secrets",
    "configmaps",
    "services",
    "endpoints",
    "nodes",
    "namespaces",
    "serviceaccounts",
    "events",
    "persistentvolumes",
    "persistentvolumeclaims",
    "replicationcontrollers",
    "resourcequotas",
    "limitranges",
    "bindings",
    "componentstatuses",
    "podtemplates",
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "ingresses",
    "ingressclasses",
    "networkpolicies",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
    "storageclasses",
    "volumeattachments",
    "csidrivers",
    "csinodes",
    "csistoragecapacities",
    "certificatesigningrequests",
    "signers",
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
    "customresourcedefinitions",
    "apiservices",
    "tokenreviews",
    "subjectaccessreviews",
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "localsubjectaccessreviews",
    "leases",
    "endpointslices",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
    "priorityclasses",
    "runtimeclasses",
    "controllerrevisions",
    "flowschemas",
    "prioritylevelconfigurations",
    "exec",
    "log",
    "attach",
    "portforward",
    "token",
    "status",
    "scale",
    "eviction",
    "ephemeralcontainers",
    "finalize",
    "approval",
    "finalizers",
    "apps",
    "batch",
    "autoscaling",
    "policy",
    "extensions",
    "users",
    "groups",
    "system",
    "serviceaccount",
    "node",
    "Opaque",
    "linux",
    "windows",
    "TCP",
    "UDP",
    "SCTP",
    "Ignore",
    "Fail",
    "Never",
    "IfNeeded",
    "CREATE",
    "UPDATE",
    "CONNECT",
    "DELETE",
    "kubernetes",
    "ClusterIP",
    "NodePort",
    "LoadBalancer",
    "ExternalName",
    "healthz",
    "livez",
    "readyz",
    "metrics",
    "version",
    "api",
    "apis",
    "openapi",
    "logs",
];

/// Fixed values of AWS, and settings of its configuration files.
const AWS: &[&str] = &[
    "API",
    "API_AND_CONFIG_MAP",
    "CONFIG_MAP",
    "STANDARD",
    "EC2_LINUX",
    "EC2_WINDOWS",
    "FARGATE_LINUX",
    "HYBRID_LINUX",
    "HYPERPOD_LINUX",
    "EC2",
    "ROOT",
    "ORGANIZATIONAL_UNIT",
    "ACTIVE",
    "CREATING",
    "UPDATING",
    "DELETING",
    "DEGRADED",
    "ipv4",
    "ipv6",
    "running",
    "stopped",
    "terminated",
    "pending",
    "stopping",
    "shutting-down",
    "aws",
    "root",
    "mapRoles",
    "mapUsers",
    "mapAccounts",
    "rolearn:",
    "userarn:",
    "username:",
    "groups:",
    "rolearn",
    "userarn",
    "username",
    "-",
    "config",
    "credentials",
    "profile",
    "role_arn",
    "source_profile",
    "credential_source",
    "web_identity_token_file",
    "role_session_name",
    "region",
    "sts_regional_endpoints",
    "sso_session",
    "Ec2InstanceMetadata",
    "EcsContainer",
    "Environment",
    "FullAWSAccess",
    "RCPFullAWSAccess",
    "p-FullAWSAccess",
    "AWSServiceRoleForAmazonEKS",
    "true",
    "false",
    "null",
    "legacy",
    "regional",
    "nodegroup",
    "vpc-cni",
    "aws-ebs-csi-driver",
    "aws-efs-csi-driver",
    "id",
    "latest",
];

/// Parts of paths that containers mount by the book.
const PATHS: &[&str] = &[
    "var",
    "run",
    "lib",
    "kubelet",
    "etc",
    "home",
    "tmp",
    "proc",
    "sys",
    "dev",
    "opt",
    "usr",
    "bin",
    "mnt",
    ".aws",
    "docker.sock",
    "containerd",
    "containerd.sock",
    "crio",
    "docker",
    "eks-pod-identity-token",
    "aws-iam-token",
    "kube-api-access",
    "v1",
    "clusters",
    "accounts",
    "http",
    "https",
    "gce",
    "aws-service-role",
    "aws-reserved",
];

/// Texts and parts between colons and slashes that stay as they are.
pub fn is_kept(text: &str) -> bool {
    [SYSTEM, KUBERNETES, AWS, PATHS, KEPT_VALUES, KEPT_PRESENCE].iter().any(|list| list.contains(&text))
        || text.bytes().all(|byte| !byte.is_ascii_alphanumeric()) && text.is_ascii()
        || is_public_domain(text)
            && !text.contains("dkr.ecr")
            && !text.contains(".s3")
            && !text.starts_with("oidc.")
            && text.split('.').all(|part| part.len() < 16)
        || text.starts_with("AWSServiceRoleFor")
        || text.starts_with("AL2")
        || text.starts_with("BOTTLEROCKET_")
        || text.starts_with("WINDOWS_")
        || is_field_path(text)
        || is_region(text)
        || is_version(text)
        || SourceKind::ALL.iter().any(|row| row.2 == text || row.4 == text)
}

/// `spec.role`, `metadata.name`: where a value stands in an object of Kubernetes.
fn is_field_path(text: &str) -> bool {
    ["spec.", "status.", "metadata.", "provisioner"].iter().any(|start| text.starts_with(start))
        && text.chars().all(|it| it.is_ascii_alphanumeric() || ".[]-_'".contains(it))
}

/// `1.33`, `v3`, `2012-10-17`.
fn is_version(text: &str) -> bool {
    let digits = text.strip_prefix('v').unwrap_or(text);
    !digits.is_empty() && digits.len() <= 10 && digits.bytes().all(|it| it.is_ascii_digit() || it == b'.' || it == b'-')
}

/// A domain of AWS or Kubernetes; what stands in front of it may still be a name.
pub fn is_public_domain(text: &str) -> bool {
    const ENDS: &[&str] = &[
        "amazonaws.com",
        "amazonaws.com.cn",
        "k8s.io",
        "kubernetes.io",
        "k8s.aws",
        "karpenter.sh",
        "eksctl.io",
        "compute.internal",
        "ec2.internal",
        "api.aws",
    ];
    let ends = |end: &str| text.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('.'));
    ENDS.iter().any(|end| ends(end)) && text.chars().all(|it| it.is_ascii_alphanumeric() || "-.".contains(it))
}

/// A region or zone: `eu-west-1`, `us-gov-east-1`, `eu-west-1b`.
pub fn is_region(text: &str) -> bool {
    let mut parts = text.split('-');
    let Some(first) = parts.next() else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return false };
    const MIDDLE: &[&str] = &[
        "east",
        "west",
        "north",
        "south",
        "central",
        "northeast",
        "northwest",
        "southeast",
        "southwest",
        "gov",
        "iso",
        "isob",
        "isoe",
        "isof",
    ];
    let number = last.trim_end_matches(|it: char| it.is_ascii_lowercase());
    first.len() == 2
        && first.bytes().all(|it| it.is_ascii_lowercase())
        && !middle.is_empty()
        && middle.iter().all(|part| MIDDLE.contains(part))
        && last.len() - number.len() <= 1
        && number.len() == 1
        && number.bytes().all(|it| it.is_ascii_digit())
}

/// What the resource part of an ARN begins with.
pub fn is_kept_resource_type(kind: &str) -> bool {
    const TYPES: &[&str] = &[
        "role",
        "user",
        "group",
        "policy",
        "instance-profile",
        "oidc-provider",
        "saml-provider",
        "mfa",
        "root",
        "assumed-role",
        "federated-user",
        "table",
        "function",
        "key",
        "alias",
        "secret",
        "cluster",
        "nodegroup",
        "podidentityassociation",
        "access-entry",
        "addon",
        "fargateprofile",
        "instance",
        "volume",
        "snapshot",
        "image",
        "vpc",
        "subnet",
        "security-group",
        "network-interface",
        "launch-template",
        "vpc-endpoint",
        "log-group",
        "log-stream",
        "parameter",
        "repository",
        "stateMachine",
        "execution",
        "rule",
        "event-bus",
        "stream",
        "topic",
        "db",
        "dbuser",
        "cluster-access-policy",
        "project",
        "build",
        "pipeline",
        "stack",
        "distribution",
        "hostedzone",
        "certificate",
        "organization",
        "account",
        "ou",
        "service_control_policy",
    ];
    TYPES.contains(&kind)
}
