//! Who can do an action, or something of an access level, on a resource: answered in workloads and their pods, roles,
//! people, and whom the resource's policy names.
//!
//! A question becomes [`Requests`]: literal requests, or a pattern of resources for "some resource under this". Each
//! distinct document is asked once whether it may grant any of them (`touch`); only callers with such a document, or
//! whom the resource's policy may let in by name, are decided on, by the one engine (`decide`). Everybody else is denied
//! for want of a statement.

mod decide;
mod further;
mod outsiders;
mod question;
mod requests;
mod roster;
mod single;
mod touch;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::base::Name;
use crate::graph::AccessGraph;
use crate::iam::catalogue::Catalogue;
use crate::iam::{Layer, Policy};
use crate::model::{Arn, EntityKey, Inventory, Kind};

use super::session::{Origin, ResourceSide, Session, is_personal, policy_holder};
use super::verdict::Verdict;

pub use decide::Grant;
pub use further::Further;
pub use question::{Question, What, level_word};
pub use requests::{Ask, Requests, Target};
pub use roster::{Holder, Roster, Way};
pub use single::{Levelled, can};

use roster::{Subject, Who};
use touch::{Bearing, Touched, bearing};
pub(super) use touch::{is_harmless, lets_in, singles_out};

/// What a row is about, for switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    Workload,
    /// A role that no workload signs with.
    Role,
    /// An IAM user.
    Person,
    /// Named by the resource's policy: other accounts, services, everybody; or that policy itself when it was not read.
    Outside,
}

/// One way in which somebody can, or may.
#[derive(Clone, Debug)]
pub struct Row {
    pub kind: RowKind,
    /// Address, `*` for everybody, or the name of a service.
    pub address: Name,
    /// What the address names, where it is a thing of an estate.
    pub key: Option<EntityKey>,
    /// ARN of the role, user or account that is allowed.
    pub role: Option<Name>,
    /// How a workload comes to the role: the words of `list identities`; else `role`, `user`, `resource-policy`; with
    /// one more step the word of its edge.
    pub via: &'static str,
    pub pods: u32,
    pub verdict: Verdict,
    pub certain: bool,
    pub steps_more: u8,
    /// What keeps it from being certain beside the documents, such as an identity that is not known.
    pub doubt: Option<Name>,
    /// The right by which the actor becomes what is allowed; `None` where it is that itself, or its code could obtain it.
    pub further: Option<Further>,
    pub grant: Arc<Grant>,
}

impl Row {
    /// Conditions of the grant, and what else is in doubt.
    pub fn conditions(&self) -> impl Iterator<Item = &str> {
        self.grant.conditions.iter().map(String::as_str).chain(self.doubt.as_deref())
    }
}

/// Whether the policy of the resource was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyState {
    /// No single resource is asked about, or its kind has none.
    NotAsked,
    /// It was read, and there is none.
    None,
    Read,
    Unread,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub question: Question,
    /// Every action that was asked, and on what.
    pub actions: Vec<Name>,
    pub on: Vec<Name>,
    /// By verdict, steps, address.
    pub rows: Vec<Row>,
    /// Roles and users of whom no row is above, by address.
    pub denied: Vec<Row>,
    pub roles: usize,
    pub users: usize,
    pub policy: PolicyState,
    /// Documents and layers that were not read and could change the answer, by name.
    pub unread: Vec<Name>,
}

impl Answer {
    /// The surest verdict of all rows; `Deny` when nobody can.
    pub fn verdict(&self) -> Verdict {
        self.rows.iter().map(|row| row.verdict).min().unwrap_or(Verdict::Deny)
    }

    /// `38 roles, 2 users and the policy of the resource`
    pub fn looked_at(&self) -> String {
        let count = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        let policy = match self.policy {
            PolicyState::NotAsked => "",
            PolicyState::None => "; the resource has no policy",
            PolicyState::Read => " and the policy of the resource",
            PolicyState::Unread => "; the policy of the resource was not read",
        };
        format!("{}, {}{policy}", count(self.roles, "role"), count(self.users, "user"))
    }

    /// Nothing unread could change any of it.
    pub fn is_certain(&self) -> bool {
        self.unread.is_empty() && self.rows.iter().all(|row| row.certain)
    }
}

