//! The data within reach of a blast radius: buckets, keys, tables and the like, with access levels by resource and by
//! service.
//!
//! Identity policies within boundaries and organisation policies decide, as in the access column, and where a resource's
//! own policy was read, that policy too, as who-can asks it: it may refuse, let in, or have to agree. A policy that was
//! not read stays named beside what it could change. Resources are those that policies name or have.

mod guard;

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::base::Name;
use crate::iam::access::Levels;
use crate::iam::catalogue::{ActionId, Catalogue, Level};
use crate::iam::pattern::ArnGlob;
use crate::iam::permissions::{Status, permissions_of};
use crate::iam::{Document, DocumentKind};
use crate::identity::documents::Documents;
use crate::identity::session::{Session, has_no_policies};
use crate::model::{Arn, EntityKey, Inventory, Kind};

pub(super) use guard::Ceilings;
use guard::Guard;

use super::blast::Row;
use super::who_can::{PolicyState, Roster};

/// A kind of resource that holds data. To add one: a row in [`KINDS`].
#[derive(Debug)]
pub struct DataKind {
    pub service: &'static str,
    /// In the plural.
    pub word: &'static str,
    /// What the last part of its ARNs begins with.
    prefix: &'static str,
}

const fn kind(service: &'static str, word: &'static str, prefix: &'static str) -> DataKind {
    DataKind { service, word, prefix }
}

/// In the order in which they are shown.
pub const KINDS: &[DataKind] = &[
    kind("s3", "buckets", ""),
    kind("secretsmanager", "secrets", "secret:"),
    kind("kms", "KMS keys", "key/"),
    kind("dynamodb", "tables", "table/"),
    kind("sqs", "queues", ""),
    kind("sns", "topics", ""),
    kind("ssm", "parameters", "parameter/"),
    kind("rds", "databases", "db:"),
    kind("kinesis", "streams", "stream/"),
    kind("ecr", "repositories", "repository/"),
    kind("elasticfilesystem", "file systems", "file-system/"),
    kind("es", "search domains", "domain/"),
];

/// A resource of which something is known by name.
#[derive(Clone, Debug)]
pub struct Known {
    pub arn: Name,
    /// Position in [`KINDS`].
    pub kind: usize,
    own: ArnGlob,
    /// What lies in it, such as the objects of a bucket.
    inside: ArnGlob,
    /// Whether its own policy was read.
    pub policy: PolicyState,
    /// The account that has it, where that is known.
    owner: Option<Name>,
    document: Option<Arc<Document>>,
}

/// The kind of the resource with this ARN.
pub fn kind_of(arn: Arn<'_>) -> Option<usize> {
    KINDS.iter().position(|it| {
        let named = arn.resource.strip_prefix(it.prefix).is_some_and(|name| !name.is_empty());
        // Access points have an account; objects and indexes lie in what is meant.
        let whole = match it.service {
            "s3" => arn.account.is_empty() && !arn.resource.contains('/'),
            "dynamodb" => arn.resource.matches('/').count() == 1,
            "sns" | "sqs" => !arn.resource.contains([':', '/']),
            _ => true,
        };
        arn.service == it.service && named && whole
    })
}

/// Data resources among ARNs, without patterns, in their order.
pub fn known(inventory: &Inventory, parsed: &Documents, arns: &[Name]) -> Vec<Known> {
    let mut policies: FxHashMap<&str, (&Name, Option<&Name>)> = FxHashMap::default();
    for account in inventory.accounts.values() {
        for policy in &account.resource_policies {
            policies.entry(&policy.arn).or_insert((&account.id, policy.text.as_ref()));
        }
    }
    let known = |name: &Name| {
        let arn = Arn::parse(name).filter(|_| !name.contains(['*', '?', '$']))?;
        let kind = kind_of(arn)?;
        let read = policies.get(name.as_str());
        Some(Known {
            arn: name.clone(),
            kind,
            own: ArnGlob::new(name),
            inside: ArnGlob::new(&format!("{name}/*")),
            policy: match read {
                Some((_, Some(_))) => PolicyState::Read,
                Some((_, None)) => PolicyState::None,
                None if has_no_policies(arn.service) => PolicyState::NotAsked,
                None => PolicyState::Unread,
            },
            owner: read.map(|it| it.0.clone()).or_else(|| Some(arn.account.into()).filter(|it: &Name| !it.is_empty())),
            document: read.and_then(|it| it.1).map(|text| parsed.get(DocumentKind::Resource, text)),
        })
    };
    arns.iter().filter_map(known).collect()
}

