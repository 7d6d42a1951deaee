//! `rolewalk show ADDRESS`: one thing with everything known about it; for a pod the whole chain, hop by hop.

use std::io::{self, Write};

use clap::Args as ClapArgs;
use serde::Serialize;

use crate::base::Truth;
use crate::base::text::clean;
use crate::cli::args::{Format, OutputArgs, SourceArgs};
use crate::cli::envelope::seconds;
use crate::cli::failure::{Failure, Kind as FailureKind};
use crate::cli::{Outcome, output, source};
use crate::estate::{Ambiguity, Estate, resolve_address};
use crate::graph::escalation;
use crate::identity::Hop;
use crate::identity::resolve::{self, PodIdentity};
use crate::model::{EntityKey, Kind, Lookup};

use super::list::identities::{IdentityRecord, record};

#[derive(Debug, ClapArgs)]
pub struct ShowArgs {
    /// Such as pod/NS/NAME, sa/NS/NAME, role/NAME, node/NAME; the cluster or account may stand in front
    pub address: String,
}

#[derive(Debug, Serialize)]
pub struct Report {
    pub address: String,
    /// What is known, label and value in reading order.
    pub facts: Vec<Fact>,
    /// Identities of a pod's or workload's containers, with their steps.
    pub containers: Vec<ContainerReport>,
    pub uses: Vec<Link>,
    pub used_by: Vec<Link>,
    pub problems: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Fact {
    pub label: &'static str,
    pub value: String,
}

#[derive(Debug, Serialize)]
pub struct ContainerReport {
    #[serde(flatten)]
    pub identity: IdentityRecord,
    pub steps: Vec<Step>,
}

#[derive(Debug, Serialize)]
pub struct Step {
    pub rule: &'static str,
    pub step: &'static str,
    /// `pass`, `fail`, `unknown`
    pub result: &'static str,
    pub found: String,
    pub evidence: Vec<EvidenceRecord>,
    /// Of a trust policy that refuses: the edits after which it would admit.
    pub edits: Vec<EditRecord>,
}

#[derive(Debug, Serialize)]
pub struct EditRecord {
    pub path: String,
    /// Empty where something is added.
    pub from: String,
    /// Empty where something is taken away.
    pub to: String,
}

#[derive(Debug, Serialize)]
pub struct EvidenceRecord {
    pub object: String,
    pub path: String,
    pub value: String,
}

#[derive(Debug, Serialize)]
pub struct Link {
    pub address: String,
    pub edge: &'static str,
    /// `certain` or `unknown`
    pub certainty: &'static str,
}

pub fn run(args: &ShowArgs, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    if matches!(output.output, Format::Csv | Format::Md) {
        return Err(output::no_such_form(output.output));
    }
    let estate = source::estate(data)?;
    let key = find(&estate, &args.address)?;
    let report = report(&estate, &key);
    let mut out = output::open(output)?;
    match output.output {
        Format::Json | Format::Ndjson => output::json(&mut out, &estate, "show", &[&report])?,
        _ => text(&mut out, &report)?,
    }
    out.flush()?;
    drop(out);
    output::finish(&estate, output)
}

/// The thing that an address names, or the choices.
pub fn find(estate: &Estate, address: &str) -> Result<EntityKey, Failure> {
    resolve_address(&estate.inventory, address).map_err(|ambiguity| ambiguous(address, ambiguity))
}

/// Why an address names no single thing, and what to type instead.
pub fn ambiguous(address: &str, ambiguity: Ambiguity) -> Failure {
    match ambiguity {
        Ambiguity::Malformed => Failure::usage(format!("`{address}` is no address"))
            .hint("addresses look like pod/NAMESPACE/NAME, sa/NAMESPACE/NAME, role/NAME, node/NAME"),
        Ambiguity::Several(keys) => keys
            .iter()
            .fold(Failure::usage(format!("`{address}` names several things")), |it, key| it.hint(key.to_string())),
        Ambiguity::Nothing { unread: false } => Failure::usage(format!("there is no `{address}` in the data")),
        Ambiguity::Nothing { unread: true } => {
            Failure::new(FailureKind::Unknown, format!("`{address}` is not in what was read"))
                .hint("some sources were not read whole, so it may exist")
        }
    }
}

fn report(estate: &Estate, key: &EntityKey) -> Report {
    let link = |it: crate::graph::Neighbour| Link {
        address: it.key.to_string(),
        edge: it.kind.title(),
        certainty: if it.certainty == Truth::Yes { "certain" } else { "unknown" },
    };
    Report {
        address: key.to_string(),
        facts: facts(estate, key),
        containers: containers(estate, key),
        uses: estate.graph().uses(key).into_iter().map(link).collect(),
        used_by: estate.graph().used_by(key).into_iter().map(link).collect(),
        problems: estate
            .problems_of(key)
            .map(|problem| format!("{} {}: {}", problem.severity.code(), problem.slug, problem.text))
            .collect(),
    }
}

/// What a role or user can make of itself by its rights in AWS, cheapest way first, each thing once.
fn become_facts(estate: &Estate, key: &EntityKey, facts: &mut Facts) {
    let found = escalation::gains_of(&estate.inventory, key);
    match found.is_administrator(key) {
        Truth::Yes => facts.add("administrator", "of its account"),
        Truth::Unknown => facts.add("administrator", "of its account, where its conditions hold"),
        Truth::No => {}
    }
    let mut seen = Vec::new();
    for gain in found.of(key).iter().filter(|it| it.technique.is_escalation()) {
        if seen.contains(&&gain.to) {
            continue;
        }
        seen.push(&gain.to);
        let mut hangs = gain.needs.iter().map(|need| format!("needs {need}")).collect::<Vec<_>>();
        hangs.extend((!gain.keys.is_empty()).then(|| format!("depends on {}", gain.keys.join(", "))));
        let hangs = if hangs.is_empty() { String::new() } else { format!(" ({})", hangs.join("; ")) };
        facts.add("can become", format!("{}: {}{hangs}", gain.to, gain.technique.title));
    }
    if found.unread().contains(key) {
        facts.add("can become", "perhaps more: a policy could not be read");
    }
}

/// Label and value, left out when there is no value.
struct Facts(Vec<Fact>);

impl Facts {
    fn add(&mut self, label: &'static str, value: impl ToString) {
        let value = value.to_string();
        if !value.is_empty() {
            self.0.push(Fact { label, value });
        }
    }
}

fn facts(estate: &Estate, key: &EntityKey) -> Vec<Fact> {
    let mut facts = Facts(Vec::new());
    match key.kind {
        Kind::Pod | Kind::Container => {
            let pod = EntityKey {
                kind: Kind::Pod,
                name: if key.kind == Kind::Pod { key.name.clone() } else { key.pod.clone() },
                ..key.clone()
            };
            if let Some(entry) = estate.pod(&pod)
                && let Some(pod) = &entry.pod
            {
                facts.add("workload", entry.workload());
                facts.add("account", &entry.spec.service_account);
                facts.add("node", &pod.node);
                facts.add("phase", pod.phase.word());
                facts.add("created", pod.meta.created.map(seconds).unwrap_or_default());
            }
        }
        Kind::ServiceAccount => match estate.service_account(key) {
            Lookup::Found(account) => {
                facts.add("created", account.meta.created.map(seconds).unwrap_or_default());
                account.meta.annotations.iter().for_each(|(name, value)| {
                    facts.add("annotation", format!("{name}: {value}"));
                });
            }
            Lookup::Absent => facts.add("state", "there is no such service account; pods that outlive it are shown"),
            Lookup::Unknown => facts.add("state", "service accounts were not read"),
        },
        Kind::Role => {
            if let Lookup::Found(role) = estate.role(key) {
                facts.add("arn", &role.arn);
                facts.add("created", role.created.map(seconds).unwrap_or_default());
                let used = role
                    .last_used
                    .as_ref()
                    .map(|it| it.at.map_or_else(|| "not within the tracking period".to_owned(), seconds));
                facts.add("last used", used.unwrap_or_else(|| "not read".into()));
                for document in estate.documents(key) {
                    let unread = if document.text.is_none() { ", text not read" } else { "" };
                    facts.add("document", format!("{} ({}{unread})", document.name, document.role.title()));
                }
            }
            become_facts(estate, key, &mut facts);
        }
        Kind::IamUser => become_facts(estate, key, &mut facts),
        Kind::Node => {
            if let Some(cluster) = estate.cluster(&key.scope)
                && let Lookup::Found(node) = cluster.node(&key.name)
            {
                let nodes = crate::identity::instance::Nodes::new(&estate.inventory, cluster);
                let class = nodes.of(&key.name);
                facts.add("kind", class.kind.title());
                facts.add("instance", node.instance_id().unwrap_or_default());
                facts.add("role", class.role.arn().map_or("", |it| it.as_str()));
                match &class.metadata {
                    Some(options) => {
                        let tokens = if options.tokens_required { "required" } else { "optional" };
                        let endpoint = if options.endpoint { "enabled" } else { "disabled" };
                        facts.add("metadata", format!("{endpoint}, tokens {tokens}, hop limit {}", options.hop_limit));
                    }
                    None if class.metadata_missing.is_empty() => facts.add("metadata", "none"),
                    None => facts.add("metadata", "not read"),
                }
                for pod in cluster.pods.iter().filter(|pod| pod.node == key.name) {
                    facts.add("pod", crate::estate::pod_key(&cluster.label, pod));
                }
            }
        }
        Kind::Association => {
            if let Some(cluster) = estate.cluster(&key.scope) {
                let listed = cluster.associations.iter().chain(cluster.association_list.iter());
                if let Some(association) = listed.into_iter().find(|it| it.id == key.name) {
                    let account = EntityKey::namespaced(
                        Kind::ServiceAccount,
                        &key.scope,
                        &association.namespace,
                        &association.service_account,
                    );
                    facts.add("account", account);
                    match &association.details {
                        Some(details) => {
                            facts.add("role", &details.role);
                            facts.add("target role", details.target_role.as_deref().unwrap_or_default());
                            facts.add("external id", details.external_id.as_deref().unwrap_or_default());
                            facts.add("session tags", if details.disable_session_tags { "off" } else { "on" });
                            facts.add("created", details.created.map(seconds).unwrap_or_default());
                            facts.add("modified", details.modified.map(seconds).unwrap_or_default());
                        }
                        None => facts.add("role", "not read: the association was listed but not described"),
                    }
                }
            }
        }
        Kind::Cluster => {
            if let Some(cluster) = estate.cluster(&key.name) {
                if let Some(described) = cluster.description() {
                    facts.add("arn", &described.arn);
                    facts.add("version", &described.version);
                    facts.add("issuer", &described.issuer);
                    facts.add("mode", &described.authentication_mode);
                }
                facts.add("pods", cluster.pods.len());
                facts.add("accounts", cluster.service_accounts.len());
                facts.add("nodes", cluster.nodes.len());
            }
        }
        _ => {}
    }
    facts.0
}

fn containers(estate: &Estate, key: &EntityKey) -> Vec<ContainerReport> {
    let of = |entry: &PodIdentity, wanted: Option<&str>| {
        let pairs = entry.spec.containers.iter().enumerate();
        pairs
            .filter(|(_, container)| wanted.is_none_or(|wanted| container.name == wanted))
            .map(|(at, container)| ContainerReport {
                identity: record(entry, at, &container.name, container.kind.word()),
                steps: resolve::hops(&estate.inventory, entry, at).into_iter().map(step).collect(),
            })
            .collect()
    };
    match key.kind {
        Kind::Pod => estate.pod(key).map_or_else(Vec::new, |entry| of(entry, None)),
        Kind::Container => {
            let pod = EntityKey::namespaced(Kind::Pod, &key.scope, &key.namespace, &key.pod);
            estate.pod(&pod).map_or_else(Vec::new, |entry| of(entry, Some(&key.name)))
        }
        // One pod of each kind that a workload has stands for its siblings.
        _ => estate
            .groups
            .iter()
            .filter(|group| group.key == *key)
            .filter_map(|group| group.members.first())
            .flat_map(|at| of(&estate.pods[*at as usize], None))
            .collect(),
    }
}

fn step(hop: Hop) -> Step {
    Step {
        rule: hop.rule,
        step: hop.step,
        result: result(hop.result),
        found: hop.found,
        evidence: hop
            .evidence
            .into_iter()
            .map(|it| EvidenceRecord { object: it.object.to_string(), path: it.path, value: it.value })
            .collect(),
        edits: hop.edits.into_iter().map(|it| EditRecord { path: it.path, from: it.from, to: it.to }).collect(),
    }
}

fn result(truth: Truth) -> &'static str {
    match truth {
        Truth::Yes => "pass",
        Truth::No => "fail",
        Truth::Unknown => "unknown",
    }
}

