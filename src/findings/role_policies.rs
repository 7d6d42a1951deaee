//! Statements of a role's identity policies, as findings point to them, and changes of those policies.

use std::sync::Arc;

use crate::base::{Name, text};
use crate::iam::document::Clause;
use crate::iam::pattern::{Action, ActionPattern, ResourcePattern};
use crate::iam::{Document, Effect, Statement};
use crate::model::EntityKey;
use crate::model::facts::iam::Role;

use super::context::Context;
use super::finding::Fix;
use super::fix;

/// One identity policy of a role.
#[derive(Clone)]
pub struct RolePolicy {
    pub origin: Origin,
    pub document: Arc<Document>,
}

/// Where a policy of a role stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the role itself, by name.
    Inline(Name),
    /// A managed policy, by ARN.
    Managed(Name),
}

impl Origin {
    /// The policy can be changed by the account: it is not one of AWS's.
    pub fn is_own(&self) -> bool {
        !matches!(self, Origin::Managed(arn) if arn.contains(":iam::aws:"))
    }

    pub fn name(&self) -> &str {
        match self {
            Origin::Inline(name) => name,
            Origin::Managed(arn) => arn.rsplit('/').next().unwrap_or(arn),
        }
    }

    /// A path in the answer of `get-account-authorization-details`.
    pub fn path(&self) -> String {
        match self {
            Origin::Inline(name) => format!("RolePolicyList[{name}]"),
            Origin::Managed(arn) => format!("AttachedManagedPolicies[{arn}]"),
        }
    }

    /// The command that takes the policy from a role.
    pub fn removal(&self, role: &Role) -> Fix {
        let role = fix::quoted(&role.name);
        fix::aws(match self {
            Origin::Inline(name) => {
                format!("aws iam delete-role-policy --role-name {role} --policy-name {}", fix::quoted(name))
            }
            Origin::Managed(arn) => {
                format!("aws iam detach-role-policy --role-name {role} --policy-arn {}", fix::quoted(arn))
            }
        })
    }

    /// How the policy is written anew, whole.
    pub fn rewriting(&self, role: &Role) -> Fix {
        fix::aws(match self {
            Origin::Inline(name) => format!(
                "aws iam put-role-policy --role-name {} --policy-name {} --policy-document file://policy.json",
                fix::quoted(&role.name),
                fix::quoted(name)
            ),
            Origin::Managed(arn) if self.is_own() => format!(
                "aws iam create-policy-version --policy-arn {} --set-as-default --policy-document file://policy.json",
                fix::quoted(arn)
            ),
            Origin::Managed(arn) => format!(
                "aws iam detach-role-policy --role-name {} --policy-arn {}   # and give the role a policy of its own",
                fix::quoted(&role.name),
                fix::quoted(arn)
            ),
        })
    }
}

/// The identity policies of a role in their order: inline ones, then managed ones.
pub fn of(context: &Context<'_>, role: &Role) -> Vec<RolePolicy> {
    let documents = context.trusts.documents.of_role_dated(context.inventory, role).identity;
    let inline = role.inline.iter().map(|it| Origin::Inline(it.name.clone()));
    let origins = inline.chain(role.attached.iter().map(|arn| Origin::Managed(arn.clone())));
    origins.zip(documents).map(|(origin, policy)| RolePolicy { origin, document: policy.document }).collect()
}

/// A statement of a role's policies.
#[derive(Clone)]
pub struct Place {
    pub origin: Origin,
    /// Index in the document.
    pub statement: usize,
    /// What it says, in a line.
    pub value: String,
}

impl Place {
    pub fn path(&self) -> String {
        format!("{}.Statement[{}]", self.origin.path(), self.statement)
    }
}

/// The Allows of a role that name an action on a resource like this one. `resource` is a pattern of the answer, which
/// some pattern of the statement is, or was cut down to.
pub fn granting(context: &Context<'_>, role: &Role, action: &str, resource: &str) -> Vec<Place> {
    let asked = Action::new(action);
    let mut places = Vec::new();
    let mut wide = Vec::new();
    for policy in of(context, role) {
        for statement in policy.document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)) {
            let named = statement.actions.values().any(|it| it.matches(&asked).is_yes());
            if named == statement.actions.negated {
                continue;
            }
            let place = Place { origin: policy.origin.clone(), statement: statement.index, value: said(statement) };
            let same =
                |it: &Clause<ResourcePattern>| !it.negated && it.entries.iter().any(|it| *it.written == *resource);
            match &statement.resources {
                Some(resources) if same(resources) => places.push(place),
                _ => wide.push(place),
            }
        }
    }
    if places.is_empty() { wide } else { places }
}

/// `Allow s3:Get*, s3:List* on *`
pub fn said(statement: &Statement) -> String {
    let effect = if statement.effect == Some(Effect::Deny) { "Deny" } else { "Allow" };
    let not = |negated: bool| if negated { "everything but " } else { "" };
    let actions: Vec<&str> = statement.actions.entries.iter().map(|it| it.written.as_str()).collect();
    let mut said = format!("{effect} {}{}", not(statement.actions.negated), few(&actions));
    if let Some(resources) = &statement.resources {
        let written: Vec<&str> = resources.entries.iter().map(|it| it.written.as_str()).collect();
        said.push_str(&format!(" on {}{}", not(resources.negated), few(&written)));
    }
    if !statement.conditions.is_empty() {
        let keys: Vec<&str> = statement.conditions.iter().map(|it| it.key.as_str()).collect();
        said.push_str(&format!(" if {}", few(&keys)));
    }
    text::clean(&said).into_owned()
}

/// The first few of some words, and how many more.
pub fn few(words: &[&str]) -> String {
    const SHOWN: usize = 6;
    let shown = words[..words.len().min(SHOWN)].join(", ");
    match words.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// An action pattern that names one action.
pub fn is_literal(pattern: &ActionPattern) -> bool {
    !pattern.is_everything() && !pattern.is_refused() && !pattern.as_str().contains(['*', '?'])
}

/// The workloads and accounts that have a role, for the list of what is concerned.
pub fn holders(context: &Context<'_>, role: &EntityKey) -> Vec<EntityKey> {
    const NAMED: usize = 20;
    let workloads: Vec<EntityKey> = context.users_of_role(role).take(NAMED).map(|it| it.key.clone()).collect();
    if !workloads.is_empty() {
        return workloads;
    }
    let accounts = context.pod_role(role).map(|it| it.accounts()).unwrap_or_default();
    accounts.into_iter().take(NAMED).collect()
}
