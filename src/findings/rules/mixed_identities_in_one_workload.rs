//! Pods of one workload have different identities
//!
//! ## What it checks
//! Pods of one workload that run were injected differently: another role, another mechanism, or nothing. A rollout whose
//! newest pod is younger than the usual progress deadline is left alone.
//!
//! ## Why it matters
//! Calls fail on some pods and succeed on others, which looks like a fault of the network or of AWS.
//!
//! ## How to fix
//! Restart the workload, or finish its rollout.
//!
//! ## For newcomers
//! A pod keeps what it was started with. When something changed in between, old and new pods of one workload differ until
//! the last old one is gone.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::base::Name;
use crate::findings::context::Variant;
use crate::findings::reference::{PR_AA_02, ZT5};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::identity::{Identity, Source};
use crate::model::facts::pod::ContainerKind;
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "DRIFT-004",
    slug: "mixed-identities-in-one-workload",
    severity: Severity::Medium,
    kind: Kind::Both,
    category: Category::Drift,
    needs: &[SourceKind::Pods],
    references: &[PR_AA_02, ZT5],
    check,
};

/// `progressDeadlineSeconds` where nothing else is set.
const DEADLINE: SignedDuration = SignedDuration::from_secs(600);

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.variants.len() > 1 && it.key.kind != Thing::Pod) {
        let mut counts: BTreeMap<(Source, Option<Name>), usize> = BTreeMap::new();
        for variant in &workload.variants {
            let Some(main) = main(variant) else { continue };
            let running = variant.members.iter().filter(|it| it.pod.as_ref().is_some_and(|pod| !pod.phase.is_over()));
            let running = running.count();
            if running > 0 {
                *counts.entry(carried(main)).or_default() += running;
            }
        }
        let known = counts.keys().filter(|it| it.0 != Source::Unknown).count();
        if known < 2 || is_rolling(context, &workload.variants) {
            continue;
        }
        let mut shown: Vec<(usize, String, Option<EntityKey>)> = counts
            .iter()
            .map(|((source, role), count)| {
                let name = role
                    .as_ref()
                    .map_or_else(|| source.word().to_owned(), |role| format!("{role} by {}", source.word()));
                (*count, name, role.as_ref().and_then(|role| EntityKey::role(role)))
            })
            .collect();
        shown.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let parts: Vec<String> = shown.iter().map(|(count, name, _)| format!("{count} with {name}")).collect();
        let found = out
            .report(workload.key.clone(), Severity::Medium, format!("its pods differ: {}", parts.join(", ")))
            .also(workload.account_key())
            .also_all(shown.iter().filter_map(|it| it.2.clone()))
            .impact("calls to AWS fail on some pods and succeed on others");
        for (count, name, _) in &shown {
            found.evidence(&workload.key, format!("pods with {name}"), count.to_string());
        }
        found.fixes([fix::restart(workload)]);
    }
}

fn main<'a>(variant: &Variant<'a>) -> Option<&'a Identity> {
    let entry = variant.entry();
    let at = entry.spec.containers.iter().position(|it| it.kind == ContainerKind::Container)?;
    entry.containers.get(at).map(|it| &**it)
}

/// What the pod turns to first. Which node it is on, and so which node's role it would fall back to, says nothing about it.
fn carried(identity: &Identity) -> (Source, Option<Name>) {
    let tried = identity.attempted.as_ref().unwrap_or(&identity.identity);
    match tried.source {
        Source::NodeRole | Source::None => (Source::None, None),
        source => (source, tried.role.clone()),
    }
}

fn is_rolling(context: &Context<'_>, variants: &[Variant<'_>]) -> bool {
    let pods = variants.iter().flat_map(|it| &it.members).filter_map(|it| it.pod.as_ref());
    let newest = pods.filter_map(|pod| pod.meta.created).max();
    newest.zip(context.inventory.now).is_some_and(|(newest, now)| now.duration_since(newest) < DEADLINE)
}
