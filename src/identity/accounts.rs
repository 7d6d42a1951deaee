//! What a service account is worth to whoever gets hold of it, pods or not: the roles whose trust admits it, and its
//! association (R74, R75, R145, R146, R155).

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::base::{Name, Truth};
use crate::model::facts::pod::PodSpec;
use crate::model::{EntityKey, Kind, Lookup};

use super::association::{self, Question};
use super::injection::{DEFAULT_AUDIENCE, association_role};
use super::instance::Guard;
use super::resolve::PodIdentity;
use super::subject::Context;
use super::trace::Trace;

/// A service account that exists, that pods run as, or that only a trust policy or an association names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountTrust {
    pub key: EntityKey,
    /// `No` when the list of service accounts is complete and lacks it.
    pub exists: Truth,
    /// Roles that take a token of it with an audience of one's choice, by ARN. Certainty is never `No`.
    pub trusted: Vec<(Name, Truth)>,
    pub association: Option<AccountAssociation>,
}

/// The association of an account, as a pod made for it would meet it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountAssociation {
    pub id: Name,
    /// ARN of the role that sessions are of in the end: the target role where there is one.
    pub role: Name,
    /// Whether the agent would hand it out on some node of the cluster. Never `No`.
    pub works: Truth,
}

/// All accounts of one cluster, by namespace and name.
pub(super) fn of_cluster(context: &Context<'_>, pods: &[PodIdentity]) -> Vec<AccountTrust> {
    let cluster = context.cluster;
    let mut names: FxHashSet<(Name, Name)> = FxHashSet::default();
    for account in &cluster.service_accounts {
        names.insert((account.meta.namespace.clone(), account.meta.name.clone()));
    }
    for entry in pods.iter().filter(|it| it.cluster == cluster.label) {
        names.insert((entry.namespace.clone(), entry.spec.service_account.clone()));
    }
    for association in cluster.association_list.iter().chain(&cluster.associations) {
        names.insert((association.namespace.clone(), association.service_account.clone()));
    }
    names.extend(context.latent.named_accounts());
    let mut names: Vec<(Name, Name)> = names.into_iter().collect();
    names.sort();
    let audiences = audiences(context);
    names.into_par_iter().map(|(namespace, name)| account(context, &audiences, &namespace, &name)).collect()
}

/// Audiences that some provider of the cluster's issuer accepts; who mints a token chooses among them (R49, R145).
fn audiences(context: &Context<'_>) -> Vec<Name> {
    let mut audiences = vec![Name::new(DEFAULT_AUDIENCE)];
    let issuer = context.cluster.description().map(|it| it.issuer_path()).unwrap_or_default();
    for account in context.inventory.accounts.values() {
        let providers = account.providers.iter().filter(|it| it.url == *issuer);
        audiences.extend(providers.flat_map(|it| it.client_ids.iter().flatten().cloned()));
    }
    audiences.sort();
    audiences.dedup();
    audiences
}

fn account(context: &Context<'_>, audiences: &[Name], namespace: &Name, name: &Name) -> AccountTrust {
    let Context { inventory, cluster, trusts, .. } = context;
    let mut trusted: Vec<(Name, Truth)> = Vec::new();
    for audience in audiences {
        for (role, truth) in context.latent.trusted(inventory, cluster, trusts, namespace, name, audience) {
            match trusted.iter_mut().find(|it| it.0 == role) {
                Some(known) => known.1 = known.1.or(truth),
                None => trusted.push((role, truth)),
            }
        }
    }
    trusted.sort();
    AccountTrust {
        key: EntityKey::namespaced(Kind::ServiceAccount, &cluster.label, namespace, name),
        exists: match cluster.service_account(namespace, name) {
            Lookup::Found(_) => Truth::Yes,
            Lookup::Absent => Truth::No,
            Lookup::Unknown => Truth::Unknown,
        },
        trusted,
        association: association_of(context, namespace, name),
    }
}

fn association_of(context: &Context<'_>, namespace: &Name, name: &Name) -> Option<AccountAssociation> {
    let Context { inventory, cluster, trusts, associations, nodes, .. } = context;
    let association = associations.of(namespace, name).ok().flatten()?;
    let role = association_role(association)?;
    let spec = PodSpec { service_account: name.clone(), ..PodSpec::default() };
    let works = nodes.classes().map(|class| {
        let question = Question { namespace, account: name, spec: &spec, class, guard: &Guard::Open };
        let trace = &mut Trace::off();
        association::check(inventory, cluster, trusts, associations, Some(association), &question, trace).truth
    });
    let mut works = works.max().unwrap_or(Truth::Unknown);
    if works.is_no() && !cluster.nodes.is_complete() {
        works = Truth::Unknown;
    }
    (!works.is_no()).then(|| AccountAssociation { id: association.id.clone(), role, works })
}
