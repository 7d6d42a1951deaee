//! Names that tell nothing of anybody: those of AWS, of Kubernetes, of programs that every other cluster runs, and words
//! of formats.

use std::sync::LazyLock;

use crate::model::facts::env::{KEPT_PRESENCE, KEPT_VALUES};

/// What the rules know by name stays, so that they go on knowing it.
const PLATFORM: &str = include_str!("../../../../assets/platform.tsv");

/// Namespaces, accounts, roles, webhooks and policies that are not of anybody's making.
const NAMES: &[&str] = &[
    "default",
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "aws-auth",
    "cluster-admin",
    "admin",
    "edit",
    "view",
    "kube-root-ca.crt",
    "amazon-vpc-cni",
    "pod-identity-webhook",
    "vpc-resource-mutating-webhook",
    "aws-eks-nodeagent",
    "aws-vpc-cni-init",
    "extension-apiserver-authentication",
    "system",
    "aws",
    "root",
    "mapRoles",
    "mapUsers",
    "mapAccounts",
    "FullAWSAccess",
    "RCPFullAWSAccess",
    "p-FullAWSAccess",
    "p-RCPFullAWSAccess",
    "istio-proxy",
    "linkerd-proxy",
    "consul-dataplane",
    "kuma-sidecar",
    "envoy-sidecar",
    "id",
    "aws-iam-token",
    "eks-pod-identity-token",
    "eks-pod-identity-agent",
    "aws-node",
    "kube-proxy",
    "coredns",
    "kube-dns",
    "config",
    "credentials",
    "aws-service-role",
    "aws-reserved",
    "service-role",
    "sso.amazonaws.com",
    "iam-for-pods.amazonaws.com",
    "cluster.local",
    "svc",
    "localhost",
    "AWSServiceRoleForAmazonEKS",
];

/// Values of fields and well-known labels that are words of a format.
const VALUES: &[&str] = &[
    "linux",
    "windows",
    "amd64",
    "arm64",
    "fargate",
    "ec2",
    "hybrid",
    "auto",
    "on-demand",
    "spot",
    "ON_DEMAND",
    "SPOT",
    "privileged",
    "baseline",
    "restricted",
    "owned",
    "shared",
    "enabled",
    "disabled",
    "legacy",
    "regional",
    "Opaque",
    "TCP",
    "UDP",
    "SCTP",
    "ClusterIP",
    "NodePort",
    "LoadBalancer",
    "ExternalName",
    "None",
    "Cluster",
    "Local",
    "internet-facing",
    "internal",
    "instance",
    "ip",
    "ipv4",
    "ipv6",
    "nlb",
    "nlb-ip",
    "external",
    "alb",
    "nginx",
    "Prefix",
    "Exact",
    "ImplementationSpecific",
    "Always",
    "Never",
    "IfNeeded",
    "Pending",
    "Running",
    "Bound",
    "Released",
    "Delete",
    "Retain",
    "ReadWriteOnce",
    "ReadWriteMany",
    "Filesystem",
    "Pod",
    "Service",
    "EC2NodeClass",
    "NodeClass",
    "Namespaced",
    "In",
    "NotIn",
    "Exists",
    "DoesNotExist",
    "required",
    "optional",
    "AL2",
    "AL2023",
    "Bottlerocket",
    "kubernetes.io/service-account-token",
    "eks-pod-identity",
    "WhenEmpty",
    "WhenEmptyOrUnderutilized",
    "WhenUnderutilized",
    "File",
    "ReadWriteOnceWithFSType",
    "Persistent",
    "Ephemeral",
];

/// Keys of labels and tags that everybody uses.
const KEYS: &[&str] = &[
    "app",
    "name",
    "Name",
    "component",
    "tier",
    "environment",
    "env",
    "team",
    "version",
    "release",
    "chart",
    "heritage",
    "role",
    "k8s-app",
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "controller-uid",
    "job-name",
    "namespace",
    "kubernetes-namespace",
    "kubernetes-service-account",
    "kubernetes-pod-name",
    "kubernetes-pod-uid",
    "eks-cluster-arn",
    "eks-cluster-name",
];

/// Settings of the configuration files of AWS, and members of aws-auth.
const INI: &[&str] = &[
    "-",
    "rolearn",
    "userarn",
    "username",
    "groups",
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
    "true",
    "false",
    "null",
];

