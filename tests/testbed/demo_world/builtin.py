"""What every EKS cluster brings: namespaces, built-in roles, the webhook, the common add-ons."""
from .cluster import container

READ, WRITE = ["get", "list", "watch"], ["create", "delete", "deletecollection", "patch", "update"]
DEFAULTS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
IMAGES = "602401143452.dkr.ecr.{region}.amazonaws.com/eks/"


def rule(groups, resources, verbs, names=None):
    row = {"apiGroups": groups if isinstance(groups, list) else [groups], "resources": resources if isinstance(resources, list) else [resources],
           "verbs": verbs if isinstance(verbs, list) else [verbs]}
    if names:
        row["resourceNames"] = names
    return dict(sorted(row.items()))


# As the union that the controller writes, with the verbs of reading and writing put together.
FULL = sorted(READ + WRITE)
VIEW = [
    rule("", ["bindings", "configmaps", "endpoints", "events", "limitranges", "namespaces", "namespaces/status", "persistentvolumeclaims", "pods", "pods/log",
              "pods/status", "replicationcontrollers", "resourcequotas", "serviceaccounts", "services"], READ),
    rule("apps", ["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"], READ),
    rule(["autoscaling", "batch"], ["cronjobs", "horizontalpodautoscalers", "jobs"], READ), rule("networking.k8s.io", ["ingresses", "networkpolicies"], READ)]
EDIT = [
    rule("", ["bindings", "endpoints", "limitranges", "namespaces", "namespaces/status", "pods/log", "pods/status", "resourcequotas"], READ),
    rule("", ["configmaps", "events", "persistentvolumeclaims", "pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy",
              "replicationcontrollers", "secrets", "serviceaccounts", "services", "services/proxy"], FULL),
    rule("", "serviceaccounts", "impersonate"), rule("", ["pods/eviction", "serviceaccounts/token"], "create"),
    rule("apps", ["daemonsets", "deployments", "deployments/scale", "replicasets", "statefulsets"], FULL),
    rule(["autoscaling", "batch"], ["cronjobs", "horizontalpodautoscalers", "jobs"], FULL), rule("networking.k8s.io", ["ingresses", "networkpolicies"], FULL)]
ADMIN = [rule("authorization.k8s.io", "localsubjectaccessreviews", "create"), rule("rbac.authorization.k8s.io", ["rolebindings", "roles"], FULL)]


def install(c):
    """Namespaces, service accounts and RBAC of a new cluster."""
    for name in ("default", "kube-node-lease", "kube-public", "kube-system"):
        c.namespace(name)
    group = "rbac.authorization.k8s.io/v1"
    everything = [rule("*", "*", "*"), {"nonResourceURLs": ["*"], "verbs": ["*"]}]
    for name, rules, selector in (("cluster-admin", everything, None), ("admin", ADMIN + EDIT, "admin"), ("edit", EDIT, "edit"),
                                  ("view", VIEW, "view")):
        item = c.add("clusterroles", group, "ClusterRole", name, labels=DEFAULTS, rules=rules)
        if selector:
            item["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {f"rbac.authorization.k8s.io/aggregate-to-{selector}": "true"}}]}
    c.rbac("cluster-admin", "cluster-admin", ["group:system:masters"], labels=DEFAULTS)
    reviews = [rule("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], "create")]
    paths = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"]
    c.rbac("system:basic-user", reviews, ["group:system:authenticated"], labels=DEFAULTS)
    c.rbac("system:discovery", [{"nonResourceURLs": paths, "verbs": ["get"]}], ["group:system:authenticated"], labels=DEFAULTS)
    c.rbac("system:public-info-viewer", [{"nonResourceURLs": ["/healthz", "/livez", "/readyz", "/version", "/version/"], "verbs": ["get"]}],
           ["group:system:authenticated", "group:system:unauthenticated"], labels=DEFAULTS)
    c.rbac("system:node-proxier", [rule("", ["endpoints", "services"], ["list", "watch"]), rule("", "nodes", READ)],
           ["user:system:kube-proxy", "sa:kube-system/kube-proxy"], labels=DEFAULTS)
    c.rbac("eks:node-bootstrapper", [rule("certificates.k8s.io", "certificatesigningrequests/selfnodeserver", "create")],
           ["group:system:bootstrappers", "group:system:nodes"], labels={"eks.amazonaws.com/component": "node"})
    c.rbac("aws-node", [rule("", ["namespaces", "pods"], READ), rule("", "nodes", ["get", "list", "watch"]),
                        rule("crd.k8s.amazonaws.com", "eniconfigs", READ)], ["sa:kube-system/aws-node"])


def pod_identity_webhook(c):
    c.add("mutatingwebhookconfigurations", "admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "pod-identity-webhook", webhooks=[{
        "admissionReviewVersions": ["v1beta1"], "clientConfig": {"url": "https://127.0.0.1:23443/mutate"}, "failurePolicy": "Ignore",
        "matchPolicy": "Equivalent", "name": "iam-for-pods.amazonaws.com", "namespaceSelector": {}, "objectSelector": {"matchExpressions": [
            {"key": "eks.amazonaws.com/skip-pod-identity-webhook", "operator": "DoesNotExist"}]}, "reinvocationPolicy": "IfNeeded",
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "*"}],
        "sideEffects": "None", "timeoutSeconds": 10}])


