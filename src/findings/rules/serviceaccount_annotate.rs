//! A subject may change which role the pods of a service account get
//!
//! ## What it checks
//! Somebody outside the platform may update or patch service accounts (R154), and so write another role into their
//! annotation. Only roles that trust the account already come of that; where there are none, it is an outage at most. It
//! weighs more where such a role is stronger than the one annotated and the subject may also bring about new pods.
//!
//! ## Why it matters
//! New pods of the account start with whatever the annotation says: with a role that nobody meant for them, or with none.
//!
//! ## How to fix
//! Take update and patch on service accounts out of the role, or name the accounts that are meant.
//!
//! ## For newcomers
//! An annotation is a note on an object. The one that names the role is read when a pod starts, so whoever may write the
//! note decides about the next pods.

use std::collections::BTreeMap;

use crate::findings::context::{Holding, gives_everything};
use crate::findings::reference::{NHI5, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, granted};
use crate::iam::privilege::Class;
use crate::identity::injection::ROLE_ANNOTATION;
use crate::model::{ClusterFacts, EntityKey, Lookup};
use crate::rbac::{Power, Request};

pub(super) static RULE: Rule = Rule {
    id: "RBAC-008",
    slug: "serviceaccount-annotate",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: granted::NEEDS,
    references: &[NHI5, PR_AA_05],
    check,
};

/// An account with a role that trusts it and that it is not annotated with.
struct Latent<'c> {
    account: &'c EntityKey,
    role: &'c str,
    class: Class,
    /// It is stronger than what the account is declared to have.
    stronger: bool,
}

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let mut by_cluster: BTreeMap<&str, Vec<Latent<'_>>> = BTreeMap::new();
    for holding in &context.holdings(&[Power::SaAnnotate]) {
        let all = by_cluster.entry(&holding.cluster.label).or_insert_with(|| latent(context, holding.cluster));
        let meant = |it: &&Latent<'_>| {
            holding.powers.iter().any(|power| {
                let named = power.names.as_ref().is_none_or(|names| names.contains(&it.account.name));
                named && power.scope.covers(&it.account.namespace)
            })
        };
        let found: Vec<&Latent<'_>> = all.iter().filter(meant).collect();
        let makes = found.iter().find(|it| it.stronger && makes_pods(context, holding, &it.account.namespace));
        let severity = match (found.first(), makes) {
            (None, _) => Severity::Low,
            (Some(_), None) => Severity::Medium,
            (Some(_), Some(_)) => Severity::High,
        };
        let (who, place, named) = (granted::who(holding.subject), holding.place(), holding.named());
        let message = match makes.or(found.first()) {
            Some(it) => format!(
                "{who} may annotate service accounts{named} {place}: new pods of {} could get {} ({})",
                it.account, it.role, it.class
            ),
            None => format!("{who} may annotate service accounts{named} {place}, and so take roles from new pods"),
        };
        let shown: Vec<String> = found.iter().take(5).map(|it| format!("{} for {}", it.role, it.account)).collect();
        let rest = found.len().saturating_sub(shown.len());
        let rest = if rest > 0 { format!("; and {rest} more") } else { String::new() };
        let value = if found.is_empty() { "none".to_owned() } else { shown.join("; ") + &rest };
        let report = granted::report(out, holding, severity, message);
        report
            .also_all(makes.or(found.first()).map(|it| it.account.clone()))
            .evidence(&holding.key, "roles by another annotation", value)
            .impact("new pods start with a role that was not meant for them, or without one")
            .fixes(granted::take_away(holding, "update and patch on serviceaccounts"))
            .fixes([fix::by_hand("where some accounts are meant, keep the rule and list them in its resourceNames".to_owned())]);
    }
}

/// Of a cluster, the strongest first.
fn latent<'c>(context: &'c Context<'_>, cluster: &ClusterFacts) -> Vec<Latent<'c>> {
    let mut found = Vec::new();
    for account in context.accounts_of(cluster).iter().filter(|it| !it.exists.is_no() && !it.trusted.is_empty()) {
        let (namespace, name) = (&account.key.namespace, &account.key.name);
        let annotated = match cluster.service_account(namespace, name) {
            Lookup::Found(facts) => facts.meta.annotations.get(ROLE_ANNOTATION),
            Lookup::Absent | Lookup::Unknown => None,
        };
        // An association comes before the annotation (R31).
        let now = account.association.as_ref().map(|it| &it.role).or(annotated);
        let floor = now.map_or(Class::None, |role| context.class_of(role));
        for (role, truth) in account.trusted.iter().filter(|it| Some(&it.0) != annotated) {
            let class = context.class_of(role);
            if truth.is_yes() {
                found.push(Latent { account: &account.key, role, class, stronger: class < floor });
            }
        }
    }
    found.sort_by(|a, b| (!a.stronger, a.class, a.role, a.account).cmp(&(!b.stronger, b.class, b.role, b.account)));
    found
}

/// The subject may start pods, or delete those that run so that others take their place.
fn makes_pods(context: &Context<'_>, holding: &Holding<'_>, namespace: &str) -> bool {
    let authorization = holding.authorization;
    let everything = || {
        let grants = authorization.grants_of(holding.subject).iter().map(|at| &authorization.grants()[*at]);
        grants.into_iter().any(|it| it.scope.covers(namespace) && gives_everything(authorization, it))
    };
    let deletes = || {
        let request = Request::parse("delete", "pods", None, Some(namespace));
        authorization.may(holding.subject, &request).truth.is_yes()
    };
    context.starts_pods(holding, namespace) || everything() || deletes()
}
