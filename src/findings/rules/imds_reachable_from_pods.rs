//! Pods reach the metadata service of their nodes, and so the role of the nodes
//!
//! ## What it checks
//! At least one ordinary pod, not on the host's network, gets an answer from the instance metadata service: IMDSv1 is
//! allowed, or the hop limit lets the token of IMDSv2 pass, and no enforced network policy stands in the way (R96 to R98).
//! The role of the nodes is the subject; it is worse where that role is sensitive.
//!
//! ## Why it matters
//! Whatever runs on the node can take the node's credentials, a role of its own notwithstanding. These can pull images,
//! control network interfaces, and act as the kubelet, which can ask for tokens of the service accounts of all pods there.
//!
//! ## How to fix
//! Require tokens and set the hop limit to 1 in the launch template or node class, change running instances with
//! `modify-instance-metadata-options`, and give the pods that need AWS a role of their own first.
//!
//! ## For newcomers
//! Every EC2 machine can ask a local address who it is and gets credentials for its role. A hop limit of 1 keeps that
//! answer on the machine itself, because a pod's network is one hop further.

use std::collections::BTreeMap;

use crate::base::{Name, Truth};
use crate::findings::reference::{NHI6, NHI8, PR_AA_05, ZT3};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, node_roles};
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "NODE-001",
    slug: "imds-reachable-from-pods",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Node,
    needs: &[SourceKind::Pods, SourceKind::Nodes, SourceKind::Instances],
    references: &[NHI6, NHI8, PR_AA_05, ZT3],
    check,
};

/// Workloads named in the evidence; the others are counted.
const NAMED: usize = 5;

/// A workload that the metadata service answers, how surely, and whether it signs with what it gets there.
type User = (EntityKey, Truth, bool);

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    // By cluster and role.
    let mut reached: BTreeMap<(&Name, &Name), Vec<User>> = BTreeMap::new();
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        for seat in workload.seats().filter(|seat| !seat.entry.spec.host_network) {
            let Some((role, certainty)) = node_roles::through_metadata(&seat) else { continue };
            let users = reached.entry((&workload.cluster.label, role)).or_default();
            let needs = seat.identity.identity.role.as_ref() == Some(role);
            // The containers of a workload come one after the other.
            match users.last_mut().filter(|it| it.0 == workload.key) {
                Some(known) => *known = (known.0.clone(), known.1.or(certainty), known.2 || needs),
                None => users.push((workload.key.clone(), certainty, needs)),
            }
        }
    }
    let uses = node_roles::all(context);
    for ((cluster, role), users) in reached {
        let Some(subject) = EntityKey::role(role) else { continue };
        let sensitive = context.is_sensitive(role).is_yes();
        let severity = if sensitive { Severity::Critical } else { Severity::High };
        let certain = users.iter().any(|it| it.1.is_yes());
        let count = users.len();
        let plural = if count == 1 { "workload reaches" } else { "workloads reach" };
        let found = out
            .report(subject.clone(), severity, format!("{count} {plural} the metadata service of nodes with this role in {cluster}"))
            .also_all(users.iter().map(|it| it.0.clone()))
            .certain_if(certain)
            .impact(if sensitive {
                "any pod there gets a sensitive role, and the identity of the kubelet with the tokens of its pods"
            } else {
                "any pod there gets the node's credentials, and the identity of the kubelet with the tokens of its pods"
            });
        let named: Vec<String> = users.iter().take(NAMED).map(|it| it.0.to_string()).collect();
        found.evidence(&subject, format!("{cluster}: workloads that the metadata service answers"), named.join(", "));
        let nodes = uses.iter().find(|it| it.cluster.label == *cluster && it.role == *role);
        if let Some(it) = nodes {
            let settings = it.settings().into_iter().map(|(options, nodes, example)| {
                let tokens = if options.tokens_required { "required" } else { "optional" };
                let limit = options.hop_limit;
                format!("HttpTokens={tokens} HttpPutResponseHopLimit={limit} on {nodes} nodes such as {example}")
            });
            let settings: Vec<String> = settings.collect();
            found.evidence(&subject, format!("{cluster}: MetadataOptions"), settings.join("; "));
            found.evidence(&subject, format!("{cluster}: nodes"), format!("{} ({})", it.nodes.len(), it.kinds()));
        }
        let needing: Vec<String> = users.iter().filter(|it| it.2).map(|it| it.0.to_string()).collect();
        if !needing.is_empty() {
            let named = needing.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            found.fixes([fix::by_hand(format!("first give these a role of their own, they sign with the node's now: {named}"))]);
        }
        found.fixes(nodes.and_then(|it| it.modified(context, "--http-tokens required --http-put-response-hop-limit 1")));
        found.fixes([
            fix::terraform("metadata_options {\n  http_tokens                 = \"required\"\n  http_put_response_hop_limit = 1\n}"),
            fix::eksctl("disablePodIMDS: true   # in the node group"),
        ]);
    }
}
