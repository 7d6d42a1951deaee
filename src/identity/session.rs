//! A role's session as the policy engine sees it: which documents it meets and what is known of its requests.

use crate::base::Name;
use crate::iam::catalogue::Catalogue;
use crate::iam::request::Value;
use crate::iam::{Context, Document, DocumentKind, Level, Policies, Policy, Principal, Statement, Unread};
use crate::model::facts::aws::OrganizationPolicyKind;
use crate::model::facts::eks::Association;
use crate::model::facts::iam::{Role, User};
use crate::model::facts::meta::Labels;
use crate::model::{AccountFacts, Arn, ClusterFacts, Inventory, Lookup};

use super::Source;
use super::documents::{Documents, any_stands_in};

/// How a session came to be: what decides its tags (rule V6, R73, R82).
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// `None` when the role is asked about by itself.
    pub source: Option<Source>,
    pub cluster: Option<&'a ClusterFacts>,
    pub namespace: Option<&'a Name>,
    pub service_account: Option<&'a Name>,
    /// The Pod Identity association behind it.
    pub association: Option<&'a Association>,
}

/// A role with everything that decides its requests, as far as it was read.
#[derive(Clone, Debug)]
pub struct Session {
    pub principal: Principal,
    pub policies: Policies,
    /// Layers that were not read whole.
    pub unread: Unread,
    pub context: Context,
    /// Keys whose values are assumed rather than known, of those that some document asks for (rule T6). To be shown.
    pub assumed: Vec<(&'static str, &'static str)>,
}

/// What is nearly always so, and is assumed where a document asks for it (rule T6): every SDK calls over TLS.
const ASSUMED: &[(&str, &str)] = &[("aws:SecureTransport", "true")];

/// Whether a statement hangs on who the caller is: keys that [`Session`] sets for each by itself.
pub fn is_personal(statement: &Statement) -> bool {
    // All callers of an account have these alike.
    let shared = ["aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths", "aws:principalisawsservice"];
    let starts = ["aws:principal", "aws:user", "aws:federated"];
    let own = |key: &str| starts.iter().any(|start| key.starts_with(start)) && !shared.contains(&key);
    let resources = statement.resources.iter().flat_map(|it| it.values());
    resources.flat_map(|it| it.variables()).any(|key| own(key))
        || statement.conditions.iter().flat_map(|it| it.keys()).any(|key| own(key))
}

impl Session {
    /// Puts the session together. Parses documents that `documents` has not seen yet.
    pub fn new(inventory: &Inventory, documents: &Documents, role: &Role, origin: Origin<'_>) -> Session {
        let mut policies = documents.of_role_dated(inventory, role);
        let dated = any_stands_in(inventory, &role.account, &role.attached);
        let mut unread = Unread { identity: dated, ..Unread::default() };
        let account = inventory.accounts.get(&role.account);
        (policies.scps, unread.scps) = ceilings(documents, account, &OrganizationPolicyKind::ServiceControl);
        let details = origin.association.and_then(|it| it.details.as_ref());
        if let Some(policy) = details.and_then(|it| it.policy.as_ref()) {
            // With a target role the policy binds the target's session only, which this is (R86).
            let document = documents.get(DocumentKind::Session, policy);
            policies.session.push(Policy { name: "association policy".into(), document });
        }
        let context = context(inventory, &policies, role, origin);
        let principal = Principal::Role { account: role.account.clone(), arn: role.arn.clone() };
        let mut session = Session { principal, policies, unread, context, assumed: Vec::new() };
        session.assume();
        session
    }

    /// The requests of an IAM user. Whether it signed in with MFA is not known.
    pub fn of_user(inventory: &Inventory, documents: &Documents, user: &User) -> Session {
        let mut policies = documents.of_user(inventory, user);
        let account = inventory.accounts.get(&user.account);
        let groups = account.into_iter().flat_map(|it| it.groups.iter()).filter(|it| user.groups.contains(&it.name));
        let dated = any_stands_in(inventory, &user.account, &user.attached)
            || groups.into_iter().any(|it| any_stands_in(inventory, &user.account, &it.attached));
        let mut unread = Unread { identity: dated, ..Unread::default() };
        (policies.scps, unread.scps) = ceilings(documents, account, &OrganizationPolicyKind::ServiceControl);
        let mut context = caller(inventory, &user.arn, &user.account)
            .with("aws:PrincipalType", "User")
            .with("aws:username", user.name.clone())
            .with("aws:userid", user.id.clone());
        let known = tagged(&mut context, &user.tags);
        absent_tags(&mut context, &policies, &known, |_| false);
        let principal = Principal::User { account: user.account.clone(), arn: user.arn.clone() };
        let mut session = Session { principal, policies, unread, context, assumed: Vec::new() };
        session.assume();
        session
    }

