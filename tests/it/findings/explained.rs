//! Why what is found in a generated world beside the planted cases is true there: one look at the facts for each rule,
//! that owes nothing to the rule.
//!
//! To add one more rule: a row with its id, the reason, and what must hold of the facts.

use rolewalk::base::Name;
use rolewalk::findings::Finding;
use rolewalk::identity::injection::ROLE_ANNOTATION;
use rolewalk::model::facts::eks::AccessEntryDetails;
use rolewalk::model::facts::env::EnvValue;
use rolewalk::model::facts::iam::Role;
use rolewalk::model::facts::node::Instance;
use rolewalk::model::facts::pod::Pod;
use rolewalk::model::facts::workload::ServiceAccount;
use rolewalk::model::{ClusterFacts, EntityKey, Kind};
use serde_json::Value;

use super::worlds::World;

/// Whether a finding is true by the facts of its world.
type Shown = fn(&World, &Finding) -> bool;

/// Id, why it is true in these worlds, and what shows it.
const ROWS: &[(&str, &str, Shown)] = &[
    ("AUTH-001", "an access policy or aws-auth makes the role an administrator", |world, it| owns(world, &it.subject)),
    ("AUTH-002", "a policy of the role allows access entries", |world, it| {
        says(world, &it.subject, |statement| {
            names(statement, "eks:CreateAccessEntry") || names(statement, "eks:AssociateAccessPolicy")
        })
    }),
    ("AUTH-003", "a policy of the role allows associations and iam:PassRole", |world, it| {
        let acts = |action: &str| says(world, &it.subject, |statement| names(statement, action));
        acts("eks:CreatePodIdentityAssociation") && acts("iam:PassRole")
    }),
    ("AUTH-004", "it may write ConfigMaps", |world, it| may(world, it, &["update", "patch"], &["configmaps"])),
    ("AUTH-008", "more than three roles administer the cluster, or one of pods does", |world, it| {
        let owners = roles(world).filter(|role| EntityKey::role(&role.arn).is_some_and(|key| owns(world, &key)));
        let owners: Vec<&Role> = owners.collect();
        owners.len() > 3
            || owners.iter().any(|role| rows(world).any(|row| row["role"] == *role.arn.as_str()))
                && it.subject.kind == Kind::Cluster
    }),
    ("AUTH-011", "the access entry is older than the role", |world, it| {
        let made = role(world, &it.subject).and_then(|it| it.created);
        entries(world, &it.subject).any(|entry| entry.created.zip(made).is_some_and(|(entry, role)| entry < role))
    }),
    ("AUTH-012", "the access entry has groups and policies", |world, it| {
        let policies = world.inventory.clusters.values().flat_map(|it| it.access_policies.iter());
        let mut own = policies.filter(|of| EntityKey::role(&of.principal).as_ref() == Some(&it.subject));
        own.any(|of| !of.policies.is_empty()) && entries(world, &it.subject).any(|entry| !entry.groups.is_empty())
    }),
    ("DRIFT-001", "annotated, and its pods carry no role", |world, it| {
        pods(world, &it.subject).iter().any(|pod| annotation(world, it, pod).is_some() && !sets(pod, "AWS_ROLE_ARN"))
    }),
    ("DRIFT-006", "the trust names an issuer of EKS that is no cluster's here", |world, it| {
        let issuers: Vec<&str> =
            world.inventory.clusters.values().filter_map(|it| Some(it.description()?.issuer_path())).collect();
        it.also.iter().filter_map(|key| role(world, key)).any(|role| {
            let text = role.trust.as_deref().unwrap_or_default();
            text.contains("oidc.eks.") && !issuers.iter().any(|issuer| text.contains(issuer))
        })
    }),
    ("HYG-001", "no pod and no template runs as the account", |world, it| !is_used(world, &it.subject)),
    ("HYG-002", "neither account nor pods turn the token off", |world, it| {
        account(world, &it.subject).is_some_and(|it| it.automount_token != Some(false)) && is_used(world, &it.subject)
    }),
    ("HYG-006", "the source was not read whole", |world, it| {
        let whole = rolewalk::model::Status::Ok;
        !world
            .inventory
            .coverage
            .sources()
            .any(|(source, report)| source.path == it.subject.name && report.status == whole)
    }),
    ("IRSA-005", "no role has the annotated ARN", |world, it| {
        let of_account = account(world, &it.subject).and_then(|it| it.meta.annotations.get(ROLE_ANNOTATION));
        let annotated =
            of_account.or_else(|| pods(world, &it.subject).iter().find_map(|pod| annotation(world, it, pod)));
        annotated.is_some_and(|arn| !roles(world).any(|role| role.arn == *arn))
    }),
    ("IRSA-013", "the declared role fails, and another identity answers", |world, it| {
        truths(world, &it.subject).iter().any(|row| row["works"] == false && row["fallback"].is_string())
    }),
    ("NODE-001", "an instance with the role answers beyond the node", |world, it| {
        instances(world, &it.subject)
            .any(|it| it.metadata.as_ref().is_some_and(|it| !it.tokens_required || it.hop_limit > 1))
    }),
    ("NODE-002", "an instance with the role allows IMDSv1 behind hop limit 1", |world, it| {
        instances(world, &it.subject)
            .any(|it| it.metadata.as_ref().is_some_and(|it| !it.tokens_required && it.hop_limit == 1))
    }),
    ("NODE-003", "it has the node's role, and variables of an SDK", |world, it| {
        truths(world, &it.subject).iter().any(|row| row["identity"] == "node-role")
            && pods(world, &it.subject)
                .iter()
                .any(|pod| sets(pod, "AWS_REGION") || it.subject.name.starts_with("fluent-bit"))
    }),
    ("NODE-004", "the role has a policy of its own making", |world, it| {
        role(world, &it.subject)
            .is_some_and(|it| !it.inline.is_empty() || it.attached.iter().any(|it| !it.contains(":aws:policy/")))
    }),
    ("NODE-005", "the policy of the CNI is attached", |world, it| {
        role(world, &it.subject).is_some_and(|it| it.attached.iter().any(|it| it.ends_with("/AmazonEKS_CNI_Policy")))
    }),
    ("NODE-006", "it has no credentials at all", |world, it| {
        truths(world, &it.subject).iter().any(|row| row["identity"] == "none")
    }),
    ("NODE-007", "its pods are on the host's network", |world, it| {
        pods(world, &it.subject).iter().any(|pod| pod.spec.host_network)
    }),
    ("PERM-001", "a policy of the role allows everything", |world, it| {
        says(world, &it.subject, |statement| lists(statement, "Action", "*") && lists(statement, "Resource", "*"))
    }),
    ("PERM-002", "a policy of the role allows the first step", |world, it| {
        let step = it.technique.as_ref().map_or("", |it| it.steps[0]);
        says(world, &it.subject, |statement| names(statement, step))
    }),
    ("PERM-003", "a policy of the role allows iam:PassRole beyond single roles", |world, it| {
        says(world, &it.subject, |statement| names(statement, "iam:PassRole") && is_open(statement))
    }),
    ("PERM-004", "a policy of the role allows sts:AssumeRole beyond single roles", |world, it| {
        says(world, &it.subject, |statement| names(statement, "sts:AssumeRole") && is_open(statement))
    }),
    ("PERM-005", "a policy of the role reads secrets by a pattern", |world, it| {
        let secrets = [
            "secretsmanager:GetSecretValue",
            "ssm:GetParameter",
            "ssm:GetParameters",
            "ssm:GetParametersByPath",
            "kms:Decrypt",
        ];
        says(world, &it.subject, |statement| {
            secrets.iter().any(|action| names(statement, action)) && is_open(statement)
        })
    }),
    ("PERM-006", "a policy of the role reads or writes data by a pattern", |world, it| {
        let data = [
            "s3:GetObject",
            "s3:PutObject",
            "s3:DeleteObject",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:Scan",
            "sqs:SendMessage",
            "sqs:ReceiveMessage",
            "rds-db:connect",
        ];
        says(world, &it.subject, |statement| data.iter().any(|action| names(statement, action)) && is_open(statement))
    }),
    ("PERM-008", "a policy of the role asks for a tag of Pod Identity", |world, it| {
        documents(world, &it.subject)
            .iter()
            .any(|it| it.to_string().to_lowercase().contains("aws:principaltag/kubernetes-"))
    }),
    ("PERM-009", "the role has a boundary", |world, it| {
        role(world, &it.subject).is_some_and(|it| it.boundary.is_some())
    }),
    ("PERM-010", "a policy of the role names another account", |world, it| {
        documents(world, &it.subject).iter().any(|document| {
            let text = document.to_string();
            let own = format!(":{}:", it.subject.scope);
            text.split('"')
                .any(|word| word.starts_with("arn:aws:iam::") && !word.contains(&own) && !word.contains("::aws:"))
        })
    }),
    ("PERM-011", "a policy of the role gets onto instances", |world, it| {
        let ways = [
            "ssm:StartSession",
            "ssm:SendCommand",
            "ssm:CreateAssociation",
            "ec2-instance-connect:SendSSHPublicKey",
            "ec2:ModifyInstanceAttribute",
        ];
        says(world, &it.subject, |statement| ways.iter().any(|action| names(statement, action)))
    }),
    ("PERM-013", "a policy of the role writes policies of resources", |world, it| {
        let named = it.evidence.iter().filter_map(|it| it.value.split_once(" on ")).map(|it| it.0);
        named.into_iter().any(|action| says(world, &it.subject, |statement| names(statement, action)))
    }),
    ("POD-003", "the first half of a key is set, and the second may be", |world, it| {
        pods(world, &it.subject).iter().any(|pod| sets(pod, "AWS_ACCESS_KEY_ID"))
    }),
    ("POD-004", "more than one container carries the role", |world, it| {
        pods(world, &it.subject).iter().any(|pod| {
            let carries =
                |name: &str| pod.spec.containers.iter().filter(|it| it.env.iter().any(|it| it.name == *name)).count();
            carries("AWS_ROLE_ARN") > 1 || carries("AWS_CONTAINER_CREDENTIALS_FULL_URI") > 1
        })
    }),
    ("PODID-009", "its role's trust asks nothing about the association", |world, it| {
        trust_of_association(world, &it.subject).is_some_and(|text| {
            text.contains("pods.eks.amazonaws.com") && !text.contains("requesttag") && !text.contains("aws:source")
        })
    }),
    ("PODID-013", "no pod and no template runs as the account", |world, it| {
        it.also.iter().filter(|key| key.kind == Kind::ServiceAccount).all(|key| !is_used(world, key))
    }),
    ("RBAC-001", "it may create tokens of service accounts", |world, it| {
        may(world, it, &["create"], &["serviceaccounts/token"])
    }),
    ("RBAC-002", "it may create pods", |world, it| may(world, it, &["create"], &["pods"])),
    ("RBAC-003", "it may write what makes pods", |world, it| {
        may(
            world,
            it,
            &["create", "update", "patch"],
            &["deployments", "statefulsets", "daemonsets", "jobs", "cronjobs", "replicasets"],
        )
    }),
    ("RBAC-004", "it may get or create pods/exec or pods/attach", |world, it| {
        may(world, it, &["create", "get"], &["pods/exec", "pods/attach"])
    }),
    ("RBAC-005", "it may get pods/exec, pods/attach or pods/portforward", |world, it| {
        may(world, it, &["get"], &["pods/exec", "pods/attach", "pods/portforward"])
    }),
    ("RBAC-006", "it may change pods/ephemeralcontainers", |world, it| {
        may(world, it, &["update", "patch"], &["pods/ephemeralcontainers"])
    }),
    ("RBAC-007", "it may use nodes/proxy", |world, it| may(world, it, &["get", "create"], &["nodes/proxy"])),
    ("RBAC-008", "it may change service accounts", |world, it| {
        may(world, it, &["update", "patch"], &["serviceaccounts"])
    }),
    ("RBAC-009", "it may create service accounts", |world, it| may(world, it, &["create"], &["serviceaccounts"])),
    ("RBAC-010", "it may read or create secrets", |world, it| {
        may(world, it, &["get", "list", "watch", "create"], &["secrets"])
    }),
    ("RBAC-011", "it may impersonate", |world, it| {
        may(world, it, &["impersonate"], &["users", "groups", "serviceaccounts"])
    }),
    ("RBAC-012", "it may write roles or bindings, bind or escalate", |world, it| {
        let verbs = ["bind", "escalate", "create", "update", "patch"];
        may(world, it, &verbs, &["roles", "clusterroles", "rolebindings", "clusterrolebindings"])
    }),
    ("RBAC-013", "it may write what changes new pods", |world, it| {
        let kinds = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations", "mutatingadmissionpolicies"];
        may(world, it, &["create", "update", "patch", "delete"], &kinds)
    }),
    ("RBAC-015", "it may write node classes or pools", |world, it| {
        may(world, it, &["create", "update", "patch"], &["ec2nodeclasses", "nodeclasses", "nodepools"])
    }),
    ("RBAC-016", "it may write resources that a controller acts on", |world, it| {
        may(world, it, &["create", "update", "patch"], &["externalsecrets", "secretstores", "clustersecretstores"])
    }),
    ("TRUST-004", "a pod that tries the role is refused", |world, it| {
        let arn = role(world, &it.subject).map(|it| it.arn.to_string()).unwrap_or_default();
        rows(world).any(|row| row["attemptedRole"] == *arn && row["works"] == false)
    }),
    ("TRUST-008", "the trust names a whole namespace", |world, it| {
        subjects(world, &it.subject).iter().any(|(namespace, name)| name == "*" && !namespace.contains('*'))
    }),
    ("TRUST-009", "the namespace of the trusted subject is open", |world, it| {
        subjects(world, &it.subject).iter().any(|(namespace, name)| namespace.contains('*') && name != "*")
    }),
    ("TRUST-010", "the trust names an account that does not exist", |world, it| {
        subjects(world, &it.subject).iter().any(|(namespace, name)| !exists(world, namespace, name))
    }),
    ("TRUST-019", "the trust admits accounts that are not annotated with the role", |world, it| {
        it.also.iter().filter(|key| key.kind == Kind::ServiceAccount).any(|key| {
            let own = account(world, key).and_then(|it| it.meta.annotations.get(ROLE_ANNOTATION));
            own.and_then(|arn| EntityKey::role(arn)) != Some(it.subject.clone())
        })
    }),
];

