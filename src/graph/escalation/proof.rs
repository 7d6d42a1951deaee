//! The statements behind a gain, found again by the policy engine when somebody asks for them.

use crate::base::Name;
use crate::iam::escalation::{On, Step};
use crate::iam::request::{Resource, Value};
use crate::iam::{Decision, Effect, Layer, Policies, Reason, Request, catalogue::Catalogue, decide};
use crate::identity::documents::Documents;
use crate::identity::session::{Origin, Session};
use crate::model::facts::iam::NamedPolicy;
use crate::model::{AccountFacts, EntityKey, Inventory, Kind, Lookup};

use super::{Gain, Gained, policy_of};

/// A statement that makes a gain possible, or keeps it open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The step that it decides.
    pub action: &'static str,
    /// The ARN that was asked about, or `*` where any would do.
    pub resource: Name,
    /// The role, user, group, policy or SCP whose document says it; for a trust policy the role that is gained.
    pub object: EntityKey,
    pub layer: Layer,
    /// Name of the policy, as the layer lists it.
    pub policy: Name,
    pub statement: usize,
    pub sid: Option<Name>,
    pub effect: Effect,
}

impl Gained {
    /// The things that are gained one by one, when there are such; for an account those that it goes through.
    pub fn targets(&self) -> Option<&super::Targets> {
        match self {
            Gained::Account { through, .. } => through.as_ref(),
            Gained::Roles(targets)
            | Gained::Users(targets)
            | Gained::UsersInService(targets)
            | Gained::Groups(targets)
            | Gained::Nodes(targets)
            | Gained::Ceiling(targets)
            | Gained::SomeRole { among: targets, .. }
            | Gained::Association { roles: targets, .. } => Some(targets),
            Gained::More | Gained::Cluster(_) | Gained::Organization | Gained::Data(_) => None,
        }
    }
}

/// The statements behind a gain, step by step in the order of the technique; for a gain of several targets those of
/// `target`, or of the first one. Cost: a few decisions.
pub fn proofs(inventory: &Inventory, gain: &Gain, target: Option<&EntityKey>) -> Vec<Proof> {
    let Some(asker) = Asker::new(inventory, &gain.from) else { return Vec::new() };
    let target = target.or_else(|| gain.to.targets()?.iter().next());
    let mut proofs = Vec::new();
    for step in gain.technique.steps {
        proofs.extend(asker.step(inventory, gain, step, target));
    }
    proofs
}

/// The principal of a gain, ready to ask for it.
struct Asker<'a> {
    from: &'a EntityKey,
    account: &'a AccountFacts,
    session: Session,
    documents: Documents,
    arn: Name,
    inline: &'a [NamedPolicy],
    attached: Vec<&'a Name>,
    /// Groups with their inline policies.
    groups: Vec<(Name, &'a [NamedPolicy])>,
    boundary: Option<&'a Name>,
}

