//! A subject may lift pod security from a namespace in which it starts pods
//!
//! ## What it checks
//! Somebody outside the platform may update or patch a namespace that enforces the baseline or restricted Pod Security
//! Standard (R163), and may start pods or write workloads in it (R146, R147). It weighs more where a stronger role is in
//! reach by that, too (RBAC-002). Where no label keeps privileged pods out, there is nothing to lift, and it is not told.
//!
//! ## Why it matters
//! The label is the lock, and the subject holds the key: it sets the level to privileged, starts a pod that takes its
//! node over, and has every token on it.
//!
//! ## How to fix
//! Take update and patch on namespaces away.
//!
//! ## For newcomers
//! Pod Security Standards are chosen by a label on the namespace. Nothing protects the label but RBAC.

use crate::findings::reference::{CIS_4_2_1, NHI6, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, granted};
use crate::model::{EntityKey, Kind as Thing};
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-017",
    slug: "namespace-relabel-enables-takeover",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: granted::needs![Namespaces, ServiceAccounts, Cluster, Iam],
    references: &[NHI6, PR_AA_05, CIS_4_2_1],
    check,
};

const LEVEL: &str = "pod-security.kubernetes.io/enforce";

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for holding in context.holdings(&[Power::NsLabels]) {
        let closed = holding.cluster.namespaces.iter().filter_map(|it| {
            let level = it.meta.labels.get(LEVEL).filter(|level| matches!(level.as_str(), "baseline" | "restricted"))?;
            let name = &it.meta.name;
            let held = holding.powers.iter().any(|power| {
                power.certainty.is_yes()
                    && power.scope.covers(name)
                    && power.names.as_ref().is_none_or(|names| names.contains(name))
            });
            (held && context.starts_pods(&holding, name)).then_some((name, level))
        });
        let closed: Vec<_> = closed.collect();
        let Some((first, level)) = closed.first().copied() else { continue };
        let stronger = closed.iter().find_map(|(name, _)| Some((*name, context.stronger_in(&holding, name)?)));
        let severity = if stronger.is_some() { Severity::High } else { Severity::Medium };
        let message = format!(
            "{} may lift pod security ({level}) from namespace {first}, and start pods there",
            granted::who(holding.subject)
        );
        let report = granted::report(out, &holding, severity, message);
        report
            .impact("a privileged pod, and with it the tokens of every pod on its node")
            .fixes(granted::take_away(&holding, "update and patch on namespaces"));
        for (name, level) in closed.iter().take(3) {
            let namespace = EntityKey::scoped(Thing::Namespace, &holding.cluster.label, name);
            report.evidence(&namespace, format!("metadata.labels[{LEVEL}]"), format!("{level}; privileged after"));
        }
        if closed.len() > 3 {
            report.evidence(&holding.key, "namespaces", format!("{} in all", closed.len()));
        }
        if let Some((name, best)) = stronger {
            report.evidence(&holding.key, "stronger role in reach", format!("in {name}: {}", granted::strongest(&best)));
        }
    }
}