    /// A caller of whom nothing was read: of another account, a service, a provider, or nobody. What its own account
    /// lets it do is unread, but the root user stands for whatever its account may give to anybody.
    pub fn outsider(inventory: &Inventory, documents: &Documents, principal: Principal) -> Session {
        let mut policies = Policies::default();
        let mut unread = Unread::default();
        let mut context = requests(inventory);
        if let Some(account) = principal.account() {
            context = context.with("aws:PrincipalAccount", account);
            unread.scps = true;
            if !matches!(principal, Principal::Root { .. }) {
                let document = documents.get(DocumentKind::Identity, &Name::default());
                let name = format!("the identity policies of account {account}").into();
                policies.identity.push(Policy { name, document });
                unread.boundary = true;
            }
        }
        if let Principal::Role { arn, .. } | Principal::User { arn, .. } = &principal {
            context = context.with("aws:PrincipalArn", arn.clone());
        }
        let mut session = Session { principal, policies, unread, context, assumed: Vec::new() };
        session.assume();
        session
    }

    /// Whether two sessions of this role may get different answers: some document asks for what the way to the role
    /// decides (V6).
    pub fn hangs_on_origin(&self) -> bool {
        let decided = |key: &str| key.starts_with("aws:principaltag/") || key == "aws:federatedprovider";
        self.policies.iter().flat_map(|(.., policy)| &policy.document.statements).any(|statement| {
            let resources = statement.resources.iter().flat_map(|it| it.values());
            let mut variables = resources.flat_map(|it| it.variables());
            let mut conditions = statement.conditions.iter().flat_map(|it| it.keys());
            variables.any(|key| decided(key)) || conditions.any(|key| decided(key))
        })
    }

    /// Assumes what any of the documents asks for and is not known.
    fn assume(&mut self) {
        let keys = condition_keys(&self.policies);
        for (key, value) in ASSUMED {
            let asked = keys.iter().any(|it| it.eq_ignore_ascii_case(key));
            if asked && !self.assumed.contains(&(key, value)) {
                self.context.set(key, Value::One((*value).into()));
                self.assumed.push((key, value));
            }
        }
    }

    /// Sets a key that the user knows; it is no assumption then.
    pub fn give(&mut self, key: &str, value: &str) {
        self.assumed.retain(|(assumed, _)| !assumed.eq_ignore_ascii_case(key));
        self.context.set(key, Value::One(value.into()));
    }

    /// Adds what stands at the resource: its policy and the RCPs of its account.
    pub fn at_resource(&mut self, inventory: &Inventory, documents: &Documents, resource: &str) {
        self.meet(&ResourceSide::find(inventory, documents, self.principal.account(), resource));
    }

    /// As [`Session::at_resource`], with a side that was found before for the account of this caller.
    pub fn meet(&mut self, side: &ResourceSide) {
        if side.rcps_count {
            self.policies.rcps.clone_from(&side.rcps);
            self.unread.rcps = side.rcps_unread;
        }
        self.policies.resource.clone_from(&side.policy);
        self.unread.resource = side.policy_unread;
        if side.policy.is_some() || !side.rcps.is_empty() {
            self.assume();
        }
    }
}

/// What stands at a resource, as callers of one account meet it.
#[derive(Clone, Debug, Default)]
pub struct ResourceSide {
    /// The account that owns it, as far as that is known.
    pub owner: Option<Name>,
    pub policy: Option<Policy>,
    pub policy_unread: bool,
    rcps: Vec<Level>,
    rcps_unread: bool,
    rcps_count: bool,
}

impl ResourceSide {
    /// The documents that stand here.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        let rcps = self.rcps.iter().flat_map(|level| &level.policies);
        rcps.chain(&self.policy).map(|policy| &*policy.document)
    }

    /// Looks it up. For what is no ARN there is nothing to find.
    pub fn find(inventory: &Inventory, documents: &Documents, caller: Option<&str>, resource: &str) -> ResourceSide {
        let Some(arn) = Arn::parse(resource) else { return ResourceSide::default() };
        let mut side = ResourceSide { owner: resource_account(inventory, caller, arn), ..ResourceSide::default() };
        let account = side.owner.as_ref().and_then(|id| inventory.accounts.get(id));
        side.rcps_count = Catalogue::bundled().service(arn.service).is_none_or(|service| service.supports_rcp());
        if side.rcps_count {
            (side.rcps, side.rcps_unread) = ceilings(documents, account, &OrganizationPolicyKind::ResourceControl);
        }
        if arn.service == "iam" && arn.resource.starts_with("role/") {
            match inventory.role(resource) {
                Lookup::Found(role) => side.policy = Some(documents.trust(role)),
                Lookup::Absent | Lookup::Unknown => side.policy_unread = true,
            }
            return side;
        }
        let holder = policy_holder(resource, arn);
        match account.and_then(|it| it.resource_policies.iter().find(|policy| policy.arn.as_str() == holder)) {
            Some(found) => {
                side.policy = found.text.as_ref().map(|text| Policy {
                    name: found.arn.clone(),
                    document: documents.get(DocumentKind::Resource, text),
                });
            }
            None => side.policy_unread = !has_no_policies(arn.service),
        }
        side
    }
}

