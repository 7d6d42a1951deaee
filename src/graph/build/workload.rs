//! What code in a pod holds by itself: its service account, the roles it signs with or could reach, and its node when
//! privileges or metadata give it (R9, R40, R74, R96, R150, R151).

use crate::base::{Name, Truth};
use crate::identity::resolve::PodIdentity;
use crate::identity::{Identity, Source, Via};
use crate::model::facts::pod::{Projection, VolumeSource};
use crate::model::{EntityKey, Kind, Lookup};

use super::super::kind::EdgeKind;
use super::super::node::{Foothold, NodeId};
use super::{Builder, Group, groups, service_account};

pub(super) fn add(builder: &mut Builder<'_>) {
    groups(builder);
    let all = std::mem::take(&mut builder.groups.all);
    for group in &all {
        add_group(builder, group);
    }
    builder.groups.all = all;
}

fn add_group(builder: &mut Builder<'_>, group: &Group) {
    let identities = builder.identities;
    let entry = &identities.pods[group.members[0] as usize];
    builder.connect(group.shell, group.inside, EdgeKind::Same, Truth::Yes);
    let key = service_account(entry);
    builder.connect(group.inside, group.mounted, EdgeKind::RunsAs, Truth::Yes);
    let api = builder.node(Foothold::Api, &key);
    builder.connect(group.mounted, api, EdgeKind::Same, mounts_api_token(builder, entry));
    for identity in entry.containers.iter() {
        add_identity(builder, group, entry, api, identity);
    }
    add_nodes(builder, group, entry);
}

fn add_identity(builder: &mut Builder<'_>, group: &Group, entry: &PodIdentity, api: NodeId, identity: &Identity) {
    let certainty = certainty(identity);
    let metadata = if entry.spec.host_network { EdgeKind::HostNetwork } else { EdgeKind::Imds };
    if let Some(session) = identity.identity.role.as_ref().and_then(|arn| builder.session(arn)) {
        let kind = match identity.identity.source {
            Source::Irsa => EdgeKind::Irsa,
            Source::PodIdentity => EdgeKind::PodIdentity,
            Source::NodeRole => EdgeKind::NodeIdentity,
            _ => EdgeKind::OtherCredential,
        };
        builder.connect(group.inside, session, kind, certainty);
        if matches!(kind, EdgeKind::Irsa | EdgeKind::PodIdentity) {
            // The mounted token is all it takes, whoever holds it.
            builder.connect(group.mounted, session, kind, certainty);
        }
        if kind == EdgeKind::NodeIdentity && entry.spec.host_network {
            builder.connect(group.inside, session, EdgeKind::HostNetwork, certainty);
        }
    }
    for reachable in &identity.reachable {
        let (kind, by_token) = match reachable.via {
            Via::Imds => (metadata, false),
            Via::Token => (EdgeKind::Token, true),
            Via::LatentTrust => (EdgeKind::LatentTrust, true),
            Via::AssociationToken => (EdgeKind::AssociationToken, true),
            Via::Interceptor => (EdgeKind::Interceptor, false),
            // These lead over other things, and are walked over them.
            Via::NodeTakeover | Via::CoTenant | Via::RoleChain => continue,
        };
        let Some(session) = builder.session(&reachable.role) else { continue };
        builder.connect(group.inside, session, kind, reachable.certainty);
        if by_token {
            builder.connect(group.mounted, session, kind, reachable.certainty);
        }
    }
    if let Some(declared) = &identity.declared
        && let Some(session) = declared.role.as_ref().and_then(|arn| builder.session(arn))
    {
        builder.connect(api, session, EdgeKind::Declares, Truth::Yes);
    }
}

/// How sure it is that the container signs with the role it is said to.
fn certainty(identity: &Identity) -> Truth {
    let settled = identity.certain && identity.verdict != crate::identity::Verdict::Unknown;
    Truth::from(settled).or(Truth::Unknown)
}

/// How sure it is that the containers of a pod can ask instance metadata for the node's role.
pub(in crate::graph) fn metadata(entry: &PodIdentity) -> Truth {
    let of = |identity: &Identity| {
        let own = match identity.identity.source {
            Source::NodeRole => certainty(identity),
            _ => Truth::No,
        };
        let others = identity.reachable.iter().filter(|it| it.via == Via::Imds).map(|it| it.certainty);
        others.fold(own, Truth::or)
    };
    entry.containers.iter().map(|it| of(it)).fold(Truth::No, Truth::or)
}

