//! Several workloads share one service account that has a role
//!
//! ## What it checks
//! Workloads with different top owners run as one service account, and that account leads to an IAM role by annotation,
//! association or what the pods carry. Workloads of one chart release are expected to share and are noted lower; where
//! one of them is reached from outside, higher.
//!
//! ## Why it matters
//! The role must hold what all of them need together, so each has more than it needs, and CloudTrail cannot tell whose
//! call it was.
//!
//! ## How to fix
//! Give every workload a service account and a role of its own with what that workload needs.
//!
//! ## For newcomers
//! An IAM role is given to a service account, not to a program. Whatever runs as the account has the role, so the account
//! is the smallest unit that rights can be divided by.

use std::collections::BTreeSet;

use crate::base::Name;
use crate::findings::context::Workload;
use crate::findings::reference::{CIS_5_2_1, NHI5, NHI9, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, exposure, fix};
use crate::identity::Source;
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "POD-006",
    slug: "shared-service-account",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Pod,
    needs: &[SourceKind::Pods],
    references: &[NHI9, NHI5, PR_AA_05, CIS_5_2_1],
    check,
};

/// So many sharers are named; the rest is counted.
const NAMED: usize = 20;

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let accounts: BTreeSet<EntityKey> = context.workloads.iter().map(Workload::account_key).collect();
    for account in accounts {
        let sharers: Vec<&Workload<'_>> = context.users_of_account(&account).collect();
        if sharers.len() < 2 {
            continue;
        }
        let Some(role) = sharers.iter().find_map(|it| role_of(it)) else { continue };
        let exposed = sharers.iter().find_map(|it| exposure::of(it).public);
        let severity = match (&exposed, same_release(&sharers)) {
            (Some(_), _) => Severity::High,
            (None, true) => Severity::Low,
            (None, false) => Severity::Medium,
        };
        for workload in &sharers {
            let others = sharers.len() - 1;
            let found = out
                .report(
                    workload.key.clone(),
                    severity,
                    format!(
                        "service account {} and its role {role} are shared with {others} other {}",
                        account.name,
                        if others == 1 { "workload" } else { "workloads" }
                    ),
                )
                .also(account.clone())
                .also_all(sharers.iter().map(|it| it.key.clone()).filter(|key| *key != workload.key).take(NAMED))
                .evidence(&workload.key, "spec.serviceAccountName", account.name.as_str())
                .impact("the role holds what all of them need together, and calls cannot be told apart")
                .fixes([
                    fix::kubectl(format!(
                        "kubectl -n {} create serviceaccount {}",
                        fix::quoted(&account.namespace),
                        fix::quoted(&workload.key.name)
                    )),
                    fix::by_hand(format!(
                        "give the new account a role with what {} needs, then set serviceAccountName to it",
                        workload.kubectl_name()
                    )),
                ]);
            if let Some(chain) = &exposed {
                found.evidence(&account, "reached from outside", chain.as_str());
            }
        }
    }
}

/// The role that a workload has through its account.
fn role_of(workload: &Workload<'_>) -> Option<Name> {
    workload.seats().find_map(|seat| {
        let identity = seat.identity;
        [identity.declared.as_ref(), Some(&identity.identity)]
            .into_iter()
            .flatten()
            .find(|it| matches!(it.source, Source::Irsa | Source::PodIdentity))
            .and_then(|it| it.role.clone())
    })
}

/// One chart release made them all, by the label that charts set.
fn same_release(sharers: &[&Workload<'_>]) -> bool {
    let release = |workload: &Workload<'_>| {
        let labels = &workload.variants.first()?.entry().pod.as_ref()?.meta.labels;
        ["app.kubernetes.io/instance", "release"].iter().find_map(|label| labels.get(label).cloned())
    };
    let first = release(sharers[0]);
    first.is_some() && sharers.iter().all(|it| release(it) == first)
}
