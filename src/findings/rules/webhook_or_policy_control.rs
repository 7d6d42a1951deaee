//! A subject may rewrite every new pod, or cut IRSA off
//!
//! ## What it checks
//! Somebody outside the platform may create, change or delete mutating webhook configurations or mutating admission
//! policies (R162). Programs whose work that is, such as cert-manager's injector and policy engines, weigh less.
//!
//! ## Why it matters
//! A webhook of one's own sees and changes every new pod: it adds a container, or another service account. And whoever
//! edits or deletes `pod-identity-webhook` keeps roles from all new pods, which fall to their nodes' role.
//!
//! ## How to fix
//! Take the right away, or name the one configuration that the program must keep.
//!
//! ## For newcomers
//! Before an object is stored, the API server shows it to registered programs that may change it. IRSA works that way;
//! the registration is an object like any other.

use crate::base::Name;
use crate::findings::reference::{NHI4, NHI5, PR_AA_04, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, granted, platform};
use crate::graph::authorization::Subject;
use crate::model::SourceKind;
use crate::rbac::Power;

pub(super) static RULE: Rule = Rule {
    id: "RBAC-013",
    slug: "webhook-or-policy-control",
    severity: Severity::High,
    kind: Kind::Both,
    category: Category::Rbac,
    needs: &[
        SourceKind::ClusterRoles,
        SourceKind::ClusterRoleBindings,
        SourceKind::AccessEntryList,
        SourceKind::AccessEntries,
        SourceKind::AccessPolicies,
    ],
    references: &[NHI4, NHI5, PR_AA_04, PR_AA_05],
    check,
};

const WEBHOOK: &str = "pod-identity-webhook";

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for holding in context.holdings(&[Power::WebhookControl]) {
        let known = match holding.subject {
            Subject::ServiceAccount { namespace, name } => platform::is_admission(name) || platform::is_admission(namespace),
            _ => false,
        };
        let severity = if known { Severity::Medium } else { Severity::High };
        let cuts = holding.powers.iter().any(|it| {
            let named = |names: &Vec<Name>| names.iter().any(|name| name == WEBHOOK);
            it.object == "mutatingwebhookconfigurations" && it.names.as_ref().is_none_or(named)
        });
        let objects: Vec<&str> = holding.powers.iter().map(|it| it.object).collect();
        let (who, named) = (granted::who(holding.subject), holding.named());
        let end = if cuts { ": it can rewrite every new pod, and cut IRSA off" } else { ": it can rewrite new pods" };
        let message = format!("{who} may write {}{named}{end}", objects.join(" and "));
        granted::report(out, &holding, severity, message)
            .evidence(&holding.key, "can edit or delete pod-identity-webhook", if cuts { "yes" } else { "no" })
            .impact("injects containers into all new pods, or keeps roles from them")
            .fixes(granted::take_away(&holding, "the right to write admission configurations"));
    }
}
