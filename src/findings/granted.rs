//! Rights in Kubernetes as findings show them: the grants behind a power, the roles it leads to, and how to take it away.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::base::Name;
use crate::graph::authorization::{Authorization, Grant, HeldPower, Origin, Scope, Subject};
use crate::identity::Evidence;
use crate::model::facts::rbac::{Binding, Subject as Bound};
use crate::model::{ClusterFacts, EntityKey, SourceKind};
use crate::rbac::power::Permission;
use crate::rbac::{Power, Rule, rights};

use super::context::{Context, Holding, Prize, Reached, Through};
use super::finding::Fix;
use super::fix::{aws, by_hand, cluster_name, kubectl, quoted};
use super::severity::Severity;
use super::sink::{Report, Sink};

/// What must have been read to say who holds a right, and what else a rule names: `needs![Cluster]`.
macro_rules! needs {
    ($($more:ident),*) => {
        &[
            $crate::model::SourceKind::ClusterRoles,
            $crate::model::SourceKind::ClusterRoleBindings,
            $crate::model::SourceKind::Roles,
            $crate::model::SourceKind::RoleBindings,
            $crate::model::SourceKind::AccessEntryList,
            $crate::model::SourceKind::AccessEntries,
            $crate::model::SourceKind::AccessPolicies,
            $($crate::model::SourceKind::$more),*
        ]
    };
}
pub(crate) use needs;

/// The sources of rights, and what says which roles hang on service accounts.
pub const NEEDS: &[SourceKind] = needs![ServiceAccounts, Cluster, Iam];

/// As [`NEEDS`], and the pods that run.
pub const NEEDS_OF_PODS: &[SourceKind] = needs![ServiceAccounts, Cluster, Iam, Pods];

/// Grants shown; the others are counted.
const GRANTS: usize = 3;
/// Characters of a rule that are shown.
const WIDTH: usize = 120;

/// Roles that built-in ClusterRoles go by: taking a right out of them would hit everybody who holds them, and the
/// aggregation puts it back.
const BUILT_IN: &[&str] = &["cluster-admin", "admin", "edit", "view"];

/// How bad it is that strangers, or anybody, hold a power: the worst where a sensitive role is in reach.
pub fn raised(context: &Context<'_>, base: Severity, holding: &Holding<'_>, reached: &Reached) -> Severity {
    if reached.sensitive > 0 && context.is_low_trust(holding) { Severity::Critical } else { base }
}

/// Reports on the subject of powers. Who holds every right of the cluster holds each by that: the rule on that tells it,
/// and here it weighs little.
pub fn report<'s>(
    out: &'s mut Sink<'_>,
    holding: &Holding<'_>,
    severity: Severity,
    message: impl Into<String>,
) -> &'s mut Report {
    let mut message = message.into();
    let folded = holding.standing.everything && !holding.standing.broad;
    if folded {
        let _ = write!(message, "; it holds every right in the cluster (RBAC-012)");
    }
    report_plainly(out, holding, if folded { Severity::Low.max(severity) } else { severity }, message)
}

/// As [`report`], whatever else the subject holds.
pub fn report_plainly<'s>(
    out: &'s mut Sink<'_>,
    holding: &Holding<'_>,
    severity: Severity,
    message: impl Into<String>,
) -> &'s mut Report {
    let found = out.report(holding.key.clone(), severity, message);
    found.platform_judged().certain_if(holding.is_certain()).show(evidence(holding));
    found
}

/// The subject, as sentences begin with it.
pub fn who(subject: &Subject) -> String {
    match subject {
        Subject::ServiceAccount { namespace, name } => format!("service account {namespace}/{name}"),
        Subject::Group(name) => format!("group {name}"),
        Subject::User(name) => format!("user {name}"),
        Subject::Iam(arn) => EntityKey::role(arn).map_or_else(|| arn.to_string(), |key| key.to_string()),
    }
}

/// Of the strongest role: `role/111122223333:api (admin) of sa/c1/shop/api`.
pub fn strongest(best: &Prize) -> String {
    let role = EntityKey::role(&best.role).map_or_else(|| best.role.to_string(), |key| key.to_string());
    format!("{role} ({}) of {}", best.class, best.holder)
}

