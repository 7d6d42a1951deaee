//! The estate: everything that follows from the inventory, computed as a whole and never changed.
//!
//! [`derive()`] is a pure function. The screens and the headless commands ask the same estate; a new inventory gives a
//! new estate, and selections are looked up again by key.

pub mod address;
pub mod caller;
pub mod compare;
pub mod documents;
pub mod found;
pub mod groups;
pub mod problem;
pub mod who_can;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use rayon::prelude::*;

use crate::analysis::usable::Holdings;
use crate::analysis::who_can::Roster;
use crate::base::{Name, Truth};
use crate::findings::{self, Derived, Findings};
use crate::graph::authorization::{self, Authorization};
use crate::graph::escalation::{self, Gains};
use crate::graph::{AccessGraph, Resolved};
use crate::identity::accounts::AccountTrust;
use crate::identity::documents::Documents;
use crate::identity::instance::Nodes;
use crate::identity::resolve::{self, PodIdentity};
use crate::model::facts::iam::Role;
use crate::model::facts::meta::Origin;
use crate::model::facts::pod::Pod;
use crate::model::facts::workload::ServiceAccount;
use crate::model::{ClusterFacts, EntityKey, Inventory, Kind, Lookup};

pub use address::{Ambiguity, resolve_address};
pub use documents::{DocumentRole, RoleDocument};
pub use found::Found;
pub use groups::Group;
pub use problem::{Problem, Severity};

/// An immutable estate.
#[derive(Debug)]
pub struct Estate {
    pub inventory: Inventory,
    /// Every pod of every cluster by cluster, namespace, name, with the identities of its containers; the predicted
    /// ones of workloads without pods come after the pods of their namespace.
    pub pods: Vec<PodIdentity>,
    /// Pods that are alike, in the default order of the Explorer: cluster, namespace, worst problem, name.
    pub groups: Vec<Group>,
    /// What is wrong, in screen order: problems of groups first, then of roles, then gaps.
    pub problems: Vec<Problem>,
    /// What each service account is worth to whoever holds it, by cluster, namespace, name.
    pub accounts: Vec<AccountTrust>,
    /// Who may do what in each cluster, by its label.
    pub authorizations: BTreeMap<Name, Arc<Authorization>>,
    role_steps: Vec<(Name, Name, Truth)>,
    nodes: BTreeMap<Name, Nodes>,
    /// Policies that are parsed already.
    policies: Documents,
    /// Worked out for the first who asks, as all below: most commands need none of them.
    gains: OnceLock<Arc<Gains>>,
    graph: OnceLock<AccessGraph>,
    /// What the rules found; worked out for the first who asks.
    findings: OnceLock<Findings>,
    found: OnceLock<Found>,
    /// Everybody who may be asked what they can do; made by the first such question.
    roster: OnceLock<Roster>,
}

/// Derives the estate. `stop` is asked between the stages; a derivation that nobody waits for any more gives `None`.
pub fn derive(inventory: &Inventory, stop: &dyn Fn() -> bool) -> Option<Estate> {
    let identities = resolve::identities(inventory, stop)?;
    if stop() {
        return None;
    }
    let mut groups = groups::group(&identities.pods);
    if stop() {
        return None;
    }
    let clusters: Vec<_> = inventory.clusters.iter().collect();
    let authorizations =
        clusters.into_par_iter().map(|(label, cluster)| (label.clone(), Arc::new(authorization::of(cluster))));
    let authorizations: BTreeMap<_, _> = authorizations.collect::<Vec<_>>().into_iter().collect();
    if stop() {
        return None;
    }
    let resolve::Identities { pods, accounts, role_steps, nodes, documents: policies } = identities;
    let problems = problem::find(inventory, &pods, &mut groups);
    Some(Estate {
        inventory: inventory.clone(),
        pods,
        groups,
        problems,
        accounts,
        authorizations,
        role_steps,
        nodes,
        policies,
        gains: OnceLock::new(),
        graph: OnceLock::new(),
        findings: OnceLock::new(),
        found: OnceLock::new(),
        roster: OnceLock::new(),
    })
}

impl Estate {
    /// An estate of nothing, for the time before the first page.
    pub fn empty() -> Estate {
        derive(&Inventory::default(), &|| false).expect("nobody stops it")
    }

