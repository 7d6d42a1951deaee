//! A subject may add debug containers to pods that have roles
//!
//! ## What it checks
//! Somebody outside the platform may patch or update `pods/ephemeralcontainers` (R149) where pods run that sign with an
//! AWS role or reach one. Where no pod has a role, it is only noted.
//!
//! ## Why it matters
//! A debug container may mount the pod's volumes, and with them its token, bring its own shell, and read the processes
//! beside it. Images without a shell are no guard. Where strangers hold the right and a sensitive role is in reach, it is
//! critical.
//!
//! ## How to fix
//! Take `pods/ephemeralcontainers` out of everyday roles; give it for an hour, to a person, when it is needed.
//!
//! ## For newcomers
//! `kubectl debug` puts one more container into a pod that runs. The identity webhook leaves it alone, yet the token of
//! the pod is one `volumeMount` away.

use crate::findings::reference::{NHI10, NHI5, PR_AA_05, ZT3};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Through, fix, granted};
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-006",
    slug: "ephemeral-container-to-role",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: granted::NEEDS_OF_PODS,
    references: &[NHI5, NHI10, PR_AA_05, ZT3],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for holding in context.holdings(&[Power::PodDebug]) {
        let reached = context.within_reach(&holding, Through::Running, false);
        let (who, place, named) = (granted::who(holding.subject), holding.place(), holding.named());
        let (severity, message) = match reached.best().filter(|_| reached.is_certain()) {
            Some(best) => (
                granted::raised(context, Severity::High, &holding, &reached),
                format!("{who} may add debug containers to pods{named} {place}, and so take {}", granted::strongest(best)),
            ),
            None => (
                Severity::Low,
                format!("{who} may add debug containers to pods{named} {place}, none of which surely has a role"),
            ),
        };
        let found = granted::report(out, &holding, severity, message);
        granted::reached(found, &holding, &reached)
            .impact("the token of the pod is stolen through a volume that the new container mounts, shell or not")
            .fixes(granted::take_away(&holding, "update and patch on pods/ephemeralcontainers"))
            .fixes([fix::by_hand("give debugging rights for a limited time, by a binding that is deleted again".to_owned())]);
    }
}
