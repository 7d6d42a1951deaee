//! Every container of a pod has a sensitive role, sidecars of others included
//!
//! ## What it checks
//! A pod has several containers, the credentials of a role that is an administrator, can become one, or reads data
//! broadly are injected into more than one of them, and one of these comes from another registry or organisation than
//! the main container. Init containers are left out: they end.
//!
//! ## Why it matters
//! A proxy, log shipper or agent that somebody else builds has the application's whole access. A bug or a bad release of
//! the sidecar is enough to lose the role.
//!
//! ## How to fix
//! Name the sidecars in the annotation `eks.amazonaws.com/skip-containers` of the pod template and restart. Where the pod
//! shares its process namespace this is no wall: then the sidecar must go, or the role be narrowed.
//!
//! ## For newcomers
//! The webhook adds the role's variables and token to all containers of a pod unless it is told to skip some.

use crate::base::Name;
use crate::findings::reference::{NHI3, NHI5, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Seat, Severity, Sink, fix};
use crate::identity::Source;
use crate::identity::injection::SKIP_CONTAINERS_ANNOTATION;
use crate::model::facts::pod::ContainerKind;
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "POD-004",
    slug: "sensitive-role-in-every-container",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Pod,
    needs: &[SourceKind::Pods, SourceKind::Iam],
    references: &[NHI3, NHI5, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        for variant in &workload.variants {
            let pod: *const _ = variant.entry();
            let seats: Vec<Seat<'_>> = workload.seats().filter(|it| std::ptr::eq(it.entry, pod)).collect();
            let Some(main) = seats.iter().find(|it| it.container.kind == ContainerKind::Container) else { continue };
            let Some(role) = injected(main) else { continue };
            if !context.is_sensitive(role).is_yes() {
                continue;
            }
            let own = maker(&main.container.image);
            for seat in &seats {
                let stays = matches!(seat.container.kind, ContainerKind::Container | ContainerKind::Sidecar);
                let foreign = maker(&seat.container.image);
                if !stays || seat.at == main.at || injected(seat) != Some(role) || foreign == own || foreign.is_empty() {
                    continue;
                }
                let name = &seat.container.name;
                let shares = seat.entry.spec.share_process_namespace;
                let names = skipped(&seats, &own, main.at);
                let found = out
                    .report(
                        workload.key.clone(),
                        Severity::Medium,
                        format!("container {name} of {foreign} has {role} beside container {}", main.container.name),
                    )
                    .also_all(EntityKey::role(role))
                    .evidence(&workload.key, seat.path("image"), seat.container.image.as_str())
                    .evidence(&workload.key, seat.path("env"), format!("credentials of {role}"))
                    .impact(format!("a bug in {name} loses the application's whole access"));
                if shares {
                    found.evidence(&workload.key, "spec.shareProcessNamespace", "true: skipping a container is no wall");
                    found.fixes([fix::by_hand(format!(
                        "unset shareProcessNamespace in {}, then skip {names}",
                        workload.kubectl_name()
                    ))]);
                } else {
                    found.fixes([fix::annotate_template(workload, SKIP_CONTAINERS_ANNOTATION, &names)]);
                }
            }
        }
    }
}

/// The role that the webhook put into a container.
fn injected<'a>(seat: &Seat<'a>) -> Option<&'a Name> {
    let identity = &seat.identity.identity;
    matches!(identity.source, Source::Irsa | Source::PodIdentity).then_some(identity.role.as_ref()).flatten()
}

fn skipped(seats: &[Seat<'_>], own: &str, main: usize) -> String {
    let others = seats.iter().filter(|it| it.at != main && injected(it).is_some() && maker(&it.container.image) != own);
    others.map(|it| it.container.name.as_str()).collect::<Vec<_>>().join(",")
}

/// Who makes an image: its registry and, on registries of many, the organisation. Empty when no image is known.
fn maker(image: &str) -> String {
    let name = image.split('@').next().unwrap_or_default();
    let (registry, path) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ if name.is_empty() => return String::new(),
        _ => ("docker.io", name),
    };
    // A registry of one's own holds what one has let in.
    if registry.contains(".dkr.ecr.") {
        return registry.to_owned();
    }
    match path.split_once('/') {
        Some((organisation, _)) => format!("{registry}/{organisation}"),
        None => registry.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_made_by_its_registry_and_organisation() {
        assert_eq!(maker("111122223333.dkr.ecr.eu-west-1.amazonaws.com/a/b:1"), "111122223333.dkr.ecr.eu-west-1.amazonaws.com");
        assert_eq!(maker("public.ecr.aws/datadog/agent:7"), "public.ecr.aws/datadog");
        assert_eq!(maker("fluent/fluent-bit@sha256:ab"), "docker.io/fluent");
        assert_eq!(maker("nginx:1"), "docker.io");
        assert_eq!(maker("localhost:5000/x"), "localhost:5000");
        assert_eq!(maker(""), "");
    }
}
