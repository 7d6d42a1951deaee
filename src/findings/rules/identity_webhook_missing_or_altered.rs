//! The webhook that injects identities is missing or was altered
//!
//! ## What it checks
//! The cluster has service accounts with a role, by annotation or association, and no webhook on the creation of pods
//! is registered under the name of EKS (`iam-for-pods.amazonaws.com`) or of a self-hosted one; or its selectors leave
//! out a namespace or pods of such accounts; or its failure policy is `Fail`.
//!
//! ## Why it matters
//! Every new pod of those accounts starts without its role, silently, because the webhook is normally allowed to fail.
//! With `Fail` no pod can be created while the webhook is down. Running pods keep what they have, so the trouble begins
//! at the next rollout, long after the cause.
//!
//! ## How to fix
//! Register `pod-identity-webhook` again as EKS ships it, with the cluster's CA, and find out which script or policy
//! engine removes or rewrites it.
//!
//! ## For newcomers
//! A mutating webhook is a program that the API server asks before it stores an object, and that may change the object.
//! EKS uses one to put credentials into pods. Clusters that only use Pod Identity need the same webhook.

use crate::base::Truth;
use crate::findings::reference::{NHI6, PR_AA_03, ZT6};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Workload, fix};
use crate::identity::injection::{ROLE_ANNOTATION, SKIP_LABEL};
use crate::identity::network::selects;
use crate::model::facts::meta::Labels;
use crate::model::facts::webhook::{Webhook, WebhookConfiguration};
use crate::model::{ClusterFacts, EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "IRSA-002",
    slug: "identity-webhook-missing-or-altered",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Irsa,
    needs: &[SourceKind::Webhooks, SourceKind::ServiceAccounts],
    references: &[NHI6, PR_AA_03, ZT6],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for cluster in context.clusters().filter(|cluster| cluster.webhooks.is_complete()) {
        let registered: Vec<(&WebhookConfiguration, &Webhook)> = cluster
            .webhooks
            .iter()
            .flat_map(|it| it.webhooks.iter().map(|webhook| (&**it, webhook)))
            .filter(|(_, webhook)| injects(webhook))
            .collect();
        let associations = &context.cluster_index(cluster).associations;
        for account in &cluster.service_accounts {
            let (namespace, name) = (&account.meta.namespace, &account.meta.name);
            let annotated = account.meta.annotations.get(ROLE_ANNOTATION).is_some_and(|role| !role.is_empty());
            let associated = matches!(associations.of(namespace, name), Ok(Some(_)));
            if !annotated && !associated {
                continue;
            }
            let key = EntityKey::namespaced(Thing::ServiceAccount, &cluster.label, namespace, name);
            let users: Vec<&Workload<'_>> = context.users_of_account(&key).collect();
            if users.is_empty() {
                if let Some(fault) = fault(cluster, &registered, namespace, None) {
                    report(out, cluster, key.clone(), &key, &fault);
                }
                continue;
            }
            for workload in users {
                if let Some(fault) = fault(cluster, &registered, namespace, Some(workload)) {
                    let found = report(out, cluster, workload.key.clone(), &key, &fault);
                    let lacking = workload.seats().filter(|seat| !seat.has_web_identity().or(seat.has_agent()).is_yes());
                    found.evidence(&workload.key, "containers without identity variables", lacking.count().to_string());
                }
            }
        }
    }
}

struct Fault {
    message: &'static str,
    path: &'static str,
    value: String,
    impact: &'static str,
    name: String,
}