/// What speaks against a finding that nobody planted: nothing says why it would be true, or the facts do not.
pub fn doubt(world: &World, finding: &Finding) -> Option<String> {
    match ROWS.iter().find(|row| row.0 == finding.rule.id) {
        None => Some(format!("nothing says why it is true: {}", finding.message)),
        Some((_, why, holds)) if !holds(world, finding) => Some(format!("the facts do not say that {why}")),
        Some(_) => None,
    }
}

fn cluster<'a>(world: &'a World, key: &EntityKey) -> &'a ClusterFacts {
    &world.inventory.clusters[&key.scope]
}

fn pods<'a>(world: &'a World, workload: &EntityKey) -> Vec<&'a Pod> {
    let names: Vec<&str> = truths(world, workload).iter().filter_map(|row| row["pod"].as_str()).collect();
    let pods = cluster(world, workload).pods.iter().map(|it| &**it);
    pods.filter(|it| it.meta.namespace == workload.namespace && names.contains(&it.meta.name.as_str())).collect()
}

/// Rows of the truth about a workload: its pods are named after it.
fn truths<'a>(world: &'a World, workload: &EntityKey) -> Vec<&'a Value> {
    let own = |row: &&Value| {
        let name = row["pod"].as_str().unwrap_or_default();
        let rest = name.strip_prefix(workload.name.as_str());
        row["cluster"] == *workload.scope.as_str()
            && row["namespace"] == *workload.namespace.as_str()
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    rows(world).filter(own).collect()
}

