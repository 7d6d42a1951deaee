//! What powers of Kubernetes RBAC are over (R145 to R169): from each subject to a set, or to the objects it names.

use crate::base::{Name, Truth};
use crate::identity::Source;
use crate::identity::instance::NodeKind;
use crate::model::{ClusterFacts, EntityKey, Kind};
use crate::rbac::{Power, Request};

use super::super::authorization::{Authorization, HeldPower, Origin, Scope, Subject};
use super::super::kind::EdgeKind;
use super::super::node::{Foothold, NodeId};
use super::account::{admits_privileged, exists_workload};
use super::{Builder, Proof};

/// Custom resources and the workloads of the controllers that act on them in AWS (R167).
pub(in crate::graph) const CONTROLLERS: &[(&str, &[&str])] = &[
    ("services.k8s.aws", &["ack-"]),
    ("aws.upbound.io", &["provider-aws", "upbound"]),
    ("aws.m.upbound.io", &["provider-aws", "upbound"]),
    ("aws.crossplane.io", &["provider-aws", "crossplane"]),
    ("pkg.crossplane.io", &["crossplane"]),
    ("external-secrets.io", &["external-secrets"]),
    ("generators.external-secrets.io", &["external-secrets"]),
    ("cert-manager.io", &["cert-manager"]),
    ("infra.contrib.fluxcd.io", &["tf-controller"]),
    ("app.terraform.io", &["terraform"]),
];

/// One cluster's powers. `at` is the position of its authorization.
pub(super) fn add(builder: &mut Builder<'_>, at: u32, authorization: &Authorization) {
    let Some(cluster) = builder.inventory.clusters.get(&authorization.cluster) else { return };
    for (number, held) in authorization.powers().iter().enumerate() {
        if is_covered(authorization, held) {
            continue;
        }
        let proof = builder.proof(Proof::Power { cluster: at, power: number });
        let from = builder.subject(&authorization.cluster, &held.subject);
        Hand { builder, cluster, authorization, held, from, proof }.lay();
    }
    for (number, grant) in authorization.grants().iter().enumerate() {
        // Of mapped principals the user or group they are mapped to has the same edge.
        if grant.through.is_some() {
            continue;
        }
        let Some((kind, certainty)) = rules_all(authorization, number) else { continue };
        let proof = builder.proof(Proof::Grant { cluster: at, grant: number });
        let from = builder.subject(&authorization.cluster, &grant.subject);
        let certainty = certainty.and(grant.certainty);
        match &grant.scope {
            Scope::Cluster => {
                let to = builder.cluster_set(Foothold::ClusterAdmin, &authorization.cluster);
                builder.prove(from, to, kind, certainty, proof);
            }
            scope => {
                for namespace in cluster.namespaces.iter().filter(|it| scope.covers(&it.meta.name)) {
                    let to = builder.set(Foothold::NamespaceAdmin, &authorization.cluster, &namespace.meta.name);
                    let kind = if kind == EdgeKind::ClusterAdmin { EdgeKind::NamespaceAdmin } else { kind };
                    builder.prove(from, to, kind, certainty, proof);
                }
            }
        }
    }
}

/// A grant of everything in its scope, or of a role that was not read and may hold anything.
fn rules_all(authorization: &Authorization, grant: usize) -> Option<(EdgeKind, Truth)> {
    let grant = &authorization.grants()[grant];
    let role = &authorization.roles[grant.role];
    let star = |list: &[Name]| list.iter().any(|it| it == "*");
    match (&grant.origin, &role.rules) {
        (Origin::Builtin, _) => Some((EdgeKind::ClusterAdmin, Truth::Yes)),
        (Origin::AccessPolicy, _) if role.name.contains("ClusterAdminPolicy") => {
            Some((EdgeKind::AccessPolicy, Truth::Yes))
        }
        (Origin::AccessPolicy, _) if role.name.contains("EKSAdminPolicy") || role.name.contains("EditPolicy") => {
            // Cluster-wide, kube-system is among them (R174).
            Some((EdgeKind::AccessPolicy, Truth::Yes))
        }
        (_, None) => Some((EdgeKind::ClusterAdmin, Truth::Unknown)),
        (_, Some(rules)) => rules
            .iter()
            .any(|it| star(&it.verbs) && star(&it.api_groups) && star(&it.resources) && it.resource_names.is_empty())
            .then_some((EdgeKind::ClusterAdmin, Truth::Yes)),
    }
}

