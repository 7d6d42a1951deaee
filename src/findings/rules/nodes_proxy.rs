//! A subject may run commands in every pod through the kubelets
//!
//! ## What it checks
//! Somebody outside the platform may `get` or `create` on `nodes/proxy` (R152). Monitoring charts are the usual holder;
//! they are no less dangerous.
//!
//! ## Why it matters
//! The kubelet's own API runs commands in any container of its node, past admission and past the audit log of exec. So
//! every role of every pod of every node is in reach. `get` alone is enough.
//!
//! ## How to fix
//! Replace `nodes/proxy` by what the program really reads: `nodes/metrics`, `nodes/stats`, `nodes/log` or, with
//! fine-grained authorization of the kubelet, `nodes/pods`.
//!
//! ## For newcomers
//! Every node has an agent, the kubelet, with an HTTP interface. Metrics come from it, and so do shells; one right opens
//! the whole interface.

use crate::findings::reference::{NHI3, NHI5, PR_AA_05, ZT3};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Through, fix, granted};
use crate::model::Lookup;
use crate::graph::authorization::Subject;
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-007",
    slug: "nodes-proxy",
    severity: Severity::Critical,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: granted::NEEDS_OF_PODS,
    references: &[NHI3, NHI5, PR_AA_05, ZT3],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for holding in context.holdings(&[Power::NodesProxy]) {
        let reached = context.within_reach(&holding, Through::Running, false);
        let who = granted::who(holding.subject);
        let nodes = if holding.named().is_empty() { "every node".to_owned() } else { format!("nodes{}", holding.named()) };
        let strongest = reached.best().map(|best| format!(", {} among them", granted::strongest(best)));
        let message =
            format!("{who} may run commands in every pod of {nodes} by nodes/proxy{}", strongest.unwrap_or_default());
        let users: Vec<String> = match holding.subject {
            Subject::ServiceAccount { .. } => context.users_of_account(&holding.key).map(|it| it.key.to_string()).collect(),
            _ => Vec::new(),
        };
        let chart = match holding.subject {
            Subject::ServiceAccount { namespace, name } => match holding.cluster.service_account(namespace, name) {
                Lookup::Found(account) => account.meta.labels.get("helm.sh/chart").cloned(),
                _ => None,
            },
            _ => None,
        };
        let found = granted::report(out, &holding, Severity::Critical, message);
        granted::reached(found, &holding, &reached)
            .impact("commands in any pod past admission and audit: all roles of all nodes")
            .fixes(granted::take_away(&holding, "nodes/proxy"))
            .fixes([fix::by_hand(
                "grant what is read in the place of nodes/proxy: get on nodes/metrics, nodes/stats, nodes/pods".to_owned(),
            )]);
        if !users.is_empty() {
            let more = users.len().saturating_sub(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let shown: Vec<&str> = users.iter().take(3).map(String::as_str).collect();
            found.evidence(&holding.key, "workloads that run as it", format!("{}{more}", shown.join(", ")));
        }
        if let Some(chart) = chart {
            found.evidence(&holding.key, "metadata.labels[helm.sh/chart]", chart.as_str());
        }
    }
}
