//! A pod with Pod Identity runs where Pod Identity does not work
//!
//! ## What it checks
//! The container is set up to ask the Pod Identity agent, and its node is Fargate, Windows, no EC2 machine at all, or a
//! hybrid node without the agent.
//!
//! ## Why it matters
//! The pod has no credentials at all: the webhook injects by namespace and account without knowing where the pod will run,
//! and with the association in place it leaves the annotation aside.
//!
//! ## How to fix
//! Delete the association for that account and use IRSA there, or move the workload. Where other workloads of the account
//! run on EC2, give this one an account of its own.
//!
//! ## For newcomers
//! Pod Identity needs a helper program on every node. Fargate has no nodes that such a program could run on.

use crate::findings::reference::{NHI6, PR_AA_03};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::base::Truth;
use crate::identity::injection::ROLE_ANNOTATION;
use crate::identity::instance::NodeKind;
use crate::model::{EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PODID-002",
    slug: "association-on-unsupported-compute",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::PodIdentity,
    needs: &[SourceKind::Pods, SourceKind::Nodes],
    references: &[NHI6, PR_AA_03],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        let index = context.cluster_index(workload.cluster);
        for variant in &workload.variants {
            let unfit = variant.nodes().into_iter().find_map(|node| {
                let class = index.nodes.of(node);
                let why = match class.kind {
                    NodeKind::Fargate => "Fargate",
                    NodeKind::Foreign => "no EC2 machine",
                    NodeKind::Hybrid if class.agent == Truth::No => "a hybrid node without the agent",
                    _ if class.windows.is_yes() => "Windows",
                    _ => return None,
                };
                Some((node, why))
            });
            let Some((node, why)) = unfit else { continue };
            for seat in workload.seats().filter(|it| std::ptr::eq(it.entry, variant.entry()) && it.has_agent().is_yes()) {
                let account = workload.account_key();
                let annotated = match workload.cluster.service_account(workload.namespace, workload.service_account) {
                    Lookup::Found(found) => found.meta.annotations.get(ROLE_ANNOTATION).cloned(),
                    Lookup::Absent | Lookup::Unknown => None,
                };
                let association = index.associations.of(workload.namespace, workload.service_account).ok().flatten();
                let found = out
                    .report(
                        workload.key.clone(),
                        Severity::High,
                        format!("container {} asks the Pod Identity agent, and its node is {why}", seat.container.name),
                    )
                    .also(account.clone())
                    .also(EntityKey::scoped(Thing::Node, &workload.cluster.label, node))
                    .show([seat.env_evidence(workload, "AWS_CONTAINER_CREDENTIALS_FULL_URI")])
                    .evidence(&workload.key, "kind of node", why)
                    .impact("the pod has no credentials at all");
                if let Some(role) = annotated {
                    let path = format!("metadata.annotations[{ROLE_ANNOTATION}]");
                    found.evidence(&account, path, format!("{role}, which the association keeps from being injected"));
                }
                if let Some(association) = association {
                    found.fixes([fix::delete_association(workload.cluster, &association.id), fix::restart(workload)]);
                }
                found.fixes([fix::by_hand(format!(
                    "use IRSA for {}/{} (annotate the account and restart), or run the workload on Linux EC2 nodes",
                    workload.namespace, workload.service_account
                ))]);
            }
        }
    }
}
