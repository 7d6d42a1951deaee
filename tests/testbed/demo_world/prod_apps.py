"""The applications of prod-eu1, one namespace a function; what is planted stands beside its workload."""
from .base import AUDIT_ACCOUNT
from .cluster import container
from .webhook import IRSA_DIRECTORY, token_volume

REGISTRY = "ghcr.io/acme/"


def build(c, a):
    for part in (payments, orders, data, legacy, ci, monitoring, platform):
        part(c, a)


def irsa(role, rule="R72"):
    return ("irsa", role, "works", rule)


def pod_identity(role, rule="R92"):
    return ("pod-identity", role, "works", rule)


def broken(rule):
    return ("none", None, "broken", rule)


def app(name, version="2.8.1", env=None, **more):
    return container("app", f"{REGISTRY}{name}:{version}", env, **more)


def payments(c, a):
    ns, role = "payments", lambda name: a.arn(f"role/{name}")
    on_node = ("node-role", a.node, "falls-back", "R100")

    c.service_account(ns, "payments-api")
    applied = ('{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"payments-api","namespace":"payments"},'
               '"spec":{"template":{"spec":{"containers":[{"env":[{"name":"STRIPE_KEY","value":"canary-secret-8"}],"name":"app"}]}}}}\n')
    c.app("Deployment", ns, "payments-api", "payments-api", [app("payments-api", "5.14.0", {
        "LOG_LEVEL": "info", "POD_NAME": "field:metadata.name", "DB_PASSWORD": "secret:payments-db/password", "STRIPE_KEY": "canary-secret-8",
        "INVOICE_BUCKET": "acme-invoices"}, ports=[{"containerPort": 8080, "name": "http"}])],
        pods=[(c.n1, "2026-02-11 23:57:20"), (c.n2, "2026-02-11 23:57:41"), (c.n2, "2026-02-11 23:58:02")],
        pod_names=("7d9c6b5f4", ["x2lqk", "m8w4z", "9vgtd"]), generation=27,
        annotations={"deployment.kubernetes.io/revision": "27", "kubectl.kubernetes.io/last-applied-configuration": applied},
        expect=pod_identity(a.payments_api))
    c.plant("payments/payments-api", "PERM-014", "ReadInvoices names the bucket but no objects since v4 (v3 had it right)")
    c.plant("payments/payments-api", "PERM-009", "boundary acme-dev leaves out the DynamoDB actions of payments-api-data")

    c.service_account(ns, "payments-worker", role("payments-worker-role"), created="2024-08-01 09:00")
    c.app("Deployment", ns, "payments-worker", "payments-worker", [app("payments-worker", "5.14.0", {"LOG_LEVEL": "info"})],
          init=[container("log-forwarder", f"{REGISTRY}log-forwarder:1.2", restartPolicy="Always")],
          pods=[(c.n1, "2026-02-04 10:12"), (c.n2, "2026-02-04 10:12")], expect=irsa(role("payments-worker-role")))
    c.plant("role payments-worker-role", "TRUST-008", "admits every service account of payments")
    c.plant("role payments-worker-role", "TRUST-019", "so payments-cron and the others could take it too, though no manifest says so")
    c.plant("role payments-worker-role", "TRUST-020", "also trusts the root of 444455556666")

    c.service_account(ns, "payments-cron", role("payments-cron-role"), since="2026-02-11 16:20", created="2024-08-01 09:05", by="kubectl-annotate")
    c.app("Deployment", ns, "payments-cron", "payments-cron", [app("payments-cron", "1.3.0")], pods=[(c.n2, "2026-02-03 08:00")], expect=on_node)
    c.plant("payments/payments-cron", "DRIFT-001", "the pod is eight days older than the annotation, so it still runs on the node role")

    c.service_account(ns, "payments-ledger")
    c.app("StatefulSet", ns, "payments-ledger", "payments-ledger", [app("payments-ledger", "3.0.2")], pods=[(c.n2, "2026-02-09 21:44")], expect=on_node)
    c.plant("payments/payments-ledger", "DRIFT-002", "the association is younger than the pod")

    c.service_account(ns, "payments-report", role("payments-report-role"), created="2026-01-26 09:10")
    c.app("Deployment", ns, "payments-report", "payments-report", [app("payments-report", "0.9.4")], pods=[(c.n2, "2026-01-28 09:02")],
          expect=broken("R62"))
    c.plant("payments/payments-report", "TRUST-004", "the trust names namespace billing; the pod runs in payments")
    c.plant("payments/payments-report", "IRSA-013", "Java and C++ would go on to the node role")

    c.service_account(ns, "payments-fraud", role("payments-fraud-role"), created="2025-02-02 10:00")
    c.app("Deployment", ns, "payments-fraud", "payments-fraud", [app("payments-fraud", "1.0.7")], pods=[(c.n2, "2026-02-06 11:30")], expect=broken("R55"))
    c.plant("payments/payments-fraud", "TRUST-017", "an explicit Deny (QuarantineFraud) beats the Allow")

    c.service_account(ns, "payments-refunds", role("payments-refunds-role"), created="2025-03-03 10:00")
    c.app("Deployment", ns, "payments-refunds", "payments-refunds", [app("payments-refunds")], replicas=0, expect=irsa(role("payments-refunds-role")))
    c.service_account(ns, "payments-recon")
    c.cron_job(ns, "payments-recon", "payments-recon", [app("payments-recon", "1.1.1")], "0 4 * * *", suspend=True,
               expect=("pod-identity", role("payments-recon-role"), "works|unknown", "R77"))


