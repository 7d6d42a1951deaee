//! The roles that pods hold, and what each may do of the rights that rules ask about.
//!
//! Ten thousand roles share documents, and most documents name nothing that is asked: each document is looked through
//! once, and only roles of which some document concerns a rule are put to the policy engine.

mod holders;
mod width;

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{Name, Truth};
use crate::iam::access::{is_damaged, readable};
use crate::iam::catalogue::{ActionId, Catalogue};
use crate::iam::permissions::permissions_of;
use crate::iam::{Document, Policies};
use crate::identity::Source;
use crate::identity::session::{Origin, Session};
use crate::model::facts::eks::Association;
use crate::model::facts::iam::Role;
use crate::model::{ClusterFacts, EntityKey};

use super::Context;

pub use width::{Family, Wide, Width};

/// A role that pods sign with, or that pods of an account would be given.
pub struct PodRole {
    pub role: Arc<Role>,
    pub key: EntityKey,
    /// `Unknown` where what decides whether it works was not read.
    pub held: Truth,
    /// Every way to it, each once.
    pub ways: Vec<Way>,
    /// Rights beyond single things, by family and action.
    wide: Vec<Wide>,
}

/// How pods come to have a role.
#[derive(Clone)]
pub struct Way {
    pub source: Source,
    pub cluster: Arc<ClusterFacts>,
    pub namespace: Name,
    pub service_account: Name,
    /// The Pod Identity association behind it.
    pub association: Option<Arc<Association>>,
    /// Pods sign with it now; else the next ones would.
    pub runs: bool,
}

impl Way {
    /// How the session of this way came to be.
    pub fn origin(&self) -> Origin<'_> {
        Origin {
            source: Some(self.source),
            cluster: Some(&self.cluster),
            namespace: Some(&self.namespace),
            service_account: Some(&self.service_account),
            association: self.association.as_deref(),
        }
    }

    pub fn account(&self) -> EntityKey {
        EntityKey::namespaced(
            crate::model::Kind::ServiceAccount,
            &self.cluster.label,
            &self.namespace,
            &self.service_account,
        )
    }
}

impl PodRole {
    /// Rights of one family that reach beyond single things. Rights that a condition on tags, or a variable, scopes are
    /// not among them.
    pub fn wide(&self, family: Family) -> impl Iterator<Item = &Wide> {
        self.wide.iter().filter(move |it| it.family == family)
    }

    /// It is the role of nodes, and pods sign with it because they have none of their own. Rules about nodes judge its
    /// policies.
    pub fn is_of_nodes(&self) -> bool {
        self.ways.iter().all(|it| it.source == Source::NodeRole)
    }

    /// Every program that has it is a controller known to call AWS (R190).
    pub fn is_of_controllers(&self) -> bool {
        use crate::findings::platform::is_known_controller;
        self.ways.iter().all(|it| is_known_controller(&it.service_account))
    }

    /// The session of the role, as the way to it shapes it where there is but one (R86).
    pub fn session(&self, context: &Context<'_>) -> Session {
        let origin = match &self.ways[..] {
            [one] => one.origin(),
            _ => Origin::default(),
        };
        Session::new(context.inventory, &context.trusts.documents, &self.role, origin)
    }

    /// Service accounts through which pods have it, each once, in order.
    pub fn accounts(&self) -> Vec<EntityKey> {
        let mut accounts: Vec<EntityKey> = self.ways.iter().map(Way::account).collect();
        accounts.sort();
        accounts.dedup();
        accounts
    }
}

/// The roles of pods, worked out when a rule first asks.
#[derive(Default)]
pub struct PodRoles {
    all: OnceLock<(Vec<PodRole>, FxHashMap<EntityKey, usize>)>,
}

impl Context<'_> {
    /// Every role that pods hold, by key. Uses all cores.
    pub fn pod_roles(&self) -> &[PodRole] {
        &self.held().0
    }

    pub fn pod_role(&self, key: &EntityKey) -> Option<&PodRole> {
        let (all, by_key) = self.held();
        by_key.get(key).map(|at| &all[*at])
    }

    fn held(&self) -> &(Vec<PodRole>, FxHashMap<EntityKey, usize>) {
        self.pod_roles.all.get_or_init(|| {
            let mut all = holders::find(self);
            judge(self, &mut all);
            let by_key = all.iter().enumerate().map(|(at, it)| (it.key.clone(), at)).collect();
            (all, by_key)
        })
    }
}

/// Fills in the wide rights.
fn judge(context: &Context<'_>, all: &mut [PodRole]) {
    let catalogue = Catalogue::bundled();
    let documents = &context.trusts.documents;
    let namespaces = width::namespaces(context);
    let of_role = |role: &Role| documents.of_role_dated(context.inventory, role).identity;
    let identity: Vec<_> = all.par_iter().map(|it| of_role(&it.role)).collect();
    let mut seen = FxHashSet::default();
    let distinct: Vec<&Arc<Document>> = identity
        .iter()
        .flatten()
        .map(|policy| &policy.document)
        .filter(|document| seen.insert(Arc::as_ptr(document).addr()))
        .collect();
    let concerning: FxHashMap<usize, Vec<ActionId>> = distinct
        .into_par_iter()
        .map(|document| (Arc::as_ptr(document).addr(), width::concerning(catalogue, document, &namespaces)))
        .filter(|(_, actions)| !actions.is_empty())
        .collect();
    all.par_iter_mut().zip(&identity).for_each(|(it, policies)| {
        let documents = policies.iter().map(|policy| Arc::as_ptr(&policy.document).addr());
        let mut actions: Vec<ActionId> =
            documents.filter_map(|document| concerning.get(&document)).flatten().copied().collect();
        if actions.is_empty() {
            return;
        }
        actions.sort_unstable();
        actions.dedup();
        let session = it.session(context);
        let (policies, damaged) = whole(&session.policies);
        let found = permissions_of(catalogue, &actions, &session.principal, &policies, &session.context);
        let own: Vec<&str> = it.ways.iter().map(|way| way.namespace.as_str()).collect();
        it.wide = width::of_rows(catalogue, &found, &namespaces, &own);
        if damaged || session.unread.identity {
            it.wide.iter_mut().for_each(|wide| wide.certain = false);
        }
    });
}

/// The policies as far as they can be read, and whether some could not.
fn whole(policies: &Policies) -> (Policies, bool) {
    if policies.iter().any(|(.., policy)| is_damaged(&policy.document)) {
        return (readable(policies), true);
    }
    (policies.clone(), false)
}