/// Edges to the nodes that the pods of the group run on.
fn add_nodes(builder: &mut Builder<'_>, group: &Group, entry: &PodIdentity) {
    let takeover = entry.containers.iter().map(|it| it.takeover);
    let (mut root, mut tokens) = (Truth::No, Truth::No);
    for it in takeover {
        root = root.or(it.node);
        tokens = tokens.or(it.tokens);
    }
    let metadata = metadata(entry);
    if root.is_no() && tokens.is_no() && metadata.is_no() {
        return;
    }
    let identities = builder.identities;
    let mut names: Vec<&Name> = group
        .members
        .iter()
        .filter_map(|at| identities.pods[*at as usize].pod.as_ref())
        .filter(|pod| !pod.node.is_empty() && !pod.phase.is_over())
        .map(|pod| &pod.node)
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let key = EntityKey::scoped(Kind::Node, &entry.cluster, name);
        if !root.is_no() {
            let node = builder.node(Foothold::NodeRoot, &key);
            builder.connect(group.shell, node, EdgeKind::NodeTakeover, root);
        }
        if tokens > root {
            let node = builder.node(Foothold::NodeTokens, &key);
            builder.connect(group.shell, node, EdgeKind::NodeTokensOf, tokens);
        }
        if !metadata.is_no() {
            let node = builder.node(Foothold::Kubelet, &key);
            let joined = joined(builder, &entry.cluster, name);
            builder.connect(group.shell, node, EdgeKind::KubeletByMetadata, metadata.and(joined));
        }
    }
}

/// A ready node has authenticated with its role, so the role is mapped to its kubelet (R102).
pub(super) fn joined(builder: &Builder<'_>, cluster: &Name, node: &Name) -> Truth {
    match builder.inventory.clusters.get(cluster).map(|it| it.node(node)) {
        Some(Lookup::Found(node)) if node.ready => Truth::Yes,
        _ => Truth::Unknown,
    }
}

/// Whether a token for the API server lies in the pod. Of a stored pod its volumes tell; of a template the defaults.
fn mounts_api_token(builder: &Builder<'_>, entry: &PodIdentity) -> Truth {
    let spec = &entry.spec;
    let projected = spec.volumes.iter().any(|volume| match &volume.source {
        VolumeSource::Projected(parts) => {
            parts.iter().any(|part| matches!(part, Projection::Token { audience, .. } if audience.is_empty()))
        }
        VolumeSource::Secret { name, .. } => name.contains("-token-"),
        _ => false,
    });
    if projected {
        return Truth::Yes;
    }
    if spec.automount_token == Some(false) {
        return Truth::No;
    }
    let Some(cluster) = builder.inventory.clusters.get(&entry.cluster) else { return Truth::Unknown };
    let by_account = match cluster.service_account(&entry.namespace, &spec.service_account) {
        Lookup::Found(account) => Truth::from(account.automount_token != Some(false)),
        Lookup::Absent => Truth::Yes,
        Lookup::Unknown => Truth::Unknown,
    };
    if spec.automount_token == Some(true) { Truth::Yes } else { by_account }
}

/// A node for one pod: everything of its group but the nodes of its siblings.
pub(super) fn pod_shell(builder: &mut Builder<'_>, key: &EntityKey) -> Option<NodeId> {
    let identities = builder.identities;
    let wanted = (key.scope.as_str(), key.namespace.as_str(), false, "", key.name.as_str());
    let at = identities.pods.partition_point(|it| it.sort_key() < wanted);
    let entry = identities.pods.get(at).filter(|it| it.sort_key() == wanted)?;
    let group = builder.groups.of_pod.get(at).and_then(|at| builder.groups.all.get(*at as usize))?.clone();
    if group.members.len() == 1 {
        return Some(group.shell);
    }
    let shell = builder.node(Foothold::Shell, key);
    let inside = builder.node(Foothold::Inside, key);
    let mounted = builder.another(Foothold::Mounted, &service_account(entry));
    let one = Group { key: key.clone(), shell, inside, mounted, members: vec![u32::try_from(at).ok()?], ..group };
    add_group(builder, &one);
    Some(shell)
}
