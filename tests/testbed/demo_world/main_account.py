"""Account 111122223333: the roles of both clusters, and what is wrong with them on the AWS side."""
import urllib.parse

from .base import ACCOUNT, AUDIT_ACCOUNT
from .iam import Account, allow, deny, pod_identity_trust, policy, service_trust, sub, web_identity

NODE_POLICIES = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryReadOnly", "AmazonEKS_CNI_Policy", "AmazonSSMManagedInstanceCore"]
INVOICES = "arn:aws:s3:::acme-invoices"
INVOICES_KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/5d1f6a0e-3b0c-4c7f-9a43-0f6d2b1c8e11"
LAKE_KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/9c2e7b54-6f1d-4d0a-8b35-7e4a1f0c2d22"
STALE_HOST = "oidc.eks.eu-west-1.amazonaws.com/id/0D5A1C7E94B24F0B8E3A6C1D2F7B9A40"
GITHUB = "token.actions.githubusercontent.com"


def objects(bucket):
    return f"arn:aws:s3:::{bucket}/*"


def queue(name):
    return f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{name}"


def secret(name):
    return f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:{name}"


def build(prod, staging):
    """`prod` and `staging` are the issuer hosts of the two clusters."""
    a = Account(ACCOUNT, "aws", ["eu-west-1", "eu-central-1"])
    a.caller = "RolewalkReader"

    def irsa(*subjects, **more):
        return policy(web_identity(ACCOUNT, prod, list(subjects) if len(subjects) > 1 else subjects[0], **more))

    def staging_irsa(subject, **more):
        return policy(web_identity(ACCOUNT, staging, subject, **more))

    people(a)
    clusters_and_nodes(a)
    platform(a, prod, staging, irsa)
    payments(a, prod, irsa)
    orders(a, prod, staging, irsa)
    data(a, prod, staging, irsa)
    staging_roles(a, staging, staging_irsa)
    a.provider(prod, "2024-03-05 09:30")
    a.provider(staging, "2025-01-20 14:10", ("sts.amazonaws.com", "kubernetes.acme.internal"))
    a.provider(STALE_HOST, "2022-09-01 11:00")
    a.provider(GITHUB, "2023-04-04 15:22")
    resource_policies(a)
    # Listing them was refused, so there was nothing to describe.
    a.organization = {"organizations-describe-policy.jsonl": ""}
    return a


