//! EC2 instances: which of them are nodes, and which roles they run with (R181).

use rustc_hash::FxHashMap;

use crate::base::Name;
use crate::model::{Arn, EntityKey, Inventory, Kind, Lookup};

/// One instance.
pub(super) struct Machine {
    pub arn: String,
    /// The node of a cluster that it is.
    pub node: Option<EntityKey>,
    /// ARN of its role; `None` when it has none, or was not read.
    pub role: Option<Name>,
}

/// The instances of all accounts.
pub(super) struct Machines {
    by_account: FxHashMap<Name, Vec<Machine>>,
}

impl Machines {
    pub fn new(inventory: &Inventory) -> Machines {
        let mut nodes: FxHashMap<(&str, &str), EntityKey> = FxHashMap::default();
        let mut found: FxHashMap<Name, Vec<Machine>> = FxHashMap::default();
        let mut unlisted: Vec<(Arn<'_>, &str)> = Vec::new();
        for cluster in inventory.clusters.values() {
            let Some(arn) = cluster.description().and_then(|it| Arn::parse(&it.arn)) else { continue };
            for node in &cluster.nodes {
                let Some(instance) = node.instance_id() else { continue };
                // Nodes of Auto Mode are managed instances: nobody gets a session on them or changes them.
                if node.meta.labels.get("eks.amazonaws.com/compute-type").is_some_and(|it| &**it == "auto") {
                    nodes.insert((arn.account, instance), EntityKey::plain(Kind::Node, ""));
                    continue;
                }
                let key = EntityKey::scoped(Kind::Node, &cluster.label, &node.meta.name);
                nodes.insert((arn.account, instance), key);
                unlisted.push((arn, instance));
            }
        }
        for account in inventory.accounts.values() {
            let partition = account.roles.iter().find_map(|it| Arn::parse(&it.arn)).map_or("aws", |it| it.partition);
            for (region, facts) in &account.regions {
                for instance in facts.instances.iter().filter(|it| &*it.state != "terminated") {
                    let node = nodes.remove(&(account.id.as_str(), instance.id.as_str()));
                    if node.as_ref().is_some_and(|it| it.name.is_empty()) {
                        continue;
                    }
                    let profile = instance.profile.as_ref().map(|it| account.instance_profile(it));
                    let role = match profile {
                        Some(Lookup::Found(profile)) => profile.roles.first().cloned(),
                        _ => None,
                    };
                    let arn = format!("arn:{partition}:ec2:{region}:{}:instance/{}", account.id, instance.id);
                    found.entry(account.id.clone()).or_default().push(Machine { arn, node, role });
                }
            }
        }
        // Nodes whose instance was not read are machines all the same.
        for (cluster, instance) in unlisted {
            if let Some(node) = nodes.remove(&(cluster.account, instance)) {
                let Arn { partition, region, account, .. } = cluster;
                let arn = format!("arn:{partition}:ec2:{region}:{account}:instance/{instance}");
                found.entry(account.into()).or_default().push(Machine { arn, node: Some(node), role: None });
            }
        }
        Machines { by_account: found }
    }

    pub fn of(&self, account: &str) -> &[Machine] {
        self.by_account.get(account).map_or(&[], Vec::as_slice)
    }
}
