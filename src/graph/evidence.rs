//! From an edge back to the facts: which object says so, at which path, with which value.
//!
//! Nothing of this is stored per edge; it is worked out when somebody asks about one.

use crate::base::Name;
use crate::identity::Evidence;
use crate::identity::resolve::PodIdentity;
use crate::model::facts::env::EnvValue;
use crate::model::facts::pod::{Projection, VolumeSource};
use crate::model::{EntityKey, Inventory, Kind, Lookup};
use crate::rbac::rights;

use super::authorization::{Authorization, MappingOrigin, Origin};
use super::build::{Group, Proof};
use super::escalation;
use super::kind::EdgeKind;
use super::links::{Edge, NO_PROOF};
use super::reach::Hop;
use super::{AccessGraph, NodeId};

/// What speaks for a hop, each once. Cost: a look at the objects that it names; for a step of AWS some decisions.
pub fn of(graph: &AccessGraph, inventory: &Inventory, pods: &[PodIdentity], hop: &Hop) -> Vec<Evidence> {
    let speaker = Speaker { graph, inventory, pods };
    let mut found: Vec<Evidence> = Vec::new();
    for id in &hop.edges {
        for evidence in speaker.edge(&graph.edge(*id), hop) {
            if !found.contains(&evidence) {
                found.push(evidence);
            }
        }
    }
    found
}

struct Speaker<'a> {
    graph: &'a AccessGraph,
    inventory: &'a Inventory,
    pods: &'a [PodIdentity],
}

fn evidence(object: EntityKey, path: impl Into<String>, value: impl Into<String>) -> Evidence {
    Evidence { object, path: path.into(), value: value.into() }
}

