//! Roles gained through a service: passed to something new, or held by something that runs (techniques 33 to 71, 73, 77 to 87).

use crate::base::Truth;
use crate::iam::escalation::{On, Technique};
use crate::iam::pattern::ArnGlob;
use crate::model::{Arn, ClusterFacts};

use super::Gained;
use super::held::Held;
use super::holder::{Chosen, Holder, Rights, Target};
use super::out::{Grouped, Out};
use super::principals::Shared;

const PASS: &str = "iam:PassRole";
const NEW_PROFILE: &str = "iam:CreateInstanceProfile";

/// The right to pass roles to a service.
fn passing<'h>(holder: &'h Holder<'_>, service: &str) -> Rights<'h> {
    let to = holder.account.service(service);
    let resource = associated(holder, service);
    let chosen: [Chosen<'_>; 2] = [("iam:PassedToService", Some(&to)), ("iam:AssociatedResourceArn", Some(&resource))];
    holder.rights(PASS, &chosen)
}

/// The ARN of a thing of the service that what the policies ask of `iam:AssociatedResourceArn` admits, else of any.
fn associated(holder: &Holder<'_>, service: &str) -> String {
    let account = &holder.account.id;
    let owner = match service.split('.').next().unwrap_or_default() {
        "ecs-tasks" => "ecs",
        "pods" | "eks-fargate-pods" => "eks",
        "tasks" => "apprunner",
        other => other,
    };
    let asked = holder.asked(PASS, "iam:associatedresourcearn");
    let fits = |value: &&crate::base::Name| {
        let own = ArnGlob::new(&format!("arn:*:{owner}:*:{account}:*"));
        !ArnGlob::new(value).disjoint(&own)
    };
    match asked.iter().find(fits) {
        Some(value) => {
            let mut parts: Vec<String> = value.splitn(6, ':').map(|it| it.replace(['*', '?'], "x")).collect();
            parts.resize(6, "x".to_owned());
            parts[2] = owner.to_owned();
            parts[4] = account.to_string();
            parts[1] = holder.account.partition.to_string();
            parts.join(":")
        }
        None => format!("arn:{}:{owner}:x:{account}:new", holder.account.partition),
    }
}

/// What a passed role needs besides: a profile that is there, or one that is made.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Profile {
    There,
    Made,
    NotNeeded,
}

/// Roles that may be passed to the service and that it can take, by how surely. Techniques of one service share them.
fn passable<'s>(
    holder: &Holder<'_>,
    shared: &'s Shared,
    technique: &'static Technique,
) -> std::cell::Ref<'s, Grouped<u32>> {
    let service = technique.service.unwrap_or_default();
    let profile = if technique.steps.iter().any(|it| it.on == On::Profiled) {
        Profile::There
    } else if technique.actions().any(|it| it == NEW_PROFILE) {
        Profile::Made
    } else {
        Profile::NotNeeded
    };
    shared.passable((service, profile), || {
        let rights = passing(holder, service);
        let mut found: Grouped<u32> = Grouped::new();
        for trusting in holder.account.services.get(service).into_iter().flatten() {
            let Some(role) = holder.ground.roles.get(trusting.role as usize) else { continue };
            let Some(passes) = rights.over(role.target()) else { continue };
            let profile = match profile {
                Profile::There => holder.account.profiled(role.facts),
                Profile::Made => !holder.account.profiled(role.facts),
                Profile::NotNeeded => Truth::Yes,
            };
            let Some(profile) = Held::from(profile) else { continue };
            let held = passes.and(&trusting.held).and(&profile);
            found.entry(held).or_default().push(trusting.role);
        }
        found
    })
}

/// A role passed to something new.
pub(super) fn passed(
    holder: &Holder<'_>,
    shared: &Shared,
    technique: &'static Technique,
    fixed: &Held,
    out: &mut Out<'_>,
) {
    let Some(service) = technique.service else { return };
    let Some((place, further)) = some_cluster(holder, technique) else { return };
    let fixed = &fixed.and(&place);
    for (held, places) in passable(holder, shared, technique).iter() {
        if let Some(targets) = out.roles(places.clone()) {
            out.push_needing(technique, Gained::Roles(targets), &fixed.and(held), further);
        }
    }
    if !holder.account.facts.roles.is_complete() && !passing(holder, service).is_empty() {
        unread(technique, service, &[], fixed, out);
    }
}

