//! Whether pods are reached from outside: Services with a public load balancer, and Ingresses that lead to them.

use crate::base::Name;
use crate::identity::network::selects;
use crate::model::facts::meta::Labels;
use crate::model::facts::workload::OtherObject;
use crate::model::{ClusterFacts, SourceId, SourceKind};

use super::context::Workload;

/// How a workload is reached from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// The chain, such as `Ingress shop/front > Service shop/web`.
    pub public: Option<String>,
    /// Lists that were not read and could show a chain; empty when one was found.
    pub missing: Vec<SourceId>,
}

/// Looks through the Services and Ingresses of the workload's namespace.
pub fn of(workload: &Workload<'_>) -> Exposure {
    let cluster = workload.cluster;
    let mut missing = Vec::new();
    let labels = workload.variants.first().and_then(|it| it.entry().pod.as_ref()).map(|pod| &pod.meta.labels);
    let selected: Vec<&OtherObject> = match labels {
        Some(labels) => in_namespace(cluster, SourceKind::Services, workload.namespace, &mut missing)
            .filter(|service| is_selected(service, labels))
            .collect(),
        None => Vec::new(),
    };
    let ingresses: Vec<&OtherObject> =
        in_namespace(cluster, SourceKind::Ingresses, workload.namespace, &mut missing).collect();
    let chain = selected.iter().find_map(|service| {
        let name = format!("Service {}/{}", service.meta.namespace, service.meta.name);
        if is_public_service(service) {
            return Some(name);
        }
        let ingress = ingresses.iter().find(|it| leads_to(it, &service.meta.name) && is_public_ingress(it))?;
        Some(format!("Ingress {}/{} > {name}", ingress.meta.namespace, ingress.meta.name))
    });
    Exposure { missing: if chain.is_some() { Vec::new() } else { missing }, public: chain }
}

fn in_namespace<'a>(
    cluster: &'a ClusterFacts,
    kind: SourceKind,
    namespace: &str,
    missing: &mut Vec<SourceId>,
) -> impl Iterator<Item = &'a OtherObject> + use<'a> {
    let listing = cluster.others.get(&kind);
    if !listing.is_some_and(|it| it.is_complete()) {
        missing.push(cluster.source(kind));
    }
    let items = listing.map_or(&[][..], |it| it.items());
    let from = items.partition_point(|it| it.meta.namespace.as_str() < namespace);
    let to = items.partition_point(|it| it.meta.namespace.as_str() <= namespace);
    items[from..to].iter().map(|it| &**it)
}

/// A Service without a selector chooses no pods by itself.
fn is_selected(service: &OtherObject, labels: &Labels) -> bool {
    service.selector.labels.iter().next().is_some() && selects(&service.selector, labels).is_yes()
}

fn annotation<'a>(object: &'a OtherObject, key: &str) -> &'a str {
    object.meta.annotations.get(key).map_or("", Name::as_str)
}

fn field<'a>(object: &'a OtherObject, path: &str) -> &'a str {
    object.fields.get(path).map_or("", Name::as_str)
}

/// The controller inside EKS's control plane opens to the internet unless told otherwise, the AWS Load Balancer
/// Controller only when told to (its documentation, "scheme").
fn is_public_service(service: &OtherObject) -> bool {
    if field(service, "spec.type") != "LoadBalancer" {
        return false;
    }
    let prefix = "service.beta.kubernetes.io/aws-load-balancer";
    let scheme = annotation(service, &format!("{prefix}-scheme"));
    let internal = annotation(service, &format!("{prefix}-internal"));
    if scheme == "internal" || matches!(internal, "true" | "0.0.0.0/0") {
        return false;
    }
    let kind = annotation(service, &format!("{prefix}-type"));
    let by_controller = matches!(kind, "external" | "nlb-ip")
        || field(service, "spec.loadBalancerClass") == "service.k8s.aws/nlb"
        || field(service, "spec.loadBalancerClass") == "eks.amazonaws.com/nlb";
    !by_controller || scheme == "internet-facing"
}

fn is_public_ingress(ingress: &OtherObject) -> bool {
    let class = match field(ingress, "spec.ingressClassName") {
        "" => annotation(ingress, "kubernetes.io/ingress.class"),
        class => class,
    };
    let scheme = annotation(ingress, "alb.ingress.kubernetes.io/scheme");
    if class.contains("alb") || !scheme.is_empty() {
        return scheme == "internet-facing";
    }
    // Another controller has a load balancer of its own; by convention the class of an inner one says so.
    !["internal", "private", "intranet"].iter().any(|word| class.contains(word))
}

fn leads_to(ingress: &OtherObject, service: &str) -> bool {
    ingress.fields.iter().any(|(path, value)| {
        value == service
            && (path.as_str() == "spec.defaultBackend.service.name"
                || path.starts_with("spec.rules[") && path.ends_with(".backend.service.name"))
    })
}
