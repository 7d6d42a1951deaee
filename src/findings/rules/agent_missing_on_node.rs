//! No Pod Identity agent runs on the node of a pod that needs it
//!
//! ## What it checks
//! The container is set up to ask the agent, its node is an EC2 machine outside Auto Mode, and no ready pod of the agent
//! runs there.
//!
//! ## Why it matters
//! Calls for credentials to 169.254.170.23 time out.
//!
//! ## How to fix
//! Install or mend the add-on `eks-pod-identity-agent`; give its DaemonSet the tolerations that those nodes need.
//!
//! ## For newcomers
//! The agent is a DaemonSet: one pod on every node that hands out credentials there. Taints and affinities can leave nodes
//! out.

use crate::findings::reference::{NHI6, PR_AA_03};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::identity::instance::NodeKind;
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PODID-001",
    slug: "agent-missing-on-node",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::PodIdentity,
    needs: &[SourceKind::Pods, SourceKind::Nodes],
    references: &[NHI6, PR_AA_03],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        let nodes = &context.cluster_index(workload.cluster).nodes;
        for variant in &workload.variants {
            let lacking: Vec<_> = variant
                .nodes()
                .into_iter()
                .filter(|node| {
                    let class = nodes.of(node);
                    let machine = matches!(
                        class.kind,
                        NodeKind::ManagedNodegroup | NodeKind::Karpenter | NodeKind::SelfManaged
                    );
                    machine && class.agent.is_no() && !class.windows.is_yes()
                })
                .collect();
            let Some(first) = lacking.first() else { continue };
            for seat in workload.seats().filter(|it| std::ptr::eq(it.entry, variant.entry()) && it.has_agent().is_yes()) {
                let description = workload.cluster.description();
                let name = description.map_or(workload.cluster.label.as_str(), |it| it.name.as_str());
                out.report(
                    workload.key.clone(),
                    Severity::High,
                    format!("container {} asks the Pod Identity agent, and none is ready on {first}", seat.container.name),
                )
                .also_all(lacking.iter().take(20).map(|node| EntityKey::scoped(Thing::Node, &workload.cluster.label, node)))
                .show([seat.env_evidence(workload, "AWS_CONTAINER_CREDENTIALS_FULL_URI")])
                .evidence(&workload.key, "nodes without a ready agent", lacking.len().to_string())
                .impact("calls for credentials time out at 169.254.170.23")
                .fixes([
                    fix::aws(format!("aws eks create-addon --cluster-name {} --addon-name eks-pod-identity-agent", fix::quoted(name))),
                    fix::kubectl("kubectl -n kube-system get daemonset eks-pod-identity-agent -o wide   # tolerations, affinity, pods that are not ready"),
                ]);
            }
        }
    }
}