/// What stands at each target, by account of the caller.
struct Sides<'a> {
    inventory: &'a Inventory,
    roster: &'a Roster,
    requests: &'a Requests,
    known: BTreeMap<Name, Vec<Arc<ResourceSide>>>,
    /// For callers of an account that was not read, or of none.
    others: Vec<Arc<ResourceSide>>,
}

impl<'a> Sides<'a> {
    fn new(inventory: &'a Inventory, roster: &'a Roster, requests: &'a Requests) -> Sides<'a> {
        let mut sides = Sides { inventory, roster, requests, known: BTreeMap::new(), others: Vec::new() };
        sides.others = sides.find(None);
        sides.known = inventory.accounts.keys().map(|id| (id.clone(), sides.find(Some(id)))).collect();
        sides
    }

    fn find(&self, caller: Option<&str>) -> Vec<Arc<ResourceSide>> {
        let of = |target: &Target| {
            let resource = target.resource.arn().unwrap_or("*");
            Arc::new(ResourceSide::find(self.inventory, &self.roster.parsed, caller, resource))
        };
        self.requests.targets.iter().map(of).collect()
    }

    fn of(&self, account: Option<&str>) -> &[Arc<ResourceSide>] {
        account.and_then(|it| self.known.get(it)).unwrap_or(&self.others)
    }

    /// Each side of each target once.
    fn all(&self) -> impl Iterator<Item = (&Target, &Arc<ResourceSide>)> {
        let sides = self.known.values().chain(std::iter::once(&self.others));
        sides.flat_map(|sides| self.requests.targets.iter().zip(sides))
    }
}

/// Asks everybody, and the graph for who could become one of those who can.
pub fn who_can(inventory: &Inventory, roster: &Roster, graph: &AccessGraph, question: &Question) -> Answer {
    let requests = Requests::new(Catalogue::bundled(), question);
    let sides = Sides::new(inventory, roster, &requests);
    let documents: Vec<Bearing> = roster.documents.par_iter().map(|it| bearing(it, &requests)).collect();
    let all: Touched = (0..requests.asks.len()).filter_map(|at| u16::try_from(at).ok()).collect();
    let (requests, sides) = (&requests, &sides);
    let asked = Asked { inventory, roster, question, requests, sides, documents, all, alike: RwLock::default() };
    let found: Vec<Found> = roster.subjects.par_iter().map(|subject| asked.subject(subject)).collect();
    let mut rows: Vec<Row> = Vec::new();
    let mut denied: Vec<Row> = Vec::new();
    for found in found {
        match found {
            Found::Open(open) => rows.extend(open),
            Found::Denied(row) => denied.push(*row),
        }
    }
    rows.extend(asked.unknown());
    rows.extend(asked.outsiders());
    rows.extend(asked.unread_policies());
    rows.append(&mut further::rows(graph, &rows));
    rows.par_sort_by(|a, b| {
        let key = |row: &Row| (row.verdict, row.steps_more);
        let order = key(a).cmp(&key(b)).then_with(|| a.address.cmp(&b.address)).then_with(|| a.role.cmp(&b.role));
        order.then_with(|| a.via.cmp(b.via)).then_with(|| a.grant.actions.cmp(&b.grant.actions))
    });
    denied.sort_by(|a, b| a.address.cmp(&b.address));
    let mut unread: Vec<Name> = Vec::new();
    let mut last: Option<&Arc<Grant>> = None;
    for row in rows.iter().filter(|row| !row.grant.unread.is_empty()) {
        // Rows of one grant share it, and many stand together.
        if !last.is_some_and(|it| Arc::ptr_eq(it, &row.grant)) {
            unread.extend(row.grant.unread.iter().filter(|it| !unread.contains(it)).cloned().collect::<Vec<_>>());
        }
        last = Some(&row.grant);
    }
    let policy = asked.policy_state();
    if policy == PolicyState::Unread {
        unread.push("resource policy".into());
    }
    unread.sort();
    unread.dedup();
    Answer {
        question: question.clone(),
        actions: requests.asks.iter().map(|ask| ask.name.clone()).collect(),
        on: requests.shown(),
        rows,
        denied,
        roles: roster.roles(),
        users: roster.users(),
        policy,
        unread,
    }
}

/// What one subject comes to.
enum Found {
    Open(Vec<Row>),
    Denied(Box<Row>),
}

struct Asked<'a> {
    inventory: &'a Inventory,
    roster: &'a Roster,
    question: &'a Question,
    requests: &'a Requests,
    sides: &'a Sides<'a>,
    /// By place of the document.
    documents: Vec<Bearing>,
    all: Touched,
    /// Answers of callers whom nothing tells apart.
    alike: RwLock<FxHashMap<Alike, Arc<[Arc<Grant>]>>>,
}

