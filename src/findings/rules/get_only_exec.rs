//! A role that looks read-only holds `get` on exec, attach or port-forward
//!
//! ## What it checks
//! Somebody outside the platform may `get` on `pods/exec`, `pods/attach` or `pods/portforward` and not `create` on it, in
//! the same place. `get` on every resource holds that too.
//!
//! ## Why it matters
//! Before Kubernetes 1.35 the websocket form of these calls asks for `get` alone: full exec, while reviewers read
//! "read-only". From 1.35 on `create` is asked for, and tools that rely on `get` break.
//!
//! ## How to fix
//! Take the subresources out of the rule; where exec is meant, grant `create` knowingly.
//!
//! ## For newcomers
//! RBAC knows verbs, not intentions. Opening a shell began as an HTTP GET that is then upgraded to a stream, so the verb
//! that lists pods also opened them.

use std::collections::BTreeMap;

use crate::findings::reference::{NHI5, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, granted};
use crate::graph::authorization::{Authorization, Origin, Scope, Subject};
use crate::rbac::power::Permission;
use crate::rbac::{Match, Request, Version, matches};

pub(super) static RULE: Rule = Rule {
    id: "RBAC-005",
    slug: "get-only-exec",
    severity: Severity::Medium,
    kind: Kind::Both,
    category: Category::Rbac,
    needs: granted::needs![Cluster],
    references: &[NHI5, PR_AA_05],
    check,
};

const SUBRESOURCES: [&str; 3] = ["pods/exec", "pods/attach", "pods/portforward"];

const GET: Permission = Permission { verbs: &["get"], group: "", resources: &SUBRESOURCES, name: None };

/// What one role holds of the three, by number of its first rule that says so.
#[derive(Clone, Copy, Default)]
struct Held {
    get: [Option<usize>; 3],
    create: [bool; 3],
}

fn held(authorization: &Authorization) -> Vec<Held> {
    let request = |verb: &str, resource: &&str| Request::parse(verb, resource, None, None);
    let gets: Vec<Request> = SUBRESOURCES.iter().map(|it| request("get", it)).collect();
    let creates: Vec<Request> = SUBRESOURCES.iter().map(|it| request("create", it)).collect();
    let roles = authorization.roles.iter().map(|role| {
        let mut held = Held::default();
        let Some(rules) = &role.rules else { return held };
        for at in 0..SUBRESOURCES.len() {
            held.get[at] = rules.iter().position(|rule| !matches(rule, &gets[at]).is_no());
            held.create[at] = rules.iter().any(|rule| matches(rule, &creates[at]) == Match::Yes);
        }
        held
    });
    roles.collect()
}

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for cluster in context.clusters() {
        let authorization = context.authorization(cluster);
        let held = held(authorization);
        let mut subjects: BTreeMap<&Subject, Vec<(usize, usize)>> = BTreeMap::new();
        for (number, grant) in authorization.grants().iter().enumerate() {
            if grant.through.is_some() || !grant.certainty.is_yes() {
                continue;
            }
            for at in (0..SUBRESOURCES.len()).filter(|at| held[grant.role].get[*at].is_some()) {
                subjects.entry(&grant.subject).or_default().push((number, at));
            }
        }
        let version = authorization.circumstances.version;
        let opens = version.map(|it| it < Version { major: 1, minor: 35 });
        for (subject, gets) in subjects {
            if context.standing(cluster, subject).platform {
                continue;
            }
            let left: Vec<(usize, usize)> =
                gets.into_iter().filter(|(grant, at)| !creates(authorization, &held, subject, *grant, *at)).collect();
            let Some((first, _)) = left.first().copied() else { continue };
            let key = subject.key(&cluster.label);
            let mut names: Vec<&str> = left.iter().map(|(_, at)| SUBRESOURCES[*at]).collect();
            names.sort_unstable();
            names.dedup();
            let place = match &authorization.grants()[first].scope {
                Scope::Cluster => "in every namespace".to_owned(),
                scope => format!("in {scope}"),
            };
            let (who, names) = (granted::who(subject), names.join(", "));
            let (message, impact) = match (opens, version) {
                (Some(false), Some(it)) => (
                    format!("{who} may get {names} {place} but not create it, which on Kubernetes {}.{} opens nothing", it.major, it.minor),
                    "tools that rely on get break with Kubernetes 1.35",
                ),
                (Some(true), Some(it)) => (
                    format!("{who} may get {names} {place}, which on Kubernetes {}.{} is as good as create", it.major, it.minor),
                    "runs commands in pods, while reviewers read that the role is read-only",
                ),
                _ => (
                    format!("{who} may get {names} {place} but not create it, which before Kubernetes 1.35 is as good"),
                    "before Kubernetes 1.35 it runs commands in pods, while reviewers read that the role is read-only",
                ),
            };
            let shown = version.map_or_else(|| "not read".to_owned(), |it| format!("{}.{}", it.major, it.minor));
            let found = out.report(key.clone(), Severity::Medium, message);
            found.platform_judged().impact(impact).evidence(&key, "version of the cluster", shown);
            let mut seen = Vec::new();
            for (number, at) in left {
                let grant = &authorization.grants()[number];
                if seen.contains(&number) || seen.len() == 3 {
                    continue;
                }
                seen.push(number);
                let role = &authorization.roles[grant.role];
                let rule = held[grant.role].get[at].and_then(|at| Some((at, role.rules.as_ref()?.get(at)?)));
                if let (Some(object), Some((at, rule))) = (&role.key, rule) {
                    found.evidence(object, format!("rules[{at}]"), granted::shown(rule)).fixes([granted::out_of_role(
                        object,
                        at,
                        rule,
                        &[&GET],
                        &format!("get on {names}"),
                    )]);
                }
                match &grant.origin {
                    Origin::Binding(binding) => {
                        found
                            .evidence(binding, "roleRef", format!("{} {place}", role.name))
                            .fixes(granted::unbind(cluster, subject, binding));
                    }
                    Origin::AccessPolicy => {
                        found
                            .evidence(&key, "associatedAccessPolicies", format!("{} {place}", role.name))
                            .fixes([granted::disassociate(cluster, subject.name(), &role.name)]);
                    }
                    Origin::Builtin => {}
                }
            }
        }
    }
}

/// The subject may create it, too, wherever the grant of `get` holds: by itself or through a group it is in by being
/// itself.
fn creates(authorization: &Authorization, held: &[Held], subject: &Subject, get: usize, at: usize) -> bool {
    let wanted = &authorization.grants()[get].scope;
    let implied = subject.implied();
    std::iter::once(subject).chain(&implied).flat_map(|it| authorization.grants_of(it)).any(|number| {
        let grant = &authorization.grants()[*number];
        let covers = grant.scope == Scope::Cluster || grant.scope == *wanted;
        covers && grant.certainty.is_yes() && held[grant.role].create[at]
    })
}