/// What is wrong with the registration, as far as new pods of this namespace or workload go.
fn fault(
    cluster: &ClusterFacts,
    registered: &[(&WebhookConfiguration, &Webhook)],
    namespace: &str,
    workload: Option<&Workload<'_>>,
) -> Option<Fault> {
    let silent = "new pods of the service account start without its role, and nothing says so";
    let Some((configuration, webhook)) = registered.first() else {
        return Some(Fault {
            message: "no webhook injects identities into new pods of this cluster",
            path: "webhooks",
            value: "no webhook on the creation of pods is named iam-for-pods.amazonaws.com".into(),
            impact: silent,
            name: "pod-identity-webhook".into(),
        });
    };
    let fault = |message, path, value: String, impact| {
        Some(Fault { message, path, value, impact, name: configuration.meta.name.to_string() })
    };
    let takes_namespace = registered.iter().fold(Truth::No, |any, (_, it)| any.or(selects_namespace(cluster, it, namespace)));
    if takes_namespace.is_no() {
        let value = format!("{namespace} is left out by {:?}", pairs(&webhook.namespaces.labels));
        return fault(
            "the webhook that injects identities leaves this namespace out",
            "webhooks.namespaceSelector",
            value,
            silent,
        );
    }
    let labels = workload.and_then(|it| it.variants.first()).and_then(|it| it.entry().pod.as_ref()).map(|it| &it.meta.labels);
    if let Some(labels) = labels.filter(|labels| !labels.contains(SKIP_LABEL))
        && registered.iter().all(|(_, it)| selects(&it.objects, labels).is_no())
    {
        let value = format!("its pods are left out by {:?}", pairs(&webhook.objects.labels));
        return fault("the webhook that injects identities leaves these pods out", "webhooks.objectSelector", value, silent);
    }
    if webhook.failure_policy == "Fail" {
        return fault(
            "the webhook that injects identities has failure policy Fail",
            "webhooks.failurePolicy",
            "Fail".into(),
            "no pod of the account can be created while the webhook does not answer",
        );
    }
    None
}

fn report<'s>(
    out: &'s mut Sink<'_>,
    cluster: &ClusterFacts,
    subject: EntityKey,
    account: &EntityKey,
    fault: &Fault,
) -> &'s mut crate::findings::sink::Report {
    let object = EntityKey::plain(Thing::Cluster, &cluster.label);
    out.report(subject, Severity::High, fault.message)
        .also(account.clone())
        .also(object.clone())
        .evidence(&object, format!("mutatingwebhookconfigurations[{}].{}", fault.name, fault.path), fault.value.clone())
        .impact(fault.impact)
        .fixes([
            fix::kubectl(format!("kubectl get mutatingwebhookconfiguration {} -o yaml", fix::quoted(&fault.name))),
            fix::by_hand(
                "restore pod-identity-webhook as EKS ships it: webhook iam-for-pods.amazonaws.com, operations CREATE on \
                 pods, failurePolicy Ignore, objectSelector `eks.amazonaws.com/skip-pod-identity-webhook DoesNotExist`, \
                 no namespaceSelector, clientConfig with the cluster's CA",
            ),
        ])
}

/// On the creation of pods, under the name of EKS or of a self-hosted webhook.
fn injects(webhook: &Webhook) -> bool {
    let named = webhook.name == "iam-for-pods.amazonaws.com" || webhook.name.starts_with("pod-identity-webhook");
    let holds = |list: &[crate::base::Name], wanted: &str| list.iter().any(|it| it == wanted || it == "*");
    named && webhook.rules.iter().any(|rule| holds(&rule.operations, "CREATE") && holds(&rule.resources, "pods"))
}

fn selects_namespace(cluster: &ClusterFacts, webhook: &Webhook, namespace: &str) -> Truth {
    let Some(found) = cluster.namespaces.iter().find(|it| it.meta.name == *namespace) else {
        return if webhook.namespaces == Default::default() { Truth::Yes } else { Truth::Unknown };
    };
    let mut labels: Vec<_> = found.meta.labels.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    labels.push(("kubernetes.io/metadata.name".into(), namespace.into()));
    selects(&webhook.namespaces, &Labels::new(labels))
}

fn pairs(labels: &Labels) -> Vec<String> {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect()
}
