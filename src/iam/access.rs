//! What a role may do at a glance: the access levels it reaches in each service (`s3 LRW, kms R`).
//!
//! Ten thousand roles share a few thousand documents, so each document is looked at once ([`Summaries`]). Most roles are
//! then settled by sets of actions alone; where a Deny, a boundary or an SCP also looks at resources, the rows of
//! [`super::permissions`] decide. A grant that no resource type of its action can use (rules W9, S8) does not count.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Serialize, Serializer};

use crate::base::{Name, Truth};
use crate::iam::catalogue::{ActionId, Catalogue, Level};
use crate::iam::document::{Damage, Document, Effect, Statement};
use crate::iam::glob::Token;
use crate::iam::pattern::{ArnGlob, ResourcePattern};
use crate::iam::permissions::actions::{ActionGlob, Entries};
use crate::iam::permissions::resources::ResourceSet;
use crate::iam::permissions::{Permissions, permissions_by_service, permissions_of};
use crate::iam::policies::{Policies, Policy};
use crate::iam::principal::Principal;
use crate::iam::request::Context;

/// A set of access levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Levels(u8);

impl Levels {
    pub const ALL: Levels = Levels(0b1_1111);

    pub fn insert(&mut self, level: Level) {
        self.0 |= 1 << level as u8;
    }

    pub fn contains(self, level: Level) -> bool {
        self.0 >> (level as u8) & 1 == 1
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn union(self, other: Levels) -> Levels {
        Levels(self.0 | other.0)
    }
}

impl fmt::Display for Levels {
    /// The letters in the order `LRWTP`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters: String = Level::ALL.into_iter().filter(|level| self.contains(*level)).map(Level::letter).collect();
        f.pad(&letters)
    }
}

/// The levels reached in each service, as far as the documents could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Every action on some resource; `services` is then empty.
    pub everything: bool,
    /// By service prefix; none for what the catalogue does not know.
    pub services: BTreeMap<Name, Option<Levels>>,
    /// A document could not be read, so there may be more or less.
    pub incomplete: bool,
}

impl Access {
    pub fn is_none(&self) -> bool {
        !self.everything && self.services.is_empty()
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.everything {
            return write!(f, "* {}", Levels::ALL);
        }
        for (at, (service, levels)) in self.services.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { ", " })?;
            match levels {
                Some(levels) => write!(f, "{service} {levels}")?,
                None => write!(f, "{service} ?")?,
            }
        }
        Ok(())
    }
}

/// As protocols.md section 6 writes it: prefix to letters, `{"*":"LRWTP"}` for everything, `?` for an unknown service.
impl Serialize for Access {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.everything {
            return serializer.collect_map([("*", Levels::ALL.to_string())]);
        }
        let text = |levels: &Option<Levels>| levels.map_or_else(|| "?".to_owned(), |levels| levels.to_string());
        serializer.collect_map(self.services.iter().map(|(service, levels)| (service, text(levels))))
    }
}

/// Whether some resource of a set can be one of an action: rule W9 for actions without resource types, S8 for others.
///
/// Each resource type is compared with the set at most once.
struct Live<'a> {
    catalogue: &'a Catalogue,
    resources: &'a ResourceSet,
    all: bool,
    types: Vec<Option<bool>>,
}

impl<'a> Live<'a> {
    fn new(catalogue: &'a Catalogue, resources: &'a ResourceSet) -> Live<'a> {
        let all = resources.any_of().iter().any(|it| matches!(it, ArnGlob::All));
        let types = if all { Vec::new() } else { vec![None; catalogue.resource_types()] };
        Live { catalogue, resources, all, types }
    }

    fn is_live(&mut self, id: ActionId) -> bool {
        if self.all {
            return true;
        }
        self.catalogue.action(id).resources().any(|(kind, _)| {
            *self.types[kind.index()]
                .get_or_insert_with(|| self.resources.any_of().iter().any(|it| !it.disjoint(kind.pattern())))
        })
    }
}

