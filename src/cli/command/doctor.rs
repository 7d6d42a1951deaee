//! `rolewalk doctor`: each source with its state, what was counted in it and what was lost (protocols.md section 6).

use std::collections::BTreeMap;
use std::io::Write as _;

use clap::{Args as ClapArgs, ValueEnum};
use serde::Serialize;
use serde_json::json;

use crate::analysis::census;
use crate::cli::args::{OutputArgs, SourceArgs};
use crate::cli::table::Column;
use crate::cli::{ANSWERED, Outcome, output, source};
use crate::estate::Estate;
use crate::ingest::live::kube::api;
use crate::model::{Loss, SourceKind, Status, call};

#[derive(Debug, Serialize)]
pub struct SourceRecord {
    pub source: String,
    /// `ok`, `partial`, `denied`, `missing`, `skipped`
    pub status: &'static str,
    pub counts: BTreeMap<&'static str, u64>,
    /// Each object that could not be read, by address where its name was, else by its place.
    pub lost: Vec<String>,
    pub why: String,
    pub permission: Option<String>,
    /// Which answers rest on it.
    pub needed_for: &'static str,
}

type Col = Column<SourceRecord>;

const COLUMNS: &[Col] = &[
    Col::new("source", |it| it.source.clone()).named(),
    Col::new("status", |it| it.status.to_owned()),
    Col::new("counts", |it| {
        it.counts
            .iter()
            .map(|(name, count)| format!("{count} {}", name.replace('_', " ")))
            .collect::<Vec<_>>()
            .join(", ")
    }),
    Col::new("lost", |it| if it.lost.is_empty() { String::new() } else { it.lost.len().to_string() }),
    Col::new("why", |it| it.why.clone()),
    Col::new("permission", |it| it.permission.clone().unwrap_or_default()).extra(),
    Col::new("needed_for", |it| it.needed_for.to_owned()).extra(),
];

#[derive(Debug, ClapArgs)]
pub struct DoctorArgs {
    /// Print the smallest policy that lets everything be read, instead of looking at the sources
    #[arg(long, value_enum)]
    pub print: Option<Print>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Print {
    /// An IAM policy
    Iam,
    /// A ClusterRole
    Rbac,
}

pub fn run(doctor: &DoctorArgs, data: &SourceArgs, args: &OutputArgs) -> Outcome {
    if let Some(print) = doctor.print {
        let mut out = output::open(args)?;
        let text = match print {
            Print::Iam => iam_policy(),
            Print::Rbac => api::cluster_role(),
        };
        writeln!(out, "{}", text.trim_end())?;
        out.flush()?;
        return Ok(ANSWERED);
    }
    let estate = source::estate(data)?;
    output::list(&estate, "doctor", COLUMNS, &rows(&estate), args)
}

/// The policy for the calls of the table, and for nothing else.
fn iam_policy() -> String {
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": "RolewalkReads", "Effect": "Allow", "Action": call::actions(), "Resource": "*"}],
    });
    serde_json::to_string_pretty(&policy).expect("names are text")
}

fn rows(estate: &Estate) -> Vec<SourceRecord> {
    let inventory = &estate.inventory;
    let expected = inventory
        .coverage
        .sources()
        .filter(|(source, report)| source.kind.is_expected() || report.status != Status::Missing);
    expected
        .map(|(source, report)| {
            let account = inventory.accounts.values().find(|it| it.source(source.kind) == *source);
            let mut lost: Vec<String> = report.losses.iter().map(named).collect();
            let counts = match account {
                Some(account) if source.kind == SourceKind::Iam => {
                    let census = census::of_account(account);
                    lost.extend(census.unreadable);
                    census.counts
                }
                _ => BTreeMap::from([("objects", report.count)]),
            };
            let unread = report.status == Status::Ok && !lost.is_empty();
            SourceRecord {
                source: source.to_string(),
                status: if unread { "partial" } else { report.status.word() },
                counts: if report.count == 0 && report.status != Status::Ok { BTreeMap::new() } else { counts },
                lost,
                why: report.why.clone(),
                permission: report.permission.clone(),
                needed_for: needed_for(source.kind),
            }
        })
        .collect()
}

/// Which answers rest on a source, in a few words.
fn needed_for(kind: SourceKind) -> &'static str {
    use SourceKind::*;
    match kind {
        World => "dates and ages",
        CallerIdentity => "which account everything belongs to",
        Iam => "what roles may do, who may become them",
        ProviderList | Providers => "whether IRSA works",
        InstanceProfiles | Instances => "the role of a node and who can reach it",
        TargetPolicies | TargetPoliciesByTarget | Parents | OrganizationPolicies => {
            "whether the organisation takes an access away"
        }
        ResourcePolicies => "access that buckets and other resources give or take away themselves",
        ClusterList => "which clusters there are",
        Cluster => "the issuer of tokens, how people get in",
        AssociationList | Associations => "identities by Pod Identity",
        AccessEntryList | AccessEntries | AccessPolicies => "which IAM principals are whom in the cluster",
        NodegroupList | Nodegroups | NodePools | Ec2NodeClasses | NodeClasses => "roles of nodes",
        FargateProfileList | FargateProfiles => "what Fargate pods may not reach",
        Addons => "whether the Pod Identity agent is there",
        Version | CustomResourceDefinitions => "what the cluster can do",
        Pods => "what every container really has",
        ServiceAccounts => "what is declared, who a pod is",
        Namespaces => "selectors of associations and policies",
        Nodes => "where pods run, the role of their node",
        Deployments | ReplicaSets | StatefulSets | DaemonSets | Jobs | CronJobs => "owners of pods, pods to come",
        Roles | RoleBindings | ClusterRoles | ClusterRoleBindings => "who may do what in the cluster",
        NetworkPolicies | CiliumNetworkPolicies => "whether instance metadata can be reached",
        Webhooks => "whether credentials are injected",
        ConfigMaps => "aws-auth and configuration of SDKs",
        Secrets => "keys that pods are given",
        Services | Ingresses | Gateways => "what can be reached from outside",
        CsiDrivers | PersistentVolumes => "volumes that open the node",
    }
}

fn named(loss: &Loss) -> String {
    if loss.object.is_empty() { loss.message() } else { loss.object.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::call::Call;

    #[test]
    fn the_printed_policy_allows_every_call_and_only_reading() {
        let policy: serde_json::Value = serde_json::from_str(&iam_policy()).unwrap();
        let actions = policy["Statement"][0]["Action"].as_array().unwrap();
        let allowed = |call: &Call| actions.iter().any(|it| *it == call.action());
        assert!(Call::ALL.iter().all(|call| call.needs_no_permission() || allowed(call)));
        let reads = |it: &str| [":Get", ":List", ":Describe"].iter().any(|verb| it.contains(verb));
        assert!(actions.iter().all(|it| reads(it.as_str().unwrap()) && !it.as_str().unwrap().contains('*')));
    }
}