def orders(c, a):
    ns, role = "orders", lambda name: a.arn(f"role/{name}")
    c.service_account(ns, "orders-api", role("orders-api-role"), created="2024-03-12 10:30")
    c.app("Deployment", ns, "orders-api", "orders-api", [app("orders-api", "8.2.0", {"LOG_LEVEL": "info"}, envFrom=[{"configMapRef": {"name": "orders-settings"}}])],
          pods=[(c.n1, "2026-02-05 09:00"), (c.n2, "2026-02-05 09:00"), (c.n2, "2026-02-05 09:01")], generation=41,
          expect=irsa(role("orders-api-role")))
    c.service_account(ns, "orders-mailer", role("orders-mailer-role"), created="2024-06-20 10:30")
    c.app("Deployment", ns, "orders-mailer", "orders-mailer", [app("orders-mailer", "2.2.0")],
          pods=[(c.n1, "2026-02-02 13:30"), (c.n2, "2026-02-02 13:30")], expect=irsa(role("orders-mailer-role")))

    c.service_account(ns, "orders-webhook", role("orders-webhook-role-v2"), since="2026-02-11 09:41", before=(role("orders-webhook-role"), "2024-11-05 09:10"),
                      created="2024-11-05 09:10", by="argocd-controller")
    c.app("Deployment", ns, "orders-webhook", "orders-webhook", [app("orders-webhook", "1.7.3")],
          pods=[(c.n1, "2026-02-01 07:12"), (c.n2, "2026-02-11 18:05")], expect=[irsa(role("orders-webhook-role")), irsa(role("orders-webhook-role-v2"))])
    c.plant("orders/orders-webhook", "DRIFT-003", "one pod still runs with the wider role that the annotation named until 2026-02-11")
    c.plant("orders/orders-webhook", "DRIFT-004", "so two pods of one Deployment are two identities")

    c.service_account(ns, "orders-search", role("orders-search-role"), created="2026-01-14 11:20")
    c.app("Deployment", ns, "orders-search", "orders-search", [app("orders-search", "0.4.0")], pods=[(c.n2, "2026-02-10 15:00")], expect=broken("R63"))
    c.plant("orders/orders-search", "TRUST-005", "a wildcard under StringEquals is a plain character and never matches")
    c.service_account(ns, "orders-cart")
    c.app("Deployment", ns, "orders-cart", "orders-cart", [app("orders-cart", "4.4.4")], pods=[(c.n2, "2026-01-28 09:30")], expect=broken("R81"))
    c.plant("orders/orders-cart", "PODID-004", "the trust lacks sts:TagSession")
    c.service_account(ns, "orders-import", role("orders-import-role"), created="2025-05-05 10:00")
    c.app("Deployment", ns, "orders-import", "orders-import", [app("orders-import", "1.2.0", envFrom=[{"secretRef": {"name": "orders-import-aws"}}])],
          pods=[(c.n2, "2026-01-30 10:10")], expect=("static-keys", None, "works|falls-back", "R35"))
    c.plant("orders/orders-import", "IRSA-011", "access keys from a Secret shadow the injected role")

    c.service_account(ns, "orders-export", role("orders-export-irsa-role"), created="2025-04-04 10:00")
    c.app("Deployment", ns, "orders-export", "orders-export", [app("orders-export", "1.5.0")], labels={"compute": "fargate"},
          pods=[(c.f1, "2026-02-11 22:28")], expect=broken("R76"))
    c.plant("orders/orders-export", "PODID-002", "Pod Identity does not work on Fargate")
    c.plant("orders/orders-export", "PODID-010", "and the association keeps the webhook from injecting the annotated role")
    c.service_account(ns, "orders-preview", role("orders-preview-role"), created="2025-12-12 10:00")
    c.plant("sa orders/orders-preview", "HYG-001", "annotated, and nothing uses it")
    c.plant("role orders-preview-role", "TRUST-006", "the condition keys carry the issuer of staging-eu2")