/// What one action does to data: by kind, on the resource itself or on what lies in it.
struct Touch {
    id: ActionId,
    kind: usize,
    level: Level,
    own: bool,
    inside: bool,
}

fn touches(catalogue: &Catalogue, known: &[Known]) -> Vec<Touch> {
    let mut touches = Vec::new();
    for (at, kind) in KINDS.iter().enumerate() {
        let Some(example) = known.iter().find(|it| it.kind == at) else { continue };
        let Some(service) = catalogue.service(kind.service) else { continue };
        for id in service.actions() {
            let action = catalogue.action(id);
            let types = || action.resources().map(|it| it.0);
            // The pattern of buckets covers their objects too.
            let own = match kind.service {
                "s3" => types().any(|it| it.name() == "bucket"),
                _ => types().any(|it| it.pattern().matches(&example.arn)),
            };
            let inside = kind.service == "s3" && types().any(|it| it.name() == "object");
            if own || inside {
                touches.push(Touch { id, kind: at, level: action.level(), own, inside });
            }
        }
    }
    touches
}

/// Access to a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Levels of which some action is allowed, or may be.
    pub levels: Levels,
    /// Those that hang on nothing.
    pub certain: Levels,
}

impl Grant {
    pub(super) fn join(&mut self, other: Grant) {
        self.levels = self.levels.union(other.levels);
        self.certain = self.certain.union(other.certain);
    }

    /// `LR---`, with a question mark behind where some of it is not certain.
    pub fn letters(self) -> String {
        let letter = |level: &Level| if self.levels.contains(*level) { level.letter() } else { '-' };
        let letters: String = Level::ALL.iter().map(letter).collect();
        if self.levels == self.certain { letters } else { format!("{letters}?") }
    }
}

fn touch_of(touches: &[Touch], id: ActionId) -> Option<&Touch> {
    touches.binary_search_by_key(&id, |it| it.id).ok().map(|at| &touches[at])
}

/// What one set of documents gives: resources by position among the known, and kinds of which every one is meant.
#[derive(Debug, Default)]
struct Holding {
    grants: Vec<(usize, Grant)>,
    every: Vec<usize>,
}

fn holding(
    catalogue: &Catalogue,
    touches: &[Touch],
    known: &[Known],
    session: &Session,
    ceilings: Option<&Ceilings>,
) -> Holding {
    let ids: Vec<ActionId> = touches.iter().map(|it| it.id).collect();
    let permissions = permissions_of(catalogue, &ids, &session.principal, &session.policies, &session.context);
    let partition = known.first().and_then(|it| Arn::parse(&it.arn)).map_or("aws", |it| it.partition);
    let mut grants: BTreeMap<usize, Grant> = BTreeMap::new();
    let mut every: Vec<usize> = Vec::new();
    for row in &permissions.rows {
        let is_sure = row.status() == Status::Exact;
        let mut by_kind: BTreeMap<usize, (Levels, Levels)> = BTreeMap::new();
        for id in &row.actions.known {
            let Some(touch) = touch_of(touches, *id) else { continue };
            let (own, inside) = by_kind.entry(touch.kind).or_default();
            if touch.own {
                own.insert(touch.level);
            }
            if touch.inside {
                inside.insert(touch.level);
            }
        }
        for (kind, (own, inside)) in by_kind {
            let DataKind { service, prefix, .. } = KINDS[kind];
            let account = session.principal.account().unwrap_or("*");
            let all = match service {
                "s3" => format!("arn:{partition}:s3:::*"),
                _ => format!("arn:{partition}:{service}:*:{account}:{prefix}*"),
            };
            let all = ArnGlob::new(&all);
            if row.resources.any_of().iter().any(|it| it.contains(&all)) {
                every.push(kind);
            }
            // What is left below each ceiling, worked out when the first resource under it is met.
            let mut below: FxHashMap<usize, [Grant; 2]> = FxHashMap::default();
            let free = [own, inside].map(|levels| Grant { levels, certain: levels });
            for (at, it) in known.iter().enumerate().filter(|(_, it)| it.kind == kind) {
                let mut grant = Grant::default();
                for (part, glob) in [&it.own, &it.inside].into_iter().enumerate() {
                    let meets = row.resources.any_of().iter().any(|pattern| !pattern.disjoint(glob));
                    if !meets || row.resources.except().iter().any(|out| out.contains(glob)) {
                        continue;
                    }
                    let parts = match ceilings.and_then(|it| Some((it, it.class(at)?))) {
                        None => free,
                        Some((all, class)) => *below.entry(class).or_insert_with(|| {
                            all.limit(class, row.actions.known.iter().filter_map(|id| touch_of(touches, *id)))
                        }),
                    };
                    grant.join(parts[part]);
                }
                if !grant.levels.is_empty() {
                    let certain = if is_sure { grant.certain } else { Levels::default() };
                    grants.entry(at).or_default().join(Grant { certain, ..grant });
                }
            }
        }
    }
    every.sort_unstable();
    every.dedup();
    Holding { grants: grants.into_iter().collect(), every }
}