impl Speaker<'_> {
    fn edge(&self, edge: &Edge, hop: &Hop) -> Vec<Evidence> {
        if edge.proof != NO_PROOF {
            return match self.graph.sources.proofs.get(edge.proof as usize) {
                Some(Proof::Power { cluster, power }) => self.power(*cluster, *power),
                Some(Proof::Grant { cluster, grant }) => self.grant(*cluster, *grant),
                Some(Proof::Mapping { cluster, mapping }) => self.mapping(*cluster, *mapping),
                Some(Proof::Gain(at)) => self.gain(*at, &hop.to),
                None => Vec::new(),
            };
        }
        let (from, to) = (self.graph.key(edge.from), self.graph.key(edge.to));
        match edge.kind {
            EdgeKind::RunsAs => self.pod_of(edge.from, |pod, key| {
                vec![evidence(key, "spec.serviceAccountName", pod.spec.service_account.as_str())]
            }),
            EdgeKind::Irsa
            | EdgeKind::PodIdentity
            | EdgeKind::NodeIdentity
            | EdgeKind::OtherCredential
            | EdgeKind::Token
            | EdgeKind::AssociationToken
            | EdgeKind::Interceptor => self.signs(edge, to),
            EdgeKind::LatentTrust | EdgeKind::MintIrsa | EdgeKind::NewPodIrsa => {
                let mut found = self.trust(to);
                if edge.kind == EdgeKind::LatentTrust {
                    found.splice(0..0, self.pod_of(edge.from, token_volume));
                }
                found
            }
            EdgeKind::NewPodAssociation | EdgeKind::MintAssociation => self.association(from),
            EdgeKind::Imds | EdgeKind::HostNetwork | EdgeKind::KubeletByMetadata => self.metadata(edge),
            EdgeKind::NodeTakeover | EdgeKind::NodeTokensOf => self.takeover(edge),
            EdgeKind::NodeRole => self.node_role(from, to),
            EdgeKind::NodePods | EdgeKind::NodeTokens | EdgeKind::KubeletToken => self.tenants(from, hop),
            EdgeKind::AssumeRole => self.assume(from, to),
            EdgeKind::AccountAdmin => {
                vec![evidence(from.clone(), "identity policies", "administrator of the account")]
            }
            EdgeKind::MemberOf => vec![evidence(to.clone(), "members", from.to_string())],
            EdgeKind::Declares | EdgeKind::Attaches | EdgeKind::BoundedBy => Vec::new(),
            _ => Vec::new(),
        }
    }

    /// The group that a node stands for.
    fn group(&self, node: NodeId) -> Option<&Group> {
        let groups = &self.graph.sources.groups;
        let at = *groups.by_node.get(&node)?;
        groups.all.get(at as usize)
    }

    /// A pod by its address.
    fn pod(&self, key: &EntityKey) -> Option<&PodIdentity> {
        let wanted = (key.scope.as_str(), key.namespace.as_str(), false, "", key.name.as_str());
        let at = self.pods.partition_point(|it| it.sort_key() < wanted);
        self.pods.get(at).filter(|it| it.sort_key() == wanted)
    }

    /// Asks one pod of the group behind a node; its siblings are alike.
    fn pod_of(&self, node: NodeId, ask: impl Fn(&PodIdentity, EntityKey) -> Vec<Evidence>) -> Vec<Evidence> {
        let key = self.graph.key(node);
        let entry = match self.group(node) {
            Some(group) => self.pods.get(group.members[0] as usize),
            None => self.pod(key),
        };
        let Some(entry) = entry else { return Vec::new() };
        ask(entry, pod_key(entry).unwrap_or_else(|| entry.owner_key()))
    }

    /// The variable, volume or association that gives a container its role.
    fn signs(&self, edge: &Edge, to: &EntityKey) -> Vec<Evidence> {
        let mut found = self.pod_of(edge.from, |pod, key| {
            let mut found = Vec::new();
            for (at, container) in pod.spec.containers.iter().enumerate() {
                for var in &container.env {
                    let wanted = match edge.kind {
                        EdgeKind::PodIdentity | EdgeKind::AssociationToken => {
                            var.name == "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
                        }
                        _ => var.name == "AWS_ROLE_ARN",
                    };
                    if let (true, EnvValue::Literal(value)) = (wanted, &var.value) {
                        found.push(evidence(
                            key.clone(),
                            format!("spec.containers[{at}].env[{}].value", var.name),
                            value.as_str(),
                        ));
                    }
                }
            }
            if found.is_empty()
                && let Some(identity) = pod.main()
            {
                found.push(evidence(key, "identity", identity.why.as_str()));
            }
            found
        });
        match edge.kind {
            EdgeKind::PodIdentity | EdgeKind::AssociationToken => {
                let account = self.pod_of(edge.from, |pod, _| {
                    self.association(&EntityKey::namespaced(
                        Kind::ServiceAccount,
                        &pod.cluster,
                        &pod.namespace,
                        &pod.spec.service_account,
                    ))
                });
                found.extend(account);
            }
            EdgeKind::Irsa | EdgeKind::Token => found.extend(self.trust(to)),
            EdgeKind::NodeIdentity => found.extend(self.metadata(edge)),
            _ => {}
        }
        found
    }

    fn trust(&self, role: &EntityKey) -> Vec<Evidence> {
        let role_facts = self.inventory.accounts.get(&role.scope).map(|it| it.role(&role.name));
        match role_facts {
            Some(Lookup::Found(facts)) => {
                let text = facts.trust.as_deref().unwrap_or("not read");
                vec![evidence(role.clone(), "AssumeRolePolicyDocument", text)]
            }
            _ => vec![evidence(role.clone(), "AssumeRolePolicyDocument", "not read")],
        }
    }

    fn association(&self, account: &EntityKey) -> Vec<Evidence> {
        let Some(cluster) = self.inventory.clusters.get(&account.scope) else { return Vec::new() };
        let found = cluster
            .associations
            .iter()
            .find(|it| it.namespace == account.namespace && it.service_account == account.name);
        let Some(association) = found else { return Vec::new() };
        let key = EntityKey::scoped(Kind::Association, &account.scope, &association.id);
        let Some(details) = &association.details else { return Vec::new() };
        let mut rows = vec![evidence(key.clone(), "association.roleArn", details.role.as_str())];
        if let Some(target) = &details.target_role {
            rows.push(evidence(key, "association.targetRoleArn", target.as_str()));
        }
        rows
    }

    /// Metadata options of the node, and the host network of the pod.
    fn metadata(&self, edge: &Edge) -> Vec<Evidence> {
        self.pod_of(edge.from, |entry, key| {
            let mut rows = Vec::new();
            if entry.spec.host_network {
                rows.push(evidence(key, "spec.hostNetwork", "true"));
            }
            let Some(pod) = &entry.pod else { return rows };
            let to = self.graph.key(edge.to);
            let node = if to.kind == Kind::Node { to.name.clone() } else { pod.node.clone() };
            rows.extend(self.options(&entry.cluster, &node));
            rows
        })
    }

    fn options(&self, cluster: &Name, name: &Name) -> Vec<Evidence> {
        let key = EntityKey::scoped(Kind::Node, cluster, name);
        let Some(Lookup::Found(node)) = self.inventory.clusters.get(cluster).map(|it| it.node(name)) else {
            return Vec::new();
        };
        let Some(id) = node.instance_id() else { return Vec::new() };
        let regions = self.inventory.accounts.values().flat_map(|it| it.regions.values());
        for region in regions {
            if let Lookup::Found(instance) = region.instance(id)
                && let Some(options) = &instance.metadata
            {
                let tokens = if options.tokens_required { "required" } else { "optional" };
                let value = format!("HttpTokens={tokens} HttpPutResponseHopLimit={}", options.hop_limit);
                return vec![evidence(key, format!("Instances[{id}].MetadataOptions"), value)];
            }
        }
        vec![evidence(key, "spec.providerID", node.provider_id.as_str())]
    }

    fn takeover(&self, edge: &Edge) -> Vec<Evidence> {
        let node = self.graph.key(edge.to);
        let group = self.group(edge.from).map(|it| it.members.clone()).unwrap_or_default();
        let entry = group
            .iter()
            .filter_map(|at| self.pods.get(*at as usize))
            .find(|it| it.pod.as_ref().is_some_and(|pod| pod.node == node.name));
        let Some(entry) = entry.or_else(|| self.pod(self.graph.key(edge.from))) else {
            return Vec::new();
        };
        let key = pod_key(entry).unwrap_or_else(|| entry.owner_key());
        let mut rows = vec![evidence(key.clone(), "spec.nodeName", node.name.as_str())];
        for (at, container) in entry.spec.containers.iter().enumerate() {
            if let Some((path, value)) = crate::identity::takeover::setting(&entry.spec, container) {
                rows.push(evidence(key.clone(), format!("spec.containers[{at}].{path}"), value));
            }
        }
        rows
    }

    fn node_role(&self, node: &EntityKey, role: &EntityKey) -> Vec<Evidence> {
        let Some(Lookup::Found(facts)) = self.inventory.clusters.get(&node.scope).map(|it| it.node(&node.name)) else {
            return Vec::new();
        };
        let mut rows = vec![evidence(node.clone(), "spec.providerID", facts.provider_id.as_str())];
        let regions = self.inventory.accounts.values().flat_map(|it| it.regions.values());
        let instance = facts.instance_id().and_then(|id| {
            regions.into_iter().find_map(|region| match region.instance(id) {
                Lookup::Found(instance) => Some(instance),
                Lookup::Absent | Lookup::Unknown => None,
            })
        });
        if let Some(profile) = instance.and_then(|it| it.profile.as_ref()) {
            rows.push(evidence(role.clone(), "IamInstanceProfile.Arn", profile.as_str()));
        }
        rows
    }

    /// A pod of the target that runs on the node.
    fn tenants(&self, node: &EntityKey, hop: &Hop) -> Vec<Evidence> {
        let direct = hop.edges.last().and_then(|id| self.group(self.graph.edge(*id).to));
        let groups: Vec<&Group> = match direct {
            Some(group) => vec![group],
            None => self.graph.nodes_of(&hop.to).iter().filter_map(|it| self.group(*it)).collect(),
        };
        let here = |entry: &&PodIdentity| {
            entry.cluster == node.scope && entry.pod.as_ref().is_some_and(|pod| pod.node == node.name)
        };
        let members = groups.iter().flat_map(|group| &group.members);
        let found = members.filter_map(|at| self.pods.get(*at as usize)).find(here).and_then(pod_key);
        found.into_iter().map(|key| evidence(key, "spec.nodeName", node.name.as_str())).collect()
    }

    fn assume(&self, from: &EntityKey, to: &EntityKey) -> Vec<Evidence> {
        let mut rows = self.trust(to);
        if let Some(Lookup::Found(role)) = self.inventory.accounts.get(&from.scope).map(|it| it.role(&from.name)) {
            let names: Vec<&str> = role
                .inline
                .iter()
                .map(|it| it.name.as_str())
                .chain(role.attached.iter().map(|it| it.as_str()))
                .collect();
            rows.push(evidence(from.clone(), "identity policies", names.join(", ")));
        }
        rows
    }

    fn authorization(&self, at: u32) -> Option<&Authorization> {
        self.graph.sources.authorizations.get(at as usize).map(|it| &**it)
    }

    fn power(&self, cluster: u32, power: usize) -> Vec<Evidence> {
        let Some(authorization) = self.authorization(cluster) else { return Vec::new() };
        let Some(held) = authorization.powers().get(power) else { return Vec::new() };
        let mut rows = Vec::new();
        for at in &held.grants {
            let grant = &authorization.grants()[*at];
            if let Some(mapping) = grant.mapping {
                rows.extend(self.mapping(cluster, mapping));
            }
            let role = &authorization.roles[grant.role];
            rows.extend(origin(authorization, *at));
            let ways = held.power.row().ways.iter().filter(|way| way.object == held.object);
            for need in ways.flat_map(|way| way.needs) {
                for (number, rule) in role.rules.iter().flat_map(|it| it.iter()).enumerate() {
                    if rights::grants(rule, need).is_no() {
                        continue;
                    }
                    let object = role.key.clone().unwrap_or_else(|| principal(authorization, *at));
                    let value = format!("{} {}", rule.verbs.join(","), rule.resources.join(","));
                    let row = evidence(object, format!("rules[{number}]"), value);
                    if !rows.contains(&row) {
                        rows.push(row);
                    }
                }
            }
        }
        rows
    }

    fn grant(&self, cluster: u32, grant: usize) -> Vec<Evidence> {
        let Some(authorization) = self.authorization(cluster) else { return Vec::new() };
        let mut rows: Vec<Evidence> = Vec::new();
        if let Some(mapping) = authorization.grants()[grant].mapping {
            rows.extend(self.mapping(cluster, mapping));
        }
        rows.extend(origin(authorization, grant));
        rows
    }

    fn mapping(&self, cluster: u32, at: usize) -> Vec<Evidence> {
        let Some(authorization) = self.authorization(cluster) else { return Vec::new() };
        let Some(mapping) = authorization.mappings.get(at) else { return Vec::new() };
        let object = EntityKey::plain(Kind::Cluster, &authorization.cluster);
        let path = match &mapping.origin {
            MappingOrigin::AccessEntry { .. } => format!("accessEntries[{}]", mapping.principal),
            MappingOrigin::MapRoles(number) => format!("configmaps/kube-system/aws-auth.mapRoles[{number}]"),
            MappingOrigin::MapUsers(number) => format!("configmaps/kube-system/aws-auth.mapUsers[{number}]"),
            MappingOrigin::MapAccounts(number) => format!("configmaps/kube-system/aws-auth.mapAccounts[{number}]"),
        };
        let value = format!("{} {}", mapping.username, mapping.groups.join(","));
        vec![evidence(object, path, value.trim().to_owned())]
    }

    fn gain(&self, at: usize, to: &EntityKey) -> Vec<Evidence> {
        let Some(gain) = self.graph.gains().all().get(at) else { return Vec::new() };
        let target = matches!(to.kind, Kind::Role | Kind::IamUser | Kind::Node).then_some(to);
        let rows = escalation::proofs(self.inventory, gain, target);
        rows.into_iter()
            .map(|proof| {
                let path = format!("{}.Statement[{}]", proof.policy, proof.statement);
                evidence(proof.object, path, format!("{} on {}", proof.action, proof.resource))
            })
            .collect()
    }
}