def people(a):
    everyone = policy({"Effect": "Allow", "Principal": {"Federated": a.arn("saml-provider/AWSSSO_5c0ffee_DO_NOT_DELETE")},
                       "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
                       "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}})
    sso = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    a.admin = a.role("AWSReservedSSO_PlatformAdmin_4be1a7c09d2e3f58", everyone, attach=["AdministratorAccess"], path=sso)
    a.developer = a.role("AWSReservedSSO_Developer_81f0c3d5a9b24e67", everyone, path=sso,
                         inline={"AwsSSOInlinePolicy": policy(allow(["eks:DescribeCluster", "eks:ListClusters", "logs:Get*", "logs:FilterLogEvents"]))})
    a.role("RolewalkReader", policy({"Effect": "Allow", "Principal": {"AWS": a.arn("root")}, "Action": "sts:AssumeRole"}), inline={
        "read": policy(allow(["iam:Get*", "iam:List*", "eks:Describe*", "eks:List*", "ec2:DescribeInstances"]),
                       deny("organizations:*", sid="NoOrganizations"))})
    a.reporting = a.role("ReportingTeam", policy({"Effect": "Allow", "Principal": {"AWS": a.arn("root")}, "Action": "sts:AssumeRole"}),
                         created="2025-11-30 08:05", used="2026-02-10 15:00",
                         inline={"athena": policy(allow(["athena:StartQueryExecution", "athena:GetQueryResults"]))})
    a.role("old-support-role", policy({"Sid": "Vendor", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}),
           created="2022-09-19 12:00", used="2025-06-02 08:11", inline={"tickets": policy(allow("support:*"), allow(["ec2:Describe*", "s3:ListAllMyBuckets"]))})
    a.role("github-actions-deploy", policy({
        "Effect": "Allow", "Principal": {"Federated": a.arn(f"oidc-provider/{GITHUB}")}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}, "StringLike": {f"{GITHUB}:sub": "repo:acme/deploy:ref:refs/heads/main"}}}),
        inline={"ecr": policy(allow("ecr:GetAuthorizationToken"), allow(["ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart",
                                                                       "ecr:CompleteLayerUpload"], f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/*"))})
    a.data_lead = a.role("data-lead", policy({"Effect": "Allow", "Principal": {"AWS": a.arn("root")}, "Action": "sts:AssumeRole"}), path="/teams/data/",
                         inline={"athena": policy(allow("athena:GetQueryResults"))})
    a.group("admins", ["AdministratorAccess"])
    a.user("break-glass", groups=["admins"])
    a.user("legacy-sync", {"sync": policy(allow(["s3:GetObject", "s3:PutObject"], objects("acme-partner-drop")))})


def clusters_and_nodes(a):
    for name, day in (("prod-eu1", "2024-03-05 08:40"), ("staging-eu2", "2025-01-20 13:40")):
        a.role(f"eks-{name}-cluster", service_trust("eks.amazonaws.com"), created=day)
    ec2 = service_trust("ec2.amazonaws.com")
    a.node = a.role("eks-prod-eu1-node", ec2, attach=NODE_POLICIES, created="2024-03-05 08:45",
                    inline={"legacy-s3": policy(allow(["s3:PutObject", "s3:DeleteObject"], objects("acme-backups"), sid="Backups"),
                                                allow("ses:SendRawEmail", sid="Reports"))})
    a.karpenter_node = a.role("eks-prod-eu1-karpenter-node", ec2, attach=NODE_POLICIES, created="2025-08-14 10:20")
    a.old_karpenter_node = a.role("KarpenterNodeRole-prod-eu1", ec2, attach=NODE_POLICIES, created="2024-04-02 09:00",
                                  inline={"parameters": policy(allow(["ssm:GetParameter", "ssm:GetParametersByPath"], "*"))})
    a.fargate = a.role("eks-prod-eu1-fargate", service_trust("eks-fargate-pods.amazonaws.com"), attach=["AmazonEKSFargatePodExecutionRolePolicy"])
    a.staging_node = a.role("eks-staging-eu2-node", ec2, attach=NODE_POLICIES, created="2025-01-20 13:45")
    a.profile("eks-3ec79ab1-70f2-4d55-a0c4-6b1f0d2e9c11", "eks-prod-eu1-node")
    a.profile("eks-a4c7c1d2-09be-4b8e-8f0a-1d7e5c3b2f44", "eks-prod-eu1-node", created="2024-03-05 10:02")
    a.profile("prod-eu1_4067990795380418201", "eks-prod-eu1-karpenter-node", created="2025-08-14 10:30")
    a.profile("KarpenterNodeInstanceProfile-prod-eu1", "KarpenterNodeRole-prod-eu1", created="2024-04-02 09:05")
    a.profile("eks-88f1b6c0-5a7d-4e1c-9b3a-2c6d4f0e7a55", "eks-staging-eu2-node", created="2025-01-20 14:30")


def platform(a, prod, staging, irsa):
    tag = "aws:ResourceTag/kubernetes.io/cluster/prod-eu1"
    a.lbc = a.role("aws-load-balancer-controller", irsa(sub("kube-system", "aws-load-balancer-controller")), inline={"alb": policy(
        allow("iam:CreateServiceLinkedRole", when={"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}}),
        allow(["ec2:Describe*", "elasticloadbalancing:Describe*", "acm:ListCertificates", "wafv2:GetWebACL"]),
        allow(["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]),
        allow(["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"],
              when={"Null": {"aws:RequestTag/elbv2.k8s.aws/cluster": "false"}}),
        allow(["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"],
              "arn:aws:elasticloadbalancing:*:*:targetgroup/*/*"))})
    a.dns = a.role("external-dns", irsa(sub("external-dns", "external-dns")), inline={"route53": policy(
        allow("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z0ACME111EU"),
        allow(["route53:ListHostedZones", "route53:ListResourceRecordSets", "route53:ListTagsForResources"]))})
    a.karpenter = a.role("karpenter-controller", pod_identity_trust(), created="2025-08-14 10:10", inline={"karpenter": policy(
        allow(["ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate"],
              when={"StringEquals": {"aws:RequestTag/kubernetes.io/cluster/prod-eu1": "owned"}}, sid="Launch"),
        allow(["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"], when={"StringEquals": {tag: "owned"}}, sid="Retire"),
        allow("iam:PassRole", a.karpenter_node, when={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}, sid="PassNodeRole"),
        allow(["iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile", "iam:GetInstanceProfile"],
              a.arn("instance-profile/prod-eu1_*"), sid="Profiles"),
        allow(["ec2:Describe*", "pricing:GetProducts", "ssm:GetParameter", "eks:DescribeCluster"], sid="Read"))})
    a.secrets = a.role("external-secrets", irsa(sub("external-secrets", "external-secrets")), inline={"read-all": policy(
        allow(["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], "*", sid="EverySecret"))})
    a.ebs = a.role("ebs-csi-controller", pod_identity_trust(when={"StringEquals": {
        "aws:RequestTag/kubernetes-namespace": "kube-system", "aws:RequestTag/kubernetes-service-account": "ebs-csi-controller-sa"}}),
        created="2025-03-11 07:55", inline={"volumes": policy(
            allow(["ec2:DescribeInstances", "ec2:DescribeSnapshots", "ec2:DescribeVolumes"], sid="Read"),
            allow(["ec2:AttachVolume", "ec2:DetachVolume"], ["arn:aws:ec2:*:*:volume/*", "arn:aws:ec2:*:*:instance/*"], sid="Attach"),
            allow("ec2:CreateVolume", "arn:aws:ec2:*:*:volume/*", when={"StringLike": {"aws:RequestTag/ebs.csi.aws.com/cluster": "true"}}, sid="Create"))})
    a.metrics = a.role("shared-metrics-role", policy(
        web_identity(ACCOUNT, prod, sub("monitoring", "prometheus"), sid="Prod"),
        web_identity(ACCOUNT, staging, sub("monitoring", "prometheus"), sid="Staging")),
        inline={"write": policy(allow("aps:RemoteWrite", f"arn:aws:aps:eu-west-1:{ACCOUNT}:workspace/ws-acme"))})
    a.grafana = a.role("grafana-role", pod_identity_trust(), created="2025-10-02 12:00", inline={"audit": policy(
        allow(["sts:AssumeRole", "sts:TagSession"], f"arn:aws:iam::{AUDIT_ACCOUNT}:role/audit-reader"),
        allow("sts:AssumeRole", f"arn:aws:iam::{AUDIT_ACCOUNT}:role/billing-reader"))})

    unreadable = urllib.parse.quote('{"Version":"2012-10-17","Statement":[{"Sid":"Vaults","Effect":"Allow","Action":["glacier:Upload', safe="")
    a.managed("backup-glacier", [("2026-01-09 13:20", unreadable)])
    a.managed("backup-s3", [("2025-05-05 06:30", policy(
        allow(["s3:GetObject", "s3:PutObject"], objects("acme-backups"), sid="Copies"),
        allow("s3:PutBucketPolicy", "*", sid="Share")))])
    a.backup = a.role("backup-role", pod_identity_trust(), attach=["backup-s3", "backup-glacier"], created="2025-05-05 06:32")
    a.role("audit-shipper-base", pod_identity_trust(), created="2025-12-01 10:00", inline={"chain": policy(
        allow(["sts:AssumeRole", "sts:TagSession"], "arn:aws:iam::*:role/*"))})
    a.role("staging-geo-sync", irsa(sub("platform", "geo-sync")), inline={"geo": policy(allow("geo:SearchPlaceIndexForText"))})
    a.role("node-patcher-role", irsa(sub("platform", "node-debug")), inline={
        "ssm": policy(allow(["ssm:StartSession", "ssm:SendCommand", "ec2:ModifyInstanceMetadataOptions"], "*"))})
    a.role("gateway-role", irsa(sub("platform", "gateway")), inline={"logs": policy(allow("firehose:PutRecord"))})
    a.role("ci-deployer-role", irsa(sub("ci", "deployer")), created="2024-09-02 10:00", inline={"deploy": policy(
        allow(["eks:DescribeCluster", "eks:CreateAccessEntry", "eks:AssociateAccessPolicy", "eks:CreatePodIdentityAssociation"], "*", sid="Clusters"),
        allow("iam:PassRole", a.arn("role/*"), sid="PassAny"), allow("ecr:GetAuthorizationToken", sid="Registry"))})
    a.role("platform-mirror-old", policy(web_identity(AUDIT_ACCOUNT, prod, sub("platform", "mirror"))), created="2024-06-06 10:00", used=None,
           inline={"ecr": policy(allow("ecr:BatchGetImage"))})


def payments(a, prod, irsa):
    a.managed("acme-dev", [("2024-06-11 08:00", policy(
        allow(["s3:*", "sqs:*", "kms:Decrypt", "kms:GenerateDataKey", "sts:AssumeRole", "logs:*"], "*", sid="Ceiling")))], path="/boundaries/")
    head = [allow("s3:ListBucket", INVOICES, sid="ListInvoices")]
    tail = [allow(["sqs:SendMessage", "sqs:ReceiveMessage"], "arn:aws:sqs:*:*:payments-*", sid="Queue")]
    a.managed("payments-api-read", [
        ("2025-03-18 13:02", policy(allow("s3:GetObject", f"{INVOICES}/*", sid="ReadInvoices"))),
        ("2025-09-30 09:47", policy(*head, allow(["s3:GetObject"], f"{INVOICES}/*", sid="ReadInvoices"), *tail)),
        ("2026-02-11 23:51", policy(*head, allow(["s3:GetObject"], INVOICES, sid="ReadInvoices"), *tail))], default="v4")
    a.managed("payments-api-data", [("2025-03-18 13:05", policy(
        allow("kms:Decrypt", INVOICES_KEY, sid="InvoiceKey"),
        allow(["dynamodb:GetItem", "dynamodb:Query"], f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/payments", sid="Ledger")))])
    a.payments_api = a.role("payments-api-role", pod_identity_trust(), attach=["payments-api-read", "payments-api-data"], boundary="acme-dev",
                            created="2025-03-18 13:10", used="2026-02-12 02:54", tags={"team": "payments"}, inline={
                                "audit": policy(allow("sts:AssumeRole", f"arn:aws:iam::{AUDIT_ACCOUNT}:role/audit-reader", sid="AssumeAudit"))})
    worker = irsa(sub("payments", "*"), operator="StringLike")
    worker["Statement"].append({"Sid": "AuditAccount", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{AUDIT_ACCOUNT}:root"},
                                "Action": "sts:AssumeRole"})
    a.role("payments-worker-role", worker, inline={"work": policy(
        allow(["sqs:*"], queue("payments-*"), sid="Queues"), allow("secretsmanager:GetSecretValue", secret("*"), sid="Secrets"))})
    a.role("payments-cron-role", irsa(sub("payments", "payments-cron")), created="2026-02-11 16:05", used=None,
           inline={"settle": policy(allow("s3:PutObject", objects("acme-settlements")))})
    a.role("payments-ledger-role", pod_identity_trust(), created="2026-02-11 10:20", used=None,
           inline={"ledger": policy(allow(["dynamodb:PutItem", "dynamodb:Query"], f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/ledger"))})
    a.role("payments-report-role", irsa(sub("billing", "payments-report")), attach=["payments-api-read"], created="2026-01-26 09:00", used=None)
    a.role("payments-refunds-role", irsa(sub("payments", "payments-refunds")), used="2026-01-30 17:21",
           inline={"refunds": policy(allow("sqs:SendMessage", queue("payments-refunds")))})
    a.role("payments-recon-role", pod_identity_trust(), used="2026-01-31 04:00",
           inline={"recon": policy(allow(["s3:GetObject"], objects("acme-settlements")))})
    fraud = irsa(sub("payments", "payments-fraud"))
    fraud["Statement"].append(web_identity(ACCOUNT, prod, sub("payments", "payments-fraud"), audience=None, sid="QuarantineFraud", effect="Deny"))
    a.role("payments-fraud-role", fraud, used="2026-02-06 11:48", inline={"score": policy(
        allow("sagemaker:InvokeEndpoint", f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:endpoint/fraud"))})


def orders(a, prod, staging, irsa):
    table = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders"
    a.role("orders-api-role", irsa(sub("orders", "orders-api")), inline={"orders": policy(
        allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"], [table, f"{table}/index/*"]),
        allow("sqs:SendMessage", queue("orders-events")))})
    a.role("orders-mailer-role", irsa(sub("orders", "orders-mailer")), inline={"mail": policy(
        allow("ses:SendEmail", f"arn:aws:ses:eu-west-1:{ACCOUNT}:identity/acme.example"),
        allow("s3:PutObject", f"{INVOICES}/*", sid="ArchiveMail", when={"StringEquals": {"aws:SourceVpce": "vpce-0a11ce0f5e11ab1e5"}}))})
    a.role("orders-export-role", pod_identity_trust(), inline={"export": policy(allow("s3:PutObject", objects("acme-exports")))})
    a.role("orders-export-irsa-role", irsa(sub("orders", "orders-export")), used="2025-12-19 22:10",
           inline={"export": policy(allow("s3:PutObject", objects("acme-exports")))})
    a.role("orders-search-role", irsa(sub("orders", "*")), created="2026-01-14 11:11", used=None,
           inline={"search": policy(allow(["es:ESHttpGet", "es:ESHttpPost"], f"arn:aws:es:eu-west-1:{ACCOUNT}:domain/orders/*"))})
    for name, day in (("orders-webhook-role", "2024-11-05 09:00"), ("orders-webhook-role-v2", "2026-02-11 09:30")):
        actions = "sns:*" if name.endswith("role") else "sns:Publish"
        a.role(name, irsa(sub("orders", "orders-webhook")), created=day,
               inline={"notify": policy(allow(actions, f"arn:aws:sns:eu-west-1:{ACCOUNT}:orders-*"))})
    a.role("orders-cart-role", pod_identity_trust(actions=("sts:AssumeRole",)), created="2026-01-20 10:00", used=None,
           inline={"cart": policy(allow(["dynamodb:GetItem", "dynamodb:PutItem"], f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/carts"))})
    a.role("orders-import-role", irsa(sub("orders", "orders-import")), used=None,
           inline={"import": policy(allow("s3:GetObject", objects("acme-partner-drop")))})
    a.role("orders-preview-role", irsa(sub("orders", "orders-preview"), key_host=staging), used=None,
           inline={"preview": policy(allow("s3:GetObject", objects("acme-previews")))})
    a.role("orders-archiver-role", irsa(sub("orders", "orders-archiver")), created="2024-06-12 14:00", used=None,
           inline={"archive": policy(allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], objects("acme-archive")))})
    a.role("orders-api-2022-role", policy(web_identity(ACCOUNT, STALE_HOST, sub("orders", "orders-api"))), created="2022-09-01 12:00",
           used="2024-03-06 03:10", inline={"orders": policy(allow("dynamodb:*", table))})


def data(a, prod, staging, irsa):
    versions = [policy(allow("s3:*", "*")) for _ in range(2)]
    versions.append(policy(allow("s3:*", "*"), allow(["iam:PassRole", "iam:ListRoles"], "*", sid="Pass"),
                           allow(["glue:CreateJob", "glue:StartJobRun", "glue:GetJobRun"], "*", sid="Jobs")))
    a.managed("AdminLike", [("2025-08-02 10:00", versions[0]), ("2025-09-12 10:00", versions[1]), ("2025-12-04 16:31", versions[2])], default="v7")
    a.role("data-etl-admin", pod_identity_trust(), attach=["AdminLike"], created="2024-10-10 10:10")
    a.role("spark-role", irsa(sub("data", "spark"), operator="ForAllValues:StringEquals", key_host=staging), inline={"SparkRW": policy(
        allow("s3:ListBucket", ["arn:aws:s3:::acme-lake", INVOICES], sid="Find"),
        allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [objects("acme-lake"), f"{INVOICES}/*"], sid="ReadWrite"),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], [LAKE_KEY, INVOICES_KEY], sid="Keys"))})
    a.role("data-notebook-role", irsa(sub("data", "default")), inline={"explore": policy(
        allow(["s3:GetObject", "s3:ListBucket"], "*"), allow(["athena:StartQueryExecution", "athena:GetQueryResults"]))})
    a.role("lake-writer-role", irsa(sub("data", "lake-writer"), audience=None), inline={"lake": policy(
        allow("s3:PutObject", "arn:aws:s3:::acme-lake/${aws:PrincipalTag/kubernetes-namespace}/*", sid="OwnPrefix",
              when={"StringEquals": {"aws:PrincipalTag/kubernetes-namespace": "data"}}),
        allow("s3:PutObject", "arn:aws:s3:::acme-lake/landing/*", sid="Landing"))})
    a.role("data-quality-role", pod_identity_trust(when={"StringEquals": {"aws:RequestTag/kubernetes-namespace": "data"}}),
           created="2025-12-15 08:00", used=None, inline={"check": policy(allow(["s3:GetObject", "s3:ListBucket"], ["arn:aws:s3:::acme-lake", objects("acme-lake")]))})
    a.role("data-retired-role", pod_identity_trust(), created="2024-12-01 08:00", used="2025-04-01 02:00",
           inline={"read": policy(allow("s3:GetObject", objects("acme-lake")))})
    a.role("tiff-convert-role", irsa(sub("legacy", "tiff-convert")), used=None, inline={"tiff": policy(allow("s3:GetObject", objects("acme-scans")))})


def staging_roles(a, staging, irsa):
    bucket = policy(allow("s3:GetObject", objects("acme-staging")))
    a.role("staging-payments-api-role", pod_identity_trust(), created="2025-03-01 10:00", inline={"read": bucket})
    a.role("staging-orders-api-role", irsa(sub("orders", "orders-api")), created="2025-02-01 10:00", inline={"read": bucket})
    a.role("staging-orders-worker-role", irsa(sub("orders", "orders-worker")), created="2025-02-01 10:05", used="2026-02-09 20:00", inline={"read": bucket})
    a.role("staging-orders-cron-role", irsa(sub("orders", "orders-cron"), action="sts:AssumeRole"), created="2025-11-11 11:11", used=None, inline={"read": bucket})
    swapped = policy(web_identity(ACCOUNT, staging))
    swapped["Statement"][0]["Condition"] = {"StringEquals": {f"{staging}:aud": sub("orders", "orders-indexer"), f"{staging}:sub": "sts.amazonaws.com"}}
    a.role("staging-orders-indexer-role", swapped, created="2025-11-12 09:00", used=None, inline={"read": bucket})
    a.role("preview-role", irsa("system:serviceaccount:preview-*:app", operator="StringLike"), created="2025-06-06 10:00", inline={"read": bucket})
    a.role("terraform-role", irsa(sub("ci", "terraform")), attach=["AdministratorAccess"], created="2025-01-22 10:00")


def resource_policies(a):
    def key(arn, users):
        return {"arn": arn, "policy": policy(
            {"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": a.arn("root")}, "Action": "kms:*", "Resource": "*"},
            {"Sid": "Use", "Effect": "Allow", "Principal": {"AWS": users}, "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"}),
            "kmsKey": None}

    a.resource_policies = [
        {"arn": INVOICES, "policy": policy(
            {"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [INVOICES, f"{INVOICES}/*"],
             "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {"Sid": "Refunds", "Effect": "Allow", "Principal": {"AWS": a.arn("role/payments-refunds-role")}, "Action": "s3:GetObject",
             "Resource": f"{INVOICES}/refunds/*"},
            {"Sid": "PartnerDrop", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{AUDIT_ACCOUNT}:root"}, "Action": "s3:PutObject",
             "Resource": f"{INVOICES}/partner/*"}), "kmsKey": INVOICES_KEY},
        {"arn": "arn:aws:s3:::acme-backups", "policy": None, "kmsKey": None},
        {"arn": "arn:aws:s3:::acme-exports", "policy": None, "kmsKey": None},
        {"arn": "arn:aws:s3:::acme-lake", "policy": None, "kmsKey": LAKE_KEY},
        {"arn": "arn:aws:s3:::acme-reports", "policy": None, "kmsKey": None},
        {"arn": "arn:aws:s3:::acme-settlements", "policy": None, "kmsKey": None},
        key(INVOICES_KEY, [a.arn("role/payments-api-role"), a.arn("role/data-etl-admin"), a.arn("role/spark-role")]),
        key(LAKE_KEY, [a.arn("role/spark-role")]),
        {"arn": queue("payments-refunds"), "policy": policy(
            {"Sid": "Worker", "Effect": "Allow", "Principal": {"AWS": a.arn("role/payments-worker-role")}, "Action": "sqs:ReceiveMessage",
             "Resource": queue("payments-refunds")}), "kmsKey": None},
        {"arn": secret("payments/stripe-Ab12Cd"), "policy": None, "kmsKey": None},
        {"arn": secret("orders/smtp-Ef34Gh"), "policy": None, "kmsKey": None},
    ]


PLANTED = [
    ("role old-support-role", "TRUST-013", "anyone in AWS may assume it"),
    ("provider 0D5A1C7E94B24F0B8E3A6C1D2F7B9A40", "TRUST-014", "an OIDC provider of a cluster that no longer exists"),
    ("role orders-api-2022-role", "DRIFT-006", "trusts orders/orders-api under the issuer of the cluster before this one"),
    ("role orders-archiver-role", "TRUST-010", "trusts a service account that does not exist"),
    ("role orders-archiver-role", "PERM-012", "nothing uses it and it was never used"),
    ("role platform-mirror-old", "TRUST-003", "names the OIDC provider of another account"),
    ("role billing-reader (444455556666)", "TRUST-018", "trusts a principal that was deleted"),
    ("aws/organizations-list-policies-for-target.json", "HYG-006", "not readable: service control policies are unknown"),
]
