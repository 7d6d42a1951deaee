//! A role of nodes is more than a node in the cluster
//!
//! ## What it checks
//! The role of nodes, or the execution role of a Fargate profile, has an access entry of type STANDARD or with access
//! policies, or is in groups beyond those of nodes: `system:nodes`, `system:bootstrappers`, `system:node-proxier`, and
//! `eks:kube-proxy-windows` (R172, R173).
//!
//! ## Why it matters
//! Every pod that reaches the metadata service of its node has this role, and with it whatever the role is in the cluster.
//!
//! ## How to fix
//! Use a role of its own for what is no node.
//!
//! ## For newcomers
//! Nodes sign in to the cluster with the role of their machines. What that role may do in the cluster, everything on the
//! machine may do.

use crate::base::Name;
use crate::findings::principals::{self, Mapped};
use crate::findings::reference::{NHI5, NHI9, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::graph::authorization::MappingOrigin;
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "AUTH-010",
    slug: "node-role-mapped-beyond-node",
    severity: Severity::Critical,
    kind: Kind::Open,
    category: Category::Auth,
    needs: &[
        SourceKind::Cluster,
        SourceKind::AccessEntryList,
        SourceKind::AccessEntries,
        SourceKind::AccessPolicies,
        SourceKind::ConfigMaps,
        SourceKind::Nodes,
        SourceKind::Instances,
        SourceKind::InstanceProfiles,
    ],
    references: &[NHI5, NHI9, PR_AA_05],
    check,
};

const OF_NODES: [&str; 4] = ["system:nodes", "system:bootstrappers", "system:node-proxier", "eks:kube-proxy-windows"];

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let nodes = principals::node_roles(context);
    for mapped in principals::all(context).iter().filter(|it| !it.mapping.counts.is_no()) {
        let Some(place) = nodes.get(&(mapped.cluster.label.clone(), mapped.key.clone())) else { continue };
        let Some(beyond) = beyond(mapped) else { continue };
        let label = &mapped.cluster.label;
        out.report(mapped.key.clone(), Severity::Critical, format!("{}, a role of nodes, is more than that in {label}: {beyond}", mapped.key))
            .also(EntityKey::plain(Thing::Cluster, label))
            .show([mapped.evidence(mapped.shown())])
            .evidence(&mapped.key, format!("{label}: role of nodes"), place.as_str())
            .certain_if(mapped.mapping.counts.is_yes())
            .impact("every pod that reaches the metadata service of its node is that in the cluster, too")
            .fixes([fix::by_hand(format!(
                "leave {} what makes a node, and use a role of its own for the rest: {beyond}",
                mapped.mapping.principal
            ))]);
    }
}

/// What the entry gives that no node needs.
fn beyond(mapped: &Mapped<'_>) -> Option<String> {
    let policies = mapped.policies();
    let groups: Vec<&str> =
        mapped.mapping.groups.iter().map(Name::as_str).filter(|it| !OF_NODES.contains(it)).collect();
    match &mapped.mapping.origin {
        // The policy of nodes comes with the type of Auto Mode.
        MappingOrigin::AccessEntry { kind } if kind != "EC2" && !policies.is_empty() => Some(policies.join(", ")),
        _ if !groups.is_empty() => Some(format!("groups {}", groups.join(", "))),
        MappingOrigin::AccessEntry { kind } if kind == "STANDARD" => Some("an access entry of type STANDARD".into()),
        _ => None,
    }
}
