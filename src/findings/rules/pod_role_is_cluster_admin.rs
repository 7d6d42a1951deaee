//! The role of a pod administers a cluster
//!
//! ## What it checks
//! A role that a pod signs with, or that a service account could be given, is mapped to every right of a cluster: by the
//! access policy AmazonEKSClusterAdminPolicy, by `system:masters`, or by a binding of its user or groups (R174, R176). That
//! the cluster is another one than the pod's makes it no better.
//!
//! ## Why it matters
//! Whoever gets into that one pod owns the cluster, and through it every role of every pod.
//!
//! ## How to fix
//! Take the mapping away; work inside the cluster belongs to the pod's own service account, with the rights it needs.
//!
//! ## For newcomers
//! An AWS role can be a user of the cluster, too. A pod with such a role leaves the cluster as a pod and comes back as its
//! administrator.

use crate::findings::reference::{CIS_4_1_1, NHI5, PR_AA_05, ZT6};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, principals};
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "AUTH-001",
    slug: "pod-role-is-cluster-admin",
    severity: Severity::Critical,
    kind: Kind::Open,
    category: Category::Auth,
    needs: &[
        SourceKind::Cluster,
        SourceKind::AccessEntryList,
        SourceKind::AccessEntries,
        SourceKind::AccessPolicies,
        SourceKind::ConfigMaps,
        SourceKind::ClusterRoles,
        SourceKind::ClusterRoleBindings,
        SourceKind::ServiceAccounts,
        SourceKind::Pods,
        SourceKind::Iam,
    ],
    references: &[NHI5, PR_AA_05, ZT6, CIS_4_1_1],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let holders = principals::holders(context);
    for mapped in principals::all(context) {
        let rules = mapped.rules_cluster();
        if rules.is_no() {
            continue;
        }
        let Some((holder, truth)) = holders.of(context, &mapped.key) else { continue };
        let label = &mapped.cluster.label;
        let cluster = EntityKey::plain(Thing::Cluster, label);
        let other = if holder.scope == *label { "" } else { ", another cluster than its own" };
        let message = format!("{} administers {cluster}{other}, and {holder} has it", mapped.key);
        out.report(mapped.key.clone(), Severity::Critical, message)
            .also(holder.clone())
            .also(cluster.clone())
            .show([mapped.evidence(mapped.shown())])
            .evidence(&holder, "role", mapped.key.to_string())
            .evidence(&cluster, "loop", format!("{holder} > {} > {cluster}", mapped.key))
            .certain_if(rules.is_yes() && truth.is_yes())
            .impact("whoever gets into one pod owns the cluster, and every role of every pod in it")
            .fixes([
                mapped.removed(),
                fix::by_hand(format!("give the service account of {holder} the rights in the cluster that it needs")),
            ]);
    }
}
