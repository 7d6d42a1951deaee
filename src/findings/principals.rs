//! IAM principals in clusters as findings see them: what an entry maps them to, how much that is, and which machines use
//! them.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::base::{Name, Truth};
use crate::graph::authorization::{Authorization, Mapping, MappingOrigin, Origin, Scope};
use crate::identity::Evidence;
use crate::identity::instance::class_role;
use crate::model::{Arn, ClusterFacts, EntityKey, Kind, SourceKind};

use super::context::{Context, gives_everything};
use super::fix::{aws, cluster_name, eksctl, quoted};
use super::{Fix, node_roles};

/// What must have been read to say who an IAM principal is in a cluster.
pub const NEEDS: &[SourceKind] = &[
    SourceKind::Cluster,
    SourceKind::AccessEntryList,
    SourceKind::AccessEntries,
    SourceKind::AccessPolicies,
    SourceKind::ConfigMaps,
];

/// One access entry, or one line of `aws-auth`.
pub struct Mapped<'c> {
    pub cluster: &'c ClusterFacts,
    pub authorization: &'c Authorization,
    /// Position among the mappings of the cluster.
    pub number: usize,
    pub mapping: &'c Mapping,
    pub key: EntityKey,
}

/// Every mapping of every cluster, whether it counts or not.
pub fn all<'c>(context: &'c Context<'_>) -> Vec<Mapped<'c>> {
    let mut all = Vec::new();
    for cluster in context.clusters() {
        let authorization = context.authorization(cluster);
        all.extend(authorization.mappings.iter().enumerate().map(|(number, mapping)| Mapped {
            cluster,
            authorization,
            number,
            key: principal_key(&mapping.principal),
            mapping,
        }));
    }
    all
}

/// The principal as IAM has it: a session is of its role.
fn principal_key(arn: &Name) -> EntityKey {
    let session = Arn::parse(arn).filter(|it| it.service == "sts").and_then(|it| {
        let name = it.resource.strip_prefix("assumed-role/")?.split('/').next()?;
        (!name.is_empty()).then(|| EntityKey::scoped(Kind::Role, &it.account.into(), &name.into()))
    });
    let user = || {
        let arn = Arn::parse(arn).filter(|it| it.service == "iam")?;
        let name = arn.resource.strip_prefix("user/")?.rsplit('/').next().filter(|it| !it.is_empty() && *it != "*")?;
        Some(EntityKey::scoped(Kind::IamUser, &arn.account.into(), &name.into()))
    };
    let key = EntityKey::role(arn).or(session).or_else(user);
    key.unwrap_or_else(|| EntityKey::plain(Kind::Resource, arn))
}

impl Mapped<'_> {
    pub fn is_access_entry(&self) -> bool {
        matches!(self.mapping.origin, MappingOrigin::AccessEntry { .. })
    }

    /// Where the entry stands, with the power in words.
    pub fn evidence(&self, value: impl Into<String>) -> Evidence {
        let label = &self.cluster.label;
        let (object, path) = match &self.mapping.origin {
            MappingOrigin::AccessEntry { .. } => (self.key.clone(), format!("access entry of {label}")),
            MappingOrigin::MapRoles(_) => (self.key.clone(), format!("aws-auth of {label}: mapRoles")),
            MappingOrigin::MapUsers(_) => (self.key.clone(), format!("aws-auth of {label}: mapUsers")),
            MappingOrigin::MapAccounts(_) => (EntityKey::plain(Kind::Cluster, label), "aws-auth: mapAccounts".into()),
        };
        Evidence { object, path, value: value.into() }
    }

    /// User name, groups and, for an access entry, access policies.
    pub fn shown(&self) -> String {
        let groups: Vec<&str> = self.mapping.groups.iter().map(Name::as_str).collect();
        let groups = if groups.is_empty() { "no groups".to_owned() } else { format!("groups {}", groups.join(", ")) };
        let policies = self.policies();
        if policies.is_empty() { groups } else { format!("{groups}; {}", policies.join(", ")) }
    }

    /// Access policies with their scopes.
    pub fn policies(&self) -> Vec<String> {
        let own = self.grants().filter(|(grant, _)| grant.origin == Origin::AccessPolicy);
        own.map(|(grant, role)| match &grant.scope {
            Scope::Cluster => format!("{role} for the whole cluster"),
            scope => format!("{role} in {scope}"),
        })
        .collect()
    }

    /// Grants that the principal has by this entry, with the names of their roles.
    pub fn grants(&self) -> impl Iterator<Item = (&crate::graph::authorization::Grant, &Name)> {
        let subject = self.mapping.subject();
        let numbers = self.authorization.grants_of(&subject).to_vec();
        let grants = numbers.into_iter().map(|at| &self.authorization.grants()[at]);
        grants.filter(|it| it.mapping == Some(self.number)).map(|it| (it, &self.authorization.roles[it.role].name))
    }

    /// Whether it gives every right of the cluster: by access policy, by `system:masters`, or by a binding.
    pub fn rules_cluster(&self) -> Truth {
        let everything = self
            .grants()
            .filter(|(grant, _)| grant.scope == Scope::Cluster && gives_everything(self.authorization, grant));
        everything.map(|(grant, _)| grant.certainty.and(self.mapping.counts)).max().unwrap_or(Truth::No)
    }

    /// The access policies for editing or administering namespaces, where they reach kube-system (R174).
    pub fn edits_system(&self) -> Option<(String, Truth)> {
        let wide = |scope: &Scope| scope.covers("kube-system");
        let mut grants = self.grants().filter(|(grant, role)| {
            grant.origin == Origin::AccessPolicy
                && matches!(role.as_str(), "AmazonEKSEditPolicy" | "AmazonEKSAdminPolicy")
                && wide(&grant.scope)
        });
        let (grant, role) = grants.next()?;
        let scope = match &grant.scope {
            Scope::Cluster => "the whole cluster".to_owned(),
            scope => format!("namespaces {scope}"),
        };
        Some((format!("{role} for {scope}"), grant.certainty.and(self.mapping.counts)))
    }

    /// Takes the entry away.
    pub fn removed(&self) -> Fix {
        let cluster = quoted(cluster_name(self.cluster));
        let principal = quoted(&self.mapping.principal);
        match &self.mapping.origin {
            MappingOrigin::AccessEntry { .. } => {
                aws(format!("aws eks delete-access-entry --cluster-name {cluster} --principal-arn {principal}"))
            }
            MappingOrigin::MapAccounts(_) => {
                let account = Arn::parse(&self.mapping.principal).map_or("", |it| it.account);
                eksctl(format!("eksctl delete iamidentitymapping --cluster {cluster} --account {}", quoted(account)))
            }
            MappingOrigin::MapRoles(_) | MappingOrigin::MapUsers(_) => {
                eksctl(format!("eksctl delete iamidentitymapping --cluster {cluster} --arn {principal}"))
            }
        }
    }
}