/// Parts of paths that every node or container has, and of URLs of the API server.
const PATHS: &[&str] = &[
    "",
    "var",
    "run",
    "lib",
    "kubelet",
    "pods",
    "plugins",
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
    "root",
    "log",
    "cni",
    "net.d",
    ".aws",
    "docker.sock",
    "containerd",
    "containerd.sock",
    "crio",
    "crio.sock",
    "docker",
    "secrets",
    "kubernetes.io",
    "serviceaccount",
    "eks.amazonaws.com",
    "pods.eks.amazonaws.com",
    "token",
    "eks-pod-identity-token",
    "kubernetes",
    "pki",
    "kubeconfig",
    "host",
    "rootfs",
    "metrics",
    "healthz",
    "livez",
    "readyz",
    "version",
    "api",
    "apis",
    "openapi",
    "v1",
    "v2",
    "v3",
    "logs",
    "configz",
    "cadvisor",
    "debug",
    "swagger",
    "credentials",
    "config",
    "aws",
    "cgroup",
    "fs",
    "modules",
    "bpf",
    "dockershim.sock",
    "socket",
    "ssl",
    "certs",
    "k8s.io",
    "clusters",
    "accounts",
];

/// What the resource part of an ARN begins with.
const TYPES: &[&str] = &[
    "role",
    "user",
    "group",
    "policy",
    "instance-profile",
    "oidc-provider",
    "saml-provider",
    "mfa",
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
    "deliverystream",
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
    "index",
    "backup-vault",
    "workgroup",
    "catalog",
    "database",
    "domain",
    "file-system",
    "access-point",
    "accesspoint",
    "loadbalancer",
    "targetgroup",
    "identity",
    "document",
    "job",
];

/// Members of policy documents.
pub const GRAMMAR: &[&str] = &[
    "Version",
    "Id",
    "Statement",
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
    "AWS",
    "Service",
    "Federated",
    "CanonicalUser",
];

/// Ends of domains of AWS, of Kubernetes and of programs that many run; what stands in front may still be a name.
const DOMAINS: &[&str] = &[
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazon.com",
    "api.aws",
    "k8s.aws",
    "ecr.aws",
    "k8s.io",
    "kubernetes.io",
    "karpenter.sh",
    "eksctl.io",
    "compute.internal",
    "ec2.internal",
    "argoproj.io",
    "cert-manager.io",
    "tekton.dev",
    "istio.io",
    "crossplane.io",
    "upbound.io",
    "fluxcd.io",
    "knative.dev",
    "kyverno.io",
    "cilium.io",
    "projectcalico.org",
    "external-secrets.io",
    "keda.sh",
    "velero.io",
    "gatekeeper.sh",
    "coreos.com",
    "helm.sh",
    "quay.io",
    "docker.io",
    "gcr.io",
    "ghcr.io",
    "pkg.dev",
    "mcr.microsoft.com",
    "githubusercontent.com",
    "cluster.local",
    "x-k8s.io",
    "linkerd.io",
    "spotinst.io",
    "datadoghq.com",
    "vault.hashicorp.com",
];

/// Labels of hosts in front of those.
const SERVICES: &[&str] = &[
    "oidc",
    "eks",
    "s3",
    "sts",
    "dkr",
    "ecr",
    "ec2",
    "iam",
    "pods",
    "public",
    "lambda",
    "ecs-tasks",
    "elb",
    "registry",
    "api",
    "www",
    "token",
    "actions",
    "compute",
    "vpce",
    "secretsmanager",
    "kms",
    "sqs",
    "sns",
    "dynamodb",
    "ecs",
    "app",
    "apps",
    "node",
    "beta",
    "alpha",
    "topology",
    "networking",
    "rbac",
    "authorization",
    "storage",
    "metrics",
    "policy",
    "vpc",
    "elasticmapreduce",
    "emr-containers",
    "events",
    "states",
    "glue",
    "batch",
    "sagemaker",
    "ssm",
    "logs",
    "config",
];

/// Parts of names that rules read: what a cluster is for, which of twins it is, what is shut off.
pub const PARTS: &[&str] = &[
    "prod",
    "production",
    "prd",
    "live",
    "dev",
    "development",
    "staging",
    "stage",
    "stg",
    "preprod",
    "test",
    "qa",
    "uat",
    "sandbox",
    "sbx",
    "blue",
    "green",
    "quarantine",
    "incident",
    "lockdown",
    "suspend",
];

/// Those that rules look for inside longer words too.
pub const FLAGS: &[&str] = &["quarantine", "incident", "lockdown", "suspend"];

/// Accounts, roles and programs that the rules know, and the starts of such.
static KNOWN: LazyLock<(Vec<&str>, Vec<&str>)> = LazyLock::new(|| {
    let (mut whole, mut starts) = (Vec::new(), vec!["AWSServiceRoleFor", "AWSReservedSSO_"]);
    let rows = PLATFORM.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'));
    for (kind, name) in rows {
        if matches!(kind, "sa" | "controller" | "agent" | "quiet-image" | "gitops" | "admission") {
            let name = name.rsplit('/').next().unwrap_or(name);
            match name.strip_suffix('*') {
                Some(start) => starts.push(start),
                None => whole.push(name),
            }
        }
    }
    // The longest first: it says most.
    starts.sort_by_key(|it| std::cmp::Reverse(it.len()));
    (whole, starts)
});

