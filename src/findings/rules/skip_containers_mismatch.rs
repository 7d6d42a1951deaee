//! The list of containers to skip does not say what was meant
//!
//! ## What it checks
//! `eks.amazonaws.com/skip-containers` lists a name with a blank at its start or end, or a name that no container of the
//! pod has; or a container that it lists has injected variables all the same; or the annotation stands on the workload
//! instead of its pod template.
//!
//! ## Why it matters
//! A container that was meant to be without credentials has them, or the other way round.
//!
//! ## How to fix
//! Write the list without blanks into `spec.template.metadata.annotations`.
//!
//! ## For newcomers
//! The list is split at commas and nothing is trimmed: in `a, b` the second name begins with a blank, and no container is
//! called that.

use crate::findings::reference::{NHI5, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Workload, annotation, fix};
use crate::identity::injection::{SKIP_CONTAINERS_ANNOTATION, skip_list};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "IRSA-010",
    slug: "skip-containers-mismatch",
    severity: Severity::Medium,
    kind: Kind::Both,
    category: Category::Irsa,
    needs: &[SourceKind::Pods],
    references: &[NHI5, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        let stored = workload.stored();
        let of_template = stored.and_then(|it| it.template.annotations.get(SKIP_CONTAINERS_ANNOTATION));
        let mut faults: Vec<(String, String, String)> = Vec::new();
        if let Some(list) = stored.and_then(|it| it.meta.annotations.get(SKIP_CONTAINERS_ANNOTATION))
            && of_template.is_none()
        {
            faults.push((
                "the list of containers to skip stands on the workload, not on its pod template".into(),
                format!("metadata.annotations[{SKIP_CONTAINERS_ANNOTATION}]"),
                format!("{list:?}"),
            ));
        }
        for variant in &workload.variants {
            let pod = variant.entry().pod.as_ref();
            let list = pod.map_or(of_template, |pod| pod.meta.annotations.get(SKIP_CONTAINERS_ANNOTATION));
            let Some(list) = list else { continue };
            let names: Vec<&str> = variant.spec().containers.iter().map(|it| it.name.as_str()).collect();
            let listed = skip_list(list);
            let path = match pod.is_some() && stored.is_none() {
                true => format!("metadata.annotations[{SKIP_CONTAINERS_ANNOTATION}]"),
                false => format!("spec.template.metadata.annotations[{SKIP_CONTAINERS_ANNOTATION}]"),
            };
            for name in &listed {
                if name.trim() != name {
                    faults.push((format!("{name:?} in the list of containers to skip has a blank around it"), path.clone(), format!("{listed:?}")));
                } else if !names.contains(&name.as_str()) {
                    faults.push((format!("`{name}` in the list of containers to skip is no container of the pod"), path.clone(), format!("{listed:?}, containers {names:?}")));
                }
            }
            // A list that was written after the pod started could not skip anything: that is drift.
            let later = pod.is_some_and(|pod| {
                let set = annotation::set_at(&pod.meta, SKIP_CONTAINERS_ANNOTATION);
                set.zip(pod.meta.created).is_some_and(|(set, created)| set > created)
            });
            for (container, identity) in variant.spec().containers.iter().zip(variant.entry().containers.iter()) {
                if identity.drift.contains(&'i') && listed.iter().any(|it| *it == *container.name) && !later {
                    faults.push((
                        format!("container {} is in the list to skip and has injected variables", container.name),
                        path.clone(),
                        format!("{listed:?}"),
                    ));
                }
            }
        }
        report(out, workload, faults);
    }
}

fn report(out: &mut Sink<'_>, workload: &Workload<'_>, faults: Vec<(String, String, String)>) {
    let names: Vec<String> = workload
        .variants
        .first()
        .map(|it| it.spec().containers.iter().map(|it| it.name.to_string()).collect())
        .unwrap_or_default();
    // What was meant, as far as it can be: the names that are containers, without blanks.
    let first = workload.variants.first().and_then(|it| it.entry().pod.as_ref());
    let list = first.and_then(|pod| pod.meta.annotations.get(SKIP_CONTAINERS_ANNOTATION));
    let stored = workload.stored().map(|it| (&it.template.annotations, &it.meta.annotations));
    let list = list.or(stored.and_then(|(of_pods, own)| {
        of_pods.get(SKIP_CONTAINERS_ANNOTATION).or(own.get(SKIP_CONTAINERS_ANNOTATION))
    }));
    let listed = list.map(|list| skip_list(list)).unwrap_or_default();
    let meant: Vec<&str> = listed.iter().map(|it| it.trim()).filter(|it| names.iter().any(|name| name == *it)).collect();
    let meant = meant.join(",");
    for (message, path, value) in faults {
        let found = out
            .report(workload.key.clone(), Severity::Medium, message)
            .evidence(&workload.key, path, value)
            .impact("a container that was meant to be without credentials has them, or the reverse");
        found.fixes([fix::annotate_template(workload, SKIP_CONTAINERS_ANNOTATION, &meant)]);
    }
}