def data(c, a):
    ns, role = "data", lambda name: a.arn(f"role/{name}")
    c.service_account(ns, "etl")
    c.cron_job(ns, "etl-nightly", "etl", [app("etl", "12.0.0", {"WAREHOUSE_DSN": "postgres://etl:canary-secret-9@warehouse.data:5432/dwh"})], "0 1 * * *",
               running=(c.n1, "2026-02-12 01:00"), expect=pod_identity(role("data-etl-admin")))
    c.plant("role data-etl-admin", "PERM-006", "s3:* on every bucket (AdminLike v7)")
    c.plant("role data-etl-admin", "PERM-003", "passes any role to anything")
    c.plant("role data-etl-admin", "PERM-002", "with glue:CreateJob that is any role that trusts Glue")
    c.plant("role data-etl-admin", "PERM-013", "can rewrite every bucket policy")
    c.plant("data/etl-nightly", "NODE-010", "shares its node with platform/node-debug, which can take the node over")

    c.service_account(ns, "spark", role("spark-role"), created="2025-08-20 09:00")
    spark = lambda name: [container(name, f"{REGISTRY}spark:3.5.7", {"SPARK_USER": "185"})]
    c.bare_pod(ns, "spark-driver", "spark", spark("spark-kubernetes-driver"), c.k1, "2026-02-12 00:15", labels={"spark-role": "driver"}, api=True,
               expect=irsa(role("spark-role"), "R60"))
    c.app("StatefulSet", ns, "spark-exec", "spark", spark("spark-kubernetes-executor"), labels={"spark-role": "executor"},
          pods=[(c.k1, "2026-02-12 00:16"), (c.k2, "2026-02-12 00:16")], expect=irsa(role("spark-role"), "R60"))
    c.plant("role spark-role", "TRUST-002", "ForAllValues over keys of another issuer is always true: open to the whole cluster")

    c.service_account(ns, "default", role("data-notebook-role"), created="2025-01-15 10:00")
    c.app("StatefulSet", ns, "notebook", "default", [container("jupyter", f"{REGISTRY}notebook:7.5")], pods=[(c.n1, "2026-02-08 08:45")],
          expect=irsa(role("data-notebook-role")))
    c.plant("data/notebook", "TRUST-011", "the default service account carries a role")
    c.plant("data/notebook", "POD-005", "a public load balancer in front of a role that reads every bucket")
    c.service_account(ns, "lake-writer", role("lake-writer-role"), created="2025-02-15 10:00")
    c.app("StatefulSet", ns, "lake-writer", "lake-writer", [app("lake-writer", "1.9.0")], pods=[(c.n2, "2026-01-28 10:00")], expect=irsa(role("lake-writer-role")))
    c.plant("role lake-writer-role", "PERM-008", "conditions on Pod Identity tags that IRSA never carries")
    c.plant("role lake-writer-role", "PERM-007", "may write acme-lake, but not use its key")
    c.plant("role lake-writer-role", "TRUST-015", "no audience in the trust (the provider knows only one)")
    c.service_account(ns, "quality")
    c.app("StatefulSet", ns, "quality", "quality", [app("quality", "0.3.0")], pods=[(c.n2, "2026-01-28 10:05")], expect=broken("R82"))
    c.plant("data/quality", "PODID-006", "session tags are off, and the trust asks for one")

    # No variables: code in it may still call STS with this token and any role that admits it.
    c.service_account(ns, "analyst")
    c.bare_pod(ns, "adhoc-query", "analyst", [container("shell", f"{REGISTRY}toolbox:1.0", volumeMounts=[
        {"mountPath": "/tmp/aws", "name": "sts", "readOnly": True}])], c.n2, "2026-02-11 14:20",
        volumes=[token_volume("sts", "sts.amazonaws.com", "token", 7200)], expect=("node-role", a.node, "works", "R100"))
    c.plant("data/adhoc-query", "POD-008", "a token for STS mounted by hand; spark-role would admit it")
    c.service_account(ns, "retired-job", created="2024-12-01 08:00")


