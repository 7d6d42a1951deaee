//! Roles of nodes as clusters use them: which nodes have which role, and which workloads reach it through the metadata
//! service.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{Name, Truth};
use crate::iam::privilege::Privilege;
use crate::identity::instance::{NodeClass, NodeKind};
use crate::identity::{Source, Via};
use crate::model::facts::iam::Role;
use crate::model::facts::node::{MetadataOptions, Node};
use crate::model::{ClusterFacts, EntityKey, Kind, Lookup};

use super::context::{Context, Seat, Workload};
use super::finding::Fix;
use super::fix;
use super::platform;

/// So many instances are named in a command.
const NAMED: usize = 20;

/// One role on the nodes of one cluster.
pub struct NodeRoleUse<'a> {
    pub cluster: &'a ClusterFacts,
    /// ARN.
    pub role: Name,
    pub nodes: Vec<(&'a Node, Arc<NodeClass>)>,
}

impl NodeRoleUse<'_> {
    pub fn key(&self) -> Option<EntityKey> {
        EntityKey::role(&self.role)
    }

    /// The different settings of its instances, with how many have each and the name of one node.
    pub fn settings(&self) -> Vec<(&MetadataOptions, usize, &Name)> {
        let mut found: Vec<(&MetadataOptions, usize, &Name)> = Vec::new();
        for (node, class) in &self.nodes {
            let Some(options) = &class.metadata else { continue };
            match found.iter_mut().find(|it| it.0 == options) {
                Some(known) => known.1 += 1,
                None => found.push((options, 1, &node.meta.name)),
            }
        }
        found
    }

    /// Other metadata options for its running instances: by their ids where they are few, else for all that have the
    /// instance profile. `None` where no instance was read.
    pub fn modified(&self, context: &Context<'_>, options: &str) -> Option<Fix> {
        let ids: Vec<&str> = self.nodes.iter().filter_map(|(node, _)| node.instance_id()).collect();
        let region = crate::identity::cluster_arn(self.cluster)?.region;
        let change = |id: &str| {
            format!("aws ec2 modify-instance-metadata-options --region {region} --instance-id {id} {options}")
        };
        let of_all = match &ids[..] {
            [] => return None,
            [one] => return Some(fix::aws(change(one))),
            few if few.len() <= NAMED => few.join(" "),
            [first, ..] => {
                let regions = context.inventory.accounts.values().flat_map(|account| account.regions.values());
                let found = regions.filter_map(|region| match region.instance(first) {
                    Lookup::Found(instance) => instance.profile.clone(),
                    _ => None,
                });
                let profile = found.into_iter().next()?;
                format!(
                    "$(aws ec2 describe-instances --region {region} --filters Name=iam-instance-profile.arn,Values={profile} Name=instance-state-name,Values=running --query 'Reservations[].Instances[].InstanceId' --output text)"
                )
            }
        };
        Some(fix::aws(format!("for id in {of_all}; do {}; done", change("\"$id\""))))
    }

    pub fn kinds(&self) -> String {
        let mut kinds: Vec<&str> = self.nodes.iter().map(|(_, class)| class.kind.title()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.join(", ")
    }
}

/// Known roles of the nodes of every cluster, by cluster and role.
pub fn all<'a>(context: &Context<'a>) -> Vec<NodeRoleUse<'a>> {
    let mut uses = Vec::new();
    for cluster in context.clusters() {
        let nodes = &context.cluster_index(cluster).nodes;
        let mut by_role: BTreeMap<Name, Vec<(&Node, Arc<NodeClass>)>> = BTreeMap::new();
        for node in &cluster.nodes {
            let class = nodes.of(&node.meta.name);
            if let Some(role) = class.role.arn().filter(|_| class.kind != NodeKind::Fargate) {
                by_role.entry(role.clone()).or_default().push((node, Arc::clone(class)));
            }
        }
        uses.extend(by_role.into_iter().map(|(role, nodes)| NodeRoleUse { cluster, role, nodes }));
    }
    uses
}

/// Whether the code in a container gets the credentials of its node from the metadata service, and of which role.
pub fn through_metadata<'a>(seat: &Seat<'a>) -> Option<(&'a Name, Truth)> {
    let identity = seat.identity;
    if identity.identity.source == Source::NodeRole
        && let Some(role) = &identity.identity.role
    {
        return Some((role, Truth::from(identity.certain).or(Truth::Unknown)));
    }
    identity.reachable.iter().find(|it| it.via == Via::Imds).map(|it| (&it.role, it.certainty))
}

/// Policies of a node role that no node needs to be one: managed ones by ARN, inline ones by name.
pub fn beyond_standard(role: &Role) -> Vec<Name> {
    let managed = role.attached.iter().filter(|arn| !platform::is_node_policy(arn)).cloned();
    managed.chain(role.inline.iter().map(|policy| Name::new(&format!("inline {}", policy.name)))).collect()
}

/// How strong a node role is by what it has beyond the standard policies of nodes. `None` when the role was not read.
pub fn privilege_beyond_standard(context: &Context<'_>, arn: &str) -> Option<(Arc<Role>, Privilege)> {
    let Lookup::Found(role) = context.inventory.role(arn) else { return None };
    let mut own = (**role).clone();
    own.attached.retain(|arn| !platform::is_node_policy(arn));
    Some((Arc::clone(role), context.privilege_with(&own)))
}

/// Signs that the program in a container calls AWS: variables that only its SDKs read, or a controller known to do so.
pub fn looks_like_aws_client(workload: &Workload<'_>, seat: &Seat<'_>) -> Option<String> {
    let variable = ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SDK_LOAD_CONFIG", "AWS_STS_REGIONAL_ENDPOINTS"]
        .into_iter()
        .find(|name| seat.variable(name).is_set().is_yes());
    if let Some(name) = variable {
        return Some(format!("variable {name}"));
    }
    [&workload.key.name, workload.service_account]
        .into_iter()
        .find(|name| platform::is_known_controller(name))
        .map(|name| format!("{name} is a controller that calls AWS"))
}

/// The node as evidence names it where one stands for many alike.
pub fn node_key(cluster: &ClusterFacts, node: &Name) -> EntityKey {
    EntityKey::scoped(Kind::Node, &cluster.label, node)
}
