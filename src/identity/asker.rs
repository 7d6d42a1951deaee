//! What the trust policy of one role says to one pod that asks for it: the steps of the trust alone, without resolving
//! the pod (R55 to R72, R81 to R86). For the trust view, which must not wait.

use std::sync::Arc;

use crate::base::Name;
use crate::model::facts::iam::Role;
use crate::model::{ClusterFacts, Inventory, Lookup};

use super::answer::{Hop, Source};
use super::chain::{Token, token_at};
use super::environment::Environment;
use super::injection::{self, Associations, DEFAULT_AUDIENCE, Declared};
use super::resolve::PodIdentity;
use super::trace::Trace;
use super::trust::Trusts;
use super::web_identity::Question;

/// Whether a container of the pod tries a role first, or is declared to have it, and by which source.
pub fn asks(entry: &PodIdentity, container: usize, role: &str) -> Option<Source> {
    let identity = entry.containers.get(container)?;
    [identity.attempted.as_ref(), identity.declared.as_ref(), Some(&identity.identity)]
        .into_iter()
        .flatten()
        .filter(|it| matches!(it.source, Source::Irsa | Source::PodIdentity))
        .find(|it| it.role.as_deref() == Some(role))
        .map(|it| it.source)
}

/// The steps of the trust policy, in the order they are asked; of one that refuses, the edits after which it would not.
/// Empty when the cluster is not in the inventory. Costs a few decisions.
pub fn trust_hops(
    inventory: &Inventory,
    entry: &PodIdentity,
    container: usize,
    source: Source,
    role: &Arc<Role>,
) -> Vec<Hop> {
    let Some(cluster) = inventory.clusters.get(&entry.cluster) else { return Vec::new() };
    let (trusts, mut trace) = (Trusts::default(), Trace::on());
    let (namespace, account) = (&entry.namespace, &entry.spec.service_account);
    match source {
        Source::PodIdentity => agent(inventory, cluster, &trusts, namespace, account, role, &mut trace),
        _ => {
            let Some(container) = entry.spec.containers.get(container) else { return Vec::new() };
            let environment = Environment::new(cluster, namespace, container);
            let carried = environment.get("AWS_WEB_IDENTITY_TOKEN_FILE");
            let carried = carried.value().map(|path| token_at(&entry.spec, container, path));
            let audience = match carried {
                Some(Token::Projected { audience }) => audience,
                _ => declared_audience(cluster, namespace, account),
            };
            let session = environment.get("AWS_ROLE_SESSION_NAME");
            let question = Question { role: &role.arn, audience: &audience, namespace, account, session: &session };
            trusts.web_identity(inventory, cluster, role, &question, &mut trace);
        }
    }
    trace.into_hops()
}

/// The audience of the token that the webhook would mount (R18).
fn declared_audience(cluster: &ClusterFacts, namespace: &Name, account: &Name) -> Name {
    match cluster.service_account(namespace, account) {
        Lookup::Found(account) => match injection::from_annotations(account) {
            Declared::Irsa { audience, .. } => audience,
            _ => DEFAULT_AUDIENCE.into(),
        },
        Lookup::Absent | Lookup::Unknown => DEFAULT_AUDIENCE.into(),
    }
}

fn agent(
    inventory: &Inventory,
    cluster: &ClusterFacts,
    trusts: &Trusts,
    namespace: &Name,
    account: &Name,
    role: &Arc<Role>,
    trace: &mut Trace,
) {
    let associations = Associations::new(cluster);
    let Ok(Some(association)) = associations.of(namespace, account) else { return };
    let Some(details) = &association.details else { return };
    let target = details.target_role.as_ref().filter(|target| **target == role.arn);
    match (target, inventory.role(&details.role)) {
        (Some(target), Lookup::Found(base)) => {
            trusts.target_role(inventory, cluster, base, target, association, trace);
        }
        _ => {
            trusts.pod_identity(inventory, cluster, role, association, namespace, account, trace);
        }
    }
}