/// A resource within reach.
#[derive(Clone, Debug)]
pub struct Touched {
    pub arn: Name,
    /// Position in [`KINDS`].
    pub kind: usize,
    pub grant: Grant,
    /// Whether its own policy was asked; one that was not read may refuse.
    pub policy: PolicyState,
    /// Beyond the nearest role that reaches it.
    pub hops: usize,
    pub from: EntityKey,
}

impl Touched {
    /// Letters of a grant to it, with a question mark where a condition or an unread policy of it could change them.
    pub fn letters(&self, grant: Grant) -> String {
        let unread = self.policy == PolicyState::Unread;
        (if unread { Grant { certain: Levels::default(), ..grant } } else { grant }).letters()
    }

    /// Nothing that is known of, nor its own policy, could change any of it.
    pub fn is_certain(&self) -> bool {
        self.grant.levels == self.grant.certain && self.policy != PolicyState::Unread
    }
}

/// How much of one kind is within reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Position in [`KINDS`].
    pub kind: usize,
    pub reached: usize,
    pub known: usize,
    /// Every one there is, named or not.
    pub every: bool,
    /// Of those known, how many have a policy of their own that was not read: it may refuse, or let in.
    pub unread: usize,
}

/// All data within reach.
#[derive(Debug, Default)]
pub struct Data {
    /// By hops, kind, ARN.
    pub resources: Vec<Touched>,
    /// Kinds of which something is within reach, in the order of [`KINDS`].
    pub counts: Vec<Count>,
    /// What each role reaches, by position in `resources`.
    by_role: BTreeMap<EntityKey, Vec<(usize, Grant)>>,
}

impl Data {
    /// What one role reaches, the most first.
    pub fn of(&self, role: &EntityKey) -> impl Iterator<Item = (&Touched, Grant)> {
        self.by_role.get(role).into_iter().flatten().map(|(at, grant)| (&self.resources[*at], *grant))
    }
}

