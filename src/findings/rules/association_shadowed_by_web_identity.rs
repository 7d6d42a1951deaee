//! Web identity comes before the association
//!
//! ## What it checks
//! An association names the account of a container that carries web identity: beside the variables of Pod Identity, or in
//! their place. A pod that is older than the association is DRIFT-002.
//!
//! ## Why it matters
//! Every SDK turns to web identity before it asks the agent. The container signs with the old role, and the migration did
//! not happen.
//!
//! ## How to fix
//! Take variables that were written by hand out of the template. Where the webhook put them there, restart the workload.
//! Then take the account out of the trust policy of the old role.
//!
//! ## For newcomers
//! EKS gives a pod Pod Identity or IRSA, never both. A container that has both got one of them from its manifest.

use crate::findings::reference::{NHI4, PR_AA_02};
use crate::findings::{Category, Context, Kind, Rule, Seat, Severity, Sink, Workload, fix, revocation};
use crate::identity::injection::association_role;
use crate::model::facts::pod::ContainerKind;
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PODID-003",
    slug: "association-shadowed-by-web-identity",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::PodIdentity,
    needs: &[SourceKind::Pods, SourceKind::AssociationList, SourceKind::Associations],
    references: &[NHI4, PR_AA_02],
    check,
};

const PAIR: [&str; 2] = ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"];

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs() || it.pods() == 0) {
        let associations = &context.cluster_index(workload.cluster).associations;
        let Ok(Some(association)) = associations.of(workload.namespace, workload.service_account) else { continue };
        let key = EntityKey::scoped(Thing::Association, &workload.cluster.label, &association.id);
        for seat in workload.seats().filter(|it| it.container.kind != ContainerKind::Ephemeral) {
            if !seat.has_web_identity().is_yes() {
                continue;
            }
            let both = seat.has_agent().is_yes();
            let by_hand = written_by_hand(workload, &seat);
            if !both && !is_settled(association.details.as_ref().and_then(|it| it.created), &seat, by_hand) {
                continue;
            }
            let name = &seat.container.name;
            let carried = seat.variable(PAIR[0]);
            let carried = carried.value();
            let role = carried.map_or("a role that is not known", |it| it.as_str());
            let meant = association_role(association);
            let found = out
                .report(key.clone(), Severity::Medium, format!("container {name} of {} signs with {role}", workload.key))
                .also(workload.key.clone())
                .also(workload.account_key())
                .also_all(carried.and_then(|it| EntityKey::role(it)))
                .evidence(&key, "association.roleArn", meant.as_deref().unwrap_or("not read"))
                .show(PAIR.map(|name| seat.env_evidence(workload, name)))
                .evidence(
                    &workload.key,
                    seat.path("env[AWS_CONTAINER_CREDENTIALS_FULL_URI]"),
                    seat.shown("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
                )
                .evidence(&workload.key, seat.path("origin of the variables"), match by_hand {
                    true => "the template of the workload",
                    false => "not the template: injected when the pod was made, or the manifest of the pod itself",
                })
                .impact("the role of the association is not used");
            match by_hand {
                true => found.fixes(PAIR.map(|name| fix::unset(workload, &seat, name))),
                false => found.fixes([fix::restart(workload)]),
            };
            let old = carried.and_then(|it| EntityKey::role(it));
            found.fixes(old.and_then(|role| revocation::without(context, &role, &[workload.account_key()])));
        }
    }
}

/// Web identity alone: it is no matter of age, which is DRIFT-002.
fn is_settled(created: Option<jiff::Timestamp>, seat: &Seat<'_>, by_hand: bool) -> bool {
    let Some(pod) = &seat.entry.pod else { return true };
    match created.zip(pod.meta.created) {
        Some((association, pod)) => association <= pod,
        None => by_hand,
    }
}

fn written_by_hand(workload: &Workload<'_>, seat: &Seat<'_>) -> bool {
    let template = match (&seat.entry.pod, workload.stored()) {
        (None, _) => &seat.entry.spec,
        (Some(_), Some(stored)) => &stored.template.spec,
        (Some(_), None) => return false,
    };
    let container = template.containers.iter().find(|it| it.name == seat.container.name);
    container.is_some_and(|it| it.env.iter().any(|variable| PAIR.contains(&variable.name.as_str())))
}
