//! A subject may run commands in pods that have roles
//!
//! ## What it checks
//! Somebody outside the platform may `create` on `pods/exec` or `pods/attach`, or, before Kubernetes 1.35, `get` (R148,
//! R149), where pods run that sign with an AWS role or reach one, the role of their node included. Where no pod has a
//! role, it is only noted.
//!
//! ## Why it matters
//! A command in the container is the container: its credentials, its token, and its place in the network, from which
//! the metadata service may answer. Where strangers hold the right and a sensitive role is in reach, it is critical.
//!
//! ## How to fix
//! Drop `pods/exec` and `pods/attach` from everyday roles; give them for an hour, to a person, when they are needed.
//!
//! ## For newcomers
//! `kubectl exec` needs no password and no key. The right to it is the right to everything that the pod may do.

use crate::findings::reference::{NHI10, NHI5, PR_AA_05, ZT3};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Through, fix, granted};
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-004",
    slug: "exec-to-role",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: granted::NEEDS_OF_PODS,
    references: &[NHI5, NHI10, PR_AA_05, ZT3],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for holding in context.holdings(&[Power::PodExec, Power::PodAttach]) {
        let reached = context.within_reach(&holding, Through::Running, false);
        let (who, place, named) = (granted::who(holding.subject), holding.place(), holding.named());
        let (severity, message) = match reached.best().filter(|_| reached.is_certain()) {
            Some(best) => (
                granted::raised(context, Severity::High, &holding, &reached),
                format!("{who} may run commands in pods{named} {place}, and so act as {}", granted::strongest(best)),
            ),
            None => (Severity::Low, format!("{who} may run commands in pods{named} {place}, none of which surely has a role")),
        };
        let version = holding.authorization.circumstances.version;
        let version = version.map_or_else(|| "not read".to_owned(), |it| format!("{}.{}", it.major, it.minor));
        let found = granted::report(out, &holding, severity, message);
        granted::reached(found, &holding, &reached)
            .evidence(&holding.key, "version of the cluster", format!("{version}; before 1.35 get is enough (R148)"))
            .impact("whoever holds it acts as the running pod, with its network and what the metadata service gives it")
            .fixes(granted::take_away(&holding, "pods/exec and pods/attach"))
            .fixes([fix::by_hand("give debugging rights for a limited time, by a binding that is deleted again".to_owned())]);
    }
}