def legacy(c, a):
    ns, role = "legacy", lambda name: a.arn(f"role/{name}")
    works = ("node-role", a.node, "works", "R97")
    c.service_account(ns, "report-cron")
    c.cron_job(ns, "report-cron", "report-cron", [app("report", "0.17", {"AWS_REGION": "eu-west-1"})], "30 2 * * *", running=(c.legacy_node, "2026-02-12 02:30"),
               api=True, expect=works)
    c.plant("legacy/report-cron", "NODE-003", "an AWS client with no role of its own: it writes backups as the node")
    c.service_account(ns, "ftp-bridge")
    c.app("Deployment", ns, "ftp-bridge", "ftp-bridge", [app("ftp-bridge", "1.0.2", {"FTP_PASSWORD": "canary-secret-10"})], host_network=True, api=True,
          pods=[(c.n1, "2026-01-28 10:40"), (c.n2, "2026-01-28 10:40")], expect=("node-role", a.node, "works", "R96"))
    c.plant("legacy/ftp-bridge", "NODE-007", "host network: no hop limit keeps it from the node role")
    c.plant("legacy/ftp-bridge", "HYG-002", "carries a token of the Kubernetes API that it has no use for")
    c.service_account(ns, "legacy-sync")
    c.app("StatefulSet", ns, "legacy-sync", "legacy-sync", [app("legacy-sync", "0.8", envFrom=[{"secretRef": {"name": "legacy-sync-aws"}}])],
          pods=[(c.legacy_node, "2025-11-20 06:00")], expect=("static-keys", None, "works", "R32"))
    c.plant("legacy/legacy-sync", "POD-003", "access keys of IAM user legacy-sync, from a Secret by envFrom")
    c.service_account(ns, "tiff-convert", role("tiff-convert-role"), created="2025-05-06 10:00")
    c.app("StatefulSet", ns, "tiff-convert", "tiff-convert", [app("tiff-convert", "2.2", {"AWS_ROLE_ARN": role("tiff-convert-role")})],
          pods=[(c.legacy_node, "2025-11-20 06:01")], expect=("node-role", a.node, "falls-back", "R44"))
    c.plant("legacy/tiff-convert", "IRSA-008", "a hand-set AWS_ROLE_ARN keeps the webhook from adding the token file")
    c.service_account(ns, "edi", "arn:aws:iam::${AWS_ACCOUNT_ID}:role/edi", created="2025-07-07 10:00", by="kubectl-client-side-apply")
    c.app("StatefulSet", ns, "edi", "edi", [app("edi", "3.1")], pods=[(c.legacy_node, "2025-11-20 06:02")], expect=broken("R46"))
    c.plant("legacy/edi", "IRSA-006", "an unfilled template in the role annotation")
    c.service_account(ns, "archive", role("legacy-archive-role"), created="2025-07-08 10:00")
    c.app("StatefulSet", ns, "archive", "archive", [app("archive", "1.4")], pods=[(c.legacy_node, "2025-11-20 06:03")], expect=broken("R52"))
    c.plant("legacy/archive", "IRSA-005", "the annotated role does not exist")
    c.service_account(ns, "invoice-mailer", annotations={"iam.amazonaws.com/role": role("orders-mailer-role"), "note": "token canary-secret-11"}, by="kubectl-annotate",
                      created="2024-03-20 11:00")
    c.plant("sa legacy/invoice-mailer", "IRSA-007", "the role stands under the annotation of kube2iam, which is gone")
    c.service_account(ns, "release")


