//! A subject may mint tokens of service accounts that have AWS roles
//!
//! ## What it checks
//! Somebody outside the platform may `create` on `serviceaccounts/token`, in a namespace or for named accounts, and an
//! AWS role takes tokens of one of them (R145). A controller that issues tokens is fine where its right names the
//! accounts.
//!
//! ## Why it matters
//! Whoever mints the token chooses its audience and shows it to STS from anywhere. AWS credentials come out of it, no pod
//! is started, and no trace of one is left in the cluster. Where strangers hold the right and a sensitive role is in
//! reach, it is critical.
//!
//! ## How to fix
//! Take `create` on `serviceaccounts/token` out of the role, or name the accounts that are meant in `resourceNames`.
//!
//! ## For newcomers
//! A role for pods trusts a token that names a service account. Pods get such tokens by themselves; this right lets
//! somebody ask the API server for one by hand.

use crate::findings::reference::{CIS_4_1_8, NHI5, PR_AA_05, ZT3};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, Through, fix, granted, platform};
use crate::graph::authorization::Subject;
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-001",
    slug: "token-request-to-role",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Rbac,
    needs: granted::NEEDS,
    references: &[NHI5, PR_AA_05, ZT3, CIS_4_1_8],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for holding in context.holdings(&[Power::TokenRequest]) {
        let issues = matches!(holding.subject, Subject::ServiceAccount { name, .. } if platform::is_known_controller(name));
        let Some(holding) = holding.only(|held| !issues || held.names.is_none()) else { continue };
        let reached = context.within_reach(&holding, Through::Tokens, false);
        let Some(best) = reached.best() else { continue };
        let severity = granted::raised(context, Severity::High, &holding, &reached);
        let message = format!(
            "{} may mint tokens of service accounts{} {}, and so become {}",
            granted::who(holding.subject),
            holding.named(),
            holding.place(),
            granted::strongest(best)
        );
        let found = granted::report(out, &holding, severity, message);
        granted::reached(found, &holding, &reached)
            .certain_if(reached.is_certain())
            .impact("AWS credentials from outside the cluster, without a pod and without its trace")
            .fixes(granted::take_away(&holding, "create on serviceaccounts/token"))
            .fixes([fix::by_hand(
                "where some accounts are meant, keep the rule and list them in its resourceNames".to_owned(),
            )]);
    }
}
