//! JSON patches of roles and bindings, and what is deleted, as the API server carries them out.

use std::sync::Arc;

use rolewalk::base::Name;
use rolewalk::model::ClusterFacts;
use rolewalk::model::facts::meta::Labels;
use rolewalk::model::facts::rbac::{Binding, RbacRole, Subject};
use rolewalk::model::listing::Listing;
use rolewalk::rbac::Rule;
use serde_json::{Value, json};

use super::applier::place;

pub fn delete(cluster: &mut ClusterFacts, kind: &str, namespace: &str, name: &str) -> Option<()> {
    let wanted = (namespace, name);
    let gone = match kind {
        "secret" => {
            let items = cluster.secrets.items_mut();
            let before = items.len();
            items.retain(|it| place(&it.meta) != wanted);
            before - items.len()
        }
        _ => {
            let items = bindings(cluster, kind).items_mut();
            let before = items.len();
            items.retain(|it| place(&it.meta) != wanted);
            before - items.len()
        }
    };
    (gone == 1).then_some(())
}

/// `test`, `remove`, `replace` and `add` on the rules of a role or the subjects of a binding.
pub fn patch(cluster: &mut ClusterFacts, kind: &str, namespace: &str, name: &str, patch: &[Value]) -> Option<()> {
    if kind.ends_with("binding") {
        let items = bindings(cluster, kind).items_mut();
        let binding = Arc::make_mut(items.iter_mut().find(|it| place(&it.meta) == (namespace, name))?);
        let mut list: Vec<Value> = binding.subjects.iter().map(written).collect();
        patch.iter().try_for_each(|op| carry_out(&mut list, "/subjects/", op))?;
        binding.subjects = list.iter().map(subject).collect();
        return Some(());
    }
    let items = roles(cluster, kind).items_mut();
    let role = Arc::make_mut(items.iter_mut().find(|it| place(&it.meta) == (namespace, name))?);
    let mut list: Vec<Value> = role.rules.iter().map(rule_written).collect();
    patch.iter().try_for_each(|op| carry_out(&mut list, "/rules/", op))?;
    role.rules = list.iter().map(rule).collect();
    Some(())
}

/// Texts of a ConfigMap, replaced one by one.
pub fn merge(cluster: &mut ClusterFacts, namespace: &str, name: &str, patch: &Value) -> Option<()> {
    let items = cluster.config_maps.items_mut();
    let map = Arc::make_mut(items.iter_mut().find(|it| place(&it.meta) == (namespace, name))?);
    let new = patch["data"].as_object()?;
    let kept = map.values.iter().filter(|(key, _)| !new.contains_key(key.as_str()));
    let kept = kept.map(|(key, text)| (key.clone(), text.clone())).collect::<Vec<_>>();
    let new = new.iter().filter_map(|(key, text)| Some((Name::new(key), Name::new(text.as_str()?))));
    map.values = Labels::new(kept.into_iter().chain(new).collect());
    Some(())
}

fn bindings<'c>(cluster: &'c mut ClusterFacts, kind: &str) -> &'c mut Listing<Binding> {
    if kind == "rolebinding" { &mut cluster.role_bindings } else { &mut cluster.cluster_role_bindings }
}

fn roles<'c>(cluster: &'c mut ClusterFacts, kind: &str) -> &'c mut Listing<RbacRole> {
    if kind == "role" { &mut cluster.roles } else { &mut cluster.cluster_roles }
}

fn carry_out(list: &mut Vec<Value>, start: &str, op: &Value) -> Option<()> {
    let path = op["path"].as_str()?.strip_prefix(start)?;
    let (at, rest) = path.split_once('/').unwrap_or((path, ""));
    match op["op"].as_str()? {
        "add" if at == "-" => list.push(op["value"].clone()),
        "test" => {
            let found = list.get(at.parse::<usize>().ok()?)?;
            return (found[rest] == op["value"]).then_some(());
        }
        "remove" => drop(list.remove(at.parse().ok().filter(|at| *at < list.len())?)),
        "replace" => *list.get_mut(at.parse::<usize>().ok()?)? = op["value"].clone(),
        _ => return None,
    }
    Some(())
}

fn written(subject: &Subject) -> Value {
    json!({ "kind": *subject.kind, "namespace": *subject.namespace, "name": *subject.name })
}

fn subject(value: &Value) -> Subject {
    let text = |key: &str| Name::new(value[key].as_str().unwrap_or_default());
    Subject { kind: text("kind"), namespace: text("namespace"), name: text("name") }
}

fn rule_written(rule: &Rule) -> Value {
    let list = |names: &[Name]| names.iter().map(|it| it.as_str().to_owned()).collect::<Vec<_>>();
    json!({
        "apiGroups": list(&rule.api_groups), "resources": list(&rule.resources), "verbs": list(&rule.verbs),
        "resourceNames": list(&rule.resource_names), "nonResourceURLs": list(&rule.urls),
    })
}

fn rule(value: &Value) -> Rule {
    let list = |key: &str| {
        let names = value[key].as_array().into_iter().flatten();
        names.filter_map(|it| it.as_str()).map(Name::new).collect::<Vec<_>>()
    };
    Rule {
        verbs: list("verbs"),
        api_groups: list("apiGroups"),
        resources: list("resources"),
        resource_names: list("resourceNames"),
        urls: list("nonResourceURLs"),
    }
}
