"""Cluster prod-eu1: nodes, add-ons, and who may enter. The applications stand in prod_apps.py."""
import base64

from . import builtin, prod_apps
from .base import ACCOUNT, at
from .builtin import rule
from .cluster import Cluster, container

ISSUER_ID = "7A1F0C52E9B84D36A0D1C6F3B27E5948"
ISSUER = f"oidc.eks.eu-west-1.amazonaws.com/id/{ISSUER_ID}"
RESTARTED = "2026-01-28 08:20"


def build(account):
    c = Cluster(account, "prod-eu1", "eu-west-1", "1.34", "API_AND_CONFIG_MAP", "2024-03-05 09:00", ISSUER_ID)
    c.describe = c.description(account.arn("role/eks-prod-eu1-cluster"), {"env": "prod", "team": "platform"})
    c.addons = ["vpc-cni", "kube-proxy", "coredns", "eks-pod-identity-agent", "aws-ebs-csi-driver"]
    builtin.install(c)
    builtin.pod_identity_webhook(c)
    for name, labels, created in (
            ("ci", {}, None), ("data", {"pod-security.kubernetes.io/enforce": "baseline"}, None), ("external-dns", {}, None),
            ("external-secrets", {}, None), ("karpenter", {}, None), ("legacy", {}, "2024-03-20 10:00"), ("monitoring", {}, None),
            ("orders", {"pod-security.kubernetes.io/enforce": "restricted"}, "2024-03-12 10:00"), ("payments", {}, "2024-03-12 10:05"), ("platform", {}, None)):
        c.namespace(name, labels, created)
    nodes(c)
    associations(c, account)
    add_ons(c, account)
    prod_apps.build(c, account)
    entries(c, account)
    rbac(c)
    objects(c)
    return c


def nodes(c):
    managed, legacy = "eks-3ec79ab1-70f2-4d55-a0c4-6b1f0d2e9c11", "eks-a4c7c1d2-09be-4b8e-8f0a-1d7e5c3b2f44"
    day = "2026-01-28 08:0"
    c.n1 = c.node("10.0.12.34", "a", managed, "required", 2, day + "1", nodegroup="general")
    c.n2 = c.node("10.0.13.57", "b", managed, "required", 2, day + "3", nodegroup="general")
    c.legacy_node = c.node("10.0.21.8", "a", legacy, "optional", 1, "2025-06-17 07:30", nodegroup="legacy", kind="m5.large", kubelet="1.32")
    c.k1 = c.node("10.0.40.5", "b", "prod-eu1_4067990795380418201", "required", 1, "2026-02-10 19:14", nodepool="batch", kind="r6i.xlarge")
    c.k2 = c.node("10.0.41.9", "c", "KarpenterNodeInstanceProfile-prod-eu1", "required", 1, "2025-08-11 22:47", nodepool="batch", kind="r6i.xlarge", kubelet="1.33")
    c.f1 = c.node("10.0.50.77", "a", None, None, None, "2026-02-11 22:29", fargate="orders-batch")
    c.nodegroup("general", c.account.node, 2)
    c.nodegroup("legacy", c.account.node, 1, ami="AL2_x86_64", version="1.32")
    c.fargate_profile("orders-batch", c.account.fargate, [{"namespace": "orders", "labels": {"compute": "fargate"}}])
    c.add("nodepools", "karpenter.sh/v1", "NodePool", "batch", created=at("2024-04-02 09:10"), spec={
        "disruption": {"budgets": [{"nodes": "0"}]}, "limits": {"cpu": "64"}, "template": {"spec": {"expireAfter": "Never", "nodeClassRef": {
            "group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": "default"}}}})
    c.add("ec2nodeclasses", "karpenter.k8s.aws/v1", "EC2NodeClass", "default", created=at("2024-04-02 09:10"), spec={
        "amiSelectorTerms": [{"alias": "al2023@latest"}],
        "metadataOptions": {"httpEndpoint": "enabled", "httpProtocolIPv6": "disabled", "httpPutResponseHopLimit": 1, "httpTokens": "required"},
        "role": "eks-prod-eu1-karpenter-node"}, status={"instanceProfile": "prod-eu1_4067990795380418201"})
    c.plant("role eks-prod-eu1-node", "NODE-001", "hop limit 2 on the general nodes: every pod there reaches the node role")
    c.plant("role eks-prod-eu1-node", "NODE-002", "the legacy node allows IMDSv1, so its hop limit 1 keeps nobody out")
    c.plant("role eks-prod-eu1-node", "NODE-004", "inline policy legacy-s3 writes acme-backups and sends mail")
    c.plant("role eks-prod-eu1-node", "NODE-005", "carries the CNI policy while aws-node has no role of its own")
    c.plant("role KarpenterNodeRole-prod-eu1", "NODE-008", "node 10.0.41.9 still runs with the role from before the EC2NodeClass changed")


