//! Findings by the things they are about: what rows are marked with, and what is listed for a selection.

use jiff::Timestamp;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::findings::{Finding, Findings};
use crate::identity::Source;
use crate::model::{EntityKey, Kind, Lookup};

use super::Estate;

type Positions = SmallVec<[u32; 2]>;

/// Positions in [`Findings::all`] by thing.
#[derive(Debug, Default)]
pub struct Found {
    by_thing: FxHashMap<EntityKey, Positions>,
    /// Pods that stand behind the subject of each finding: its own, or those that use it.
    pods: Vec<u32>,
    /// The subject is used by several workloads.
    shared: Vec<bool>,
    /// When the newest pod of the subject, or the subject itself, was made.
    made: Vec<Option<Timestamp>>,
}

/// Rows of the Explorer by what findings name.
struct Rows<'a> {
    estate: &'a Estate,
    by_owner: FxHashMap<EntityKey, Vec<u32>>,
    by_account: FxHashMap<EntityKey, Vec<u32>>,
    by_role: FxHashMap<EntityKey, Vec<u32>>,
}

impl<'a> Rows<'a> {
    fn new(estate: &'a Estate) -> Rows<'a> {
        let mut rows = Rows {
            estate,
            by_owner: FxHashMap::default(),
            by_account: FxHashMap::default(),
            by_role: FxHashMap::default(),
        };
        for (at, group) in estate.groups.iter().enumerate() {
            let at = u32::try_from(at).expect("fewer groups than 32 bits count");
            if let Some(first) = group.members.first() {
                rows.by_owner.entry(estate.pods[*first as usize].owner_key()).or_default().push(at);
            }
            rows.by_account.entry(group.account_key()).or_default().push(at);
            if let Some(role) = group.identity.identity.role.as_deref().and_then(EntityKey::role) {
                rows.by_role.entry(role).or_default().push(at);
            }
        }
        rows
    }

    fn behind(&self, subject: &EntityKey) -> &[u32] {
        let found = match subject.kind {
            Kind::ServiceAccount => self.by_account.get(subject),
            Kind::Role => self.by_role.get(subject),
            _ => self.by_owner.get(subject),
        };
        found.map_or(&[], Vec::as_slice)
    }

    /// The service account that an association names.
    fn account_of(&self, association: &EntityKey) -> Option<EntityKey> {
        let cluster = self.estate.cluster(&association.scope)?;
        let mut all = cluster.associations.iter().chain(&cluster.association_list);
        let found = all.find(|it| it.id == association.name)?;
        Some(EntityKey::namespaced(Kind::ServiceAccount, &cluster.label, &found.namespace, &found.service_account))
    }

    fn is_on_node_role(&self, group: u32) -> bool {
        self.estate.groups[group as usize].identity.identity.source == Source::NodeRole
    }
}

impl Found {
    /// Cost: one look-up for each finding and each row behind it.
    pub(super) fn new(estate: &Estate, findings: &Findings) -> Found {
        let rows = Rows::new(estate);
        let mut found = Found::default();
        for (at, finding) in findings.all.iter().enumerate() {
            found.add(&rows, u32::try_from(at).expect("fewer findings than 32 bits count"), finding);
        }
        found
    }

    fn add(&mut self, rows: &Rows<'_>, at: u32, finding: &Finding) {
        let subject = &finding.subject;
        self.by_thing.entry(subject.clone()).or_default().push(at);
        let account = (subject.kind == Kind::Association).then(|| rows.account_of(subject)).flatten();
        if let Some(account) = &account {
            self.by_thing.entry(account.clone()).or_default().push(at);
        }
        let behind = rows.behind(account.as_ref().unwrap_or(subject));
        let groups = &rows.estate.groups;
        let pods: usize = behind.iter().map(|group| groups[*group as usize].count()).sum();
        self.pods.push(u32::try_from(pods).unwrap_or(u32::MAX));
        self.made.push(made(rows.estate, subject, behind));
        let owner = |group: &u32| (&groups[*group as usize].namespace, &groups[*group as usize].name);
        self.shared.push(behind.windows(2).any(|pair| owner(&pair[0]) != owner(&pair[1])));
        for group in behind {
            // What is wrong with the role of a node is said of the node's role: every pod of the node has it alike.
            if subject.kind == Kind::Role && rows.is_on_node_role(*group) {
                continue;
            }
            let key = &groups[*group as usize].key;
            if key != subject {
                self.by_thing.entry(key.clone()).or_default().push(at);
            }
        }
    }

    /// Findings to mark a thing with, worst first: its own; of a row of pods also those of its workload, service
    /// account, association and the role that was given to it.
    pub fn of(&self, key: &EntityKey) -> &[u32] {
        self.by_thing.get(key).map_or(&[], SmallVec::as_slice)
    }

    /// Pods behind the subject of the finding at a position.
    pub fn pods(&self, at: usize) -> usize {
        self.pods.get(at).map_or(0, |pods| *pods as usize)
    }

    /// The thing that people know the finding at a position by: the workload it belongs to, or its subject where there
    /// is none, or more than one.
    pub fn owner<'a>(&self, at: usize, finding: &'a Finding) -> &'a EntityKey {
        let shared = self.shared.get(at).is_some_and(|it| *it);
        finding.owner.as_ref().filter(|_| !shared).unwrap_or(&finding.subject)
    }

    /// When the newest pod of the subject of the finding at a position was made, or the subject itself.
    pub fn made(&self, at: usize) -> Option<Timestamp> {
        *self.made.get(at)?
    }

    /// Every finding that has to do with a thing: those of [`Found::of`], and those that name it beside their subject
    /// or as evidence. Cost: all findings, for the few that are asked.
    pub fn about(&self, findings: &Findings, key: &EntityKey) -> Vec<u32> {
        let names = |finding: &Finding| {
            finding.owner.as_ref() == Some(key)
                || finding.also.contains(key)
                || finding.evidence.iter().any(|it| it.object == *key)
        };
        let marked = self.of(key);
        let all = findings.all.iter().enumerate();
        all.filter_map(|(at, finding)| {
            let at = u32::try_from(at).ok()?;
            (marked.contains(&at) || names(finding)).then_some(at)
        })
        .collect()
    }
}

fn made(estate: &Estate, subject: &EntityKey, behind: &[u32]) -> Option<Timestamp> {
    match subject.kind {
        Kind::Role => match estate.role(subject) {
            Lookup::Found(role) => role.created,
            Lookup::Absent | Lookup::Unknown => None,
        },
        Kind::ServiceAccount => match estate.service_account(subject) {
            Lookup::Found(account) => account.meta.created,
            Lookup::Absent | Lookup::Unknown => None,
        },
        kind if kind.is_workload() => {
            let members = behind.iter().flat_map(|group| &estate.groups[*group as usize].members);
            members.filter_map(|at| estate.pods[*at as usize].pod.as_ref()?.meta.created).max()
        }
        _ => None,
    }
}
