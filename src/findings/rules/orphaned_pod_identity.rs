//! The service account of a running pod is gone or was made anew
//!
//! ## What it checks
//! A pod runs as a service account that does not exist any more, or as one that was created after the pod. Tokens are
//! bound to the account they were made for, so an account of the same name is another account (R9).
//!
//! ## Why it matters
//! The tokens in the pod are refused by the API server and are not renewed. A session with AWS that was opened before goes
//! on until it ends, then calls begin to fail, hours after the change that caused it.
//!
//! ## How to fix
//! Create the account if it is missing, then restart the workload so that its pods get tokens of the account that exists.
//!
//! ## For newcomers
//! Deleting a service account does not stop its pods. They keep running with a token that nobody will renew.

use crate::findings::reference::{NHI1, PR_AA_01, ZT6};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::model::{Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "POD-007",
    slug: "orphaned-pod-identity",
    severity: Severity::Low,
    kind: Kind::Both,
    category: Category::Pod,
    needs: &[SourceKind::Pods, SourceKind::ServiceAccounts],
    references: &[NHI1, PR_AA_01, ZT6],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        let account = workload.account_key();
        let namespace = fix::quoted(workload.namespace);
        match workload.cluster.service_account(workload.namespace, workload.service_account) {
            Lookup::Absent => {
                out.report(workload.key.clone(), Severity::Low, format!("service account {} does not exist", account.name))
                    .also(account.clone())
                    .evidence(&workload.key, "spec.serviceAccountName", account.name.as_str())
                    .evidence(&account, "metadata.name", "not in the list of service accounts")
                    .impact("its tokens are refused and not renewed; an AWS session lives on until it ends")
                    .fixes([
                        fix::kubectl(format!(
                            "kubectl -n {namespace} create serviceaccount {}",
                            fix::quoted(&account.name)
                        )),
                        fix::restart(workload),
                    ]);
            }
            Lookup::Found(facts) => {
                let members = workload.variants.iter().flat_map(|it| &it.members);
                let pods = members.filter_map(|it| it.pod.as_ref()).filter(|pod| !pod.phase.is_over());
                let (Some(made), Some(oldest)) = (facts.meta.created, pods.filter_map(|pod| pod.meta.created).min()) else {
                    continue;
                };
                if oldest < made {
                    out.report(
                        workload.key.clone(),
                        Severity::Low,
                        format!("service account {} was created after pods that run as it", account.name),
                    )
                    .also(account.clone())
                    .evidence(&account, "metadata.creationTimestamp", made.to_string())
                    .evidence(&workload.key, "pods.metadata.creationTimestamp", oldest.to_string())
                    .impact("the pods hold tokens of an account that is gone; they are refused and not renewed")
                    .fixes([fix::restart(workload)]);
                }
            }
            Lookup::Unknown => {}
        }
    }
}