/// What one statement's clauses come to, whoever it is attached to.
struct Scope {
    /// The actions it names, and those of them that some of its resources can be used with.
    named: FixedBitSet,
    live: FixedBitSet,
    /// Patterns of services that the catalogue lacks.
    beyond: Vec<ActionGlob>,
    /// It names all actions that the catalogue and the patterns beside it do not tell apart.
    everything: bool,
    /// Its resources are `*`.
    all_resources: bool,
    /// Something that sets of actions cannot say.
    intricate: bool,
}

/// The actions of documents, each worked out once.
pub struct Summaries<'c> {
    catalogue: &'c Catalogue,
    /// By the document's place in memory, which the kept share holds fast.
    documents: FxHashMap<usize, (Arc<Document>, Vec<Scope>)>,
}

impl<'c> Summaries<'c> {
    /// Looks at each document once, in parallel.
    pub fn new<'d>(catalogue: &'c Catalogue, documents: impl IntoIterator<Item = &'d Arc<Document>>) -> Summaries<'c> {
        let mut seen = FxHashSet::default();
        let distinct: Vec<Arc<Document>> =
            documents.into_iter().filter(|it| seen.insert(Arc::as_ptr(it).addr())).map(Arc::clone).collect();
        let documents = distinct
            .into_par_iter()
            .map(|document| {
                let scopes = document.statements.iter().map(|it| scope(catalogue, it)).collect();
                (Arc::as_ptr(&document).addr(), (document, scopes))
            })
            .collect();
        Summaries { catalogue, documents }
    }

    /// The access of one principal, conditions that may hold counted as holding.
    pub fn access(&self, principal: &Principal, policies: &Policies, context: &Context) -> Access {
        if policies.iter().any(|(.., policy)| is_damaged(&policy.document)) {
            let access = self.by_rows(principal, &readable(policies), context);
            return Access { incomplete: true, ..access };
        }
        self.by_actions(principal, policies, context).unwrap_or_else(|| self.by_rows(principal, policies, context))
    }

    fn by_rows(&self, principal: &Principal, policies: &Policies, context: &Context) -> Access {
        let found = permissions_by_service(self.catalogue, principal, policies, context);
        let mut access = of_rows(self.catalogue, &found);
        // Always allowed, so no row says whether a policy grants it.
        if let Some(id) = self.catalogue.find(WHOAMI) {
            let grants = |statement: &Statement, scope: &Scope| {
                statement.effect == Some(Effect::Allow)
                    && applies(statement, context)
                    && scope.live.contains(id.index())
            };
            let granted = policies.identity.iter().any(|policy| {
                let statements = &policy.document.statements;
                match self.documents.get(&Arc::as_ptr(&policy.document).addr()) {
                    Some((_, scopes)) => statements.iter().zip(scopes).any(|(it, scope)| grants(it, scope)),
                    None => statements.iter().any(|it| grants(it, &scope(self.catalogue, it))),
                }
            });
            if granted && !access.everything {
                let levels = access.services.entry(Name::new("sts")).or_default();
                levels.get_or_insert_default().insert(self.catalogue.action(id).level());
            }
        }
        access
    }

