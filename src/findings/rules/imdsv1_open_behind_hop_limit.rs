//! Hop limit 1 with IMDSv1 still allowed
//!
//! ## What it checks
//! Instances of a node role have `HttpPutResponseHopLimit` 1 and `HttpTokens` optional. The hop limit acts on the answer
//! to the token request of IMDSv2 only; IMDSv1 has no such request (R97). Where enforced network policies keep every
//! ordinary pod of these nodes from the address it is noted lower.
//!
//! ## Why it matters
//! The setting is believed to close the metadata service to pods, and it does not: SDKs fall back to IMDSv1 when the token
//! request gets no answer.
//!
//! ## How to fix
//! Set `HttpTokens` to required, in the launch template or node class and on running instances.
//!
//! ## For newcomers
//! The metadata service has two versions. The second asks for a token first, and the hop limit keeps that token from
//! travelling to a pod. The first needs no token at all, so it must be switched off.

use crate::findings::reference::{NHI4, NHI6, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, node_roles};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "NODE-002",
    slug: "imdsv1-open-behind-hop-limit",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Node,
    needs: &[SourceKind::Nodes, SourceKind::Instances],
    references: &[NHI4, NHI6, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in node_roles::all(context) {
        let Some(subject) = it.key() else { continue };
        let open: Vec<_> = it
            .settings()
            .into_iter()
            .filter(|(options, ..)| options.endpoint && !options.tokens_required && options.hop_limit == 1)
            .collect();
        if open.is_empty() {
            continue;
        }
        let closed = is_closed_by_policy(context, &it);
        let severity = if closed { Severity::Low } else { Severity::High };
        for (_, nodes, example) in open {
            let node = node_roles::node_key(it.cluster, example);
            let found = out
                .report(
                    subject.clone(),
                    severity,
                    format!("{nodes} nodes in {} allow IMDSv1 behind hop limit 1", it.cluster.label),
                )
                .also(node)
                .evidence(&subject, format!("{}: MetadataOptions.HttpTokens", it.cluster.label), "optional")
                .evidence(&subject, format!("{}: MetadataOptions.HttpPutResponseHopLimit", it.cluster.label), "1")
                .impact("pods get the node's credentials over IMDSv1, though the hop limit seems to forbid it")
                .fixes(it.modified(context, "--http-tokens required"));
            if closed {
                found.evidence(&subject, format!("{}: network policies", it.cluster.label), "keep its ordinary pods from the address");
            }
        }
    }
}

/// Ordinary pods run on its nodes, and an enforced network policy keeps every one of them away (R98).
fn is_closed_by_policy(context: &Context<'_>, it: &node_roles::NodeRoleUse<'_>) -> bool {
    let names: rustc_hash::FxHashSet<&str> = it.nodes.iter().map(|(node, _)| node.meta.name.as_str()).collect();
    let mut some = false;
    let on = context.pods.iter().filter(|entry| entry.cluster == it.cluster.label && !entry.spec.host_network);
    for entry in on {
        let Some(pod) = entry.pod.as_ref().filter(|pod| !pod.phase.is_over() && names.contains(pod.node.as_str())) else {
            continue;
        };
        some = true;
        let reaches = entry.containers.iter().any(|identity| {
            identity.identity.role.as_ref() == Some(&it.role)
                || identity.reachable.iter().any(|way| way.via == crate::identity::Via::Imds)
        });
        if reaches || pod.spec.containers.is_empty() {
            return false;
        }
    }
    some
}
