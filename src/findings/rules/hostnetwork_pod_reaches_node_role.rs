//! A pod on the host's network has the role of its node
//!
//! ## What it checks
//! A pod uses the host's network and the metadata service of its node is enabled: the hop limit does not count for it
//! (R96). Agents that EKS or Kubernetes ship, and well-known node agents that run as DaemonSets, are noted only. It is
//! worse where the pod is reached from outside.
//!
//! ## Why it matters
//! Requiring tokens and a hop limit of 1 protect the node's role from pods, and not from this one.
//!
//! ## How to fix
//! Take the host's network away. Where it is needed, put the pod on nodes of their own with a role that can do little.
//!
//! ## For newcomers
//! A pod on the host's network is not behind the node, it is the node as far as the network goes.

use crate::findings::reference::{CIS_4_2_4, NHI6, NHI8, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, exposure, fix, node_roles, platform};
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "NODE-007",
    slug: "hostnetwork-pod-reaches-node-role",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Node,
    needs: &[SourceKind::Pods, SourceKind::Nodes, SourceKind::Instances],
    references: &[NHI6, NHI8, PR_AA_05, CIS_4_2_4],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        for seat in workload.seats().filter(|seat| seat.entry.spec.host_network) {
            let Some((role, certainty)) = node_roles::through_metadata(&seat) else { continue };
            let known = workload.platform || platform::is_node_agent(workload);
            let chain = if known { None } else { exposure::of(workload).public };
            let severity = match (known, &chain) {
                (true, _) => Severity::Info,
                (false, Some(_)) => Severity::High,
                (false, None) => Severity::Medium,
            };
            let name = &seat.container.name;
            let found = out
                .report(workload.key.clone(), severity, format!("container {name} is on the host's network and gets {role}"))
                .platform_judged()
                .also_all(EntityKey::role(role))
                .evidence(&workload.key, "spec.hostNetwork", "true")
                .evidence(&workload.key, "metadata service", role.as_str())
                .impact("the hop limit does not keep it from the node's credentials")
                .certain_if(certainty.is_yes())
                .fixes([fix::by_hand(format!(
                    "set hostNetwork: false in {}, or give it nodes of its own with a minimal role",
                    workload.kubectl_name()
                ))]);
            if let Some(chain) = chain {
                found.evidence(&workload.account_key(), "reached from outside", chain);
            }
        }
    }
}
