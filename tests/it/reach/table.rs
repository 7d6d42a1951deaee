//! One world with every kind of edge, made by hand: for each kind a pair of things that has the edge and a pair that
//! nearly has it, in one table; and every path of that world walked back to the facts.

use rolewalk::analysis::used_by::used_by;
use rolewalk::estate::Estate;
use rolewalk::graph::kind::Role;
use rolewalk::graph::{EdgeKind, KINDS};
use rolewalk::model::{EntityKey, Kind};

use super::checker::Checker;
use super::{derived, key, world_of};

const WORLD: &str = r#"
cluster c1 mode=API_AND_CONFIG_MAP version=1.34
cluster c2 mode=CONFIG_MAP version=1.35
cluster c3 mode=API version=1.35
# A locked node, one whose metadata answers pods, one with the agent, one without a profile, one of Karpenter, one of a node group.
node n1 tokens=required hop=1
node open tokens=optional hop=2
node agent tokens=required hop=1 agent
node bare tokens=required hop=1 role=none
node spot kind=karpenter role=karpenter
node group kind=managed role=managed
node n2 cluster=c2
node n3 cluster=c3
role karpenter ec2
role managed ec2
namespace strict label:pod-security.kubernetes.io/enforce=restricted
sa strict/x
# The workload that most rights are over, and its role.
sa ns/app role=r
sa ns/other
role r irsa=ns:app attached=arn:aws:iam::111122223333:policy/p boundary=arn:aws:iam::111122223333:policy/bound
policy p allow={"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/*"}
policy bound allow={"Effect":"Allow","Action":"*","Resource":"*"}
pod ns/app-1 sa=app node=n1 irsa=r owner=StatefulSet/app
workload ns/web sa=other
# Pods by the way they come to credentials, each with one that nearly does.
role w irsa=ns:someone
pod ns/untrusted sa=other node=n1 irsa=w
role q pods policy={"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}
association ns/p role=q
pod ns/p sa=p node=agent pi
role q2 pods
association ns/gone role=q2
pod ns/p2 sa=p2 node=agent pi
pod ns/plain sa=other node=open
pod ns/locked sa=other node=n1
role b irsa=ns:both
sa ns/both
pod ns/both sa=both node=open irsa=b
pod ns/host sa=other node=n1 host
pod ns/hostpid sa=other node=n1 hostpid
pod ns/keys sa=app node=n1 irsa=r env:AWS_ACCESS_KEY_ID=*** env:AWS_SECRET_ACCESS_KEY=***
pod ns/keys2 sa=app node=n1 env:AWS_ACCESS_KEY_ID=*** env:AWS_SECRET_ACCESS_KEY=*** env:AWS_ROLE_ARN=arn:aws:iam::111122223333:role/r
role l irsa=ns:*  sub=system:serviceaccount:ns:* op=StringLike
role l2 irsa=ns:* sub=system:serviceaccount:ns:*
sa ns/two
role two irsa=ns:two
association ns/two role=q
pod ns/two sa=two node=agent irsa=two pi
pod ns/two-b sa=two node=agent irsa=two
daemonset kube-system/kube2iam cluster=c2
role k
pod ns/k sa=k node=n2 cluster=c2 note:iam.amazonaws.com/role=k
pod ns/k sa=k node=n1 note:iam.amazonaws.com/role=k
configmap ns/aws "data:config=[default];role_arn = arn:aws:iam::111122223333:role/f;web_identity_token_file = /var/t/token;"
role f irsa=ns:file
pod ns/file sa=file node=n1 volume:cfg=configmap(aws) mount:cfg=/root/.aws volume:t=token(sts.amazonaws.com,token) mount:t=/var/t
pod ns/file2 sa=file node=n1 volume:cfg=configmap(aws) mount:cfg=/root/.aws
# What a pod takes its node by, and what a node holds.
pod ns/priv sa=other node=n1 privileged
pod ns/cap sa=other node=n1 cap=NET_ADMIN
pod ns/mount sa=other node=n1 volume:k=hostpath(/var/lib/kubelet) mount:k=/k
pod ns/mount2 sa=other node=n1 volume:k=hostpath(/var/lib/data) mount:k=/k
sa ns/ended
pod ns/ended sa=ended node=n1 ended
# What an account is worth.
role act irsa=ns:app action=sts:AssumeRole
role aud irsa=ns:app aud=elsewhere
association ns/noagent role=q cluster=c3
sa ns/noagent cluster=c3
# Rights in Kubernetes: a group that has one, and a group that nearly has it.
role.rbac ns/can-token-request can:create=serviceaccounts/token
rolebinding ns/can-token-request role=can-token-request to:group=can-token-request
role.rbac ns/no-token-request can:create=serviceaccounts
rolebinding ns/no-token-request role=no-token-request to:group=no-token-request
role.rbac ns/can-pod-create can:create=pods
rolebinding ns/can-pod-create role=can-pod-create to:group=can-pod-create
role.rbac ns/no-pod-create can:create=pods[x]
rolebinding ns/no-pod-create role=no-pod-create to:group=no-pod-create
role.rbac ns/can-workload-create can:create=cronjobs
rolebinding ns/can-workload-create role=can-workload-create to:group=can-workload-create
role.rbac strict/no-workload-create can:create=cronjobs
rolebinding strict/no-workload-create role=no-workload-create to:group=no-workload-create
role.rbac ns/can-workload-patch can:patch=deployments
rolebinding ns/can-workload-patch role=can-workload-patch to:group=can-workload-patch
role.rbac strict/no-workload-patch can:patch=deployments
rolebinding strict/no-workload-patch role=no-workload-patch to:group=no-workload-patch
pod ns/app sa=app node=n3 cluster=c3
role.rbac ns/can-pod-exec can:get=pods/exec
rolebinding ns/can-pod-exec role=can-pod-exec to:group=can-pod-exec
role.rbac ns/no-pod-exec can:get=pods/exec cluster=c3
rolebinding ns/no-pod-exec role=no-pod-exec to:group=no-pod-exec cluster=c3
role.rbac ns/can-pod-attach can:create=pods/attach
rolebinding ns/can-pod-attach role=can-pod-attach to:group=can-pod-attach
role.rbac ns/no-pod-attach can:create=pods/attach[other]
rolebinding ns/no-pod-attach role=no-pod-attach to:group=no-pod-attach
role.rbac ns/can-debug can:patch=pods/ephemeralcontainers
rolebinding ns/can-debug role=can-debug to:group=can-debug
role.rbac ns/no-debug can:get=pods/ephemeralcontainers
rolebinding ns/no-debug role=no-debug to:group=no-debug
clusterrole can-nodes-proxy can:get=nodes/proxy
clusterrolebinding can-nodes-proxy clusterrole=can-nodes-proxy to:group=can-nodes-proxy
role.rbac ns/no-nodes-proxy can:get=nodes/proxy
rolebinding ns/no-nodes-proxy role=no-nodes-proxy to:group=no-nodes-proxy
role.rbac ns/can-pod-patch-image can:patch=pods
rolebinding ns/can-pod-patch-image role=can-pod-patch-image to:group=can-pod-patch-image
role.rbac ns/no-pod-patch-image can:patch=pods/status
rolebinding ns/no-pod-patch-image role=no-pod-patch-image to:group=no-pod-patch-image
role.rbac ns/can-sa-annotate can:patch=serviceaccounts
rolebinding ns/can-sa-annotate role=can-sa-annotate to:group=can-sa-annotate
role.rbac ns/no-sa-annotate can:patch=serviceaccounts
rolebinding ns/no-sa-annotate role=no-sa-annotate to:group=no-sa-annotate
role ghost irsa=ns:ghost
role.rbac ns/can-sa-create can:create=serviceaccounts,pods
rolebinding ns/can-sa-create role=can-sa-create to:group=can-sa-create
role.rbac ns/no-sa-create can:create=serviceaccounts
rolebinding ns/no-sa-create role=no-sa-create to:group=no-sa-create
sa ns/old secrets=old-token
secret ns/old-token type=kubernetes.io/service-account-token
sa ns/pull secrets=pull
secret ns/pull type=kubernetes.io/dockerconfigjson
role.rbac ns/can-secret-read can:list=secrets
rolebinding ns/can-secret-read role=can-secret-read to:group=can-secret-read
role.rbac ns/no-secret-read can:list=secrets
rolebinding ns/no-secret-read role=no-secret-read to:group=no-secret-read
role.rbac ns/can-secret-mint can:create,get=secrets
rolebinding ns/can-secret-mint role=can-secret-mint to:group=can-secret-mint
role.rbac ns/no-secret-mint can:create=secrets
rolebinding ns/no-secret-mint role=no-secret-mint to:group=no-secret-mint
role.rbac ns/can-impersonate can:impersonate=serviceaccounts[app]
rolebinding ns/can-impersonate role=can-impersonate to:group=can-impersonate
role.rbac ns/no-impersonate can:impersonate=serviceaccounts[x]
rolebinding ns/no-impersonate role=no-impersonate to:group=no-impersonate
clusterrole can-bind can:bind=clusterroles can:create=clusterrolebindings
clusterrolebinding can-bind clusterrole=can-bind to:group=can-bind
clusterrole no-bind can:bind=clusterroles
clusterrolebinding no-bind clusterrole=no-bind to:group=no-bind
clusterrole can-escalate can:escalate,update=clusterroles
clusterrolebinding can-escalate clusterrole=can-escalate to:group=can-escalate
clusterrole no-escalate can:update=clusterroles
clusterrolebinding no-escalate clusterrole=no-escalate to:group=no-escalate
clusterrole can-csr can:create=certificatesigningrequests can:update=certificatesigningrequests.certificates.k8s.io/approval can:approve=signers.certificates.k8s.io[kubernetes.io/kube-apiserver-client]
clusterrolebinding can-csr clusterrole=can-csr to:group=can-csr
clusterrole no-csr can:create=certificatesigningrequests can:update=certificatesigningrequests.certificates.k8s.io/approval
clusterrolebinding no-csr clusterrole=no-csr to:group=no-csr
clusterrole can-webhook-control can:patch=mutatingwebhookconfigurations
clusterrolebinding can-webhook-control clusterrole=can-webhook-control to:group=can-webhook-control
clusterrole no-webhook-control can:patch=validatingwebhookconfigurations.admissionregistration.k8s.io
clusterrolebinding no-webhook-control clusterrole=no-webhook-control to:group=no-webhook-control
clusterrole can-ns-labels can:patch=namespaces can:create=pods
clusterrolebinding can-ns-labels clusterrole=can-ns-labels to:group=can-ns-labels
clusterrole no-ns-labels can:patch=namespaces
clusterrolebinding no-ns-labels clusterrole=no-ns-labels to:group=no-ns-labels
clusterrole can-pv-create can:create=persistentvolumes,persistentvolumeclaims,pods
clusterrolebinding can-pv-create clusterrole=can-pv-create to:group=can-pv-create
clusterrole no-pv-create can:create=persistentvolumes,pods
clusterrolebinding no-pv-create clusterrole=no-pv-create to:group=no-pv-create
aws-auth
aws-auth cluster=c3
role.rbac kube-system/can-aws-auth-edit can:patch=configmaps
rolebinding kube-system/can-aws-auth-edit role=can-aws-auth-edit to:group=can-aws-auth-edit
role.rbac kube-system/no-aws-auth-edit can:patch=configmaps cluster=c3
rolebinding kube-system/no-aws-auth-edit role=no-aws-auth-edit to:group=no-aws-auth-edit cluster=c3
clusterrole can-nodeclass-edit can:patch=ec2nodeclasses.karpenter.k8s.aws
clusterrolebinding can-nodeclass-edit clusterrole=can-nodeclass-edit to:group=can-nodeclass-edit
clusterrole no-nodeclass-edit can:patch=ec2nodeclasses.karpenter.k8s.aws
clusterrolebinding no-nodeclass-edit clusterrole=no-nodeclass-edit to:group=no-nodeclass-edit
role ack irsa=ns:ack
pod ns/ack-iam-controller sa=ack node=n1 irsa=ack
role.rbac ns/can-controller-crd can:create=roles.iam.services.k8s.aws
rolebinding ns/can-controller-crd role=can-controller-crd to:group=can-controller-crd
role.rbac ns/no-controller-crd can:get=roles.iam.services.k8s.aws
rolebinding ns/no-controller-crd role=no-controller-crd to:group=no-controller-crd
role.rbac ns/can-portforward can:create=pods/portforward
rolebinding ns/can-portforward role=can-portforward to:group=can-portforward
role.rbac ns/no-portforward can:list=pods/portforward
rolebinding ns/no-portforward role=no-portforward to:group=no-portforward
role.rbac ns/can-proxy can:get=pods/proxy
rolebinding ns/can-proxy role=can-proxy to:group=can-proxy
role.rbac ns/no-proxy can:list=pods/proxy
rolebinding ns/no-proxy role=no-proxy to:group=no-proxy
clusterrole can-schedule-steer can:patch=nodes
clusterrolebinding can-schedule-steer clusterrole=can-schedule-steer to:group=can-schedule-steer
clusterrole no-schedule-steer can:patch=nodes/status
clusterrolebinding no-schedule-steer clusterrole=no-schedule-steer to:group=no-schedule-steer
role.rbac ns/members can:create=pods
rolebinding ns/members role=members to:group=system:serviceaccounts:ns
role.rbac strict/members can:create=pods
rolebinding strict/members role=members to:group=system:serviceaccounts:strict
clusterrole can-cluster-admin can:*=*
clusterrolebinding can-cluster-admin clusterrole=can-cluster-admin to:group=can-cluster-admin
clusterrole no-cluster-admin can:get=*
clusterrolebinding no-cluster-admin clusterrole=no-cluster-admin to:group=no-cluster-admin
rolebinding ns/owner clusterrole=can-cluster-admin to:group=owner
# Principals of AWS in clusters.
role entry
access-entry entry groups=can-pod-create
role mapped
aws-auth cluster=c2 role:mapped=system:masters
role mapped3
aws-auth cluster=c3 role:mapped3=system:masters
role ruler
access-entry ruler policy:AmazonEKSClusterAdminPolicy=
role viewer
access-entry viewer policy:AmazonEKSViewPolicy=
# Within AWS.
role t trusts=arn:aws:iam::111122223333:role/r
role t2 trusts=arn:aws:iam::111122223333:role/someone
role boss policy={"Effect":"Allow","Action":"*","Resource":"*"}
role clerk policy={"Effect":"Allow","Action":"s3:*","Resource":"*"}
role reserved path=/aws-reserved/sso.amazonaws.com/
role trusting policy={"Effect":"Allow","Action":"iam:UpdateAssumeRolePolicy","Resource":"arn:aws:iam::111122223333:role/q"}
role admits policy={"Effect":"Allow","Action":["eks:CreateAccessEntry","eks:AssociateAccessPolicy"],"Resource":"*"}
role admits2 policy={"Effect":"Allow","Action":"eks:CreateAccessEntry","Resource":"*"}
role binds policy={"Effect":"Allow","Action":["eks:CreatePodIdentityAssociation","iam:PassRole"],"Resource":"*"}
role binds2 policy={"Effect":"Allow","Action":"eks:CreatePodIdentityAssociation","Resource":"*"}
role enters policy={"Effect":"Allow","Action":["ssm:StartSession","ssm:SendCommand"],"Resource":"*"}
role enters2 policy={"Effect":"Allow","Action":"ssm:DescribeInstanceInformation","Resource":"*"}
role far irsa=ns:app of=c2
"#;

struct Case {
    kind: &'static str,
    /// Has the edge.
    has: (&'static str, &'static str),
    /// Nearly has it.
    misses: (&'static str, &'static str),
    /// What is missing.
    because: &'static str,
}

const fn case(
    kind: &'static str,
    has: (&'static str, &'static str),
    misses: (&'static str, &'static str),
    because: &'static str,
) -> Case {
    Case { kind, has, misses, because }
}

const TABLE: &[Case] = &[
    case(
        "runs-as",
        ("statefulset/c1/ns/app", "sa/c1/ns/app"),
        ("statefulset/c1/ns/app", "sa/c1/ns/other"),
        "it runs as another account",
    ),
    case(
        "irsa",
        ("statefulset/c1/ns/app", "role/111122223333:r"),
        ("pod/c1/ns/untrusted", "role/111122223333:w"),
        "the trust policy names another account",
    ),
    case(
        "pod-identity",
        ("pod/c1/ns/p", "role/111122223333:q"),
        ("pod/c1/ns/p2", "role/111122223333:q2"),
        "the association is another account's",
    ),
    case(
        "node-role",
        ("pod/c1/ns/plain", "role/111122223333:node"),
        ("pod/c1/ns/locked", "role/111122223333:node"),
        "hop limit 1",
    ),
    case(
        "imds",
        ("pod/c1/ns/both", "role/111122223333:node"),
        ("statefulset/c1/ns/app", "role/111122223333:node"),
        "hop limit 1",
    ),
    case(
        "hostnetwork",
        ("pod/c1/ns/host", "role/111122223333:node"),
        ("pod/c1/ns/hostpid", "role/111122223333:node"),
        "the processes of the host are not its network",
    ),
    case(
        "token",
        ("pod/c1/ns/keys", "role/111122223333:r"),
        ("pod/c1/ns/keys2", "role/111122223333:r"),
        "the role is named and no token is mounted",
    ),
    case(
        "latent-trust",
        ("statefulset/c1/ns/app", "role/111122223333:l"),
        ("statefulset/c1/ns/app", "role/111122223333:l2"),
        "a star is a star where the operator is StringEquals",
    ),
    case(
        "association-token",
        ("pod/c1/ns/two", "role/111122223333:q"),
        ("pod/c1/ns/two-b", "role/111122223333:q"),
        "started before the association",
    ),
    case(
        "interceptor",
        ("pod/c2/ns/k", "role/111122223333:k"),
        ("pod/c1/ns/k", "role/111122223333:k"),
        "the cluster has no interceptor",
    ),
    case(
        "credential",
        ("pod/c1/ns/file", "role/111122223333:f"),
        ("pod/c1/ns/file2", "role/111122223333:f"),
        "the token file of the profile is not mounted",
    ),
    case(
        "node-takeover",
        ("pod/c1/ns/priv", "node/c1/n1"),
        ("pod/c1/ns/cap", "node/c1/n1"),
        "the capability is over the network alone",
    ),
    case(
        "node-token-files",
        ("pod/c1/ns/mount", "node/c1/n1"),
        ("pod/c1/ns/mount2", "node/c1/n1"),
        "no tokens lie there",
    ),
    case(
        "instance-profile",
        ("node/c1/n1", "role/111122223333:node"),
        ("node/c1/bare", "role/111122223333:node"),
        "it has no profile",
    ),
    case(
        "node-pods",
        ("node/c1/n1", "statefulset/c1/ns/app"),
        ("node/c1/open", "statefulset/c1/ns/app"),
        "it runs elsewhere",
    ),
    case("node-tokens", ("node/c1/n1", "sa/c1/ns/app"), ("node/c1/open", "sa/c1/ns/app"), "no pod of it runs there"),
    case("kubelet", ("pod/c1/ns/plain", "node/c1/open"), ("pod/c1/ns/locked", "node/c1/n1"), "hop limit 1"),
    case("kubelet-token", ("node/c1/n1", "sa/c1/ns/app"), ("node/c1/n1", "sa/c1/ns/ended"), "its pod has ended"),
    case(
        "runs-on",
        ("statefulset/c1/ns/app", "node/c1/n1"),
        ("statefulset/c1/ns/app", "node/c1/open"),
        "it runs elsewhere",
    ),
    case(
        "minted-token",
        ("sa/c1/ns/app", "role/111122223333:r"),
        ("sa/c1/ns/app", "role/111122223333:act"),
        "the action is not that of web identities",
    ),
    case(
        "new-pod-irsa",
        ("sa/c1/ns/app", "role/111122223333:r"),
        ("sa/c1/ns/app", "role/111122223333:aud"),
        "no provider takes the audience",
    ),
    case(
        "new-pod-association",
        ("sa/c1/ns/two", "role/111122223333:q"),
        ("sa/c3/ns/noagent", "role/111122223333:q"),
        "no node of the cluster has the agent",
    ),
    case(
        "minted-association-token",
        ("sa/c1/ns/two", "role/111122223333:q"),
        ("sa/c1/ns/app", "role/111122223333:q"),
        "the association is another account's",
    ),
    case(
        "declares",
        ("sa/c1/ns/app", "role/111122223333:r"),
        ("sa/c1/ns/both", "role/111122223333:b"),
        "nothing is annotated",
    ),
    case(
        "token-request",
        ("group/c1/can-token-request", "sa/c1/ns/app"),
        ("group/c1/no-token-request", "sa/c1/ns/app"),
        "another right",
    ),
    case(
        "pod-create",
        ("group/c1/can-pod-create", "sa/c1/ns/app"),
        ("group/c1/no-pod-create", "sa/c1/ns/app"),
        "a create carries no name when it is authorized (R141)",
    ),
    case(
        "workload-create",
        ("group/c1/can-workload-create", "sa/c1/ns/app"),
        ("group/c1/no-workload-create", "sa/c1/ns/app"),
        "another namespace",
    ),
    case(
        "workload-patch",
        ("group/c1/can-workload-patch", "sa/c1/ns/app"),
        ("group/c1/no-workload-patch", "sa/c1/strict/x"),
        "there is nothing to patch",
    ),
    case(
        "pod-exec",
        ("group/c1/can-pod-exec", "statefulset/c1/ns/app"),
        ("group/c3/no-pod-exec", "pod/c3/ns/app"),
        "from 1.35 on get is not enough",
    ),
    case(
        "pod-attach",
        ("group/c1/can-pod-attach", "statefulset/c1/ns/app"),
        ("group/c1/no-pod-attach", "statefulset/c1/ns/app"),
        "another pod",
    ),
    case(
        "debug",
        ("group/c1/can-debug", "statefulset/c1/ns/app"),
        ("group/c1/no-debug", "statefulset/c1/ns/app"),
        "reading",
    ),
    case(
        "nodes-proxy",
        ("group/c1/can-nodes-proxy", "statefulset/c1/ns/app"),
        ("group/c1/no-nodes-proxy", "statefulset/c1/ns/app"),
        "nodes stand outside namespaces (R140)",
    ),
    case(
        "pod-patch-image",
        ("group/c1/can-pod-patch-image", "statefulset/c1/ns/app"),
        ("group/c1/no-pod-patch-image", "statefulset/c1/ns/app"),
        "the status holds no image",
    ),
    case(
        "sa-annotate",
        ("group/c1/can-sa-annotate", "role/111122223333:l"),
        ("group/c1/no-sa-annotate", "role/111122223333:l2"),
        "the role trusts no account there",
    ),
    case(
        "sa-create",
        ("group/c1/can-sa-create", "sa/c1/ns/ghost"),
        ("group/c1/can-sa-create", "sa/c1/ns/app"),
        "it is there already",
    ),
    case(
        "secret-read",
        ("group/c1/can-secret-read", "sa/c1/ns/old"),
        ("group/c1/no-secret-read", "sa/c1/ns/pull"),
        "the secret is no token",
    ),
    case(
        "secret-mint",
        ("group/c1/can-secret-mint", "sa/c1/ns/app"),
        ("group/c1/no-secret-mint", "sa/c1/ns/app"),
        "what was made cannot be read",
    ),
    case(
        "impersonate",
        ("group/c1/can-impersonate", "sa/c1/ns/app"),
        ("group/c1/no-impersonate", "sa/c1/ns/app"),
        "another name",
    ),
    case("bind", ("group/c1/can-bind", "cluster/c1"), ("group/c1/no-bind", "cluster/c1"), "no binding can be written"),
    case("escalate", ("group/c1/can-escalate", "cluster/c1"), ("group/c1/no-escalate", "cluster/c1"), "R143"),
    case("csr", ("group/c1/can-csr", "cluster/c1"), ("group/c1/no-csr", "cluster/c1"), "nobody signs"),
    case(
        "webhook-control",
        ("group/c1/can-webhook-control", "sa/c1/ns/app"),
        ("group/c1/no-webhook-control", "sa/c1/ns/app"),
        "it only refuses",
    ),
    case(
        "ns-labels",
        ("group/c1/can-ns-labels", "node/c1/n1"),
        ("group/c1/no-ns-labels", "node/c1/n1"),
        "nobody starts a pod there",
    ),
    case(
        "pv-create",
        ("group/c1/can-pv-create", "node/c1/n1"),
        ("group/c1/no-pv-create", "node/c1/n1"),
        "nothing claims the volume",
    ),
    case(
        "aws-auth-edit",
        ("group/c1/can-aws-auth-edit", "cluster/c1"),
        ("group/c3/no-aws-auth-edit", "cluster/c3"),
        "the map is not read in mode API",
    ),
    case(
        "nodeclass-edit",
        ("group/c1/can-nodeclass-edit", "role/111122223333:karpenter"),
        ("group/c1/no-nodeclass-edit", "role/111122223333:managed"),
        "no class makes nodes of a node group",
    ),
    case(
        "controller-crd",
        ("group/c1/can-controller-crd", "role/111122223333:ack"),
        ("group/c1/no-controller-crd", "role/111122223333:ack"),
        "reading",
    ),
    case(
        "portforward",
        ("group/c1/can-portforward", "statefulset/c1/ns/app"),
        ("group/c1/no-portforward", "statefulset/c1/ns/app"),
        "no such verb",
    ),
    case(
        "proxy",
        ("group/c1/can-proxy", "statefulset/c1/ns/app"),
        ("group/c1/no-proxy", "statefulset/c1/ns/app"),
        "no such verb",
    ),
    case(
        "schedule-steer",
        ("group/c1/can-schedule-steer", "node/c1/n1"),
        ("group/c1/no-schedule-steer", "node/c1/n1"),
        "the status steers nothing",
    ),
    case(
        "member-of",
        ("sa/c1/ns/app", "group/c1/system:serviceaccounts:ns"),
        ("sa/c1/ns/app", "group/c1/system:serviceaccounts:strict"),
        "another namespace",
    ),
    case(
        "cluster-admin",
        ("group/c1/can-cluster-admin", "cluster/c1"),
        ("group/c1/no-cluster-admin", "cluster/c1"),
        "reading",
    ),
    case(
        "namespace-admin",
        ("group/c1/owner", "namespace/c1/ns"),
        ("group/c1/owner", "namespace/c1/strict"),
        "another namespace",
    ),
    case(
        "granted",
        ("group/c1/owner", "clusterrole/c1/can-cluster-admin"),
        ("group/c1/owner", "clusterrole/c1/no-cluster-admin"),
        "another role",
    ),
    case(
        "access-entry",
        ("role/111122223333:entry", "group/c1/can-pod-create"),
        ("role/111122223333:r", "group/c1/can-pod-create"),
        "it has no entry",
    ),
    case(
        "aws-auth",
        ("role/111122223333:mapped", "group/c2/system:masters"),
        ("role/111122223333:mapped3", "group/c3/system:masters"),
        "the map is not read in mode API",
    ),
    case(
        "access-policy",
        ("role/111122223333:ruler", "cluster/c1"),
        ("role/111122223333:viewer", "cluster/c1"),
        "reading",
    ),
    case(
        "cluster-creator",
        ("user/c2/kubernetes-admin", "cluster/c2"),
        ("user/c3/kubernetes-admin", "cluster/c3"),
        "with access entries the creator has one, or nothing",
    ),
    case(
        "assume-role",
        ("role/111122223333:r", "role/111122223333:t"),
        ("role/111122223333:r", "role/111122223333:t2"),
        "the trust policy names another role",
    ),
    case(
        "account-admin",
        ("role/111122223333:boss", "res/arn:aws:iam::111122223333:root"),
        ("role/111122223333:clerk", "res/arn:aws:iam::111122223333:root"),
        "one service",
    ),
    case(
        "owns-role",
        ("res/arn:aws:iam::111122223333:root", "role/111122223333:r"),
        ("res/arn:aws:iam::111122223333:root", "role/111122223333:reserved"),
        "nobody in the account can change it",
    ),
    case(
        "escalation",
        ("role/111122223333:trusting", "role/111122223333:q"),
        ("role/111122223333:trusting", "role/111122223333:r"),
        "another resource",
    ),
    case(
        "access-entry-edit",
        ("role/111122223333:admits", "cluster/c1"),
        ("role/111122223333:admits2", "cluster/c1"),
        "the entry stays without a policy",
    ),
    case(
        "association-edit",
        ("role/111122223333:binds", "role/111122223333:q"),
        ("role/111122223333:binds2", "role/111122223333:q"),
        "no role may be passed",
    ),
    case(
        "node-access",
        ("role/111122223333:enters", "node/c1/n1"),
        ("role/111122223333:enters2", "node/c1/n1"),
        "reading",
    ),
    case(
        "attaches",
        ("role/111122223333:r", "policy/111122223333:p"),
        ("role/111122223333:r", "policy/111122223333:bound"),
        "it is the boundary",
    ),
    case(
        "bounded-by",
        ("role/111122223333:r", "policy/111122223333:bound"),
        ("role/111122223333:r", "policy/111122223333:p"),
        "it is attached",
    ),
    case(
        "trusts",
        ("role/111122223333:r", "provider/111122223333:oidc.eks.eu-west-1.amazonaws.com/id/C1"),
        ("role/111122223333:far", "provider/111122223333:oidc.eks.eu-west-1.amazonaws.com/id/C1"),
        "the provider is another cluster's",
    ),
];

/// An edge of the graph, or one that is answered from the facts.
fn has(estate: &Estate, kind: EdgeKind, (from, to): (&str, &str)) -> bool {
    let (from, to) = (key(from), key(to));
    let stored = estate.graph().uses(&from).iter().any(|it| it.kind == kind && it.key == to);
    stored || used_by(world_of(estate), &to).iter().any(|it| it.kind == kind && it.key == from)
}

#[test]
fn every_pair_of_the_table_has_its_edge_and_every_near_miss_has_not() {
    let estate = derived(WORLD);
    let mut wrong = Vec::new();
    for case in TABLE {
        let kind = EdgeKind::from_word(case.kind).unwrap_or_else(|| panic!("`{}` is no kind", case.kind));
        if !has(&estate, kind, case.has) {
            wrong.push(format!("no {} {:?}", case.kind, case.has));
        }
        if has(&estate, kind, case.misses) {
            wrong.push(format!("a {} {:?}, although {}", case.kind, case.misses, case.because));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn both_ends_of_a_near_miss_are_there() {
    let estate = derived(WORLD);
    let known = |address: &str| estate.graph().keys().any(|it| *it == key(address));
    let facts = |address: &str| matches!(key(address).kind, Kind::Provider | Kind::ClusterRole);
    let missing: Vec<&str> = TABLE
        .iter()
        .flat_map(|case| [case.misses.0, case.misses.1])
        .filter(|address| !known(address) && !facts(address))
        .collect();
    // That nobody is there is what is to be shown.
    assert_eq!(missing, ["user/c3/kubernetes-admin"]);
}

#[test]
fn the_table_holds_every_kind_of_edge_once() {
    let mut words: Vec<&str> = TABLE.iter().map(|case| case.kind).collect();
    words.sort_unstable();
    let mut kinds: Vec<&str> = KINDS.iter().filter(|row| row.role != Role::Inner).map(|row| row.word).collect();
    kinds.sort_unstable();
    assert_eq!(words, kinds);
}

#[test]
fn every_path_of_the_world_stands_on_facts() {
    let estate = derived(WORLD);
    let is_end = |key: &&EntityKey| matches!(key.kind, Kind::Role | Kind::Cluster | Kind::Node);
    let mut keys: Vec<EntityKey> = estate.graph().keys().filter(|key| !key.name.is_empty()).cloned().collect();
    keys.sort();
    let mut checker = Checker::new(&estate);
    for from in &keys {
        for to in keys.iter().filter(is_end).filter(|to| *to != from) {
            checker.check(from, to, 1);
        }
    }
    checker.finish(3000);
}
