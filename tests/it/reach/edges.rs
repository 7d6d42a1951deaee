//! One case that has the edge and one near miss that has not, for every kind of edge.

use rolewalk::graph::{EdgeKind, KINDS};

use super::{derived, key};

/// A cluster before 1.35, a locked node, two service accounts, a role that trusts one of them, a workload.
const BASE: &str = "
cluster c1 version=1.34
node n1 tokens=required hop=1
sa ns/app role=r
sa other/x
role r irsa=ns:app
pod ns/app-1 sa=app node=n1 irsa=r owner=StatefulSet/app
";

struct Case {
    kind: &'static str,
    from: &'static str,
    to: &'static str,
    /// Lines after the base, or a whole estate when they begin with `cluster`.
    with: &'static str,
    without: &'static str,
}

const fn case(
    kind: &'static str,
    from: &'static str,
    to: &'static str,
    with: &'static str,
    without: &'static str,
) -> Case {
    Case { kind, from, to, with, without }
}

const DEV: &str = "group/c1/dev";
const APP: &str = "sa/c1/ns/app";
const SET: &str = "statefulset/c1/ns/app";
const R: &str = "role/111122223333:r";
const NODE_ROLE: &str = "role/111122223333:node";

const CASES: &[Case] = &[
    // What a pod holds.
    case("runs-as", SET, APP, "", "cluster c1\nnode n1\npod ns/app-1 sa=other node=n1 owner=StatefulSet/app"),
    case(
        "irsa",
        SET,
        R,
        "",
        "cluster c1\nnode n1\nrole r irsa=ns:someone\npod ns/app-1 sa=app node=n1 irsa=r owner=StatefulSet/app",
    ),
    case(
        "pod-identity",
        "pod/c1/ns/p",
        "role/111122223333:q",
        "node n2 agent\nrole q pods\nassociation ns/p role=q\npod ns/p sa=p node=n2 pi",
        "node n2 agent\nrole q pods\nassociation ns/other role=q\npod ns/p sa=p node=n2 pi",
    ),
    case(
        "node-role",
        "pod/c1/ns/p",
        NODE_ROLE,
        "node n2 tokens=required hop=2\npod ns/p sa=p node=n2",
        "pod ns/p sa=p node=n1",
    ),
    case(
        "imds",
        "pod/c1/ns/p",
        NODE_ROLE,
        "node n2 tokens=optional hop=1\nsa ns/p\nrole q irsa=ns:p\npod ns/p sa=p node=n2 irsa=q",
        "node n2 tokens=required hop=1\nsa ns/p\nrole q irsa=ns:p\npod ns/p sa=p node=n2 irsa=q",
    ),
    case("hostnetwork", "pod/c1/ns/p", NODE_ROLE, "pod ns/p sa=p node=n1 host", "pod ns/p sa=p node=n1 hostpid"),
    case(
        "token",
        "pod/c1/ns/p",
        R,
        "pod ns/p sa=app node=n1 irsa=r env:AWS_ACCESS_KEY_ID=*** env:AWS_SECRET_ACCESS_KEY=***",
        "pod ns/p sa=app node=n1 env:AWS_ACCESS_KEY_ID=*** env:AWS_SECRET_ACCESS_KEY=*** env:AWS_ROLE_ARN=arn:aws:iam::111122223333:role/r",
    ),
    case(
        "latent-trust",
        SET,
        "role/111122223333:l",
        "role l irsa=ns:*  sub=system:serviceaccount:ns:* op=StringLike",
        "role l irsa=ns:* sub=system:serviceaccount:ns:*",
    ),
    case(
        "association-token",
        "pod/c1/ns/p",
        "role/111122223333:q",
        "node n2 agent\nrole q pods\nassociation ns/app role=q\npod ns/p sa=app node=n2 irsa=r pi",
        "node n2 agent\nrole q pods\nassociation ns/app role=q\npod ns/p sa=app node=n2 irsa=r",
    ),
    case(
        "interceptor",
        "pod/c1/ns/p",
        "role/111122223333:k",
        "daemonset kube-system/kube2iam\nrole k\npod ns/p sa=p node=n1 note:iam.amazonaws.com/role=k",
        "role k\npod ns/p sa=p node=n1 note:iam.amazonaws.com/role=k",
    ),
    // What a node holds.
    case(
        "node-takeover",
        "pod/c1/ns/p",
        "node/c1/n1",
        "pod ns/p sa=p node=n1 privileged",
        "pod ns/p sa=p node=n1 cap=NET_ADMIN",
    ),
    case(
        "node-token-files",
        "pod/c1/ns/p",
        "node/c1/n1",
        "pod ns/p sa=p node=n1 volume:k=hostpath(/var/lib/kubelet) mount:k=/k",
        "pod ns/p sa=p node=n1 volume:k=hostpath(/var/lib/data) mount:k=/k",
    ),
    case("instance-profile", "node/c1/n1", NODE_ROLE, "", "cluster c1\nnode n1 role=none\nrole node ec2"),
    case(
        "node-pods",
        "node/c1/n1",
        SET,
        "",
        "cluster c1\nnode n1\nnode n2\npod ns/app-1 sa=app node=n2 owner=StatefulSet/app",
    ),
    case("node-tokens", "node/c1/n1", APP, "", "cluster c1\nnode n1\nnode n2\npod ns/app-1 sa=app node=n2"),
    case(
        "kubelet",
        "pod/c1/ns/p",
        "node/c1/n2",
        "node n2 tokens=required hop=2\npod ns/p sa=p node=n2",
        "node n2 tokens=required hop=1\npod ns/p sa=p node=n2",
    ),
    case("kubelet-token", "node/c1/n1", APP, "", "cluster c1\nnode n1\nsa ns/app\npod ns/app-1 sa=app node=n1 ended"),
    // What a service account is worth.
    case("minted-token", APP, R, "", "cluster c1\nsa ns/app role=r\nrole r irsa=ns:app action=sts:AssumeRole"),
    case("new-pod-irsa", APP, R, "", "cluster c1\nsa ns/app role=r\nrole r irsa=ns:app aud=elsewhere"),
    case(
        "new-pod-association",
        APP,
        "role/111122223333:q",
        "node n2 agent\nrole q pods\nassociation ns/app role=q",
        "role q pods\nassociation ns/app role=q",
    ),
    case(
        "minted-association-token",
        APP,
        "role/111122223333:q",
        "node n2 agent\nrole q pods\nassociation ns/app role=q",
        "node n2 agent\nrole q pods\nassociation ns/other role=q",
    ),
    // Kubernetes RBAC.
    case(
        "token-request",
        DEV,
        APP,
        "role.rbac ns/p can:create=serviceaccounts/token\nrolebinding ns/b role=p to:group=dev",
        "role.rbac ns/p can:create=serviceaccounts\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "pod-create",
        DEV,
        APP,
        "role.rbac ns/p can:create=pods\nrolebinding ns/b role=p to:group=dev",
        // A create carries no name when it is authorized (R141).
        "role.rbac ns/p can:create=pods[x]\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "workload-create",
        DEV,
        APP,
        "role.rbac ns/p can:create=cronjobs\nrolebinding ns/b role=p to:group=dev",
        "role.rbac other/p can:create=cronjobs\nrolebinding other/b role=p to:group=dev",
    ),
    case(
        "workload-patch",
        DEV,
        APP,
        "workload ns/w sa=app\nrole.rbac ns/p can:patch=deployments\nrolebinding ns/b role=p to:group=dev",
        // There is nothing to patch.
        "role.rbac ns/p can:patch=deployments\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "pod-exec",
        DEV,
        SET,
        "role.rbac ns/p can:create=pods/exec\nrolebinding ns/b role=p to:group=dev",
        "role.rbac ns/p can:create=pods/*\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "pod-attach",
        DEV,
        SET,
        "role.rbac ns/p can:create=pods/attach\nrolebinding ns/b role=p to:group=dev",
        "role.rbac ns/p can:create=pods/attach[other]\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "debug",
        DEV,
        SET,
        "role.rbac ns/p can:patch=pods/ephemeralcontainers\nrolebinding ns/b role=p to:group=dev",
        "role.rbac ns/p can:get=pods/ephemeralcontainers\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "pod-patch-image",
        DEV,
        SET,
        "role.rbac ns/p can:patch=pods\nrolebinding ns/b role=p to:group=dev",
        "role.rbac ns/p can:patch=pods/status\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "nodes-proxy",
        DEV,
        SET,
        "clusterrole p can:get=nodes/proxy\nclusterrolebinding b clusterrole=p to:group=dev",
        // Nodes stand outside namespaces (R140).
        "clusterrole p can:get=nodes/proxy\nrolebinding ns/b clusterrole=p to:group=dev",
    ),
    case(
        "sa-annotate",
        DEV,
        "role/111122223333:l",
        "role l irsa=ns:app\nrole.rbac ns/p can:patch=serviceaccounts\nrolebinding ns/b role=p to:group=dev",
        "role l irsa=ns:someone\nrole.rbac ns/p can:patch=serviceaccounts\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "sa-create",
        DEV,
        "sa/c1/ns/ghost",
        "role l irsa=ns:ghost\nrole.rbac ns/p can:create=serviceaccounts,pods\nrolebinding ns/b role=p to:group=dev",
        "role l irsa=ns:ghost\nrole.rbac ns/p can:create=serviceaccounts\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "secret-read",
        DEV,
        "sa/c1/ns/old",
        "sa ns/old secrets=old-token\nsecret ns/old-token type=kubernetes.io/service-account-token\nrole.rbac ns/p can:list=secrets\nrolebinding ns/b role=p to:group=dev",
        "sa ns/old secrets=pull\nsecret ns/pull type=kubernetes.io/dockerconfigjson\nrole.rbac ns/p can:list=secrets\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "secret-mint",
        DEV,
        APP,
        "role.rbac ns/p can:create,get=secrets\nrolebinding ns/b role=p to:group=dev",
        "role.rbac ns/p can:create=secrets\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "impersonate",
        DEV,
        APP,
        "role.rbac ns/p can:impersonate=serviceaccounts[app]\nrolebinding ns/b role=p to:group=dev",
        "role.rbac ns/p can:impersonate=serviceaccounts[x]\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "bind",
        DEV,
        "cluster/c1",
        "clusterrole p can:bind=clusterroles can:create=clusterrolebindings\nclusterrolebinding b clusterrole=p to:group=dev",
        "clusterrole p can:bind=clusterroles\nclusterrolebinding b clusterrole=p to:group=dev",
    ),
    case(
        "escalate",
        DEV,
        "cluster/c1",
        "clusterrole p can:escalate,update=clusterroles\nclusterrolebinding b clusterrole=p to:group=dev",
        "clusterrole p can:update=clusterroles\nclusterrolebinding b clusterrole=p to:group=dev",
    ),
    case(
        "csr",
        DEV,
        "cluster/c1",
        "clusterrole p can:create=certificatesigningrequests can:update=certificatesigningrequests.certificates.k8s.io/approval can:approve=signers.certificates.k8s.io[kubernetes.io/kube-apiserver-client]\nclusterrolebinding b clusterrole=p to:group=dev",
        "clusterrole p can:create=certificatesigningrequests can:update=certificatesigningrequests.certificates.k8s.io/approval\nclusterrolebinding b clusterrole=p to:group=dev",
    ),
    case(
        "webhook-control",
        DEV,
        APP,
        "clusterrole p can:patch=mutatingwebhookconfigurations\nclusterrolebinding b clusterrole=p to:group=dev",
        "clusterrole p can:patch=validatingwebhookconfigurations.admissionregistration.k8s.io\nclusterrolebinding b clusterrole=p to:group=dev",
    ),
    case(
        "ns-labels",
        DEV,
        "node/c1/n1",
        "namespace ns label:pod-security.kubernetes.io/enforce=restricted\nclusterrole p can:patch=namespaces can:create=pods\nclusterrolebinding b clusterrole=p to:group=dev",
        "namespace ns label:pod-security.kubernetes.io/enforce=restricted\nclusterrole p can:patch=namespaces\nclusterrolebinding b clusterrole=p to:group=dev",
    ),
    case(
        "pv-create",
        DEV,
        "node/c1/n1",
        "clusterrole p can:create=persistentvolumes,persistentvolumeclaims,pods\nclusterrolebinding b clusterrole=p to:group=dev",
        "clusterrole p can:create=persistentvolumes,pods\nclusterrolebinding b clusterrole=p to:group=dev",
    ),
    case(
        "aws-auth-edit",
        DEV,
        "cluster/c1",
        "cluster c1 mode=API_AND_CONFIG_MAP\naws-auth\nrole.rbac kube-system/p can:patch=configmaps\nrolebinding kube-system/b role=p to:group=dev",
        "cluster c1 mode=API\naws-auth\nrole.rbac kube-system/p can:patch=configmaps\nrolebinding kube-system/b role=p to:group=dev",
    ),
    case(
        "nodeclass-edit",
        DEV,
        "role/111122223333:karpenter",
        "node k kind=karpenter role=karpenter\nrole karpenter ec2\nclusterrole p can:patch=ec2nodeclasses.karpenter.k8s.aws\nclusterrolebinding b clusterrole=p to:group=dev",
        "node k kind=managed role=karpenter\nrole karpenter ec2\nclusterrole p can:patch=ec2nodeclasses.karpenter.k8s.aws\nclusterrolebinding b clusterrole=p to:group=dev",
    ),
    case(
        "controller-crd",
        DEV,
        R,
        "pod ns/ack-iam-controller sa=app node=n1 irsa=r\nrole.rbac ns/p can:create=roles.iam.services.k8s.aws\nrolebinding ns/b role=p to:group=dev",
        "role.rbac ns/p can:create=roles.iam.services.k8s.aws\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "portforward",
        DEV,
        SET,
        "role.rbac ns/p can:create=pods/portforward\nrolebinding ns/b role=p to:group=dev",
        "role.rbac ns/p can:list=pods/portforward\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "proxy",
        DEV,
        SET,
        "role.rbac ns/p can:get=pods/proxy\nrolebinding ns/b role=p to:group=dev",
        "role.rbac ns/p can:list=pods/proxy\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "schedule-steer",
        DEV,
        "node/c1/n1",
        "clusterrole p can:patch=nodes\nclusterrolebinding b clusterrole=p to:group=dev",
        "clusterrole p can:patch=nodes/status\nclusterrolebinding b clusterrole=p to:group=dev",
    ),
    case(
        "member-of",
        APP,
        "group/c1/system:serviceaccounts:ns",
        "role.rbac ns/p can:create=pods\nrolebinding ns/b role=p to:group=system:serviceaccounts:ns",
        "role.rbac ns/p can:create=pods\nrolebinding ns/b role=p to:group=system:serviceaccounts:other",
    ),
    case(
        "cluster-admin",
        DEV,
        "cluster/c1",
        "clusterrole all can:*=*\nclusterrolebinding b clusterrole=all to:group=dev",
        "clusterrole all can:get=*\nclusterrolebinding b clusterrole=all to:group=dev",
    ),
    case(
        "namespace-admin",
        DEV,
        "namespace/c1/ns",
        "clusterrole all can:*=*\nrolebinding ns/b clusterrole=all to:group=dev",
        "clusterrole all can:*=*\nrolebinding other/b clusterrole=all to:group=dev",
    ),
    // Who an IAM principal is in the cluster.
    case(
        "access-entry",
        R,
        DEV,
        "access-entry r groups=dev\nrole.rbac ns/p can:create=pods\nrolebinding ns/b role=p to:group=dev",
        "access-entry r2 groups=dev\nrole r2\nrole.rbac ns/p can:create=pods\nrolebinding ns/b role=p to:group=dev",
    ),
    case(
        "aws-auth",
        R,
        "group/c1/system:masters",
        "cluster c1 mode=CONFIG_MAP\nrole r\naws-auth role:r=system:masters",
        "cluster c1 mode=API\nrole r\naws-auth role:r=system:masters",
    ),
    case(
        "access-policy",
        R,
        "cluster/c1",
        "access-entry r policy:AmazonEKSClusterAdminPolicy=",
        "access-entry r policy:AmazonEKSViewPolicy=",
    ),
    case(
        "cluster-creator",
        "user/c1/kubernetes-admin",
        "cluster/c1",
        "cluster c1 mode=CONFIG_MAP\naws-auth",
        "cluster c1 mode=API",
    ),
    // AWS.
    case(
        "assume-role",
        R,
        "role/111122223333:t",
        "role t trusts=arn:aws:iam::111122223333:role/r",
        "role t trusts=arn:aws:iam::111122223333:role/other",
    ),
    case(
        "account-admin",
        "role/111122223333:boss",
        "res/arn:aws:iam::111122223333:root",
        r#"role boss policy={"Effect":"Allow","Action":"*","Resource":"*"}"#,
        r#"role boss policy={"Effect":"Allow","Action":"s3:*","Resource":"*"}"#,
    ),
    case(
        "owns-role",
        "res/arn:aws:iam::111122223333:root",
        R,
        "",
        "cluster c1\nrole r path=/aws-reserved/sso.amazonaws.com/",
    ),
    case(
        "escalation",
        "role/111122223333:e",
        R,
        r#"role e policy={"Effect":"Allow","Action":"iam:UpdateAssumeRolePolicy","Resource":"*"}"#,
        r#"role e policy={"Effect":"Allow","Action":"iam:UpdateAssumeRolePolicy","Resource":"arn:aws:iam::111122223333:role/other"}"#,
    ),
    case(
        "access-entry-edit",
        "role/111122223333:e",
        "cluster/c1",
        r#"role e policy={"Effect":"Allow","Action":["eks:CreateAccessEntry","eks:AssociateAccessPolicy"],"Resource":"*"}"#,
        r#"role e policy={"Effect":"Allow","Action":["eks:CreateAccessEntry"],"Resource":"*"}"#,
    ),
    case(
        "association-edit",
        "role/111122223333:e",
        "role/111122223333:q",
        r#"role q pods policy={"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}
role e policy={"Effect":"Allow","Action":["eks:CreatePodIdentityAssociation","iam:PassRole"],"Resource":"*"}"#,
        r#"role q pods policy={"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}
role e policy={"Effect":"Allow","Action":["eks:CreatePodIdentityAssociation"],"Resource":"*"}"#,
    ),
    case(
        "node-access",
        "role/111122223333:e",
        "node/c1/n1",
        r#"role e policy={"Effect":"Allow","Action":["ssm:StartSession","ssm:SendCommand"],"Resource":"*"}"#,
        r#"role e policy={"Effect":"Allow","Action":["ssm:DescribeInstanceInformation"],"Resource":"*"}"#,
    ),
    // References.
    case("declares", APP, R, "", "cluster c1\nnode n1\nsa ns/app\nrole r irsa=ns:app\npod ns/app-1 sa=app node=n1"),
    case(
        "attaches",
        R,
        "policy/111122223333:p",
        "cluster c1\nrole r attached=arn:aws:iam::111122223333:policy/p",
        "cluster c1\nrole r boundary=arn:aws:iam::111122223333:policy/p",
    ),
    case(
        "bounded-by",
        R,
        "policy/111122223333:p",
        "cluster c1\nrole r boundary=arn:aws:iam::111122223333:policy/p",
        "cluster c1\nrole r attached=arn:aws:iam::111122223333:policy/p",
    ),
];

