//! A role of pods can gain more than it has
//!
//! ## What it checks
//! The rights of a role of pods, taken together, let it become another principal or an administrator: it rewrites policies,
//! starts something with a stronger role, changes something that has one, or lets itself into a cluster. Conditions,
//! boundaries and denies of each step are counted in. One result for each principal that is gained, by the cheapest way.
//! Where something must exist that nothing here lists, it is only told.
//!
//! ## Why it matters
//! The policies of the role look harmless one by one. Whoever has one of its pods has what it can gain.
//!
//! ## How to fix
//! Cut the path where it costs least: one statement is enough.
//!
//! ## For newcomers
//! Some rights are worth more than they say. Who may start a virtual machine with any role may do what that role may do:
//! start the machine, log in, ask it for its credentials.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::findings::context::PodRole;
use crate::findings::reference::{NHI5, PR_AA_05, ZT3};
use crate::findings::role_policies::{self, few, holders};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, TechniqueUse, fix};
use crate::graph::escalation::{Gain, Gained, Targets};
use crate::iam::escalation::On;
use crate::iam::privilege::Class;
use crate::model::{EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PERM-002",
    slug: "escalation-path-from-pod-role",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Permission,
    needs: &[SourceKind::Iam, SourceKind::Pods],
    references: &[NHI5, PR_AA_05, ZT3],
    check,
};

/// So many principals of one role have a result of their own; the rest is counted in one more.
const MOST: usize = 40;

/// What is gained: how it is called when not by its address, how bad that is.
struct Prize<'g> {
    gain: &'g Gain,
    name: Option<String>,
    severity: Severity,
}

/// What one role gains. Administrators of accounts gain thousands of roles, so those are not copied.
type Prizes<'g> = FxHashMap<Cow<'g, EntityKey>, Prize<'g>>;

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in context.pod_roles() {
        let gains: Vec<&Gain> = context.gains().of(&it.key).iter().filter(|it| it.technique.is_escalation()).collect();
        if gains.is_empty() {
            continue;
        }
        let mut prizes = Prizes::default();
        for gain in &gains {
            collect(context, it, gain, &mut prizes);
        }
        let mut sorted: Vec<(&EntityKey, &Prize<'_>)> = prizes.iter().map(|(key, prize)| (&**key, prize)).collect();
        // Of thousands only the first are told.
        if sorted.len() > MOST + 1 {
            sorted.select_nth_unstable_by(MOST, |a, b| rank(*a).cmp(&rank(*b)));
        }
        let count = sorted.len();
        sorted.truncate(MOST + 1);
        sorted.sort_unstable_by(|a, b| rank(*a).cmp(&rank(*b)));
        for (key, prize) in sorted.iter().take(MOST) {
            report(context, it, &gains, key, prize, None, out);
        }
        if let Some((key, prize)) = sorted.get(MOST) {
            report(context, it, &gains, key, prize, Some(count - MOST), out);
        }
    }
}

/// Sure ones first, then the worst.
fn rank<'p>((key, prize): (&'p EntityKey, &Prize<'_>)) -> (bool, Severity, &'p EntityKey) {
    (prize.gain.certainty.is_unknown(), prize.severity, key)
}

/// Adds what a gain brings, unless a cheaper one brings it already. Gains come cheapest first, sure ones before others.
fn collect<'g>(context: &Context<'_>, it: &'g PodRole, gain: &'g Gain, prizes: &mut Prizes<'g>) {
    let mut add = |key: Cow<'g, EntityKey>, name: Option<String>, severity: Severity| {
        prizes.entry(key).or_insert(Prize { gain, name, severity });
    };
    // A role that lets everybody in is nothing that this one's rights bring about: the rule on its trust policy tells.
    let by_trust_alone = gain.technique.steps.iter().all(|step| step.on == On::Trust)
        && role_policies::granting(context, &it.role, "sts:AssumeRole", "*").is_empty();
    let mut each = |targets: &'g Targets, admin: bool| {
        for key in targets.iter().filter(|key| **key != it.key && !(by_trust_alone && is_open_to_all(context, it, key)))
        {
            let severity = if admin { Severity::Critical } else { worth(context, key) };
            add(Cow::Borrowed(key), None, severity);
        }
    };
    match &gain.to {
        Gained::Account { through: Some(through), .. } => each(through, true),
        Gained::Roles(targets)
        | Gained::Users(targets)
        | Gained::UsersInService(targets)
        | Gained::Groups(targets)
        | Gained::Ceiling(targets)
        | Gained::Association { roles: targets, .. } => each(targets, false),
        Gained::SomeRole { among, .. } if !among.is_empty() => each(among, false),
        Gained::Account { account, through: None } => {
            add(Cow::Borrowed(&it.key), Some(format!("administrator of {account}")), Severity::Critical);
        }
        Gained::More => add(Cow::Borrowed(&it.key), None, Severity::High),
        Gained::SomeRole { service, .. } => {
            let key = EntityKey::plain(Thing::Resource, service);
            add(Cow::Owned(key), Some(format!("a role that trusts {service}")), Severity::High);
        }
        Gained::Nodes(nodes) => {
            for key in nodes.iter() {
                let role = role_of_node(context, key).unwrap_or_else(|| key.clone());
                if role != it.key {
                    let severity = worth(context, &role);
                    add(Cow::Owned(role), None, severity);
                }
            }
        }
        Gained::Cluster(label) => {
            let key = EntityKey::plain(Thing::Cluster, label);
            add(Cow::Owned(key), None, Severity::Critical);
        }
        Gained::Organization => {
            let key = EntityKey::plain(Thing::Resource, "other accounts of the organisation");
            add(Cow::Owned(key), Some("other accounts of the organisation".into()), Severity::Critical);
        }
        Gained::Data(_) => {}
    }
}