/// What the powers lead to, as evidence on the subject; the paths do not change with the estate.
pub fn reached<'r>(found: &'r mut Report, holding: &Holding<'_>, reached: &Reached) -> &'r mut Report {
    let Some(best) = reached.best() else { return found };
    let path =
        format!("{} > {} > {} > {} ({})", holding.key, holding.powers[0].power, best.holder, best.role, best.class);
    let mut roles: Vec<String> =
        reached.top.iter().map(|it| format!("{} by {} of {}", it.role, it.via, it.holder)).collect();
    if reached.roles > roles.len() {
        roles.push(format!("and {} more", reached.roles - roles.len()));
    }
    found
        .also(best.holder.clone())
        .also_all(EntityKey::role(&best.role))
        .evidence(&holding.key, "example path", path)
        .evidence(
            &holding.key,
            "roles within reach",
            format!("{}, {} of them sensitive: {}", reached.roles, reached.sensitive, roles.join("; ")),
        )
}

/// A subject from which a role surely is one step away.
pub struct Lead<'c> {
    pub cluster: &'c ClusterFacts,
    pub subject: &'c Subject,
    pub key: EntityKey,
    pub power: Power,
    pub best: Prize,
}

/// Who, the platform among them, surely gains a role by tokens, new pods or workloads (R145 to R147), or by running
/// commands in pods where `by_exec` says so (R148). By cluster and subject.
pub fn leads<'c>(context: &'c Context<'_>, by_exec: bool) -> Vec<Lead<'c>> {
    let ways: [(Through, &[Power]); 3] = [
        (Through::Tokens, &[Power::TokenRequest]),
        (Through::NewPods, &[Power::PodCreate, Power::WorkloadCreate, Power::WorkloadPatch]),
        (Through::Running, &[Power::PodExec]),
    ];
    let ways = if by_exec { &ways[..] } else { &ways[..2] };
    let powers: Vec<Power> = ways.iter().flat_map(|it| it.1.iter().copied()).collect();
    let lead = |holding: Holding<'c>| {
        ways.iter().find_map(|(through, powers)| {
            let part = holding.only(|it| powers.contains(&it.power))?;
            let reached = context.within_reach(&part, *through, false);
            let best = reached.best().filter(|it| it.certainty.is_yes())?.clone();
            let Holding { cluster, subject, .. } = part;
            Some(Lead { cluster, subject, key: holding.key.clone(), power: part.powers[0].power, best })
        })
    };
    context.every_holding(&powers).into_iter().filter_map(lead).collect()
}

/// Bindings and rules behind the powers, the first few.
pub fn evidence(holding: &Holding<'_>) -> Vec<Evidence> {
    let numbers = grants_of(holding);
    let mut rows: Vec<Evidence> = Vec::new();
    for number in numbers.iter().take(GRANTS) {
        rows.extend(of_grant(holding, *number));
    }
    if numbers.len() > GRANTS {
        let value = format!("{} in all", numbers.len());
        rows.push(Evidence { object: holding.key.clone(), path: "grants".into(), value });
    }
    rows
}

/// Grants behind the powers, each once; those of bindings of its own before those through others.
fn grants_of(holding: &Holding<'_>) -> Vec<usize> {
    let mut numbers: Vec<usize> = holding.powers.iter().flat_map(|it| it.grants.iter().copied()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn of_grant(holding: &Holding<'_>, number: usize) -> Vec<Evidence> {
    let authorization = holding.authorization;
    let grant = &authorization.grants()[number];
    let role = &authorization.roles[grant.role];
    let place = match &grant.scope {
        Scope::Cluster => "in the whole cluster".to_owned(),
        scope => format!("in {scope}"),
    };
    let mut rows = Vec::new();
    match &grant.origin {
        Origin::Binding(binding) => {
            let value =
                format!("{} {place}", role.key.as_ref().map_or_else(|| role.name.to_string(), EntityKey::to_string));
            rows.push(Evidence { object: binding.clone(), path: "roleRef".into(), value });
        }
        Origin::AccessPolicy => rows.push(Evidence {
            object: holding.key.clone(),
            path: "associatedAccessPolicies".into(),
            value: format!("{} {place}", role.name),
        }),
        Origin::Builtin => rows.push(Evidence {
            object: holding.key.clone(),
            path: "groups".into(),
            value: "system:masters passes without RBAC".into(),
        }),
    }
    if let (Some(key), Some((at, rule))) = (&role.key, rule_of(authorization, grant, &holding.powers)) {
        rows.push(Evidence { object: key.clone(), path: format!("rules[{at}]"), value: shown(rule) });
    }
    rows
}

/// The first rule of a grant that has a part in one of the powers.
fn rule_of<'a>(authorization: &'a Authorization, grant: &Grant, powers: &[&HeldPower]) -> Option<(usize, &'a Rule)> {
    let rules = authorization.roles[grant.role].rules.as_ref()?;
    let needs = needs_of(powers);
    rules.iter().enumerate().find(|(_, rule)| needs.iter().any(|need| !rights::grants(rule, need).is_no()))
}

/// The permissions behind some powers.
fn needs_of(powers: &[&HeldPower]) -> Vec<&'static Permission> {
    let ways = powers.iter().flat_map(|held| held.power.row().ways.iter().filter(|way| way.object == held.object));
    ways.flat_map(|way| way.needs).collect()
}