impl<'a> Asker<'a> {
    fn new(inventory: &'a Inventory, from: &'a EntityKey) -> Option<Asker<'a>> {
        let account = inventory.accounts.get(&from.scope)?;
        let documents = Documents::default();
        if from.kind == Kind::IamUser {
            let Lookup::Found(user) = account.user(&from.name) else { return None };
            let found = user.groups.iter().filter_map(|name| match account.group(name) {
                Lookup::Found(group) => Some(group),
                _ => None,
            });
            let groups: Vec<_> = found.collect();
            return Some(Asker {
                from,
                account,
                session: Session::of_user(inventory, &documents, user),
                documents,
                arn: user.arn.clone(),
                inline: &user.inline,
                attached: user.attached.iter().chain(groups.iter().flat_map(|it| &it.attached)).collect(),
                groups: groups.iter().map(|it| (it.arn.clone(), it.inline.as_slice())).collect(),
                boundary: user.boundary.as_ref(),
            });
        }
        let Lookup::Found(role) = account.role(&from.name) else { return None };
        Some(Asker {
            from,
            account,
            session: Session::new(inventory, &documents, role, Origin::default()),
            documents,
            arn: role.arn.clone(),
            inline: &role.inline,
            attached: role.attached.iter().collect(),
            groups: Vec::new(),
            boundary: role.boundary.as_ref(),
        })
    }

    fn step(&self, inventory: &Inventory, gain: &Gain, step: &Step, target: Option<&EntityKey>) -> Vec<Proof> {
        let resource = self.resource(inventory, gain, step, target);
        let mut policies: Policies = self.session.policies.clone();
        let mut role = None;
        if step.on == On::Trust
            && let Some(key) = target
            && let Some(Lookup::Found(facts)) = inventory.accounts.get(&key.scope).map(|it| it.role(&key.name))
        {
            policies.resource = Some(self.documents.trust(facts));
            role = Some(key);
        }
        let mut context = self.session.context.clone();
        if let Some(service) = gain.technique.service {
            context.set("iam:PassedToService", Value::One(service.into()));
        }
        let mut request = Request::new(self.session.principal.clone(), step.action, "*").in_context(context);
        let wildcard_only = || {
            let catalogue = Catalogue::bundled();
            catalogue.find(step.action).is_some_and(|id| catalogue.action(id).wildcard_only())
        };
        request.resource = match &resource {
            Some(arn) => Resource::Arn(arn.clone()),
            None if wildcard_only() => Resource::None,
            None => Resource::Any,
        };
        let answer = decide(&request, &policies);
        let refused = matches!(answer.decision, Decision::ExplicitDeny | Decision::ImplicitDeny);
        let reasons = answer.reasons.into_iter().filter(|_| !refused);
        let sources = reasons.filter_map(|reason| match reason {
            Reason::Statement(source) => Some(source),
            Reason::Silent { .. } => None,
        });
        sources
            .map(|source| Proof {
                action: step.action,
                resource: resource.clone().unwrap_or_else(|| "*".into()),
                object: match source.layer {
                    Layer::Resource => role.cloned().unwrap_or_else(|| self.from.clone()),
                    Layer::Boundary => {
                        self.boundary.map_or_else(|| self.from.clone(), |arn| policy_of(&self.account.id, arn))
                    }
                    Layer::Identity | Layer::Session => self.holder(&source.policy),
                    Layer::Scp | Layer::Rcp | Layer::Endpoint => {
                        EntityKey::scoped(Kind::Policy, &self.account.id, &source.policy)
                    }
                },
                layer: source.layer,
                policy: source.policy.clone(),
                statement: source.statement,
                sid: source.sid.clone(),
                effect: source.effect,
            })
            .collect()
    }

    /// Whose document an identity policy of this name is.
    fn holder(&self, policy: &Name) -> EntityKey {
        if self.inline.iter().any(|it| it.name == *policy) {
            return self.from.clone();
        }
        if let Some((group, _)) = self.groups.iter().find(|(_, inline)| inline.iter().any(|it| it.name == *policy)) {
            return EntityKey::plain(Kind::Resource, group);
        }
        let managed = self.attached.iter().find(|arn| arn.rsplit('/').next() == Some(policy.as_str()));
        managed.map_or_else(|| self.from.clone(), |arn| policy_of(&self.account.id, arn))
    }

    /// The ARN that a step must cover, when it is one.
    fn resource(&self, inventory: &Inventory, gain: &Gain, step: &Step, target: Option<&EntityKey>) -> Option<Name> {
        let of_target = || {
            let key = target?;
            let account = inventory.accounts.get(&key.scope);
            match key.kind {
                Kind::Role => match account?.role(&key.name) {
                    Lookup::Found(role) => Some(role.arn.clone()),
                    _ => None,
                },
                Kind::IamUser => match account?.user(&key.name) {
                    Lookup::Found(user) => Some(user.arn.clone()),
                    _ => None,
                },
                Kind::Resource => Some(key.name.clone()),
                _ => None,
            }
        };
        let customer = |arns: &[&Name]| {
            arns.iter()
                .find(|arn| arn.contains(&format!(":iam::{}:policy/", self.account.id)))
                .map(|arn| (*arn).clone())
        };
        match step.on {
            On::Own => Some(self.arn.clone()),
            On::OwnPolicy | On::OwnFullPolicy | On::OwnOldPolicy => customer(&self.attached),
            On::Role | On::Profiled | On::Trust | On::User | On::Group => of_target(),
            On::Cluster => {
                let label = match &gain.to {
                    Gained::Cluster(label) | Gained::Association { cluster: label, .. } => label,
                    _ => return None,
                };
                inventory.clusters.get(label)?.description().map(|it| it.arn.clone())
            }
            _ => None,
        }
    }
}
