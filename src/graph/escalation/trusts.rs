//! Trust policies by whom they admit: services, providers, principals by name, accounts. Each text is read once.

use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{Name, Truth};
use crate::iam::document::{Damage, Document, Statement};
use crate::iam::escalation::Technique;
use crate::iam::trust::{Admission, admits};
use crate::iam::{Context, Effect, Policy, Principal, PrincipalPattern};
use crate::identity::documents::Documents;
use crate::model::{Arn, Inventory};

use super::ground::Role;
use super::held::Held;

/// A role that a service can take, and how surely.
pub(super) struct Service {
    /// Place among all roles.
    pub role: u32,
    pub held: Held,
}

/// The trust policies of all roles, as far as their texts can matter here.
pub(super) struct Trusts {
    /// By place of the role; none where the text names no service, principal or SAML provider.
    policies: FxHashMap<u32, Policy>,
    /// Roles that name a principal, by its ARN.
    by_principal: FxHashMap<Name, Vec<u32>>,
    /// Roles that name an account.
    by_account: FxHashMap<Name, Vec<u32>>,
    /// Roles that name everyone, exclude some, or could not be read.
    by_anyone: Vec<u32>,
    /// Roles by the provider that they name.
    pub by_provider: FxHashMap<Name, Vec<u32>>,
    by_service: Vec<u32>,
    /// What a trust document says to any principal of an account, where that does not hang on which.
    alike: RwLock<FxHashMap<(usize, Name), Arc<Admission>>>,
}

impl Trusts {
    pub fn new(documents: &Documents, roles: &[Role<'_>]) -> Trusts {
        let mut trusts = Trusts {
            policies: FxHashMap::default(),
            by_principal: FxHashMap::default(),
            by_account: FxHashMap::default(),
            by_anyone: Vec::new(),
            by_provider: FxHashMap::default(),
            by_service: Vec::new(),
            alike: RwLock::default(),
        };
        for (at, role) in roles.iter().enumerate().filter(|(_, role)| !role.reserved) {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            match &role.facts.trust {
                Some(text) if only_federated(text) => trusts.providers_of(at, text),
                _ => trusts.add(at, documents.trust(role.facts)),
            }
        }
        trusts
    }

    /// Web identities are most of the trusts of a cluster's account: their provider is found without reading the rest.
    fn providers_of(&mut self, at: u32, text: &str) {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once("\"Federated\"") {
            let value = after.trim_start().strip_prefix(':').map(str::trim_start).unwrap_or_default();
            if let Some(arn) = value.strip_prefix('"').and_then(|it| it.split('"').next()) {
                push(self.by_provider.entry(Name::new(arn)).or_default(), at);
            } else if let Some(list) = value.strip_prefix('[').and_then(|it| it.split(']').next()) {
                for arn in list.split('"').skip(1).step_by(2) {
                    push(self.by_provider.entry(Name::new(arn)).or_default(), at);
                }
            }
            rest = after;
        }
    }

    fn add(&mut self, at: u32, policy: Policy) {
        if policy.document.damage > Damage::None {
            push(&mut self.by_anyone, at);
            push(&mut self.by_service, at);
        }
        for statement in policy.document.statements.iter().filter(|it| it.effect != Some(Effect::Deny)) {
            let Some(clause) = statement.principals.as_ref().filter(|clause| !clause.negated) else {
                push(&mut self.by_anyone, at);
                push(&mut self.by_service, at);
                continue;
            };
            for principal in clause.values() {
                match principal {
                    PrincipalPattern::Everyone => push(&mut self.by_anyone, at),
                    PrincipalPattern::Account(account) => push(self.by_account.entry(account.clone()).or_default(), at),
                    PrincipalPattern::Role(arn) | PrincipalPattern::User(arn) => {
                        push(self.by_principal.entry(arn.clone()).or_default(), at);
                    }
                    PrincipalPattern::Session { account, partition, role, .. } => {
                        // A session of its own name is what the role may ask for; the path is not written.
                        let arn = format!("arn:{partition}:iam::{account}:role/{role}");
                        push(self.by_principal.entry(arn.into()).or_default(), at);
                    }
                    PrincipalPattern::Service(_) | PrincipalPattern::AnyService => push(&mut self.by_service, at),
                    PrincipalPattern::Federated(provider) => {
                        push(self.by_provider.entry(provider.clone()).or_default(), at);
                        if provider.ends_with(".amazonaws.com") {
                            push(&mut self.by_service, at);
                        }
                    }
                    _ => {}
                }
            }
        }
        self.policies.insert(at, policy);
    }

    pub fn policy(&self, role: u32) -> Option<&Policy> {
        self.policies.get(&role)
    }

    /// ARNs that some trust names.
    pub fn named(&self) -> impl Iterator<Item = &Name> {
        self.by_principal.keys()
    }

    /// Roles that name this principal; a session's principal is known without its path.
    pub fn naming(&self, arn: &str) -> Vec<u32> {
        let mut roles: Vec<u32> = self.by_principal.get(arn).into_iter().flatten().copied().collect();
        if let (Some(parts), Some((_, name))) = (Arn::parse(arn), arn.rsplit_once('/')) {
            let bare = format!("arn:{}:iam::{}:role/{name}", parts.partition, parts.account);
            if bare != arn {
                roles.extend(self.by_principal.get(bare.as_str()).into_iter().flatten());
            }
        }
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// Roles that leave it to the identity policies of an account's principals, or name everyone.
    pub fn open_to(&self, account: &str) -> Vec<u32> {
        let own = self.by_account.get(account).into_iter().flatten();
        let mut roles: Vec<u32> = own.chain(&self.by_anyone).copied().collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// Roles that name everyone, or could not be read.
    pub fn open(&self) -> &[u32] {
        &self.by_anyone
    }

    /// What a trust policy says to a principal. Shared by all principals of an account where the policy does not tell
    /// them apart.
    pub fn admission(&self, role: u32, arn: &str, who: &Principal, context: &Context) -> Option<Arc<Admission>> {
        let policy = self.policies.get(&role)?;
        if tells_principals_apart(&policy.document) {
            return Some(Arc::new(admits(policy, arn, who, "sts:AssumeRole", context)));
        }
        let key = (Arc::as_ptr(&policy.document).addr(), Name::new(who.account()?));
        if let Some(found) = self.alike.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Some(Arc::clone(found));
        }
        let found = Arc::new(admits(policy, arn, who, "sts:AssumeRole", context));
        self.alike.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&found));
        Some(found)
    }