/// Who of the pods has which role.
pub struct Holders {
    latent: FxHashMap<EntityKey, (EntityKey, Truth)>,
}

/// Roles that service accounts have, or could be given, with the first account of each.
pub fn holders(context: &Context<'_>) -> Holders {
    let mut latent: FxHashMap<EntityKey, (EntityKey, Truth)> = FxHashMap::default();
    for account in context.accounts().iter().filter(|it| !it.exists.is_no()) {
        let roles = account.trusted.iter().map(|(role, truth)| (role, *truth));
        let roles = roles.chain(account.association.iter().map(|it| (&it.role, it.works)));
        for (role, truth) in roles {
            let Some(key) = EntityKey::role(role) else { continue };
            let truth = truth.and(account.exists);
            let known = latent.entry(key).or_insert_with(|| (account.key.clone(), truth));
            if truth > known.1 {
                *known = (account.key.clone(), truth);
            }
        }
    }
    Holders { latent }
}

impl Holders {
    /// A workload that signs with the role or is meant to, else a service account that could have it.
    pub fn of(&self, context: &Context<'_>, role: &EntityKey) -> Option<(EntityKey, Truth)> {
        let used = context.users_of_role(role).next().map(|it| (it.key.clone(), Truth::Yes));
        used.or_else(|| self.latent.get(role).cloned())
    }
}

/// Roles that are meant for nodes of each cluster, with where that is said.
pub fn node_roles(context: &Context<'_>) -> BTreeMap<(Name, EntityKey), String> {
    let mut roles: BTreeMap<(Name, EntityKey), String> = BTreeMap::new();
    let mut note = |cluster: &ClusterFacts, role: &Name, place: String| {
        if let Some(key) = EntityKey::role(role) {
            roles.entry((cluster.label.clone(), key)).or_insert(place);
        }
    };
    for it in node_roles::all(context) {
        note(it.cluster, &it.role, format!("nodes: {}", it.kinds()));
    }
    for cluster in context.clusters() {
        for group in &cluster.nodegroups {
            if let Some(role) = &group.role {
                note(cluster, role, format!("nodegroup {}", group.name));
            }
        }
        for profile in &cluster.fargate_profiles {
            if let Some(role) = &profile.role {
                note(cluster, role, format!("Fargate profile {}", profile.name));
            }
        }
        for kind in [SourceKind::Ec2NodeClasses, SourceKind::NodeClasses] {
            for class in cluster.others.get(&kind).into_iter().flat_map(|list| list.iter()) {
                if let Some(role) = class_role(context.inventory, cluster, kind, &class.meta.name) {
                    note(cluster, &role, format!("node class {}", class.meta.name));
                }
            }
        }
    }
    roles
}
