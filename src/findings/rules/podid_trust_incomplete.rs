//! The role of an association does not admit Pod Identity
//!
//! ## What it checks
//! The trust policy of the association's role, asked for the service `pods.eks.amazonaws.com` with the session tags of
//! this association, does not allow `sts:AssumeRole` and, unless tags are turned off, `sts:TagSession`. With tags turned
//! off and only TagSession missing it is expected to work, and weighs little.
//!
//! ## Why it matters
//! No pod of the account gets credentials: *EKS does not have permissions to assume the associated role*.
//!
//! ## How to fix
//! Give the service principal both actions.
//!
//! ## For newcomers
//! An association says which role a pod should have. The role must say so, too: its trust policy names the service that
//! hands it out.

use crate::base::Truth;
use crate::findings::reference::{NHI4, PR_AA_02, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::identity::trace::Trace;
use crate::model::{EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PODID-004",
    slug: "podid-trust-incomplete",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::PodIdentity,
    needs: &[SourceKind::Iam, SourceKind::Associations, SourceKind::Cluster],
    references: &[NHI4, PR_AA_02, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for cluster in context.clusters() {
        for association in &cluster.associations {
            let Some(details) = &association.details else { continue };
            let Lookup::Found(role) = context.inventory.role(&details.role) else { continue };
            let (namespace, account) = (&association.namespace, &association.service_account);
            let mut trace = Trace::on();
            let check =
                context.trusts.pod_identity(context.inventory, cluster, role, association, namespace, account, &mut trace);
            if check.truth == Truth::Yes && check.missing.is_empty() {
                continue;
            }
            // The first step is AssumeRole, the second TagSession.
            let refused: Vec<bool> = trace.into_hops().iter().map(|hop| hop.result.is_no()).collect();
            let (assume, tags) = (refused.first() == Some(&true), refused.get(1) == Some(&true));
            // Only TagSession is missing, and the association sends no tags: expected to work.
            let only_tags = details.disable_session_tags && tags && !assume;
            if !assume && !tags {
                continue;
            }
            let key = EntityKey::scoped(Thing::Association, &cluster.label, &association.id);
            let role_key = crate::findings::context::role_key(role);
            let severity = Severity::High.or(Severity::Low, only_tags);
            let found = out
                .report(key.clone(), severity, check.why.clone())
                .also(role_key.clone())
                .also(EntityKey::namespaced(Thing::ServiceAccount, &cluster.label, namespace, account))
                .evidence(&key, "association.roleArn", details.role.as_str())
                .evidence(&role_key, "AssumeRolePolicyDocument", check.why.clone())
                .evidence(&key, "association.disableSessionTags", details.disable_session_tags.to_string())
                .impact(match only_tags {
                    true => "none expected while the association sends no session tags",
                    false => "no pod of the account gets credentials from EKS",
                });
            let statement = "{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"pods.eks.amazonaws.com\"},\"Action\":[\"sts:AssumeRole\",\"sts:TagSession\"]}";
            let document = role.trust.as_ref().and_then(|text| {
                let mut document: serde_json::Value = serde_json::from_str(text).ok()?;
                let statement: serde_json::Value = serde_json::from_str(statement).ok()?;
                document.get_mut("Statement")?.as_array_mut()?.push(statement);
                Some(document)
            });
            found.fixes(document.map(|document| crate::findings::trust_text::replaced(role, &document)));
            found.fixes([fix::terraform(
                "statement {\n  actions = [\"sts:AssumeRole\", \"sts:TagSession\"]\n  principals {\n    type        = \"Service\"\n    identifiers = [\"pods.eks.amazonaws.com\"]\n  }\n}",
            )]);
        }
    }
}
