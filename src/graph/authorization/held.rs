//! The powers that each subject holds, from what its grants add up to.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::model::ClusterFacts;
use crate::rbac::Rights;
use crate::rbac::rights::{Given, Held};

use super::grant::Scope;
use super::subject::Subject;
use super::{Authorization, HeldPower};

/// What one subject's grants add up to, cluster-wide and in each namespace by itself.
#[derive(Clone, Default)]
struct Holdings {
    cluster: Part,
    namespaces: BTreeMap<Name, Part>,
}

#[derive(Clone, Default)]
struct Part {
    /// By grants that surely hold.
    sure: Rights,
    /// By those and the ones that may hold.
    open: Rights,
    grants: Vec<usize>,
}

impl Part {
    fn add(&mut self, number: usize, rights: &Rights, certainty: Truth) {
        if certainty.is_yes() {
            self.sure.join(rights);
        }
        self.open.join(rights);
        self.grants.push(number);
    }

    fn join(&mut self, other: &Part) {
        self.sure.join(&other.sure);
        self.open.join(&other.open);
        self.grants.extend_from_slice(&other.grants);
    }

    fn powers(&self, held: Held<'_>, authorization: &Authorization) -> Vec<Given> {
        let circumstances = &authorization.circumstances;
        let mut powers = self.sure.powers(held, circumstances);
        if self.open != self.sure {
            for mut given in self.open.powers(held, circumstances) {
                given.certainty = Truth::Unknown;
                if !powers.iter().any(|known| known.covers(&given)) {
                    powers.push(given);
                }
            }
        }
        powers
    }
}

/// Powers of every subject that a grant names, beyond what its implied groups hold anyway.
///
/// Cost: for each subject, its grants and the namespaces they stand in. Rights that are joined are a few words.
pub(super) fn held_powers(authorization: &Authorization, cluster: &ClusterFacts) -> Vec<HeldPower> {
    let namespaces = known_namespaces(cluster, authorization);
    let mut own: FxHashMap<&Subject, Holdings> = FxHashMap::default();
    for (number, grant) in authorization.grants.iter().enumerate() {
        let rights = &authorization.roles[grant.role].rights;
        if rights.is_empty() {
            continue;
        }
        let holdings = own.entry(&grant.subject).or_default();
        match &grant.scope {
            Scope::Cluster => holdings.cluster.add(number, rights, grant.certainty),
            Scope::Namespace(name) => {
                holdings.namespaces.entry(name.clone()).or_default().add(number, rights, grant.certainty);
            }
            Scope::Pattern(_) => {
                for name in namespaces.iter().filter(|name| grant.scope.covers(name)) {
                    holdings.namespaces.entry((*name).clone()).or_default().add(number, rights, grant.certainty);
                }
            }
        }
    }
    let mut powers = Vec::new();
    for (subject, holdings) in &own {
        let mut implied = Holdings::default();
        for other in subject.implied() {
            if let Some(other) = own.get(&other) {
                implied.cluster.join(&other.cluster);
                for (name, part) in &other.namespaces {
                    implied.namespaces.entry(name.clone()).or_default().join(part);
                }
            }
        }
        hold(authorization, subject, holdings, &implied, &mut powers);
    }
    powers.sort_by(|a, b| (a.power, &a.subject, &a.scope, a.object).cmp(&(b.power, &b.subject, &b.scope, b.object)));
    powers
}

fn hold(
    authorization: &Authorization,
    subject: &Subject,
    own: &Holdings,
    implied: &Holdings,
    out: &mut Vec<HeldPower>,
) {
    let mut whole = own.cluster.clone();
    whole.join(&implied.cluster);
    let at_cluster = whole.powers(Held::Cluster, authorization);
    let implied_at_cluster = implied.cluster.powers(Held::Cluster, authorization);
    let new = at_cluster.iter().filter(|given| !implied_at_cluster.iter().any(|known| known.covers(given)));
    out.extend(new.map(|given| held(authorization, subject, given, Scope::Cluster, &whole.grants)));
    let empty = Part::default();
    let mut names: BTreeSet<&Name> = own.namespaces.keys().collect();
    if !own.cluster.grants.is_empty() {
        // A right held cluster-wide may complete one that a group holds in a namespace.
        names.extend(implied.namespaces.keys());
    }
    for name in names {
        let theirs = implied.namespaces.get(name).unwrap_or(&empty);
        let mut before = implied.cluster.clone();
        before.join(theirs);
        let mut here = whole.clone();
        here.join(own.namespaces.get(name).unwrap_or(&empty));
        here.join(theirs);
        let known = before.powers(Held::Namespace(name), authorization);
        let new = here.powers(Held::Namespace(name), authorization);
        let new = new.iter().filter(|given| !known.iter().chain(&at_cluster).any(|known| known.covers(given)));
        let scope = Scope::Namespace(name.clone());
        out.extend(new.map(|given| held(authorization, subject, given, scope.clone(), &here.grants)));
    }
}

/// The power with the grants that have a part in it.
fn held(authorization: &Authorization, subject: &Subject, given: &Given, scope: Scope, grants: &[usize]) -> HeldPower {
    let helps = |number: &&usize| {
        let role = &authorization.roles[authorization.grants[**number].role];
        role.rights.help(given.power, given.object)
    };
    let mut grants: Vec<usize> = grants.iter().filter(helps).copied().collect();
    grants.sort_unstable();
    grants.dedup();
    HeldPower {
        subject: subject.clone(),
        power: given.power,
        object: given.object,
        scope,
        names: given.names.clone(),
        certainty: given.certainty,
        grants,
    }
}

/// Namespaces that exist as far as anything read tells; patterns are spelled out over them.
fn known_namespaces(cluster: &ClusterFacts, authorization: &Authorization) -> Vec<Name> {
    if !authorization.grants.iter().any(|grant| matches!(grant.scope, Scope::Pattern(_))) {
        return Vec::new();
    }
    let mut names: Vec<Name> = cluster.namespaces.iter().map(|it| it.meta.name.clone()).collect();
    names.extend(cluster.service_accounts.iter().map(|it| it.meta.namespace.clone()));
    names.extend(cluster.pods.iter().map(|it| it.meta.namespace.clone()));
    names.sort();
    names.dedup();
    names
}
