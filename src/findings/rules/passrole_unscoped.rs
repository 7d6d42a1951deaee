//! A role of pods may pass any role to any service
//!
//! ## What it checks
//! A role of pods has `iam:PassRole` on all roles, or on all roles below a path, and no condition on `iam:PassedToService`.
//! What an explicit Deny takes back is taken back.
//!
//! ## Why it matters
//! A right to start something in some service, an instance or a function, is then a right to everything that a role of the
//! account may do.
//!
//! ## How to fix
//! Name the roles that are passed, and the service that they are passed to.
//!
//! ## For newcomers
//! Services act with roles that somebody gives them. PassRole is the right to give one away: without limits it lends out
//! the strongest role there is.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::base::Name;
use crate::findings::context::{Family, Width};
use crate::findings::reference::{NHI5, PR_AA_05};
use crate::findings::role_policies::{self, few, holders};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::pattern::ArnGlob;
use crate::model::SourceKind;
use crate::model::facts::iam::Role;

pub(super) static RULE: Rule = Rule {
    id: "PERM-003",
    slug: "passrole-unscoped",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Permission,
    needs: &[SourceKind::Iam, SourceKind::Pods],
    references: &[NHI5, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let mut passable_by: BTreeMap<(Name, String), Vec<String>> = BTreeMap::new();
    for it in context.pod_roles() {
        for wide in it.wide(Family::PassRole).filter(|it| !it.keys.iter().any(|key| key == "iam:passedtoservice")) {
            // Many administrators may pass the same roles.
            let passable = passable_by
                .entry((it.role.account.clone(), wide.resource.to_string()))
                .or_insert_with(|| passable(context, &it.role.account, &wide.resource));
            let names: Vec<&str> = passable.iter().map(String::as_str).collect();
            let shown = if names.is_empty() { "none is known".to_owned() } else { few(&names) };
            let what = if wide.width == Width::Broad { "any role" } else { "every role of a path" };
            let found = out
                .report(it.key.clone(), Severity::High, format!("may pass {what} ({}) to any service", wide.resource))
                .also_all(holders(context, &it.key))
                .certain_if(wide.certain && it.held.is_yes())
                .impact("a right to start something in some service is a right to all that those roles may do");
            let places = role_policies::granting(context, &it.role, "iam:PassRole", &wide.resource);
            for place in &places {
                found.evidence(&it.key, place.path(), place.value.clone());
            }
            found.evidence(&it.key, "sensitive roles among them", shown);
            for key in &wide.keys {
                found.evidence(&it.key, "only if", key.as_str());
            }
            found.fixes([fix::by_hand(format!(
                "in the statement of {}: Resource: the ARNs of the roles that {} passes, and \
                 Condition: {{\"StringEquals\": {{\"iam:PassedToService\": \"SERVICE.amazonaws.com\"}}}}",
                places.first().map_or("its policy", |it| it.origin.name()),
                it.role.name
            ))]);
            found.fixes(places.first().map(|place| place.origin.rewriting(&it.role)));
        }
    }
}

/// Names of the sensitive roles of the account that a pattern covers.
fn passable(context: &Context<'_>, account: &str, pattern: &str) -> Vec<String> {
    let glob = ArnGlob::new(pattern);
    let Some(facts) = context.inventory.accounts.get(account) else { return Vec::new() };
    let covered = |role: &&Arc<Role>| !role.path.starts_with("/aws-service-role/") && glob.matches(&role.arn);
    let roles = facts.roles.items().par_iter().filter(covered);
    roles.filter(|role| context.is_known_sensitive(role)).map(|role| role.name.to_string()).collect()
}
