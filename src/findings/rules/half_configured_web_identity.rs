//! Only one of the two variables of web identity is set
//!
//! ## What it checks
//! A container has `AWS_ROLE_ARN` without `AWS_WEB_IDENTITY_TOKEN_FILE`, or the reverse.
//!
//! ## Why it matters
//! Web identity needs both. With the role alone Python and Go go on to the next source, with the token file alone they
//! refuse to start. The webhook adds neither where one is there already, so a chart that sets the role keeps the pod from
//! ever getting it.
//!
//! ## How to fix
//! Remove the variable that was set by hand and let the webhook inject the pair.
//!
//! ## For newcomers
//! SDKs look into two variables to find out which role to take and with which token. Setting one of them by hand is
//! worse than setting none.

use crate::base::Truth;
use crate::findings::reference::{NHI4, PR_AA_02};
use crate::findings::{Category, Context, Kind, Rule, Seat, Severity, Sink, Workload, fix};
use crate::identity::{Source, Verdict};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "IRSA-008",
    slug: "half-configured-web-identity",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Irsa,
    needs: &[SourceKind::Pods],
    references: &[NHI4, PR_AA_02],
    check,
};

const ROLE: &str = "AWS_ROLE_ARN";
const TOKEN: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        for seat in workload.seats() {
            let (role, token) = (seat.variable(ROLE).is_set(), seat.variable(TOKEN).is_set());
            let (set, lacking) = match (role, token) {
                (Truth::Yes, Truth::No) => (ROLE, TOKEN),
                (Truth::No, Truth::Yes) => (TOKEN, ROLE),
                (Truth::Unknown, _) | (_, Truth::Unknown) if role != token => {
                    out.cannot(seat.variable(ROLE).missing().iter().chain(seat.variable(TOKEN).missing()).cloned());
                    continue;
                }
                _ => continue,
            };
            // The webhook looks at `env` alone: what `envFrom` brings does not keep it from adding the pair (R23).
            if seat.entry.pod.is_none() && seat.has_web_identity().is_yes() {
                continue;
            }
            let severity = Severity::High.or(Severity::Low, set == ROLE && agent_works(&seat));
            let name = &seat.container.name;
            out.report(workload.key.clone(), severity, format!("container {name} has {set} and no {lacking}"))
                .show([seat.env_evidence(workload, set), seat.env_evidence(workload, lacking)])
                .evidence(&workload.key, seat.path("env"), origin(workload, &seat, set))
                .impact(match set {
                    ROLE => format!("web identity is off in container {name}: {}", next(&seat)),
                    _ => format!("SDKs in container {name} stop with a configuration error"),
                })
                .fixes([fix::unset(workload, &seat, set), fix::restart(workload)]);
        }
    }
}

fn agent_works(seat: &Seat<'_>) -> bool {
    seat.has_agent().is_yes()
        && seat.identity.identity.source == Source::PodIdentity
        && seat.identity.verdict == Verdict::Works
}

fn next(seat: &Seat<'_>) -> String {
    match (&seat.identity.identity.source, &seat.identity.identity.role) {
        (Source::None, _) => "it has no credentials".into(),
        (Source::Unknown, _) => "it signs with whatever comes next".into(),
        (source, Some(role)) => format!("it signs with {role} ({})", source.title()),
        (source, None) => format!("it signs with {}", source.title()),
    }
}

/// Whether the template sets the variable, or something else put it into the pod.
fn origin(workload: &Workload<'_>, seat: &Seat<'_>, name: &str) -> &'static str {
    let Some(stored) = workload.stored() else { return "the workload's template was not read" };
    let of_template = stored.template.spec.containers.iter().find(|it| it.name == seat.container.name);
    match of_template.map(|it| it.env.iter().any(|variable| variable.name == name)) {
        Some(true) => "set in the template of the workload",
        Some(false) if !seat.environment().defines(name) => "comes from a ConfigMap or Secret of envFrom",
        Some(false) => "not in the template: something added it to the pod",
        None => "the container is not in the template: something added it to the pod",
    }
}
