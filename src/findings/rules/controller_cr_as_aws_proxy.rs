//! A subject may make a controller act in AWS with a sensitive role
//!
//! ## What it checks
//! Somebody outside the platform may write custom resources of a controller that acts in AWS for them (R167): ACK,
//! Crossplane, external-secrets, cert-manager, the Terraform controllers; and that controller, which runs in the cluster,
//! signs with a role that is an administrator, can become one, or reads data broadly. Custom resources of groups that are
//! not known are not judged.
//!
//! ## Why it matters
//! The controller does with its role what the resource says: makes IAM roles, or reads any secret that the store allows.
//! The one who wrote the resource needs no right in AWS.
//!
//! ## How to fix
//! Give stores and providers per namespace, each with a role of its own; let admission rules limit what resources name.
//!
//! ## For newcomers
//! Operators turn objects of the cluster into things in AWS. Whoever may write the object borrows the operator's hands.

use crate::findings::context::{Holding, Workload};
use crate::findings::reference::{NHI5, NHI9, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, granted};
use crate::graph::authorization::Subject;
use crate::graph::controllers_of;
use crate::identity::Source;
use crate::model::EntityKey;
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-016",
    slug: "controller-cr-as-aws-proxy",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: granted::NEEDS_OF_PODS,
    references: &[NHI5, NHI9, PR_AA_05],
    check,
};

/// A controller with the sensitive role that it signs with.
struct Controller<'c> {
    /// The kind of custom resource that it acts on.
    object: &'static str,
    workload: &'c Workload<'c>,
    role: String,
}

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for holding in context.holdings(&[Power::ControllerCrd]) {
        let Some(found) = controller(context, &holding) else { continue };
        let Some(part) = holding.only(|held| held.object == found.object) else { continue };
        let class = context.class_of(&found.role);
        let message = format!(
            "{} may write resources of {} {}, on which {} acts with {} ({class})",
            granted::who(part.subject),
            found.object,
            part.place(),
            found.workload.key,
            found.role
        );
        granted::report(out, &part, Severity::High, message)
            .also(found.workload.key.clone())
            .also_all(EntityKey::role(&found.role))
            .evidence(&found.workload.key, "serviceAccountName", found.workload.service_account.as_str())
            .evidence(&found.workload.key, "signs with", format!("{} ({class})", found.role))
            .impact("actions in AWS with the role of the controller, by writing an object")
            .fixes(granted::take_away(&part, "create, update and patch on these resources"))
            .fixes([fix::by_hand(format!("give stores and providers of each namespace a role of their own, less than {}", found.role))]);
    }
}

/// The controller with the strongest role among those that the subject can steer.
fn controller<'c>(context: &'c Context<'_>, holding: &Holding<'_>) -> Option<Controller<'c>> {
    let objects: Vec<&'static str> = holding.powers.iter().map(|it| it.object).collect();
    let here = context.workloads.iter().filter(|it| it.cluster.label == holding.cluster.label && it.runs());
    let mut found: Vec<Controller<'c>> = Vec::new();
    for workload in here {
        for object in &objects {
            let named = |name: &str| controllers_of(object).iter().any(|part| name.contains(part));
            if !named(&workload.key.name) || is_of(holding.subject, workload, &named) {
                continue;
            }
            for seat in workload.seats().filter(|seat| seat.identity.identity.source != Source::NodeRole) {
                let role = seat.identity.identity.role.as_ref().filter(|role| context.is_sensitive(role).is_yes());
                found.extend(role.map(|role| Controller { object, workload, role: role.to_string() }));
            }
        }
    }
    found.into_iter().min_by_key(|it| (context.class_of(&it.role), it.role.clone(), it.workload.key.clone()))
}

/// The subject is the controller itself, or a part of it.
fn is_of(subject: &Subject, workload: &Workload<'_>, named: &dyn Fn(&str) -> bool) -> bool {
    match subject {
        Subject::ServiceAccount { namespace, name } => {
            namespace == workload.namespace && (name == workload.service_account || named(name))
        }
        _ => false,
    }
}
