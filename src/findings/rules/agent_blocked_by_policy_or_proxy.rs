//! The container cannot ask the Pod Identity agent
//!
//! ## What it checks
//! A container is set up to ask the agent, and network policies that select its pod leave its address out, or a proxy is
//! set in its environment and `NO_PROXY` does not name the address. Whether anything enforces network policies is not
//! always known: then it is a hint. That Cilium takes the agent for the host and not for an address is not looked at.
//!
//! ## Why it matters
//! Calls for credentials hang until they time out, or ask a proxy that cannot know them.
//!
//! ## How to fix
//! Let the pods reach 169.254.170.23 on port 80 (in Cilium: the entity `host`), and name the address in `NO_PROXY`.
//!
//! ## For newcomers
//! The agent answers at an address that exists on every node by itself. A rule about traffic out of the pod applies to it
//! all the same.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::{Value, json};

use crate::base::Truth;
use crate::findings::reference::{NHI6, PR_AA_03};
use crate::findings::{Category, Context, Fix, Kind, Rule, Seat, Severity, Sink, Workload, fix};
use crate::identity::environment::Variable;
use crate::identity::instance::Guard;
use crate::identity::network::{self, Policies, selects};
use crate::model::SourceKind;
use crate::model::facts::meta::{Labels, Operator, Selector};
use crate::model::facts::network::NetworkPolicy;

pub(super) static RULE: Rule = Rule {
    id: "PODID-011",
    slug: "agent-blocked-by-policy-or-proxy",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::PodIdentity,
    needs: &[SourceKind::Pods, SourceKind::NetworkPolicies],
    references: &[NHI6, PR_AA_03],
    check,
};

const PROXIES: [&str; 4] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"];
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for cluster in context.clusters() {
        let policies = Policies::new(cluster);
        let own = context.workloads.iter().filter(|it| std::ptr::eq(it.cluster, cluster));
        for workload in own.filter(|it| it.runs() || it.pods() == 0) {
            for seat in workload.seats().filter(|it| it.has_agent().is_yes()) {
                by_policy(&policies, workload, &seat, out);
                by_proxy(workload, &seat, out);
            }
        }
    }
}