/// What decides an answer where no document looks at who asks: the account and kind of the caller, and the documents
/// that bear on the question, by place and name.
#[derive(PartialEq, Eq, Hash)]
struct Alike {
    account: Name,
    is_user: bool,
    documents: SmallVec<[(u32, Name); 4]>,
    boundary: Option<(usize, Name)>,
}

impl Asked<'_> {
    fn grants(&self, session: &Session, asks: &[u16]) -> Vec<Arc<Grant>> {
        let sides = self.sides.of(session.principal.account());
        let grants = decide::grants(session, self.requests, asks, sides, &self.question.given);
        grants.into_iter().map(Arc::new).collect()
    }

    /// The asks that anything may grant this session.
    fn candidates(&self, session: &Session, documents: &[u32]) -> Vec<u16> {
        let sides = self.sides.of(session.principal.account());
        let by_name = sides
            .iter()
            .filter_map(|side| side.policy.as_ref())
            .any(|policy| lets_in(&policy.document, &session.principal, &session.context));
        if by_name || self.requests.asks.iter().any(|ask| ask.action.service() == "sts" && is_free(&ask.name)) {
            return self.all.to_vec();
        }
        let mut asks: Vec<u16> = Vec::new();
        for place in documents {
            asks.extend_from_slice(&self.documents[*place as usize].touched);
        }
        asks.sort_unstable();
        asks.dedup();
        asks
    }

    fn subject(&self, subject: &Subject) -> Found {
        let asks = self.candidates(&subject.session, &subject.documents);
        let own: Arc<[Arc<Grant>]> = if asks.is_empty() { Arc::default() } else { self.own(subject, &asks) };
        let (kind, via) = match &subject.who {
            Who::Role(_) => (RowKind::Role, "role"),
            Who::User => (RowKind::Person, "user"),
        };
        let row = |grant: &Arc<Grant>| Row {
            kind,
            address: subject.address.clone(),
            key: Some(subject.key.clone()),
            role: Some(subject.arn.clone()),
            via,
            pods: 0,
            verdict: grant.verdict,
            certain: grant.certain,
            steps_more: 0,
            doubt: None,
            further: None,
            grant: Arc::clone(grant),
        };
        let mut rows: Vec<Row> = Vec::new();
        if !asks.is_empty() {
            self.holders(subject, &asks, &own, &mut rows);
            if !subject.holders.iter().any(|it| it.signs) {
                rows.extend(own.iter().filter(|it| it.verdict.is_open()).map(row));
            }
        }
        if rows.is_empty() {
            let denied = match own.first() {
                Some(grant) if !grant.verdict.is_open() => row(grant),
                _ => row(&self.nothing(&subject.session)),
            };
            return Found::Denied(Box::new(denied));
        }
        Found::Open(rows)
    }

    /// What a subject may do by itself. Ten thousand roles have a few hundred sets of documents that bear on a question.
    fn own(&self, subject: &Subject, asks: &[u16]) -> Arc<[Arc<Grant>]> {
        let Some(alike) = self.alike(subject) else { return self.grants(&subject.session, asks).into() };
        if let Some(known) = self.alike.read().unwrap_or_else(PoisonError::into_inner).get(&alike) {
            return Arc::clone(known);
        }
        let mut session = subject.session.clone();
        session.policies.identity = subject
            .documents
            .iter()
            .zip(&subject.session.policies.identity)
            .filter(|(place, _)| self.documents[**place as usize].relevant)
            .map(|(_, policy)| policy.clone())
            .collect();
        let grants: Arc<[Arc<Grant>]> = self.grants(&session, asks).into();
        let mut alike_of = self.alike.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(alike_of.entry(alike).or_insert(grants))
    }

    /// `None` when some document may tell this subject from others.
    fn alike(&self, subject: &Subject) -> Option<Alike> {
        let session = &subject.session;
        let account: Name = session.principal.account()?.into();
        if session.principal.is_service_linked() {
            return None;
        }
        let personal = |policy: &Policy| {
            let services = self.requests.services.iter();
            services.flat_map(|service| policy.document.about(service)).any(is_personal)
        };
        let mut documents: SmallVec<[(u32, Name); 4]> = SmallVec::new();
        for (place, policy) in subject.documents.iter().zip(&session.policies.identity) {
            let bearing = &self.documents[*place as usize];
            if bearing.personal {
                return None;
            }
            if bearing.relevant {
                documents.push((*place, policy.name.clone()));
            }
        }
        if session.unread.identity
            || session.policies.boundary.iter().any(personal)
            || session.policies.scps.iter().flat_map(|level| &level.policies).any(personal)
            || self
                .sides
                .of(Some(&account))
                .iter()
                .flat_map(|side| side.documents())
                .any(|document| singles_out(document, &session.principal, &session.context))
        {
            return None;
        }
        let boundary = session.policies.boundary.as_ref();
        let boundary = boundary.map(|it| (Arc::as_ptr(&it.document).addr(), it.name.clone()));
        Some(Alike { account, is_user: matches!(subject.who, Who::User), documents, boundary })
    }

    /// The workloads behind a role. Where its sessions differ each way is asked by itself.
    fn holders(&self, subject: &Subject, asks: &[u16], own: &[Arc<Grant>], rows: &mut Vec<Row>) {
        let Who::Role(role) = &subject.who else { return };
        let mut ways: FxHashMap<(Name, Name, Name, u8), Vec<Arc<Grant>>> = FxHashMap::default();
        for holder in &subject.holders {
            let way = &holder.way;
            let bound =
                way.association.as_ref().and_then(|it| it.details.as_ref()).is_some_and(|it| it.policy.is_some());
            let grants: &[Arc<Grant>] = if (subject.varies || bound) && way.source.is_some() {
                let source = way.source.map_or(0, |it| it as u8);
                let key = (way.cluster.clone(), way.namespace.clone(), way.service_account.clone(), source);
                ways.entry(key).or_insert_with(|| {
                    let origin = Origin {
                        source: way.source,
                        cluster: self.inventory.clusters.get(&way.cluster).map(|it| &**it),
                        namespace: Some(&way.namespace),
                        service_account: Some(&way.service_account),
                        association: way.association.as_deref(),
                    };
                    let session = Session::new(self.inventory, &self.roster.parsed, role, origin);
                    self.grants(&session, asks)
                })
            } else {
                own
            };
            rows.extend(grants.iter().filter(|it| it.verdict.is_open()).map(|grant| Row {
                kind: RowKind::Workload,
                address: holder.address.clone(),
                key: Some(holder.key.clone()),
                role: Some(subject.arn.clone()),
                via: holder.via,
                pods: holder.pods,
                verdict: grant.verdict,
                certain: grant.certain && holder.certainty.is_yes(),
                // What it could obtain beside what it signs with takes a step of its own.
                steps_more: u8::from(!holder.signs),
                doubt: holder.doubt.clone(),
                further: None,
                grant: Arc::clone(grant),
            }));
        }
    }

    /// The grant of somebody to whom no document gives anything: only a policy of the resource that was not read could.
    fn nothing(&self, session: &Session) -> Arc<Grant> {
        let sides = self.sides.of(session.principal.account());
        let unread = sides.iter().any(|side| side.policy_unread);
        Arc::new(Grant {
            actions: self.requests.asks.iter().map(|ask| ask.name.clone()).collect(),
            verdict: Verdict::Deny,
            certain: !unread,
            conditions: Vec::new(),
            because: None,
            unread: if unread { vec!["resource policy".into()] } else { Vec::new() },
            on: Vec::new(),
            except: Vec::new(),
            example: self.question.resource.clone(),
        })
    }

    /// A grant of which nothing is known, and why.
    fn unclear(&self, why: String, unread: Vec<Name>) -> Arc<Grant> {
        Arc::new(Grant {
            actions: Vec::new(),
            verdict: Verdict::Unk,
            certain: false,
            conditions: vec![why],
            because: None,
            unread,
            on: Vec::new(),
            except: Vec::new(),
            example: self.question.resource.clone(),
        })
    }

    /// Workloads of which it is not known what they may do at all.
    fn unknown(&self) -> impl Iterator<Item = Row> {
        self.roster.unknown.iter().map(|(role, holder)| {
            let why = match role.is_empty() {
                true => "which identity it has is not known".to_owned(),
                false => format!("the role {role} was not read"),
            };
            Row {
                kind: RowKind::Workload,
                address: holder.address.clone(),
                key: Some(holder.key.clone()),
                role: Some(role.clone()).filter(|it| !it.is_empty()),
                via: holder.via,
                pods: holder.pods,
                verdict: Verdict::Unk,
                certain: false,
                steps_more: 0,
                doubt: holder.doubt.clone(),
                further: None,
                grant: self.unclear(why, Vec::new()),
            }
        })
    }

    fn outsiders(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        let mut seen: Vec<Name> = Vec::new();
        for (_, side) in self.sides.all() {
            let Some(policy) = &side.policy else { continue };
            if seen.contains(&policy.name) {
                continue;
            }
            seen.push(policy.name.clone());
            for outsider in outsiders::named(self.inventory, self.roster, policy, side.owner.as_deref()) {
                let grants = match &outsider.session {
                    Some(session) => self.grants(session, &self.all),
                    None => vec![self.unclear("whom the policy means by this is not known".into(), Vec::new())],
                };
                rows.extend(grants.into_iter().filter(|it| it.verdict.is_open()).map(|grant| Row {
                    kind: RowKind::Outside,
                    address: outsider.address.clone(),
                    key: outsider.key.clone(),
                    role: outsider.arn.clone(),
                    via: "resource-policy",
                    pods: 0,
                    verdict: grant.verdict,
                    certain: grant.certain,
                    steps_more: 0,
                    doubt: None,
                    further: None,
                    grant,
                }));
            }
        }
        rows
    }

    /// Policies of the resource that were not read stand for everybody whom they could let in.
    fn unread_policies(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for (target, _) in self.sides.all().filter(|(_, side)| side.policy_unread) {
            let shown = target.shown.as_str();
            let holder = Arn::parse(shown).map_or(shown, |arn| policy_holder(shown, arn));
            let key = EntityKey::plain(Kind::Resource, holder);
            let address = Name::from(key.to_string());
            if rows.iter().any(|row| row.address == address) {
                continue;
            }
            let why = "its policy was not read: it may let in others".to_owned();
            rows.push(Row {
                kind: RowKind::Outside,
                address,
                key: Some(key),
                role: None,
                via: "resource-policy",
                pods: 0,
                verdict: Verdict::Unk,
                certain: false,
                steps_more: 0,
                doubt: None,
                further: None,
                grant: self.unclear(why, vec!["resource policy".into()]),
            });
        }
        rows
    }

    fn policy_state(&self) -> PolicyState {
        let sides = || self.sides.all().map(|(_, side)| side);
        if sides().any(|side| side.policy_unread) {
            PolicyState::Unread
        } else if sides().any(|side| side.policy.is_some()) {
            PolicyState::Read
        } else if self.requests.targets.iter().all(|target| target.resource.arn().is_none()) {
            PolicyState::NotAsked
        } else {
            PolicyState::None
        }
    }
}

/// The policy of the statement because of which a row stands, and of which role or user it is; `None` where none is
/// named, or it is a resource's.
pub fn behind<'r>(roster: &'r Roster, row: &Row) -> Option<(&'r EntityKey, &'r Policy)> {
    let because = row.grant.because.as_ref().filter(|it| it.layer == Layer::Identity)?;
    let key = match row.kind {
        RowKind::Person => row.key.clone()?,
        _ => EntityKey::role(row.role.as_deref()?)?,
    };
    let subject = &roster.subjects[*roster.by_key.get(&key)?];
    let policies = subject.session.policies.identity.iter().filter(|it| it.name == because.policy);
    // An inline and a managed policy may share a name; the label of the statement tells them apart.
    let mut policies = policies.filter(|it| {
        let statement = it.document.statements.get(because.statement);
        statement.is_none_or(|statement| statement.sid == because.sid)
    });
    policies.next().map(|policy| (&subject.key, policy))
}

/// Actions that need no policy (rules of [`crate::iam::decide()`]).
fn is_free(action: &str) -> bool {
    ["sts:GetCallerIdentity", "sts:GetSessionToken"].iter().any(|it| it.eq_ignore_ascii_case(action))
}