fn rows(world: &World) -> impl Iterator<Item = &Value> {
    world.truth["pods"].as_array().unwrap().iter()
}

fn sets(pod: &Pod, name: &str) -> bool {
    let variables = pod.spec.containers.iter().flat_map(|it| &it.env);
    variables.filter(|it| it.name == *name).any(|it| !matches!(&it.value, EnvValue::Literal(text) if text.is_empty()))
}

fn annotation<'a>(world: &'a World, it: &Finding, pod: &Pod) -> Option<&'a Name> {
    let accounts = &cluster(world, &it.subject).service_accounts;
    let account = accounts
        .iter()
        .find(|it| it.meta.namespace == pod.meta.namespace && it.meta.name == pod.spec.service_account)?;
    account.meta.annotations.get(ROLE_ANNOTATION)
}

/// Some binding of the subject names a role with a rule of one of these verbs on one of these resources; or the subject
/// is an IAM principal that administers or edits by an access policy, or stands in `aws-auth` by its name.
fn may(world: &World, it: &Finding, verbs: &[&str], resources: &[&str]) -> bool {
    let has = |list: &[Name], wanted: &[&str]| list.iter().any(|it| it == "*" || wanted.contains(&it.as_str()));
    let grants = |rule: &rolewalk::rbac::Rule| has(&rule.verbs, verbs) && has(&rule.resources, resources);
    let subject = &it.subject;
    world.inventory.clusters.values().any(|cluster| {
        if subject.kind == Kind::Role {
            let named = |arn: &str| arn.rsplit('/').next() == Some(subject.name.as_str());
            let strong = |arn: &str| arn.contains("Admin") || arn.contains("Edit");
            let by_policy = cluster
                .access_policies
                .iter()
                .any(|it| named(&it.principal) && it.policies.iter().any(|it| strong(&it.arn)));
            let maps = cluster.config_maps.iter().filter(|it| it.meta.name == "aws-auth");
            let by_map =
                maps.into_iter().any(|it| it.values.iter().any(|(_, text)| text.contains(subject.name.as_str())));
            let by_entry = cluster
                .access_entries
                .iter()
                .any(|it| named(&it.principal) && it.details.as_ref().is_some_and(|it| !it.groups.is_empty()));
            return by_policy || by_map || by_entry;
        }
        if subject.scope != cluster.label {
            return false;
        }
        let bindings = cluster.cluster_role_bindings.iter().chain(cluster.role_bindings.iter());
        let own = bindings.filter(|it| it.subjects.iter().any(|bound| bound.name == subject.name));
        own.into_iter().any(|binding| {
            let roles = cluster.cluster_roles.iter().chain(cluster.roles.iter());
            let mut named = roles.filter(|it| it.meta.name == binding.role_name);
            // A role that collects others holds what they hold.
            named.any(|role| role.rules.iter().any(grants) || !role.aggregation.is_empty())
        })
    })
}

