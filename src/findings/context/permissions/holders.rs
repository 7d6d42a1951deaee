//! Which roles pods hold, and how they come to have them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::base::{Name, Truth};
use crate::findings::account_roles;
use crate::findings::context::{Context, Seat, Workload};
use crate::identity::{Source, Verdict};
use crate::model::{ClusterFacts, EntityKey, Lookup};

use super::{PodRole, Way};

type Found = BTreeMap<EntityKey, PodRole>;

/// Every role that a pod signs with, and those that are declared for an account and whose trust policy admits it. By key.
pub(super) fn find(context: &Context<'_>) -> Vec<PodRole> {
    let mut found: Found = BTreeMap::new();
    // A way is the same for all pods of an account.
    let mut seen: FxHashSet<(Name, &str, &Name, &Name)> = FxHashSet::default();
    for workload in &context.workloads {
        for seat in workload.seats() {
            let Some((source, arn, held)) = signs_with(workload, &seat) else { continue };
            if seen.insert((arn.clone(), &workload.cluster.label, workload.namespace, &seat.entry.spec.service_account))
            {
                let association = association_of(context, source, workload, &seat);
                let way = Way {
                    source,
                    cluster: cluster(context, &workload.cluster.label),
                    namespace: workload.namespace.clone(),
                    service_account: seat.entry.spec.service_account.clone(),
                    association,
                    runs: true,
                };
                add(context, &mut found, arn, way, held);
            }
        }
    }
    declared(context, &mut found);
    found.into_values().collect()
}

/// The role of a container, how it comes by it, and how surely. Pods of the platform on a node's role are the node.
fn signs_with<'s>(workload: &Workload<'_>, seat: &Seat<'s>) -> Option<(Source, &'s Name, Truth)> {
    let identity = seat.identity;
    let credential = match identity.verdict {
        Verdict::Unknown if identity.identity.role.is_none() => identity.attempted.as_ref()?,
        _ => &identity.identity,
    };
    let held = if identity.verdict == Verdict::Unknown { Truth::Unknown } else { Truth::Yes };
    match credential.source {
        Source::NodeRole if workload.platform => None,
        Source::Irsa | Source::PodIdentity | Source::NodeRole | Source::Profile => {
            Some((credential.source, credential.role.as_ref()?, held))
        }
        _ => None,
    }
}

fn association_of(
    context: &Context<'_>,
    source: Source,
    workload: &Workload<'_>,
    seat: &Seat<'_>,
) -> Option<Arc<crate::model::facts::eks::Association>> {
    if source != Source::PodIdentity {
        return None;
    }
    let associations = &context.cluster_index(workload.cluster).associations;
    associations.of(workload.namespace, &seat.entry.spec.service_account).ok().flatten().cloned()
}

fn cluster(context: &Context<'_>, label: &Name) -> Arc<ClusterFacts> {
    Arc::clone(&context.inventory.clusters[label])
}

fn add(context: &Context<'_>, found: &mut Found, arn: &str, way: Way, held: Truth) {
    let Lookup::Found(role) = context.inventory.role(arn) else { return };
    let key = super::super::role_key(role);
    let it = found.entry(key.clone()).or_insert_with(|| PodRole {
        role: Arc::clone(role),
        key,
        held: Truth::No,
        ways: Vec::new(),
        wide: Vec::new(),
    });
    it.held = it.held.or(held);
    it.ways.push(way);
}

fn has_way(found: &Found, arn: &str, account: &EntityKey) -> bool {
    let known = EntityKey::role(arn).and_then(|key| found.get(&key));
    known.is_some_and(|it| it.ways.iter().any(|way| way.account() == *account))
}

/// Accounts whose pods do not have the role yet that is declared for them, or that have no pods: where the trust policy
/// would let them in.
fn declared(context: &Context<'_>, found: &mut Found) {
    let accounts = context.accounts();
    for it in account_roles::annotated(context) {
        let associations = &context.cluster_index(it.cluster).associations;
        if has_way(found, &it.role, &it.account)
            || !matches!(associations.of(&it.account.namespace, &it.account.name), Ok(None))
        {
            continue;
        }
        let Ok(at) = accounts.binary_search_by(|known| known.key.cmp(&it.account)) else { continue };
        let Some((arn, held)) = accounts[at].trusted.iter().find(|trusted| trusted.0 == it.role) else { continue };
        let way = Way {
            source: Source::Irsa,
            cluster: cluster(context, &it.cluster.label),
            namespace: it.facts.meta.namespace.clone(),
            service_account: it.facts.meta.name.clone(),
            association: None,
            runs: false,
        };
        add(context, found, arn, way, *held);
    }
    for account in accounts {
        let Some(association) = account.association.as_ref() else { continue };
        if has_way(found, &association.role, &account.key) {
            continue;
        }
        let cluster = cluster(context, &account.key.scope);
        let associations = &context.cluster_index(&cluster).associations;
        let found_association = associations.of(&account.key.namespace, &account.key.name).ok().flatten().cloned();
        let way = Way {
            source: Source::PodIdentity,
            cluster,
            namespace: account.key.namespace.clone(),
            service_account: account.key.name.clone(),
            association: found_association,
            runs: false,
        };
        add(context, found, &association.role, way, association.works);
    }
}
