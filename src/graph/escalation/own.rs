//! What a principal gains by changing itself: its policies, its boundary, its tags (techniques 1 to 4, 13 to 17, 25, 26, 30).

use crate::base::{Name, Truth};
use crate::iam::access::is_damaged;
use crate::iam::escalation::{Gives, On, Technique};
use crate::iam::permissions::permissions_of;
use crate::iam::privilege::{controlling, everything, is_administrator};
use crate::iam::{Context, DocumentKind, Effect, Policies, Policy};
use crate::model::Lookup;

use super::Gained;
use super::adding::{Holdings, more_after};
use super::ground::CustomerPolicy;
use super::held::Held;
use super::holder::{Chosen, Holder, Target, Who};
use super::out::Out;

/// Gains of one technique on the principal itself.
pub(super) fn gains(holder: &Holder<'_>, technique: &'static Technique, fixed: &Held, out: &mut Out<'_>) {
    if matches!(holder.who, Who::Role(role) if role.reserved) {
        return;
    }
    match technique.gives {
        Gives::Own => {
            if let Some(held) = rewriting(holder, technique) {
                anything(holder, technique, &fixed.and(&held), out);
            }
        }
        Gives::OwnUnbounded => unbounded(holder, technique, out),
        Gives::OwnUndenied => undenied(holder, technique, out),
        Gives::OwnOlder => older(holder, technique, out),
        Gives::OwnTagged => {
            let mut context = holder.context.clone();
            context.forget("aws:principaltag/");
            let asks = holder.policies.iter().any(|(.., policy)| {
                let conditions = policy.document.statements.iter().flat_map(|it| &it.conditions);
                conditions.into_iter().any(|it| it.folded.starts_with("aws:principaltag/"))
            });
            if asks {
                judge(holder, technique, fixed, &holder.policies.clone(), &context, out);
            }
        }
        _ => {}
    }
}

/// The right to write what one likes into a policy of the principal.
fn rewriting(holder: &Holder<'_>, technique: &'static Technique) -> Option<Held> {
    let step = technique.steps.first()?;
    match step.on {
        On::Own => {
            let target = holder.who.target();
            let policy = holder.account.administrator_access();
            if let Some(held) = holder.rights(step.action, &[("iam:PolicyARN", Some(&policy))]).over(target) {
                return Some(held);
            }
            // Not the administrator's policy; perhaps another one.
            let held = holder.rights(step.action, &[]).over(target)?;
            let lists = holder.asked(step.action, "iam:policyarn");
            let adds = lists.iter().any(|value| adds_something(holder, value));
            adds.then_some(held)
        }
        On::OwnGroup => Held::best(holder.groups().into_iter().filter_map(|group| {
            let policy = holder.account.administrator_access();
            let rights = holder.rights(step.action, &[("iam:PolicyARN", Some(&policy))]);
            rights.over(Target::bare(&group.facts.arn))
        })),
        On::OwnPolicy | On::OwnFullPolicy => {
            let wants_room = step.on == On::OwnPolicy;
            Held::best(own_policies(holder).into_iter().filter_map(|policy| {
                let room = if wants_room { policy.has_room() } else { !policy.has_room() };
                let all =
                    technique.steps.iter().map(|step| holder.rights(step.action, &[]).over(Target::bare(&policy.arn)));
                all.into_iter().try_fold(Held::from(room)?, |held, step| Some(held.and(&step?)))
            }))
        }
        _ => None,
    }
}

/// Whether a policy that conditions let the principal attach grants anything new; yes where that is not known.
fn adds_something(holder: &Holder<'_>, value: &str) -> bool {
    if value.contains(['*', '?', '$']) {
        return true;
    }
    let Lookup::Found(policy) = holder.account.facts.policy(value) else { return true };
    let Some(text) = policy.default_text() else { return true };
    let document = holder.ground.documents.get(DocumentKind::Identity, text);
    Holdings::new(holder).lack_any([&document])
}

/// Customer managed policies of the principal, those of its groups too.
fn own_policies(holder: &Holder<'_>) -> Vec<CustomerPolicy> {
    let attached: Vec<&Name> = match holder.who {
        Who::Role(role) => role.facts.attached.iter().collect(),
        Who::User(user) => {
            let groups = holder.groups().into_iter().flat_map(|group| &group.facts.attached);
            user.facts.attached.iter().chain(groups).collect()
        }
    };
    attached.into_iter().filter_map(|arn| holder.ground.customer_policy(holder.account, arn)).collect()
}

/// The principal may grant itself anything; what comes of it is within boundary and SCPs.
fn anything(holder: &Holder<'_>, technique: &'static Technique, held: &Held, out: &mut Out<'_>) {
    if held.keys.iter().any(|key| **key == *"iam:policyarn") {
        out.push(technique, Gained::More, held);
        return;
    }
    let mut after = holder.policies.clone();
    after.identity.push(everything());
    let administrator = administrator(holder, &after, &holder.context);
    if let Some(then) = Held::from(administrator) {
        let account = holder.account.id.clone();
        out.push(technique, Gained::Account { account, through: None }, &held.and(&then));
    } else if more_after(holder, &after, &holder.context) {
        out.push(technique, Gained::Ceiling(out.only(holder.key())), held);
    }
}

