//! Counting what an account's IAM answer holds, to compare with what somebody else counts.

use std::collections::BTreeMap;

use crate::iam::document::Damage;
use crate::iam::{Document, DocumentKind, parse};
use crate::model::AccountFacts;
use crate::model::facts::iam::PolicyText;

/// Counts by what they count, and the documents that could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    pub counts: BTreeMap<&'static str, u64>,
    /// Such as `role/111122223333:api inline policy reader`.
    pub unreadable: Vec<String>,
}

/// Counts roles, users, groups, policies, their versions, and the statements of every trust document, inline policy and
/// policy version. Parses every document: some milliseconds for a thousand roles.
pub fn of_account(account: &AccountFacts) -> Census {
    let mut census = Census::default();
    let mut statements = 0;
    let mut count = |kind: DocumentKind, text: &PolicyText, place: &dyn Fn() -> String| {
        let (document, _): (Document, _) = parse(text, kind);
        statements += document.statements.len() as u64;
        if document.damage == Damage::Unreadable {
            census.unreadable.push(place());
        }
    };
    for role in &account.roles {
        let address = format!("role/{}:{}", account.id, role.name);
        if let Some(text) = &role.trust {
            count(DocumentKind::Trust, text, &|| format!("{address} trust policy"));
        }
        for policy in &role.inline {
            count(DocumentKind::Identity, &policy.text, &|| format!("{address} inline policy {}", policy.name));
        }
    }
    for user in &account.users {
        for policy in &user.inline {
            let place = || format!("iam-user/{}:{} inline policy {}", account.id, user.name, policy.name);
            count(DocumentKind::Identity, &policy.text, &place);
        }
    }
    for group in &account.groups {
        for policy in &group.inline {
            let place = || format!("group {} inline policy {}", group.name, policy.name);
            count(DocumentKind::Identity, &policy.text, &place);
        }
    }
    let mut versions = 0;
    for policy in &account.policies {
        versions += policy.versions.len() as u64;
        for version in &policy.versions {
            let place = || format!("policy/{}:{} version {}", account.id, policy.name, version.id);
            count(DocumentKind::Identity, &version.text, &place);
        }
    }
    census.counts = BTreeMap::from([
        ("roles", account.roles.len() as u64),
        ("users", account.users.len() as u64),
        ("groups", account.groups.len() as u64),
        ("policies", account.policies.len() as u64),
        ("policy_versions", versions),
        ("statements", statements),
    ]);
    census
}
