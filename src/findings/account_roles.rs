//! Roles that service accounts are annotated with, and the workloads that are meant to have them.

use rustc_hash::FxHashSet;

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

/// Service accounts that pod templates of a cluster name, with their namespace; `None` where pods or templates were not
/// read whole. A workload with pods is known by them; its template may name another account by now.
pub fn named_by_templates(cluster: &ClusterFacts) -> Option<FxHashSet<(&Name, &Name)>> {
    let lists = [&cluster.deployments, &cluster.stateful_sets, &cluster.daemon_sets, &cluster.jobs, &cluster.cron_jobs];
    if !cluster.pods.is_complete() || !lists.iter().all(|list| list.is_complete()) {
        return None;
    }
    let all = lists.into_iter().flat_map(|list| list.iter());
    Some(all.map(|it| (&it.meta.namespace, &it.template.spec.service_account)).collect())
}