def ci(c, a):
    role = lambda name: a.arn(f"role/{name}")
    c.service_account("ci", "runner")
    c.app("Deployment", "ci", "runner", "runner", [container("runner", "ghcr.io/actions/actions-runner:2.331.0", {"AWS_REGION": "eu-west-1"})],
          pods=[(c.k1, "2026-02-11 20:10"), (c.k2, "2026-02-11 20:10")], api=True, expect=("none", None, "none", "R42"))
    c.plant("ci/runner", "NODE-006", "an AWS client without a role, on nodes whose metadata it cannot reach")
    c.service_account("ci", "deployer", role("ci-deployer-role"), created="2024-09-02 10:10")
    c.app("Deployment", "ci", "deployer", "deployer", [app("deployer", "6.0.0")], pods=[(c.k1, "2026-02-10 19:30")], api=True, expect=irsa(role("ci-deployer-role")))


def monitoring(c, a):
    ns = "monitoring"
    c.service_account(ns, "prometheus", a.metrics, created="2024-04-01 10:00")
    c.app("StatefulSet", ns, "prometheus", "prometheus", [
        container("prometheus", "quay.io/prometheus/prometheus:v3.9.1"), container("config-reloader", "quay.io/prometheus-operator/prometheus-config-reloader:v0.88.0"),
        container("thanos-sidecar", "quay.io/thanos/thanos:v0.41.0")],
        pod_annotations={"eks.amazonaws.com/skip-containers": "config-reloader, thanos-sidecar"}, pods=[(c.n1, "2026-01-28 09:05")], api=True, expect={
            "prometheus": irsa(a.metrics), "config-reloader": ("node-role", a.node, "works", "R22"), "thanos-sidecar": irsa(a.metrics, "R22")})
    c.plant("monitoring/prometheus", "IRSA-010", "skip-containers has a space, so thanos-sidecar gets the role after all")
    c.plant("role shared-metrics-role", "TRUST-012", "one role for prod-eu1 and staging-eu2")
    c.service_account(ns, "grafana")
    c.app("StatefulSet", ns, "grafana", "grafana", [container("grafana", "docker.io/grafana/grafana:12.3.1")], pods=[(c.n2, "2026-01-28 09:06")],
          expect=pod_identity(f"arn:aws:iam::{AUDIT_ACCOUNT}:role/audit-reader", "R84"))
    c.plant("association monitoring/grafana", "PODID-008", "audit-reader trusts its base role without an ExternalId")
    c.service_account(ns, "cost-exporter", f"arn:aws:iam::{AUDIT_ACCOUNT}:role/cost-reader", created="2026-02-02 15:10",
                      annotations={"eks.amazonaws.com/token-expiration": "172800"})
    c.app("StatefulSet", ns, "cost-exporter", "cost-exporter", [app("cost-exporter", "0.1.0")], pods=[(c.n2, "2026-02-02 15:20")], expect=broken("R48"))
    c.plant("monitoring/cost-exporter", "IRSA-003", "444455556666 has no OIDC provider for this cluster")
    c.plant("monitoring/cost-exporter", "HYG-003", "token-expiration above a day has no effect")
    c.plant("role grafana-role", "PERM-010", "may assume billing-reader, which does not trust it (TRUST-018: its principal was deleted)")