    /// The answer by sets of actions; none where resources matter beyond naming some.
    fn by_actions(&self, principal: &Principal, policies: &Policies, context: &Context) -> Option<Access> {
        let plain = matches!(principal, Principal::Role { .. } | Principal::Session { .. });
        if !plain || policies.resource.is_some() || !policies.endpoint.is_empty() || !policies.rcps.is_empty() {
            return None;
        }
        let mut work = Work { context, open_keys: FxHashSet::default(), denials: Vec::new() };
        let identity = work.layer(self, policies.identity.iter())?;
        let mut layers = Vec::new();
        if let Some(boundary) = &policies.boundary {
            layers.push(work.layer(self, std::iter::once(boundary))?);
        }
        if !policies.session.is_empty() {
            layers.push(work.layer(self, policies.session.iter())?);
        }
        if !principal.is_service_linked() {
            for level in &policies.scps {
                layers.push(work.layer(self, level.policies.iter())?);
            }
        }
        let mut live = FixedBitSet::with_capacity(self.catalogue.len());
        identity.iter().for_each(|(scope, _)| live.union_with(&scope.live));
        // Always allowed, so only whether it is granted counts.
        let whoami = self.catalogue.find(WHOAMI).filter(|id| live.contains(id.index()));
        let mut beyond: Vec<&ActionGlob> = identity.iter().flat_map(|(scope, _)| &scope.beyond).collect();
        let mut everything = identity.iter().any(|(scope, _)| scope.everything);
        // Actions of which the resources decide whether anything is left.
        let mut contested = FixedBitSet::with_capacity(self.catalogue.len());
        for layer in layers {
            let passes = |scope: &Scope| scope.everything && scope.all_resources && scope.named.is_full();
            if layer.iter().any(|(scope, conditional)| passes(scope) && !conditional) {
                continue;
            }
            if !beyond.is_empty() || layer.iter().any(|(scope, _)| scope.everything && !scope.all_resources) {
                return None;
            }
            everything &= layer.iter().any(|(scope, _)| scope.everything);
            let mut allowed = FixedBitSet::with_capacity(self.catalogue.len());
            let mut limited = FixedBitSet::with_capacity(self.catalogue.len());
            for (scope, _) in &layer {
                if scope.all_resources { &mut allowed } else { &mut limited }.union_with(&scope.named);
            }
            limited.difference_with(&allowed);
            contested.union_with(&limited);
            allowed.union_with(&limited);
            live.intersect_with(&allowed);
        }
        for (scope, statement) in &work.denials {
            let mut open =
                statement.conditions.iter().filter(|it| it.holds(context, Effect::Deny) == Truth::Unknown).peekable();
            let conditional = open.peek().is_some();
            let excludes = open.any(|it| work.open_keys.contains(&it.folded));
            if conditional && !excludes {
                continue;
            }
            if conditional || !scope.all_resources || scope.intricate {
                if !beyond.is_empty() || (everything && !scope.named.is_disjoint(&live)) {
                    return None;
                }
                contested.union_with(&scope.named);
                continue;
            }
            live.difference_with(&scope.named);
            everything &= !scope.everything;
            if statement.actions.negated && !beyond.is_empty() {
                return None;
            }
            let gone: Vec<ActionGlob> = statement.actions.values().filter_map(ActionGlob::of).collect();
            beyond.retain(|glob| !gone.iter().any(|it| it.contains(glob)));
        }
        contested.intersect_with(&live);
        if let Some(id) = self.catalogue.find(WHOAMI) {
            contested.set(id.index(), false);
        }
        if !contested.is_clear() {
            let ids: Vec<ActionId> = contested.ones().map(|at| ActionId(at as u16)).collect();
            let found = permissions_of(self.catalogue, &ids, principal, policies, context);
            live.difference_with(&contested);
            for row in &found.rows {
                let mut alive = Live::new(self.catalogue, &row.resources);
                for id in row.actions.known.iter().filter(|id| alive.is_live(**id)) {
                    live.insert(id.index());
                }
            }
        }
        if let Some(id) = whoami {
            live.insert(id.index());
        }
        let full = live.count_ones(..) == self.catalogue.len();
        Some(access_of(
            self.catalogue,
            live.ones().map(|at| ActionId(at as u16)),
            beyond.into_iter(),
            everything && full,
        ))
    }
}

const WHOAMI: &str = "sts:GetCallerIdentity";

/// The applicable statements of several layers.
struct Work<'w> {
    context: &'w Context,
    /// Keys of conditions of Allows that are open; a Deny on the same key may exclude them.
    open_keys: FxHashSet<Name>,
    denials: Vec<(&'w Scope, &'w Statement)>,
}