/// Every public name, and every start of one, for patterns that could mean them.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied().chain(KNOWN.0.iter().copied()).chain(KNOWN.1.iter().copied())
}

pub fn is_public_name(text: &str) -> bool {
    NAMES.contains(&text)
        || KEPT_VALUES.contains(&text)
        || KEPT_PRESENCE.contains(&text)
        || KNOWN.0.contains(&text)
        || text.starts_with("AWSServiceRoleFor")
        || text.bytes().all(|byte| !byte.is_ascii_alphanumeric()) && text.is_ascii()
}

/// The part of a name that is known, and the rest: `karpenter` of `karpenter-acme`, `vpc-` of an id.
pub fn known_start(segment: &str) -> (&str, &str) {
    const IDS: &[&str] = &["vpc-", "vpce-", "subnet-", "sg-", "eni-", "ami-", "vol-", "lt-", "eipalloc-", "rtb-"];
    if let Some(start) = KNOWN.1.iter().find(|start| segment.starts_with(**start)) {
        return segment.split_at(start.len());
    }
    let id = IDS.iter().find(|id| {
        let rest = segment.strip_prefix(**id);
        rest.is_some_and(|rest| rest.len() >= 8 && rest.bytes().all(|it| it.is_ascii_hexdigit()))
    });
    segment.split_at(id.map_or(0, |id| id.len()))
}

/// Numbers, truth values, times, versions and regions.
pub fn is_plain_value(text: &str) -> bool {
    let number = text.bytes().all(|it| it.is_ascii_digit()) && text.len() < 12;
    let dotted = text.strip_prefix('v').unwrap_or(text);
    let version = dotted.len() <= 12 && dotted.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    let version = version && dotted.contains('.') || text.len() <= 4 && dotted.bytes().all(|it| it.is_ascii_digit());
    matches!(text, "true" | "false" | "null") || number || version || is_region(text) || is_time(text)
}

fn is_time(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
        || text.len() > 10 && text.parse::<jiff::Timestamp>().is_ok()
}

/// Values of well-known labels and of fields.
pub fn is_value(text: &str) -> bool {
    VALUES.contains(&text) || is_plain_value(text) || is_instance_type(text)
}

/// `m6i.xlarge`
fn is_instance_type(text: &str) -> bool {
    text.split_once('.').is_some_and(|(family, size)| {
        let size = size.trim_start_matches(|it: char| it.is_ascii_digit());
        (2..=8).contains(&family.len())
            && family.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
            && family.bytes().any(|it| it.is_ascii_digit())
            && ["nano", "micro", "small", "medium", "large", "xlarge", "metal"].contains(&size)
    })
}

pub fn is_common_key(key: &str) -> bool {
    KEYS.contains(&key)
}

pub fn is_ini_word(word: &str) -> bool {
    INI.contains(&word)
}

pub fn is_path_word(word: &str) -> bool {
    PATHS.contains(&word)
}

pub fn is_resource_type(kind: &str) -> bool {
    TYPES.contains(&kind)
}

pub fn is_scheme(word: &str) -> bool {
    matches!(word, "http" | "https" | "aws" | "docker" | "containerd" | "oci" | "system")
}

/// A condition key of AWS: `aws:SourceVpce`, `s3:prefix`, `sts:ExternalId`; not that of an identity provider.
pub fn is_condition_key(key: &str) -> bool {
    let Some((service, name)) = key.split_once(':') else { return false };
    !service.contains(['.', '/', '*']) && !name.is_empty()
}

pub fn is_service_label(label: &str) -> bool {
    SERVICES.contains(&label)
}

/// A domain of AWS, Kubernetes or a known program, or one below it.
pub fn is_public_domain(text: &str) -> bool {
    public_end(text).is_some()
}

/// The public end of a domain, and what stands in front of it.
pub fn public_end(text: &str) -> Option<(&str, &str)> {
    if !text.contains('.')
        || !text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.' | b'*' | b'?'))
    {
        return None;
    }
    let end = DOMAINS
        .iter()
        .filter(|end| text.strip_suffix(**end).is_some_and(|before| before.is_empty() || before.ends_with('.')));
    let end = end.max_by_key(|end| end.len())?;
    Some(text.split_at(text.len() - end.len()))
}

/// A region or zone: `eu-west-1`, `us-gov-east-1`, `eu-west-1b`.
pub fn is_region(text: &str) -> bool {
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
    let parts: Vec<&str> = text.split('-').collect();
    let [first, middle @ .., last] = &parts[..] else { return false };
    let number = last.trim_end_matches(|it: char| it.is_ascii_lowercase());
    first.len() == 2
        && first.bytes().all(|it| it.is_ascii_lowercase())
        && !middle.is_empty()
        && middle.iter().all(|part| MIDDLE.contains(part))
        && last.len() - number.len() <= 1
        && number.len() == 1
        && number.bytes().all(|it| it.is_ascii_digit())
}
