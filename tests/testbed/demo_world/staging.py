"""Cluster staging-eu2: smaller, access entries only, and without its pod identity webhook since 2026-02-10."""
from . import builtin
from .base import at
from .builtin import rule
from .cluster import Cluster, container
from .prod_apps import app, broken, irsa, pod_identity

ISSUER_ID = "E40B9D7C16A24F83B5C0D9E8A7F61234"
ISSUER = f"oidc.eks.eu-central-1.amazonaws.com/id/{ISSUER_ID}"
STARTED = "2026-01-19 07:00"


def build(account):
    a = account
    c = Cluster(a, "staging-eu2", "eu-central-1", "1.35", "API", "2025-01-20 14:00", ISSUER_ID)
    c.private_only = True
    c.webhook_until = at("2026-02-10 18:30")
    c.describe = c.description(a.arn("role/eks-staging-eu2-cluster"), {"env": "staging", "team": "platform"})
    c.addons = ["vpc-cni", "kube-proxy", "coredns", "eks-pod-identity-agent"]
    builtin.install(c)
    for name in ("ci", "monitoring", "orders", "payments"):
        c.namespace(name)
    c.namespace("preview-42", {"preview": "true"}, "2026-02-06 12:00")
    profile = "eks-88f1b6c0-5a7d-4e1c-9b3a-2c6d4f0e7a55"
    c.n1 = c.node("10.20.1.15", "a", profile, "required", 1, "2026-01-19 06:55", nodegroup="default", kind="m6i.large")
    c.n2 = c.node("10.20.2.31", "b", profile, "required", 1, "2026-01-19 06:56", nodegroup="default", kind="m6i.large")
    c.nodegroup("default", a.staging_node, 2)
    c.associate("payments", "payments-api", a.arn("role/staging-payments-api-role"), "2025-03-01 10:10")
    builtin.node_agents(c, [(c.n1, STARTED), (c.n2, STARTED)], "false", [a.staging_node], agent_not_ready=(1,))
    builtin.coredns(c, [(c.n1, STARTED)], ("none", None, "none", "R96"))
    workloads(c, a)
    access(c, a)
    return c


def workloads(c, a):
    role = lambda name: a.arn(f"role/{name}")
    c.service_account("monitoring", "prometheus", a.metrics, created="2025-01-22 10:00")
    c.app("StatefulSet", "monitoring", "prometheus", "prometheus", [container("prometheus", "quay.io/prometheus/prometheus:v3.9.1")],
          pods=[(c.n1, STARTED)], api=True, expect=irsa(a.metrics))
    c.service_account("payments", "payments-api")
    c.app("Deployment", "payments", "payments-api", "payments-api", [app("payments-api", "5.15.0-rc2", {"STRIPE_KEY": "canary-secret-13"})],
          pods=[(c.n1, "2026-02-09 11:00"), (c.n2, "2026-02-09 11:00")], expect=[pod_identity(role("staging-payments-api-role")), broken("R77")])
    c.plant("payments/payments-api", "PODID-001", "the agent on 10.20.2.31 crashes, so one of two pods gets no credentials")

    c.service_account("orders", "orders-api", role("staging-orders-api-role"), created="2025-02-01 10:10")
    c.app("Deployment", "orders", "orders-api", "orders-api", [app("orders-api", "8.3.0-rc1")], pods=[(c.n1, "2026-02-09 09:00")],
          expect=irsa(role("staging-orders-api-role")))
    c.service_account("orders", "orders-worker", role("staging-orders-worker-role"), created="2025-02-01 10:15")
    c.app("Deployment", "orders", "orders-worker", "orders-worker", [app("orders-worker", "8.3.0-rc2")], pods=[(c.n2, "2026-02-11 12:00")],
          expect=("none", None, "none|broken", "R113"))
    c.plant("orders/orders-worker", "IRSA-001", "annotated for a year, started without its role after the webhook went")
    c.plant("cluster staging-eu2", "IRSA-002", "pod-identity-webhook is not registered")
    c.plant("role staging-orders-cron-role", "TRUST-007", "the trust allows sts:AssumeRole instead of AssumeRoleWithWebIdentity")
    c.plant("role staging-orders-indexer-role", "TRUST-016", "subject and audience are swapped in the trust")

    c.service_account("preview-42", "app", role("preview-role"), created="2026-02-06 12:05")
    c.app("Deployment", "preview-42", "preview", "app", [app("preview", "pr-42")], pods=[(c.n2, "2026-02-06 12:10")], expect=irsa(role("preview-role")))
    c.plant("role preview-role", "TRUST-009", "admits service account app of every namespace that starts with preview-")
    c.service_account("ci", "terraform", role("terraform-role"), created="2025-01-22 10:10", annotations={"eks.amazonaws.com/sts-regional-endpoints": "false"})
    c.app("Deployment", "ci", "terraform", "terraform", [app("terraform", "1.14", {"AWS_STS_REGIONAL_ENDPOINTS": "legacy"})], pods=[(c.n1, "2026-02-03 10:00")],
          expect=irsa(role("terraform-role")))
    c.plant("role terraform-role", "PERM-001", "a pod with AdministratorAccess")
    c.plant("ci/terraform", "IRSA-015", "asks the global STS endpoint from a cluster without a public endpoint")


def access(c, a):
    c.entry(a.staging_node, "EC2_LINUX")
    c.entry(a.admin, policies=[("AmazonEKSClusterAdminPolicy",)])
    c.entry(a.developer, groups=["dev"], created="2025-02-01 10:00")
    c.rbac("dev-edit", "edit", ["group:dev"], "orders")
    c.rbac("sre-config", [rule("", "configmaps", ["get", "list", "update", "patch"])], ["group:sre-oncall"], "kube-system")
    c.rbac("preview-pods", [rule("", "pods", ["create", "get", "list", "delete"])], ["group:system:authenticated"], "preview-42")
    c.plant("group system:authenticated", "RBAC-014", "every pod and every mapped principal may create pods in preview-42")
    c.add("services", "v1", "Service", "payments-api", "payments", spec={
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 8080}], "selector": {"app": "payments-api"}, "type": "ClusterIP"})