/// What falls with the rows of a blast radius, and with its start where that is a role or user. Documents that roles
/// share are looked at once; uses all cores. Cost: about a millisecond for a set of documents.
pub fn data(inventory: &Inventory, roster: &Roster, start: &EntityKey, rows: &[Row]) -> Data {
    let known = roster.data(inventory);
    let catalogue = Catalogue::bundled();
    let mut touches = touches(catalogue, known);
    touches.sort_unstable_by_key(|it| it.id);
    let holders: Vec<(&EntityKey, usize, bool)> = std::iter::once((start, 0, true))
        .chain(rows.iter().map(|row| (&row.key, row.hops, row.certainty.is_yes())))
        .filter(|it| matches!(it.0.kind, Kind::Role | Kind::IamUser))
        .collect();
    let sessions: Vec<Option<(&Session, &[u32])>> = holders.iter().map(|it| roster.session(it.0)).collect();
    let alike = |(session, documents): (&Session, &[u32])| {
        let boundary = session.policies.boundary.as_ref().map(|it| Arc::as_ptr(&it.document).addr());
        (session.principal.account().map(Name::from), documents.to_vec(), boundary)
    };
    let mut places: FxHashMap<_, usize> = FxHashMap::default();
    let mut distinct: Vec<&Session> = Vec::new();
    let place: Vec<Option<usize>> = sessions
        .iter()
        .map(|it| {
            let both = (*it)?;
            Some(*places.entry(alike(both)).or_insert_with(|| {
                distinct.push(both.0);
                distinct.len() - 1
            }))
        })
        .collect();
    let guard = Guard { known, inventory, roster };
    let mut ceilings: BTreeMap<&str, Arc<Ceilings>> = BTreeMap::new();
    for session in &distinct {
        if let Some(account) = session.principal.account() {
            ceilings.entry(account).or_insert_with(|| guard.ceilings(account, session));
        }
    }
    let of = |session: &&Session| {
        let under = session.principal.account().and_then(|account| ceilings.get(account)).map(|it| &**it);
        holding(catalogue, &touches, known, session, under)
    };
    let holdings: Vec<Holding> = distinct.par_iter().map(of).collect();
    let guarded = guard.ask(&sessions, &place, &holdings);
    let mut nearest: BTreeMap<usize, Touched> = BTreeMap::new();
    let mut every = vec![false; KINDS.len()];
    let mut by_holder: Vec<(&EntityKey, Vec<(usize, Grant)>)> = Vec::new();
    for (((key, hops, sure), place), guarded) in holders.iter().zip(place).zip(guarded) {
        let Some(holding) = place.and_then(|at| holdings.get(at)) else { continue };
        holding.every.iter().for_each(|kind| every[*kind] = true);
        let mut own = Vec::new();
        // What was asked of the resource's policy stands for what identity policies say.
        let said = holding.grants.iter().filter(|(at, _)| guarded.binary_search_by_key(at, |it| it.0).is_err());
        for (at, grant) in said.chain(guarded.iter().filter(|it| !it.1.levels.is_empty())) {
            let certain = if *sure { grant.certain } else { Levels::default() };
            let grant = Grant { certain, ..*grant };
            own.push((*at, grant));
            let it = &known[*at];
            let fresh = || Touched {
                arn: it.arn.clone(),
                kind: it.kind,
                grant: Grant::default(),
                policy: it.policy,
                hops: hops + 1,
                from: (*key).clone(),
            };
            nearest.entry(*at).or_insert_with(fresh).grant.join(grant);
        }
        by_holder.push((key, own));
    }
    let mut counts: Vec<Count> = Vec::new();
    for (kind, &every) in every.iter().enumerate() {
        let of = |it: &&Known| it.kind == kind;
        let reached = nearest.values().filter(|it| it.kind == kind).count();
        if reached > 0 || every {
            let unread = known.iter().filter(|it| it.kind == kind && it.policy == PolicyState::Unread).count();
            counts.push(Count { kind, reached, known: known.iter().filter(of).count(), every, unread });
        }
    }
    let mut resources: Vec<(usize, Touched)> = nearest.into_iter().collect();
    resources.sort_by(|(_, a), (_, b)| (a.hops, a.kind, &a.arn).cmp(&(b.hops, b.kind, &b.arn)));
    let position: FxHashMap<usize, usize> = resources.iter().enumerate().map(|(to, (from, _))| (*from, to)).collect();
    let by_role = by_holder
        .into_iter()
        .map(|(key, own)| {
            let mut own: Vec<(usize, Grant)> = own.into_iter().map(|(at, grant)| (position[&at], grant)).collect();
            own.sort_by_key(|(at, grant)| (resources[*at].1.kind, std::cmp::Reverse(grant.levels), *at));
            (key.clone(), own)
        })
        .collect();
    Data { resources: resources.into_iter().map(|it| it.1).collect(), counts, by_role }
}