def associations(c, a):
    role = lambda name: a.arn(f"role/{name}")
    c.associate("kube-system", "ebs-csi-controller-sa", a.ebs, "2025-03-11 08:00")
    c.associate("karpenter", "karpenter", a.karpenter, "2025-08-14 10:15")
    c.associate("payments", "payments-api", a.payments_api, "2025-03-18 13:20", id_="a-0b1c2d3e4f5a6b7c8")
    c.associate("payments", "payments-ledger", role("payments-ledger-role"), "2026-02-11 10:31")
    c.associate("payments", "payments-recon", role("payments-recon-role"), "2025-06-01 09:00")
    c.associate("payments", "payments-recn", role("payments-recon-role"), "2025-06-01 08:56")
    c.associate("orders", "orders-cart", role("orders-cart-role"), "2026-01-20 10:05")
    c.associate("orders", "orders-export", role("orders-export-role"), "2026-01-08 12:00")
    c.associate("data", "etl", role("data-etl-admin"), "2024-10-10 10:30")
    c.associate("data", "quality", role("data-quality-role"), "2025-12-15 08:10", tags_off=True, session_policy={
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-lake/*"}]})
    c.associate("data", "retired-job", role("data-retired-role"), "2024-12-01 08:10")
    c.associate("monitoring", "grafana", a.grafana, "2025-10-02 12:10", target="arn:aws:iam::444455556666:role/audit-reader")
    c.associate("platform", "audit-shipper", role("audit-shipper-base"), "2025-12-01 10:20", target="arn:aws:iam::444455556666:role/audit-writer")
    c.associate("platform", "backup", a.backup, "2024-05-05 06:40", modified="2026-02-12 01:20")
    c.plant("association payments/payments-recn", "PODID-005", "no such service account: payments-recon is meant")
    c.plant("association data/retired-job", "PODID-013", "nothing uses the service account any more")
    c.plant("association payments/payments-api", "PODID-009", "the trust of payments-api-role names no namespace and no cluster (the documented default)")


def add_ons(c, a):
    every = [(c.n1, RESTARTED), (c.n2, RESTARTED), (c.legacy_node, RESTARTED), (c.k1, "2026-02-10 19:15"), (c.k2, RESTARTED)]
    roles = [a.node, a.karpenter_node, a.old_karpenter_node]
    builtin.node_agents(c, every, "true", roles)
    on_node = ("node-role", a.node, "works", "R100")
    builtin.coredns(c, [(c.n1, RESTARTED), (c.n2, RESTARTED)], on_node)
    images = builtin.IMAGES.format(region=c.region)

    c.service_account("kube-system", "ebs-csi-controller-sa")
    c.app("Deployment", "kube-system", "ebs-csi-controller", "ebs-csi-controller-sa", [
        container("ebs-plugin", images + "aws-ebs-csi-driver:v1.54.0", {"AWS_REGION": c.region}),
        container("csi-provisioner", images + "csi-provisioner:v5.3.0")], api=True,
        pods=[(c.n2, RESTARTED)], expect=("pod-identity", a.ebs, "works", "R92"))
    c.service_account("kube-system", "aws-load-balancer-controller", a.lbc, created="2024-03-06 09:00")
    c.app("Deployment", "kube-system", "aws-load-balancer-controller", "aws-load-balancer-controller", [
        container("controller", "public.ecr.aws/eks/aws-load-balancer-controller:v2.17.0", args=[f"--cluster-name={c.name}", "--ingress-class=alb"])], api=True,
        pods=[(c.n2, RESTARTED)], expect=("irsa", a.lbc, "works", "R72"))
    c.service_account("external-dns", "external-dns", a.dns, created="2024-03-06 09:20", by="helm", since="2026-02-09 06:00",
                      owners=[("terraform-provider-kubernetes", "2026-02-11 06:00")], labels={"app.kubernetes.io/managed-by": "Helm"})
    c.app("Deployment", "external-dns", "external-dns", "external-dns", [
        container("external-dns", "registry.k8s.io/external-dns/external-dns:v0.20.0", args=["--provider=aws", "--zone-type=public"])], api=True,
        pods=[(c.n2, "2026-02-11 06:01")], expect=("irsa", a.dns, "works", "R72"))
    c.plant("external-dns/external-dns", "HYG-004", "Helm and Terraform both write the role annotation, two days apart")
    c.service_account("karpenter", "karpenter")
    c.app("Deployment", "karpenter", "karpenter", "karpenter", [
        container("controller", "public.ecr.aws/karpenter/controller:1.8.3", {"CLUSTER_NAME": c.name})], api=True,
        pods=[(c.n2, RESTARTED)], expect=("pod-identity", a.karpenter, "works", "R92"))
    c.service_account("external-secrets", "external-secrets", a.secrets, created="2024-05-21 11:00")
    c.app("Deployment", "external-secrets", "external-secrets", "external-secrets", [
        container("external-secrets", "ghcr.io/external-secrets/external-secrets:v1.1.1")], api=True,
        pods=[(c.n2, RESTARTED)], expect=("irsa", a.secrets, "works", "R72"))
    c.plant("role external-secrets", "PERM-005", "reads every secret of the account")
    c.rbac("aws-load-balancer-controller", [rule("", ["endpoints", "namespaces", "nodes", "pods", "secrets", "services"], ["get", "list", "watch"]),
                                            rule("networking.k8s.io", "ingresses", ["get", "list", "watch", "patch"])],
           ["sa:kube-system/aws-load-balancer-controller"])
    c.rbac("karpenter", [rule("karpenter.sh", ["nodepools", "nodeclaims"], ["get", "list", "watch", "patch"]),
                         rule("", ["nodes"], ["get", "list", "watch", "patch", "delete"])], ["sa:karpenter/karpenter"])
    c.rbac("external-secrets", [rule("", "secrets", ["get", "list", "watch", "create", "update", "delete"]),
                                rule("external-secrets.io", ["externalsecrets", "secretstores"], ["get", "list", "watch"])],
           ["sa:external-secrets/external-secrets"])


def entries(c, a):
    c.entry(a.node, "EC2_LINUX")
    c.entry(a.karpenter_node, "EC2_LINUX", created="2025-08-14 10:22")
    c.entry(a.fargate, "FARGATE_LINUX")
    admin = ("AmazonEKSClusterAdminPolicy",)
    c.entry(a.admin, policies=[admin])
    c.entry(a.developer, groups=["dev"], policies=[("AmazonEKSEditPolicy",)], created="2024-09-16 10:00")
    c.entry(a.arn("role/ci-deployer-role"), policies=[admin], created="2024-09-02 10:05")
    c.entry(a.arn("role/github-actions-deploy"), policies=[("AmazonEKSAdminPolicy", "orders", "payments")], created="2024-09-02 10:06")
    c.entry(a.reporting, policies=[("AmazonEKSViewPolicy",)], created="2024-06-01 08:00")
    c.entry(a.arn("user/break-glass"), policies=[admin])
    mapping = [
        (a.node, "system:node:{{EC2PrivateDNSName}}", ["system:bootstrappers", "system:nodes"]),
        (a.old_karpenter_node, "system:node:{{EC2PrivateDNSName}}", ["system:bootstrappers", "system:nodes", "dev"]),
        (a.data_lead, "data-lead", ["orders-devs"]),
        (f"arn:aws:iam::{ACCOUNT}:role/{a.developer.rsplit('/', 1)[1]}", "developer:{{SessionName}}", ["system:masters"]),
        (a.arn("role/jenkins-2023"), "jenkins", ["system:masters"])]
    text = "".join(f"- rolearn: {arn}\n  username: {user}\n  groups:\n" + "".join(f"  - {g}\n" for g in groups) for arn, user, groups in mapping)
    c.add("configmaps", "v1", "ConfigMap", "aws-auth", "kube-system", data={"mapRoles": text})
    c.plant("role ci-deployer-role", "AUTH-001", "the role of a pod (ci/deployer) is cluster-admin by access entry")
    c.plant("role ci-deployer-role", "AUTH-002", "may write access entries for itself, on every cluster")
    c.plant("role ci-deployer-role", "AUTH-003", "may create associations and pass any role")
    c.plant("group sre-oncall", "AUTH-004", "may edit ConfigMaps of kube-system while aws-auth still counts")
    c.plant("role data-lead", "AUTH-005", "aws-auth names it with its path, which never matches")
    c.plant("role AWSReservedSSO_Developer_81f0c3d5a9b24e67", "AUTH-006", "system:masters in aws-auth is dead: its access entry wins")
    c.plant("role jenkins-2023", "AUTH-007", "aws-auth gives system:masters to a role that is gone")
    c.plant("cluster prod-eu1", "AUTH-008", "four principals hold the whole cluster, one of them a pod's role")
    c.plant("role AWSReservedSSO_Developer_81f0c3d5a9b24e67", "AUTH-009", "Edit in every namespace, kube-system included")
    c.plant("role KarpenterNodeRole-prod-eu1", "AUTH-010", "a node role that is also in group dev")
    c.plant("role ReportingTeam", "AUTH-011", "access entry older than the role: it was deleted and made again")
    c.plant("role AWSReservedSSO_Developer_81f0c3d5a9b24e67", "AUTH-012", "access policy and RBAC groups at once")


def rbac(c):
    c.rbac("payments-api-view", "view", ["sa:payments/payments-api"], "payments")
    c.rbac("dev-debug", [rule("", ["pods", "pods/log"], ["get", "list"]), rule("", "pods/exec", "get")], ["group:dev"], "payments")
    c.rbac("job-runner", [rule("", ["pods"], ["create", "get", "list", "delete"]), rule("batch", "jobs", ["create", "get", "list"])],
           ["sa:ci/runner", "group:dev"], "data")
    c.rbac("orders-devs", "edit", ["group:orders-devs"], "orders")
    c.rbac("external-secrets-edit", [rule("external-secrets.io", "externalsecrets", ["create", "get", "list", "patch"])], ["group:orders-devs"], "orders")
    c.rbac("sa-roles", [rule("", "serviceaccounts", ["get", "list", "patch"])], ["group:platform-juniors"], "payments")
    c.rbac("report-secrets", [rule("", "secrets", ["get", "list"])], ["sa:legacy/report-cron"], "legacy")
    c.rbac("release", "edit", ["sa:legacy/release"], "orders")
    c.rbac("token-broker", [rule("", "serviceaccounts/token", "create", ["payments-worker"])], ["sa:platform/gateway"], "payments")
    c.rbac("sre-debug", [rule("", "pods/ephemeralcontainers", ["patch"]), rule("", "pods", ["get", "list"])], ["group:sre-oncall"], "data")
    c.rbac("sre-config", [rule("", "configmaps", ["get", "list", "update", "patch"])], ["group:sre-oncall"], "kube-system")
    c.rbac("support-impersonate", [rule("", ["users", "groups"], "impersonate")], ["group:support"])
    c.rbac("namespace-binder", [rule("rbac.authorization.k8s.io", "clusterroles", "bind"),
                                rule("rbac.authorization.k8s.io", "rolebindings", ["create", "get", "list"])], ["sa:platform/policy-engine"])
    c.rbac("policy-engine", [rule("admissionregistration.k8s.io", "mutatingwebhookconfigurations", ["get", "list", "watch", "create", "update", "patch", "delete"])],
           ["sa:platform/policy-engine"])
    c.rbac("namespace-labels", [rule("", "namespaces", ["get", "list", "patch"])], ["sa:ci/runner"])
    c.rbac("node-classes", [rule("karpenter.k8s.aws", "ec2nodeclasses", ["get", "list", "patch"])], ["group:platform-juniors"])
    c.rbac("prometheus", [rule("", ["nodes", "nodes/metrics", "nodes/proxy", "services", "endpoints", "pods"], ["get", "list", "watch"]),
                          {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}], ["sa:monitoring/prometheus"])
    c.plant("group dev", "RBAC-005", "get on pods/exec in payments: on 1.34 that is full exec (RBAC-004) into payments-api")
    c.plant("ci/runner", "RBAC-002", "may create pods in data, so may run as etl, whose role is data-etl-admin; group dev too")
    c.plant("ci/runner", "RBAC-003", "may create jobs in data")
    c.plant("ci/runner", "RBAC-017", "may also relabel namespaces, so baseline in data does not hold")
    c.plant("group orders-devs", "RBAC-009", "edit in orders can create the missing service account orders-archiver")
    c.plant("group orders-devs", "RBAC-016", "may write ExternalSecrets, and the controller reads every secret")
    c.plant("group platform-juniors", "RBAC-008", "may re-annotate service accounts in payments")
    c.plant("legacy/report-cron", "RBAC-010", "reads secrets of legacy, where a token of release lies, which holds edit in orders")
    c.plant("platform/gateway", "RBAC-001", "may mint tokens of payments-worker")
    c.plant("group sre-oncall", "RBAC-006", "may add debug containers to pods of data")
    c.plant("group support", "RBAC-011", "may impersonate any user and group")
    c.plant("platform/policy-engine", "RBAC-012", "may bind any ClusterRole in any namespace")
    c.plant("platform/policy-engine", "RBAC-013", "may edit or delete the pod identity webhook")
    c.plant("group platform-juniors", "RBAC-015", "may edit EC2NodeClasses, so choose the role of new nodes")
    c.plant("monitoring/prometheus", "RBAC-007", "get on nodes/proxy runs commands in every pod of every node")


def objects(c):
    builtin.definitions(c, ["nodepools.karpenter.sh NodePool v1", "nodeclaims.karpenter.sh NodeClaim v1", "ec2nodeclasses.karpenter.k8s.aws EC2NodeClass v1",
                            "externalsecrets.external-secrets.io ExternalSecret v1", "secretstores.external-secrets.io SecretStore v1"])
    c.add("csidrivers", "storage.k8s.io/v1", "CSIDriver", "ebs.csi.aws.com", spec={"attachRequired": True, "podInfoOnMount": False})
    c.add("csidrivers", "storage.k8s.io/v1", "CSIDriver", "secrets-store.csi.k8s.io", spec={
        "attachRequired": False, "podInfoOnMount": True, "tokenRequests": [{"audience": "sts.amazonaws.com"}, {"audience": "pods.eks.amazonaws.com"}]})
    c.plant("CSIDriver secrets-store.csi.k8s.io", "POD-009", "asks for tokens of the pods it serves, for both audiences")
    c.add("persistentvolumes", "v1", "PersistentVolume", "pvc-6a0f8f0c-prometheus", spec={
        "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "100Gi"}, "claimRef": {"name": "data-prometheus-0", "namespace": "monitoring"},
        "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": "vol-0a7d1c3e5b9f2468a"}}, status={"phase": "Bound"})
    # The identity stays reachable for the agent (169.254.170.23); only instance metadata is cut off.
    c.add("networkpolicies", "networking.k8s.io/v1", "NetworkPolicy", "no-instance-metadata", "orders", spec={
        "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}]}], "podSelector": {}, "policyTypes": ["Egress"]})
    service(c, "default", "kubernetes", {}, kind="ClusterIP", port=443)
    service(c, "payments", "payments-api", {"app": "payments-api"})
    service(c, "orders", "orders-api", {"app": "orders-api"})
    service(c, "data", "notebook", {"app": "notebook"}, kind="LoadBalancer", annotations={
        "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing", "service.beta.kubernetes.io/aws-load-balancer-type": "external"})
    c.add("ingresses", "networking.k8s.io/v1", "Ingress", "orders-api", "orders", annotations={"alb.ingress.kubernetes.io/scheme": "internal"}, spec={
        "ingressClassName": "alb", "rules": [{"host": "orders.acme.example", "http": {"paths": [{"backend": {"service": {
            "name": "orders-api", "port": {"number": 80}}}, "path": "/", "pathType": "Prefix"}]}}]})
    secret(c, "payments", "payments-db", password="canary-secret-1")
    secret(c, "orders", "orders-import-aws", AWS_ACCESS_KEY_ID="AKIACANARY0000000001", AWS_SECRET_ACCESS_KEY="canary-secret-2")
    secret(c, "legacy", "legacy-sync-aws", applied=True, AWS_ACCESS_KEY_ID="AKIACANARY0000000002", AWS_SECRET_ACCESS_KEY="canary-secret-3")
    secret(c, "legacy", "release-token", kind="kubernetes.io/service-account-token", annotations={"kubernetes.io/service-account.name": "release"},
           token="canary-secret-4")
    secret(c, "platform", "backup-vault", password="canary-secret-5")
    c.add("configmaps", "v1", "ConfigMap", "orders-settings", "orders", data={"LOG_LEVEL": "info", "CACHE_TTL": "30"})
    settings = {"partner.ini": "[s3]\naws_access_key_id = AKIACANARY0000000004\naws_secret_access_key = canary-secret-6-000000000000000000000000\n"}
    c.add("configmaps", "v1", "ConfigMap", "partner-settings", "legacy", data=settings, annotations={"kubectl.kubernetes.io/last-applied-configuration":
          '{"apiVersion":"v1","data":{"password":"canary-secret-7"},"kind":"ConfigMap","metadata":{"name":"partner-settings","namespace":"legacy"}}\n'})
    c.plant("legacy/partner-settings (ConfigMap)", "POD-003", "an access key in plain text")


def service(c, namespace, name, selector, kind="ClusterIP", port=80, annotations=None):
    spec = {"ports": [{"port": port, "protocol": "TCP", "targetPort": 8080}], "selector": selector, "type": kind}
    status = {"loadBalancer": {"ingress": [{"hostname": f"k8s-{name}-0d1e2f.elb.{c.region}.amazonaws.com"}]} if kind == "LoadBalancer" else {}}
    c.add("services", "v1", "Service", name, namespace, annotations=annotations, spec=spec, status=status)


def secret(c, namespace_, name_, kind="Opaque", applied=False, annotations=None, **values):
    """`applied` leaves the plain values in the last-applied annotation, as `kubectl apply` with stringData does."""
    notes = dict(annotations or {})
    if applied:
        pairs = ",".join(f'"{k}":"{v}"' for k, v in values.items())
        notes["kubectl.kubernetes.io/last-applied-configuration"] = (
            '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s","namespace":"%s"},"stringData":{%s}}\n' % (name_, namespace_, pairs))
    c.add("secrets", "v1", "Secret", name_, namespace_, annotations=notes,
          data={key: base64.b64encode(value.encode()).decode() for key, value in values.items()}, type=kind)