impl<'w> Work<'w> {
    /// The Allows of a layer, and whether each hangs on a condition; none for a document that was not prepared.
    fn layer(
        &mut self,
        summaries: &'w Summaries<'_>,
        policies: impl Iterator<Item = &'w Policy>,
    ) -> Option<Vec<(&'w Scope, bool)>> {
        let mut out = Vec::new();
        for policy in policies {
            let (_, scopes) = summaries.documents.get(&Arc::as_ptr(&policy.document).addr())?;
            for (statement, scope) in policy.document.statements.iter().zip(scopes) {
                if !applies(statement, self.context) {
                    continue;
                }
                if statement.effect == Some(Effect::Deny) {
                    self.denials.push((scope, statement));
                    continue;
                }
                let before = self.open_keys.len();
                let mut conditional = false;
                for condition in &statement.conditions {
                    if condition.holds(self.context, Effect::Allow) == Truth::Unknown {
                        self.open_keys.insert(condition.folded.clone());
                        conditional = true;
                    }
                }
                debug_assert!(conditional || before == self.open_keys.len());
                // Conditions of two layers may exclude each other, which only the rows see.
                out.push((scope, conditional));
            }
        }
        Some(out)
    }
}

fn applies(statement: &Statement, context: &Context) -> bool {
    let Some(effect) = statement.effect else {
        return true;
    };
    statement.conditions.iter().all(|it| it.holds(context, effect) != Truth::No)
}

fn scope(catalogue: &Catalogue, statement: &Statement) -> Scope {
    let effect = statement.effect.unwrap_or(Effect::Allow);
    let globs: Vec<ActionGlob> = statement.actions.values().filter_map(ActionGlob::of).collect();
    let entries = Entries::new(statement.actions.values(), statement.actions.negated, effect);
    let named = entries.known(catalogue);
    let context = Context::open();
    let (resources, all_resources) = match &statement.resources {
        None => (Some(ResourceSet::all()), true),
        Some(clause) if clause.negated => {
            let out = clause.values().map(|it| it.narrowest(&context));
            (ResourceSet::new([ArnGlob::All], out), false)
        }
        Some(clause) => {
            let patterns = clause.values().map(|it| it.widest(&context));
            (ResourceSet::new(patterns, []), clause.values().any(|it| it.is_all()))
        }
    };
    let mut live = named.clone();
    if !all_resources {
        live.clear();
        if let Some(resources) = &resources {
            let mut alive = Live::new(catalogue, resources);
            for id in named.ones().map(|at| ActionId(at as u16)) {
                let prefix = catalogue.action(id).service().prefix();
                let covered =
                    || statement.resources.iter().flat_map(|it| it.values()).any(|it| it.covers_service(prefix));
                let bare = catalogue.action(id).wildcard_only();
                if alive.is_live(id) || (bare && covered()) {
                    live.insert(id.index());
                }
            }
        }
    }
    let beyond = if statement.actions.negated || resources.is_none() {
        Vec::new()
    } else {
        globs.iter().filter(|glob| glob.is_beyond(catalogue)).cloned().collect()
    };
    let refused = statement.actions.values().any(|it| it.is_refused());
    Scope {
        everything: statement.actions.negated != globs.contains(&ActionGlob::Everything),
        named,
        live,
        beyond,
        all_resources,
        intricate: refused,
    }
}

/// Whether one of some resource patterns can be used with an action (rules W7, W9, S8). Never no where it may be yes.
pub fn is_usable(catalogue: &Catalogue, id: ActionId, patterns: &[&ResourcePattern]) -> bool {
    let action = catalogue.action(id);
    let prefix = action.service().prefix();
    patterns.iter().any(|pattern| {
        let widest = pattern.widest(&Context::open());
        matches!(widest, ArnGlob::All)
            || (action.wildcard_only() && pattern.covers_service(prefix))
            || action.resources().any(|(kind, _)| !kind.pattern().disjoint(&widest) && fits_name(kind.arn(), &widest))
    })
}

/// Names in which no slash can stand, though a wildcard in a pattern crosses it: an object is no bucket, an index no
/// table (rule W7).
fn fits_name(format: &str, pattern: &ArnGlob) -> bool {
    let Some((start, _)) = ["${BucketName}", "${TableName}"].iter().find_map(|name| {
        let start = format.strip_suffix(name)?;
        Some((start.splitn(6, ':').nth(5).unwrap_or_default(), name))
    }) else {
        return true;
    };
    let Some(parts) = pattern.parts() else { return true };
    let slashes = |text: &str| text.matches('/').count();
    let written = parts[5].tokens().iter().filter(|it| **it == Token::Char('/')).count();
    written <= slashes(start)
}

