//! What a principal may do does not show in kubectl
//!
//! ## What it checks
//! An access entry has access policies and Kubernetes groups at once.
//!
//! ## Why it matters
//! Access policies are decided by EKS, past RBAC: `kubectl auth can-i --list` and tests by impersonation show what the
//! groups give and nothing of the policies.
//!
//! ## How to fix
//! Review such principals by `aws eks list-associated-access-policies`, or keep one of the two ways.
//!
//! ## For newcomers
//! Two authorities decide about requests here, and each knows only its own list.

use crate::findings::principals;
use crate::findings::reference::{NHI5, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "AUTH-012",
    slug: "mapped-principal-cannot-be-audited-by-kubectl",
    severity: Severity::Info,
    kind: Kind::Open,
    category: Category::Auth,
    needs: &[SourceKind::Cluster, SourceKind::AccessEntryList, SourceKind::AccessEntries, SourceKind::AccessPolicies],
    references: &[NHI5, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for mapped in principals::all(context).iter().filter(|it| it.is_access_entry() && !it.mapping.counts.is_no()) {
        let policies = mapped.policies();
        if policies.is_empty() || mapped.mapping.groups.is_empty() {
            continue;
        }
        let label = &mapped.cluster.label;
        out.report(
            mapped.key.clone(),
            Severity::Info,
            format!("{} has access policies and groups in {label}: kubectl shows the groups alone", mapped.key),
        )
        .also(EntityKey::plain(Thing::Cluster, label))
        .show([mapped.evidence(mapped.shown())])
        .certain_if(mapped.mapping.counts.is_yes())
        .impact("kubectl auth can-i --list and impersonation tell less than the principal may do")
        .fixes([fix::by_hand(format!(
            "review it by: aws eks list-associated-access-policies --cluster-name {} --principal-arn {}",
            fix::quoted(fix::cluster_name(mapped.cluster)),
            fix::quoted(&mapped.mapping.principal)
        ))]);
    }
}
