//! One principal and its rights, asked once for all actions of the table.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::base::{Name, Truth};
use crate::iam::access::{is_damaged, readable};
use crate::iam::catalogue::ActionId;
use crate::iam::escalation::{On, Step};
use crate::iam::pattern::ArnGlob;
use crate::iam::permissions::cell::Mark;
use crate::iam::permissions::{Permissions, Row, permissions_of};
use crate::iam::privilege::is_administrator;
use crate::iam::request::Value;
use crate::iam::{Context, Effect, Policies, Principal};
use crate::identity::session::{Origin, Session, ceilings};
use crate::model::EntityKey;
use crate::model::facts::aws::OrganizationPolicyKind;
use crate::model::facts::meta::Labels;

use super::ground::{Account, Ground, Group, Role, User};
use super::held::Held;

/// Whose rights are looked at.
#[derive(Clone, Copy)]
pub(super) enum Who<'g> {
    Role(&'g Role<'g>),
    User(&'g User<'g>),
}

impl<'g> Who<'g> {
    pub fn key(self) -> &'g EntityKey {
        match self {
            Who::Role(role) => &role.key,
            Who::User(user) => &user.key,
        }
    }

    pub fn arn(self) -> &'g Name {
        match self {
            Who::Role(role) => &role.facts.arn,
            Who::User(user) => &user.facts.arn,
        }
    }

    /// Arn, tags and boundary as conditions see them.
    pub fn target(self) -> Target<'g> {
        match self {
            Who::Role(role) => role.target(),
            Who::User(user) => user.target(),
        }
    }

    pub fn boundary(self) -> Option<&'g Name> {
        match self {
            Who::Role(role) => role.facts.boundary.as_ref(),
            Who::User(user) => user.facts.boundary.as_ref(),
        }
    }
}

/// A thing that a right must cover, with what is known of it.
#[derive(Clone, Copy)]
pub(super) struct Target<'t> {
    pub arn: &'t str,
    /// `None` when the tags are not known.
    pub tags: Option<&'t Labels>,
    /// Its own boundary; for roles and users only.
    pub boundary: Option<Option<&'t Name>>,
}

impl<'t> Target<'t> {
    pub fn bare(arn: &'t str) -> Target<'t> {
        Target { arn, tags: None, boundary: None }
    }
}

/// A key of the request that the attacker, or the technique, fixes; no value means that the request has none.
pub(super) type Chosen<'c> = (&'static str, Option<&'c str>);

/// One principal.
pub(super) struct Holder<'g> {
    pub ground: &'g Ground<'g>,
    pub account: &'g Account<'g>,
    pub who: Who<'g>,
    pub principal: Principal,
    /// As far as they could be read.
    pub policies: Policies,
    pub context: Context,
    pub found: Permissions,
    rows: FxHashMap<ActionId, SmallVec<[u32; 2]>>,
    /// A document that bears on it could not be read, so nothing is certain.
    pub damaged: bool,
    pub administrator: Truth,
}

impl<'g> Holder<'g> {
    /// `actions` are those that some policy of the principal could allow, sorted.
    pub fn new(ground: &'g Ground<'g>, who: Who<'g>, actions: &[ActionId]) -> Holder<'g> {
        let (account, session) = match who {
            Who::Role(role) => {
                let session = Session::new(ground.inventory, &ground.documents, role.facts, Origin::default());
                (&ground.accounts[role.account], session)
            }
            Who::User(user) => {
                let session = Session::of_user(ground.inventory, &ground.documents, user.facts);
                (&ground.accounts[user.account], session)
            }
        };
        let Session { principal, mut policies, mut context, .. } = session;
        let organization = OrganizationPolicyKind::ResourceControl;
        (policies.rcps, _) = ceilings(&ground.documents, Some(account.facts), &organization);
        // Whoever runs as the role can have a session that begins now, so a Deny on older ones does not bind it.
        if let (Who::Role(_), Some(now)) = (who, ground.inventory.now) {
            context.set("aws:TokenIssueTime", Value::One(now.to_string().into()));
        }
        let damaged = policies.iter().any(|(.., policy)| is_damaged(&policy.document));
        if damaged {
            policies = readable(&policies);
        }
        let found = permissions_of(ground.catalogue, actions, &principal, &policies, &context);
        let mut rows: FxHashMap<ActionId, SmallVec<[u32; 2]>> = FxHashMap::default();
        for (at, row) in found.rows.iter().enumerate() {
            for action in &row.actions.known {
                rows.entry(*action).or_default().push(u32::try_from(at).unwrap_or(u32::MAX));
            }
        }
        let administrator = is_administrator(ground.catalogue, &account.id, &found);
        let administrator = if damaged { administrator.and(Truth::Unknown) } else { administrator };
        Holder { ground, account, who, principal, policies, context, found, rows, damaged, administrator }
    }

    /// Whether some row tells of each of the actions.
    pub fn may(&self, actions: &[ActionId]) -> bool {
        actions.iter().all(|id| self.rows.contains_key(id))
    }

    pub fn key(&self) -> &'g EntityKey {
        self.who.key()
    }