/// The binding or policy of a grant.
fn origin(authorization: &Authorization, grant: usize) -> Vec<Evidence> {
    let it = &authorization.grants()[grant];
    let role = &authorization.roles[it.role];
    match &it.origin {
        Origin::Binding(binding) => vec![evidence(binding.clone(), "roleRef.name", role.name.as_str())],
        Origin::AccessPolicy => {
            let object = EntityKey::plain(Kind::Cluster, &authorization.cluster);
            let path = format!("associatedAccessPolicies[{}]", it.subject.name());
            vec![evidence(object, path, format!("{} in {}", role.name, it.scope))]
        }
        Origin::Builtin => {
            vec![evidence(it.subject.key(&authorization.cluster), "system:masters", "passes without RBAC")]
        }
    }
}

fn principal(authorization: &Authorization, grant: usize) -> EntityKey {
    authorization.grants()[grant].subject.key(&authorization.cluster)
}

fn pod_key(entry: &PodIdentity) -> Option<EntityKey> {
    let pod = entry.pod.as_ref()?;
    Some(EntityKey::namespaced(Kind::Pod, &entry.cluster, &entry.namespace, &pod.meta.name))
}

fn token_volume(entry: &PodIdentity, key: EntityKey) -> Vec<Evidence> {
    let mut rows = Vec::new();
    for (at, volume) in entry.spec.volumes.iter().enumerate() {
        let VolumeSource::Projected(parts) = &volume.source else { continue };
        for part in parts {
            if let Projection::Token { audience, .. } = part
                && !audience.is_empty()
            {
                rows.push(evidence(key.clone(), format!("spec.volumes[{at}].projected.sources"), audience.as_str()));
            }
        }
    }
    rows
}
