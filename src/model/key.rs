//! Stable names of things. State, snapshots and messages hold an [`EntityKey`], never a graph node number.

use std::fmt;

use crate::base::Name;

/// What a thing is, and how its address is written (protocols.md, "Addresses").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Cluster,
    Namespace,
    Node,
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    Job,
    CronJob,
    Pod,
    Container,
    ServiceAccount,
    RbacRole,
    RoleBinding,
    ClusterRole,
    ClusterRoleBinding,
    User,
    Group,
    Role,
    IamUser,
    Policy,
    Provider,
    Association,
    Resource,
    Finding,
}

/// How the part of an address behind the kind is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `KIND/NAME`
    Plain,
    /// `KIND/CLUSTER/NAME`
    InCluster,
    /// `KIND/CLUSTER/NAMESPACE/NAME`
    InNamespace,
    /// `KIND/CLUSTER/NAMESPACE/POD/NAME`
    InPod,
    /// `KIND/ACCOUNT:NAME`
    InAccount,
}

impl Kind {
    /// Every kind with its word in addresses, in declaration order.
    pub const ALL: [(Kind, &'static str, Form); 25] = [
        (Kind::Cluster, "cluster", Form::Plain),
        (Kind::Namespace, "namespace", Form::InCluster),
        (Kind::Node, "node", Form::InCluster),
        (Kind::Deployment, "deployment", Form::InNamespace),
        (Kind::StatefulSet, "statefulset", Form::InNamespace),
        (Kind::DaemonSet, "daemonset", Form::InNamespace),
        (Kind::ReplicaSet, "replicaset", Form::InNamespace),
        (Kind::Job, "job", Form::InNamespace),
        (Kind::CronJob, "cronjob", Form::InNamespace),
        (Kind::Pod, "pod", Form::InNamespace),
        (Kind::Container, "container", Form::InPod),
        (Kind::ServiceAccount, "sa", Form::InNamespace),
        (Kind::RbacRole, "role.rbac", Form::InNamespace),
        (Kind::RoleBinding, "rolebinding", Form::InNamespace),
        (Kind::ClusterRole, "clusterrole", Form::InCluster),
        (Kind::ClusterRoleBinding, "clusterrolebinding", Form::InCluster),
        (Kind::User, "user", Form::InCluster),
        (Kind::Group, "group", Form::InCluster),
        (Kind::Role, "role", Form::InAccount),
        (Kind::IamUser, "iam-user", Form::InAccount),
        (Kind::Policy, "policy", Form::InAccount),
        (Kind::Provider, "provider", Form::InAccount),
        (Kind::Association, "association", Form::InCluster),
        (Kind::Resource, "res", Form::Plain),
        (Kind::Finding, "finding", Form::Plain),
    ];

    /// The word in front of an address.
    pub fn word(self) -> &'static str {
        Kind::ALL[self as usize].1
    }

    pub fn form(self) -> Form {
        Kind::ALL[self as usize].2
    }

    /// A thing of a cluster.
    pub fn is_of_cluster(self) -> bool {
        !matches!(self.form(), Form::Plain | Form::InAccount)
    }

    /// Something that makes pods, or a pod that nothing makes.
    pub fn is_workload(self) -> bool {
        matches!(
            self,
            Kind::Deployment
                | Kind::StatefulSet
                | Kind::DaemonSet
                | Kind::ReplicaSet
                | Kind::Job
                | Kind::CronJob
                | Kind::Pod
        )
    }

    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.iter().find(|(_, it, _)| *it == word).map(|(kind, ..)| *kind)
    }
}

/// The address of one thing, valid in every estate that holds it.
///
/// `scope` is the cluster's label or the account id; parts that the kind does not use are empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityKey {
    pub kind: Kind,
    pub scope: Name,
    pub namespace: Name,
    /// The pod of a container; empty for every other kind.
    pub pod: Name,
    pub name: Name,
}

impl EntityKey {
    pub fn plain(kind: Kind, name: &str) -> EntityKey {
        EntityKey { kind, scope: Name::default(), namespace: Name::default(), pod: Name::default(), name: name.into() }
    }

    /// A thing of a cluster outside namespaces, or of an account.
    pub fn scoped(kind: Kind, scope: &Name, name: &Name) -> EntityKey {
        EntityKey { kind, scope: scope.clone(), namespace: Name::default(), pod: Name::default(), name: name.clone() }
    }

    pub fn namespaced(kind: Kind, cluster: &Name, namespace: &Name, name: &Name) -> EntityKey {
        EntityKey {
            kind,
            scope: cluster.clone(),
            namespace: namespace.clone(),
            pod: Name::default(),
            name: name.clone(),
        }
    }

    /// The key of a role by its ARN, path left out; `None` when the ARN names no role.
    pub fn role(arn: &str) -> Option<EntityKey> {
        let (account, name) = super::arn::role_name(arn)?;
        Some(EntityKey::scoped(Kind::Role, &account.into(), &name.into()))
    }

    /// Reads a long address as [`fmt::Display`] writes it.
    pub fn parse(address: &str) -> Option<EntityKey> {
        let (word, rest) = address.split_once('/')?;
        let kind = Kind::from_word(word)?;
        let empty = Name::default;
        let key = |scope: &str, namespace: &str, pod: &str, name: &str| {
            (!name.is_empty()).then(|| EntityKey {
                kind,
                scope: scope.into(),
                namespace: namespace.into(),
                pod: pod.into(),
                name: name.into(),
            })
        };
        match kind.form() {
            Form::Plain => (!rest.is_empty()).then(|| EntityKey {
                kind,
                scope: empty(),
                namespace: empty(),
                pod: empty(),
                name: rest.into(),
            }),
            Form::InAccount => {
                let (account, name) = rest.split_once(':')?;
                key(account, "", "", name)
            }
            Form::InCluster => {
                // Names of RBAC objects may hold slashes and colons; cluster labels hold neither.
                let (cluster, name) = rest.split_once('/')?;
                key(cluster, "", "", name)
            }
            Form::InNamespace => {
                let mut parts = rest.splitn(3, '/');
                key(parts.next()?, parts.next()?, "", parts.next()?)
            }
            Form::InPod => {
                let mut parts = rest.splitn(4, '/');
                key(parts.next()?, parts.next()?, parts.next()?, parts.next()?)
            }
        }
    }
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EntityKey { kind, scope, namespace, pod, name } = self;
        let word = kind.word();
        match kind.form() {
            Form::Plain => write!(f, "{word}/{name}"),
            Form::InAccount => write!(f, "{word}/{scope}:{name}"),
            Form::InCluster => write!(f, "{word}/{scope}/{name}"),
            Form::InNamespace => write!(f, "{word}/{scope}/{namespace}/{name}"),
            Form::InPod => write!(f, "{word}/{scope}/{namespace}/{pod}/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_declaration_order() {
        for (at, (kind, ..)) in Kind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, at);
        }
    }

    #[test]
    fn an_address_reads_back_as_itself() {
        for address in [
            "cluster/prod",
            "pod/prod/payments/api-1",
            "container/prod/payments/api-1/app",
            "role/111122223333:api",
            "role.rbac/prod/payments/reader",
            "clusterrole/prod/system:controller:x",
            "provider/111122223333:oidc.eks.eu-west-1.amazonaws.com/id/AB",
            "association/prod/a-0b1c",
            "res/arn:aws:s3:::b/k",
        ] {
            assert_eq!(EntityKey::parse(address).expect(address).to_string(), address);
        }
        assert_eq!(EntityKey::parse("pod/prod/payments"), None);
        assert_eq!(EntityKey::parse("what/ever"), None);
    }
}