fn of_rows(catalogue: &Catalogue, permissions: &Permissions) -> Access {
    let mut live = FixedBitSet::with_capacity(catalogue.len());
    let mut beyond = Vec::new();
    let mut everything = false;
    let whoami = catalogue.find(WHOAMI);
    for row in &permissions.rows {
        let mut alive = Live::new(catalogue, &row.resources);
        for id in &row.actions.known {
            if Some(*id) != whoami && alive.is_live(*id) {
                live.insert(id.index());
            }
        }
        for region in &row.actions.regions {
            everything |= region.within == ActionGlob::Everything;
            if region.within.is_beyond(catalogue) {
                beyond.push(&region.within);
            }
        }
    }
    let full = live.count_ones(..) + usize::from(whoami.is_some()) == catalogue.len();
    access_of(catalogue, live.ones().map(|at| ActionId(at as u16)), beyond.into_iter(), everything && full)
}

fn access_of<'g>(
    catalogue: &Catalogue,
    live: impl Iterator<Item = ActionId>,
    beyond: impl Iterator<Item = &'g ActionGlob>,
    everything: bool,
) -> Access {
    let mut access = Access { everything, ..Access::default() };
    if everything {
        return access;
    }
    let mut current: Option<(&str, Levels)> = None;
    let mut keep = |done: Option<(&str, Levels)>| {
        if let Some((prefix, levels)) = done {
            access.services.insert(Name::new(prefix), Some(levels));
        }
    };
    for id in live {
        let action = catalogue.action(id);
        let prefix = action.service().prefix();
        if current.is_none_or(|(it, _)| it != prefix) {
            keep(current.replace((prefix, Levels::default())));
        }
        if let Some((_, levels)) = &mut current {
            levels.insert(action.level());
        }
    }
    keep(current);
    for glob in beyond {
        if let ActionGlob::Service { prefix, .. } = glob {
            access.services.entry(Name::new(prefix)).or_insert(None);
        }
    }
    access
}

pub(crate) fn is_damaged(document: &Document) -> bool {
    document.damage != Damage::None || document.statements.iter().any(is_damaged_statement)
}

fn is_damaged_statement(statement: &Statement) -> bool {
    let clauses = [
        statement.damage,
        statement.condition_damage,
        statement.actions.damage,
        statement.resources.as_ref().map_or(Damage::None, |it| it.damage),
        statement.principals.as_ref().map_or(Damage::None, |it| it.damage),
    ];
    statement.effect.is_none() || clauses.iter().any(|it| *it != Damage::None)
}

/// The policies without what could not be read. A guardrail that is broken anywhere is left out whole: it may allow more.
pub(crate) fn readable(policies: &Policies) -> Policies {
    let whole = |policy: &Policy| (!is_damaged(&policy.document)).then(|| policy.clone());
    let parts = |policy: &Policy| {
        let mut document = Document::clone(&policy.document);
        if document.damage == Damage::Unreadable {
            return None;
        }
        document.damage = Damage::None;
        document.statements.retain(|it| !is_damaged_statement(it));
        Some(Policy { name: policy.name.clone(), document: Arc::new(document) })
    };
    Policies {
        identity: policies.identity.iter().filter_map(parts).collect(),
        boundary: policies.boundary.as_ref().and_then(whole),
        session: if policies.session.iter().all(|it| !is_damaged(&it.document)) {
            policies.session.clone()
        } else {
            Vec::new()
        },
        scps: policies
            .scps
            .iter()
            .filter(|level| level.policies.iter().all(|it| !is_damaged(&it.document)))
            .cloned()
            .collect(),
        rcps: Vec::new(),
        resource: policies.resource.as_ref().and_then(parts),
        endpoint: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
