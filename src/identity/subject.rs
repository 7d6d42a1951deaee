//! Everything the identity of one pod or template can depend on, and what all pods of its cluster share.

use std::sync::Arc;

use crate::base::Name;
use crate::model::facts::meta::Labels;
use crate::model::facts::pod::{Pod, PodSpec};
use crate::model::facts::workload::{Workload, WorkloadKind};
use crate::model::{ClusterFacts, EntityKey, Inventory, Kind};

use super::answer::Evidence;
use super::injection::{self, Associations, Declared, Webhook};
use super::instance::{Guard, NodeClass, Nodes};
use super::latent::LatentRoles;
use super::network::{self, Policies};
use super::trust::Trusts;

/// What all pods of one cluster share.
pub(super) struct Context<'a> {
    pub inventory: &'a Inventory,
    pub cluster: &'a ClusterFacts,
    pub trusts: &'a Trusts,
    pub associations: Associations,
    pub webhook: Webhook<'a>,
    pub nodes: Nodes,
    pub policies: Policies<'a>,
    pub latent: LatentRoles<'a>,
}

impl<'a> Context<'a> {
    pub fn new(inventory: &'a Inventory, cluster: &'a ClusterFacts, trusts: &'a Trusts) -> Context<'a> {
        Context {
            inventory,
            cluster,
            trusts,
            associations: Associations::new(cluster),
            webhook: Webhook::new(cluster),
            nodes: Nodes::new(inventory, cluster),
            policies: Policies::new(cluster),
            latent: LatentRoles::new(inventory, cluster, trusts),
        }
    }
}

/// Everything an identity can depend on, for one pod or template.
pub(super) struct Subject<'a> {
    pub namespace: &'a Name,
    pub account: &'a Name,
    pub spec: &'a Arc<PodSpec>,
    pub labels: &'a Labels,
    pub annotations: &'a Labels,
    pub class: Arc<NodeClass>,
    pub declared: Declared,
    pub metadata_guard: Guard,
    pub agent_guard: Guard,
    pub pod: Option<&'a Pod>,
    /// The template that made the pod, as its direct owner holds it.
    pub template: Option<&'a Arc<PodSpec>>,
    /// The template that the top owner holds now.
    pub current: Option<&'a Arc<PodSpec>>,
    /// The pod, or the workload of a template.
    pub key: EntityKey,
}

impl<'a> Subject<'a> {
    pub fn of_pod(context: &Context<'a>, pod: &'a Pod) -> Subject<'a> {
        let meta = &pod.meta;
        let class = class_of(context, pod);
        let template = owner_template(context.cluster, pod);
        Subject {
            pod: Some(pod),
            template,
            current: current_template(context.cluster, pod),
            key: EntityKey::namespaced(Kind::Pod, &context.cluster.label, &meta.namespace, &meta.name),
            ..Subject::new(context, &meta.namespace, &pod.spec, &meta.labels, &meta.annotations, class)
        }
    }

    pub fn of_template(context: &Context<'a>, workload: &'a Workload) -> Subject<'a> {
        let template = &workload.template;
        let namespace = &workload.meta.namespace;
        let class = context.nodes.future(context.cluster, namespace, &template.labels, &template.spec);
        let key = EntityKey::namespaced(
            workload.kind.key_kind(),
            &context.cluster.label,
            &workload.meta.namespace,
            &workload.meta.name,
        );
        Subject {
            key,
            ..Subject::new(context, namespace, &template.spec, &template.labels, &template.annotations, class)
        }
    }

    pub fn new(
        context: &Context<'a>,
        namespace: &'a Name,
        spec: &'a Arc<PodSpec>,
        labels: &'a Labels,
        annotations: &'a Labels,
        class: Arc<NodeClass>,
    ) -> Subject<'a> {
        let account = &spec.service_account;
        let (metadata_guard, agent_guard) = if context.policies.concern(namespace) {
            let guard = |address| context.policies.guard(namespace, labels, address);
            (guard(network::METADATA), guard(network::AGENT))
        } else {
            (Guard::Open, Guard::Open)
        };
        Subject {
            namespace,
            account,
            spec,
            labels,
            annotations,
            class,
            declared: injection::declared(context.cluster, &context.associations, namespace, account),
            metadata_guard,
            agent_guard,
            pod: None,
            template: None,
            current: None,
            key: EntityKey::scoped(Kind::Namespace, &context.cluster.label, namespace),
        }
    }
}

impl Subject<'_> {
    /// A place in this pod or template.
    pub fn evidence(&self, path: impl Into<String>, value: impl Into<String>) -> Evidence {
        Evidence { object: self.key.clone(), path: path.into(), value: value.into() }
    }

    /// A place in its service account.
    pub fn account_evidence(&self, path: impl Into<String>, value: impl Into<String>) -> Evidence {
        let object = EntityKey::namespaced(Kind::ServiceAccount, &self.key.scope, self.namespace, self.account);
        Evidence { object, path: path.into(), value: value.into() }
    }
}

/// The class of a pod's node; of the nodes it may come to, while it has none.
pub(super) fn class_of(context: &Context<'_>, pod: &Pod) -> Arc<NodeClass> {
    if pod.node.is_empty() {
        return context.nodes.future(context.cluster, &pod.meta.namespace, &pod.meta.labels, &pod.spec);
    }
    Arc::clone(context.nodes.of(&pod.node))
}

/// The template of the deployment above a pod's replica set: what its next pods are made from (R113 j).
pub(super) fn current_template<'a>(cluster: &'a ClusterFacts, pod: &Pod) -> Option<&'a Arc<PodSpec>> {
    let owner = pod.meta.owner.as_ref()?;
    if owner.kind != "ReplicaSet" {
        return owner_template(cluster, pod);
    }
    let set = super::workload::find(&cluster.replica_sets, &pod.meta.namespace, &owner.name)?;
    let top = set.meta.owner.as_ref().filter(|top| top.kind == "Deployment")?;
    super::workload::find(&cluster.deployments, &pod.meta.namespace, &top.name).map(|it| &it.template.spec)
}

/// The template that made a pod, as far as its direct owner was read.
pub(super) fn owner_template<'a>(cluster: &'a ClusterFacts, pod: &Pod) -> Option<&'a Arc<PodSpec>> {
    let owner = pod.meta.owner.as_ref()?;
    let list = match WorkloadKind::from_word(&owner.kind)? {
        WorkloadKind::Deployment => &cluster.deployments,
        WorkloadKind::ReplicaSet => &cluster.replica_sets,
        WorkloadKind::StatefulSet => &cluster.stateful_sets,
        WorkloadKind::DaemonSet => &cluster.daemon_sets,
        WorkloadKind::Job => &cluster.jobs,
        WorkloadKind::CronJob => &cluster.cron_jobs,
    };
    super::workload::find(list, &pod.meta.namespace, &owner.name).map(|it| &it.template.spec)
}
