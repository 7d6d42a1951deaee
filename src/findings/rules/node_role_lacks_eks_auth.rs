//! The role of the nodes may not ask for Pod Identity credentials
//!
//! ## What it checks
//! Containers that ask the Pod Identity agent run on nodes whose role is not allowed `eks-auth:AssumeRoleForPodIdentity` on
//! the cluster. An agent that has a role of its own needs none of the node.
//!
//! ## Why it matters
//! No pod on those nodes gets credentials by Pod Identity, however right its association is.
//!
//! ## How to fix
//! Attach AmazonEKSWorkerNodePolicy, or allow the action on the cluster.
//!
//! ## For newcomers
//! The agent on a node asks EKS for credentials with the rights of the node. The role of the pod is only what it gets back.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::Name;
use crate::findings::reference::{NHI6, PR_AA_03};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Workload, fix, node_roles, static_keys};
use crate::model::{Arn, ClusterFacts, EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PODID-012",
    slug: "node-role-lacks-eks-auth",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::PodIdentity,
    needs: &[SourceKind::Iam, SourceKind::Pods, SourceKind::Nodes, SourceKind::Instances, SourceKind::Cluster],
    references: &[NHI6, PR_AA_03],
    check,
};

/// So many workloads are named.
const NAMED: usize = 20;

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let on_nodes = askers(context);
    for it in node_roles::all(context) {
        let nodes = it.nodes.iter().filter_map(|(node, _)| on_nodes.get(&(&it.cluster.label, &node.meta.name)));
        let mut workloads: Vec<&EntityKey> = nodes.flatten().copied().collect();
        workloads.sort_unstable();
        workloads.dedup();
        let Lookup::Found(role) = context.inventory.role(&it.role) else { continue };
        if workloads.is_empty() || agent_has_own_role(context, it.cluster) {
            continue;
        }
        let may = context.trusts.may_ask_for_credentials(context.inventory, it.cluster, role);
        if !may.is_no() {
            if may.is_unknown() {
                out.cannot([context.account_source(&role.account, SourceKind::Iam)]);
            }
            continue;
        }
        let Some(key) = it.key() else { continue };
        let policies = role.attached.iter().map(|arn| arn.rsplit('/').next().unwrap_or(arn).to_owned());
        let policies: Vec<String> = policies.chain(role.inline.iter().map(|it| format!("inline {}", it.name))).collect();
        let partition = Arn::parse(&role.arn).map_or("aws", |arn| arn.partition);
        out.report(
            key.clone(),
            Severity::High,
            format!("{} workloads on its nodes in {} ask for Pod Identity, and the role may not", workloads.len(), it.cluster.label),
        )
        .also_all(workloads.iter().take(NAMED).map(|it| (*it).clone()))
        .evidence(&key, "policies", if policies.is_empty() { "none".into() } else { policies.join(", ") })
        .evidence(&EntityKey::plain(Thing::Cluster, &it.cluster.label), "eks-auth:AssumeRoleForPodIdentity", "not allowed")
        .impact("no pod on those nodes gets credentials by Pod Identity")
        .fixes([fix::aws(format!(
            "aws iam attach-role-policy --role-name {} --policy-arn arn:{partition}:iam::aws:policy/AmazonEKSWorkerNodePolicy",
            fix::quoted(&role.name)
        ))]);
    }
}

/// Workloads that ask the agent, by cluster and node.
fn askers<'c>(context: &'c Context<'_>) -> FxHashMap<(&'c Name, &'c Name), FxHashSet<&'c EntityKey>> {
    let mut found: FxHashMap<(&Name, &Name), FxHashSet<&EntityKey>> = FxHashMap::default();
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        for variant in &workload.variants {
            let mut seats = workload.seats().filter(|it| std::ptr::eq(it.entry, variant.entry()));
            if seats.any(|seat| seat.has_agent().is_yes()) {
                for node in variant.nodes() {
                    found.entry((&workload.cluster.label, node)).or_default().insert(&workload.key);
                }
            }
        }
    }
    found
}

/// The agent's DaemonSet signs with something else than the node's role.
fn agent_has_own_role(context: &Context<'_>, cluster: &ClusterFacts) -> bool {
    let is_agent = |it: &&Workload<'_>| {
        std::ptr::eq(it.cluster, cluster)
            && it.key.kind == Thing::DaemonSet
            && it.key.name.starts_with("eks-pod-identity-agent")
    };
    context.workloads.iter().filter(is_agent).any(|workload| {
        workload.seats().any(|seat| seat.has_web_identity().is_yes() || static_keys::are_set(&seat).is_yes())
    })
}