/// All grants behind the power are of everything, or belong to the user or group that an IAM principal is mapped to:
/// other edges say it already.
fn is_covered(authorization: &Authorization, held: &HeldPower) -> bool {
    let mut through: Vec<Option<&Subject>> = Vec::new();
    for at in &held.grants {
        let grant = &authorization.grants()[*at];
        if rules_all(authorization, *at).is_some_and(|it| it.1.is_yes()) && grant.through.is_none() {
            return true;
        }
        through.push(grant.through.as_ref());
    }
    through.dedup();
    matches!(through.as_slice(), [Some(_)])
}

/// One power of one subject about to become edges.
struct Hand<'a, 'b> {
    builder: &'a mut Builder<'b>,
    cluster: &'a ClusterFacts,
    authorization: &'a Authorization,
    held: &'a HeldPower,
    from: NodeId,
    proof: u32,
}

impl Hand<'_, '_> {
    fn lay(&mut self) {
        let held = self.held;
        match held.power {
            Power::Escalate => self.rule_over(EdgeKind::Escalate),
            Power::Bind => self.bind(),
            Power::Impersonate => self.impersonate(),
            Power::NodesProxy => self.pods_of_nodes(),
            Power::AwsAuthEdit => self.cluster_admin(EdgeKind::AwsAuthEdit, Truth::Yes),
            Power::WebhookControl => self.set(Foothold::AllNewPods, EdgeKind::WebhookControl, Truth::Yes),
            Power::TokenRequest => self.accounts(Foothold::AllMint, Foothold::Mint, EdgeKind::TokenRequest),
            Power::PodCreate => self.set(Foothold::AllNewPods, EdgeKind::PodCreate, Truth::Yes),
            Power::WorkloadCreate => self.set(Foothold::AllNewPods, EdgeKind::WorkloadCreate, Truth::Yes),
            Power::WorkloadPatch => {
                let exists = self.workloads();
                self.set(Foothold::AllNewPods, EdgeKind::WorkloadPatch, exists);
            }
            Power::PodExec => self.pods(EdgeKind::PodExec),
            Power::PodAttach => self.pods(EdgeKind::PodAttach),
            Power::PodDebug => self.pods(EdgeKind::PodDebug),
            Power::PodPatchImage => self.pods(EdgeKind::PodPatch),
            // Whoever may create the Secret chooses a name that it may read.
            Power::SecretMint => self.set(Foothold::AllApi, EdgeKind::SecretMint, Truth::Yes),
            Power::SecretRead => self.secrets(),
            Power::NodeclassEdit => self.node_classes(),
            Power::ControllerCrd => self.controllers(),
            Power::PvCreate => self.volumes(),
            Power::Csr => self.cluster_admin(EdgeKind::Csr, Truth::Unknown),
            Power::SaCreate => self.missing_accounts(),
            Power::SaAnnotate => self.set(Foothold::AllLatent, EdgeKind::SaAnnotate, Truth::Yes),
            Power::NsLabels => self.labels(),
            Power::ScheduleSteer => self.set_of_cluster(Foothold::AllNodes, EdgeKind::ScheduleSteer),
            Power::PortForward => self.set(Foothold::AllPods, EdgeKind::Portforward, Truth::Yes),
            Power::Proxy => self.set(Foothold::AllPods, EdgeKind::Proxy, Truth::Yes),
        }
    }

    fn to(&mut self, to: NodeId, kind: EdgeKind, certainty: Truth) {
        let certainty = certainty.and(self.held.certainty);
        self.builder.prove(self.from, to, kind, certainty, self.proof);
    }

