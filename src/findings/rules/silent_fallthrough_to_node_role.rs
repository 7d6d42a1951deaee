//! A broken role silently becomes the role of the node
//!
//! ## What it checks
//! Web identity or Pod Identity is what the container tries, it fails for sure, and instance metadata can be reached
//! and is not turned off: an SDK that walks on after a failure gets the role of the node.
//!
//! ## Why it matters
//! Java and C++ do walk on. The application then runs under a wrong identity without any error: data lands in another
//! account, or calls pass with wider rights than anyone reviewed.
//!
//! ## How to fix
//! Mend what fails. Set `AWS_EC2_METADATA_DISABLED=true` in workloads that have a role, and close instance metadata to
//! pods (NODE-001).
//!
//! ## For newcomers
//! The list of places where an SDK looks for credentials ends at the machine itself. Some SDKs stop at the first place
//! that is set up but does not work; others shrug and go on.

use crate::findings::reference::{NHI4, NHI5, PR_AA_02, ZT6};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Workload, fix};
use crate::identity::{Source, Verdict};
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "IRSA-013",
    slug: "silent-fallthrough-to-node-role",
    severity: Severity::High,
    kind: Kind::Both,
    category: Category::Irsa,
    needs: &[SourceKind::Pods, SourceKind::Iam, SourceKind::Instances, SourceKind::InstanceProfiles],
    references: &[NHI4, NHI5, PR_AA_02, ZT6],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        let language = language(workload);
        for seat in workload.seats() {
            let identity = seat.identity;
            let Some(fallback) = identity.fallback.as_ref().filter(|it| it.credential.source == Source::NodeRole) else { continue };
            let Some(tried) = identity.attempted.as_ref().filter(|_| identity.verdict == Verdict::Broken) else { continue };
            if !matches!(tried.source, Source::Irsa | Source::PodIdentity) {
                continue;
            }
            let node_role = fallback.credential.role.as_ref();
            let sensitive = node_role.is_some_and(|role| context.is_sensitive(role).is_yes());
            let walks = language.is_none_or(|it| matches!(it, "java" | "cpp" | "c++" | "kotlin" | "scala"));
            let severity = if walks { Severity::High.or(Severity::Critical, sensitive) } else { Severity::Medium };
            let wanted = tried.role.as_deref().unwrap_or("the role of the association");
            let got = node_role.map_or("a role that was not read", |it| it.as_str());
            let name = &seat.container.name;
            let found = out
                .report(
                    workload.key.clone(),
                    severity,
                    format!("{wanted} fails in container {name}, and instance metadata answers with {got}"),
                )
                .also_all(tried.role.as_ref().and_then(|role| EntityKey::role(role)))
                .also_all(node_role.and_then(|role| EntityKey::role(role)))
                .evidence(&workload.key, seat.path("identity.attempted"), wanted)
                .evidence(&workload.key, seat.path("identity.why"), format!("{} ({})", identity.why, identity.rule))
                .evidence(&workload.key, seat.path("identity.fallback"), format!("{got}, for {}", fallback.sdks.join(" and ")))
                .show([seat.env_evidence(workload, "AWS_EC2_METADATA_DISABLED")])
                .impact(format!("{} sign with {got} without an error; other SDKs fail", fallback.sdks.join(" and ")));
            if let Some(class) = node_role.and_then(|role| context.privilege(role)) {
                found.evidence(&workload.key, "node role class", class.class.as_str());
            }
            found.fixes([
                fix::set_variable(workload, &seat, "AWS_EC2_METADATA_DISABLED", "true"),
                fix::by_hand(format!("mend what fails: {}", identity.why)),
            ]);
        }
    }
}

/// The language that labels of its pods name, in lower case.
fn language(workload: &Workload<'_>) -> Option<&'static str> {
    let pod = workload.variants.first()?.entry().pod.as_ref()?;
    let value = ["app.kubernetes.io/language", "language", "lang", "runtime"].iter().find_map(|key| pod.meta.labels.get(key))?;
    let value = value.to_ascii_lowercase();
    ["java", "kotlin", "scala", "cpp", "c++", "python", "go", "golang", "node", "nodejs", "javascript", "rust", "dotnet", "ruby", "php"]
        .into_iter()
        .find(|it| *it == value)
}