/// Whether a role administers some cluster by an access policy or by a group in `aws-auth`.
fn owns(world: &World, role: &EntityKey) -> bool {
    let named = |arn: &str| EntityKey::role(arn).as_ref() == Some(role);
    world.inventory.clusters.values().any(|cluster| {
        let mut policies = cluster.access_policies.iter().filter(|it| named(&it.principal));
        let mut maps = cluster.config_maps.iter().filter(|it| it.meta.name == "aws-auth");
        policies.any(|it| it.policies.iter().any(|it| it.arn.ends_with("/AmazonEKSClusterAdminPolicy")))
            || maps.any(|map| map.values.iter().any(|(_, text)| mapped_to_masters(text, role)))
    })
}

/// Whether an item of `mapRoles` names both the role and the group of administrators.
fn mapped_to_masters(text: &str, role: &EntityKey) -> bool {
    let items = text.split("rolearn:").skip(1);
    let name = format!("/{}", role.name);
    items.into_iter().any(|item| {
        let arn = item.lines().next().unwrap_or_default().trim().trim_matches('"');
        arn.ends_with(&name) && arn.contains(role.scope.as_str()) && item.contains("system:masters")
    })
}

/// Access entries of a role.
fn entries<'a>(world: &'a World, role: &EntityKey) -> impl Iterator<Item = &'a AccessEntryDetails> {
    let all = world.inventory.clusters.values().flat_map(|it| it.access_entries.iter());
    all.filter(move |it| EntityKey::role(&it.principal).as_ref() == Some(role)).filter_map(|it| it.details.as_ref())
}

