//! A container can take over its node
//!
//! ## What it checks
//! A container is privileged, holds a capability that is as good as root on the host, may trace the host's processes, or
//! mounts a directory or socket of the host through which tokens of other pods or the container runtime can be reached
//! (R150). Agents that EKS or Kubernetes ship, and well-known node agents that run as DaemonSets, are noted only.
//!
//! ## Why it matters
//! Whoever gets into the container gets the node: its role, the kubelet's identity, and every token that lies there, so
//! the roles of all pods that happen to run beside it.
//!
//! ## How to fix
//! Take the privilege away, enforce the baseline or restricted Pod Security Standard in the namespace, and put what really
//! needs the host on nodes of its own.
//!
//! ## For newcomers
//! Containers on one node share its kernel. The walls between them are settings of each container, and some settings take
//! the walls down: such a container is the node, whatever its service account may do.

use crate::findings::reference::{CIS_4_2_1, CIS_4_2_2, NHI6, PR_AA_05, ZT3};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Workload, fix, platform};
use crate::identity::{Reachable, Takeover, Via, takeover};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "POD-001",
    slug: "node-takeover-capable-pod",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Pod,
    needs: &[SourceKind::Pods],
    references: &[NHI6, PR_AA_05, ZT3, CIS_4_2_1, CIS_4_2_2],
    check,
};

/// Roles named in the evidence; the others are counted.
const NAMED: usize = 5;

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.pods() > 0 || it.variants.iter().any(|it| it.entry().pod.is_none())) {
        let known = workload.platform || platform::is_node_agent(workload);
        for seat in workload.seats().filter(|seat| seat.identity.takeover != Takeover::NONE) {
            let (takeover, setting) = takeover::of(&seat.entry.spec, seat.container);
            let roles = if known { Vec::new() } else { beside(workload) };
            let sensitive = roles.iter().find(|it| context.is_sensitive(&it.role).is_yes());
            let severity = match (known, sensitive) {
                (true, _) => Severity::Info,
                (false, Some(_)) => Severity::Critical,
                (false, None) => Severity::High,
            };
            let what = if takeover.node.is_no() { "read the tokens of other pods on its node" } else { "take over its node" };
            let name = &seat.container.name;
            let found = out
                .report(workload.key.clone(), severity, format!("container {name} can {what} ({setting})"))
                .platform_judged()
                .evidence(&workload.key, seat.path(setting), "as R150 lists it")
                .impact(match sensitive {
                    Some(it) => format!("whoever is in the container has every identity of the node, {} among them", it.role),
                    None => "whoever is in the container has every identity of the node".into(),
                })
                .fixes([
                    fix::kubectl(format!(
                        "kubectl label namespace {} pod-security.kubernetes.io/enforce=baseline",
                        fix::quoted(workload.namespace)
                    )),
                    fix::by_hand(format!("remove {setting} from container {name} of {}", workload.kubectl_name())),
                ]);
            if takeover.node.is_unknown() || takeover.node.is_no() && takeover.tokens.is_unknown() {
                found.uncertain();
            }
            for it in roles.iter().take(NAMED) {
                found.evidence(&workload.key, format!("roles on its nodes: {}", it.via.word()), it.role.as_str());
            }
            if roles.len() > NAMED {
                found.evidence(&workload.key, "roles on its nodes", format!("{} in all", roles.len()));
            }
        }
    }
}

/// Roles that lie on the nodes of its pods, the sure ones first, each once.
fn beside(workload: &Workload<'_>) -> Vec<Reachable> {
    let mut roles: Vec<Reachable> = Vec::new();
    for variant in &workload.variants {
        let mut nodes = rustc_hash::FxHashSet::default();
        for entry in &variant.members {
            if !nodes.insert(entry.pod.as_ref().map(|pod| &pod.node)) {
                continue;
            }
            for (at, identity) in entry.containers.iter().enumerate() {
                if identity.takeover != Takeover::NONE {
                    let lying = |it: &Reachable| matches!(it.via, Via::NodeTakeover | Via::CoTenant);
                    roles.extend(entry.reachable(at).into_iter().filter(lying));
                }
            }
        }
    }
    roles.sort_by(|a, b| b.certainty.cmp(&a.certainty).then_with(|| a.cmp(b)));
    let mut seen = rustc_hash::FxHashSet::default();
    roles.retain(|it| seen.insert(it.role.clone()));
    roles
}
