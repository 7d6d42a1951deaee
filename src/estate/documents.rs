//! The policy documents of a role, and where the stored text of any thing stands.

use rayon::prelude::*;

use crate::base::Name;
use crate::identity::documents::stand_in;
use crate::model::facts::iam::{PolicyText, Role};
use crate::model::facts::meta::Origin;
use crate::model::{EntityKey, Inventory, Kind, Lookup};

use super::problem::{Problem, Severity};

/// What a document does for a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentRole {
    Inline,
    /// A managed policy of the account.
    CustomerManaged,
    /// A managed policy of AWS.
    AwsManaged,
    Trust,
    Boundary,
}

impl DocumentRole {
    pub fn title(self) -> &'static str {
        match self {
            DocumentRole::Inline => "inline",
            DocumentRole::CustomerManaged => "customer managed",
            DocumentRole::AwsManaged => "AWS managed",
            DocumentRole::Trust => "trust",
            DocumentRole::Boundary => "permissions boundary",
        }
    }

    /// It grants what the role may do; trust and boundary do not.
    pub fn is_identity_policy(self) -> bool {
        matches!(self, DocumentRole::Inline | DocumentRole::CustomerManaged | DocumentRole::AwsManaged)
    }
}

/// One document of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDocument {
    pub role: DocumentRole,
    pub name: Name,
    /// Of a managed policy.
    pub arn: Option<Name>,
    /// The version shown and all versions, newest last; empty for documents without versions.
    pub version: Name,
    pub versions: Vec<Name>,
    /// `None` when the text was not read: what it says is unknown, not nothing.
    pub text: Option<PolicyText>,
}

pub(super) fn of_role(inventory: &Inventory, key: &EntityKey) -> Vec<RoleDocument> {
    let Some(account) = inventory.accounts.get(&key.scope) else { return Vec::new() };
    let Lookup::Found(role) = account.role(&key.name) else { return Vec::new() };
    let mut documents: Vec<RoleDocument> = role
        .inline
        .iter()
        .map(|policy| RoleDocument {
            role: DocumentRole::Inline,
            name: policy.name.clone(),
            arn: None,
            version: Name::default(),
            versions: Vec::new(),
            text: Some(policy.text.clone()),
        })
        .collect();
    documents.extend(role.attached.iter().map(|arn| managed(inventory, role, arn, None)));
    documents.push(RoleDocument {
        role: DocumentRole::Trust,
        name: role.name.clone(),
        arn: None,
        version: Name::default(),
        versions: Vec::new(),
        text: role.trust.clone(),
    });
    documents.extend(role.boundary.iter().map(|arn| managed(inventory, role, arn, Some(DocumentRole::Boundary))));
    documents
}

/// The managed policy behind an ARN. AWS's own stand in every account's answer that attaches them.
fn managed(inventory: &Inventory, role: &Role, arn: &Name, as_role: Option<DocumentRole>) -> RoleDocument {
    let found = match inventory.accounts.get(&role.account).map(|account| account.policy(arn)) {
        Some(Lookup::Found(policy)) => Some(policy),
        _ => None,
    };
    let kind = match crate::model::Arn::parse(arn) {
        Some(parts) if parts.account == "aws" => DocumentRole::AwsManaged,
        _ => DocumentRole::CustomerManaged,
    };
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let dated = stand_in(inventory, &role.account, arn).filter(|_| as_role.is_none());
    if let Some(policy) = dated {
        return RoleDocument {
            role: kind,
            name: policy.dated(name).into(),
            arn: Some(arn.clone()),
            version: policy.version.as_str().into(),
            versions: vec![policy.version.as_str().into()],
            text: Some(policy.document.get().into()),
        };
    }
    RoleDocument {
        role: as_role.unwrap_or(kind),
        name: Name::from(name),
        arn: Some(arn.clone()),
        version: found.map_or_else(Name::default, |policy| policy.default_version.clone()),
        versions: found.map_or_else(Vec::new, |policy| policy.versions.iter().map(|it| it.id.clone()).rev().collect()),
        text: found.and_then(|policy| policy.default_text()).cloned(),
    }
}

