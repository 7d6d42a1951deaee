//! Running nodes have another role than their group or class says
//!
//! ## What it checks
//! The role behind the instance profile of a running node is not the one that its managed node group, Karpenter node
//! class or Auto Mode node class names now. While the group is being updated it is noted only.
//!
//! ## Why it matters
//! A migration stopped half-way: the old role, often the wider one, is still in use, and what joins next may fail where
//! what runs works.
//!
//! ## How to fix
//! Replace the nodes that still have the old role.
//!
//! ## For newcomers
//! A node keeps the instance profile it was started with. Changing the role of a group changes the nodes that come, not
//! those that are there.

use std::collections::BTreeMap;

use crate::base::Name;
use crate::findings::reference::{NHI1, PR_AA_01, ZT5};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, node_roles};
use crate::identity::instance::{NodeRole, configured_role};
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "NODE-008",
    slug: "configured-role-differs-from-live",
    severity: Severity::Medium,
    kind: Kind::Both,
    category: Category::Node,
    needs: &[SourceKind::Nodes, SourceKind::Instances, SourceKind::InstanceProfiles, SourceKind::Nodegroups],
    references: &[NHI1, PR_AA_01, ZT5],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in node_roles::all(context) {
        let Some(subject) = it.key() else { continue };
        // By what is configured, where from, and whether that is changing right now.
        let mut drifted: BTreeMap<(Name, String, bool), Vec<&Name>> = BTreeMap::new();
        for (node, class) in &it.nodes {
            let NodeRole::Known(live) = &class.role else { continue };
            let Some(configured) = configured_role(context.inventory, it.cluster, node, class.kind) else { continue };
            if EntityKey::role(live) == EntityKey::role(&configured) {
                continue;
            }
            let group = node.meta.labels.get("eks.amazonaws.com/nodegroup");
            let facts = group.and_then(|name| it.cluster.nodegroups.iter().find(|group| group.name == *name));
            let updating = facts.is_some_and(|group| group.status == "UPDATING");
            let place = match group {
                Some(name) => format!("nodegroup {name}"),
                None => format!("node class of {}", class.kind.title()),
            };
            drifted.entry((configured, place, updating)).or_default().push(&node.meta.name);
        }
        for ((configured, place, updating), nodes) in drifted {
            let severity = if updating { Severity::Info } else { Severity::Medium };
            let found = out
                .report(
                    subject.clone(),
                    severity,
                    format!("{} nodes of {place} in {} run with this role, {configured} is configured", nodes.len(), it.cluster.label),
                )
                .also_all(EntityKey::role(&configured))
                .evidence(&subject, format!("{}: IamInstanceProfile of nodes", it.cluster.label), format!("such as {}", nodes[0]))
                .evidence(&subject, format!("{}: {place}", it.cluster.label), configured.as_str())
                .impact("the old role is still in use, and new nodes get another one")
                .fixes([fix::kubectl(format!("kubectl drain {} --ignore-daemonsets   # and let it be replaced", fix::quoted(nodes[0])))]);
            if updating {
                found.evidence(&subject, format!("{}: {place}: status", it.cluster.label), "UPDATING");
            }
        }
    }
}
