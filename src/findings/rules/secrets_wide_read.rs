//! A role of pods reads secrets of others
//!
//! ## What it checks
//! A role of pods may read values of Secrets Manager or parameters of Systems Manager, or decrypt with keys, on all
//! resources, or under names that begin with a namespace in which none of its pods are. A condition on tags, on the
//! encryption context or on the service that calls scopes the right. Roles of nodes have a rule of their own.
//!
//! ## Why it matters
//! One compromised pod yields the passwords and tokens of all other workloads.
//!
//! ## How to fix
//! Name the secrets by prefix, or ask for a tag that matches the one of the caller.
//!
//! ## For newcomers
//! A secret store is only as separate as the policies of those who read it. A program needs its own secrets and no others.

use crate::findings::context::{Family, Width};
use crate::findings::reference::{NHI2, NHI5, PR_AA_05};
use crate::findings::role_policies::{self, holders};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::catalogue::Catalogue;
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "PERM-005",
    slug: "secrets-wide-read",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Permission,
    needs: &[SourceKind::Iam, SourceKind::Pods],
    references: &[NHI2, NHI5, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let catalogue = Catalogue::bundled();
    for it in context.pod_roles().iter().filter(|it| !it.is_of_nodes()) {
        for wide in it.wide(Family::Secrets) {
            let action = catalogue.action(wide.action).to_string();
            let message = match &wide.width {
                Width::Team(team) => {
                    format!("{action} on {}, the name of namespace {team}, where it has no pods", wide.resource)
                }
                _ => format!("{action} on {}", wide.resource),
            };
            let found = out
                .report(it.key.clone(), Severity::High, message)
                .also_all(holders(context, &it.key))
                .certain_if(wide.certain && it.held.is_yes())
                .impact("one compromised pod yields the secrets of other workloads");
            let places = role_policies::granting(context, &it.role, &action, &wide.resource);
            for place in &places {
                found.evidence(&it.key, format!("{}.{action}", place.path()), place.value.clone());
            }
            for key in &wide.keys {
                found.evidence(&it.key, format!("{action} only if"), key.as_str());
            }
            let arn = match catalogue.action(wide.action).service().prefix() {
                "secretsmanager" => format!("arn:aws:secretsmanager:REGION:{}:secret:{}/*", it.role.account, team(it)),
                "ssm" => format!("arn:aws:ssm:REGION:{}:parameter/{}/*", it.role.account, team(it)),
                _ => format!("arn:aws:kms:REGION:{}:key/KEY_ID", it.role.account),
            };
            found.fixes([fix::by_hand(format!(
                "in the statement of {}: Resource: \"{arn}\", or a condition on aws:ResourceTag of the owner",
                places.first().map_or("its policy", |it| it.origin.name())
            ))]);
            found.fixes(places.first().map(|place| place.origin.rewriting(&it.role)));
        }
    }
}

/// The namespace of the first account that has the role: how its secrets might be named.
fn team(it: &crate::findings::context::PodRole) -> &str {
    it.ways.first().map_or("NAME", |way| way.namespace.as_str())
}
