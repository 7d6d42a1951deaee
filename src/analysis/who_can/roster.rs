//! Everybody who may be asked about, made ready once for an estate: roles and users with their documents, and the
//! workloads behind roles.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::data::{self, Ceilings, Known};
use crate::analysis::session::{Origin, Session, policy_holder};
use crate::base::{Name, Truth};
use crate::iam::Document;
use crate::identity::Source;
use crate::identity::documents::Documents;
use crate::model::facts::eks::Association;
use crate::model::facts::iam::{Role, User};
use crate::model::{Arn, EntityKey, Inventory, Kind, Lookup};

/// A workload and one of the ways in which its code comes to a role.
#[derive(Clone, Debug)]
pub struct Holder {
    pub key: EntityKey,
    /// The same as text, by which rows are sorted.
    pub address: Name,
    pub pods: u32,
    /// The source of its credentials, or the way to a further role, in the words of `list identities`.
    pub via: &'static str,
    /// The identity that ordinary calls sign with; otherwise one that its code could obtain.
    pub signs: bool,
    /// How surely it comes to the role. Unknown, too, when it is not known which identity it has.
    pub certainty: Truth,
    /// Why, where that is not known.
    pub doubt: Option<Name>,
    pub way: Way,
}

/// What of a way to a role decides the tags of its session (V6).
#[derive(Clone, Debug, Default)]
pub struct Way {
    pub source: Option<Source>,
    pub cluster: Name,
    pub namespace: Name,
    pub service_account: Name,
    pub association: Option<Arc<Association>>,
}

#[derive(Debug)]
pub(super) enum Who {
    Role(Arc<Role>),
    User,
}

/// A role or user.
#[derive(Debug)]
pub(super) struct Subject {
    pub key: EntityKey,
    pub address: Name,
    pub arn: Name,
    pub who: Who,
    /// By itself, whatever way led to it.
    pub session: Session,
    /// Its sessions differ by the way to it.
    pub varies: bool,
    /// Places of its identity documents in [`Roster::documents`].
    pub documents: Box<[u32]>,
    pub holders: Vec<Holder>,
}

/// Everybody of an estate. Making it parses every document: about a tenth of a second for ten thousand roles; asking it
/// is quick.
#[derive(Debug)]
pub struct Roster {
    pub(in crate::analysis) parsed: Documents,
    /// Roles by account and name, then users.
    pub(super) subjects: Vec<Subject>,
    /// Every identity document once.
    pub(super) documents: Vec<Arc<Document>>,
    /// Workloads of which it is not known which role they have, or whose role was not read; with the role's ARN.
    pub(super) unknown: Vec<(Name, Holder)>,
    /// Places of subjects by their key.
    pub(super) by_key: FxHashMap<EntityKey, usize>,
    /// Data resources that policies name or have; found when first asked for.
    data: OnceLock<Vec<Known>>,
    /// What their policies leave to the callers of each account.
    ceilings: RwLock<FxHashMap<Name, Arc<Ceilings>>>,
}