/// The address that the container asks.
fn agent(seat: &Seat<'_>) -> IpAddr {
    let url = seat.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    match url.value() {
        Some(url) if url.contains('[') => IpAddr::V6(std::net::Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
        _ => network::AGENT.0,
    }
}

fn by_policy(policies: &Policies<'_>, workload: &Workload<'_>, seat: &Seat<'_>, out: &mut Sink<'_>) {
    if seat.entry.spec.host_network || !policies.concern(workload.namespace) {
        return;
    }
    let address = agent(seat);
    let none = Labels::default();
    let labels = match (&seat.entry.pod, workload.stored()) {
        (Some(pod), _) => &pod.meta.labels,
        (None, Some(stored)) => &stored.template.labels,
        (None, None) => &none,
    };
    let sure = match policies.guard(workload.namespace, labels, (address, network::AGENT.1)) {
        Guard::Closed => true,
        Guard::Maybe => false,
        Guard::Open | Guard::Unread(_) => return,
    };
    let selecting: Vec<&NetworkPolicy> = workload
        .cluster
        .network_policies
        .iter()
        .filter(|it| it.egress && it.meta.namespace == *workload.namespace && !selects(&it.pods, labels).is_no())
        .map(|it| &**it)
        .collect();
    let names: Vec<&str> = selecting.iter().map(|it| it.meta.name.as_str()).collect();
    let found = out
        .report(
            workload.key.clone(),
            Severity::Medium,
            format!("network policies keep container {} from the agent at {address}", seat.container.name),
        )
        .also(workload.account_key())
        .evidence(&workload.key, "network policies that select the pod", names.join(", "))
        .evidence(&workload.key, seat.path("env[AWS_CONTAINER_CREDENTIALS_FULL_URI]"), seat.shown("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
        .impact("calls for credentials hang until they time out")
        .certain_if(sure);
    if !sure {
        found.evidence(&workload.key, "enforced", "not known: no engine was recognised that surely enforces policies");
    }
    found.fixes(selecting.first().map(|policy| admit(policy, address)));
}

/// One more policy for the same pods: policies add up, so nothing else changes for them.
fn admit(policy: &NetworkPolicy, address: IpAddr) -> Fix {
    let block = if address.is_ipv4() { format!("{address}/32") } else { format!("{address}/128") };
    fix::apply(&json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": { "namespace": policy.meta.namespace.as_str(), "name": "allow-pod-identity-agent" },
        "spec": {
            "podSelector": written(&policy.pods),
            "policyTypes": ["Egress"],
            "egress": [{ "to": [{ "ipBlock": { "cidr": block } }], "ports": [{ "protocol": "TCP", "port": 80 }] }],
        },
    }))
}

fn written(selector: &Selector) -> Value {
    let labels: serde_json::Map<String, Value> =
        selector.labels.iter().map(|(key, value)| (key.to_string(), json!(value.as_str()))).collect();
    let expressions: Vec<Value> = selector
        .expressions
        .iter()
        .map(|it| {
            let operator = match &it.operator {
                Operator::In => "In",
                Operator::NotIn => "NotIn",
                Operator::Exists => "Exists",
                Operator::DoesNotExist => "DoesNotExist",
                Operator::Other(other) => other.as_str(),
            };
            let values: Vec<&str> = it.values.iter().map(|it| it.as_str()).collect();
            json!({ "key": it.key.as_str(), "operator": operator, "values": values })
        })
        .collect();
    let mut written = serde_json::Map::new();
    if !labels.is_empty() {
        written.insert("matchLabels".into(), Value::Object(labels));
    }
    if !expressions.is_empty() {
        written.insert("matchExpressions".into(), Value::Array(expressions));
    }
    Value::Object(written)
}

fn by_proxy(workload: &Workload<'_>, seat: &Seat<'_>, out: &mut Sink<'_>) {
    let proxies = PROXIES.map(|name| (name, seat.variable(name)));
    let set: Vec<&str> = proxies.iter().filter(|(_, it)| it.is_set().is_yes()).map(|(name, _)| *name).collect();
    if set.is_empty() {
        out.cannot(proxies.iter().flat_map(|(_, it)| it.missing()).cloned());
        return;
    }
    let address = agent(seat);
    let exceptions = EXCEPTIONS.map(|name| seat.variable(name));
    let covered = exceptions.iter().map(|it| names(it, address)).fold(Truth::No, Truth::or);
    if covered.is_yes() {
        return;
    }
    let name = &seat.container.name;
    let stated: Vec<&str> = exceptions.iter().filter_map(Variable::value).map(|it| it.as_str()).collect();
    let list = [stated.join(","), "169.254.170.23".into(), "fd00:ec2::23".into()];
    let list: Vec<&str> = list.iter().map(String::as_str).filter(|it| !it.is_empty()).collect();
    // Where both spellings are set, programs differ in which they read.
    let spellings = EXCEPTIONS.iter().zip(&exceptions).filter(|(_, it)| **it != Variable::Unset).map(|(name, _)| *name);
    let mut spellings: Vec<&str> = spellings.collect();
    if spellings.is_empty() {
        spellings.push(EXCEPTIONS[0]);
    }
    out.report(
        workload.key.clone(),
        Severity::Medium,
        format!("container {name} has a proxy, and its exceptions do not name the agent at {address}"),
    )
    .also(workload.account_key())
    .show(set.iter().map(|name| seat.env_evidence(workload, name)))
    .show(EXCEPTIONS.map(|name| seat.env_evidence(workload, name)))
    .impact("calls for credentials go to the proxy, which cannot answer them")
    .certain_if(covered.is_no())
    .fixes(spellings.iter().map(|name| fix::set_variable(workload, seat, name, &list.join(","))));
}

/// Whether a list of exceptions names an address: by itself, by a block that holds it, or by a star.
fn names(variable: &Variable, address: IpAddr) -> Truth {
    let list = match variable {
        Variable::Known(list) => list,
        Variable::Unset | Variable::Empty => return Truth::No,
        Variable::Present | Variable::Unknown(_) => return Truth::Unknown,
    };
    let named = list.split([',', ' ']).map(str::trim).any(|entry| {
        let bare = entry.trim_start_matches('[').trim_end_matches(']');
        let bare = bare.strip_suffix(":80").filter(|it| it.parse::<IpAddr>().is_ok()).unwrap_or(bare);
        entry == "*"
            || bare.parse::<IpAddr>().is_ok_and(|it| it == address)
            || bare.parse::<IpNet>().is_ok_and(|it| it.contains(&address))
    });
    named.into()
}