    /// The set in the scope of the power.
    fn set(&mut self, foothold: Foothold, kind: EdgeKind, certainty: Truth) {
        let label = &self.cluster.label;
        match &self.held.scope {
            Scope::Cluster => self.set_of_cluster_if(foothold, kind, certainty),
            Scope::Namespace(namespace) => {
                let to = self.builder.set(foothold, label, namespace);
                self.to(to, kind, certainty);
            }
            scope @ Scope::Pattern(_) => {
                for namespace in self.cluster.namespaces.iter().filter(|it| scope.covers(&it.meta.name)) {
                    let to = self.builder.set(foothold, label, &namespace.meta.name);
                    self.to(to, kind, certainty);
                }
            }
        }
    }

    fn set_of_cluster(&mut self, foothold: Foothold, kind: EdgeKind) {
        self.set_of_cluster_if(foothold, kind, Truth::Yes);
    }

    fn set_of_cluster_if(&mut self, foothold: Foothold, kind: EdgeKind, certainty: Truth) {
        let to = self.builder.cluster_set(foothold, &self.cluster.label);
        self.to(to, kind, certainty);
    }

    fn cluster_admin(&mut self, kind: EdgeKind, certainty: Truth) {
        self.set_of_cluster_if(Foothold::ClusterAdmin, kind, certainty);
    }

    /// Everything in the scope: `clusterroles` reach what stands outside namespaces too. A named role must be bound to
    /// the subject already, which the name alone does not tell.
    fn rule_over(&mut self, kind: EdgeKind) {
        let named = if self.held.names.is_some() { Truth::Unknown } else { Truth::Yes };
        match (&self.held.scope, self.held.object) {
            (Scope::Cluster, "clusterroles") => self.cluster_admin(kind, named),
            (Scope::Cluster, _) => {
                let sets = [Foothold::AllPods, Foothold::AllApi, Foothold::AllMint, Foothold::AllNewPods];
                sets.into_iter().for_each(|set| self.set_of_cluster_if(set, kind, named));
            }
            _ => self.set(Foothold::NamespaceAdmin, kind, named),
        }
    }

    /// R159: the roles that may be bound. Roles of the namespace alone give what they hold, which the policy of binding
    /// them does not tell here.
    fn bind(&mut self) {
        let any = match &self.held.names {
            None => self.held.object == "clusterroles",
            Some(names) => names.iter().any(|name| self.grants_all(name)),
        };
        if any {
            return match self.held.scope {
                Scope::Cluster => self.cluster_admin(EdgeKind::Bind, Truth::Yes),
                _ => self.set(Foothold::NamespaceAdmin, EdgeKind::Bind, Truth::Yes),
            };
        }
        let strong = match &self.held.names {
            // The built-in roles own a namespace.
            Some(names) => names.iter().any(|name| name == "admin" || name == "edit"),
            None => false,
        };
        if strong {
            let sets = [Foothold::AllPods, Foothold::AllApi, Foothold::AllMint, Foothold::AllNewPods];
            sets.into_iter().for_each(|set| self.set(set, EdgeKind::Bind, Truth::Yes));
        } else {
            let sets = [Foothold::AllPods, Foothold::AllNewPods];
            sets.into_iter().for_each(|set| self.set(set, EdgeKind::Bind, Truth::Unknown));
        }
    }

    /// The ClusterRole grants everything.
    fn grants_all(&self, name: &Name) -> bool {
        let star = |list: &[Name]| list.iter().any(|it| it == "*");
        let role = self.cluster.cluster_roles.iter().find(|it| it.meta.name == *name);
        role.is_some_and(|role| {
            role.rules.iter().any(|it| star(&it.verbs) && star(&it.api_groups) && star(&it.resources))
        })
    }