/// `create,get on pods, pods/exec named a`
pub fn shown(rule: &Rule) -> String {
    let list = |names: &[Name], with: &str| names.iter().map(Name::as_str).collect::<Vec<_>>().join(with);
    let mut text = format!("{} on {}", list(&rule.verbs, ","), list(&rule.resources, ", "));
    if !rule.resource_names.is_empty() {
        let _ = write!(text, " named {}", list(&rule.resource_names, ", "));
    }
    match text.char_indices().nth(WIDTH) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// Ways to take the powers away: out of the role, and out of the binding. `right` is what to take out, in words.
pub fn take_away(holding: &Holding<'_>, right: &str) -> Vec<Fix> {
    let authorization = holding.authorization;
    let mut fixes: Vec<Fix> = Vec::new();
    for number in grants_of(holding).into_iter().take(GRANTS) {
        let grant = &authorization.grants()[number];
        let role = &authorization.roles[grant.role];
        let mut new = Vec::new();
        match &grant.origin {
            Origin::Binding(binding) => {
                let rule = rule_of(authorization, grant, &holding.powers);
                if let (Some(key), Some((at, rule))) = (&role.key, rule)
                    && !BUILT_IN.contains(&role.name.as_str())
                {
                    new.push(out_of_role(key, at, rule, &needs_of(&holding.powers), right));
                }
                new.extend(unbind(holding.cluster, &grant.subject, binding));
            }
            Origin::AccessPolicy => new.push(disassociate(holding.cluster, holding.subject.name(), &role.name)),
            Origin::Builtin => {
                new.push(by_hand("map the principal to a group with few rights in the place of system:masters"))
            }
        }
        fixes.extend(new.into_iter().filter(|it| !fixes.contains(it)).collect::<Vec<_>>());
    }
    fixes
}

/// The rule without the verbs on the resources that powers need; what else it grants stays. Wildcards are a decision.
pub fn out_of_role(role: &EntityKey, at: usize, rule: &Rule, needs: &[&Permission], right: &str) -> Fix {
    let (namespace, kind) = kubectl_place(role);
    let name = quoted(&role.name);
    let Some(left) = without(rule, needs) else {
        return by_hand(format!("spell out the wildcards of rules[{at}] of {role}, without {right}"));
    };
    let path = format!("/rules/{at}");
    let mut left = left.iter();
    let mut patch = vec![match left.next() {
        Some(first) => json!({ "op": "replace", "path": path, "value": first }),
        None => json!({ "op": "remove", "path": path }),
    }];
    patch.extend(left.map(|it| json!({ "op": "add", "path": "/rules/-", "value": it })));
    let patch = Value::Array(patch).to_string();
    kubectl(format!("kubectl{namespace} patch {kind} {name} --type json -p {}", quoted(&patch)))
}

/// What is left of a rule as one or two rules, or none; nothing where a wildcard grants the right.
fn without(rule: &Rule, needs: &[&Permission]) -> Option<Vec<Value>> {
    let concerned: Vec<&&Permission> = needs.iter().filter(|need| !rights::grants(rule, need).is_no()).collect();
    let wild = |it: &Name| it.contains('*');
    if rule.verbs.iter().any(wild) || rule.resources.iter().any(wild) || !rule.urls.is_empty() {
        return None;
    }
    let meant = |resource: &&Name| {
        concerned.iter().any(|need| need.resources.is_empty() || need.resources.contains(&resource.as_str()))
    };
    let dropped = |verb: &&Name| concerned.iter().any(|need| need.verbs.contains(&verb.as_str()));
    let text = |names: &[&Name]| names.iter().map(|it| it.as_str().to_owned()).collect::<Vec<_>>();
    let written = |resources: Vec<&Name>, verbs: Vec<&Name>| {
        if resources.is_empty() || verbs.is_empty() {
            return None;
        }
        let groups: Vec<&Name> = rule.api_groups.iter().collect();
        let mut value = json!({ "apiGroups": text(&groups), "resources": text(&resources), "verbs": text(&verbs) });
        if !rule.resource_names.is_empty() {
            let names: Vec<&Name> = rule.resource_names.iter().collect();
            value["resourceNames"] = json!(text(&names));
        }
        Some(value)
    };
    let (these, others): (Vec<&Name>, Vec<&Name>) = rule.resources.iter().partition(meant);
    let kept: Vec<&Name> = rule.verbs.iter().filter(|it| !dropped(it)).collect();
    Some([written(others, rule.verbs.iter().collect()), written(these, kept)].into_iter().flatten().collect())
}

/// `--namespace` and the kind, as kubectl takes them.
fn kubectl_place(key: &EntityKey) -> (String, &'static str) {
    use crate::model::Kind;
    let namespace = if key.namespace.is_empty() { String::new() } else { format!(" -n {}", quoted(&key.namespace)) };
    let kind = match key.kind {
        Kind::RbacRole => "role",
        other => other.word(),
    };
    (namespace, kind)
}

/// The binding goes where it binds nobody else; else the subject is taken out of it.
pub fn unbind(cluster: &ClusterFacts, subject: &Subject, binding: &EntityKey) -> Option<Fix> {
    let (namespace, kind) = kubectl_place(binding);
    let name = quoted(&binding.name);
    let found = find(cluster, binding)?;
    if found.subjects.len() == 1 {
        return Some(kubectl(format!("kubectl{namespace} delete {kind} {name}   # it binds nobody else")));
    }
    let at = found.subjects.iter().position(|it| names(it, subject, &binding.namespace))?;
    let patch = format!(
        r#"[{{"op":"test","path":"/subjects/{at}/name","value":{:?}}},{{"op":"remove","path":"/subjects/{at}"}}]"#,
        found.subjects[at].name.as_str()
    );
    Some(kubectl(format!("kubectl{namespace} patch {kind} {name} --type json -p {}", quoted(&patch))))
}

fn find<'c>(cluster: &'c ClusterFacts, key: &EntityKey) -> Option<&'c Binding> {
    let list = if key.namespace.is_empty() { &cluster.cluster_role_bindings } else { &cluster.role_bindings };
    let wanted = (key.namespace.as_str(), key.name.as_str());
    let found = list.items().binary_search_by(|it| (it.meta.namespace.as_str(), it.meta.name.as_str()).cmp(&wanted));
    found.ok().map(|at| &*list.items()[at])
}

fn names(bound: &Bound, subject: &Subject, own: &Name) -> bool {
    let namespace = if bound.namespace.is_empty() { own } else { &bound.namespace };
    bound.kind == subject.kind()
        && bound.name == *subject.name()
        && subject.namespace().is_none_or(|wanted| wanted == namespace)
}

/// Takes an access policy from a principal. The policy goes by its name; partitions differ in what stands before.
pub fn disassociate(cluster: &ClusterFacts, principal: &str, policy: &str) -> Fix {
    let partition = crate::identity::cluster_arn(cluster).map_or("aws", |it| it.partition);
    aws(format!(
        "aws eks disassociate-access-policy --cluster-name {} --principal-arn {} --policy-arn {}",
        quoted(cluster_name(cluster)),
        quoted(principal),
        quoted(&format!("arn:{partition}:eks::aws:cluster-access-policy/{policy}"))
    ))
}