fn text(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let mut line = |text: String| writeln!(out, "{}", clean(text.trim_end()));
    line(report.address.clone())?;
    for fact in &report.facts {
        line(format!("  {:<13} {}", fact.label, fact.value))?;
    }
    for problem in &report.problems {
        line(format!("  {:<13} {problem}", "problem"))?;
    }
    for container in &report.containers {
        let it = &container.identity;
        line(String::new())?;
        line(format!("container {} ({})", it.container, it.kind))?;
        let shown = |source: &str, role: Option<&str>| format!("{source} {}", role.unwrap_or_default());
        line(format!("  {:<13} {}", "identity", shown(it.identity.source, it.identity.role.as_deref())))?;
        line(format!("  {:<13} {}{}", "verdict", it.verdict, if it.certain { "" } else { " (not certain)" }))?;
        line(format!("  {:<13} {} ({})", "why", it.why, it.rule))?;
        for (label, credential) in [("declared", &it.declared), ("tries first", &it.attempted)] {
            let value = credential.as_ref().map_or("nothing".into(), |it| shown(it.source, it.role.as_deref()));
            line(format!("  {label:<13} {value}"))?;
        }
        if let Some(fallback) = &it.fallback {
            let value = shown(fallback.source, fallback.role.as_deref());
            line(format!("  {:<13} {value} in {}", "others get", fallback.sdks.join(", ")))?;
        }
        for reachable in &it.reachable {
            let sure = if reachable.certainty == "certain" { "" } else { " (not certain)" };
            line(format!("  {:<13} {} via {}{sure}", "also reachable", reachable.role, reachable.via))?;
        }
        if !it.drift.is_empty() {
            line(format!("  {:<13} {} (R113)", "drift", it.drift.join(" ")))?;
        }
        for missing in &it.missing {
            line(format!("  {:<13} {missing}", "not read"))?;
        }
        line("  steps".into())?;
        for step in &container.steps {
            line(format!("    {:<8} {:<5} {}: {}", step.result, step.rule, step.step, step.found))?;
            for evidence in &step.evidence {
                line(format!("                   {} {} = {}", evidence.object, evidence.path, evidence.value))?;
            }
            for edit in &step.edits {
                line(format!("                   would pass with {}: {} -> {}", edit.path, edit.from, edit.to))?;
            }
        }
    }
    for (title, links) in [("uses", &report.uses), ("used by", &report.used_by)] {
        if !links.is_empty() {
            line(String::new())?;
            line(title.into())?;
            for link in links {
                let sure = if link.certainty == "certain" { "" } else { " (not certain)" };
                line(format!("  {:<11} {}{sure}", link.edge, link.address))?;
            }
        }
    }
    Ok(())
}
