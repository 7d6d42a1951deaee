//! A role of pods gets onto nodes through AWS
//!
//! ## What it checks
//! A role of pods may open a session on an instance that is a node, send it commands, push an SSH key to it, or change its
//! start script and restart it. Tag conditions are held against the tags of the instance where they are known. Where only
//! certain documents of Systems Manager may be run, it is milder.
//!
//! ## Why it matters
//! Root on a node has the node's role and the tokens of every pod there.
//!
//! ## How to fix
//! Scope the right to the instances that it is for, by tag, and to the documents that are needed.
//!
//! ## For newcomers
//! Kubernetes keeps pods apart on a node. Whoever comes in below Kubernetes, through the machine, sees all of them.

use crate::findings::context::PodRole;
use crate::findings::reference::{NHI5, NHI8, PR_AA_05};
use crate::findings::role_policies::{self, few, holders};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::graph::escalation::{Gain, Gained};
use crate::iam::catalogue::Catalogue;
use crate::iam::permissions::permissions_of;
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "PERM-011",
    slug: "node-access-from-pod-role",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Permission,
    needs: &[SourceKind::Iam, SourceKind::Pods, SourceKind::Nodes, SourceKind::Instances],
    references: &[NHI5, NHI8, PR_AA_05],
    check,
};

/// So many nodes are named; the rest is counted.
const NAMED: usize = 10;

/// Documents that run whatever they are told.
const SHELLS: &[&str] = &["AWS-RunShellScript", "AWS-RunPowerShellScript", "AWS-RunRemoteScript", "AWS-RunDocument"];

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in context.pod_roles() {
        for gain in context.gains().of(&it.key) {
            if let Gained::Nodes(nodes) = &gain.to {
                report(context, it, gain, nodes, out);
            }
        }
    }
}

fn report(
    context: &Context<'_>,
    it: &PodRole,
    gain: &Gain,
    nodes: &crate::graph::escalation::Targets,
    out: &mut Sink<'_>,
) {
    let technique = gain.technique;
    let actions: Vec<&str> = technique.actions().collect();
    let severity = Severity::High.or(Severity::Medium, is_restricted(context, it, &actions));
    let found = out
        .report(
            it.key.clone(),
            severity,
            format!("{}, {} of them nodes of clusters, by {}", technique.title, nodes.len(), actions.join(", ")),
        )
        .also_all(nodes.iter().take(NAMED).cloned())
        .also_all(holders(context, &it.key))
        .certain_if(gain.certainty.is_yes() && it.held.is_yes())
        .impact("root on a node has the node's role and the tokens of every pod there");
    for action in &actions {
        for place in role_policies::granting(context, &it.role, action, "*") {
            found.evidence(&it.key, format!("{}.{action}", place.path()), place.value.clone());
        }
    }
    found.evidence(&it.key, format!("nodes by technique {}", technique.number), nodes.to_string());
    if !gain.keys.is_empty() {
        let keys: Vec<&str> = gain.keys.iter().map(|it| it.as_str()).collect();
        found.evidence(&it.key, format!("technique {} only if", technique.number), few(&keys));
    }
    for needed in gain.needs.iter() {
        found.evidence(&it.key, format!("technique {} needs", technique.number), needed.as_str());
    }
    found.fixes([fix::by_hand(format!(
        "scope {} to its own instances: Condition: {{\"StringEquals\": {{\"aws:ResourceTag/KEY\": \"VALUE\"}}}} with a tag that nodes do not have",
        actions.join(", ")
    ))]);
}

/// Commands are sent by documents, and those that may be used run nothing of the caller's choosing.
fn is_restricted(context: &Context<'_>, it: &PodRole, actions: &[&str]) -> bool {
    let Some(action) = actions.iter().find(|it| matches!(**it, "ssm:SendCommand" | "ssm:CreateAssociation")) else {
        return false;
    };
    let catalogue = Catalogue::bundled();
    let Some(id) = catalogue.find(action) else { return false };
    let session = it.session(context);
    let found = permissions_of(catalogue, &[id], &session.principal, &session.policies, &session.context);
    let partition = crate::model::Arn::parse(&it.role.arn).map_or("aws", |arn| arn.partition);
    let regions = context.clusters().filter_map(crate::identity::cluster_arn).map(|arn| arn.region);
    let regions: std::collections::BTreeSet<&str> = regions.collect();
    !regions.iter().any(|region| {
        SHELLS.iter().any(|document| {
            let arn = format!("arn:{partition}:ssm:{region}::document/{document}");
            found.rows.iter().any(|row| row.resources.matches(&arn))
        })
    })
}
