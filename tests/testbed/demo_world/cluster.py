"""One EKS cluster: objects as `kubectl get` prints them and the answers of the EKS API."""
import copy
import json

from . import webhook
from .base import NOW, at, digest, eks_time, hex_id, k8s_time, kubernetes_list, lines, lists, pretty, suffix, uid

RESOURCES = ["pods", "serviceaccounts", "namespaces", "nodes", "deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs",
             "roles", "rolebindings", "clusterroles", "clusterrolebindings", "networkpolicies", "mutatingwebhookconfigurations", "configmaps",
             "secrets", "services", "ingresses", "csidrivers", "persistentvolumes", "customresourcedefinitions", "nodepools", "ec2nodeclasses"]
API_TOKEN_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount"
APPS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
# Only these carry a uid: others never own, run as or are bound to anything by it.
OWNERS, OWNED = {"ReplicaSet", "StatefulSet", "DaemonSet", "Deployment", "Job", "CronJob"}, {"Pod", "ServiceAccount", "Node"}
ROLE_ARN = "eks.amazonaws.com/role-arn"


def moment(text):
    """A time, given as one or as text."""
    return at(text) if isinstance(text, str) else text


class Cluster:
    def __init__(self, account, name, region, version, mode, created, issuer_id):
        self.account, self.name, self.region, self.version, self.mode = account, name, region, version, mode
        self.created, self.issuer_id = at(created), issuer_id
        self.issuer = f"oidc.eks.{region}.amazonaws.com/id/{issuer_id}"
        self.arn = f"arn:aws:eks:{region}:{account.id}:cluster/{name}"
        self.vpc = hex_id("vpc", name)
        self.subnets = [hex_id("subnet", f"{name}/{zone}") for zone in "abc"]
        self.lists = {resource: [] for resource in RESOURCES}
        self.nodes, self.known_roles, self.associations = {}, {}, {}
        self.entries, self.access_policies, self.nodegroups, self.fargate, self.addons = [], [], [], [], []
        self.expected, self.planted = [], []
        self.webhook_until, self.private_only = None, False

    def meta(self, kind, name, namespace=None, created=None, labels=None, annotations=None):
        label = f"{self.name}/{kind}/{namespace}/{name}"
        meta = {"annotations": annotations} if annotations else {}
        meta["creationTimestamp"] = k8s_time(created or self.created)
        if labels:
            meta["labels"] = dict(labels)
        meta["name"] = name
        if namespace:
            meta["namespace"] = namespace
        if kind in OWNED or kind in OWNERS:
            meta["uid"] = uid(label)
        return meta

    def add(self, resource, api, kind, name, namespace=None, created=None, labels=None, annotations=None, **body):
        item = {"apiVersion": api, "kind": kind, "metadata": self.meta(kind, name, namespace, created, labels, annotations), **body}
        self.lists[resource].append(item)
        return item

    def namespace(self, name, labels=None, created=None):
        self.add("namespaces", "v1", "Namespace", name, created=moment(created),
                 labels={"kubernetes.io/metadata.name": name, **(labels or {})}, status={"phase": "Active"})
        self.add("serviceaccounts", "v1", "ServiceAccount", "default", name, created=moment(created))

    def service_account(self, namespace, name, role=None, since=None, created=None, by="helm", before=None, annotations=None, labels=None,
                        owners=None, automount=None):
        """`since` is when the present role was written, `before` what stood there until then: (role, time).

        `owners` lists further (manager, time) that own the annotation too, which only server-side apply allows.
        """
        born = moment(created) or self.created
        notes, history = dict(annotations or {}), []
        if role:
            changed = at(since) if since else born
            notes[ROLE_ARN] = role
            history = ([(at(before[1]), before[0])] if before else []) + [(changed, role)]
        if name == "default":
            item = next(s for s in self.lists["serviceaccounts"] if s["metadata"]["namespace"] == namespace and s["metadata"]["name"] == name)
            item["metadata"] = self.meta("ServiceAccount", name, namespace, born, labels, notes)
        else:
            item = self.add("serviceaccounts", "v1", "ServiceAccount", name, namespace, born, labels, notes or None)
        if automount is not None:
            item["automountServiceAccountToken"] = automount
        if notes:
            managed = [(by, history[-1][0] if history else born)] + [(who, at(time)) for who, time in owners or []]
            fields = {"f:metadata": {"f:annotations": {".": {}, **{f"f:{key}": {} for key in sorted(notes)}}}}
            meta = item["metadata"]
            rest = {key: meta.pop(key) for key in list(meta) if key in ("name", "namespace", "uid")}
            meta["managedFields"] = [{"apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields, "manager": who,
                                      "operation": "Apply" if owners else "Update", "time": k8s_time(time)} for who, time in managed]
            meta.update(rest)
        self.known_roles[namespace, name] = (history, notes)

    def rbac(self, name, rules, subjects, namespace=None, created=None, labels=None):
        """A role of its own and its binding; `rules` may name an existing ClusterRole instead."""
        group = "rbac.authorization.k8s.io"
        api, when = f"{group}/v1", moment(created)
        if isinstance(rules, str):
            ref = {"apiGroup": group, "kind": "ClusterRole", "name": rules}
        else:
            kind = "Role" if namespace else "ClusterRole"
            ref = {"apiGroup": group, "kind": kind, "name": name}
            self.add("roles" if namespace else "clusterroles", api, kind, name, namespace, when, labels, rules=rules)
        listed = []
        for subject in subjects:
            kind, _, rest = subject.partition(":")
            if kind == "sa":
                ns, _, sa = rest.partition("/")
                listed.append({"kind": "ServiceAccount", "name": sa, "namespace": ns})
            else:
                listed.append({"apiGroup": group, "kind": {"group": "Group", "user": "User"}[kind], "name": rest})
        if listed:
            resource, kind = ("rolebindings", "RoleBinding") if namespace else ("clusterrolebindings", "ClusterRoleBinding")
            self.add(resource, api, kind, name, namespace, when, labels, roleRef=ref, subjects=listed)

    def node(self, ip, zone, profile, tokens, hops, launched, nodegroup=None, nodepool=None, kind="m6i.xlarge", fargate=None, kubelet=None):
        dns = f"ip-{ip.replace('.', '-')}.{self.region}.compute.internal"
        name = f"fargate-{dns}" if fargate else dns
        when, where = at(launched), self.region + zone
        labels = {"kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux",
                  "topology.kubernetes.io/region": self.region, "topology.kubernetes.io/zone": where}
        taints = None
        if fargate:
            labels["eks.amazonaws.com/compute-type"] = "fargate"
            provider = f"aws:///{where}/{digest(name)[:10]}-{digest(name)[10:40]}/{name}"
            taints = [{"effect": "NoSchedule", "key": "eks.amazonaws.com/compute-type", "value": "fargate"}]
        else:
            labels["node.kubernetes.io/instance-type"] = kind
            instance = hex_id("i", f"{self.name}/{ip}")
            provider = f"aws:///{where}/{instance}"
            tags = {"eks:cluster-name": self.name}
            if nodegroup:
                labels.update({"eks.amazonaws.com/capacityType": "ON_DEMAND", "eks.amazonaws.com/nodegroup": nodegroup})
                tags["eks:nodegroup-name"] = nodegroup
            if nodepool:
                labels.update({"karpenter.k8s.aws/ec2nodeclass": "default", "karpenter.sh/capacity-type": "spot", "karpenter.sh/nodepool": nodepool})
                tags.update({"karpenter.sh/nodepool": nodepool, "karpenter.k8s.aws/ec2nodeclass": "default"})
            self.account.instance(self.region, instance, profile, tokens, hops, f"{self.name}-{nodegroup or nodepool}", dns, ip, where, kind,
                                  when, self.name, tags, self.vpc, self.subnets["abc".index(zone)])
        kubelet = f"v{kubelet or self.version}.2-eks-ecaa3a6"
        image = "Amazon Linux 2" if nodegroup == "legacy" else "Amazon Linux 2023.9.20260120"
        spec = {"providerID": provider}
        if taints:
            spec["taints"] = taints
        self.add("nodes", "v1", "Node", name, created=when, labels=dict(sorted(labels.items())), spec=spec, status={
            "addresses": [{"address": ip, "type": "InternalIP"}, {"address": name, "type": "Hostname"}],
            "conditions": [{"reason": "KubeletReady", "status": "True", "type": "Ready"}],
            "nodeInfo": {"kubeletVersion": kubelet, "operatingSystem": "linux", "osImage": image}})
        self.nodes[name] = {"fargate": fargate, "launched": when}
        return name

    def template(self, name, sa, containers, init=None, volumes=None, host_network=False, labels=None, annotations=None, api=False, **spec):
        """`api` says that the workload talks to the Kubernetes API, so has its token mounted."""
        body = {} if api else {"automountServiceAccountToken": False}
        body["containers"] = containers
        if init:
            body["initContainers"] = init
        if host_network:
            body["hostNetwork"] = True
        body.update({"serviceAccountName": sa, **spec})
        if volumes:
            body["volumes"] = volumes
        meta = {"annotations": annotations} if annotations else {}
        meta["labels"] = {"app": name, **(labels or {})}
        return {"metadata": meta, "spec": body}

    def pod(self, namespace, name, template, node, created, owner=None, extra_labels=None, ready=True, phase="Running"):
        """A pod of `template`, through the webhook as it stood at `created`."""
        created = moment(created)
        spec = copy.deepcopy(template["spec"])
        label = f"{self.name}/{namespace}/{name}"
        meta = self.meta("Pod", name, namespace, created, {**template["metadata"]["labels"], **(extra_labels or {})},
                         copy.deepcopy(template["metadata"].get("annotations")))
        if owner:
            api, kind, owner_name = owner
            meta["ownerReferences"] = [{"apiVersion": api, "controller": True, "kind": kind, "name": owner_name,
                                        "uid": uid(f"{self.name}/{kind}/{namespace}/{owner_name}")}]
        if self.nodes[node]["fargate"]:
            meta["labels"]["eks.amazonaws.com/fargate-profile"] = self.nodes[node]["fargate"]
        sa = spec["serviceAccountName"]
        history, notes = self.known_roles.get((namespace, sa), ([], {}))
        if spec.get("automountServiceAccountToken") is not False:
            access = f"kube-api-access-{suffix(label + '/token')}"
            for container in spec.get("initContainers", []) + spec["containers"]:
                container.setdefault("volumeMounts", []).append({"mountPath": API_TOKEN_DIRECTORY, "name": access, "readOnly": True})
            spec.setdefault("volumes", []).append({"name": access, "projected": {"defaultMode": 420, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
                {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]}}]}})
        spec["nodeName"] = node
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
        if self.webhook_until is None or created < self.webhook_until:
            role = next((arn for since, arn in reversed(history) if since <= created), None)
            association = self.associations.get((namespace, sa))
            webhook.mutate(pod, self.region, role, association is not None and association["created"] <= created, notes)
        pod["status"] = {"conditions": [{"status": "True" if ready else "False", "type": "Ready"}], "phase": phase, "startTime": k8s_time(created)}
        self.lists["pods"].append(pod)
        return pod

    def app(self, kind, namespace, name, sa, containers, pods=(), replicas=None, generation=1, pod_names=None, annotations=None,
            expect=None, not_ready=(), pod_annotations=None, **template):
        """A Deployment, StatefulSet or DaemonSet with its pods: (node, created) each.

        `expect` is the identity of its containers: (source, role, verdict, rule) or {container: ...}.
        """
        body = self.template(name, sa, containers, annotations=pod_annotations, **template)
        count = len(pods) if replicas is None else replicas
        born = min([moment(c) for _, c in pods] + [self.created + (NOW - self.created) / 3])
        spec = {"template": body}
        if kind != "DaemonSet":
            spec = {"replicas": count, **spec}
        if kind == "StatefulSet":
            spec["serviceName"] = name
        status = {"readyReplicas": count, "replicas": count}
        if kind == "DaemonSet":
            status = {"currentNumberScheduled": count, "desiredNumberScheduled": count, "numberMisscheduled": 0, "numberReady": count - len(not_ready)}
        item = self.add(APPS[kind], "apps/v1", kind, name, namespace, born, None, annotations, spec=spec, status=status)
        item["metadata"]["generation"] = generation
        owner, prefix, extra = ("apps/v1", kind, name), f"{name}-", {}
        if kind == "Deployment":
            hash_ = pod_names[0] if pod_names else suffix(f"{self.name}/{namespace}/{name}/hash", 10)
            owner, prefix = ("apps/v1", "ReplicaSet", f"{name}-{hash_}"), f"{name}-{hash_}-"
            extra = {"pod-template-hash": hash_}
            self.replica_set(namespace, name, body, hash_, count, pods[0][1] if pods else born)
        elif kind == "DaemonSet":
            extra = {"controller-revision-hash": suffix(name + "/revision", 10)}
        else:
            extra = {"controller-revision-hash": f"{name}-{suffix(name + '/revision', 10)}"}
        for i, (node, created) in enumerate(pods):
            if kind == "StatefulSet":
                pod_name, labels = f"{name}-{i}", {**extra, "statefulset.kubernetes.io/pod-name": f"{name}-{i}"}
            else:
                end = pod_names[1][i] if pod_names else suffix(f"{self.name}/{namespace}/{name}/{i}")
                pod_name, labels = prefix + end, extra
            self.pod(namespace, pod_name, body, node, created, owner, labels, ready=i not in not_ready)
        self.expect(f"{kind}/{name}", namespace, body, expect)
        return item

    def replica_set(self, namespace, name, template, hash_, replicas, created):
        body = copy.deepcopy(template)
        body["metadata"]["labels"]["pod-template-hash"] = hash_
        item = self.add("replicasets", "apps/v1", "ReplicaSet", f"{name}-{hash_}", namespace, moment(created),
                        spec={"replicas": replicas, "template": body}, status={"replicas": replicas})
        meta = item["metadata"]
        meta["ownerReferences"] = [{"apiVersion": "apps/v1", "controller": True, "kind": "Deployment", "name": name,
                                    "uid": uid(f"{self.name}/Deployment/{namespace}/{name}")}]

    def cron_job(self, namespace, name, sa, containers, schedule, running=None, suspend=False, expect=None, **template):
        """`running` is (node, created) of the pod of its present job."""
        body = self.template(name, sa, containers, restartPolicy="Never", **template)
        self.add("cronjobs", "batch/v1", "CronJob", name, namespace, self.created + (NOW - self.created) / 4, spec={
            "concurrencyPolicy": "Forbid", "failedJobsHistoryLimit": 1, "jobTemplate": {"spec": {"backoffLimit": 2, "template": body}},
            "schedule": schedule, "successfulJobsHistoryLimit": 0, "suspend": suspend}, status={})
        if running:
            node, created = running[0], at(running[1])
            job = f"{name}-{int((created - at('1970-01-01 00:00')).total_seconds() // 60)}"
            item = self.add("jobs", "batch/v1", "Job", job, namespace, created,
                            spec={"backoffLimit": 2, "completions": 1, "parallelism": 1, "template": body},
                            status={"active": 1, "ready": 1, "startTime": k8s_time(created)})
            item["metadata"]["ownerReferences"] = [{"apiVersion": "batch/v1", "controller": True, "kind": "CronJob",
                                                    "name": name, "uid": uid(f"{self.name}/CronJob/{namespace}/{name}")}]
            self.pod(namespace, f"{job}-{suffix(job)}", body, node, created, ("batch/v1", "Job", job),
                     {"batch.kubernetes.io/job-name": job})
        self.expect(f"CronJob/{name}", namespace, body, expect)

    def bare_pod(self, namespace, name, sa, containers, node, created, expect=None, **template):
        body = self.template(name, sa, containers, **template)
        self.pod(namespace, name, body, node, created)
        self.expect(f"Pod/{name}", namespace, body, expect)

    def expect(self, workload, namespace, template, expect):
        """A list says that pods of the workload differ."""
        spec = template["spec"]
        for container in spec.get("initContainers", []) + spec["containers"]:
            own = expect[container["name"]] if isinstance(expect, dict) else expect
            for source, role, verdict, rule in own if isinstance(own, list) else [own]:
                self.expected.append((self.name, namespace, workload, container["name"], source, role or "-", verdict, rule))

    def plant(self, subject, finding, what):
        self.planted.append((self.name, subject, finding, what))

    def associate(self, namespace, sa, role, created, modified=None, target=None, external_id=None, tags_off=False, session_policy=None, id_=None):
        id_ = id_ or "a-" + "".join(c for c in digest(f"{self.name}/{namespace}/{sa}/association"))[:17]
        row = {"clusterName": self.name, "namespace": namespace, "serviceAccount": sa, "roleArn": role,
               "associationArn": f"arn:aws:eks:{self.region}:{self.account.id}:podidentityassociation/{self.name}/{id_}", "associationId": id_,
               "tags": {}, "createdAt": eks_time(at(created)), "modifiedAt": eks_time(at(modified or created)), "disableSessionTags": tags_off}
        if target:
            row.update({"targetRoleArn": target,
                        "externalId": external_id or f"{self.region}/{self.account.id}/{self.name}/{namespace}/{sa}"})
        if session_policy:
            row["policy"] = json.dumps(session_policy, separators=(",", ":"))
        self.associations[namespace, sa] = {"created": at(created), "row": row}

    def entry(self, principal, kind="STANDARD", groups=(), policies=(), created=None, username=None):
        account, name = principal.split(":")[4], principal.rsplit("/", 1)[1]
        when = eks_time(moment(created) or self.created)
        what = "user" if ":user/" in principal else "role"
        default = (f"arn:aws:sts::{account}:assumed-role/{name}/{{{{SessionName}}}}" if what == "role" else principal)
        if kind != "STANDARD":
            default = "system:node:{{SessionName}}" if kind == "FARGATE_LINUX" else "system:node:{{EC2PrivateDNSName}}"
            groups = ["system:node-proxier", "system:nodes", "system:bootstrappers"] if kind == "FARGATE_LINUX" else ["system:nodes"]
        self.entries.append({
            "clusterName": self.name, "principalArn": principal, "kubernetesGroups": list(groups),
            "accessEntryArn": f"arn:aws:eks:{self.region}:{self.account.id}:access-entry/{self.name}/{what}/{account}/{name}/{uid(self.name + principal)}",
            "createdAt": when, "modifiedAt": when, "tags": {}, "username": username or default, "type": kind})
        if policies:
            self.access_policies.append({"associatedAccessPolicies": [
                {"policyArn": f"arn:aws:eks::aws:cluster-access-policy/{policy}",
                 "accessScope": {"type": "namespace" if spaces else "cluster", "namespaces": list(spaces)}, "associatedAt": when, "modifiedAt": when}
                for policy, *spaces in policies], "clusterName": self.name, "principalArn": principal})

    def nodegroup(self, name, role, size, ami="AL2023_x86_64_STANDARD", version=None):
        when, version = eks_time(self.created), version or self.version
        self.nodegroups.append({
            "nodegroupName": name, "nodegroupArn": f"arn:aws:eks:{self.region}:{self.account.id}:nodegroup/{self.name}/{name}/{uid(self.name + name)}",
            "clusterName": self.name, "version": version, "releaseVersion": f"{version}.2-20260120", "createdAt": when, "modifiedAt": when,
            "status": "ACTIVE", "capacityType": "ON_DEMAND", "scalingConfig": {"minSize": 0, "maxSize": 10, "desiredSize": size},
            "instanceTypes": ["m6i.xlarge"], "subnets": self.subnets, "amiType": ami, "nodeRole": role, "labels": {},
            "diskSize": 50, "health": {"issues": []}, "updateConfig": {"maxUnavailable": 1}, "tags": {}})

    def fargate_profile(self, name, role, selectors):
        self.fargate.append({
            "fargateProfileName": name,
            "fargateProfileArn": f"arn:aws:eks:{self.region}:{self.account.id}:fargateprofile/{self.name}/{name}/{uid(self.name + name)}",
            "clusterName": self.name, "createdAt": eks_time(self.created), "podExecutionRoleArn": role, "subnets": self.subnets,
            "selectors": selectors, "status": "ACTIVE", "tags": {}})

    def description(self, role, tags):
        return {"cluster": {
            "name": self.name, "arn": self.arn, "createdAt": eks_time(self.created), "version": self.version,
            "endpoint": f"https://{self.issuer_id}.gr7.{self.region}.eks.amazonaws.com", "roleArn": role,
            "resourcesVpcConfig": {"subnetIds": self.subnets, "securityGroupIds": [], "clusterSecurityGroupId": hex_id("sg", self.name),
                                   "vpcId": self.vpc, "endpointPublicAccess": not self.private_only, "endpointPrivateAccess": True,
                                   "publicAccessCidrs": [] if self.private_only else ["203.0.113.0/24"]},
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4"},
            "identity": {"oidc": {"issuer": f"https://{self.issuer}"}}, "status": "ACTIVE",
            "certificateAuthority": {"data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg=="}, "platformVersion": "eks.9", "tags": tags,
            "health": {"issues": []}, "accessConfig": {"authenticationMode": self.mode}, "upgradePolicy": {"supportType": "STANDARD"},
            "deletionProtection": False}}

    def files(self):
        d = f"clusters/{self.name}"
        by_name = sorted(self.associations)
        brief = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId")
        associations = [self.associations[key]["row"] for key in by_name]
        out = {f"{d}/{resource}.json": kubernetes_list(sorted(self.lists[resource], key=lambda i: (
            i["metadata"].get("namespace", ""), i["metadata"]["name"]))) for resource in RESOURCES}
        out.update({
            f"{d}/describe-cluster.json": pretty(self.describe),
            f"{d}/list-pod-identity-associations.json": lists(associations=[{k: a[k] for k in brief} for a in associations]),
            f"{d}/describe-pod-identity-association.jsonl": lines({"association": a} for a in associations),
            f"{d}/list-access-entries.json": lists(accessEntries=[e["principalArn"] for e in self.entries]),
            f"{d}/describe-access-entry.jsonl": lines({"accessEntry": e} for e in self.entries),
            f"{d}/list-associated-access-policies.jsonl": lines(self.access_policies),
            f"{d}/list-nodegroups.json": lists(nodegroups=[g["nodegroupName"] for g in self.nodegroups]),
            f"{d}/describe-nodegroup.jsonl": lines({"nodegroup": g} for g in self.nodegroups),
            f"{d}/list-fargate-profiles.json": lists(fargateProfileNames=[p["fargateProfileName"] for p in self.fargate]),
            f"{d}/describe-fargate-profile.jsonl": lines({"fargateProfile": p} for p in self.fargate),
            f"{d}/list-addons.json": lists(addons=self.addons),
            f"{d}/version.json": pretty({
                "clientVersion": {"major": "1", "minor": "35", "gitVersion": "v1.35.0", "platform": "linux/amd64"}, "kustomizeVersion": "v5.7.1",
                "serverVersion": {"major": "1", "minor": self.version[2:], "gitVersion": f"v{self.version}.2-eks-ecaa3a6", "platform": "linux/amd64"}}),
        })
        return out


def container(name, image, env=None, **more):
    """`env`: name to value; a value of two words `secret:NAME/KEY`, `config:NAME/KEY` or `field:PATH` is a reference."""
    body = {}
    if env:
        body["env"] = [variable(key, value) for key, value in env.items()]
    body.update({"image": image, "name": name})
    body.update(more)
    return dict(sorted(body.items()))


def variable(name, value):
    how, _, rest = value.partition(":")
    if how in ("secret", "config") and "/" in rest:
        source, _, key = rest.partition("/")
        return {"name": name, "valueFrom": {{"secret": "secretKeyRef", "config": "configMapKeyRef"}[how]: {"key": key, "name": source}}}
    if how == "field":
        return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": rest}}}
    return {"name": name, "value": value}

