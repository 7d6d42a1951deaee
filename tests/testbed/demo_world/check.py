"""Does the world hold together: everything that is named exists, unless a planted case says otherwise."""
import base64
import json
import re

from .base import ACCOUNT, NOW, k8s_time

LIMIT = 400 * 1024
# What does not resolve on purpose.
MISSING_ROLES = {"arn:aws:iam::${AWS_ACCOUNT_ID}:role/edi", f"arn:aws:iam::{ACCOUNT}:role/legacy-archive-role", f"arn:aws:iam::{ACCOUNT}:role/jenkins-2023",
                 f"arn:aws:iam::{ACCOUNT}:role/AWSReservedSSO_Developer_81f0c3d5a9b24e67"}
MISSING_SERVICE_ACCOUNTS = {("payments", "payments-recn")}
OWNERS = {"ReplicaSet": "replicasets", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets", "Job": "jobs", "Deployment": "deployments", "CronJob": "cronjobs"}
TIME = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:Z|[.+])')


def problems(files, accounts, clusters, planted):
    found = []
    for path, text in files.items():
        try:
            for value in text.splitlines() if path.endswith(".jsonl") else [text] if path.endswith(".json") else []:
                json.loads(value)
        except ValueError as error:
            found.append(f"{path}: {error}")
        found += [f"{path}: {time} is after now" for time in TIME.findall(text) if time > k8s_time(NOW)[:-1]]
    total = sum(len(text.encode()) for text in files.values())
    if total > LIMIT:
        found.append(f"{total} bytes, more than {LIMIT}")
    roles = {role["Arn"] for account in accounts for role in account.roles} | MISSING_ROLES
    for account in accounts:
        found += account_problems(account)
    for cluster in clusters:
        found += [f"{cluster.name}: {text}" for text in cluster_problems(cluster, roles)]
    found += [f"odd finding id {row[2]}" for row in planted if not re.fullmatch(r"(IRSA|TRUST|PODID|NODE|POD|RBAC|AUTH|PERM|DRIFT|HYG)-\d{3}", row[2])]
    families = {row[2].split("-")[0] for row in planted}
    found += [f"no case of family {f}" for f in ("IRSA", "TRUST", "PODID", "NODE", "POD", "RBAC", "AUTH", "PERM", "DRIFT", "HYG") if f not in families]
    return found


def account_problems(account):
    found, names = [], [role["RoleName"] for role in account.roles]
    found += [f"role {name} stands twice" for name in set(names) if names.count(name) > 1]
    for role in account.roles:
        wanted = [p["PolicyArn"] for p in role["AttachedManagedPolicies"]]
        wanted += [role["PermissionsBoundary"]["PermissionsBoundaryArn"]] if "PermissionsBoundary" in role else []
        found += [f"{role['RoleName']}: no policy {arn}" for arn in wanted if arn not in account.policies]
    for arn, policy in account.policies.items():
        defaults = [v["VersionId"] for v in policy["PolicyVersionList"] if v["IsDefaultVersion"]]
        if defaults != [policy["DefaultVersionId"]]:
            found.append(f"{arn}: default version {defaults}")
        unreadable = [v for v in policy["PolicyVersionList"] if not isinstance(v["Document"], dict)]
        if bool(unreadable) != (policy["PolicyName"] == "backup-glacier"):
            found.append(f"{arn}: unreadable document")
    return found


def cluster_problems(cluster, roles):
    found, objects = [], cluster.lists
    names = {r: {(o["metadata"].get("namespace"), o["metadata"]["name"]) for o in items} for r, items in objects.items()}
    for resource, items in objects.items():
        if len(names[resource]) != len(items):
            found.append(f"{resource}: a name stands twice")
    namespaces = {name for _, name in names["namespaces"]}
    instances = {i["InstanceId"]: i for rows in cluster.account.instances.values() for row in rows for i in row["Instances"]}
    profiles = {p["Arn"] for p in cluster.account.profiles.values()}
    groups = {g["nodegroupName"] for g in cluster.nodegroups}
    for node in objects["nodes"]:
        last = node["spec"]["providerID"].rsplit("/", 1)[1]
        if last.startswith("i-") and (last not in instances or instances[last]["IamInstanceProfile"]["Arn"] not in profiles):
            found.append(f"node {node['metadata']['name']}: no instance or profile")
        if node["metadata"]["labels"].get("eks.amazonaws.com/nodegroup", "") not in groups | {""}:
            found.append(f"node {node['metadata']['name']}: no node group")
    for resource, items in objects.items():
        for item in items:
            meta = item["metadata"]
            if meta.get("namespace") and meta["namespace"] not in namespaces:
                found.append(f"{resource}/{meta['name']}: no namespace {meta['namespace']}")
            for owner in meta.get("ownerReferences", []):
                kind = next((o for o in objects[OWNERS[owner["kind"]]] if (o["metadata"]["namespace"], o["metadata"]["name"]) == (meta["namespace"], owner["name"])), None)
                if kind is None or kind["metadata"]["uid"] != owner["uid"]:
                    found.append(f"{resource}/{meta['name']}: no owner {owner['name']}")
    for pod in objects["pods"]:
        found += [f"pod {pod['metadata']['name']}: {text}" for text in pod_problems(cluster, pod, names)]
    for account in objects["serviceaccounts"]:
        role = account["metadata"].get("annotations", {}).get("eks.amazonaws.com/role-arn")
        if role and role not in roles:
            found.append(f"service account {account['metadata']['name']}: no role {role}")
    for (namespace, name), association in cluster.associations.items():
        row = association["row"]
        if (namespace, name) not in names["serviceaccounts"] | MISSING_SERVICE_ACCOUNTS:
            found.append(f"association: no service account {namespace}/{name}")
        found += [f"association {namespace}/{name}: no role {row[k]}" for k in ("roleArn", "targetRoleArn") if k in row and row[k] not in roles]
    found += [f"access entry: no {e['principalArn']}" for e in cluster.entries if ":role/" in e["principalArn"] and e["principalArn"] not in roles]
    for config in objects["configmaps"]:
        if config["metadata"]["name"] == "aws-auth":
            found += [f"aws-auth: no role {arn}" for arn in re.findall(r"rolearn: (\S+)", config["data"]["mapRoles"]) if arn not in roles]
    for kind in ("rolebindings", "clusterrolebindings"):
        for binding in objects[kind]:
            ref = binding["roleRef"]
            space = binding["metadata"].get("namespace") if ref["kind"] == "Role" else None
            if (space, ref["name"]) not in names["roles" if ref["kind"] == "Role" else "clusterroles"]:
                found.append(f"{kind}/{binding['metadata']['name']}: no {ref['name']}")
            for subject in binding["subjects"]:
                if subject["kind"] == "ServiceAccount" and (subject["namespace"], subject["name"]) not in names["serviceaccounts"]:
                    found.append(f"{kind}/{binding['metadata']['name']}: no service account {subject['name']}")
    for secret in objects["secrets"]:
        for key, value in secret["data"].items():
            if "canary" not in base64.b64decode(value).decode().lower():
                found.append(f"secret {secret['metadata']['name']}: {key} is no canary")
    return found + expectation_problems(cluster, names)


