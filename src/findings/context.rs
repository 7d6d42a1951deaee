//! What rules share, worked out once: workloads by their top owner, who uses which role, how strong roles are.

mod permissions;
mod rights;
mod workloads;

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::analysis::roles::Classes;
use crate::base::{Name, Truth};
use crate::graph::authorization::{self, Authorization, Subject};
use crate::graph::escalation::{self, Gains};
use crate::iam::Document;
use crate::iam::privilege::{Class, Privilege};
use crate::identity::accounts::AccountTrust;
use crate::identity::injection::Associations;
use crate::identity::instance::Nodes;
use crate::identity::resolve::{self, PodIdentity};
use crate::identity::trust::Trusts;
use crate::model::facts::iam::Role;
use crate::model::facts::workload::ServiceAccount;
use crate::model::{AccountFacts, Arn, ClusterFacts, EntityKey, Inventory, Kind, Lookup, SourceId, SourceKind};

use crate::rbac::{Power, Request};

use super::subjects::{WebStatement, WebStatements};
use super::{Derived, platform};

pub use permissions::{Family, PodRole, Way, Wide, Width};
pub use rights::{Holding, Prize, Reached, Rights, Standing, Through, gives_everything};
pub use workloads::{Seat, Variant, Workload};

/// Everything a rule may ask. Rules run in parallel on one context.
pub struct Context<'a> {
    pub inventory: &'a Inventory,
    /// In the order of [`crate::identity::resolve::all`].
    pub pods: &'a [PodIdentity],
    /// By cluster, namespace, kind and name of the top owner (guard G5).
    pub workloads: Vec<Workload<'a>>,
    /// Parsed documents and the questions to trust policies.
    pub trusts: Trusts,
    by_key: FxHashMap<EntityKey, usize>,
    by_account: FxHashMap<EntityKey, Vec<usize>>,
    by_role: FxHashMap<EntityKey, Vec<usize>>,
    clusters: FxHashMap<Name, ClusterIndex<'a>>,
    /// By ARN.
    classes: FxHashMap<&'a Name, OnceLock<Privilege>>,
    judged: Classes,
    web: WebStatements,
    pod_roles: permissions::PodRoles,
    gains: OnceLock<Gains>,
    /// What an estate has worked out already; what it has not, the fields below hold once a rule asked.
    given: Option<Derived<'a>>,
    worked_out: FxHashMap<Name, OnceLock<Authorization>>,
    accounts: OnceLock<Vec<AccountTrust>>,
    rights: OnceLock<Rights>,
}

/// What is worked out once for a cluster.
pub struct ClusterIndex<'a> {
    pub facts: &'a ClusterFacts,
    pub associations: Associations,
    pub nodes: Nodes,
}