/// Services whose resources have no policies of their own (UG, AWS services that work with IAM), among those that are
/// asked about most. Of any other a policy that was not read may say anything.
const WITHOUT_POLICIES: &[&str] = &[
    "autoscaling",
    "cloudformation",
    "cloudwatch",
    "ec2",
    "ecs",
    "eks",
    "elasticache",
    "elasticloadbalancing",
    "elasticmapreduce",
    "rds",
    "route53",
    "sagemaker",
    "ssm",
    "states",
];

/// Whether resources of a service surely have no policies of their own.
pub fn has_no_policies(service: &str) -> bool {
    WITHOUT_POLICIES.contains(&service)
}

/// The resource whose policy speaks for this one: a bucket for its objects.
pub fn policy_holder<'a>(resource: &'a str, arn: Arn<'_>) -> &'a str {
    match (arn.service, arn.resource.find('/')) {
        ("s3", Some(slash)) => &resource[..resource.len() - arn.resource.len() + slash],
        _ => resource,
    }
}

/// The account that owns a resource: named in its ARN, or the one account that lists its policy, else the caller's.
pub fn resource_account(inventory: &Inventory, caller: Option<&str>, arn: Arn<'_>) -> Option<Name> {
    if !arn.account.is_empty() {
        return Some(arn.account.into());
    }
    let bucket =
        format!("arn:{}:{}:::{}", arn.partition, arn.service, arn.resource.split('/').next().unwrap_or_default());
    let listed = inventory
        .accounts
        .values()
        .find(|account| account.resource_policies.iter().any(|it| it.arn == bucket.as_str()));
    listed.map(|account| account.id.clone()).or_else(|| caller.map(Name::from))
}

/// The organisation's policies of one kind over an account, outermost level first, and whether any of it is unread.
///
/// With the answer for the account alone the levels above it are unread; with parents and targets all levels are known.
pub fn ceilings(
    documents: &Documents,
    account: Option<&std::sync::Arc<AccountFacts>>,
    kind: &OrganizationPolicyKind,
) -> (Vec<Level>, bool) {
    let Some(account) = account else { return (Vec::new(), true) };
    let document_kind = match kind {
        OrganizationPolicyKind::ResourceControl => DocumentKind::Rcp,
        _ => DocumentKind::Scp,
    };
    let policy = |id: &Name| -> Option<Policy> {
        let found = account.organization_policies.iter().find(|it| it.id == *id)?;
        Some(Policy { name: found.name.clone(), document: documents.get(document_kind, found.text.as_ref()?) })
    };
    let mut unread = false;
    let mut level = |name: &Name, ids: &mut dyn Iterator<Item = &Name>| {
        let mut policies = Vec::new();
        for id in ids {
            match policy(id) {
                Some(policy) => policies.push(policy),
                None => {
                    unread = true;
                    let document = documents.get(document_kind, &Name::default());
                    policies.push(Policy { name: id.clone(), document });
                }
            }
        }
        Level { name: name.clone(), policies }
    };
    let of_kind = |target: &Name, level: &mut dyn FnMut(&Name, &mut dyn Iterator<Item = &Name>) -> Level| {
        let rows = account.target_policies_by_target.iter().filter(|it| it.target == *target);
        let mut ids: Vec<&Name> =
            rows.flat_map(|it| &it.policies).filter(|(_, it)| it == kind).map(|(id, _)| id).collect();
        ids.sort();
        ids.dedup();
        (!ids.is_empty()).then(|| level(target, &mut ids.into_iter()))
    };
    let mut chain = vec![account.id.clone()];
    while let Some(parent) = account.parents.iter().find(|it| Some(&it.child) == chain.last()) {
        // A circle in a hand-made file must not hold anybody up.
        if chain.contains(&parent.id) {
            break;
        }
        chain.push(parent.id.clone());
    }
    let reaches_root = account.parents.iter().any(|it| it.kind == "ROOT" && chain.last() == Some(&it.id));
    let mut levels: Vec<Level> = chain.iter().rev().filter_map(|target| of_kind(target, &mut level)).collect();
    if levels.is_empty() && *kind == OrganizationPolicyKind::ServiceControl {
        let mut ids = account.target_policies.iter().flat_map(|it| &it.policies).filter(|(_, it)| it == kind);
        let mut ids: Vec<&Name> = ids.by_ref().map(|(id, _)| id).collect();
        ids.sort();
        ids.dedup();
        if !ids.is_empty() {
            levels.push(level(&account.id, &mut ids.into_iter()));
        }
    }
    // Every account of an organisation has something above it.
    let alone = account.parents.is_empty() && account.target_policies.is_complete();
    let whole = (reaches_root || alone && levels.is_empty())
        && account.target_policies_by_target.is_complete()
        && account.parents.is_complete();
    (levels, unread || !whole)
}