    /// Who can become whom. The first call builds it, escalation and all.
    pub fn graph(&self) -> &AccessGraph {
        self.graph.get_or_init(|| {
            let resolved = Resolved {
                pods: &self.pods,
                accounts: &self.accounts,
                role_steps: &self.role_steps,
                nodes: &self.nodes,
            };
            let authorizations = self.authorizations.values().cloned().collect();
            AccessGraph::build(&self.inventory, resolved, authorizations, Arc::clone(self.gains()))
        })
    }

    /// What every role and user can gain by one step. Worked out for the first who asks.
    pub fn gains(&self) -> &Arc<Gains> {
        self.gains.get_or_init(|| Arc::new(escalation::gains_where(&self.inventory, &self.policies, |_| true)))
    }

    /// What the rules found. The first call runs them all.
    pub fn findings(&self) -> &Findings {
        self.findings.get_or_init(|| {
            let derived = Derived {
                authorizations: &self.authorizations,
                accounts: &self.accounts,
                gains: self.gains(),
                documents: &self.policies,
            };
            findings::run_with(&self.inventory, &self.pods, derived)
        })
    }

    /// The findings by thing. The first call runs the rules if nobody did.
    pub fn found(&self) -> &Found {
        self.found.get_or_init(|| Found::new(self, self.findings()))
    }

    /// Findings and their places, if somebody asked for them before: for whoever must not wait.
    pub fn found_already(&self) -> Option<(&Findings, &Found)> {
        Some((self.findings.get()?, self.found.get()?))
    }

    /// The time of the data (protocols.md: `data_time`). `None` when no source gave one.
    pub fn data_time(&self) -> Option<Timestamp> {
        self.inventory.now
    }

    pub fn cluster(&self, label: &str) -> Option<&Arc<ClusterFacts>> {
        self.inventory.clusters.get(label)
    }

    /// Who may do what in the cluster of this label.
    pub fn authorization(&self, label: &str) -> Option<&Authorization> {
        self.authorizations.get(label).map(|it| &**it)
    }

    /// Everything that a question about rights and their worth in AWS needs of one cluster.
    pub fn holdings(&self, label: &str) -> Option<Holdings<'_>> {
        Some(Holdings {
            cluster: self.cluster(label)?,
            authorization: self.authorization(label)?,
            pods: &self.pods,
            accounts: &self.accounts,
        })
    }

    pub fn pod(&self, key: &EntityKey) -> Option<&PodIdentity> {
        let wanted = (key.scope.as_str(), key.namespace.as_str(), false, "", key.name.as_str());
        let at = self.pods.partition_point(|it| it.sort_key() < wanted);
        self.pods.get(at).filter(|it| it.sort_key() == wanted)
    }

    pub fn role(&self, key: &EntityKey) -> Lookup<'_, Role> {
        match self.inventory.accounts.get(&key.scope) {
            Some(account) => account.role(&key.name),
            None => Lookup::Unknown,
        }
    }

    pub fn service_account(&self, key: &EntityKey) -> Lookup<'_, ServiceAccount> {
        match self.cluster(&key.scope) {
            Some(cluster) => cluster.service_account(&key.namespace, &key.name),
            None => Lookup::Unknown,
        }
    }

    /// Where the stored text of a thing stands, for the raw view.
    pub fn origin(&self, key: &EntityKey) -> Option<&Origin> {
        documents::origin(&self.inventory, key)
    }

    /// Documents of a role in the order of the Policy screen: identity policies, trust, boundary.
    pub fn documents(&self, role: &EntityKey) -> Vec<RoleDocument> {
        documents::of_role(&self.inventory, role)
    }

    /// Problems of one thing, worst first.
    pub fn problems_of<'a>(&'a self, key: &'a EntityKey) -> impl Iterator<Item = &'a Problem> {
        self.problems.iter().filter(move |problem| problem.subject == *key)
    }

    /// Namespaces of all clusters, sorted, each once.
    pub fn namespaces(&self) -> Vec<Name> {
        let mut names: Vec<Name> = self.groups.iter().map(|group| group.namespace.clone()).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// A pod row for lists: what everybody asks first.
pub fn pod_key(cluster: &Name, pod: &Pod) -> EntityKey {
    EntityKey::namespaced(Kind::Pod, cluster, &pod.meta.namespace, &pod.meta.name)
}
