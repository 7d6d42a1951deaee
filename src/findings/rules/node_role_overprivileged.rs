//! The role of nodes can do more than nodes need
//!
//! ## What it checks
//! Leaving out the managed policies that AWS publishes for nodes, the rest of a node role makes it an administrator, lets
//! it become one, or reads secrets or data broadly.
//!
//! ## Why it matters
//! Every pod that reaches the metadata service, and everyone who takes over a node, has these rights. They multiply what
//! any other mistake on the node costs.
//!
//! ## How to fix
//! Find out which workload the policy is for, give that workload a role with it, and detach it from the node role.
//!
//! ## For newcomers
//! A node needs to join its cluster, pull images and set up the network. Anything else on its role was put there for some
//! program that runs on it, and all other programs got it too.

use crate::findings::reference::{NHI5, NHI8, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, node_roles};
use crate::iam::privilege::Class;
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "NODE-004",
    slug: "node-role-overprivileged",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Node,
    needs: &[SourceKind::Nodes, SourceKind::Instances, SourceKind::Iam],
    references: &[NHI5, NHI8, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let mut seen = rustc_hash::FxHashSet::default();
    for it in node_roles::all(context) {
        let Some(subject) = it.key().filter(|key| seen.insert(key.clone())) else { continue };
        let Some((role, privilege)) = node_roles::privilege_beyond_standard(context, &it.role) else { continue };
        let severity = match privilege.class {
            Class::Admin | Class::Escalates => Severity::Critical,
            Class::Sensitive | Class::ClusterLoop => Severity::High,
            Class::Scoped | Class::None | Class::Unknown => continue,
        };
        let found = out
            .report(
                subject.clone(),
                severity,
                format!("beyond what nodes need, its policies make it {}", privilege.class.as_str()),
            )
            .certain_if(privilege.certain)
            .impact("every pod that reaches the metadata service, and everyone on a node, has these rights");
        for policy in node_roles::beyond_standard(&role) {
            let path = if policy.starts_with("inline ") { "RolePolicyList" } else { "AttachedManagedPolicies" };
            found.evidence(&subject, format!("{path}[{policy}]"), "none of the policies that nodes need");
            found.fixes([match policy.strip_prefix("inline ") {
                Some(name) => fix::aws(format!(
                    "aws iam delete-role-policy --role-name {} --policy-name {}   # after its workload has a role of its own",
                    fix::quoted(&role.name),
                    fix::quoted(name)
                )),
                None => fix::aws(format!(
                    "aws iam detach-role-policy --role-name {} --policy-arn {}   # after its workload has a role of its own",
                    fix::quoted(&role.name),
                    fix::quoted(&policy)
                )),
            }]);
        }
        for (action, technique) in privilege.because.iter().take(8) {
            let technique = technique.map_or_else(String::new, |number| format!(" (technique {number})"));
            found.evidence(&subject, "allowed", format!("{action}{technique}"));
        }
    }
}
