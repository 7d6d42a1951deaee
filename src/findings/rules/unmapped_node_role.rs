//! The cluster does not know the role of its nodes
//!
//! ## What it checks
//! A role that nodes have, or that a node group, node class or Fargate profile names, has neither an access entry of a node
//! type nor a place in `aws-auth` that makes a node of it. EKS makes entries by itself for managed node groups, Fargate and
//! Auto Mode, so that one that is missing there was taken away.
//!
//! ## Why it matters
//! New nodes cannot join, and those that run fail when they next talk to the API server.
//!
//! ## How to fix
//! Create an access entry of the right type, or in mode CONFIG_MAP an entry of `aws-auth`.
//!
//! ## For newcomers
//! A node signs in to the cluster with its IAM role, as people do. The cluster lets it in when it knows the role as that of
//! a node.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::{Name, Truth};
use crate::findings::reference::{NHI6, PR_AA_03};
use crate::findings::{Category, Context, Fix, Kind, Rule, Severity, Sink, fix, node_roles};
use crate::graph::authorization::MappingOrigin;
use crate::identity::instance::class_role;
use crate::model::{ClusterFacts, EntityKey, Kind as Thing, SourceId, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "NODE-009",
    slug: "unmapped-node-role",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Node,
    needs: &[SourceKind::Cluster, SourceKind::Nodes, SourceKind::Instances],
    references: &[NHI6, PR_AA_03],
    check,
};

/// Types of access entries that make a node.
const NODE_TYPES: [&str; 6] = ["EC2_LINUX", "EC2_WINDOWS", "EC2", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX"];

/// Where a role is used, and the type of entry that fits.
#[derive(Default)]
struct Use {
    places: BTreeSet<String>,
    kind: Option<&'static str>,
}

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let running = node_roles::all(context);
    for cluster in context.clusters() {
        // Without its description it may be no cluster of EKS, and its mode is not known.
        let Some(description) = cluster.description() else { continue };
        let mut roles: BTreeMap<Name, Use> = BTreeMap::new();
        let mut note = |role: &Name, place: String, kind: &'static str| {
            let used = roles.entry(role.clone()).or_default();
            used.places.insert(place);
            used.kind.get_or_insert(kind);
        };
        for it in running.iter().filter(|it| std::ptr::eq(it.cluster, cluster)) {
            let windows = it.nodes.iter().any(|(_, class)| class.windows.is_yes());
            note(&it.role, format!("nodes: {}", it.kinds()), if windows { "EC2_WINDOWS" } else { "EC2_LINUX" });
        }
        configured(context, cluster, &mut note);
        let mode = description.authentication_mode.as_str();
        let unread = unread(cluster, mode);
        for (role, used) in roles {
            let Some(key) = EntityKey::role(&role) else { continue };
            match is_mapped(context, cluster, &key) {
                Truth::Yes => continue,
                Truth::Unknown => {
                    out.cannot([cluster.source(SourceKind::AccessEntries)]);
                    continue;
                }
                Truth::No if !unread.is_empty() => {
                    out.cannot(unread.iter().cloned());
                    continue;
                }
                Truth::No => {}
            }
            let places: Vec<&str> = used.places.iter().map(String::as_str).collect();
            let label = &cluster.label;
            out.report(key.clone(), Severity::High, format!("{label} does not know the role as that of a node"))
                .also(EntityKey::plain(Thing::Cluster, label))
                .evidence(&key, format!("{label}: used by"), places.join("; "))
                .evidence(&EntityKey::plain(Thing::Cluster, label), "accessConfig.authenticationMode", mode)
                .evidence(&key, format!("{label}: access entry or aws-auth"), "none that makes it a node")
                .impact("new nodes do not join, and those that run fail when they next sign in")
                .fixes([mapped(cluster, &role, used.kind.unwrap_or(NODE_TYPES[0]), mode)]);
        }
    }
}

