//! Statements made ready for one principal: conditions settled by what is known, resources bounded from both sides.

use std::cell::Cell as Flag;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::iam::condition::Condition;
use crate::iam::document::{Clause, Damage, Document, Effect, Statement};
use crate::iam::pattern::{ArnGlob, ResourcePattern};
use crate::iam::permissions::actions::Entries;
use crate::iam::permissions::cell::{Cell, Denial, Mark, Marks, Reach};
use crate::iam::permissions::requirement::{All, ConditionId, Requirement};
use crate::iam::permissions::resources::ResourceSet;
use crate::iam::policies::{Layer, Policy};
use crate::iam::principal::Principal;
use crate::iam::request::{Context, Lookup, Request};
use crate::iam::residual::{Atom, Residual, Source, Test};
use crate::iam::statement::{Asked, Bonds};

pub(super) use crate::iam::principal::Bond;

/// Everything that statements share: distinct action lists and distinct open conditions.
#[derive(Default)]
pub(super) struct Tables {
    pub entries: Vec<Entries>,
    entry_ids: FxHashMap<Entries, usize>,
    pub conditions: Vec<Arc<Condition>>,
    condition_ids: FxHashMap<Arc<Condition>, ConditionId>,
}

impl Tables {
    pub fn entries(&mut self, entries: Entries) -> usize {
        if let Some(id) = self.entry_ids.get(&entries) {
            return *id;
        }
        let id = self.entries.len();
        self.entries.push(entries.clone());
        self.entry_ids.insert(entries, id);
        id
    }

    pub fn condition(&mut self, condition: &Arc<Condition>) -> ConditionId {
        if let Some(id) = self.condition_ids.get(condition) {
            return *id;
        }
        let id = ConditionId(u32::try_from(self.conditions.len()).unwrap_or(u32::MAX));
        self.conditions.push(Arc::clone(condition));
        self.condition_ids.insert(Arc::clone(condition), id);
        id
    }
}

/// A statement that may apply to the principal.
#[derive(Debug)]
pub(super) struct Prepared {
    pub effect: Effect,
    /// By which name it means the caller; only told apart for Allows of a resource's policy (rule L7).
    pub bond: Bond,
    /// Which of [`Tables::entries`] names its actions.
    pub entries: usize,
    /// What it certainly covers, and what it may cover; `marks` says why they differ.
    narrow: Reach,
    wide: Reach,
    marks: Marks,
    /// What an Allow grants, ready to combine.
    grants: Vec<Cell>,
    /// Patterns that may cover a whole service, for actions that are authorised against `*` only (rule W9): those of an
    /// Allow on `Resource` and of a Deny on `NotResource`.
    covers: Vec<ResourcePattern>,
    conditions: All,
    /// It may apply or not.
    doubt: Option<Mark>,
}

/// Reads the policies of one principal.
pub(super) struct Reader<'a> {
    context: &'a Context,
    has_boundary: bool,
    /// Only its principal and context are looked at.
    request: Request,
    pub tables: Tables,
}