impl<'a> Context<'a> {
    pub fn new(inventory: &'a Inventory, pods: &'a [PodIdentity]) -> Context<'a> {
        let workloads = workloads::group(inventory, pods);
        let mut by_key = FxHashMap::default();
        let mut by_account: FxHashMap<EntityKey, Vec<usize>> = FxHashMap::default();
        let mut by_role: FxHashMap<EntityKey, Vec<usize>> = FxHashMap::default();
        for (at, workload) in workloads.iter().enumerate() {
            by_key.insert(workload.key.clone(), at);
            by_account.entry(workload.account_key()).or_default().push(at);
            for role in workload.roles() {
                by_role.entry(role.clone()).or_default().push(at);
            }
        }
        let index = |facts: &'a Arc<ClusterFacts>| ClusterIndex {
            facts,
            associations: Associations::new(facts),
            nodes: Nodes::new(inventory, facts),
        };
        let roles = inventory.accounts.values().flat_map(|account| account.roles.iter());
        Context {
            inventory,
            pods,
            trusts: Trusts::default(),
            by_key,
            by_account,
            by_role,
            clusters: inventory.clusters.iter().map(|(label, facts)| (label.clone(), index(facts))).collect(),
            classes: roles.map(|role| (&role.arn, OnceLock::new())).collect(),
            judged: Classes::default(),
            workloads,
            web: WebStatements::default(),
            pod_roles: permissions::PodRoles::default(),
            gains: OnceLock::new(),
            given: None,
            worked_out: inventory.clusters.keys().map(|label| (label.clone(), OnceLock::new())).collect(),
            accounts: OnceLock::new(),
            rights: OnceLock::new(),
        }
    }

    /// With what an estate has worked out before.
    #[must_use]
    pub fn with(mut self, given: Derived<'a>) -> Context<'a> {
        self.trusts.documents = given.documents.clone();
        self.given = Some(given);
        self
    }

    /// Works out what uses all cores by itself. A thread that waits inside such work may be given another rule, and that
    /// must not wait for the same work; so it is done before the rules run.
    pub fn prepare(&self) {
        // Both sides of the join below ask for them.
        self.accounts();
        let roles: Vec<&Arc<Role>> = self.roles().collect();
        roles.into_par_iter().for_each(|role| {
            self.privilege_of(role);
        });
        rayon::join(
            || self.rights(),
            || {
                self.web_statements();
                self.pod_roles();
            },
        );
        self.gains();
    }

    /// What each role and user can gain by one step, worked out for the first who asks.
    pub fn gains(&self) -> &Gains {
        match self.given {
            Some(given) => given.gains,
            None => self.gains.get_or_init(|| escalation::gains(self.inventory)),
        }
    }

    /// What every service account is worth to whoever gets hold of it, by cluster, namespace and name.
    pub fn accounts(&self) -> &[AccountTrust] {
        match self.given {
            Some(given) => given.accounts,
            None => self.accounts.get_or_init(|| resolve::accounts(self.inventory, self.pods)),
        }
    }

    /// Who holds which power, and the roles that hang on it.
    fn rights(&self) -> &Rights {
        self.rights.get_or_init(|| Rights::of(self))
    }

    /// Who may do what in a cluster.
    pub fn authorization(&self, cluster: &ClusterFacts) -> &Authorization {
        if let Some(given) = self.given.and_then(|given| given.authorizations.get(&cluster.label)) {
            return given;
        }
        let cell = self.worked_out.get(&cluster.label).expect("every cluster of the inventory has its place");
        cell.get_or_init(|| authorization::of(cluster))
    }

    /// Subjects outside the platform (guard G2) that surely hold one of these powers over any object of a namespace,
    /// sorted, each once.
    pub fn holders(&self, cluster: &ClusterFacts, powers: &[Power], namespace: &str) -> Vec<Subject> {
        let held = self.authorization(cluster).powers().iter().filter(|it| {
            powers.contains(&it.power)
                && it.certainty.is_yes()
                && it.names.is_none()
                && it.scope.covers(namespace)
                && !is_platform_subject(&it.subject)
        });
        let mut subjects: Vec<Subject> = held.map(|it| it.subject.clone()).collect();
        subjects.sort();
        subjects.dedup();
        subjects
    }

    /// Subjects outside the platform that surely may create namespaces.
    pub fn namespace_creators(&self, cluster: &ClusterFacts) -> Vec<Subject> {
        let request = Request::parse("create", "namespaces", None, None);
        let answers = self.authorization(cluster).who_may(&request).into_iter();
        answers
            .filter(|it| it.answer.truth.is_yes() && it.answer.names.is_empty() && !is_platform_subject(&it.subject))
            .map(|it| it.subject)
            .collect()
    }

    /// Every Allow for web identity that names the provider of a cluster, by role and statement.
    pub fn web_statements(&self) -> &[WebStatement] {
        self.web.of(self)
    }

    /// Those of one role.
    pub fn web_statements_of(&self, role: &EntityKey) -> &[WebStatement] {
        // INVARIANT: they stand in the order of roles, which is that of their keys.
        let all = self.web_statements();
        let from = all.partition_point(|it| it.key < *role);
        let to = all.partition_point(|it| it.key <= *role);
        &all[from..to]
    }

    pub fn workload(&self, key: &EntityKey) -> Option<&Workload<'a>> {
        self.by_key.get(key).map(|at| &self.workloads[*at])
    }

    /// Workloads that run as a service account.
    pub fn users_of_account(&self, account: &EntityKey) -> impl Iterator<Item = &Workload<'a>> {
        self.by_account.get(account).into_iter().flatten().map(|at| &self.workloads[*at])
    }

    /// Workloads that sign with a role, try to, or are meant to. The role of the nodes counts where it answers.
    pub fn users_of_role(&self, role: &EntityKey) -> impl Iterator<Item = &Workload<'a>> {
        self.by_role.get(role).into_iter().flatten().map(|at| &self.workloads[*at])
    }

    pub fn clusters(&self) -> impl Iterator<Item = &'a ClusterFacts> {
        self.inventory.clusters.values().map(|cluster| &**cluster)
    }

    pub fn cluster_index(&self, cluster: &ClusterFacts) -> &ClusterIndex<'a> {
        self.clusters.get(&cluster.label).expect("every cluster of the inventory has its index")
    }

    /// Every role of every account, by account and name.
    pub fn roles(&self) -> impl Iterator<Item = &'a Arc<Role>> {
        self.inventory.accounts.values().flat_map(|account| account.roles.iter())
    }

    pub fn service_accounts(&self) -> impl Iterator<Item = (&'a ClusterFacts, &'a Arc<ServiceAccount>)> {
        self.clusters().flat_map(|cluster| cluster.service_accounts.iter().map(move |account| (cluster, account)))
    }

    /// The account that an ARN lies in, or the source that would hold it.
    pub fn account_of(&self, arn: &str) -> Result<&'a AccountFacts, SourceId> {
        let id = Arn::parse(arn).map_or("", |arn| arn.account);
        match self.inventory.accounts.get(id) {
            Some(account) => Ok(account),
            None => Err(crate::identity::association::iam_source(self.inventory, arn)),
        }
    }

    /// The source of an account that was not read, or not whole.
    pub fn account_source(&self, account: &str, kind: SourceKind) -> SourceId {
        match self.inventory.accounts.get(account) {
            Some(facts) => facts.source(kind),
            None => SourceId::new(&format!("accounts/{account}"), kind),
        }
    }

    /// The trust policy of a role, parsed once.
    pub fn trust(&self, role: &Role) -> Arc<Document> {
        self.trusts.documents.trust(role).document
    }

    /// How strong a role is by itself (guard G1, R110), worked out when first asked. `None` when the role was not read.
    pub fn privilege(&self, role: &str) -> Option<&Privilege> {
        let Lookup::Found(role) = self.inventory.role(role) else { return None };
        Some(self.privilege_of(role))
    }

    pub fn privilege_of(&self, role: &Role) -> &Privilege {
        let cell = self.classes.get(&role.arn).expect("every role of the inventory has its place");
        cell.get_or_init(|| self.privilege_with(role))
    }

    /// How strong a role would be with what is changed about it.
    pub fn privilege_with(&self, role: &Role) -> Privilege {
        self.judged.of(self.inventory, &self.trusts.documents, role)
    }

    /// Admin, escalates, sensitive or cluster-loop (guard G1). Unknown where its documents were not read.
    pub fn is_sensitive(&self, role: &str) -> Truth {
        self.privilege(role).map_or(Truth::Unknown, sensitive)
    }

    /// The clause "if the role is sensitive" of a severity: only what is known counts.
    pub fn is_known_sensitive(&self, role: &Role) -> bool {
        sensitive(self.privilege_of(role)).is_yes()
    }

    /// The workload that people know a subject by: itself, or the first that uses the account, association or role.
    pub fn owner_of(&self, subject: &EntityKey) -> Option<&EntityKey> {
        let first = match subject.kind {
            Kind::ServiceAccount => self.users_of_account(subject).next(),
            Kind::Role => self.users_of_role(subject).next(),
            Kind::Association => {
                let cluster = self.inventory.clusters.get(&subject.scope)?;
                let list = cluster.association_list.items();
                let association = &list[list.binary_search_by(|it| it.id.cmp(&subject.name)).ok()?];
                let (namespace, name) = (&association.namespace, &association.service_account);
                let account = EntityKey::namespaced(Kind::ServiceAccount, &cluster.label, namespace, name);
                self.users_of_account(&account).next()
            }
            _ => self.workload(subject),
        };
        first.map(|it| &it.key)
    }

    /// The subject belongs to AWS, EKS or Kubernetes itself (guard G2).
    pub fn is_platform(&self, subject: &EntityKey) -> bool {
        match subject.kind {
            Kind::ServiceAccount => platform::is_service_account(&subject.namespace, &subject.name),
            Kind::User | Kind::Group => platform::is_subject(&subject.name),
            Kind::Role => match self.inventory.accounts.get(&subject.scope).map(|it| it.role(&subject.name)) {
                Some(Lookup::Found(role)) => platform::is_role(role),
                _ => false,
            },
            _ => self.workload(subject).is_some_and(|workload| workload.platform),
        }
    }
}

