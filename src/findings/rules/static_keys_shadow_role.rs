//! Static keys in the environment shadow the role
//!
//! ## What it checks
//! A container has both `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, not empty, and web identity or Pod Identity
//! beside them. Where the endpoint of AWS is replaced by a host of the cluster (LocalStack, MinIO), it is only told.
//!
//! ## Why it matters
//! Static keys come first in nearly every SDK: the declared role is not used, its scoping and rotation are void, and the
//! audit log shows an IAM user. .NET v3 is the exception and takes web identity.
//!
//! ## How to fix
//! Remove the keys from `env` and `envFrom`, see that the role works, then delete the access key.
//!
//! ## For newcomers
//! An SDK looks for credentials in a fixed order and takes the first it finds. Two variables in the environment are
//! nearly at the top of that order.

use crate::findings::reference::{CIS_4_4_1, NHI2, NHI7, PR_AA_01};
use crate::findings::static_keys::{KEYS, local_endpoint, removed};
use crate::findings::{Category, Context, Kind, Rule, Seat, Severity, Sink, fix};
use crate::model::facts::env::EnvSource;
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "IRSA-011",
    slug: "static-keys-shadow-role",
    severity: Severity::High,
    kind: Kind::Both,
    category: Category::Irsa,
    needs: &[SourceKind::Pods],
    references: &[NHI2, NHI7, PR_AA_01, CIS_4_4_1],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        for seat in workload.seats() {
            let [id, secret] = KEYS.map(|name| seat.variable(name));
            let keys = id.is_set().and(secret.is_set());
            if keys.is_no() {
                continue;
            }
            let role = seat.has_web_identity().or(seat.has_agent());
            if !role.is_yes() {
                continue;
            }
            if keys.is_unknown() {
                out.cannot(id.missing().iter().chain(secret.missing()).cloned());
            }
            // Only a key id that stands in the container itself is a sign; an unread envFrom may hold anything.
            if keys.is_unknown() && !id.is_set().is_yes() {
                continue;
            }
            let local = local_endpoint(&seat);
            let severity = Severity::High.or(Severity::Info, local.is_some());
            let name = &seat.container.name;
            let shadowed = shadowed(&seat);
            let found = out
                .report(
                    workload.key.clone(),
                    severity,
                    format!("static keys in container {name} come before {shadowed}"),
                )
                .also_all(role_of(&seat))
                .show(KEYS.map(|key| seat.env_evidence(workload, key)))
                .impact(format!("container {name} signs as the owner of the keys; {shadowed} is not used (but by .NET v3)"))
                .certain_if(keys.is_yes());
            for source in &seat.container.env_from {
                let (kind, named) = match &source.source {
                    EnvSource::ConfigMap(named) => ("configMapRef", named),
                    EnvSource::Secret(named) => ("secretRef", named),
                };
                found.evidence(&workload.key, seat.path(&format!("envFrom[{kind}]")), named.as_str());
            }
            if let Some(endpoint) = local {
                found.evidence(&workload.key, seat.path("env[AWS_ENDPOINT_URL]"), endpoint);
            }
            found.fixes(removed(workload, &seat));
            found.fixes([fix::aws(
                "# when nothing uses the key any more\naws iam update-access-key --user-name USER --access-key-id KEY --status Inactive",
            )]);
        }
    }
}

/// The role that the container would have without the keys.
fn role_of(seat: &Seat<'_>) -> Option<EntityKey> {
    let carried = seat.variable("AWS_ROLE_ARN");
    let declared = seat.identity.declared.as_ref().and_then(|it| it.role.as_ref());
    EntityKey::role(carried.value().or(declared)?)
}

fn shadowed(seat: &Seat<'_>) -> String {
    let carried = seat.variable("AWS_ROLE_ARN");
    let declared = seat.identity.declared.as_ref().and_then(|it| it.role.as_ref());
    match carried.value().or(declared) {
        Some(role) => format!("the role {role}"),
        None => "the role of the association".into(),
    }
}