/// The trust policy of a role does not name this one by itself.
fn is_open_to_all(context: &Context<'_>, it: &PodRole, key: &EntityKey) -> bool {
    match context.inventory.accounts.get(&key.scope).map(|account| account.role(&key.name)) {
        Some(Lookup::Found(role)) => !role.trust.as_ref().is_some_and(|text| text.contains(it.role.arn.as_str())),
        _ => false,
    }
}

/// An administrator, or who can become one, is worth most.
fn worth(context: &Context<'_>, key: &EntityKey) -> Severity {
    if key.kind != Thing::Role {
        return Severity::High;
    }
    match context.inventory.accounts.get(&key.scope).map(|account| account.role(&key.name)) {
        Some(Lookup::Found(role)) if matches!(context.privilege_of(role).class, Class::Admin | Class::Escalates) => {
            Severity::Critical
        }
        _ => Severity::High,
    }
}

fn role_of_node(context: &Context<'_>, node: &EntityKey) -> Option<EntityKey> {
    let cluster = context.inventory.clusters.get(&node.scope)?;
    EntityKey::role(context.cluster_index(cluster).nodes.of(&node.name).role.arn()?)
}

fn report(
    context: &Context<'_>,
    it: &PodRole,
    gains: &[&Gain],
    key: &EntityKey,
    prize: &Prize<'_>,
    rest: Option<usize>,
    out: &mut Sink<'_>,
) {
    let Prize { gain, name, severity } = prize;
    let name = name.clone().unwrap_or_else(|| key.to_string());
    let technique = gain.technique;
    let steps: Vec<&'static str> = technique.actions().collect();
    let message = match rest {
        None => format!("{} and becomes {name}", technique.title),
        Some(more) => {
            format!("{} and becomes {name}; {more} principals in all can be gained like this", technique.title)
        }
    };
    // What a controller is made to do, with the roles of its nodes, is lowered (R190).
    let severity = if it.is_of_controllers() && *severity > Severity::Critical { severity.lower() } else { *severity };
    let found = out
        .report_apart(it.key.clone(), Some(key.clone()), severity, message)
        .also(key.clone())
        .also_all(holders(context, &it.key))
        .certain_if(gain.certainty.is_yes() && it.held.is_yes())
        .impact(match severity {
            Severity::Critical => "whoever has one of its pods can take the account or the cluster",
            _ => "whoever has one of its pods has the rights of that principal too",
        })
        .technique(TechniqueUse {
            number: technique.number,
            pathfinding: technique.pathfinding,
            steps: steps.clone(),
            gains: name.clone(),
            needs: gain.needs.to_vec(),
        });
    found.evidence(key, format!("technique {}", technique.number), steps.join(", "));
    let arn = arn_of(context, key);
    let mut cut: Option<(usize, &str, role_policies::Place)> = None;
    for step in technique.steps {
        if step.on == On::Trust {
            found.evidence(key, "AssumeRolePolicyDocument", format!("admits {}", it.role.arn));
        }
        for place in role_policies::granting(context, &it.role, step.action, arn.as_deref().unwrap_or("*")) {
            found.evidence(&it.key, format!("{}.{}", place.path(), step.action), place.value.clone());
            let ways = gains.iter().filter(|gain| gain.technique.actions().any(|it| it == step.action)).count();
            if cut.as_ref().is_none_or(|known| ways > known.0) {
                cut = Some((ways, step.action, place));
            }
        }
    }
    for needed in gain.needs.iter() {
        found.evidence(&it.key, "needs", needed.as_str());
    }
    if !gain.keys.is_empty() {
        let keys: Vec<&str> = gain.keys.iter().map(|it| it.as_str()).collect();
        found.evidence(&it.key, "only if", few(&keys));
    }
    match cut {
        Some((ways, action, place)) => {
            found.fixes([fix::by_hand(format!(
                "take {action} out of {} ({}), or name what it is for: that cuts {ways} of {} ways",
                place.origin.name(),
                place.path(),
                gains.len()
            ))]);
            found.fixes([place.origin.rewriting(&it.role)]);
        }
        None => {
            found.fixes([fix::by_hand(format!("take {} out of the trust policy of {name}", it.role.arn))]);
        }
    }
}

fn arn_of(context: &Context<'_>, key: &EntityKey) -> Option<String> {
    match context.inventory.accounts.get(&key.scope)?.role(&key.name) {
        Lookup::Found(role) if key.kind == Thing::Role => Some(role.arn.to_string()),
        _ => None,
    }
}