/// The right over some cluster of the account, for techniques that act on one (R187), and what must exist besides: where
/// it is over no cluster that is known, one that is not. None when it is over none.
fn some_cluster(holder: &Holder<'_>, technique: &'static Technique) -> Option<(Held, &'static [&'static str])> {
    let Some(step) = technique.steps.iter().find(|it| it.on == On::Cluster) else { return Some((Held::surely(), &[])) };
    let rights = holder.rights(step.action, &[]);
    let known = holder.ground.clusters_of(&holder.account.id).filter_map(|cluster| cluster.description());
    let over = |arn: &str, tags| rights.over(Target { arn, tags, boundary: None });
    if let Some(held) = Held::best(known.filter_map(|it| over(&it.arn, Some(&it.tags)))) {
        return Some((held, &[]));
    }
    let account = &holder.account.id;
    let partition = &holder.account.partition;
    let listed = holder.account.facts.regions.iter().flat_map(|(region, facts)| {
        facts.clusters.iter().map(move |name| format!("arn:{partition}:eks:{region}:{account}:cluster/{name}"))
    });
    if let Some(held) = Held::best(listed.filter_map(|arn| over(&arn, None))) {
        return Some((held, &[]));
    }
    let any = ArnGlob::new(&format!("arn:{partition}:eks:*:{account}:cluster/*"));
    Some((rights.in_part(&any)?, &["an EKS cluster that the right is over"]))
}

/// Where not all roles were read there may be one that fits (rule b).
fn unread(technique: &'static Technique, service: &str, among: &[u32], fixed: &Held, out: &mut Out<'_>) {
    let need = format!("a role that trusts {service}");
    let among = out.roles(among.to_vec()).unwrap_or_else(|| out.set(Vec::new()));
    out.push_needing(technique, Gained::SomeRole { service: service.into(), among }, fixed, &[&need]);
}

/// Something that runs with a role of the service already; which one is in no input.
pub(super) fn running(holder: &Holder<'_>, technique: &'static Technique, fixed: &Held, out: &mut Out<'_>) {
    let Some(service) = technique.service else { return };
    let trusting = holder.account.services.get(service).into_iter().flatten();
    let places: Vec<u32> = trusting.map(|it| it.role).collect();
    if !holder.account.facts.roles.is_complete() {
        unread(technique, service, &places, fixed, out);
    } else if let Some(among) = out.roles(places) {
        out.push(technique, Gained::SomeRole { service: service.into(), among }, fixed);
    }
}

/// The choice of role for service accounts of a cluster (R178).
pub(super) fn association(
    holder: &Holder<'_>,
    shared: &Shared,
    technique: &'static Technique,
    fixed: &Held,
    out: &mut Out<'_>,
) {
    for cluster in holder.ground.clusters_of(&holder.account.id) {
        let Some(over) = over_cluster(holder, technique, cluster) else { continue };
        for (held, places) in passable(holder, shared, technique).iter() {
            if let Some(roles) = out.roles(places.clone()) {
                let to = Gained::Association { cluster: cluster.label.clone(), roles };
                out.push(technique, to, &fixed.and(&over).and(held));
            }
        }
    }
}

fn over_cluster(holder: &Holder<'_>, technique: &'static Technique, cluster: &ClusterFacts) -> Option<Held> {
    let arn = &cluster.description()?.arn;
    let Arn { partition, region, account, .. } = Arn::parse(arn)?;
    let name = &cluster.description()?.name;
    technique.steps.iter().filter(|it| it.action != PASS).try_fold(Held::surely(), |held, step| {
        let rights = holder.rights(step.action, &[]);
        let one = match step.on {
            On::Association => {
                let id =
                    |id: &str| format!("arn:{partition}:eks:{region}:{account}:podidentityassociation/{name}/{id}");
                let there = cluster.associations.iter().chain(&cluster.association_list);
                let known = Held::best(there.filter_map(|it| rights.over(Target::bare(&id(&it.id)))));
                match (known, cluster.association_list.is_complete() || cluster.associations.is_complete()) {
                    (Some(held), _) => Some(held),
                    (None, true) => None,
                    (None, false) => Some(rights.in_part(&ArnGlob::new(&id("*")))?.and(&Held::perhaps())),
                }
            }
            _ => rights.over(Target { arn, tags: cluster.description().map(|it| &it.tags), boundary: None }),
        };
        Some(held.and(&one?))
    })
}