/// The service account that an address names.
fn account<'a>(world: &'a World, key: &EntityKey) -> Option<&'a ServiceAccount> {
    let accounts = cluster(world, key).service_accounts.iter().filter(|_| key.kind == Kind::ServiceAccount);
    accounts.map(|it| &**it).find(|it| it.meta.name == key.name && it.meta.namespace == key.namespace)
}

fn is_used(world: &World, account: &EntityKey) -> bool {
    let cluster = cluster(world, account);
    let templates =
        [&cluster.deployments, &cluster.stateful_sets, &cluster.daemon_sets, &cluster.jobs, &cluster.cron_jobs];
    let by_template = templates.into_iter().flat_map(|list| list.iter());
    let named = |namespace: &str, name: &str| namespace == account.namespace.as_str() && name == account.name.as_str();
    cluster.pods.iter().any(|it| named(&it.meta.namespace, &it.spec.service_account))
        || by_template.into_iter().any(|it| named(&it.meta.namespace, &it.template.spec.service_account))
}

fn roles(world: &World) -> impl Iterator<Item = &Role> {
    world.inventory.accounts.values().flat_map(|it| it.roles.iter()).map(|it| &**it)
}

fn role<'a>(world: &'a World, key: &EntityKey) -> Option<&'a Role> {
    roles(world).find(|it| it.account == key.scope && it.name == key.name)
}