def pod_problems(cluster, pod, names):
    meta, spec = pod["metadata"], pod["spec"]
    namespace, volumes = meta["namespace"], {v["name"]: v for v in spec.get("volumes", [])}
    if spec["nodeName"] not in cluster.nodes:
        yield f"no node {spec['nodeName']}"
    if k8s_time(cluster.nodes[spec["nodeName"]]["launched"]) > meta["creationTimestamp"] and not cluster.nodes[spec["nodeName"]]["fargate"]:
        yield "older than its node"
    if (namespace, spec["serviceAccountName"]) not in names["serviceaccounts"]:
        yield f"no service account {spec['serviceAccountName']}"
    for volume in volumes.values():
        for kind, field, resource in (("configMap", "name", "configmaps"), ("secret", "secretName", "secrets")):
            if kind in volume and (namespace, volume[kind][field]) not in names[resource]:
                yield f"no {kind} {volume[kind][field]}"
    for container in spec.get("initContainers", []) + spec["containers"]:
        yield from (f"{container['name']}: no volume {m['name']}" for m in container.get("volumeMounts", []) if m["name"] not in volumes)
        for source in container.get("envFrom", []):
            for kind, resource in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
                if kind in source and (namespace, source[kind]["name"]) not in names[resource]:
                    yield f"no {source[kind]['name']}"
        for variable in container.get("env", []):
            ref = variable.get("valueFrom", {}).get("secretKeyRef")
            if ref and (namespace, ref["name"]) not in names["secrets"]:
                yield f"no secret {ref['name']}"


def workload_of(cluster, pod):
    owners = pod["metadata"].get("ownerReferences")
    if not owners:
        return f"Pod/{pod['metadata']['name']}"
    kind, name = owners[0]["kind"], owners[0]["name"]
    if kind in ("ReplicaSet", "Job"):
        above = next(o for o in cluster.lists[OWNERS[kind]] if (o["metadata"]["namespace"], o["metadata"]["name"]) == (pod["metadata"]["namespace"], name))
        kind, name = above["metadata"]["ownerReferences"][0]["kind"], above["metadata"]["ownerReferences"][0]["name"]
    return f"{kind}/{name}"


def expectation_problems(cluster, names):
    """Each container has an expectation, and one that names a role agrees with the variables of the pods."""
    found, seen = [], {}
    for pod in cluster.lists["pods"]:
        for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]:
            env = {v["name"]: v.get("value", "") for v in container.get("env", [])}
            key = (pod["metadata"]["namespace"], workload_of(cluster, pod), container["name"])
            seen.setdefault(key, []).append((env.get("AWS_ROLE_ARN"), "AWS_CONTAINER_CREDENTIALS_FULL_URI" in env))
    expected = {(row[1], row[2], row[3]) for row in cluster.expected}
    found += [f"{key}: no expectation" for key in seen if key not in expected]
    for row in cluster.expected:
        pods = seen.get((row[1], row[2], row[3]), [])
        if row[4] == "irsa" and pods and row[5] not in [role for role, _ in pods]:
            found.append(f"{row[2]}: {row[5]} is not injected")
        if row[4] == "pod-identity" and pods and not any(agent for _, agent in pods):
            found.append(f"{row[2]}: no Pod Identity variables")
        if row[4] in ("node-role", "none") and row[6] in ("works", "none") and any(role or agent for role, agent in pods):
            found.append(f"{row[2]}: variables although nothing is expected")
    return found
