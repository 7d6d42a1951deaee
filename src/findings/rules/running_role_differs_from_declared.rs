//! The running pod has another role than is declared
//!
//! ## What it checks
//! A pod carries web identity for a role that the annotation no longer names, or that nothing declares any more; or it asks
//! the Pod Identity agent and no association is left. A rollout in progress is left alone.
//!
//! ## Why it matters
//! Removing or changing an annotation revoked nothing: the pod goes on as before. It is critical where the role that runs
//! is stronger than the one that is declared.
//!
//! ## How to fix
//! Restart the workload, and close the trust policy of the old role: that is the real revocation.
//!
//! ## For newcomers
//! A role is taken away from running pods in its trust policy, not in the manifest.

use crate::findings::context::is_stronger;
use crate::findings::reference::{NHI1, PR_AA_01, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, revocation};
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "DRIFT-003",
    slug: "running-role-differs-from-declared",
    severity: Severity::High,
    kind: Kind::Both,
    category: Category::Drift,
    needs: &[SourceKind::Pods, SourceKind::ServiceAccounts, SourceKind::AssociationList, SourceKind::Iam],
    references: &[NHI1, PR_AA_01, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        for seat in workload.seats() {
            let drift = &seat.identity.drift;
            if drift.contains(&'j') || !drift.iter().any(|it| matches!(it, 'b' | 'c' | 'e')) {
                continue;
            }
            let declared = seat.identity.declared.as_ref().and_then(|it| it.role.as_ref());
            let variable = seat.variable("AWS_ROLE_ARN");
            let running = variable.value();
            let stronger = match (running.and_then(|it| EntityKey::role(it)), declared.and_then(|it| EntityKey::role(it))) {
                (Some(running), Some(declared)) => is_stronger(context, &running, &declared),
                (Some(_), None) => running.is_some_and(|arn| context.is_sensitive(arn).is_yes()),
                (None, _) => false,
            };
            let (runs, asked) = (running.map_or("the Pod Identity agent", |it| it.as_str()), declared.map_or("nothing", |it| it.as_str()));
            let account = workload.account_key();
            let old = running.and_then(|it| EntityKey::role(it));
            let since = seat.entry.pod.as_ref().and_then(|it| it.meta.created).map_or_else(|| "not known".into(), |it| it.to_string());
            out.report(
                workload.key.clone(),
                Severity::High.or(Severity::Critical, stronger),
                format!("container {} runs with {runs}, declared is {asked}", seat.container.name),
            )
            .also(account.clone())
            .also_all(running.and_then(|it| EntityKey::role(it)))
            .also_all(declared.and_then(|it| EntityKey::role(it)))
            .evidence(&account, "declared", asked)
            .evidence(&workload.key, seat.path("env[AWS_ROLE_ARN]"), runs)
            .evidence(&workload.key, "pods.metadata.creationTimestamp", since)
            .impact("the change of the declaration has taken nothing away from the running pods")
            .fixes([fix::restart(workload)])
            .fixes(match old.and_then(|role| revocation::without(context, &role, &[account])) {
                Some(taken) => Some(taken),
                None => running.map(|arn| {
                    fix::by_hand(format!(
                        "take system:serviceaccount:{}:{} out of the trust policy of {arn}",
                        workload.namespace, workload.service_account
                    ))
                }),
            });
        }
    }
}
