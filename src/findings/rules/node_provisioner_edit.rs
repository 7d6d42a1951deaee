//! A subject may start nodes with a role and start script of its choice
//!
//! ## What it checks
//! Somebody outside the platform may write Karpenter's node classes or node pools, or those of EKS Auto Mode (R166). The
//! provisioner's own account weighs less.
//!
//! ## Why it matters
//! A node class names the role of new nodes, among those that Karpenter may pass, the script that runs on them as root,
//! and how open their metadata service is. Root on a node is every identity on it.
//!
//! ## How to fix
//! Leave node classes and node pools to the platform team.
//!
//! ## For newcomers
//! Karpenter starts machines when pods need room. What the machines are is written in objects of the cluster, so the
//! right to those objects is a right in AWS.

use crate::findings::reference::{NHI5, PR_AA_05, ZT3};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, granted};
use crate::graph::authorization::Subject;
use crate::identity::instance::NodeKind;
use crate::model::{EntityKey, SourceKind};
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-015",
    slug: "node-provisioner-edit",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: &[
        SourceKind::ClusterRoles,
        SourceKind::ClusterRoleBindings,
        SourceKind::AccessEntryList,
        SourceKind::AccessEntries,
        SourceKind::AccessPolicies,
    ],
    references: &[NHI5, PR_AA_05, ZT3],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for holding in context.holdings(&[Power::NodeclassEdit]) {
        let own = matches!(holding.subject, Subject::ServiceAccount { name, .. } if name.starts_with("karpenter"));
        let severity = if own { Severity::High.lower() } else { Severity::High };
        let nodes = &context.cluster_index(holding.cluster).nodes;
        let provisioned = nodes.classes().filter(|it| matches!(it.kind, NodeKind::Karpenter | NodeKind::AutoMode));
        let mut roles: Vec<String> = provisioned.filter_map(|it| it.role.arn()).map(ToString::to_string).collect();
        let lists = [SourceKind::Ec2NodeClasses, SourceKind::NodeClasses];
        let classes = lists.iter().filter_map(|kind| holding.cluster.others.get(kind)).flat_map(|list| list.iter());
        roles.extend(classes.filter_map(|it| it.fields.get("spec.role")).map(|role| {
            if role.starts_with("arn:") { role.to_string() } else { format!("role {role}") }
        }));
        roles.sort();
        roles.dedup();
        let mut objects: Vec<&str> = holding.powers.iter().map(|it| it.object).collect();
        objects.dedup();
        let message = format!(
            "{} may write {}{}, and so choose role and start script of new nodes",
            granted::who(holding.subject),
            objects.join(" and "),
            holding.named()
        );
        let also: Vec<EntityKey> = roles.iter().filter_map(|it| EntityKey::role(it)).collect();
        let shown = if roles.is_empty() { "none known".to_owned() } else { roles.join(", ") };
        granted::report(out, &holding, severity, message)
            .also_all(also)
            .evidence(&holding.key, "roles of such nodes", shown)
            .impact("root on new nodes, with a role of its choice among those that the provisioner may pass")
            .fixes(granted::take_away(&holding, "create, update and patch on node classes and node pools"));
    }
}