/// What is known of any request: the time, which is that of the data.
fn requests(inventory: &Inventory) -> Context {
    let context = Context::open();
    match inventory.now {
        Some(now) => {
            context.with("aws:CurrentTime", now.to_string()).with("aws:EpochTime", now.as_second().to_string())
        }
        None => context,
    }
}

/// What is known offline of the requests of any principal (V6). Everything else stays unknown.
fn caller(inventory: &Inventory, arn: &Name, account: &Name) -> Context {
    requests(inventory)
        .with("aws:PrincipalArn", arn.clone())
        .with("aws:PrincipalAccount", account.clone())
        .with("aws:ViaAWSService", "false")
        .with("aws:PrincipalIsAWSService", "false")
}

/// Puts tags into the context and gives their keys in lower case.
fn tagged(context: &mut Context, tags: &Labels) -> Vec<String> {
    let mut known = Vec::new();
    for (key, value) in tags.iter() {
        tag(context, &mut known, key, value);
    }
    known
}

fn tag(context: &mut Context, known: &mut Vec<String>, key: &str, value: &Name) {
    let key = format!("aws:PrincipalTag/{key}");
    context.set(&key, Value::One(value.clone()));
    known.push(key.to_ascii_lowercase());
}

/// Says that tags which some document asks for and which are not known are absent, unless they are `open`.
fn absent_tags(context: &mut Context, policies: &Policies, known: &[String], open: impl Fn(&str) -> bool) {
    for key in condition_keys(policies) {
        let Some(name) = key.strip_prefix("aws:principaltag/") else { continue };
        if !open(name) && !known.contains(&key.to_string()) {
            context.set_absent(&key);
        }
    }
}

fn context(inventory: &Inventory, policies: &Policies, role: &Role, origin: Origin<'_>) -> Context {
    let mut context = caller(inventory, &role.arn, &role.account)
        .with("aws:PrincipalType", "AssumedRole")
        .without("aws:username")
        .without("aws:MultiFactorAuthPresent");
    let mut known = tagged(&mut context, &role.tags);
    let from_pod = origin.source == Some(Source::PodIdentity)
        && origin.association.and_then(|it| it.details.as_ref()).is_some_and(|it| !it.disable_session_tags);
    if from_pod {
        if let Some(cluster) = origin.cluster.and_then(|it| it.description()) {
            tag(&mut context, &mut known, "eks-cluster-arn", &cluster.arn);
            tag(&mut context, &mut known, "eks-cluster-name", &cluster.name);
        }
        if let (Some(namespace), Some(account)) = (origin.namespace, origin.service_account) {
            tag(&mut context, &mut known, "kubernetes-namespace", namespace);
            tag(&mut context, &mut known, "kubernetes-service-account", account);
        }
    }
    if origin.source == Some(Source::Irsa)
        && let (Some(cluster), Some(arn)) = (origin.cluster.and_then(|it| it.description()), Arn::parse(&role.arn))
    {
        let provider = format!("arn:{}:iam::{}:oidc-provider/{}", arn.partition, arn.account, cluster.issuer_path());
        context = context.with("aws:FederatedProvider", provider);
    }
    // Tags that neither the role nor its session carries are absent. Which tags a session of an unknown making carries,
    // and a pod's own name and uid, are not known.
    absent_tags(&mut context, policies, &known, |name| {
        let of_session = name.starts_with("kubernetes-") || name.starts_with("eks-cluster-");
        of_session && (from_pod || origin.source.is_none())
    });
    context
}

/// Condition keys that any of the documents asks for, in lower case.
fn condition_keys(policies: &Policies) -> Vec<Name> {
    let of = |document: &Document| -> Vec<Name> {
        let conditions = document.statements.iter().flat_map(|it| &it.conditions);
        conditions.flat_map(|it| it.keys().cloned()).collect()
    };
    let mut keys: Vec<Name> = policies.iter().flat_map(|(.., policy)| of(&policy.document)).collect();
    keys.sort();
    keys.dedup();
    keys
}
