//! A checker of its own: every step of every path must stand on evidence that is in the facts as it says.

use rolewalk::analysis::path::path;
use rolewalk::base::Truth;
use rolewalk::estate::Estate;
use rolewalk::graph::evidence;
use rolewalk::graph::path::Limits;
use rolewalk::identity::Evidence;
use rolewalk::model::{EntityKey, Kind, Lookup};

use super::world::small;
use super::{key, world_of};

/// The value at the path of the object, read from the facts without the graph. `None` where this checker does not know
/// the path.
fn holds(estate: &Estate, it: &Evidence) -> Option<bool> {
    let inventory = &estate.inventory;
    let cluster = inventory.clusters.get(&it.object.scope);
    let role = inventory.accounts.get(&it.object.scope).map(|account| account.role(&it.object.name));
    match (it.object.kind, it.path.as_str()) {
        (Kind::Pod, path) => {
            let Some(Lookup::Found(pod)) = cluster.map(|cluster| cluster.pod(&it.object.namespace, &it.object.name))
            else {
                return Some(false);
            };
            match path {
                "spec.nodeName" => Some(pod.node == *it.value),
                "spec.serviceAccountName" => Some(pod.spec.service_account == *it.value),
                "spec.hostNetwork" => Some(pod.spec.host_network),
                _ => None,
            }
        }
        (Kind::Role, "AssumeRolePolicyDocument") => match role {
            Some(Lookup::Found(role)) => Some(role.trust.as_deref() == Some(&it.value)),
            _ => Some(it.value == "not read"),
        },
        (Kind::RoleBinding, "roleRef.name") => {
            let bindings = &cluster?.role_bindings;
            let found = bindings
                .iter()
                .find(|binding| binding.meta.namespace == it.object.namespace && binding.meta.name == it.object.name);
            Some(found.is_some_and(|binding| binding.role_name == *it.value))
        }
        (Kind::ClusterRoleBinding, "roleRef.name") => {
            let found = cluster?.cluster_role_bindings.iter().find(|binding| binding.meta.name == it.object.name);
            Some(found.is_some_and(|binding| binding.role_name == *it.value))
        }
        (Kind::ClusterRole | Kind::RbacRole, path) => {
            let number: usize = path.strip_prefix("rules[")?.strip_suffix(']')?.parse().ok()?;
            let list = if it.object.kind == Kind::ClusterRole { &cluster?.cluster_roles } else { &cluster?.roles };
            let found = list
                .iter()
                .find(|role| role.meta.namespace == it.object.namespace && role.meta.name == it.object.name)?;
            let rule = found.rules.get(number)?;
            Some(it.value == format!("{} {}", rule.verbs.join(","), rule.resources.join(",")))
        }
        (Kind::Association, "association.roleArn") => {
            let found = cluster?.associations.iter().find(|association| association.id == it.object.name)?;
            Some(found.details.as_ref().is_some_and(|details| details.role == *it.value))
        }
        (Kind::Node, "spec.providerID") => match cluster?.node(&it.object.name) {
            Lookup::Found(node) => Some(node.provider_id == *it.value),
            _ => Some(false),
        },
        _ => None,
    }
}

/// Checks paths and counts what it could check.
pub struct Checker<'a> {
    estate: &'a Estate,
    steps: usize,
    checked: usize,
}

impl Checker<'_> {
    pub fn new(estate: &Estate) -> Checker<'_> {
        Checker { estate, steps: 0, checked: 0 }
    }

    /// Every path from the one to the other, as many as `paths`.
    pub fn check(&mut self, from: &EntityKey, to: &EntityKey, paths: usize) {
        let world = world_of(self.estate);
        let Some(found) = path(world, from, to, Limits { paths, ..Limits::default() }) else { return };
        for path in &found.paths {
            assert_eq!(path.hops.first().map(|hop| &hop.from), Some(from));
            assert_eq!(path.hops.last().map(|hop| &hop.to), Some(to));
            let mut things = vec![from];
            for hop in &path.hops {
                assert_eq!(things.last(), Some(&&hop.from), "a path goes on where its last step ended");
                assert!(!things.contains(&&hop.to), "{} twice on one path", hop.to);
                things.push(&hop.to);
                let rows = evidence::of(world.graph, world.inventory, world.pods, hop);
                assert!(
                    !rows.is_empty() || BARE.contains(&hop.kind.word()),
                    "{} {} {} has no evidence",
                    hop.from,
                    hop.kind.word(),
                    hop.to
                );
                for it in &rows {
                    self.steps += 1;
                    match holds(self.estate, it) {
                        Some(true) => self.checked += 1,
                        Some(false) => panic!("{} {} is not `{}`", it.object, it.path, it.value),
                        None => {}
                    }
                }
            }
            assert!(path.certainty() >= Truth::Unknown);
        }
    }

    /// More than half of the evidence, and at least so many pieces, could be looked up.
    pub fn finish(self, least: usize) {
        let Checker { steps, checked, .. } = self;
        assert!(checked > least && checked * 2 > steps, "{checked} of {steps} checked");
    }
}

/// Steps that follow from what the thing is.
const BARE: [&str; 5] = ["cluster-admin", "namespace-admin", "owns-role", "access-entry-edit", "cluster-creator"];

#[test]
fn every_step_of_every_path_stands_on_facts() {
    let Some(estate) = small() else { return };
    let starts: Vec<EntityKey> = [
        "pod/prod/payments-prod/",
        "sa/prod/payments-prod/token-bot",
        "sa/prod/payments-prod/debug-bot",
        "sa/prod/payments-prod/node-bot",
        "sa/prod/payments-prod/ci-deployer",
        "group/prod/shipping-prod-developers",
        "role/111122223333:prod-perm-chain",
    ]
    .iter()
    .flat_map(|address| match address.strip_suffix('/') {
        Some(start) => {
            let pods = estate.pods.iter().filter_map(|it| it.pod.as_ref().map(|pod| (it, pod)));
            pods.map(|(it, pod)| format!("pod/{}/{}/{}", it.cluster, it.namespace, pod.meta.name))
                .filter(|address| address.starts_with(start))
                .collect()
        }
        None => vec![(*address).to_owned()],
    })
    .map(|address| key(&address))
    .collect();
    let targets: Vec<EntityKey> = estate.inventory.accounts["111122223333"]
        .roles
        .iter()
        .map(|role| EntityKey::scoped(Kind::Role, &role.account, &role.name))
        .chain([key("cluster/prod")])
        .collect();
    let mut checker = Checker::new(&estate);
    for from in &starts {
        for to in targets.iter().filter(|to| *to != from) {
            checker.check(from, to, 3);
        }
    }
    checker.finish(1000);
}