impl<'a> Reader<'a> {
    pub fn new(principal: &Principal, context: &'a Context, has_boundary: bool) -> Reader<'a> {
        let request = Request::new(principal.clone(), "", "*").in_context(context.clone());
        Reader { context, has_boundary, request, tables: Tables::default() }
    }

    /// The statements of a policy that may apply. A document that cannot be read may allow or deny anything (rule P8).
    pub fn policy(&mut self, layer: Layer, policy: &Policy) -> Vec<Prepared> {
        let label = format!("the {layer} policy `{}`", policy.name);
        let mut out = Vec::new();
        for statement in &policy.document.statements {
            self.statement(layer, policy, statement, &label, &mut out);
        }
        if policy.document.damage == Damage::Unreadable {
            self.unreadable(&label, &mut out);
        }
        out
    }

    /// What stands for a document or statement that may say anything.
    fn unreadable(&mut self, label: &str, out: &mut Vec<Prepared>) {
        let entries = self.tables.entries(Entries::everything());
        for effect in [Effect::Allow, Effect::Deny] {
            let mut prepared = Prepared {
                effect,
                bond: Bond::Everyone,
                entries,
                narrow: Reach::In(Vec::new()),
                wide: Reach::In(vec![ArnGlob::All]),
                marks: Marks::new(),
                grants: Vec::new(),
                covers: Vec::new(),
                conditions: All::new(),
                doubt: Some(Mark::Unread(Name::new(label))),
            };
            prepared.grant();
            out.push(prepared);
        }
    }

    fn statement(
        &mut self,
        layer: Layer,
        policy: &Policy,
        statement: &Statement,
        label: &str,
        out: &mut Vec<Prepared>,
    ) {
        let effects: &[Effect] = match statement.effect {
            // `RCPFullAWSAccess` is everywhere (rule L3).
            Some(Effect::Allow) if layer == Layer::Rcp => return,
            Some(Effect::Allow) => &[Effect::Allow],
            Some(Effect::Deny) => &[Effect::Deny],
            None => &[Effect::Allow, Effect::Deny],
        };
        if statement.damage == Damage::Unreadable {
            self.unreadable(label, out);
            return;
        }
        let damage = [policy.document.damage, statement.damage, statement.actions.damage, statement.condition_damage];
        let mut broken = statement.effect.is_none() || damage.iter().any(|it| *it != Damage::None);
        let all = Reach::In(vec![ArnGlob::All]);
        let (mut narrow, mut wide, mut marks) = (all.clone(), all, Marks::new());
        if let Some(resources) = &statement.resources {
            if resources.damage == Damage::None {
                (narrow, wide) = reach(resources, self.context, &mut marks);
            } else {
                (narrow, broken) = (Reach::In(Vec::new()), true);
            }
        }
        for effect in effects {
            let mut conditions = All::new();
            let mut never = false;
            for condition in &statement.conditions {
                match condition.holds(self.context, *effect) {
                    Truth::Yes => {}
                    Truth::No => never = true,
                    Truth::Unknown => conditions.push(self.tables.condition(condition)),
                }
            }
            // Conditions are ANDed, so a broken one beside it changes nothing.
            if never {
                continue;
            }
            let entries = if statement.actions.damage == Damage::None {
                Entries::new(statement.actions.values(), statement.actions.negated, *effect)
            } else {
                Entries::everything()
            };
            let entries = self.tables.entries(entries);
            let counts = |clause: &Clause<ResourcePattern>| clause.negated == (*effect == Effect::Deny);
            let covers: Vec<ResourcePattern> = match &statement.resources {
                Some(clause) if counts(clause) => {
                    clause.values().filter(|it| !it.is_all() && it.as_str().ends_with('*')).cloned().collect()
                }
                _ => Vec::new(),
            };
            for (bond, whom, principal_doubt) in self.bonds(policy, statement, *effect) {
                let mut conditions = conditions.clone();
                conditions.extend(whom);
                conditions.sort_unstable();
                conditions.dedup();
                let unread = || Mark::Unread(Name::new(label));
                let mut prepared = Prepared {
                    effect: *effect,
                    bond,
                    entries,
                    narrow: narrow.clone(),
                    wide: wide.clone(),
                    marks: marks.clone(),
                    grants: Vec::new(),
                    covers: covers.clone(),
                    conditions,
                    doubt: broken.then(unread).or(principal_doubt),
                };
                prepared.grant();
                out.push(prepared);
            }
        }
    }

    /// The ways in which a statement means the caller: by which name, under which further condition, with which doubt.
    fn bonds(
        &mut self,
        policy: &Policy,
        statement: &Statement,
        effect: Effect,
    ) -> Vec<(Bond, Option<ConditionId>, Option<Mark>)> {
        let Some(clause) = &statement.principals else {
            return vec![(Bond::Direct, None, None)];
        };
        let document: &Document = &policy.document;
        let spans = Flag::new(false);
        let asked = Asked {
            document,
            statement,
            effect,
            request: &self.request,
            has_boundary: self.has_boundary,
            spans: &spans,
        };
        let source = || {
            Arc::new(Source {
                layer: Layer::Resource,
                level: None,
                policy: policy.name.clone(),
                statement: statement.index,
                sid: statement.sid.clone(),
                effect,
            })
        };
        let bonds: Bonds<Residual> = asked.principal(clause, &source);
        let all = if effect == Effect::Deny {
            vec![(Bond::Direct, bonds.any())]
        } else {
            vec![
                (Bond::Direct, bonds.direct),
                (Bond::Everyone, bonds.everyone),
                (Bond::Role, bonds.role),
                (Bond::Account, bonds.account),
            ]
        };
        let settle = |(bond, residual): (Bond, Residual)| match &residual {
            Residual::No => None,
            Residual::Yes => Some((bond, None, None)),
            Residual::Atom(Atom { test: Test::Condition(condition), negate: false, .. }) => {
                Some((bond, Some(self.tables.condition(condition)), None))
            }
            open if open.is_broken() => Some((bond, None, Some(Mark::Unread(policy.name.clone())))),
            _ => Some((bond, None, Some(Mark::Principal))),
        };
        all.into_iter().filter_map(settle).collect()
    }
}

fn reach(resources: &Clause<ResourcePattern>, context: &Context, marks: &mut Marks) -> (Reach, Reach) {
    let (mut narrow, mut wide) = (Vec::new(), Vec::new());
    for pattern in resources.values() {
        let (least, most) = (pattern.narrowest(context), pattern.widest(context));
        if least != most {
            for key in pattern.variables().filter(|key| context.get(key) == Lookup::Unknown) {
                marks.insert(Mark::Variable(key.clone()));
            }
            if pattern.spanning().is_some() {
                marks.insert(Mark::Spans);
            }
        }
        narrow.push(least);
        wide.push(most);
    }
    if resources.negated {
        (Reach::Outside(wide), Reach::Outside(narrow))
    } else {
        (Reach::In(narrow), Reach::In(wide))
    }
}

impl Prepared {
    /// Works out what an Allow grants.
    fn grant(&mut self) {
        if self.effect != Effect::Allow {
            return;
        }
        let requirement = Requirement { holds: self.conditions.clone(), ..Requirement::default() };
        let doubt: Marks = self.doubt.iter().cloned().collect();
        let cell = |resources: Option<ResourceSet>, marks: Marks| {
            resources.map(|resources| Cell { resources, requirement: requirement.clone(), marks })
        };
        self.grants.extend(cell(self.narrow.set(), doubt.clone()));
        if self.narrow != self.wide {
            let marks = doubt.union(&self.marks).cloned().collect();
            let open = match (&self.narrow, &self.wide) {
                // Only what is not certain already.
                (Reach::In(narrow), Reach::In(wide)) => {
                    ResourceSet::new(wide.iter().filter(|it| !narrow.contains(it)).cloned(), [])
                }
                (_, wide) => wide.set(),
            };
            self.grants.extend(cell(open, marks));
        }
    }

