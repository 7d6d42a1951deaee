//! What must never stand in a saved snapshot, looked for in the file itself: the last line of defence, not the first.

use crate::base::Name;
use crate::base::text::{clean, shorten};
use crate::model::Inventory;
use crate::model::facts::env::{EnvValue, KEPT_PRESENCE};
use crate::model::facts::pod::PodSpec;

use crate::ingest::env::holds_secret;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// One line for each thing found; no line repeats a secret.
pub fn look(inventory: &Inventory, texts: &[Name]) -> Vec<String> {
    let mut found = Vec::new();
    for text in texts {
        if text.contains(LAST_APPLIED) {
            found.push(format!("the annotation {LAST_APPLIED}"));
        }
        if holds_secret(text) {
            let start: String = text.chars().take(4).collect();
            found.push(format!(
                "a text of {} bytes that looks like a secret, beginning `{}`",
                text.len(),
                clean(&start)
            ));
        }
    }
    for cluster in inventory.clusters.values() {
        for secret in cluster.secrets.iter().filter(|secret| !secret.values.is_empty()) {
            found.push(format!("values of the Secret {}/{}", secret.meta.namespace, secret.meta.name));
        }
        let pods = cluster.pods.iter().map(|pod| (&pod.meta.namespace, &pod.meta.name, &pod.spec));
        let workloads = [
            &cluster.deployments,
            &cluster.replica_sets,
            &cluster.stateful_sets,
            &cluster.daemon_sets,
            &cluster.jobs,
            &cluster.cron_jobs,
        ];
        let templates =
            workloads.into_iter().flatten().map(|it| (&it.meta.namespace, &it.meta.name, &it.template.spec));
        for (namespace, name, spec) in pods.chain(templates) {
            variables(spec).for_each(|variable| {
                found.push(format!("the value of {} in {namespace}/{name}", shorten(&clean(variable), 60, "…")));
            });
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Variables of which only the presence may be known, and whose value is there.
fn variables(spec: &PodSpec) -> impl Iterator<Item = &Name> {
    let variables = spec.containers.iter().flat_map(|container| &container.env);
    variables
        .filter(|it| KEPT_PRESENCE.contains(&it.name.as_str()))
        .filter(|it| matches!(&it.value, EnvValue::Literal(value) if !value.is_empty()))
        .map(|it| &it.name)
}
