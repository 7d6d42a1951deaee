//! A subject may give itself roles that it does not hold
//!
//! ## What it checks
//! Somebody outside the platform may `bind` roles and write bindings (R159), or `escalate` and write roles (R160). It is
//! critical cluster-wide. Who holds every right of the cluster already is told here, too. Operators that may bind named
//! roles alone are fine, unless one of the names grants everything. The verb without the right to write is noted.
//!
//! ## Why it matters
//! The API server keeps people from granting what they do not have; these verbs lift that. What follows is cluster-admin,
//! and with it every role of every pod.
//!
//! ## How to fix
//! Take the verbs away, or name the roles that may be bound in `resourceNames`.
//!
//! ## For newcomers
//! Rights in Kubernetes are handed out by bindings. Without a guard whoever writes bindings could hand out anything to
//! himself; `bind` and `escalate` are the exceptions from that guard.

use crate::base::Name;
use crate::findings::context::{Holding, gives_everything};
use crate::findings::reference::{CIS_4_1_1, CIS_4_1_8, NHI5, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, granted};
use crate::graph::authorization::{Authorization, HeldPower, Origin, Scope, Subject};
use crate::model::{ClusterFacts, Lookup};
use crate::rbac::{Power, Rule as Grants};

pub(super) static RULE: Rule = Rule {
    id: "RBAC-012",
    slug: "bind-or-escalate",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: granted::needs![],
    references: &[NHI5, PR_AA_05, CIS_4_1_1, CIS_4_1_8],
    check,
};

const GROUP: &str = "rbac.authorization.k8s.io";

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for holding in context.holdings(&[Power::Bind, Power::Escalate]) {
        let Some(holding) = holding.only(|held| counts(holding.cluster, held)) else { continue };
        let whole = holding.powers.iter().any(|it| it.scope == Scope::Cluster);
        let severity = if whole { Severity::Critical } else { Severity::High };
        let who = granted::who(holding.subject);
        let message = if holding.standing.everything {
            format!("{who} holds every right in the cluster")
        } else {
            format!("{who} may {}{} {}", verbs(&holding), holding.named(), holding.place())
        };
        granted::report_plainly(out, &holding, severity, message)
            .evidence(&holding.key, "verbs", verbs(&holding))
            .impact("gives itself cluster-admin, or all rights of the namespace, and so every role of the pods there")
            .fixes(granted::take_away(&holding, "bind and escalate"))
            .fixes([fix::by_hand("where some roles must be bound, keep the rule and list them in its resourceNames".to_owned())]);
    }
    for cluster in context.clusters() {
        half(context, cluster, out);
    }
}

fn verbs(holding: &Holding<'_>) -> String {
    let mut verbs: Vec<String> = holding.powers.iter().map(|it| format!("{} {}", it.power, it.object)).collect();
    verbs.sort();
    verbs.dedup();
    verbs.join(", ")
}

/// Names narrow the right to what they grant: only one that grants everything is a way up.
fn counts(cluster: &ClusterFacts, held: &HeldPower) -> bool {
    let Some(names) = &held.names else { return true };
    let all = |list: &[Name]| list.iter().any(|it| it == "*");
    let everything = |rule: &Grants| all(&rule.verbs) && all(&rule.api_groups) && all(&rule.resources);
    held.object == "clusterroles"
        && names.iter().any(|name| match cluster.cluster_role(name) {
            Lookup::Found(role) => role.rules.iter().any(everything),
            Lookup::Absent | Lookup::Unknown => false,
        })
}

/// The verb without the right to write roles or bindings: one right short.
fn half(context: &Context<'_>, cluster: &ClusterFacts, out: &mut Sink<'_>) {
    let authorization = context.authorization(cluster);
    let rules: Vec<Option<usize>> = authorization.roles.iter().map(|role| role.rules.as_ref()?.iter().position(is_way_up)).collect();
    let mut told: Vec<&Subject> = Vec::new();
    for grant in authorization.grants() {
        let Some(at) = rules[grant.role] else { continue };
        if grant.through.is_some() || told.last() == Some(&&grant.subject) || holds(authorization, &grant.subject) {
            continue;
        }
        if context.standing(cluster, &grant.subject).platform || gives_everything(authorization, grant) {
            continue;
        }
        told.push(&grant.subject);
        let key = grant.subject.key(&cluster.label);
        let role = &authorization.roles[grant.role];
        let who = granted::who(&grant.subject);
        let message = format!("{who} holds bind or escalate on roles, but may not write roles or bindings: one right short");
        let shown = role.rules.as_ref().map(|rules| granted::shown(&rules[at])).unwrap_or_default();
        let object = role.key.clone().unwrap_or_else(|| key.clone());
        let found = out.report(key, Severity::Low, message);
        found
            .platform_judged()
            .evidence(&object, format!("rules[{at}]"), shown)
            .impact("with the right to write bindings or roles it gives itself cluster-admin")
            .fixes([fix::by_hand(format!("take bind and escalate out of {object}"))]);
        if let Origin::Binding(binding) = &grant.origin {
            found.evidence(binding, "roleRef", object.to_string()).fixes(granted::unbind(cluster, &grant.subject, binding));
        }
    }
}

/// The subject holds one of the two powers, by itself or by being in a group.
fn holds(authorization: &Authorization, subject: &Subject) -> bool {
    authorization.powers_of(subject).any(|it| matches!(it.power, Power::Bind | Power::Escalate))
}

fn is_way_up(rule: &Grants) -> bool {
    let has = |list: &[Name], words: &[&str]| list.iter().any(|it| words.contains(&it.as_str()));
    has(&rule.verbs, &["bind", "escalate"])
        && has(&rule.api_groups, &[GROUP, "*"])
        && has(&rule.resources, &["clusterroles", "roles", "*"])
        && rule.resource_names.is_empty()
}