pub(super) fn origin<'a>(inventory: &'a Inventory, key: &EntityKey) -> Option<&'a Origin> {
    let origin = match key.kind {
        Kind::Role | Kind::IamUser | Kind::Policy | Kind::Provider => {
            let account = inventory.accounts.get(&key.scope)?;
            match key.kind {
                Kind::Role => &account.roles.iter().find(|it| it.name == key.name)?.origin,
                Kind::IamUser => &account.users.iter().find(|it| it.name == key.name)?.origin,
                Kind::Policy => &account.policies.iter().find(|it| it.name == key.name)?.origin,
                _ => &account.providers.iter().find(|it| it.arn.ends_with(key.name.as_str()))?.origin,
            }
        }
        _ => {
            let cluster = inventory.clusters.get(if key.kind == Kind::Cluster { &key.name } else { &key.scope })?;
            let workload = |listing: &'a crate::model::Listing<crate::model::facts::workload::Workload>| {
                let mut items = listing.iter();
                items
                    .find(|it| it.meta.namespace == key.namespace && it.meta.name == key.name)
                    .map(|it| &it.meta.origin)
            };
            match key.kind {
                Kind::Cluster => &cluster.description()?.origin,
                Kind::Pod => match cluster.pod(&key.namespace, &key.name) {
                    Lookup::Found(pod) => &pod.meta.origin,
                    _ => return None,
                },
                Kind::ServiceAccount => match cluster.service_account(&key.namespace, &key.name) {
                    Lookup::Found(account) => &account.meta.origin,
                    _ => return None,
                },
                Kind::Node => match cluster.node(&key.name) {
                    Lookup::Found(node) => &node.meta.origin,
                    _ => return None,
                },
                Kind::Namespace => &cluster.namespaces.iter().find(|it| it.meta.name == key.name)?.meta.origin,
                Kind::Deployment => workload(&cluster.deployments)?,
                Kind::ReplicaSet => workload(&cluster.replica_sets)?,
                Kind::StatefulSet => workload(&cluster.stateful_sets)?,
                Kind::DaemonSet => workload(&cluster.daemon_sets)?,
                Kind::Job => workload(&cluster.jobs)?,
                Kind::CronJob => workload(&cluster.cron_jobs)?,
                Kind::Association => &cluster.associations.iter().find(|it| it.id == key.name)?.origin,
                _ => return None,
            }
        }
    };
    (!origin.file.is_empty()).then_some(origin)
}

/// Documents that are no JSON object, and sources that were not read whole, as problems. Only the shape is looked at
/// here; what a document says is read when somebody asks.
pub(super) fn problems(inventory: &Inventory, problems: &mut Vec<Problem>) {
    for account in inventory.accounts.values() {
        let broken: Vec<Problem> =
            account.roles.items().par_iter().flat_map_iter(|role| broken_of_role(role)).collect();
        problems.extend(broken);
        let broken: Vec<Problem> = account
            .policies
            .items()
            .par_iter()
            .filter(|policy| policy.default_text().is_some_and(|text| !is_object(text)))
            .map(|policy| Problem {
                severity: Severity::Medium,
                slug: UNREADABLE,
                subject: crate::graph::policy_key(&account.id, &policy.arn),
                text: format!("the document of policy {} is no JSON object", policy.name),
            })
            .collect();
        problems.extend(broken);
    }
    for gap in inventory.coverage.gaps() {
        let why = if gap.report.why.is_empty() { gap.report.status.word() } else { &gap.report.why };
        problems.push(Problem {
            severity: Severity::Info,
            slug: "not-read",
            subject: place_of(inventory, &gap.source.path),
            text: format!("{} was not read whole: {why}", gap.source),
        });
    }
}

const UNREADABLE: &str = "document-unreadable";

fn broken_of_role(role: &Role) -> Vec<Problem> {
    let problem = |text: String| Problem {
        severity: Severity::Medium,
        slug: UNREADABLE,
        subject: EntityKey::scoped(Kind::Role, &role.account, &role.name),
        text,
    };
    let trust = role.trust.iter().filter(|text| !is_object(text)).map(|_| "the trust policy is no JSON object".into());
    let inline = role.inline.iter().filter(|policy| !is_object(&policy.text));
    let inline = inline.map(|policy| format!("inline policy {} is no JSON object", policy.name));
    trust.chain(inline).map(problem).collect()
}

fn is_object(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
        && serde_json::from_str::<serde::de::IgnoredAny>(text.trim_start_matches('\u{feff}')).is_ok()
}

/// The cluster or account that a source speaks of.
fn place_of(inventory: &Inventory, source: &str) -> EntityKey {
    let inside = |directory: &str| source.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
    if let Some(cluster) = inventory.clusters.values().find(|cluster| inside(&cluster.directory)) {
        return EntityKey::plain(Kind::Cluster, &cluster.label);
    }
    let account = inventory.accounts.values().find(|account| inside(&account.directory));
    EntityKey::plain(Kind::Resource, &account.map_or_else(String::new, |it| format!("arn:aws:iam::{}:root", it.id)))
}
