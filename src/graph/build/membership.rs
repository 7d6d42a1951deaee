//! Who counts as whom: groups by being oneself, and IAM principals that EKS or `aws-auth` map (R139, R172 to R175).

use rustc_hash::FxHashSet;

use crate::base::Truth;
use crate::model::{ClusterFacts, EntityKey, Kind};

use super::super::authorization::{Authorization, MASTERS, MappingOrigin, Origin, Subject};
use super::super::kind::EdgeKind;
use super::super::node::Foothold;
use super::{Builder, Proof};

/// One cluster. `at` is the position of its authorization.
pub(super) fn add(builder: &mut Builder<'_>, at: u32, authorization: &Authorization) {
    let Some(cluster) = builder.inventory.clusters.get(&authorization.cluster) else { return };
    let strong = strong(authorization);
    add_accounts(builder, cluster, &strong);
    add_kubelets(builder, cluster, &strong);
    add_subjects(builder, authorization, &strong);
    add_mappings(builder, at, authorization, &strong);
    let label = &cluster.label;
    if !authorization.hidden_creator.is_no() {
        let creator = builder.subject(label, &Subject::User("kubernetes-admin".into()));
        let admin = builder.cluster_set(Foothold::ClusterAdmin, label);
        builder.connect(creator, admin, EdgeKind::ClusterCreator, Truth::Unknown);
    }
}

/// Subjects with something to give to their members: a power, or a grant that may be of anything.
fn strong(authorization: &Authorization) -> FxHashSet<&Subject> {
    let mut strong: FxHashSet<&Subject> = authorization.powers().iter().map(|it| &it.subject).collect();
    strong.extend(authorization.unread().map(|(_, grant)| &grant.subject));
    strong.extend(authorization.grants().iter().filter(|it| it.origin == Origin::Builtin).map(|it| &it.subject));
    strong
}

fn add_accounts(builder: &mut Builder<'_>, cluster: &ClusterFacts, strong: &FxHashSet<&Subject>) {
    let identities = builder.identities;
    for account in identities.accounts.iter().filter(|it| it.key.scope == cluster.label) {
        let subject = Subject::service_account(&account.key.namespace, &account.key.name);
        let from = builder.node(Foothold::Api, &account.key);
        for implied in subject.implied().iter().filter(|it| strong.contains(it)) {
            let to = builder.subject(&cluster.label, implied);
            builder.connect(from, to, EdgeKind::MemberOf, Truth::Yes);
        }
    }
}

fn add_kubelets(builder: &mut Builder<'_>, cluster: &ClusterFacts, strong: &FxHashSet<&Subject>) {
    for node in &cluster.nodes {
        let key = EntityKey::scoped(Kind::Node, &cluster.label, &node.meta.name);
        let from = builder.node(Foothold::Kubelet, &key);
        let user = Subject::User(format!("system:node:{}", node.meta.name).into());
        let group = Subject::group("system:nodes");
        let authenticated = Subject::group(super::super::authorization::AUTHENTICATED);
        for subject in [user, group, authenticated].iter().filter(|it| strong.contains(it)) {
            let to = builder.subject(&cluster.label, subject);
            builder.connect(from, to, EdgeKind::MemberOf, Truth::Yes);
        }
    }
}

/// Users and groups count as authenticated.
fn add_subjects(builder: &mut Builder<'_>, authorization: &Authorization, strong: &FxHashSet<&Subject>) {
    let label = &authorization.cluster;
    for subject in authorization.subjects().filter(|it| matches!(it, Subject::User(_) | Subject::Group(_))) {
        let from = builder.subject(label, subject);
        for implied in subject.implied().iter().filter(|it| strong.contains(it)) {
            let to = builder.subject(label, implied);
            builder.connect(from, to, EdgeKind::MemberOf, Truth::Yes);
        }
    }
}

fn add_mappings(builder: &mut Builder<'_>, at: u32, authorization: &Authorization, strong: &FxHashSet<&Subject>) {
    let label = &authorization.cluster;
    for (number, mapping) in authorization.mappings.iter().enumerate() {
        if mapping.counts.is_no() {
            continue;
        }
        let proof = builder.proof(Proof::Mapping { cluster: at, mapping: number });
        let kind = match mapping.origin {
            MappingOrigin::AccessEntry { .. } => EdgeKind::AccessEntry,
            MappingOrigin::MapRoles(_) | MappingOrigin::MapUsers(_) | MappingOrigin::MapAccounts(_) => {
                EdgeKind::AwsAuth
            }
        };
        let from = builder.subject(label, &mapping.subject());
        let groups = mapping.groups.iter().map(|it| Subject::Group(it.clone()));
        let user = Some(Subject::User(mapping.username.clone())).filter(|_| !mapping.username.contains("{{"));
        let authenticated = Subject::group(super::super::authorization::AUTHENTICATED);
        for subject in groups.chain(user).chain([authenticated]) {
            let masters = matches!(&subject, Subject::Group(name) if name == MASTERS);
            if masters || strong.contains(&subject) {
                let to = builder.subject(label, &subject);
                builder.prove(from, to, kind, mapping.counts, proof);
            }
            if masters {
                let group = builder.subject(label, &subject);
                let admin = builder.cluster_set(Foothold::ClusterAdmin, label);
                builder.connect(group, admin, EdgeKind::ClusterAdmin, Truth::Yes);
            }
        }
    }
}
