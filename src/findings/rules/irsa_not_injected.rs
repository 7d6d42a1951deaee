//! A role is declared for the service account, and nothing was injected into the pod
//!
//! ## What it checks
//! The service account carries a role annotation and no association takes its place, yet a running container that no
//! skip list leaves out has neither `AWS_ROLE_ARN` nor `AWS_WEB_IDENTITY_TOKEN_FILE`. A pod that is known to be older
//! than the annotation is left to DRIFT-001.
//!
//! ## Why it matters
//! The application runs with another identity than the one that reviewers read in the manifest: mostly the role of the
//! node, sometimes none. Calls fail with AccessDenied in the name of the node, or quietly succeed with its rights.
//!
//! ## How to fix
//! Restart the workload. If the new pods have no variables either, the admission webhook does not act (IRSA-002) or the
//! pod carries the label that makes it look away.
//!
//! ## For newcomers
//! The annotation on a service account does nothing by itself. When a pod is created, a webhook of EKS reads it and adds
//! two variables and a token file to the pod. Pods that exist are never changed, so whatever kept the webhook from acting
//! at that moment stays with the pod until it is made again.

use crate::findings::reference::{NHI4, PR_AA_02, ZT6};
use crate::findings::{Category, Context, Kind, Rule, Seat, Severity, Sink, annotation, fix};
use crate::identity::injection::ROLE_ANNOTATION;
use crate::identity::{Credential, Source};
use crate::model::{Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "IRSA-001",
    slug: "irsa-not-injected",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Irsa,
    needs: &[SourceKind::Pods, SourceKind::ServiceAccounts, SourceKind::AssociationList],
    references: &[NHI4, PR_AA_02, ZT6],
    check,
};

/// A webhook's cache may not have seen an account that was made this shortly before the pod (R30), in seconds.
const RACE: i64 = 5;

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        for seat in workload.seats().filter(|seat| is_bare(seat)) {
            let Some(Credential { source: Source::Irsa, role: Some(role) }) = &seat.identity.declared else { continue };
            let Lookup::Found(account) = workload.cluster.service_account(workload.namespace, workload.service_account)
            else {
                continue;
            };
            let created = seat.entry.pod.as_ref().and_then(|pod| pod.meta.created);
            let annotated = annotation::set_at(&account.meta, ROLE_ANNOTATION);
            if created.is_some_and(|created| annotation::is_younger_than_pod(&account.meta, ROLE_ANNOTATION, created)) {
                continue;
            }
            let account_key = workload.account_key();
            let name = &seat.container.name;
            let found = out
                .report(
                    workload.key.clone(),
                    Severity::High,
                    format!("{role} is declared, and container {name} was started without it"),
                )
                .also(account_key.clone())
                .evidence(&account_key, format!("metadata.annotations[{ROLE_ANNOTATION}]"), role.as_str())
                .evidence(&workload.key, seat.path("env[AWS_ROLE_ARN]"), "not set")
                .evidence(&workload.key, seat.path("env[AWS_WEB_IDENTITY_TOKEN_FILE]"), "not set")
                .impact(format!("container {name} {}", today(&seat)))
                .fixes([fix::restart(workload)]);
            let said = |at: Option<jiff::Timestamp>, none: &str| at.map_or_else(|| none.to_owned(), |at| at.to_string());
            found.evidence(&workload.key, "pods.metadata.creationTimestamp", said(created, "not said"));
            let dated = said(annotated, "none: the annotation cannot be dated");
            found.evidence(&account_key, "metadata.managedFields.time", dated);
            let since = account.meta.created.zip(created).map(|(account, pod)| pod.as_second() - account.as_second());
            let raced = since.is_some_and(|seconds| (0..=RACE).contains(&seconds));
            let made = said(account.meta.created, "not said");
            found.evidence(&account_key, "metadata.creationTimestamp", match raced {
                true => format!("{made}, seconds before the pod: the webhook may not have seen it yet"),
                false => made,
            });
        }
    }
}

/// Neither variable of the pair is set, for sure.
fn is_bare(seat: &Seat<'_>) -> bool {
    let unset = |name: &str| seat.variable(name).is_set().is_no();
    unset("AWS_ROLE_ARN") && unset("AWS_WEB_IDENTITY_TOKEN_FILE")
}

fn today(seat: &Seat<'_>) -> String {
    match (&seat.identity.identity.source, &seat.identity.identity.role) {
        (Source::None, _) => "has no credentials at all".into(),
        (Source::Unknown, _) => "signs with something else than is declared".into(),
        (source, Some(role)) => format!("signs with {role} ({}) instead", source.title()),
        (source, None) => format!("signs with {} instead", source.title()),
    }
}
