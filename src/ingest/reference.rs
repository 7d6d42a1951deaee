//! The yardstick of the benchmarks: the same files, read whole and parsed by serde_json into the same types on one
//! thread, and nothing done with them.

use std::io::{self, Read};

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::base::name::Pool;
use crate::model::source::SourceKind;

use super::Snapshot;
use super::aws::{ec2, iam};
use super::kube::{node, pod, rbac, workload};
use super::object::{Items, object};
use super::stream::Stream;

object! {
    struct Pods<'de> { items: Items<pod::PodIn<'de>> = "items", }
    struct Workloads<'de> { items: Items<workload::WorkloadIn<'de>> = "items", }
    struct ServiceAccounts<'de> { items: Items<workload::ServiceAccountIn<'de>> = "items", }
    struct Nodes<'de> { items: Items<node::NodeIn<'de>> = "items", }
    struct Roles<'de> { items: Items<rbac::RoleIn<'de>> = "items", }
    struct Bindings<'de> { items: Items<rbac::BindingIn<'de>> = "items", }
    struct Instances<'de> { items: Items<ec2::ReservationIn<'de>> = "Reservations", }
    struct Iam<'de> {
        users: Items<iam::UserIn<'de>> = "UserDetailList",
        groups: Items<iam::GroupIn<'de>> = "GroupDetailList",
        roles: Items<iam::RoleIn<'de>> = "RoleDetailList",
        policies: Items<iam::PolicyIn<'de>> = "Policies",
    }
}

/// Parses every file of a snapshot; returns how many objects there were in the large lists.
pub fn parse(snapshot: &Snapshot) -> io::Result<usize> {
    let mut count = 0;
    for found in &snapshot.layout.found {
        let _names = Pool::open();
        for part in &found.parts {
            let mut text = Vec::new();
            Stream::open(&snapshot.files, &part.path)?.read_to_end(&mut text)?;
            count += objects(found.source.kind, &text)?;
        }
    }
    Ok(count)
}

/// Parses one answer; returns how many objects there were when it is one of the large lists.
pub fn objects(kind: SourceKind, text: &[u8]) -> io::Result<usize> {
    macro_rules! items {
        ($type:ty) => {
            one::<$type>(text)?.items.0.len()
        };
    }
    Ok(match kind {
        SourceKind::Pods => items!(Pods<'_>),
        SourceKind::Deployments
        | SourceKind::ReplicaSets
        | SourceKind::StatefulSets
        | SourceKind::DaemonSets
        | SourceKind::Jobs
        | SourceKind::CronJobs => items!(Workloads<'_>),
        SourceKind::ServiceAccounts => items!(ServiceAccounts<'_>),
        SourceKind::Nodes => items!(Nodes<'_>),
        SourceKind::Roles | SourceKind::ClusterRoles => items!(Roles<'_>),
        SourceKind::RoleBindings | SourceKind::ClusterRoleBindings => items!(Bindings<'_>),
        SourceKind::Instances => items!(Instances<'_>),
        SourceKind::Iam => {
            let it = one::<Iam<'_>>(text)?;
            it.users.0.len() + it.groups.0.len() + it.roles.0.len() + it.policies.0.len()
        }
        // Small: a few hundredths of the bytes.
        _ => {
            for value in serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>() {
                value?;
            }
            0
        }
    })
}

fn one<'de, T: Deserialize<'de>>(text: &'de [u8]) -> io::Result<T> {
    Ok(serde_json::from_slice(text)?)
}
