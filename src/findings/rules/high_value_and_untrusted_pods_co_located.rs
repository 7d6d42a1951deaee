//! A pod with a sensitive role shares its node with one that can take the node over
//!
//! ## What it checks
//! On nodes of one role in one cluster, a pod signs with a role that is an administrator, can become one, or reads data
//! broadly, and on the same node a container of another namespace can take the node over or read the tokens on it (R150).
//! Agents that EKS or Kubernetes ship, and well-known node agents, are expected there. One result for a node role.
//!
//! ## Why it matters
//! One escape from the weak pod yields the strong pod's role, whatever separates their namespaces.
//!
//! ## How to fix
//! Keep levels of trust on nodes of their own, with taints or node pools, or take the privilege from the weak pod.
//!
//! ## For newcomers
//! Namespaces separate names and rights in the API. They do not separate programs that run on one machine.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::Name;
use crate::findings::reference::{NHI8, PR_AA_05, ZT3};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, node_roles, platform};
use crate::identity::{Source, Takeover};
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "NODE-010",
    slug: "high-value-and-untrusted-pods-co-located",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Node,
    needs: &[SourceKind::Pods, SourceKind::Nodes, SourceKind::Instances, SourceKind::Iam],
    references: &[NHI8, PR_AA_05, ZT3],
    check,
};

/// What of one node matters: who can take it over, and which sensitive roles lie on it.
#[derive(Default)]
struct Seen<'a> {
    weak: Vec<(&'a EntityKey, &'a Name, bool)>,
    strong: Vec<(&'a EntityKey, &'a Name, Name)>,
}

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let mut nodes: FxHashMap<(&Name, &Name), Seen<'_>> = FxHashMap::default();
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        let known = workload.platform || platform::is_node_agent(workload);
        for variant in &workload.variants {
            let entry = variant.entry();
            let taking = entry.containers.iter().map(|it| it.takeover).max().unwrap_or(Takeover::NONE);
            let weak = !known && taking != Takeover::NONE;
            let strong = entry.containers.iter().find_map(|it| {
                let own = matches!(it.identity.source, Source::Irsa | Source::PodIdentity);
                it.identity.role.clone().filter(|role| own && context.is_sensitive(role).is_yes())
            });
            if !weak && strong.is_none() {
                continue;
            }
            for node in variant.nodes() {
                let seen = nodes.entry((&workload.cluster.label, node)).or_default();
                if weak {
                    let sure = taking.node.is_yes() || taking.tokens.is_yes();
                    seen.weak.push((&workload.key, workload.namespace, sure));
                }
                if let Some(role) = &strong {
                    seen.strong.push((&workload.key, workload.namespace, role.clone()));
                }
            }
        }
    }
    for it in node_roles::all(context) {
        let Some(subject) = it.key() else { continue };
        let mut pairs: FxHashSet<(&EntityKey, &EntityKey)> = FxHashSet::default();
        let mut shown: Option<(&EntityKey, &EntityKey, &Name, &Name)> = None;
        let mut certain = false;
        for (node, _) in &it.nodes {
            let Some(seen) = nodes.get(&(&it.cluster.label, &node.meta.name)) else { continue };
            for (weak, from, sure) in &seen.weak {
                for (strong, _, role) in seen.strong.iter().filter(|strong| strong.1 != *from) {
                    pairs.insert((weak, strong));
                    if shown.is_none() || *sure && !certain {
                        shown = Some((weak, strong, role, &node.meta.name));
                    }
                    certain |= sure;
                }
            }
        }
        let Some((weak, strong, role, node)) = shown else { continue };
        out.report(
            subject.clone(),
            Severity::Medium,
            format!("on its nodes in {}, {weak} can take {role} from {strong}", it.cluster.label),
        )
        .also(weak.clone())
        .also(strong.clone())
        .also_all(EntityKey::role(role))
        .evidence(
            &subject,
            format!("{}: pods that can take their node over, or read the tokens on it", it.cluster.label),
            format!("such as {weak}"),
        )
        .evidence(&subject, format!("{}: credentials of pods beside them", it.cluster.label), format!("{role} of {strong}"))
        .evidence(&subject, format!("{}: shared nodes", it.cluster.label), format!("such as {node}; {} pairs in all", pairs.len()))
        .impact("one escape from the weak pod yields the strong pod's role")
        .certain_if(certain)
        .fixes([
            fix::kubectl(format!("kubectl taint node {} trust=high:NoSchedule   # and tolerate it in {strong} only", fix::quoted(node))),
            fix::by_hand(format!("take the privilege from {weak}")),
        ]);
    }
}