    fn impersonate(&mut self) {
        let label = self.cluster.label.clone();
        match (self.held.object, &self.held.names) {
            ("serviceaccounts", _) => self.accounts(Foothold::AllApi, Foothold::Api, EdgeKind::Impersonate),
            // `system:masters` is among all groups.
            ("groups", None) => self.cluster_admin(EdgeKind::Impersonate, Truth::Yes),
            (object, names) => {
                let subject = |name: &Name| match object {
                    "groups" => Subject::Group(name.clone()),
                    _ => Subject::User(name.clone()),
                };
                let subjects: Vec<Subject> = match names {
                    Some(names) => names.iter().map(subject).collect(),
                    None => {
                        let users = self.authorization.subjects().filter(|it| matches!(it, Subject::User(_)));
                        users.cloned().collect()
                    }
                };
                for subject in subjects {
                    let to = self.builder.subject(&label, &subject);
                    self.to(to, EdgeKind::Impersonate, Truth::Yes);
                }
            }
        }
    }

    /// Service accounts in the scope, or the named ones among them.
    fn accounts(&mut self, all: Foothold, one: Foothold, kind: EdgeKind) {
        let Some(names) = &self.held.names else { return self.set(all, kind, Truth::Yes) };
        let identities = self.builder.identities;
        let range = accounts_of(identities.accounts, &self.cluster.label);
        for account in range.iter().filter(|it| !it.exists.is_no() && names.contains(&it.key.name)) {
            if self.held.scope.covers(&account.key.namespace) {
                let to = self.builder.node(one, &account.key);
                self.to(to, kind, account.exists);
            }
        }
    }

    /// Pods in the scope, or the named ones among them.
    fn pods(&mut self, kind: EdgeKind) {
        let Some(names) = &self.held.names else { return self.set(Foothold::AllPods, kind, Truth::Yes) };
        for pod in &self.cluster.pods {
            if names.contains(&pod.meta.name) && self.held.scope.covers(&pod.meta.namespace) && !pod.phase.is_over() {
                let key = EntityKey::namespaced(Kind::Pod, &self.cluster.label, &pod.meta.namespace, &pod.meta.name);
                if let Some(shell) = self.builder.pod_shell(&key) {
                    self.to(shell, kind, Truth::Yes);
                }
            }
        }
    }

    /// R152: every pod of every node, or of the named nodes.
    fn pods_of_nodes(&mut self) {
        let Some(names) = &self.held.names else { return self.set_of_cluster(Foothold::AllPods, EdgeKind::NodesProxy) };
        for pod in self.cluster.pods.iter().filter(|pod| names.contains(&pod.node) && !pod.phase.is_over()) {
            let key = EntityKey::namespaced(Kind::Pod, &self.cluster.label, &pod.meta.namespace, &pod.meta.name);
            if let Some(shell) = self.builder.pod_shell(&key) {
                self.to(shell, EdgeKind::NodesProxy, Truth::Yes);
            }
        }
    }

    fn secrets(&mut self) {
        let Some(names) = &self.held.names else {
            return self.set(Foothold::AllSecrets, EdgeKind::SecretRead, Truth::Yes);
        };
        for account in &self.cluster.service_accounts {
            let namespace = &account.meta.namespace;
            if !self.held.scope.covers(namespace) {
                continue;
            }
            let listed = account.secrets.iter().filter(|it| names.contains(it));
            let certainty = listed.map(|it| super::account::token_secret(self.cluster, namespace, it)).max();
            let key = EntityKey::namespaced(Kind::ServiceAccount, &self.cluster.label, namespace, &account.meta.name);
            let to = self.builder.node(Foothold::Api, &key);
            self.to(to, EdgeKind::SecretRead, certainty.unwrap_or(Truth::No));
        }
    }

    /// There is a workload in the scope whose template could be changed.
    fn workloads(&self) -> Truth {
        exists_workload(self.cluster, |namespace| self.held.scope.covers(namespace))
    }

    /// R166: roles of the nodes that the class or pool makes.
    fn node_classes(&mut self) {
        let wanted = if self.held.object == "nodeclasses" { NodeKind::AutoMode } else { NodeKind::Karpenter };
        let identities = self.builder.identities;
        let Some(nodes) = identities.nodes.get(&self.cluster.label) else { return };
        for class in nodes.classes().filter(|it| it.kind == wanted) {
            if let Some(session) = class.role.arn().and_then(|arn| self.builder.session(arn)) {
                self.to(session, EdgeKind::NodeclassEdit, Truth::Yes);
            }
        }
    }

