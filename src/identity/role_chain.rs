//! Roles that a role may take in turn: `sts:AssumeRole` edges on which both sides agree (R84, R111).

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{Name, Truth};
use crate::iam::{Context, Decision, Policies, Principal, PrincipalPattern, Request, decide};
use crate::model::facts::iam::Role;
use crate::model::{Arn, Inventory, Lookup};

use super::trust::Trusts;

/// Longest chain that is followed.
const LONGEST: usize = 5;

/// Roles by whom their trust names. The lists hold candidates, no answers.
#[derive(Default)]
pub struct RoleChains<'a> {
    /// By the ARN of a role.
    named: FxHashMap<Name, Vec<&'a Arc<Role>>>,
    /// By account.
    accounts: FxHashMap<Name, Vec<&'a Arc<Role>>>,
    /// By everyone, by exclusion, or in a way that could not be read.
    anyone: Vec<&'a Arc<Role>>,
}

impl<'a> RoleChains<'a> {
    pub fn new(inventory: &'a Inventory, trusts: &Trusts) -> RoleChains<'a> {
        let mut chains = RoleChains::default();
        for role in inventory.accounts.values().flat_map(|account| account.roles.iter()) {
            let Some(text) = &role.trust else { continue };
            let text = text.as_bytes();
            // Most trust policies name a service or a provider; those are not worth reading here.
            let concerned = memchr::memmem::find(text, b"AWS").is_some()
                || memchr::memmem::find(text, b"NotPrincipal").is_some()
                || memchr::memmem::find(text, b"\"*\"").is_some()
                || memchr::memchr(b'\\', text).is_some();
            if concerned {
                chains.add(role, trusts);
            }
        }
        chains
    }

    fn add(&mut self, role: &'a Arc<Role>, trusts: &Trusts) {
        let trust = trusts.documents.trust(role);
        let push = |list: &mut Vec<&'a Arc<Role>>| {
            if !list.last().is_some_and(|last| Arc::ptr_eq(last, role)) {
                list.push(role);
            }
        };
        for statement in &trust.document.statements {
            let Some(clause) = statement.principals.as_ref().filter(|clause| !clause.negated) else {
                push(&mut self.anyone);
                continue;
            };
            for principal in clause.values() {
                match principal {
                    PrincipalPattern::Everyone => push(&mut self.anyone),
                    PrincipalPattern::Account(account) => push(self.accounts.entry(account.clone()).or_default()),
                    PrincipalPattern::Role(arn) => push(self.named.entry(arn.clone()).or_default()),
                    _ => {}
                }
            }
        }
    }

    /// Every role that `start` may become, each with the surest way to it; `start` itself is left out.
    pub fn from(&self, inventory: &Inventory, trusts: &Trusts, start: &Name) -> Vec<(Name, Truth)> {
        let mut found: FxHashMap<Name, Truth> = FxHashMap::default();
        let mut asked: FxHashSet<Name> = FxHashSet::default();
        let mut wave = vec![(start.clone(), Truth::Yes)];
        for _ in 0..LONGEST {
            let mut next = Vec::new();
            for (from, so_far) in wave {
                if !asked.insert(from.clone()) {
                    continue;
                }
                for (role, step) in self.step(inventory, trusts, &from) {
                    let certainty = so_far.and(step);
                    let known = found.entry(role.clone()).or_insert(Truth::No);
                    if certainty > *known && role != *start {
                        *known = certainty;
                        next.push((role, certainty));
                    }
                }
            }
            if next.is_empty() {
                break;
            }
            // The surest first: a role is asked once.
            next.sort_by_key(|it| std::cmp::Reverse(it.1));
            wave = next;
        }
        found.remove(start);
        let mut found: Vec<(Name, Truth)> = found.into_iter().filter(|it| !it.1.is_no()).collect();
        found.sort();
        found
    }

    /// Every single step: who becomes which role, by ARN, sorted. A role whose own account was not read takes what names
    /// it perhaps.
    pub fn steps(&self, inventory: &Inventory, trusts: &Trusts) -> Vec<(Name, Name, Truth)> {
        let roles: Vec<&Arc<Role>> = inventory.accounts.values().flat_map(|account| account.roles.iter()).collect();
        let mut steps: Vec<(Name, Name, Truth)> = roles
            .into_par_iter()
            .flat_map_iter(|role| {
                let from = role.arn.clone();
                self.step(inventory, trusts, &role.arn).into_iter().map(move |(to, truth)| (from.clone(), to, truth))
            })
            .collect();
        for (from, targets) in &self.named {
            if matches!(inventory.role(from), Lookup::Unknown) {
                steps.extend(targets.iter().map(|role| (from.clone(), role.arn.clone(), Truth::Unknown)));
            }
        }
        steps.sort();
        steps
    }

    /// One step. A role without identity policies that could allow it takes only roles that name it.
    pub fn step(&self, inventory: &Inventory, trusts: &Trusts, from: &Name) -> Vec<(Name, Truth)> {
        let Some(account) = Arn::parse(from).map(|arn| arn.account) else { return Vec::new() };
        let named = self.named.get(from).into_iter().flatten();
        let same = self.accounts.get(account).into_iter().flatten();
        let wide: Vec<&Arc<Role>> = same.chain(&self.anyone).copied().collect();
        let base = match inventory.role(from) {
            Lookup::Found(base) => base,
            // Its policies were not read; a role that names it in its own account still takes it.
            Lookup::Absent | Lookup::Unknown => return Vec::new(),
        };
        let mut candidates: Vec<&Arc<Role>> = named.copied().collect();
        let documents = &trusts.documents;
        if !wide.is_empty() && documents.may_assume(inventory, base) {
            candidates.extend(wide);
        }
        candidates.retain(|it| it.arn != *from);
        if candidates.is_empty() {
            return Vec::new();
        }
        let asker = Asker::new(inventory, trusts, base);
        candidates.iter().map(|role| (role.arn.clone(), asker.takes(role))).filter(|it| !it.1.is_no()).collect()
    }
}

/// Whether one role takes another: its own policies and the other's trust must agree.
pub(super) fn takes(inventory: &Inventory, trusts: &Trusts, base: &Arc<Role>, role: &Arc<Role>) -> Truth {
    Asker::new(inventory, trusts, base).takes(role)
}

/// A role that asks for others.
struct Asker<'a> {
    trusts: &'a Trusts,
    policies: Policies,
    principal: Principal,
    context: Context,
}

impl<'a> Asker<'a> {
    fn new(inventory: &Inventory, trusts: &'a Trusts, base: &Role) -> Asker<'a> {
        Asker {
            trusts,
            policies: trusts.documents.of_role(inventory, base),
            principal: Principal::Role { account: base.account.clone(), arn: base.arn.clone() },
            context: Context::open()
                .with("aws:SecureTransport", "true")
                .with("aws:PrincipalArn", base.arn.clone())
                .with("aws:PrincipalAccount", base.account.clone())
                .without("aws:MultiFactorAuthPresent"),
        }
    }

    fn takes(&self, role: &Arc<Role>) -> Truth {
        let policies = Policies { resource: Some(self.trusts.documents.trust(role)), ..self.policies.clone() };
        let request =
            Request::new(self.principal.clone(), "sts:AssumeRole", &role.arn).in_context(self.context.clone());
        match decide(&request, &policies).decision {
            Decision::Allowed => Truth::Yes,
            Decision::Depends | Decision::Error => Truth::Unknown,
            Decision::ExplicitDeny | Decision::ImplicitDeny => Truth::No,
        }
    }
}
