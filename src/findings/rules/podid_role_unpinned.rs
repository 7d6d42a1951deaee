//! Any association of the account may hand out the role
//!
//! ## What it checks
//! The trust policy admits Pod Identity without a condition on namespace, service account, cluster or source, and the
//! engine agrees that it would admit another account too. AWS documents roles like that, so it is only told; it is serious
//! where the role is sensitive and somebody who is no administrator may make associations with it (R178).
//!
//! ## Why it matters
//! The boundary is not the role but the right to make an association: whoever has that gives the role to any pod of any
//! cluster of the account.
//!
//! ## How to fix
//! Ask for namespace, service account and cluster in the trust policy.
//!
//! ## For newcomers
//! The trust policy of such a role names the service of EKS, not a cluster and not a workload. Conditions on the tags that
//! EKS sends make it as narrow as IRSA is.

use std::collections::BTreeSet;

use crate::base::Truth;
use crate::findings::associations::{Described, by_role, described};
use crate::findings::context::role_key;
use crate::findings::reference::{NHI5, PR_AA_05, ZT3};
use crate::findings::subjects::acts_by;
use crate::findings::trust_text::TrustText;
use crate::findings::{Category, Context, Fix, Kind, Rule, Severity, Sink};
use crate::graph::escalation::{Gained, Targets};
use crate::iam::{Effect, PrincipalPattern, Statement};
use crate::identity::injection::AGENT_AUDIENCE;
use crate::model::facts::iam::Role;
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PODID-009",
    slug: "podid-role-unpinned",
    severity: Severity::Info,
    kind: Kind::Open,
    category: Category::PodIdentity,
    needs: &[SourceKind::Iam, SourceKind::Associations, SourceKind::Cluster],
    references: &[NHI5, PR_AA_05, ZT3],
    check,
};

/// So many principals are named.
const NAMED: usize = 8;

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let all: Vec<Described<'_>> = described(context).collect();
    let by_role = by_role(&all);
    let givers = givers(context);
    for it in &all {
        let Some(base) = it.base(context) else { continue };
        let document = context.trust(base);
        let open: BTreeSet<usize> =
            document.statements.iter().filter(|statement| is_unpinned(statement)).map(|it| it.index).collect();
        if open.is_empty() || !it.admits_others(context, base).is_yes() {
            continue;
        }
        let role = role_key(base);
        let sensitive = context.is_known_sensitive(base);
        let makers = match sensitive {
            true => makers(&givers, &role),
            false => Vec::new(),
        };
        let users = &by_role[&it.details.role];
        let found = out
            .report(
                it.key.clone(),
                Severity::Info.or(Severity::High, !makers.is_empty()),
                match &makers[..] {
                    [] => format!("any association of the account may hand out {}", base.name),
                    [one] => format!("{one} may give {} to any pod by an association", base.name),
                    many => format!("{} principals may give {} to any pod by an association", many.len(), base.name),
                },
            )
            .also(role.clone())
            .also(it.account())
            .also_all(makers.iter().take(NAMED).cloned())
            .evidence(&role, "class", context.privilege_of(base).class.as_str())
            .evidence(&role, "associations that use it", users.len().to_string())
            .impact(format!("{} can be handed to any pod of any cluster of the account", base.name));
        for at in &open {
            found.evidence(&role, format!("Statement[{at}].Condition"), "nothing on namespace, account, cluster or source");
        }
        if !makers.is_empty() {
            let shown: Vec<String> = makers.iter().take(NAMED).map(ToString::to_string).collect();
            found.evidence(&role, "may make associations with it, and is no administrator", shown.join(", "));
        }
        found.fixes(pinned(base, &open, users));
    }
}

/// It lets the agent's service in, and asks nothing about the association.
fn is_unpinned(statement: &Statement) -> bool {
    let clause = statement.principals.as_ref().filter(|clause| !clause.negated);
    let named = clause.is_some_and(|clause| {
        clause.values().any(|it| matches!(it, PrincipalPattern::Service(name) if *name == AGENT_AUDIENCE))
    });
    let pins = |key: &str| {
        matches!(key, "aws:sourcearn" | "aws:sourceaccount")
            || key.starts_with("aws:requesttag/kubernetes-")
            || key.starts_with("aws:requesttag/eks-cluster-")
    };
    statement.effect == Some(Effect::Allow)
        && named
        && acts_by(statement, "sts:AssumeRole")
        && !statement.conditions.iter().any(|it| pins(&it.folded))
}

/// Who surely can give roles to service accounts of its choice, administrators and the platform left out.
fn givers<'c>(context: &'c Context<'_>) -> Vec<(&'c EntityKey, &'c Targets)> {
    let gains = context.gains().all().iter().filter(|gain| gain.certainty == Truth::Yes);
    let giving = gains.filter_map(|gain| match &gain.to {
        Gained::Association { roles, .. } => Some((&gain.from, roles)),
        _ => None,
    });
    giving.filter(|(key, _)| !context.is_platform(key)).collect()
}

/// Those who can give this one, without itself.
fn makers(givers: &[(&EntityKey, &Targets)], role: &EntityKey) -> Vec<EntityKey> {
    let makers: BTreeSet<&EntityKey> =
        givers.iter().filter(|(from, roles)| *from != role && roles.contains(role)).map(|(from, _)| *from).collect();
    makers.into_iter().cloned().collect()
}

/// The open statements, each asking for the associations that there are. Without session tags only the source is left.
fn pinned(base: &Role, open: &BTreeSet<usize>, users: &[&Described<'_>]) -> Option<Fix> {
    let distinct = |of: &dyn Fn(&Described<'_>) -> String| -> Vec<String> {
        users.iter().map(|it| of(it)).collect::<BTreeSet<_>>().into_iter().collect()
    };
    let clusters = distinct(&|it| it.cluster.description().map_or_else(String::new, |it| it.arn.to_string()));
    let mut text = TrustText::of(base)?;
    for at in open {
        if users.iter().any(|it| it.details.disable_session_tags) {
            text.pin(*at, "aws:SourceArn", &clusters)?;
            continue;
        }
        text.pin(*at, "aws:RequestTag/eks-cluster-arn", &clusters)?;
        text.pin(*at, "aws:RequestTag/kubernetes-namespace", &distinct(&|it| it.association.namespace.to_string()))?;
        let accounts = distinct(&|it| it.association.service_account.to_string());
        text.pin(*at, "aws:RequestTag/kubernetes-service-account", &accounts)?;
    }
    Some(text.fix())
}