    /// R167: the roles of the controllers, as far as they are told by name. What a controller does for a custom resource
    /// is its own affair.
    fn controllers(&mut self) {
        let place = (self.cluster.label.clone(), self.held.object);
        let sessions = match self.builder.controllers.get(&place) {
            Some(known) => known.clone(),
            None => {
                let found = self.find_controllers();
                self.builder.controllers.insert(place, found.clone());
                found
            }
        };
        for session in sessions {
            self.to(session, EdgeKind::ControllerCrd, Truth::Unknown);
        }
    }

    fn find_controllers(&mut self) -> Vec<NodeId> {
        let mut sessions = Vec::new();
        let Some((_, names)) = CONTROLLERS.iter().find(|it| it.0 == self.held.object) else { return sessions };
        let identities = self.builder.identities;
        for entry in identities.pods.iter().filter(|it| it.cluster == self.cluster.label) {
            let name = entry.owner_name();
            if !names.iter().any(|it| name.contains(it)) {
                continue;
            }
            for identity in entry.containers.iter().filter(|it| it.identity.source != Source::NodeRole) {
                let session = identity.identity.role.as_ref().and_then(|arn| self.builder.session(arn));
                sessions.extend(session);
            }
        }
        sessions.sort();
        sessions.dedup();
        sessions
    }

    /// The same principal may start pods in a namespace, as itself or through a group it is in by being itself.
    fn starts_pods(&self, namespace: Option<&str>) -> Truth {
        let starts = self.authorization.powers_of(&self.held.subject).filter(|it| {
            matches!(it.power, Power::PodCreate | Power::WorkloadCreate | Power::WorkloadPatch)
                && namespace.is_none_or(|namespace| it.scope.covers(namespace))
        });
        starts.map(|it| it.certainty).max().unwrap_or(Truth::No)
    }

    /// R164: a volume, a claim and a pod.
    fn volumes(&mut self) {
        let claims = Request::parse("create", "persistentvolumeclaims", None, None);
        let claims = self.authorization.may(&self.held.subject, &claims);
        let claims = if claims.uses.is_empty() { Truth::No } else { claims.truth };
        let certainty = claims.and(self.starts_pods(None));
        self.set_of_cluster_if(Foothold::AllNodes, EdgeKind::PvCreate, certainty);
    }

    /// R155: accounts that only a trust policy or an association names.
    fn missing_accounts(&mut self) {
        let identities = self.builder.identities;
        for account in accounts_of(identities.accounts, &self.cluster.label) {
            if !account.exists.is_yes() && self.held.scope.covers(&account.key.namespace) {
                let exists = self.namespace_exists(&account.key.namespace);
                let to = self.builder.node(Foothold::NewPod, &account.key);
                self.to(to, EdgeKind::SaCreate, exists);
            }
        }
    }

    fn namespace_exists(&self, namespace: &Name) -> Truth {
        let listed = self.cluster.namespaces.iter().any(|it| it.meta.name == *namespace);
        match listed {
            true => Truth::Yes,
            false if self.cluster.namespaces.is_complete() => Truth::No,
            false => Truth::Unknown,
        }
    }

    /// R163: labels that keep privileged pods out, which the same principal could start.
    fn labels(&mut self) {
        for namespace in &self.cluster.namespaces {
            let name = &namespace.meta.name;
            let named = self.held.names.as_ref().is_none_or(|names| names.contains(name));
            if named && self.held.scope.covers(name) && !admits_privileged(self.cluster, name).is_yes() {
                let starts = self.starts_pods(Some(name));
                self.set_of_cluster_if(Foothold::AllNodes, EdgeKind::NsLabels, starts);
            }
        }
    }
}

/// The accounts of one cluster among all, which are sorted by cluster.
fn accounts_of<'a>(
    accounts: &'a [crate::identity::accounts::AccountTrust],
    cluster: &Name,
) -> &'a [crate::identity::accounts::AccountTrust] {
    let from = accounts.partition_point(|it| it.key.scope < *cluster);
    let to = accounts.partition_point(|it| it.key.scope <= *cluster);
    &accounts[from..to]
}