    /// The roles of an account by the services of the table that can take them.
    pub fn services(
        &self,
        inventory: &Inventory,
        account: &Name,
        roles: &[Role<'_>],
        first: usize,
    ) -> FxHashMap<&'static str, Vec<Service>> {
        let wanted: FxHashSet<&'static str> = Technique::all().filter_map(|it| it.service).collect();
        let mut found: FxHashMap<&'static str, Vec<Service>> = FxHashMap::default();
        let mut seen: FxHashMap<usize, Vec<(&'static str, Held)>> = FxHashMap::default();
        for at in &self.by_service {
            let Some(role) = (*at as usize).checked_sub(first).and_then(|it| roles.get(it)) else { continue };
            let Some(policy) = self.policies.get(at) else { continue };
            let answers = seen.entry(Arc::as_ptr(&policy.document).addr()).or_insert_with(|| {
                let named = wanted.iter().filter(|service| could_name(&policy.document, service));
                let mut answers: Vec<(&'static str, Held)> = named
                    .filter_map(|service| Some((*service, admits_service(inventory, account, role, policy, service)?)))
                    .collect();
                answers.sort_unstable();
                answers
            });
            for (service, held) in answers {
                found.entry(service).or_default().push(Service { role: *at, held: held.clone() });
            }
        }
        found
    }
}

fn push(list: &mut Vec<u32>, at: u32) {
    if list.last() != Some(&at) {
        list.push(at);
    }
}

/// A trust that names providers only, written plainly.
fn only_federated(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
    has(b"\"Federated\"")
        && !has(b"\"AWS\"")
        && !has(b"\"Service\"")
        && !has(b"NotPrincipal")
        && !has(b"\"*\"")
        && !has(b"cognito-identity")
        && memchr::memchr(b'\\', bytes).is_none()
}

/// Whether the answer hangs on more than the account of the caller.
fn tells_principals_apart(document: &Document) -> bool {
    let by_name = |statement: &Statement| {
        statement.principals.as_ref().is_none_or(|clause| {
            clause.negated
                || clause.values().any(|it| !matches!(it, PrincipalPattern::Everyone | PrincipalPattern::Account(_)))
        })
    };
    let by_key = |statement: &Statement| {
        let mut keys = statement.conditions.iter().flat_map(|it| it.keys());
        keys.any(|key| {
            key.starts_with("aws:principal")
                || matches!(key.as_str(), "aws:userid" | "aws:username" | "aws:tokenissuetime")
        })
    };
    document.statements.iter().any(|it| by_name(it) || by_key(it))
}

/// The service's name without the ending of a partition.
fn plain(service: &str) -> &str {
    service.strip_suffix(".cn").unwrap_or(service)
}

fn could_name(document: &Document, service: &str) -> bool {
    document.damage > Damage::None
        || document.statements.iter().any(|statement| {
            statement.principals.as_ref().is_none_or(|clause| {
                clause.negated
                    || clause.values().any(|it| match it {
                        PrincipalPattern::Service(name) | PrincipalPattern::Federated(name) => plain(name) == service,
                        PrincipalPattern::AnyService | PrincipalPattern::AnyFederated | PrincipalPattern::Everyone => {
                            true
                        }
                        _ => false,
                    })
            })
        })
}

/// Whether the trust lets the service take the role, for a thing that the attacker makes in the role's own account.
fn admits_service(
    inventory: &Inventory,
    account: &Name,
    role: &Role<'_>,
    policy: &Policy,
    service: &str,
) -> Option<Held> {
    let mut context = Context::open().with("aws:SourceAccount", account.clone()).with("aws:SecureTransport", "true");
    if let Some(now) = inventory.now {
        context = context.with("aws:CurrentTime", now.to_string());
    }
    let written = policy.document.statements.iter().filter_map(|it| it.principals.as_ref()).flat_map(|it| it.values());
    let name = written
        .filter_map(|it| match it {
            PrincipalPattern::Service(name) if plain(name) == service => Some(name.clone()),
            _ => None,
        })
        .next()
        .unwrap_or_else(|| Name::new(service));
    let ask = |who: Principal, action: &str| {
        let mut admission = admits(policy, &role.facts.arn, &who, action, &context);
        // Where the call comes from is the attacker's choice, within the account.
        if let Some(source) = own_source(&policy.document, account).filter(|_| admission.verdict.is_unknown()) {
            let context = context.clone().with("aws:SourceArn", source);
            admission = admits(policy, &role.facts.arn, &who, action, &context);
        }
        match admission.verdict {
            Truth::No => None,
            Truth::Yes => Some(Held::surely()),
            Truth::Unknown => Some(Held::on(admission.residual.keys())),
        }
    };
    match service {
        // Users of an identity pool come with a web identity, whose claims are those of the pool.
        "cognito-identity.amazonaws.com" => ask(Principal::Federated(name), "sts:AssumeRoleWithWebIdentity"),
        // X4: the agent's service also tags the session.
        "pods.eks.amazonaws.com" => {
            let assume = ask(Principal::Service(name.clone()), "sts:AssumeRole")?;
            Some(assume.and(&ask(Principal::Service(name), "sts:TagSession")?))
        }
        _ => ask(Principal::Service(name), "sts:AssumeRole"),
    }
}

/// A source ARN of the account that fits what the trust asks of it, when one does: its wildcards filled with a name.
fn own_source(document: &Document, account: &Name) -> Option<Name> {
    let conditions = document.statements.iter().flat_map(|it| &it.conditions);
    let values = conditions.filter(|it| it.folded == *"aws:sourcearn").flat_map(|it| &it.values);
    values
        .filter_map(|value| {
            let parts: Vec<&str> = value.splitn(6, ':').collect();
            let owner = parts.get(4)?;
            let own = *owner == account.as_str() || owner.contains('*');
            own.then(|| {
                let mut parts: Vec<String> = parts.iter().map(|it| it.replace(['*', '?'], "x")).collect();
                parts[4] = account.to_string();
                Name::from(parts.join(":"))
            })
        })
        .next()
}
