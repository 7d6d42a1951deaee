//! A subject may start pods beside a service account with a stronger role
//!
//! ## What it checks
//! Somebody outside the platform may `create` pods in a namespace in which a service account has, or could be given, an AWS
//! role that is stronger than what the subject has itself (R146). Where namespace and role carry the same team, it weighs
//! less: the team reaches what is its own.
//!
//! ## Why it matters
//! A pod names the service account that it runs as; whoever may create one chooses among all of the namespace. Where
//! strangers hold the right and a sensitive role is in reach, it is critical.
//!
//! ## How to fix
//! Keep accounts of different trust in namespaces of their own, or let an admission rule limit `serviceAccountName`.
//!
//! ## For newcomers
//! RBAC has no right "to use a service account". In Kubernetes the namespace is that border, so all identities in it
//! belong to everybody who may start pods there.

use crate::findings::context::{Holding, Reached};
use crate::findings::reference::{CIS_4_1_4, NHI5, NHI8, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Through, fix, granted};
use crate::model::Lookup;
use crate::model::facts::meta::Labels;
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-002",
    slug: "pod-create-to-role",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: granted::NEEDS,
    references: &[NHI5, NHI8, PR_AA_05, CIS_4_1_4],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for holding in context.holdings(&[Power::PodCreate]) {
        let reached = context.within_reach(&holding, Through::NewPods, true);
        let Some(best) = reached.best() else { continue };
        let own = is_of_one_team(context, &holding, &reached);
        let base = if own { Severity::Medium } else { Severity::High };
        let severity = granted::raised(context, base, &holding, &reached);
        let message = format!(
            "{} may start pods {}, and so run as {}",
            granted::who(holding.subject),
            holding.place(),
            granted::strongest(best)
        );
        let namespace = fix::quoted(&best.holder.namespace).clone();
        let found = granted::report(out, &holding, severity, message);
        granted::reached(found, &holding, &reached)
            .certain_if(reached.is_certain())
            .impact("a pod of its own, with the identity of any service account of the namespace")
            .fixes(granted::take_away(&holding, "create on pods"))
            .fixes([fix::by_hand(format!(
                "move {} out of {namespace}, or admit only the service accounts that its pods need there",
                best.holder.name
            ))]);
    }
}

/// Every role in reach, and the namespace that it is reached in, are of one team.
fn is_of_one_team(context: &Context<'_>, holding: &Holding<'_>, reached: &Reached) -> bool {
    reached.roles == reached.top.len()
        && reached.top.iter().all(|it| {
            let namespaces = holding.cluster.namespaces.iter();
            let namespace = namespaces.into_iter().find(|found| found.meta.name == it.holder.namespace);
            let Lookup::Found(role) = context.inventory.role(&it.role) else { return false };
            let owner = namespace.and_then(|found| team(&found.meta.labels).or_else(|| team(&found.meta.annotations)));
            owner.is_some_and(|owner| team(&role.tags).is_some_and(|other| other.eq_ignore_ascii_case(owner)))
        })
}

fn team(labels: &Labels) -> Option<&str> {
    let last = |key: &str| key.rsplit('/').next().unwrap_or(key).to_ascii_lowercase();
    labels.iter().find(|(key, _)| matches!(last(key).as_str(), "team" | "owner")).map(|(_, value)| value.as_str())
}
