//! Techniques 67, 88 and 89, the cluster by its AWS side, and the moves that widen access to data.

use super::{Gives, On, PASS, Technique, any, on, row};

use Gives::{Association, Cluster, Data};

const MODE: &str = "eks:UpdateClusterConfig";

pub(super) const ROWS: &[Technique] = &[
    row(
        67,
        "gives service accounts a role by a new association",
        &[],
        &[PASS, on(On::Cluster, "eks:CreatePodIdentityAssociation")],
        Association,
    )
    .to("pods.eks.amazonaws.com"),
    row(
        67,
        "gives a service account another role by its association",
        &[],
        &[PASS, on(On::Association, "eks:UpdatePodIdentityAssociation")],
        Association,
    )
    .to("pods.eks.amazonaws.com"),
    row(
        88,
        "makes itself administrator of the cluster by an access entry",
        &[],
        &[on(On::Cluster, "eks:CreateAccessEntry"), on(On::AccessEntry, "eks:AssociateAccessPolicy")],
        Cluster,
    ),
    row(
        88,
        "makes itself administrator of the cluster by its access entry",
        &[],
        &[on(On::OwnAccessEntry, "eks:AssociateAccessPolicy")],
        Cluster,
    ),
    row(
        88,
        "puts itself into a group that administers the cluster",
        &[],
        &[on(On::OwnAccessEntry, "eks:UpdateAccessEntry")],
        Cluster,
    ),
    row(
        89,
        "switches access entries on and makes itself administrator of the cluster",
        &[],
        &[
            on(On::Cluster, MODE),
            on(On::Cluster, "eks:CreateAccessEntry"),
            on(On::AccessEntry, "eks:AssociateAccessPolicy"),
        ],
        Cluster,
    ),
    row(0, "rewrites the policy of a key", &[], &[any("kms:PutKeyPolicy")], Data("KMS key")),
    row(0, "makes a grant on a key", &[], &[any("kms:CreateGrant")], Data("KMS key")),
    row(0, "rewrites the policy of a bucket", &[], &[any("s3:PutBucketPolicy")], Data("S3 bucket")),
    row(0, "rewrites the policy of a secret", &[], &[any("secretsmanager:PutResourcePolicy")], Data("secret")),
    row(0, "rewrites the policy of a queue", &[], &[any("sqs:SetQueueAttributes")], Data("SQS queue")),
    row(0, "rewrites the policy of a topic", &[], &[any("sns:SetTopicAttributes")], Data("SNS topic")),
    row(
        0,
        "rewrites the policy of an image repository",
        &[],
        &[any("ecr:SetRepositoryPolicy")],
        Data("ECR repository"),
    ),
    row(0, "opens a function to callers", &[], &[any("lambda:AddPermission")], Data("Lambda function")),
];
