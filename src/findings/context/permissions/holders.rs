//! Which roles pods hold, and how they come to have them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::base::{Name, Truth};
use crate::findings::account_roles;
use crate::findings::context::{Context, Seat, Workload};
use crate::identity::injection::{AUDIENCE_ANNOTATION, DEFAULT_AUDIENCE, association_role};
use crate::identity::trace::Trace;
use crate::identity::trust::token_context;
use crate::identity::{Source, Verdict};
use crate::model::{Arn, ClusterFacts, EntityKey, Lookup};

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
    declared_by_annotation(context, &mut found);
    declared_by_association(context, &mut found);
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

/// Annotated accounts whose pods do not have the role yet, or that have no pods.
fn declared_by_annotation(context: &Context<'_>, found: &mut Found) {
    for it in account_roles::annotated(context) {
        let Some(description) = it.cluster.description() else { continue };
        let Lookup::Found(role) = context.inventory.role(&it.role) else { continue };
        let associations = &context.cluster_index(it.cluster).associations;
        if has_way(found, &it.role, &it.account)
            || role.arn != it.role
            || !matches!(associations.of(&it.account.namespace, &it.account.name), Ok(None))
        {
            continue;
        }
        let issuer = description.issuer_path();
        let provider = context.inventory.accounts.get(&role.account);
        let provider = provider.map(|account| crate::identity::web_identity::find_provider(account, issuer));
        let subject = format!("system:serviceaccount:{}:{}", it.account.namespace, it.account.name);
        let audience = it.facts.meta.annotations.get(AUDIENCE_ANNOTATION).filter(|it| !it.is_empty());
        let audience = audience.cloned().unwrap_or_else(|| DEFAULT_AUDIENCE.into());
        let provided = match provider {
            Some(Lookup::Found(provider)) => {
                provider.client_ids.as_ref().map_or(Truth::Unknown, |ids| ids.contains(&audience).into())
            }
            Some(Lookup::Absent) => Truth::No,
            _ => Truth::Unknown,
        };
        let token = token_context(context.inventory, issuer, &subject, &audience);
        let held = provided.and(context.trusts.admits_token(role, issuer, &token));
        if held.is_no() {
            continue;
        }
        let way = Way {
            source: Source::Irsa,
            cluster: cluster(context, &it.cluster.label),
            namespace: it.facts.meta.namespace.clone(),
            service_account: it.facts.meta.name.clone(),
            association: None,
            runs: false,
        };
        add(context, found, &it.role, way, held);
    }
}

/// Accounts with an association whose pods do not have the role yet, or that have no pods.
fn declared_by_association(context: &Context<'_>, found: &mut Found) {
    for cluster in context.clusters() {
        for association in &cluster.associations {
            let Some(details) = &association.details else { continue };
            let Some(arn) = association_role(association) else { continue };
            let (namespace, account) = (&association.namespace, &association.service_account);
            let key = EntityKey::namespaced(crate::model::Kind::ServiceAccount, &cluster.label, namespace, account);
            if has_way(found, &arn, &key) {
                continue;
            }
            let Lookup::Found(base) = context.inventory.role(&details.role) else { continue };
            let trusts = &context.trusts;
            let trace = &mut Trace::off();
            let own = trusts.pod_identity(context.inventory, cluster, base, association, namespace, account, trace);
            let mut held = own.truth;
            if let Some(target) = &details.target_role {
                held = held.and(trusts.target_role(context.inventory, cluster, base, target, association, trace).truth);
            }
            // Pods that run and do not get it fail for another reason, which their identity tells.
            let broken = context.users_of_account(&key).any(|workload| {
                workload.seats().any(|seat| {
                    let tried = seat.identity.attempted.as_ref().and_then(|it| it.role.as_ref());
                    seat.identity.verdict == Verdict::Broken && tried == Some(&arn)
                })
            });
            if held.is_no() || broken || Arn::parse(&arn).is_none() {
                continue;
            }
            let way = Way {
                source: Source::PodIdentity,
                cluster: self::cluster(context, &cluster.label),
                namespace: namespace.clone(),
                service_account: account.clone(),
                association: Some(Arc::clone(association)),
                runs: false,
            };
            add(context, found, &arn, way, held);
        }
    }
}
