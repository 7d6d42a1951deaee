//! A pod on Windows has a token path of Linux
//!
//! ## What it checks
//! The pod runs on a Windows node, its node selector does not say `kubernetes.io/os: windows`, and the token path of
//! web identity begins with a slash.
//!
//! ## Why it matters
//! The webhook writes the Windows path only for pods that select Windows by label. With the other path some SDKs find
//! the token and others, .NET among them, do not.
//!
//! ## How to fix
//! Add the node selector to the pod template and make the pods again.
//!
//! ## For newcomers
//! The webhook decides before the pod has a node, so it can only go by what the manifest says about the operating system.

use crate::findings::reference::{NHI4, PR_AA_02};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "IRSA-014",
    slug: "windows-pod-linux-token-path",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::Irsa,
    needs: &[SourceKind::Pods, SourceKind::Nodes],
    references: &[NHI4, PR_AA_02],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        let nodes = &context.cluster_index(workload.cluster).nodes;
        for variant in &workload.variants {
            let windows = variant.nodes().into_iter().find(|node| nodes.of(node).windows.is_yes());
            let Some(node) = windows else { continue };
            let selector = &variant.spec().node_selector;
            let selects = ["kubernetes.io/os", "beta.kubernetes.io/os"]
                .iter()
                .any(|key| selector.get(key).is_some_and(|os| os.as_str() == "windows"));
            if selects {
                continue;
            }
            for seat in workload.seats().filter(|seat| std::ptr::eq(seat.entry, variant.entry())) {
                let variable = seat.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
                let Some(path) = variable.value().filter(|path| path.starts_with('/')) else { continue };
                let severity = Severity::Medium.or(Severity::Low, seat.container.security.host_process);
                let shown: Vec<String> = selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
                out.report(
                    workload.key.clone(),
                    severity,
                    format!("container {} runs on Windows ({node}) and reads its token from {path}", seat.container.name),
                )
                .also(crate::model::EntityKey::scoped(crate::model::Kind::Node, &workload.cluster.label, node))
                .show([seat.env_evidence(workload, "AWS_WEB_IDENTITY_TOKEN_FILE")])
                .evidence(&workload.key, "spec.nodeSelector", if shown.is_empty() { "none".into() } else { shown.join(", ") })
                .impact(".NET and others do not find the token; the AWS CLI does")
                .fixes([fix::patch_template(workload, r#"{"nodeSelector":{"kubernetes.io/os":"windows"}}"#)]);
            }
        }
    }
}
