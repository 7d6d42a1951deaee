//! Whose question it is: the role behind a thing, and the things that may have sent a message.

use std::sync::Arc;

use crate::analysis::explain::{Caller, NoCaller};
use crate::analysis::message::{Denied, SessionKind};
use crate::base::Name;
use crate::identity::{Identity, Source, Verdict};
use crate::model::arn::role_name;
use crate::model::{EntityKey, Kind, Lookup};

use super::Estate;

/// The role that a pod, container, workload, service account or role acts as.
pub fn caller(estate: &Estate, key: &EntityKey) -> Result<Caller, NoCaller> {
    if key.kind == Kind::Role {
        return match estate.role(key) {
            Lookup::Found(role) => Ok(Caller {
                key: key.clone(),
                role: Arc::clone(role),
                role_key: key.clone(),
                identity: None,
                namespace: None,
                service_account: None,
                association: None,
            }),
            Lookup::Absent => Err(NoCaller::NoIdentity("the role does not exist".into())),
            Lookup::Unknown => Err(NoCaller::Unknown("the role was not read".into())),
        };
    }
    let (identity, namespace, account) = identity_of(estate, key)?;
    let Some(arn) = &identity.identity.role else {
        return Err(match identity.verdict {
            Verdict::Unknown => NoCaller::Unknown(identity.why.clone()),
            _ => NoCaller::NoIdentity(identity.why.clone()),
        });
    };
    let Some(role_key) = EntityKey::role(arn) else {
        return Err(NoCaller::NoIdentity(format!("`{arn}` is no role")));
    };
    let role = match estate.role(&role_key) {
        Lookup::Found(role) => Arc::clone(role),
        Lookup::Absent => return Err(NoCaller::NoIdentity(format!("the role `{arn}` does not exist"))),
        Lookup::Unknown => return Err(NoCaller::Unknown(format!("the role `{arn}` was not read"))),
    };
    let association = match identity.identity.source {
        Source::PodIdentity => estate.cluster(&key.scope).and_then(|cluster| {
            let found =
                cluster.associations.iter().find(|it| it.namespace == namespace && it.service_account == account);
            found.map(Arc::clone)
        }),
        _ => None,
    };
    Ok(Caller {
        key: key.clone(),
        role,
        role_key,
        identity: Some(identity),
        namespace: Some(namespace),
        service_account: Some(account),
        association,
    })
}

fn identity_of(estate: &Estate, key: &EntityKey) -> Result<(Arc<Identity>, Name, Name), NoCaller> {
    match key.kind {
        Kind::Pod | Kind::Container => {
            let name = if key.kind == Kind::Pod { &key.name } else { &key.pod };
            let pod = EntityKey::namespaced(Kind::Pod, &key.scope, &key.namespace, name);
            let Some(entry) = estate.pod(&pod) else { return Err(NoCaller::Unknown("the pod was not read".into())) };
            let named = || entry.spec.containers.iter().position(|it| it.name == key.name);
            let identity = match key.kind {
                Kind::Container => named().and_then(|at| entry.containers.get(at)),
                _ => entry.main(),
            };
            let identity = identity.ok_or(NoCaller::WrongKind)?;
            Ok((Arc::clone(identity), entry.namespace.clone(), entry.spec.service_account.clone()))
        }
        _ => {
            let group = estate.groups.iter().find(|group| group.key == *key || group.account_key() == *key);
            match group {
                Some(group) => {
                    Ok((Arc::clone(&group.identity), group.namespace.clone(), group.service_account.clone()))
                }
                None if key.kind == Kind::ServiceAccount => {
                    Err(NoCaller::NoIdentity("no pod and no workload runs as this service account".into()))
                }
                None => Err(NoCaller::WrongKind),
            }
        }
    }
}

/// Things of the estate that may have sent the message: workloads that sign with the role, narrowed by the session's
/// name where it says more. Sorted; the role itself when nobody signs with it.
pub fn senders(estate: &Estate, denied: &Denied) -> Vec<EntityKey> {
    let Some((account, name)) = role_name(&denied.principal) else { return Vec::new() };
    let role = EntityKey::scoped(Kind::Role, &account.into(), &name.into());
    let kind = denied.session().map(SessionKind::of);
    let signs = |key: Option<&str>| key.and_then(EntityKey::role).is_some_and(|it| it == role);
    let mut senders: Vec<EntityKey> = Vec::new();
    for group in &estate.groups {
        if !signs(group.identity.identity.role.as_deref()) {
            continue;
        }
        let fits = match &kind {
            None => true,
            Some(SessionKind::Node { instance }) => group.members.iter().any(|at| {
                let Some(pod) = &estate.pods[*at as usize].pod else { return false };
                estate.cluster(&group.cluster).is_some_and(|cluster| {
                    matches!(cluster.node(&pod.node), Lookup::Found(node) if node.instance_id() == Some(instance))
                })
            }),
            Some(SessionKind::PodIdentity { rest }) => {
                group.identity.identity.source == Source::PodIdentity
                    && group.members.iter().any(|at| {
                        let pod = estate.pods[*at as usize].pod.as_ref();
                        // Long names are cut in the session name.
                        pod.is_some_and(|pod| rest.contains(pod.meta.name.as_str().get(..16).unwrap_or(&pod.meta.name)))
                    })
            }
            Some(SessionKind::WebIdentity) => group.identity.identity.source != Source::NodeRole,
        };
        if fits {
            senders.push(group.key.clone());
        }
    }
    senders.sort();
    senders.dedup();
    if senders.is_empty() { vec![role] } else { senders }
}