    fn rows_of(&self, action: &str) -> impl Iterator<Item = &Row> {
        let id = self.ground.catalogue.find(action);
        let rows = id.and_then(|id| self.rows.get(&id));
        rows.into_iter().flatten().filter_map(|at| self.found.rows.get(*at as usize))
    }

    /// The right to an action under what is chosen for it.
    pub fn rights<'h>(&'h self, action: &str, chosen: &[Chosen<'_>]) -> Rights<'h> {
        let mut list = Vec::new();
        for row in self.rows_of(action) {
            let of_target =
                !row.requirement.is_none() && self.found.keys(row).iter().any(|key| is_of_target(key, chosen));
            // What hangs on the target is settled when the target is known.
            let held = if of_target { Some(Held::perhaps()) } else { self.settle(row, chosen, None) };
            if let Some(held) = held {
                list.push(Right { row, held, of_target });
            }
        }
        let chosen = chosen.iter().map(|(key, value)| (*key, value.map(str::to_owned))).collect();
        Rights { holder: self, list, chosen }
    }

    /// What is left of a row's requirement in a request of which this is known besides; none when it cannot be met.
    fn settle(&self, row: &Row, chosen: &[Chosen<'_>], target: Option<Target<'_>>) -> Option<Held> {
        let mut held = Held::surely();
        for mark in &row.marks {
            match mark {
                // The trust policy is asked by itself.
                Mark::NotSupplied(name) if name.contains("trust policy") || name.contains("another account") => {}
                Mark::Variable(key) => held = held.and(&Held::on([key.clone()])),
                _ => held.open = true,
            }
        }
        if row.requirement.is_none() {
            return Some(held);
        }
        let mut context = self.context.clone();
        if let Some(target) = target {
            self.tell(&mut context, row, target, chosen);
        }
        for (key, value) in chosen {
            match value {
                Some(value) => context.set(key, Value::One((*value).into())),
                None => context.set_absent(key),
            }
        }
        let condition =
            |id: &crate::iam::permissions::requirement::ConditionId| self.found.conditions.get(id.0 as usize);
        let mut keys = Vec::new();
        for one in row.requirement.holds.iter().filter_map(condition) {
            match one.holds(&context, Effect::Allow) {
                Truth::No => return None,
                Truth::Yes => {}
                Truth::Unknown => keys.extend(one.keys().cloned()),
            }
        }
        for denial in &row.requirement.fails {
            let all = denial.iter().filter_map(condition);
            match all.clone().fold(Truth::Yes, |truth, it| truth.and(it.holds(&context, Effect::Deny))) {
                Truth::Yes => return None,
                Truth::No => {}
                Truth::Unknown => {
                    let open = all.filter(|it| it.holds(&context, Effect::Deny).is_unknown());
                    keys.extend(open.flat_map(|it| it.keys().cloned()));
                }
            }
        }
        keys.extend(row.requirement.opaque.iter().filter_map(condition).flat_map(|it| it.keys().cloned()));
        if keys.is_empty() { Some(held) } else { Some(held.and(&Held::on(keys))) }
    }

    /// Tells the context of the tags and the boundary of the resource.
    fn tell(&self, context: &mut Context, row: &Row, target: Target<'_>, chosen: &[Chosen<'_>]) {
        for key in self.found.keys(row) {
            if !is_of_target(&key, chosen) {
                continue;
            }
            let value = match (key.split_once('/'), target.tags, target.boundary) {
                (Some((_, tag)), Some(tags), _) => {
                    Some(tags.iter().find(|(key, _)| key.eq_ignore_ascii_case(tag)).map(|(_, value)| value))
                }
                (None, _, Some(boundary)) => Some(boundary),
                _ => None,
            };
            match value {
                Some(Some(value)) => context.set(&key, Value::One(value.clone())),
                Some(None) => context.set_absent(&key),
                None => {}
            }
        }
    }

    /// The right of one step that hangs on no target but the principal itself.
    pub fn fixed(&self, step: &Step, chosen: &[Chosen<'_>]) -> Option<Held> {
        match step.on {
            On::Any => self.anything(step.action, chosen),
            On::Own => self.rights(step.action, chosen).over(self.who.target()),
            _ => Some(Held::surely()),
        }
    }

    /// Whether the action is allowed on something of each resource type that a call requires (rule W10), in the
    /// principal's account.
    fn anything(&self, action: &str, chosen: &[Chosen<'_>]) -> Option<Held> {
        let kinds = self.account.kinds(self.ground.catalogue.find(action)?);
        let rights = self.rights(action, chosen);
        if kinds.is_empty() {
            return rights.over(Target::bare("*"));
        }
        let required = kinds.iter().filter(|(_, required)| *required).map(|(kind, _)| rights.in_part(kind));
        let mut held: Option<Held> = None;
        for one in required {
            let one = one?;
            held = Some(held.map_or_else(|| one.clone(), |held| held.and(&one)));
        }
        held.or_else(|| Held::best(kinds.iter().filter_map(|(kind, _)| rights.in_part(kind))))
    }

    /// The groups of a user.
    pub fn groups(&self) -> Vec<&'g Group<'g>> {
        match self.who {
            Who::Role(_) => Vec::new(),
            Who::User(user) => self.ground.groups_of(user),
        }
    }
}

/// Whether a key says something of the resource that the inventory knows.
fn is_of_target(key: &str, chosen: &[Chosen<'_>]) -> bool {
    let is_chosen = || chosen.iter().any(|(it, _)| it.eq_ignore_ascii_case(key));
    key.starts_with("aws:resourcetag/")
        || key.starts_with("iam:resourcetag/")
        || (key == "iam:permissionsboundary" && !is_chosen())
}

struct Right<'h> {
    row: &'h Row,
    held: Held,
    /// To be settled again for each target.
    of_target: bool,
}

/// The right to one action, by resources.
pub(super) struct Rights<'h> {
    holder: &'h Holder<'h>,
    list: Vec<Right<'h>>,
    chosen: Vec<(&'static str, Option<String>)>,
}

impl Rights<'_> {
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn held(&self, right: &Right<'_>, target: Target<'_>) -> Option<Held> {
        if !right.of_target {
            return Some(right.held.clone());
        }
        let chosen: Vec<Chosen<'_>> = self.chosen.iter().map(|(key, value)| (*key, value.as_deref())).collect();
        self.holder.settle(right.row, &chosen, Some(target))
    }

    /// The right over one resource.
    pub fn over(&self, target: Target<'_>) -> Option<Held> {
        let covering = self.list.iter().filter(|right| right.row.resources.matches(target.arn));
        let mut best: Option<Held> = None;
        for right in covering {
            let held = self.held(right, target);
            if held.as_ref().is_some_and(|it| !it.open) {
                return held;
            }
            best = Held::best(best.into_iter().chain(held));
        }
        best
    }

    /// The right over all of a pattern; over part of it the right is open.
    pub fn over_all(&self, pattern: &ArnGlob, target: Target<'_>) -> Option<Held> {
        Held::best(self.list.iter().filter_map(|right| {
            let (part, _) = right.row.resources.within(std::slice::from_ref(pattern));
            part?;
            let held = self.held(right, target)?;
            let whole = right.row.resources.except().iter().all(|out| out.disjoint(pattern))
                && right.row.resources.any_of().iter().any(|it| it.contains(pattern));
            Some(if whole { held } else { held.and(&Held::perhaps()) })
        }))
    }

    /// The right over something of a pattern, whichever the principal likes.
    pub fn in_part(&self, pattern: &ArnGlob) -> Option<Held> {
        Held::best(self.list.iter().filter_map(|right| {
            let all = right.row.resources.is_all();
            let (part, _) = if all { (None, true) } else { right.row.resources.within(std::slice::from_ref(pattern)) };
            (all || part.is_some()).then(|| right.held.clone())
        }))
    }

    /// The right over something of a pattern that the other right covers as well.
    pub fn in_common(&self, other: &Rights<'_>, pattern: &ArnGlob) -> Option<Held> {
        let pairs = self.list.iter().flat_map(|a| other.list.iter().map(move |b| (a, b)));
        Held::best(pairs.filter_map(|(a, b)| {
            let (both, _) = a.row.resources.intersect(&b.row.resources);
            let (part, _) = both?.within(std::slice::from_ref(pattern));
            part.is_some().then(|| a.held.and(&b.held))
        }))
    }
}

impl Holder<'_> {
    fn values<'r>(&self, rows: impl Iterator<Item = &'r Row>, key: &str) -> Vec<Name> {
        let ids = rows.flat_map(|row| row.requirement.conditions());
        let conditions = ids.filter_map(|id| self.found.conditions.get(id.0 as usize));
        let mut values: Vec<Name> =
            conditions.filter(|it| it.folded == *key).flat_map(|it| it.values.iter().cloned()).collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    /// Values that conditions on an action ask of a key, wildcards and all.
    pub fn asked(&self, action: &str, key: &str) -> Vec<Name> {
        self.values(self.rows_of(action), key)
    }
}