/// Instances whose profile holds the role.
fn instances<'a>(world: &'a World, role: &EntityKey) -> impl Iterator<Item = &'a Instance> {
    let accounts = world.inventory.accounts.values();
    let profiles = accounts.clone().flat_map(|it| it.instance_profiles.iter());
    let own = |arn: &Name| EntityKey::role(arn).as_ref() == Some(role);
    let held: Vec<_> = profiles.filter(|it| it.roles.iter().any(own)).map(|it| it.arn.clone()).collect();
    let instances = accounts.flat_map(|it| it.regions.values()).flat_map(|it| it.instances.iter()).map(|it| &**it);
    instances.filter(move |it| it.profile.as_ref().is_some_and(|arn| held.contains(arn)))
}

/// Documents of the role's identity policies, as JSON.
fn documents(world: &World, key: &EntityKey) -> Vec<Value> {
    let Some(role) = role(world, key) else { return Vec::new() };
    let account = &world.inventory.accounts[&role.account];
    let managed =
        role.attached.iter().filter_map(|arn| account.policies.iter().find(|it| it.arn == *arn)?.default_text());
    let texts = role.inline.iter().map(|it| &it.text).chain(managed);
    texts.filter_map(|text| serde_json::from_str(text).ok()).collect()
}

/// Whether an Allow of the role's policies is like this.
fn says(world: &World, key: &EntityKey, wanted: impl Fn(&Value) -> bool) -> bool {
    documents(world, key).iter().any(|document| {
        let statements =
            document["Statement"].as_array().cloned().unwrap_or_else(|| vec![document["Statement"].clone()]);
        statements.iter().any(|it| it["Effect"] == "Allow" && wanted(it))
    })
}

fn words<'a>(statement: &'a Value, part: &str) -> Vec<&'a str> {
    match &statement[part] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

fn lists(statement: &Value, part: &str, word: &str) -> bool {
    words(statement, part).contains(&word)
}

/// Whether the statement names the action, by a start and a star at most, or excludes only others.
fn names(statement: &Value, action: &str) -> bool {
    let fits = |pattern: &str| match pattern.split_once('*') {
        Some((start, _)) => action.to_lowercase().starts_with(&start.to_lowercase()),
        None => pattern.eq_ignore_ascii_case(action),
    };
    let excluded = words(statement, "NotAction");
    words(statement, "Action").into_iter().any(fits) || (!excluded.is_empty() && !excluded.into_iter().any(fits))
}

/// Whether a resource of the statement is a pattern.
fn is_open(statement: &Value) -> bool {
    words(statement, "Resource").iter().any(|it| it.contains('*')) || statement.get("NotResource").is_some()
}

fn trust_of_association(world: &World, key: &EntityKey) -> Option<String> {
    let association = cluster(world, key).associations.iter().find(|it| it.id == key.name)?;
    let arn = &association.details.as_ref()?.role;
    let role = roles(world).find(|it| it.arn == *arn)?;
    Some(role.trust.as_ref()?.to_lowercase())
}

/// Namespace and name of every subject that the trust policy names.
fn subjects(world: &World, key: &EntityKey) -> Vec<(String, String)> {
    let text = role(world, key).and_then(|it| it.trust.clone()).unwrap_or_default();
    let named = text.split('"').filter_map(|it| it.strip_prefix("system:serviceaccount:"));
    named.filter_map(|it| it.split_once(':')).map(|(namespace, name)| (namespace.to_owned(), name.to_owned())).collect()
}

fn exists(world: &World, namespace: &str, name: &str) -> bool {
    let accounts = world.inventory.clusters.values().flat_map(|it| it.service_accounts.iter());
    accounts.into_iter().any(|it| it.meta.namespace == *namespace && it.meta.name == *name)
}
