//! Web identity is chosen, and its token file is not there
//!
//! ## What it checks
//! Both variables of web identity are set in a container, and no mount of that container covers the path of the token
//! file, or what is mounted there is no projected token for STS. Where another container may write the file, the answer
//! is unknown.
//!
//! ## Why it matters
//! The SDK turns to web identity and finds no file. Most stop with "no such file"; Java and C++ walk on and silently end
//! up with the role of the node.
//!
//! ## How to fix
//! Take out the region, STS and identity variables that were set by hand, so that the webhook does its part, mount
//! included; or mount the projected volume; rename a volume of one's own that is called `aws-iam-token`.
//!
//! ## For newcomers
//! The webhook adds variables and a volume, and leaves alone what is already there under the same name. A container that
//! brings half of it along gets the rest of nothing.

use crate::findings::reference::{NHI4, PR_AA_02, PR_AA_04};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::identity::chain::{Token, plain_path, token_at};
use crate::identity::environment::volume_at;
use crate::model::facts::pod::VolumeSource;
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "IRSA-009",
    slug: "token-file-not-mounted",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Irsa,
    needs: &[SourceKind::Pods],
    references: &[NHI4, PR_AA_02, PR_AA_04],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        for seat in workload.seats() {
            let variable = seat.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
            let Some(path) = variable.value().filter(|_| seat.variable("AWS_ROLE_ARN").is_set().is_yes()) else { continue };
            let spec = &seat.entry.spec;
            let volume = volume_at(spec, seat.container, &plain_path(path)).map(|it| it.0);
            let (found, certain) = match (token_at(spec, seat.container, path), volume) {
                // The webhook mounts into a pod that is to come.
                (Token::NotMounted, None) if seat.entry.pod.is_none() && seat.identity.rule != "R45" => continue,
                (Token::NotMounted, None) => ("no mount of the container covers it".to_owned(), true),
                (Token::NotMounted, Some(_)) => ("a projected volume without a token at this path".to_owned(), true),
                (Token::Projected { audience }, _) if audience.is_empty() => {
                    ("the API server's own token, which STS refuses".to_owned(), true)
                }
                (Token::Projected { .. }, _) => continue,
                (Token::Opaque, Some(VolumeSource::EmptyDir | VolumeSource::Csi(_) | VolumeSource::Other(_))) => {
                    ("a volume that something else may fill".to_owned(), false)
                }
                (Token::Opaque, Some(volume)) => (format!("{}, no projected token", described(volume)), true),
                (Token::Opaque, None) => continue,
            };
            let name = &seat.container.name;
            out.report(
                workload.key.clone(),
                Severity::High,
                format!("container {name} reads its token from {path}, and there is {found}"),
            )
            .also_all(seat.web_role().and_then(|role| EntityKey::role(role)))
            .show([seat.env_evidence(workload, "AWS_WEB_IDENTITY_TOKEN_FILE")])
            .evidence(&workload.key, seat.path("volumeMounts"), mounts(seat.container))
            .evidence(&workload.key, "spec.volumes", found)
            .impact("SDKs stop with `no such file`; Java and C++ fall through to the role of the node")
            .certain_if(certain)
            .fixes([
                fix::unset(workload, &seat, "AWS_WEB_IDENTITY_TOKEN_FILE"),
                fix::unset(workload, &seat, "AWS_ROLE_ARN"),
                fix::restart(workload),
            ]);
        }
    }
}

fn described(volume: &VolumeSource) -> String {
    match volume {
        VolumeSource::Secret { name, .. } => format!("the Secret {name}"),
        VolumeSource::ConfigMap { name, .. } => format!("the ConfigMap {name}"),
        VolumeSource::HostPath(path) => format!("the host's {path}"),
        VolumeSource::Claim(name) => format!("the volume claim {name}"),
        _ => "another volume".into(),
    }
}

fn mounts(container: &crate::model::facts::pod::Container) -> String {
    let all: Vec<String> = container.mounts.iter().map(|it| format!("{} at {}", it.volume, it.path)).collect();
    if all.is_empty() { "none".into() } else { all.join(", ") }
}
