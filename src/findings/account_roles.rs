//! Roles that service accounts are annotated with, and the workloads that are meant to have them.

use crate::base::Name;
use crate::identity::injection::ROLE_ANNOTATION;
use crate::model::facts::workload::ServiceAccount;
use crate::model::{ClusterFacts, EntityKey, Kind};

use super::context::Context;

/// One annotated service account.
pub struct Annotated<'a> {
    pub cluster: &'a ClusterFacts,
    pub facts: &'a ServiceAccount,
    pub account: EntityKey,
    /// The annotation as written; not empty.
    pub role: Name,
    workloads: Vec<EntityKey>,
}

impl Annotated<'_> {
    /// Whom a finding about the annotation is about: its workloads, or the account when nobody runs as it.
    pub fn subjects(&self) -> Vec<EntityKey> {
        if self.workloads.is_empty() { vec![self.account.clone()] } else { self.workloads.clone() }
    }

    pub fn workloads(&self) -> &[EntityKey] {
        &self.workloads
    }
}

/// Every service account with a role annotation.
pub fn annotated<'c, 'a: 'c>(context: &'c Context<'a>) -> impl Iterator<Item = Annotated<'a>> + 'c {
    context.service_accounts().filter_map(move |(cluster, facts)| {
        let role = facts.meta.annotations.get(ROLE_ANNOTATION).filter(|role| !role.is_empty())?.clone();
        let account =
            EntityKey::namespaced(Kind::ServiceAccount, &cluster.label, &facts.meta.namespace, &facts.meta.name);
        let workloads = context.users_of_account(&account).map(|it| it.key.clone()).collect();
        Some(Annotated { cluster, facts, account, role, workloads })
    })
}
