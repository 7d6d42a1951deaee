//! A role is annotated under the wrong key or on the wrong object
//!
//! ## What it checks
//! The service account has neither the annotation `eks.amazonaws.com/role-arn` nor an association, and a role stands
//! under a key that is nearly it, as a label, or under the right key on the pod, its workload or its namespace.
//!
//! ## Why it matters
//! It looks configured in every review, and nothing is ever injected.
//!
//! ## How to fix
//! Move the ARN to the annotation `eks.amazonaws.com/role-arn` of the service account and restart the workload.
//!
//! ## For newcomers
//! The webhook reads one key on one kind of object: the annotation of the service account. Charts offer many places for
//! annotations, and only one of them ends up there.

use crate::base::Name;
use crate::findings::reference::{NHI4, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Workload, fix};
use crate::identity::injection::ROLE_ANNOTATION;
use crate::model::facts::meta::Labels;
use crate::model::{ClusterFacts, EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "IRSA-007",
    slug: "wrong-annotation-key-or-object",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::Irsa,
    needs: &[SourceKind::ServiceAccounts, SourceKind::Pods, SourceKind::AssociationList],
    references: &[NHI4, PR_AA_01],
    check,
};

/// Keys that people take for the right one, folded.
const NEARLY: [&str; 9] = [
    "eks.amazonaws.com/role-arn",
    "eks.amazonaws.com/rolearn",
    "eks.amazonaws.com/iam-role-arn",
    "eks.amazonaws.com/iam-role",
    "eks.amazonaws.com/role",
    "eks.aws/role-arn",
    "eks.amazon.com/role-arn",
    "iam.amazonaws.com/role-arn",
    KUBE2IAM,
];
/// What kube2iam and kiam read, on pods (R104).
const KUBE2IAM: &str = "iam.amazonaws.com/role";

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for (cluster, account) in context.service_accounts() {
        let (namespace, name) = (&account.meta.namespace, &account.meta.name);
        let right = account.meta.annotations.get(ROLE_ANNOTATION).is_some_and(|it| !it.is_empty());
        if right || !matches!(context.cluster_index(cluster).associations.of(namespace, name), Ok(None)) {
            continue;
        }
        let key = EntityKey::namespaced(Thing::ServiceAccount, &cluster.label, namespace, name);
        let users: Vec<&Workload<'_>> = context.users_of_account(&key).collect();
        let mut places = Vec::new();
        collect(&mut places, &key, "metadata.annotations", &account.meta.annotations, |it| it != ROLE_ANNOTATION);
        collect(&mut places, &key, "metadata.labels", &account.meta.labels, |_| true);
        let on_namespace = cluster.namespaces.iter().find(|it| it.meta.name == *namespace);
        if let Some(found) = on_namespace.filter(|_| !users.is_empty()) {
            let object = EntityKey::scoped(Thing::Namespace, &cluster.label, namespace);
            collect(&mut places, &object, "metadata.annotations", &found.meta.annotations, |_| true);
        }
        let answers = intercepted(context, cluster);
        if users.is_empty() {
            report(out, &key, &key, None, &places);
        }
        for workload in users {
            let mut places = places.clone();
            let stored = workload.stored();
            if let Some(stored) = stored {
                collect(&mut places, &workload.key, "metadata.annotations", &stored.meta.annotations, |_| true);
                collect(&mut places, &workload.key, "spec.template.metadata.annotations", &stored.template.annotations, |it| {
                    it != KUBE2IAM || !answers
                });
            }
            let pod = workload.variants.first().and_then(|it| it.entry().pod.as_ref());
            if let Some(pod) = pod.filter(|_| stored.is_none()) {
                collect(&mut places, &workload.key, "metadata.annotations", &pod.meta.annotations, |it| {
                    it != KUBE2IAM || !answers
                });
            }
            report(out, &workload.key, &key, Some(workload), &places);
        }
    }
}

/// kube2iam or kiam runs here, or may: then its annotation on pods means what it says.
fn intercepted(context: &Context<'_>, cluster: &ClusterFacts) -> bool {
    !context.cluster_index(cluster).nodes.interceptor.is_no()
}

type Place = (EntityKey, String, Name);

fn collect(places: &mut Vec<Place>, object: &EntityKey, path: &str, labels: &Labels, wrong: impl Fn(&str) -> bool) {
    for (key, value) in labels.iter() {
        let folded = key.to_ascii_lowercase().replace('_', "-");
        let names_role = value.contains(":role/") || folded == ROLE_ANNOTATION || folded == KUBE2IAM;
        if NEARLY.contains(&folded.as_str()) && names_role && !value.is_empty() && wrong(key) {
            places.push((object.clone(), format!("{path}[{key}]"), value.clone()));
        }
    }
}

fn report(
    out: &mut Sink<'_>,
    subject: &EntityKey,
    account: &EntityKey,
    workload: Option<&Workload<'_>>,
    places: &[Place],
) {
    let Some((object, path, value)) = places.first() else { return };
    let found = out
        .report(
            subject.clone(),
            Severity::Medium,
            format!("`{value}` stands under {path} of {object}, where no webhook reads it"),
        )
        .also(account.clone())
        .also(object.clone())
        .impact("nothing is injected, and the pods run with whatever comes next: mostly the role of their node");
    for (object, path, value) in places {
        found.evidence(object, path.clone(), value.as_str());
    }
    found.evidence(account, format!("metadata.annotations[{ROLE_ANNOTATION}]"), "not set");
    let arn = if value.starts_with("arn:") { value.to_string() } else { format!("arn:aws:iam::ACCOUNT:role/{value}") };
    found.fixes([fix::annotate(account, &arn)]);
    found.fixes(workload.map(fix::restart));
}
