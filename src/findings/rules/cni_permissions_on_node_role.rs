//! The network add-on takes its rights from the node role
//!
//! ## What it checks
//! `AmazonEKS_CNI_Policy` is attached to the role of nodes, and service account `kube-system/aws-node` has neither a role
//! annotation nor an association. Nodes of Auto Mode are left out.
//!
//! ## Why it matters
//! The policy may attach and detach network interfaces of instances. On the node role every pod that reaches the metadata
//! service has it; then it is worse.
//!
//! ## How to fix
//! Give `aws-node` a role of its own with the policy, restart the DaemonSet, then detach the policy from the node role.
//!
//! ## For newcomers
//! The add-on that gives pods their addresses calls EC2. It can have a role like any other pod; by default it borrows the
//! node's.

use crate::base::Name;
use crate::findings::reference::{NHI5, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, node_roles};
use crate::identity::injection::{self, Declared};
use crate::identity::instance::NodeKind;
use crate::model::{EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "NODE-005",
    slug: "cni-permissions-on-node-role",
    severity: Severity::Low,
    kind: Kind::Open,
    category: Category::Node,
    needs: &[
        SourceKind::Nodes,
        SourceKind::Instances,
        SourceKind::Iam,
        SourceKind::ServiceAccounts,
        SourceKind::AssociationList,
    ],
    references: &[NHI5, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in node_roles::all(context) {
        let Some(subject) = it.key() else { continue };
        if it.nodes.iter().all(|(_, class)| class.kind == NodeKind::AutoMode) {
            continue;
        }
        let Lookup::Found(role) = context.inventory.role(&it.role) else { continue };
        let cni = |arn: &&Name| {
            matches!(arn.rsplit('/').next(), Some("AmazonEKS_CNI_Policy" | "AmazonEKS_CNI_IPv6_Policy"))
        };
        let Some(policy) = role.attached.iter().find(cni) else { continue };
        let (namespace, account) = (Name::from("kube-system"), Name::from("aws-node"));
        let Lookup::Found(_) = it.cluster.service_account(&namespace, &account) else { continue };
        let declared = injection::declared(it.cluster, &context.cluster_index(it.cluster).associations, &namespace, &account);
        if !matches!(declared, Declared::Nothing) {
            continue;
        }
        let open = context.workloads.iter().any(|workload| {
            workload.cluster.label == it.cluster.label
                && workload.seats().any(|seat| {
                    !seat.entry.spec.host_network
                        && node_roles::through_metadata(&seat).is_some_and(|(role, sure)| *role == it.role && sure.is_yes())
                })
        });
        let key = EntityKey::namespaced(Thing::ServiceAccount, &it.cluster.label, &namespace, &account);
        let severity = if open { Severity::Medium } else { Severity::Low };
        out.report(subject.clone(), severity, format!("aws-node of {} has its network rights from this role", it.cluster.label))
            .also(key.clone())
            .evidence(&subject, "AttachedManagedPolicies", policy.as_str())
            .evidence(&key, "metadata.annotations[eks.amazonaws.com/role-arn]", "not set, and no association")
            .impact(if open {
                "pods that reach the metadata service can attach and detach network interfaces"
            } else {
                "whoever has the node's credentials can attach and detach network interfaces"
            })
            .fixes([
                fix::aws(format!(
                    "aws eks create-pod-identity-association --cluster-name {} --namespace kube-system --service-account aws-node --role-arn ROLE_ARN",
                    fix::quoted(it.cluster.description().map_or(&it.cluster.label, |it| &it.name))
                )),
                fix::kubectl("kubectl -n kube-system rollout restart daemonset/aws-node"),
                fix::aws(format!(
                    "aws iam detach-role-policy --role-name {} --policy-arn {}",
                    fix::quoted(&role.name),
                    fix::quoted(policy)
                )),
            ]);
    }
}
