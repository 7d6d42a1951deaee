//! The role is open to every service account of the cluster
//!
//! ## What it checks
//! A statement of the trust policy that names the cluster's identity provider admits any subject: there is no condition
//! on `sub`, or its pattern leaves namespace and name open (`*`, `system:serviceaccount:*`, `…:*:*`). A Deny that takes it
//! back counts.
//!
//! ## Why it matters
//! Any pod of the cluster that can get a projected token takes the role, whatever its own manifest says. That somebody
//! else owns no pods there today does not lower it.
//!
//! ## How to fix
//! Put `sub` and `aud` of the issuer under StringEquals, with the service accounts that need the role.
//!
//! ## For newcomers
//! The trust policy is the door of the role. The provider in it says which cluster may knock; only the condition on the
//! subject says who of that cluster gets in.

use crate::base::Truth;
use crate::findings::reference::{NHI5, PR_AA_05, ZT3, ZT6};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink};
use crate::model::{EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "TRUST-001",
    slug: "trust-open-to-cluster",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Trust,
    needs: &[SourceKind::Iam, SourceKind::Cluster],
    references: &[NHI5, PR_AA_05, ZT3, ZT6],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in context.web_statements() {
        let open = it.is_open(context);
        // Looks restricted, is open: that is TRUST-002.
        if open.is_no() || super::vacuous_condition::vacuous(it).is_some() {
            continue;
        }
        let values = it.values();
        let sensitive = context.is_known_sensitive(&it.role);
        let admitted = it.cluster.service_accounts.len();
        let (path, value, how) = match values.iter().find(|value| value.reach == crate::findings::subjects::Reach::Cluster) {
            Some(value) => (
                it.path(&format!("Condition.{}.{}", value.operator, it.subject_key())),
                value.text.to_string(),
                format!("`{}` matches any subject", value.text),
            ),
            None => (it.path("Condition"), "no condition on sub".to_owned(), "no condition asks for the subject".to_owned()),
        };
        out.report(
            it.key.clone(),
            Severity::High.or(Severity::Critical, sensitive),
            format!("every service account of {} may take the role: {how}", it.cluster.label),
        )
        .also(EntityKey::plain(Thing::Cluster, &it.cluster.label))
        .evidence(&it.key, path, value)
        .evidence(&it.key, it.path("Principal.Federated"), it.provider_arn())
        .evidence(&EntityKey::plain(Thing::Cluster, &it.cluster.label), "serviceaccounts", format!("{admitted} admitted now"))
        .evidence(&it.key, "class", context.privilege_of(&it.role).class.as_str())
        .impact(format!("any pod of {} that gets a token for {} becomes {}", it.cluster.label, it.audience, it.role.name))
        .certain_if(open == Truth::Yes)
        .fixes(it.pinned(context))
        .fixes([it.pinned_terraform(context)]);
    }
}
