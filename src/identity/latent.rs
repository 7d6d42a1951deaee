//! Latent roles: every role whose trust admits a service account, annotated or not (R74).
//!
//! The roles of all accounts are sorted once by the subjects that their trust names, so that only roles which could
//! admit an account are asked about it, by the policy engine.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::iam::document::Damage;
use crate::iam::{Document, Effect};
use crate::model::facts::iam::Role;
use crate::model::{Arn, ClusterFacts, Inventory};

use super::trust::{Trusts, token_context};
use super::web_identity;

/// Roles that web identities of one cluster may become, by subject. The lists hold candidates, no answers.
#[derive(Default)]
pub(super) struct LatentRoles<'a> {
    /// By whole subject, `system:serviceaccount:NS:NAME`.
    exact: FxHashMap<Name, Vec<&'a Arc<Role>>>,
    /// By namespace, for patterns that fix it.
    namespaces: FxHashMap<Name, Vec<&'a Arc<Role>>>,
    /// Every subject must be asked about.
    open: Vec<&'a Arc<Role>>,
}

/// What the values of one statement say of subjects.
enum Reach {
    Exact(Name),
    Namespace(Name),
    Open,
}

impl<'a> LatentRoles<'a> {
    pub fn new(inventory: &'a Inventory, cluster: &ClusterFacts, trusts: &Trusts) -> LatentRoles<'a> {
        let mut index = LatentRoles::default();
        let Some(issuer) = cluster.description().map(|it| it.issuer_path()).filter(|it| !it.is_empty()) else {
            return index;
        };
        let provider = memchr::memmem::Finder::new(issuer.as_bytes());
        let key = format!("{issuer}:sub").to_ascii_lowercase();
        for role in inventory.accounts.values().flat_map(|account| account.roles.iter()) {
            let Some(text) = &role.trust else { continue };
            // No provider, no wildcard, nothing written in escapes: no token of this cluster is meant.
            let text = text.as_bytes();
            let concerned = provider.find(text).is_some()
                || memchr::memmem::find(text, b"\"*\"").is_some()
                || memchr::memmem::find(text, b"NotPrincipal").is_some()
                || memchr::memchr(b'\\', text).is_some();
            if concerned {
                index.add(role, &trusts.documents.trust(role).document, &key);
            }
        }
        index
    }

    fn add(&mut self, role: &'a Arc<Role>, document: &Document, key: &str) {
        let mut reaches = Vec::new();
        if document.damage > Damage::None {
            reaches.push(Reach::Open);
        }
        for statement in document.statements.iter().filter(|it| it.effect != Some(Effect::Deny)) {
            let subjects = statement
                .conditions
                .iter()
                .filter(|it| it.folded == *key)
                .find_map(|condition| subjects(&condition.written, &condition.values));
            match subjects {
                Some(subjects) if statement.damage == Damage::None => reaches.extend(subjects),
                _ => reaches.push(Reach::Open),
            }
        }
        for reach in reaches {
            let list = match reach {
                Reach::Exact(subject) => self.exact.entry(subject).or_default(),
                Reach::Namespace(namespace) => self.namespaces.entry(namespace).or_default(),
                Reach::Open => &mut self.open,
            };
            if !list.last().is_some_and(|last| Arc::ptr_eq(last, role)) {
                list.push(role);
            }
        }
    }

    /// Namespace and name of every service account that some trust policy names in full.
    pub fn named_accounts(&self) -> impl Iterator<Item = (Name, Name)> {
        self.exact.keys().filter_map(|subject| {
            let (namespace, name) = subject.strip_prefix("system:serviceaccount:")?.split_once(':')?;
            let plain = |it: &str| !it.is_empty() && !it.contains([':', '*', '?']);
            (plain(namespace) && plain(name)).then(|| (namespace.into(), name.into()))
        })
    }

    /// Roles that the account gets with a token for this audience, sorted by ARN. Never certain where the trust or
    /// what stands before it was not read.
    pub fn trusted(
        &self,
        inventory: &Inventory,
        cluster: &ClusterFacts,
        trusts: &Trusts,
        namespace: &Name,
        account: &Name,
        audience: &Name,
    ) -> Vec<(Name, Truth)> {
        let subject = format!("system:serviceaccount:{namespace}:{account}");
        let candidates = [self.exact.get(subject.as_str()), self.namespaces.get(namespace), Some(&self.open)];
        let Some(issuer) = cluster.description().map(|it| it.issuer_path()) else { return Vec::new() };
        let context = token_context(inventory, issuer, &subject, audience);
        // What comes before the trust policy is the same for all roles of an account.
        let mut before: Vec<(&Name, Truth)> = Vec::new();
        let mut roles: Vec<(Name, Truth)> = candidates
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|role| {
                let known = before.iter().find(|it| *it.0 == role.account).map(|it| it.1);
                let first = known.unwrap_or_else(|| {
                    let truth = match (inventory.accounts.get(&role.account), Arn::parse(&role.arn)) {
                        (Some(account), Some(arn)) => web_identity::before_trust(account, cluster, arn, audience),
                        _ => Truth::Unknown,
                    };
                    before.push((&role.account, truth));
                    truth
                });
                if first.is_no() {
                    return None;
                }
                let truth = first.and(trusts.admits_token(role, issuer, &context));
                (!truth.is_no()).then(|| (role.arn.clone(), truth))
            })
            .collect();
        roles.sort();
        roles.dedup_by(|later, first| later.0 == first.0);
        roles
    }
}

/// The subjects that one condition admits; `None` when it does not narrow them down by itself.
fn subjects(operator: &str, values: &[Name]) -> Option<Vec<Reach>> {
    let folded = operator.to_ascii_lowercase();
    let plain = folded.rsplit(':').next().unwrap_or_default();
    let plain = plain.strip_suffix("ifexists").unwrap_or(plain);
    let like = match plain {
        "stringequals" => false,
        "stringlike" => true,
        _ => return None,
    };
    Some(values.iter().map(|value| reach(value, like)).collect())
}

fn reach(value: &Name, like: bool) -> Reach {
    if value.contains("${") {
        return Reach::Open;
    }
    let wildcard = value.find(['*', '?']).filter(|_| like);
    let Some(wildcard) = wildcard else { return Reach::Exact(value.clone()) };
    let namespace = value[..wildcard].strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    match namespace {
        Some((namespace, _)) => Reach::Namespace(namespace.into()),
        None => Reach::Open,
    }
}