fn has(text: &str, case: &Case) -> bool {
    let text = if text.starts_with("cluster ") { text.to_owned() } else { format!("{BASE}{text}") };
    let estate = derived(&text);
    let kind = EdgeKind::from_word(case.kind).unwrap_or_else(|| panic!("`{}` is no kind", case.kind));
    let to = key(case.to);
    estate.graph().uses(&key(case.from)).iter().any(|it| it.kind == kind && it.key == to)
}

#[test]
fn every_kind_of_edge_is_where_it_should_be_and_not_where_it_nearly_is() {
    let mut wrong = Vec::new();
    for case in CASES {
        if !has(case.with, case) {
            wrong.push(format!("no {} from {} to {} in\n{}", case.kind, case.from, case.to, case.with));
        }
        if has(case.without, case) {
            wrong.push(format!("a {} from {} to {} in\n{}", case.kind, case.from, case.to, case.without));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn no_kind_of_edge_is_without_a_case() {
    // Steps inside one thing have no word that anybody sees; the last are answered from the facts when somebody asks.
    let without = ["same", "includes", "credential", "runs-on", "trusts", "granted"];
    let missing: Vec<&str> = KINDS
        .iter()
        .map(|row| row.word)
        .filter(|word| !without.contains(word) && !CASES.iter().any(|case| case.kind == *word))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
