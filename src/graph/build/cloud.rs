//! Edges on the AWS side: roles that become roles, techniques of escalation, accounts and what belongs to them
//! (R111, R177 to R189).

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::Truth;
use crate::model::{EntityKey, Kind};

use super::super::escalation::{Gain, Gained, Gains, Targets};
use super::super::kind::EdgeKind;
use super::super::node::{Foothold, NodeId};
use super::super::policy_key;
use super::{Builder, Proof};

pub(super) fn add(builder: &mut Builder<'_>, gains: &Gains) {
    for (from, to, certainty) in builder.identities.role_steps {
        if let (Some(from), Some(to)) = (builder.session(from), builder.session(to)) {
            builder.connect(from, to, EdgeKind::AssumeRole, *certainty);
        }
    }
    add_accounts(builder);
    add_gains(builder, gains);
}

/// The roles of each account, and what hangs on them.
fn add_accounts(builder: &mut Builder<'_>) {
    for account in builder.inventory.accounts.values() {
        let admin = builder.account(&account.id);
        let set = builder.node(Foothold::AllRoles, &EntityKey::plain(Kind::Resource, &account.id));
        builder.connect(admin, set, EdgeKind::AccountRole, Truth::Yes);
        for role in &account.roles {
            let key = EntityKey::scoped(Kind::Role, &account.id, &role.name);
            let session = builder.node(Foothold::Session, &key);
            // Nobody in the account can change reserved and service-linked roles.
            if !role.path.starts_with("/aws-reserved/") && !role.path.starts_with("/aws-service-role/") {
                builder.connect(set, session, EdgeKind::Includes, Truth::Yes);
            }
            for arn in &role.attached {
                let policy = builder.node(Foothold::Thing, &policy_key(&account.id, arn));
                builder.connect(session, policy, EdgeKind::Attaches, Truth::Yes);
            }
            if let Some(arn) = &role.boundary {
                let policy = builder.node(Foothold::Thing, &policy_key(&account.id, arn));
                builder.connect(session, policy, EdgeKind::BoundedBy, Truth::Yes);
            }
        }
    }
    for cluster in builder.inventory.clusters.values() {
        // Who rules the account rules its clusters: EKS lets it write access entries, or switch to them (R177).
        let Some(arn) = crate::identity::cluster_arn(cluster) else { continue };
        let account = builder.account(&arn.account.into());
        let admin = builder.cluster_set(Foothold::ClusterAdmin, &cluster.label);
        builder.connect(account, admin, EdgeKind::AccessEntryEdit, Truth::Yes);
    }
}

/// Sets of targets that principals share, each one node.
#[derive(Default)]
struct Shared(FxHashMap<(*const EntityKey, EdgeKind), NodeId>);

fn add_gains(builder: &mut Builder<'_>, gains: &Gains) {
    for (key, certainty) in gains.administrators() {
        let from = principal(builder, key);
        let account = builder.account(&key.scope);
        builder.connect(from, account, EdgeKind::AccountAdmin, certainty);
    }
    let mut shared = Shared::default();
    for (at, gain) in gains.all().iter().enumerate() {
        let proof = builder.proof(Proof::Gain(at));
        add_gain(builder, &mut shared, gain, proof);
    }
}

fn principal(builder: &mut Builder<'_>, key: &EntityKey) -> NodeId {
    let foothold = if key.kind == Kind::IamUser { Foothold::IamUser } else { Foothold::Session };
    builder.node(foothold, key)
}

fn add_gain(builder: &mut Builder<'_>, shared: &mut Shared, gain: &Gain, proof: u32) {
    let from = principal(builder, &gain.from);
    let certainty = gain.certainty;
    let mut targets = |builder: &mut Builder<'_>, targets: &Targets, kind: EdgeKind, certainty: Truth| {
        let set = shared.of(builder, targets, kind);
        builder.prove(from, set, kind, certainty, proof);
    };
    match &gain.to {
        Gained::Account { account, .. } => {
            let to = builder.account(account);
            builder.prove(from, to, EdgeKind::AccountAdmin, certainty, proof);
        }
        Gained::Roles(roles) | Gained::Users(roles) | Gained::UsersInService(roles) => {
            targets(builder, roles, EdgeKind::Escalation, certainty);
        }
        // One of them, and which is not known.
        Gained::SomeRole { among, .. } => {
            let certainty = if among.len() == 1 { certainty } else { Truth::Unknown };
            targets(builder, among, EdgeKind::Escalation, certainty);
        }
        Gained::Nodes(nodes) => targets(builder, nodes, EdgeKind::NodeAccess, certainty),
        Gained::Cluster(label) => {
            let to = builder.cluster_set(Foothold::ClusterAdmin, label);
            builder.prove(from, to, EdgeKind::AccessEntryEdit, certainty, proof);
        }
        // Worth something to who also runs a pod in the cluster, which this principal may not.
        Gained::Association { roles, .. } => targets(builder, roles, EdgeKind::AssociationEdit, Truth::Unknown),
        // No identity is gained, or none that has a node.
        Gained::Ceiling { .. } | Gained::More | Gained::Groups(_) | Gained::Organization | Gained::Data(_) => {}
    }
}

impl Shared {
    fn of(&mut self, builder: &mut Builder<'_>, targets: &Targets, kind: EdgeKind) -> NodeId {
        let all: &Arc<[EntityKey]> = targets.shared();
        if let Some(set) = self.0.get(&(all.as_ptr(), kind)) {
            return *set;
        }
        let set = builder.another(Foothold::AllRoles, &EntityKey::plain(Kind::Resource, ""));
        for key in all.iter() {
            let node = match key.kind {
                Kind::Node => builder.node(Foothold::NodeRoot, key),
                _ => principal(builder, key),
            };
            builder.connect(set, node, EdgeKind::Includes, Truth::Yes);
        }
        self.0.insert((all.as_ptr(), kind), set);
        set
    }
}