def platform(c, a):
    ns, role = "platform", lambda name: a.arn(f"role/{name}")
    c.service_account(ns, "backup")
    c.app("StatefulSet", ns, "backup", "backup", [app("backup", "4.1.0")], pods=[(c.n2, "2026-02-01 05:00")],
          expect=pod_identity(a.backup))
    c.plant("association platform/backup", "DRIFT-005", "changed at 01:20; its pod may use the old role until 07:20")
    c.plant("role backup-role", "HYG-006", "policy backup-glacier does not parse: what it allows is unknown")
    c.service_account(ns, "audit-shipper")
    c.app("StatefulSet", ns, "audit-shipper", "audit-shipper", [app("audit-shipper", "1.0.0")], pods=[(c.n2, "2026-01-28 10:21")], expect=broken("R84"))
    c.plant("platform/audit-shipper", "PODID-007", "audit-writer expects the ExternalId of another service account")
    c.plant("role audit-shipper-base", "PERM-004", "may assume any role of any account")

    # All author-made, so the webhook leaves the container alone, mount included.
    c.service_account(ns, "geo-sync", role("staging-geo-sync"), created="2025-10-01 10:00")
    c.app("StatefulSet", ns, "geo-sync", "geo-sync", [app("geo-sync", "1.0.0", {
        "AWS_REGION": "eu-west-1", "AWS_STS_REGIONAL_ENDPOINTS": "regional", "AWS_ROLE_ARN": role("staging-geo-sync"),
        "AWS_WEB_IDENTITY_TOKEN_FILE": f"{IRSA_DIRECTORY}/token"})], pods=[(c.n2, "2026-01-28 10:22")], expect=broken("R45"))
    c.plant("platform/geo-sync", "IRSA-009", "every variable set by hand, so no token is mounted")
    c.plant("role staging-geo-sync", "HYG-005", "named after staging, used in prod")
    c.service_account(ns, "node-debug", role("node-patcher-role"), created="2025-11-03 10:00")
    c.bare_pod(ns, "node-debug", "node-debug", [container("shell", f"{REGISTRY}toolbox:1.0", securityContext={"privileged": True}, volumeMounts=[
        {"mountPath": "/host", "name": "host"}, {"mountPath": "/pods", "name": "pods", "readOnly": True}])], c.n1, "2026-02-07 16:20", hostPID=True, volumes=[
            {"hostPath": {"path": "/", "type": ""}, "name": "host"}, {"hostPath": {"path": "/var/lib/kubelet/pods", "type": ""}, "name": "pods"}],
        expect=irsa(role("node-patcher-role")))
    c.plant("platform/node-debug", "POD-001", "privileged with the host's processes and files, beside etl-nightly")
    c.plant("platform/node-debug", "POD-002", "mounts the directory that holds every pod's tokens")
    c.plant("role node-patcher-role", "PERM-011", "opens sessions on every instance and may weaken its metadata options")
    c.service_account(ns, "gateway", role("gateway-role"), created="2025-11-04 10:00", annotations={"eks.amazonaws.com/audience": "gateway.acme.example"})
    c.app("Deployment", ns, "gateway", "gateway", [app("gateway", "3.3.1")], pods=[(c.n2, "2026-01-28 10:25")], expect=broken("R49"))
    c.plant("platform/gateway", "IRSA-004", "the audience annotation asks for one that the provider does not know")
    c.service_account(ns, "policy-engine")
