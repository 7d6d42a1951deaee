//! What root on a node, its token files and its kubelet lead to (R101 to R103, R150).

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{Name, Truth};
use crate::identity::instance::{Guard, NodeKind, NodeRole, metadata_reach};
use crate::identity::reach::asks_any_audience;
use crate::model::ClusterFacts;
use crate::model::facts::pod::PodSpec;
use crate::model::{EntityKey, Kind};

use super::super::kind::EdgeKind;
use super::super::node::{Foothold, NodeId};
use super::workload::joined;
use super::{Builder, service_account};

pub(super) fn add(builder: &mut Builder<'_>) {
    for cluster in builder.inventory.clusters.values() {
        add_cluster(builder, cluster);
    }
    add_tenants(builder);
}

fn add_cluster(builder: &mut Builder<'_>, cluster: &ClusterFacts) {
    let Some(nodes) = builder.identities.nodes.get(&cluster.label) else { return };
    let every = builder.cluster_set(Foothold::AllNodes, &cluster.label);
    let metadata = builder.cluster_set(Foothold::AllMetadata, &cluster.label);
    let ordinary = PodSpec::default();
    for node in &cluster.nodes {
        let key = EntityKey::scoped(Kind::Node, &cluster.label, &node.meta.name);
        let class = nodes.of(&node.meta.name);
        let root = builder.node(Foothold::NodeRoot, &key);
        let tokens = builder.node(Foothold::NodeTokens, &key);
        let kubelet = builder.node(Foothold::Kubelet, &key);
        builder.connect(root, tokens, EdgeKind::Same, Truth::Yes);
        builder.connect(root, kubelet, EdgeKind::Same, Truth::Yes);
        let known = Truth::from(matches!(class.role, NodeRole::Known(_))).or(Truth::Unknown);
        let session = class.role.arn().and_then(|arn| builder.session(arn));
        if let Some(session) = session {
            builder.connect(root, session, EdgeKind::NodeRole, known);
        }
        if class.kind != NodeKind::Fargate && !class.windows.is_yes() {
            builder.connect(every, root, EdgeKind::Includes, Truth::Yes);
        }
        // What an ordinary new pod would find here; network policies that do not exist yet select nothing.
        let reach = metadata_reach(class, &ordinary, &Guard::Open).reach;
        let joined = joined(builder, &cluster.label, &node.meta.name);
        builder.connect(metadata, kubelet, EdgeKind::Includes, reach.and(joined));
        if let Some(session) = session {
            builder.connect(metadata, session, EdgeKind::Includes, reach.and(known));
        }
    }
}

/// Edges from nodes to the pods that run there, one for each group of pods on each node.
fn add_tenants(builder: &mut Builder<'_>) {
    let identities = builder.identities;
    let groups = std::mem::take(&mut builder.groups.all);
    let mut seen: FxHashSet<&Name> = FxHashSet::default();
    // A node has many tenants, and its key is long.
    let mut known: FxHashMap<(&Name, &Name), [NodeId; 4]> = FxHashMap::default();
    for group in groups.iter().filter(|it| it.lives) {
        let entry = &identities.pods[group.members[0] as usize];
        let Some(cluster) = builder.inventory.clusters.get(&entry.cluster) else { continue };
        let any_audience = asks_any_audience(cluster);
        let mint = (!any_audience.is_no()).then(|| builder.node(Foothold::Mint, &service_account(entry)));
        seen.clear();
        for at in &group.members {
            let Some(pod) = identities.pods[*at as usize].pod.as_ref() else { continue };
            if pod.node.is_empty() || pod.phase.is_over() || !seen.insert(&pod.node) {
                continue;
            }
            let [root, tokens, kubelet, mounted] = *known.entry((&entry.cluster, &pod.node)).or_insert_with(|| {
                let key = EntityKey::scoped(Kind::Node, &entry.cluster, &pod.node);
                [Foothold::NodeRoot, Foothold::NodeTokens, Foothold::Kubelet, Foothold::AllMounted]
                    .map(|foothold| builder.node(foothold, &key))
            });
            builder.connect(root, group.inside, EdgeKind::NodePods, Truth::Yes);
            builder.connect(mounted, group.mounted, EdgeKind::Includes, Truth::Yes);
            builder.connect(tokens, mounted, EdgeKind::NodeTokens, Truth::Yes);
            builder.connect(kubelet, mounted, EdgeKind::KubeletToken, Truth::Yes);
            if let Some(mint) = mint {
                builder.connect(kubelet, mint, EdgeKind::KubeletToken, any_audience);
            }
        }
    }
    builder.groups.all = groups;
}
