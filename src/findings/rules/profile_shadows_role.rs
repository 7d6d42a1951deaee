//! A profile or configuration file comes before the role
//!
//! ## What it checks
//! A container has web identity or Pod Identity, and beside it `AWS_PROFILE`, `AWS_CONFIG_FILE` or
//! `AWS_SHARED_CREDENTIALS_FILE`, or a mount over a home directory's `.aws`. A file that was read and gives no
//! credentials in the selected profile does not count.
//!
//! ## Why it matters
//! Which of the two wins differs by SDK: Rust, C++ and JavaScript take the profile before web identity, .NET where a
//! profile is named, Python where the profile assumes a role; Go keeps web identity. Two containers with the same
//! manifest can sign as two different roles.
//!
//! ## How to fix
//! Remove the profile variables; or say the whole chain in the profile, with `web_identity_token_file`.
//!
//! ## For newcomers
//! A profile is a section of a configuration file that says where credentials come from. It is meant for people's own
//! machines; in a pod it competes with what the cluster provides.

use crate::findings::reference::{NHI4, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Seat, Severity, Sink, fix};
use crate::identity::Source;
use crate::identity::environment::mounts_aws_directory;
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "IRSA-012",
    slug: "profile-shadows-role",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::Irsa,
    needs: &[SourceKind::Pods],
    references: &[NHI4, PR_AA_01],
    check,
};

const FILES: [&str; 3] = ["AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        for seat in workload.seats() {
            if !seat.has_web_identity().or(seat.has_agent()).is_yes() || !sees_file(&seat) {
                continue;
            }
            let set: Vec<&str> = FILES.into_iter().filter(|name| seat.variable(name).is_set().is_yes()).collect();
            let mounted = mounts_aws_directory(seat.container);
            if set.is_empty() && !mounted {
                continue;
            }
            let name = &seat.container.name;
            let what = if set.is_empty() { "a mounted .aws directory".to_owned() } else { set.join(" and ") };
            let found = out
                .report(
                    workload.key.clone(),
                    Severity::Medium,
                    format!("container {name} has {what} beside its role: which of them wins differs by SDK"),
                )
                .also(workload.account_key())
                .show(set.iter().map(|variable| seat.env_evidence(workload, variable)))
                .impact("Rust, C++ and JavaScript take the profile first, Python when it assumes a role, Go keeps the role");
            if mounted {
                let mounts = seat.container.mounts.iter().filter(|it| it.path.contains("/.aws"));
                found.evidence(
                    &workload.key,
                    seat.path("volumeMounts"),
                    mounts.map(|it| format!("{} at {}", it.volume, it.path)).collect::<Vec<_>>().join(", "),
                );
            }
            found.fixes(set.iter().map(|variable| fix::unset(workload, &seat, variable)));
            if mounted {
                found.fixes([fix::by_hand(format!(
                    "take the mount of .aws out of container {name}, or put into the profile:\n[default]\nrole_arn = ROLE\nweb_identity_token_file = /var/run/secrets/eks.amazonaws.com/serviceaccount/token"
                ))]);
            }
        }
    }
}

/// The identities saw a file: it comes first, or first for some SDKs. A file that was read and is silent they do not
/// see.
fn sees_file(seat: &Seat<'_>) -> bool {
    let identity = seat.identity;
    let first = identity.attempted.as_ref().is_some_and(|it| it.source == Source::Profile);
    let keys = identity.attempted.as_ref().is_some_and(|it| it.source == Source::StaticKeys);
    first || keys || identity.differs.iter().any(|it| it.credential.source == Source::Profile)
}
