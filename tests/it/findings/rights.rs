//! Roles and bindings of Kubernetes that fixes delete or patch.

use std::sync::Arc;

use rolewalk::model::ClusterFacts;
use rolewalk::model::facts::rbac::{Binding, RbacRole};
use serde_json::Value;

/// Deletes an object, or takes out of it what a JSON patch removes.
pub fn change(cluster: &mut ClusterFacts, namespace: &str, kind: &str, name: &str, patch: Option<&str>) -> Option<()> {
    match kind {
        "clusterrole" => of_role(cluster.cluster_roles.items_mut(), namespace, name, patch),
        "role" => of_role(cluster.roles.items_mut(), namespace, name, patch),
        "clusterrolebinding" => of_binding(cluster.cluster_role_bindings.items_mut(), namespace, name, patch),
        "rolebinding" => of_binding(cluster.role_bindings.items_mut(), namespace, name, patch),
        _ => None,
    }
}

fn of_role(list: &mut Vec<Arc<RbacRole>>, namespace: &str, name: &str, patch: Option<&str>) -> Option<()> {
    let at = list.iter().position(|it| it.meta.namespace == *namespace && it.meta.name == *name)?;
    let Some(patch) = patch else {
        list.remove(at);
        return Some(());
    };
    let rule = removed(patch, "/rules/")?;
    let role = Arc::make_mut(&mut list[at]);
    role.rules = role.rules.iter().enumerate().filter(|(at, _)| *at != rule).map(|(_, it)| it.clone()).collect();
    Some(())
}

fn of_binding(list: &mut Vec<Arc<Binding>>, namespace: &str, name: &str, patch: Option<&str>) -> Option<()> {
    let at = list.iter().position(|it| it.meta.namespace == *namespace && it.meta.name == *name)?;
    match patch {
        Some(patch) => drop(Arc::make_mut(&mut list[at]).subjects.remove(removed(patch, "/subjects/")?)),
        None => drop(list.remove(at)),
    }
    Some(())
}

/// The position that the patch removes below a path.
fn removed(patch: &str, below: &str) -> Option<usize> {
    let steps: Value = serde_json::from_str(patch).ok()?;
    let step = steps.as_array()?.iter().find(|it| it["op"] == "remove")?;
    step["path"].as_str()?.strip_prefix(below)?.parse().ok()
}
