//! The role of a pod or node can make itself administrator of a cluster
//!
//! ## What it checks
//! A role that a pod or node has may call EKS so that it becomes an administrator of a cluster of its account: create an
//! access entry and associate a policy, associate one with the entry that it has, or switch the authentication mode first
//! (R177). Administrators of the account can. Controllers whose work EKS is weigh less.
//!
//! ## Why it matters
//! Two calls, and the pod is administrator of the cluster. Nothing in the cluster shows beforehand that it could be.
//!
//! ## How to fix
//! Name the EKS actions that are needed, and the clusters; leave out `eks:CreateAccessEntry`, `eks:AssociateAccessPolicy`,
//! `eks:UpdateAccessEntry` and `eks:UpdateClusterConfig`.
//!
//! ## For newcomers
//! Who may enter a cluster is kept in AWS, not in the cluster. The right to change that list is the right to enter.

use crate::base::Truth;
use crate::findings::reference::{NHI5, PR_AA_05, ZT6};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, principals};
use crate::graph::escalation::{Gain, Gained, proofs};
use crate::model::{Arn, EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "AUTH-002",
    slug: "pod-role-can-grant-cluster-access",
    severity: Severity::Critical,
    kind: Kind::Open,
    category: Category::Auth,
    needs: &[
        SourceKind::Cluster,
        SourceKind::AccessEntryList,
        SourceKind::AccessEntries,
        SourceKind::ServiceAccounts,
        SourceKind::Pods,
        SourceKind::Iam,
    ],
    references: &[NHI5, PR_AA_05, ZT6],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let holders = principals::holders(context);
    let nodes = principals::node_roles(context);
    let gains = context.gains();
    for role in context.roles() {
        let key = crate::findings::context::role_key(role);
        let own: Vec<&Gain> = gains.of(&key).iter().filter(|it| matches!(it.to, Gained::Cluster(_))).collect();
        let administrator = gains.is_administrator(&key);
        if own.is_empty() && administrator.is_no() {
            continue;
        }
        let node = || nodes.keys().find(|(_, it)| *it == key).map(|(label, _)| EntityKey::plain(Thing::Cluster, label));
        let Some((holder, truth)) = holders.of(context, &key).or_else(|| node().map(|it| (it, Truth::Yes))) else {
            continue;
        };
        let mut clusters: Vec<(EntityKey, &str, Truth)> = Vec::new();
        for cluster in context.clusters() {
            let Some(description) = cluster.description() else { continue };
            let here = Arn::parse(&description.arn).is_some_and(|it| it.account == role.account.as_str());
            let by_gain = own.iter().filter(|it| matches!(&it.to, Gained::Cluster(label) if *label == cluster.label));
            let by_gain = by_gain.map(|it| it.certainty).max().unwrap_or(Truth::No);
            let certainty = by_gain.or(if here { administrator } else { Truth::No });
            if !certainty.is_no() {
                let cluster = EntityKey::plain(Thing::Cluster, &cluster.label);
                clusters.push((cluster, description.authentication_mode.as_str(), certainty));
            }
        }
        clusters.sort_by_key(|it| std::cmp::Reverse(it.2));
        let Some((first, _, certainty)) = clusters.first().cloned() else { continue };
        let works_on_eks = is_eks_controller(&holder);
        let severity = if works_on_eks { Severity::High } else { Severity::Critical };
        let note = if works_on_eks { "; a controller whose work EKS is" } else { "" };
        let more = if clusters.len() > 1 { format!(" and {} more", clusters.len() - 1) } else { String::new() };
        let message = format!("{key} of {holder} can make itself administrator of {first}{more}{note}");
        let report = out.report(key.clone(), severity, message);
        report
            .also(holder)
            .also_all(clusters.iter().map(|it| it.0.clone()))
            .certain_if(certainty.is_yes() && truth.is_yes())
            .impact("two calls of EKS, and the pod is administrator of the cluster");
        match own.first() {
            Some(gain) => {
                let actions: Vec<&str> = gain.technique.actions().collect();
                report.evidence(&key, "actions", actions.join(" and "));
                for proof in proofs(context.inventory, gain, None).iter().take(4) {
                    let path = format!("{} Statement[{}]", proof.policy, proof.statement);
                    report.evidence(&proof.object, path, format!("{} on {}", proof.action, proof.resource));
                }
                report.fixes([fix::by_hand(format!("take {} from {key}, or name the clusters that it may change", actions.join(" and ")))]);
            }
            None => {
                report
                    .evidence(&key, "identity policies", "administrator of the account")
                    .fixes([fix::by_hand(format!("name the actions that {key} needs in the place of everything"))]);
            }
        }
        for (cluster, mode, _) in clusters.iter().take(3) {
            report.evidence(cluster, "accessConfig.authenticationMode", if mode.is_empty() { "not said" } else { *mode });
        }
    }
}

/// Controllers that make clusters for others.
fn is_eks_controller(holder: &EntityKey) -> bool {
    ["ack-eks", "provider-aws-eks", "crossplane"].iter().any(|part| holder.name.contains(part))
}