/// The state after a change makes an administrator, or gives more than there was.
fn judge(
    holder: &Holder<'_>,
    technique: &'static Technique,
    held: &Held,
    after: &Policies,
    context: &Context,
    out: &mut Out<'_>,
) {
    if let Some(then) = Held::from(administrator(holder, after, context)) {
        let account = holder.account.id.clone();
        out.push(technique, Gained::Account { account, through: None }, &held.and(&then));
    } else if more_after(holder, after, context) {
        out.push(technique, Gained::More, held);
    }
}

fn administrator(holder: &Holder<'_>, policies: &Policies, context: &Context) -> Truth {
    let catalogue = holder.ground.catalogue;
    let found = permissions_of(catalogue, &controlling(catalogue), &holder.principal, policies, context);
    is_administrator(catalogue, &holder.account.id, &found)
}

fn unbounded(holder: &Holder<'_>, technique: &'static Technique, out: &mut Out<'_>) {
    let (Some(boundary), Some(step)) = (holder.who.boundary(), technique.steps.first()) else { return };
    let target = holder.who.target();
    let replaces = step.action.contains(":Put");
    let held = if replaces {
        let with = |value: &str| holder.rights(step.action, &[("iam:PermissionsBoundary", Some(value))]).over(target);
        with(&holder.account.administrator_access()).or_else(|| {
            // Another boundary may be asked for; the one there is changes nothing.
            let asked = holder.asked(step.action, "iam:permissionsboundary");
            let mut other = asked.iter().filter(|value| *value != boundary).map(|value| value.replace(['*', '?'], "x"));
            let held = other.find_map(|value| with(&value))?;
            Some(held.and(&Held::on(["iam:permissionsboundary".into()])))
        })
    } else {
        holder.rights(step.action, &[]).over(target)
    };
    if let Some(held) = held {
        let after = Policies { boundary: None, ..holder.policies.clone() };
        judge(holder, technique, &held, &after, &holder.context, out);
    }
}

/// Without one of its own policies that hold a Deny.
fn undenied(holder: &Holder<'_>, technique: &'static Technique, out: &mut Out<'_>) {
    let Some(step) = technique.steps.first() else { return };
    let managed = step.action.contains(":Detach");
    let (inline, attached) = match holder.who {
        Who::Role(role) => (&role.facts.inline, &role.facts.attached),
        Who::User(user) => (&user.facts.inline, &user.facts.attached),
    };
    let names: Vec<(&Name, Name)> = if managed {
        attached.iter().map(|arn| (arn, Name::new(arn.rsplit('/').next().unwrap_or(arn)))).collect()
    } else {
        inline.iter().map(|policy| (&policy.name, policy.name.clone())).collect()
    };
    let mut after = holder.policies.clone();
    let mut held: Option<Held> = None;
    for (arn, name) in names {
        let denies = |policy: &Policy| {
            policy.name == name && policy.document.statements.iter().any(|it| it.effect == Some(Effect::Deny))
        };
        if !after.identity.iter().any(denies) {
            continue;
        }
        let chosen: Vec<Chosen<'_>> = if managed { vec![("iam:PolicyARN", Some(arn))] } else { vec![] };
        if let Some(one) = holder.rights(step.action, &chosen).over(holder.who.target()) {
            held = Some(held.map_or_else(|| one.clone(), |held| held.and(&one)));
            after.identity.retain(|policy| !denies(policy));
        }
    }
    if let Some(held) = held {
        judge(holder, technique, &held, &after, &holder.context, out);
    }
}

/// With an older version of one of its policies in force.
fn older(holder: &Holder<'_>, technique: &'static Technique, out: &mut Out<'_>) {
    let Some(step) = technique.steps.first() else { return };
    for policy in own_policies(holder) {
        let Some(held) = holder.rights(step.action, &[]).over(Target::bare(&policy.arn)) else { continue };
        let Lookup::Found(facts) = holder.account.facts.policy(&policy.arn) else {
            out.push(technique, Gained::More, &held.and(&Held::perhaps()));
            continue;
        };
        let current = facts.default_text();
        for version in facts.versions.iter().filter(|version| Some(&version.text) != current) {
            let document = holder.ground.documents.get(DocumentKind::Identity, &version.text);
            if is_damaged(&document) {
                out.push(technique, Gained::More, &held.and(&Held::perhaps()));
                continue;
            }
            let mut after = holder.policies.clone();
            let name = Name::new(policy.arn.rsplit('/').next().unwrap_or(&policy.arn));
            if let Some(place) = after.identity.iter_mut().find(|it| it.name == name) {
                place.document = document;
                judge(holder, technique, &held, &after, &holder.context, out);
            }
        }
    }
}
