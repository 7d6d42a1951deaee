//! Instances, clusters and identity providers that a principal gains (techniques 28, 72, 74 to 76, 88, 89).

use crate::base::{Name, Truth};
use crate::iam::escalation::{On, Technique};
use crate::iam::pattern::ArnGlob;
use crate::iam::{Decision, Principal, Request, decide};
use crate::model::facts::eks::AccessEntry;
use crate::model::{Arn, ClusterFacts, EntityKey};

use super::Gained;
use super::held::Held;
use super::holder::{Chosen, Holder, Rights, Target, Who};
use super::out::{Grouped, Out};

const SSM_NEEDS: &str = "the instance under Systems Manager by other means than its role";

/// Instances: the nodes among them, and the roles of the others (R181).
pub(super) fn instances(holder: &Holder<'_>, technique: &'static Technique, fixed: &Held, out: &mut Out<'_>) {
    let steps: Vec<(&str, Rights<'_>)> = technique
        .steps
        .iter()
        .filter(|it| it.on == On::Instance)
        .map(|it| (it.action, holder.rights(it.action, &[])))
        .collect();
    let beside = steps.iter().try_fold(fixed.clone(), |held, (action, _)| Some(held.and(&beside(holder, action)?)));
    let Some(beside) = beside else { return };
    let by_agent = technique.actions().any(|it| it.starts_with("ssm:"));
    let mut nodes: Grouped<(bool, EntityKey)> = Grouped::new();
    let mut roles: Grouped<(bool, u32)> = Grouped::new();
    for machine in holder.ground.machines.of(&holder.account.id) {
        let target = Target::bare(&machine.arn);
        let over = steps.iter().try_fold(beside.clone(), |held, (_, rights)| Some(held.and(&rights.over(target)?)));
        let Some(held) = over else { continue };
        let place = machine.role.as_ref().and_then(|arn| holder.ground.role_at(arn));
        let managed = !by_agent || place.is_some_and(|at| holder.ground.registers(at));
        match (&machine.node, place) {
            (Some(node), _) => nodes.entry(held).or_default().push((managed, node.clone())),
            (None, Some(place)) => {
                roles.entry(held).or_default().push((managed, u32::try_from(place).unwrap_or(u32::MAX)));
            }
            (None, None) => {}
        }
    }
    for (held, found) in nodes {
        for managed in [true, false] {
            let keys: Vec<EntityKey> = found.iter().filter(|it| it.0 == managed).map(|it| it.1.clone()).collect();
            if !keys.is_empty() {
                let targets = out.set(keys);
                out.push_needing(technique, Gained::Nodes(targets), &held, if managed { &[] } else { &[SSM_NEEDS] });
            }
        }
    }
    for (held, found) in roles {
        for managed in [true, false] {
            let mut places: Vec<u32> = found.iter().filter(|it| it.0 == managed).map(|it| it.1).collect();
            places.sort_unstable();
            places.dedup();
            if let Some(targets) = out.roles(places) {
                out.push_needing(technique, Gained::Roles(targets), &held, if managed { &[] } else { &[SSM_NEEDS] });
            }
        }
    }
}

/// What a call on an instance requires besides the instance, such as a document (rule W10).
fn beside(holder: &Holder<'_>, action: &str) -> Option<Held> {
    let id = holder.ground.catalogue.find(action)?;
    let rights = holder.rights(action, &[]);
    let instance = ArnGlob::new("arn:*:ec2:*:*:instance/*");
    // The association that a call of CreateAssociation makes is required too.
    let others = holder.account.kinds(id).iter().filter(|(kind, required)| *required && kind.disjoint(&instance));
    others.map(|(kind, _)| rights.in_part(kind)).try_fold(Held::surely(), |held, one| Some(held.and(&one?)))
}

/// Kubernetes through EKS: access entries (R172, R173, R177).
pub(super) fn clusters(holder: &Holder<'_>, technique: &'static Technique, fixed: &Held, out: &mut Out<'_>) {
    for cluster in holder.ground.clusters_of(&holder.account.id) {
        let Some(description) = cluster.description() else { continue };
        let switches = technique.actions().any(|it| it == "eks:UpdateClusterConfig");
        let by_entries = match &*description.authentication_mode {
            "CONFIG_MAP" => Truth::No,
            "" => Truth::Unknown,
            _ => Truth::Yes,
        };
        let Some(mode) = Held::from(if switches { !by_entries } else { by_entries }) else { continue };
        let steps = technique.steps.iter().try_fold(fixed.and(&mode), |held, step| {
            let one = match step.on {
                On::Cluster => {
                    let target = Target { arn: &description.arn, tags: Some(&description.tags), boundary: None };
                    holder.rights(step.action, &entry_keys(holder.who.arn())).over(target)
                }
                On::AccessEntry => over_entry(holder, cluster, step.action),
                On::OwnAccessEntry => {
                    let own = Held::from(has_entry(holder, cluster))?;
                    let group = match step.action {
                        "eks:UpdateAccessEntry" => Held::from(has_powerful_group(cluster))?,
                        _ => Held::surely(),
                    };
                    over_entry(holder, cluster, step.action).map(|held| held.and(&own).and(&group))
                }
                _ => Some(Held::surely()),
            };
            Some(held.and(&one?))
        });
        if let Some(held) = steps {
            out.push(technique, Gained::Cluster(cluster.label.clone()), &held);
        }
    }
}

/// What the attacker puts into the calls on its own access entry.
fn entry_keys(arn: &str) -> [Chosen<'_>; 4] {
    [
        ("eks:principalArn", Some(arn)),
        ("eks:accessEntryType", Some("STANDARD")),
        ("eks:policyArn", Some("arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy")),
        ("eks:accessScope", Some("cluster")),
    ]
}

/// The right over the principal's entry, whose last part EKS chooses.
fn over_entry(holder: &Holder<'_>, cluster: &ClusterFacts, action: &str) -> Option<Held> {
    let description = cluster.description()?;
    let Arn { partition, region, account, .. } = Arn::parse(&description.arn)?;
    let (kind, name) = match holder.who {
        Who::Role(role) => ("role", &role.facts.name),
        Who::User(user) => ("user", &user.facts.name),
    };
    let own = &holder.account.id;
    let cluster_name = &description.name;
    let arn = format!("arn:{partition}:eks:{region}:{account}:access-entry/{cluster_name}/{kind}/{own}/{name}/*");
    let rights = holder.rights(action, &entry_keys(holder.who.arn()));
    rights.over_all(&ArnGlob::new(&arn), Target::bare(&arn))
}

/// Whether the principal has a STANDARD entry; other types take no policies.
fn has_entry(holder: &Holder<'_>, cluster: &ClusterFacts) -> Truth {
    let own = |it: &&std::sync::Arc<AccessEntry>| it.principal == *holder.who.arn();
    if let Some(entry) = cluster.access_entries.iter().find(own) {
        return entry.details.as_ref().map_or(Truth::Unknown, |it| Truth::from(&*it.kind == "STANDARD"));
    }
    if cluster.access_entry_list.iter().any(|it| own(&it)) {
        return Truth::Unknown;
    }
    let complete = cluster.access_entry_list.is_complete() || cluster.access_entries.is_complete();
    if complete { Truth::No } else { Truth::Unknown }
}

/// Whether a group that EKS lets into an entry administers the cluster (R173: none that starts with `system:`).
fn has_powerful_group(cluster: &ClusterFacts) -> Truth {
    let bound = cluster.cluster_role_bindings.iter().filter(|it| &*it.role_name == "cluster-admin");
    let mut subjects = bound.flat_map(|it| &it.subjects);
    if subjects.any(|it| &*it.kind == "Group" && !it.name.starts_with("system:")) {
        return Truth::Yes;
    }
    if cluster.cluster_role_bindings.is_complete() { Truth::No } else { Truth::Unknown }
}

/// Roles that trust an identity provider which the principal can change or make (R180).
pub(super) fn federated(holder: &Holder<'_>, technique: &'static Technique, out: &mut Out<'_>) {
    let Some(step) = technique.steps.first() else { return };
    let rights = holder.rights(step.action, &[]);
    let saml = step.action.contains("SAML");
    let makes = step.action.contains(":Create");
    let account = holder.account;
    let mut providers: Vec<(&Name, &Vec<u32>)> = holder.ground.trusts.by_provider.iter().collect();
    providers.sort_unstable();
    for (provider, places) in providers {
        let Some(arn) = Arn::parse(provider).filter(|it| *it.account == *account.id) else { continue };
        let kind = if saml { "saml-provider/" } else { "oidc-provider/" };
        let Some(name) = arn.resource.strip_prefix(kind) else { continue };
        // The provider of IAM Identity Center is AWS's own.
        if saml && name.starts_with("AWSSSO_") {
            continue;
        }
        let listed = account.facts.provider_list.iter().chain(&account.facts.providers).any(|it| it.arn == *provider);
        let there = match (saml || listed, account.facts.provider_list.is_complete()) {
            (true, _) => Truth::Yes,
            (false, complete) => !Truth::from(complete).or(Truth::Unknown),
        };
        let Some(there) = Held::from(if makes { !there } else { there }) else { continue };
        if let Some(held) = rights.over(Target::bare(provider))
            && let Some(targets) = out.roles(places.clone())
        {
            out.push(technique, Gained::Roles(targets), &held.and(&there));
        }
    }
}

impl super::ground::Ground<'_> {
    /// Clusters of an account.
    pub fn clusters_of<'s>(&'s self, account: &'s str) -> impl Iterator<Item = &'s ClusterFacts> {
        let of = move |cluster: &ClusterFacts| {
            cluster.description().and_then(|it| Arn::parse(&it.arn)).is_some_and(|it| it.account == account)
        };
        self.inventory.clusters.values().map(|it| &**it).filter(move |it| of(it))
    }

    /// Whether a role lets the agent of Systems Manager on an instance register it (AmazonSSMManagedInstanceCore).
    pub fn registers(&self, place: usize) -> bool {
        let Some(role) = self.roles.get(place) else { return false };
        let known = self.registering.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(&place).copied();
        if let Some(known) = known {
            return known;
        }
        let principal = Principal::Role { account: role.facts.account.clone(), arn: role.facts.arn.clone() };
        let arn = format!("arn:aws:ec2:x:{}:instance/i-0", role.facts.account);
        let answer = |action: &str, resource: &str| {
            decide(&Request::new(principal.clone(), action, resource), self.role_policies(role)).decision
        };
        let registers = answer("ssm:UpdateInstanceInformation", &arn) == Decision::Allowed
            && answer("ssmmessages:OpenControlChannel", "*") == Decision::Allowed;
        self.registering.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(place, registers);
        registers
    }
}
