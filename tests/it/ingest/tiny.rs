//! A snapshot of a few lines a file, with every kind of source in it.

use std::fs;
use std::path::Path;

/// Path and content of every file.
pub const FILES: &[(&str, &str)] = &[
    ("world.json", r#"{"now": "2026-06-01T12:00:00Z"}"#),
    (
        "aws/get-caller-identity.json",
        r#"{"UserId": "A", "Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/u"}"#,
    ),
    (
        "aws/iam.json",
        r#"{
  "UserDetailList": [{"UserName": "u", "UserId": "AIDA1", "Arn": "arn:aws:iam::111122223333:user/u", "Path": "/", "GroupList": ["g"]}],
  "GroupDetailList": [{"GroupName": "g", "GroupId": "AGPA1", "Arn": "arn:aws:iam::111122223333:group/g", "Path": "/"}],
  "RoleDetailList": [
    {"RoleName": "api", "RoleId": "AROA1", "Arn": "arn:aws:iam::111122223333:role/api", "Path": "/",
     "CreateDate": "2025-01-01T00:00:00+00:00",
     "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
     "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": "%7B%22Statement%22%3A%5B%5D%7D"}],
     "AttachedManagedPolicies": [{"PolicyName": "m", "PolicyArn": "arn:aws:iam::111122223333:policy/m"}],
     "RoleLastUsed": {}, "Tags": [{"Key": "team", "Value": "payments"}]},
    {"RoleName": "web", "RoleId": "AROA2", "Arn": "arn:aws:iam::111122223333:role/x/web", "Path": "/x/"}
  ],
  "Policies": [{"PolicyName": "m", "Arn": "arn:aws:iam::111122223333:policy/m", "DefaultVersionId": "v1",
    "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": {"Statement": []}}]}]
}"#,
    ),
    (
        "aws/list-open-id-connect-providers.json",
        r#"{"OpenIDConnectProviderList": [{"Arn": "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A"}]}"#,
    ),
    (
        "aws/get-open-id-connect-provider.jsonl",
        r#"{"OpenIDConnectProviderArn": "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A", "Url": "oidc.eks.eu-west-1.amazonaws.com/id/A", "ClientIDList": ["sts.amazonaws.com"]}
{"Url": "https://example.com/", "ClientIDList": []}
"#,
    ),
    (
        "aws/list-instance-profiles.json",
        r#"{"InstanceProfiles": [{"InstanceProfileName": "n", "Arn": "arn:aws:iam::111122223333:instance-profile/n", "Roles": [{"RoleName": "node", "Arn": "arn:aws:iam::111122223333:role/node"}]}]}"#,
    ),
    (
        "aws/organizations-list-policies-for-target.json",
        r#"{"Policies": [{"Id": "p-1", "Name": "Full", "Type": "SERVICE_CONTROL_POLICY"}]}"#,
    ),
    (
        "aws/organizations-list-policies-for-target.jsonl",
        r#"{"TargetId": "r-1", "Policies": [{"Id": "p-1", "Type": "SERVICE_CONTROL_POLICY"}]}
{"TargetId": "r-1", "Policies": [{"Id": "p-2", "Type": "RESOURCE_CONTROL_POLICY"}]}
"#,
    ),
    (
        "aws/organizations-list-parents.jsonl",
        r#"{"ChildId": "111122223333", "Parents": [{"Id": "r-1", "Type": "ROOT"}]}
"#,
    ),
    (
        "aws/organizations-describe-policy.jsonl",
        r#"{"Policy": {"PolicySummary": {"Id": "p-1", "Name": "Full", "Type": "SERVICE_CONTROL_POLICY"}, "Content": "{\"Statement\":[]}"}}
{"Policy": {"PolicySummary": {"Id": "p-2", "Name": "R", "Type": "RESOURCE_CONTROL_POLICY"}, "Content": "{\"Statement\":[]}"}}
"#,
    ),
    (
        "aws/resource-policies.jsonl",
        r#"{"arn": "arn:aws:s3:::b", "policy": {"Statement": []}, "kmsKey": null}
{"arn": "arn:aws:s3:::c", "policy": null, "kmsKey": "arn:aws:kms:eu-west-1:111122223333:key/1"}
"#,
    ),
    ("aws/eu-west-1/eks-list-clusters.json", r#"{"clusters": ["prod"]}"#),
    (
        "aws/eu-west-1/ec2-describe-instances.json",
        r#"{"Reservations": [{"Instances": [{"InstanceId": "i-1", "State": {"Name": "running"}, "PrivateDnsName": "ip-1",
 "IamInstanceProfile": {"Arn": "arn:aws:iam::111122223333:instance-profile/n"},
 "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled"}}]}, {"Instances": [{"InstanceId": "i-2"}]}]}"#,
    ),
    (
        "clusters/prod/describe-cluster.json",
        r#"{"cluster": {"name": "prod", "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/prod", "version": "1.33",
 "identity": {"oidc": {"issuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/A"}}, "accessConfig": {"authenticationMode": "API"}}}"#,
    ),
    (
        "clusters/prod/list-pod-identity-associations.json",
        r#"{"associations": [{"associationId": "a-1", "namespace": "payments", "serviceAccount": "api"}]}"#,
    ),
    (
        "clusters/prod/describe-pod-identity-association.jsonl",
        r#"{"association": {"associationId": "a-1", "namespace": "payments", "serviceAccount": "api", "roleArn": "arn:aws:iam::111122223333:role/api", "createdAt": 1700000000.5}}
"#,
    ),
    ("clusters/prod/list-access-entries.json", r#"{"accessEntries": ["arn:aws:iam::111122223333:role/admin"]}"#),
    (
        "clusters/prod/describe-access-entry.jsonl",
        r#"{"accessEntry": {"principalArn": "arn:aws:iam::111122223333:role/admin", "username": "admin", "kubernetesGroups": ["ops"], "type": "STANDARD"}}
"#,
    ),
    (
        "clusters/prod/list-associated-access-policies.jsonl",
        r#"{"principalArn": "arn:aws:iam::111122223333:role/admin", "associatedAccessPolicies": [{"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy", "accessScope": {"type": "namespace", "namespaces": ["dev-*"]}}]}
"#,
    ),
    ("clusters/prod/list-nodegroups.json", r#"{"nodegroups": ["general"]}"#),
    (
        "clusters/prod/describe-nodegroup.jsonl",
        r#"{"nodegroup": {"nodegroupName": "general", "nodeRole": "arn:aws:iam::111122223333:role/node", "status": "ACTIVE"}}
"#,
    ),
    ("clusters/prod/list-fargate-profiles.json", r#"{"fargateProfileNames": ["f"]}"#),
    (
        "clusters/prod/describe-fargate-profile.jsonl",
        r#"{"fargateProfile": {"fargateProfileName": "f", "podExecutionRoleArn": "arn:aws:iam::111122223333:role/f", "selectors": [{"namespace": "*", "labels": {"compute": "fargate"}}]}}
"#,
    ),
    ("clusters/prod/list-addons.json", r#"{"addons": ["vpc-cni", "coredns"]}"#),
    (
        "clusters/prod/version.json",
        r#"{"clientVersion": {"gitVersion": "v1.30.0"}, "serverVersion": {"gitVersion": "v1.33.1-eks"}}"#,
    ),
    (
        "clusters/prod/pods.json",
        r#"{
    "apiVersion": "v1",
    "items": [
        {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "api-1", "namespace": "payments", "uid": "u-1", "labels": {"app": "api"},
                "annotations": {"eks.amazonaws.com/skip-containers": "a, b", "note": "nothing"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "api", "uid": "u-9", "controller": true}]},
            "spec": {"serviceAccountName": "api", "nodeName": "ip-1", "containers": [
                {"name": "app", "image": "api:1", "env": [
                    {"name": "AWS_ROLE_ARN", "value": "arn:aws:iam::111122223333:role/api"},
                    {"name": "DB_PASSWORD", "value": "hunter2"}],
                 "volumeMounts": [{"name": "kube-api-access-8xq5t", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}]}],
                "volumes": [{"name": "kube-api-access-8xq5t", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        },
        {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "api-2", "namespace": "payments"},
            "spec": {"containers": []}
        }
    ],
    "kind": "List",
    "metadata": {"resourceVersion": ""}
}
"#,
    ),
    (
        "clusters/prod/serviceaccounts.json",
        r#"{"apiVersion": "v1", "items": [
{"kind": "ServiceAccount", "metadata": {"name": "api", "namespace": "payments", "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/api"},
  "managedFields": [{"manager": "helm", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:metadata": {"f:annotations": {"f:eks.amazonaws.com/role-arn": {}}}}}]}},
{"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "payments"}}
], "kind": "List"}"#,
    ),
    (
        "clusters/prod/namespaces.json",
        r#"{"items": [{"kind": "Namespace", "metadata": {"name": "payments"}}, {"kind": "Namespace", "metadata": {"name": "kube-system"}}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/nodes.json",
        r#"{"items": [{"kind": "Node", "metadata": {"name": "ip-1"}, "spec": {"providerID": "aws:///eu-west-1a/i-1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/deployments.json",
        r#"{"items": [{"kind": "Deployment", "metadata": {"name": "api", "namespace": "payments"}, "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "app"}]}}}}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/replicasets.json",
        r#"{"items": [{"kind": "ReplicaSet", "metadata": {"name": "api", "namespace": "payments"}, "spec": {"replicas": 2}}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/statefulsets.json",
        r#"{"items": [{"kind": "StatefulSet", "metadata": {"name": "db", "namespace": "payments"}, "spec": {"replicas": 1}}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/daemonsets.json",
        r#"{"items": [{"kind": "DaemonSet", "metadata": {"name": "cni", "namespace": "kube-system"}, "status": {"desiredNumberScheduled": 3}}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/jobs.json",
        r#"{"items": [{"kind": "Job", "metadata": {"name": "j", "namespace": "payments"}, "spec": {"parallelism": 1, "suspend": true}}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/cronjobs.json",
        r#"{"items": [{"kind": "CronJob", "metadata": {"name": "c", "namespace": "payments"}, "spec": {"suspend": false, "jobTemplate": {"spec": {"template": {"spec": {"serviceAccountName": "api"}}}}}}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/roles.json",
        r#"{"items": [{"kind": "Role", "metadata": {"name": "r", "namespace": "payments"}, "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/rolebindings.json",
        r#"{"items": [{"kind": "RoleBinding", "metadata": {"name": "b", "namespace": "payments"}, "roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "ServiceAccount", "name": "api", "namespace": "payments"}]}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/clusterroles.json",
        r#"{"items": [{"kind": "ClusterRole", "metadata": {"name": "view"}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}, "rules": null}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/clusterrolebindings.json",
        r#"{"items": [{"kind": "ClusterRoleBinding", "metadata": {"name": "x"}, "roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": null}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/networkpolicies.json",
        r#"{"items": [{"kind": "NetworkPolicy", "metadata": {"name": "n", "namespace": "payments"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}], "ports": [{"port": 443}]}]}}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/mutatingwebhookconfigurations.json",
        r#"{"items": [{"kind": "MutatingWebhookConfiguration", "metadata": {"name": "pod-identity-webhook"}, "webhooks": [{"name": "iam-for-pods.amazonaws.com", "failurePolicy": "Ignore", "rules": [{"operations": ["CREATE"], "apiGroups": [""], "resources": ["pods"]}]}]}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/configmaps.json",
        r#"{"items": [{"kind": "ConfigMap", "metadata": {"name": "aws-auth", "namespace": "kube-system"}, "data": {"mapRoles": "- rolearn: x\n"}}, {"kind": "ConfigMap", "metadata": {"name": "app", "namespace": "payments"}, "data": {"AWS_REGION": "eu-west-1", "password": "hunter2"}}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/secrets.json",
        r#"{"items": [{"kind": "Secret", "type": "Opaque", "metadata": {"name": "s", "namespace": "payments"}, "data": {"AWS_ACCESS_KEY_ID": "aHVudGVyMg==", "x": "aHVudGVyMg=="}}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/services.json",
        r#"{"items": [{"kind": "Service", "metadata": {"name": "api", "namespace": "payments"}, "spec": {"type": "LoadBalancer", "selector": {"app": "api"}}}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/csidrivers.json",
        r#"{"items": [{"kind": "CSIDriver", "metadata": {"name": "secrets-store.csi.k8s.io"}, "spec": {"tokenRequests": [{"audience": "sts.amazonaws.com"}]}}], "kind": "List"}"#,
    ),
    (
        "clusters/prod/ec2nodeclasses.json",
        r#"{"items": [{"kind": "EC2NodeClass", "metadata": {"name": "default"}, "spec": {"role": "node", "userData": "hunter2"}, "status": {"instanceProfile": "prof"}}], "kind": "List"}"#,
    ),
];

/// Writes the snapshot into a directory.
pub fn write(directory: &Path) {
    for (path, text) in FILES {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}