def node_agents(c, nodes, network, node_role, agent_not_ready=()):
    """aws-node, kube-proxy and the Pod Identity agent on every EC2 node: all on the host network, so all with the node's role.

    `nodes` are (node, created); `node_role` lists the identities of the nodes.
    """
    images = IMAGES.format(region=c.region)
    host = [("node-role", role, "works", "R100") for role in node_role]
    everywhere = [{"operator": "Exists"}]
    for name in ("aws-node", "kube-proxy"):
        c.service_account("kube-system", name)
    c.app("DaemonSet", "kube-system", "aws-node", "aws-node", [
        container("aws-node", images[:-4] + "amazon-k8s-cni:v1.21.1", {"MY_NODE_NAME": "field:spec.nodeName"},
                  securityContext={"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}}),
        container("aws-eks-nodeagent", images[:-4] + "amazon/aws-network-policy-agent:v1.3.0", args=[f"--enable-network-policy={network}"],
                  securityContext={"capabilities": {"add": ["NET_ADMIN"]}, "privileged": True})],
        api=True, init=[container("aws-vpc-cni-init", images[:-4] + "amazon-k8s-cni-init:v1.21.1", securityContext={"privileged": True})],
        pods=nodes, host_network=True, expect=host, generation=4, tolerations=everywhere)
    c.app("DaemonSet", "kube-system", "kube-proxy", "kube-proxy", [
        container("kube-proxy", images + "kube-proxy:v" + c.version + ".1-eksbuild.2", {"NODE_NAME": "field:spec.nodeName"},
                  securityContext={"privileged": True})],
        pods=nodes, host_network=True, expect=host, generation=3, api=True, tolerations=everywhere)
    c.app("DaemonSet", "kube-system", "eks-pod-identity-agent", "default", [
        container("eks-pod-identity-agent", images + "eks-pod-identity-agent:v0.1.36",
                  args=["--port", "80", "--cluster-name", c.name, "--probe-port", "2703"],
                  securityContext={"capabilities": {"add": ["CAP_NET_BIND_SERVICE"]}})],
        pods=nodes, host_network=True, expect=host, generation=2, tolerations=everywhere,
        not_ready=agent_not_ready)


def coredns(c, pods, expect):
    c.service_account("kube-system", "coredns")
    c.app("Deployment", "kube-system", "coredns", "coredns", [
        container("coredns", IMAGES.format(region=c.region) + "coredns:v1.12.4-eksbuild.1", args=["-conf", "/etc/coredns/Corefile"])],
        pods=pods, api=True, expect=expect)


def definitions(c, names):
    """CustomResourceDefinitions, `plural.group Kind version` each; the schema is left out."""
    for line in names:
        name, kind, version = line.split()
        plural, _, group = name.partition(".")
        c.add("customresourcedefinitions", "apiextensions.k8s.io/v1", "CustomResourceDefinition", name, spec={
            "group": group, "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "scope": "Cluster" if group.startswith("karpenter") else "Namespaced",
            "versions": [{"name": version, "served": True, "storage": True}]})