/// A user, group or service account of the platform.
pub fn is_platform_subject(subject: &Subject) -> bool {
    match subject {
        Subject::ServiceAccount { namespace, name } => platform::is_service_account(namespace, name),
        Subject::Group(name) | Subject::User(name) => platform::is_subject(name),
        Subject::Iam(arn) => arn.contains(":role/aws-service-role/"),
    }
}

/// The first role is of a worse class than the second, as far as both are known.
pub fn is_stronger(context: &Context<'_>, role: &EntityKey, other: &EntityKey) -> bool {
    let class = |key: &EntityKey| match context.inventory.accounts.get(&key.scope)?.role(&key.name) {
        Lookup::Found(role) => Some(context.privilege_of(role).class),
        _ => None,
    };
    class(role).is_some_and(|own| class(other).is_none_or(|other| own < other))
}

fn sensitive(privilege: &Privilege) -> Truth {
    sensitive_class(privilege.class)
}

/// Guard G1, of a class.
fn sensitive_class(class: Class) -> Truth {
    match class {
        Class::Admin | Class::Escalates | Class::Sensitive | Class::ClusterLoop => Truth::Yes,
        Class::Scoped | Class::None => Truth::No,
        Class::Unknown => Truth::Unknown,
    }
}

pub fn role_key(role: &Role) -> EntityKey {
    EntityKey::scoped(Kind::Role, &role.account, &role.name)
}

/// The account of a cluster, as far as its ARN was read.
pub fn account_of_cluster(cluster: &ClusterFacts) -> Option<&str> {
    crate::identity::cluster_arn(cluster).map(|arn| arn.account)
}
