//! Static AWS keys in a workload
//!
//! ## What it checks
//! A container has both halves of an access key in its environment, written there, by reference or by `envFrom`, or mounts
//! a Secret or ConfigMap whose keys are named like them. Empty values do not count, and where the endpoint of AWS is
//! replaced by a host of the cluster (LocalStack, MinIO) it is only told. Values are never read, so that ids and owners of
//! keys are not known here, and keys under other names, in arguments or in annotations, are not seen.
//!
//! ## Why it matters
//! Such keys do not end by themselves, belong to a user and not to the workload, and are in every backup of the manifests.
//!
//! ## How to fix
//! Give the workload a role, take the keys out, deactivate the key, and delete it when nothing complains.
//!
//! ## For newcomers
//! An access key is a password for AWS that a program uses. Pods on EKS need none: they can have a role, whose credentials
//! last an hour and renew themselves.

use crate::findings::reference::{CIS_4_4_1, NHI2, NHI7, PR_AA_01};
use crate::findings::static_keys::{self, KEYS};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "POD-003",
    slug: "static-aws-keys",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Pod,
    needs: &[SourceKind::Pods],
    references: &[NHI2, NHI7, PR_AA_01, CIS_4_4_1],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        for seat in workload.seats() {
            let name = &seat.container.name;
            let keys = static_keys::are_set(&seat);
            let id = seat.variable(KEYS[0]);
            if keys.is_unknown() {
                out.cannot(KEYS.iter().flat_map(|name| seat.variable(name).missing().to_vec()));
            }
            // Only a key id that stands in the container itself is a sign; an unread envFrom may hold anything.
            let in_environment = keys.is_yes() || keys.is_unknown() && id.is_set().is_yes();
            let (mounted, unread) = static_keys::mounted(&seat);
            out.cannot(unread);
            if !in_environment && mounted.is_empty() {
                continue;
            }
            let local = static_keys::local_endpoint(&seat);
            let found = out
                .report(
                    workload.key.clone(),
                    Severity::High.or(Severity::Info, local.is_some()),
                    match in_environment {
                        true => format!("container {name} has static AWS keys in its environment"),
                        false => format!("container {name} mounts static AWS keys"),
                    },
                )
                .also(workload.account_key())
                .impact("whoever reads the manifest, the Secret or the environment has the keys, for as long as they are active")
                .certain_if(keys.is_yes() || !mounted.is_empty());
            if in_environment {
                found.show(KEYS.map(|key| static_keys::evidence(workload, &seat, key)));
                found.fixes(static_keys::removed(workload, &seat));
            }
            for it in mounted {
                found.evidence(&workload.key, seat.path(&format!("volumeMounts[{}]", it.volume)), it.object.clone());
                found.fixes([fix::by_hand(format!("take the volume {} out of {}", it.volume, workload.kubectl_name()))]);
            }
            if let Some(endpoint) = local {
                found.evidence(&workload.key, seat.path("env[AWS_ENDPOINT_URL]"), endpoint);
            }
            found.fixes([fix::aws(
                "# when nothing uses the key any more\naws iam update-access-key --user-name USER --access-key-id KEY --status Inactive",
            )]);
        }
    }
}