impl Roster {
    /// `holders` come with the role that they lead to; an empty name where that is not known.
    pub fn new(inventory: &Inventory, holders: Vec<(Name, Holder)>) -> Roster {
        let parsed = Documents::default();
        let accounts = || inventory.accounts.values();
        let roles: Vec<&Arc<Role>> = accounts().flat_map(|account| account.roles.iter()).collect();
        let users: Vec<&Arc<User>> = accounts().flat_map(|account| account.users.iter()).collect();
        let of_role = |role: &&Arc<Role>| {
            let session = Session::new(inventory, &parsed, role, Origin::default());
            let key = EntityKey::scoped(Kind::Role, &role.account, &role.name);
            subject(key, role.arn.clone(), Who::Role(Arc::clone(role)), session)
        };
        let of_user = |user: &&Arc<User>| {
            let session = Session::of_user(inventory, &parsed, user);
            let key = EntityKey::scoped(Kind::IamUser, &user.account, &user.name);
            subject(key, user.arn.clone(), Who::User, session)
        };
        let mut subjects: Vec<Subject> = roles.par_iter().map(of_role).collect();
        subjects.par_extend(users.par_iter().map(of_user));
        let mut documents: Vec<Arc<Document>> = Vec::new();
        let mut places: FxHashMap<usize, u32> = FxHashMap::default();
        for subject in &mut subjects {
            let mut place = |document: &Arc<Document>| {
                *places.entry(Arc::as_ptr(document).addr()).or_insert_with(|| {
                    documents.push(Arc::clone(document));
                    u32::try_from(documents.len() - 1).unwrap_or(u32::MAX)
                })
            };
            subject.documents = subject.session.policies.identity.iter().map(|it| place(&it.document)).collect();
        }
        let by_key: FxHashMap<EntityKey, usize> =
            subjects.iter().enumerate().map(|(at, subject)| (subject.key.clone(), at)).collect();
        let mut unknown = Vec::new();
        for (arn, holder) in holders {
            match EntityKey::role(&arn).and_then(|key| by_key.get(&key)) {
                Some(at) => subjects[*at].holders.push(holder),
                None => {
                    let absent = !arn.is_empty() && matches!(inventory.role(&arn), Lookup::Absent);
                    if holder.signs && !absent {
                        unknown.push((arn, holder));
                    }
                }
            }
        }
        Roster { parsed, subjects, documents, unknown, by_key, data: OnceLock::new(), ceilings: RwLock::default() }
    }

    /// What a role or user signs with, by itself, and the places of its identity documents.
    pub fn session(&self, key: &EntityKey) -> Option<(&Session, &[u32])> {
        let subject = &self.subjects[*self.by_key.get(key)?];
        Some((&subject.session, &subject.documents))
    }

    /// Buckets, keys and the like that documents name or that have a policy, sorted.
    pub fn data(&self, inventory: &Inventory) -> &[Known] {
        self.data.get_or_init(|| data::known(inventory, &self.parsed, &self.resources(inventory)))
    }

    /// Made by the first who asks.
    pub(in crate::analysis) fn ceilings(&self, account: &str, make: impl FnOnce() -> Ceilings) -> Arc<Ceilings> {
        let known = self.ceilings.read().unwrap_or_else(PoisonError::into_inner).get(account).cloned();
        known.unwrap_or_else(|| {
            let made = Arc::new(make());
            let mut ceilings = self.ceilings.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(ceilings.entry(account.into()).or_insert(made))
        })
    }

    /// Every ARN that the documents write as a resource and every one with a policy of its own, the resources that hold
    /// the objects they name, and the roles and users: what a question may be about. Sorted.
    pub fn resources(&self, inventory: &Inventory) -> Vec<Name> {
        let mut found: FxHashSet<Name> = FxHashSet::default();
        for document in &self.documents {
            for clause in document.statements.iter().filter_map(|it| it.resources.as_ref()) {
                for entry in clause.entries.iter().filter(|it| it.written.starts_with("arn:")) {
                    let Some(arn) = Arn::parse(&entry.written).filter(|it| !it.resource.contains("${")) else {
                        continue;
                    };
                    let holder = policy_holder(&entry.written, arn);
                    if !holder.contains(['*', '?']) && holder.len() < entry.written.len() {
                        found.insert(holder.into());
                    }
                    found.insert(entry.written.clone());
                }
            }
        }
        for account in inventory.accounts.values() {
            found.extend(account.resource_policies.iter().map(|it| it.arn.clone()));
        }
        found.extend(self.subjects.iter().map(|it| it.arn.clone()));
        let mut found: Vec<Name> = found.into_iter().collect();
        found.sort();
        found
    }

    pub fn roles(&self) -> usize {
        self.subjects.iter().filter(|it| matches!(it.who, Who::Role(_))).count()
    }

    pub fn users(&self) -> usize {
        self.subjects.len() - self.roles()
    }
}

fn subject(key: EntityKey, arn: Name, who: Who, session: Session) -> Subject {
    let address = key.to_string().into();
    let varies = session.hangs_on_origin();
    Subject { key, address, arn, who, session, varies, documents: Box::default(), holders: Vec::new() }
}