/// Roles that node groups, Fargate profiles, Auto Mode and node classes name.
fn configured(context: &Context<'_>, cluster: &ClusterFacts, note: &mut impl FnMut(&Name, String, &'static str)) {
    for group in &cluster.nodegroups {
        let kind = if group.ami_type.contains("WINDOWS") { "EC2_WINDOWS" } else { "EC2_LINUX" };
        if let Some(role) = &group.role {
            note(role, format!("nodegroup {}", group.name), kind);
        }
    }
    for profile in &cluster.fargate_profiles {
        if let Some(role) = &profile.role {
            note(role, format!("Fargate profile {}", profile.name), "FARGATE_LINUX");
        }
    }
    if let Some(description) = cluster.description().filter(|it| it.auto_mode && !it.auto_node_role.is_empty()) {
        note(&description.auto_node_role, "Auto Mode".into(), "EC2");
    }
    for (kind, entry) in [(SourceKind::Ec2NodeClasses, "EC2_LINUX"), (SourceKind::NodeClasses, "EC2")] {
        for class in cluster.others.get(&kind).into_iter().flat_map(|list| list.iter()) {
            if let Some(role) = class_role(context.inventory, cluster, kind, &class.meta.name) {
                note(&role, format!("node class {}", class.meta.name), entry);
            }
        }
    }
}

/// The lists that this mode goes by and that were not read whole.
fn unread(cluster: &ClusterFacts, mode: &str) -> Vec<SourceId> {
    let mut unread = Vec::new();
    if mode != "CONFIG_MAP" && !cluster.access_entry_list.is_complete() {
        unread.push(cluster.source(SourceKind::AccessEntryList));
    }
    let is_map = |name: &str, namespace: &str| name == "aws-auth" && namespace == "kube-system";
    let has_map = cluster.config_maps.iter().any(|it| is_map(&it.meta.name, &it.meta.namespace));
    if mode != "API" && !has_map && !cluster.config_maps.is_complete() {
        unread.push(cluster.source(SourceKind::ConfigMaps));
    }
    unread
}

fn is_mapped(context: &Context<'_>, cluster: &ClusterFacts, role: &EntityKey) -> Truth {
    let mappings = context.authorization(cluster).mappings.iter();
    let own = mappings.filter(|it| EntityKey::role(&it.principal).as_ref() == Some(role));
    let makes_node = own.map(|mapping| match &mapping.origin {
        // Listed and not described: its type is not known.
        MappingOrigin::AccessEntry { kind } if kind.is_empty() => mapping.counts.and(Truth::Unknown),
        MappingOrigin::AccessEntry { kind } => mapping.counts.and(NODE_TYPES.contains(&kind.as_str()).into()),
        _ => mapping.counts.and(mapping.groups.iter().any(|it| it == "system:nodes").into()),
    });
    makes_node.fold(Truth::No, Truth::or)
}

fn mapped(cluster: &ClusterFacts, role: &Name, kind: &str, mode: &str) -> Fix {
    let name = fix::quoted(fix::cluster_name(cluster));
    let arn = fix::quoted(role);
    if mode == "CONFIG_MAP" {
        return fix::eksctl(format!(
            "eksctl create iamidentitymapping --cluster {name} --arn {arn} --username 'system:node:{{{{EC2PrivateDNSName}}}}' --group system:bootstrappers --group system:nodes"
        ));
    }
    let entry = format!("aws eks create-access-entry --cluster-name {name} --principal-arn {arn} --type {kind}");
    if kind != "EC2" {
        return fix::aws(entry);
    }
    let partition = crate::model::Arn::parse(role).map_or("aws", |it| it.partition);
    fix::aws(format!(
        "{entry}\naws eks associate-access-policy --cluster-name {name} --principal-arn {arn} --policy-arn arn:{partition}:eks::aws:cluster-access-policy/AmazonEKSAutoNodePolicy --access-scope type=cluster"
    ))
}
