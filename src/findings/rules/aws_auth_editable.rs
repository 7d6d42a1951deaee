//! A subject may write aws-auth, and the cluster goes by it
//!
//! ## What it checks
//! Somebody outside the platform may update or patch ConfigMaps in kube-system, all of them or `aws-auth`, or create it
//! where it is missing, and the authentication mode reads it (R165). In mode API the map is ignored, and nothing is told.
//!
//! ## Why it matters
//! One line maps an IAM principal of the attacker's to `system:masters`.
//!
//! ## How to fix
//! Move to access entries and set the mode to API; until then let nobody write ConfigMaps in kube-system.
//!
//! ## For newcomers
//! `aws-auth` is the list of who in AWS is who in the cluster. It is a ConfigMap like any other, and a right to edit
//! ConfigMaps is easily given.

use crate::findings::reference::{NHI4, NHI5, PR_AA_01, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, granted};
use crate::model::{EntityKey, Kind as Thing};
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "AUTH-004",
    slug: "aws-auth-editable",
    severity: Severity::Critical,
    kind: Kind::Open,
    category: Category::Auth,
    needs: granted::needs![Cluster],
    references: &[NHI4, NHI5, PR_AA_01, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for holding in context.holdings(&[Power::AwsAuthEdit]) {
        let label = &holding.cluster.label;
        let mode = holding.cluster.description().map_or("not read", |it| it.authentication_mode.as_str());
        let message = format!("{} may write aws-auth, and {label} goes by it", granted::who(holding.subject));
        granted::report(out, &holding, Severity::Critical, message)
            .evidence(&EntityKey::plain(Thing::Cluster, label), "accessConfig.authenticationMode", mode)
            .impact("maps an IAM principal of its own to system:masters")
            .fixes(granted::take_away(&holding, "writing configmaps in kube-system"))
            .fixes([fix::by_hand(format!(
                "when access entries replace the map: aws eks update-cluster-config --name {} --access-config authenticationMode=API",
                fix::quoted(fix::cluster_name(holding.cluster))
            ))]);
    }
}