    /// What it grants to a class of actions that it names with this certainty. `service` is given for actions that are
    /// authorised against `*` only: a pattern that covers that service then may count as `*` (rule W9).
    pub fn grants(&self, named: Truth, service: Option<&str>) -> Vec<Cell> {
        if named.is_no() {
            return Vec::new();
        }
        let mut grants = self.grants.clone();
        if service.is_some_and(|service| self.covers(service)) {
            let mut marks: Marks = self.doubt.iter().cloned().collect();
            marks.insert(Mark::CoversService);
            let requirement = Requirement { holds: self.conditions.clone(), ..Requirement::default() };
            grants.push(Cell { resources: ResourceSet::all(), requirement, marks });
        }
        if named.is_unknown() {
            for grant in &mut grants {
                grant.marks.insert(Mark::TooComplex);
            }
        }
        grants
    }

    /// What it denies to a class of actions that it names with this certainty; `service` as for [`Prepared::grants`].
    pub fn denial(&self, named: Truth, service: Option<&str>) -> Option<Denial<'_>> {
        let spared = service.is_some_and(|service| self.covers(service));
        let doubt = match named {
            Truth::No => return None,
            Truth::Yes if spared => Some(Mark::CoversService),
            Truth::Yes => self.doubt.clone(),
            Truth::Unknown => Some(self.doubt.clone().unwrap_or(Mark::MayBeDenied)),
        };
        let (narrow, wide) = (&self.narrow, &self.wide);
        Some(Denial { narrow, wide, conditions: &self.conditions, doubt, marks: &self.marks })
    }

    /// Whether some pattern may cover a whole service (rule W9).
    pub fn covers_any(&self) -> bool {
        !self.covers.is_empty()
    }

    /// Whether some pattern covers this service (rule W9).
    pub fn covers(&self, service: &str) -> bool {
        self.covers.iter().any(|pattern| pattern.covers_service(service))
    }
}
