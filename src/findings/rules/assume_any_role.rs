//! A role of pods may assume any role
//!
//! ## What it checks
//! A role of pods has `sts:AssumeRole` on all roles, and some role trusts it or its account. Where no role that was read
//! does, it is milder.
//!
//! ## Why it matters
//! Every role that trusts the account as a whole is one call away, today's and tomorrow's.
//!
//! ## How to fix
//! List the ARNs of the roles that the program takes.
//!
//! ## For newcomers
//! A trust policy that names the account leaves it to the account's policies who may take the role. This one says: I may,
//! all of them.

use std::cell::LazyCell;

use crate::findings::context::Family;
use crate::findings::reference::{NHI5, PR_AA_05};
use crate::findings::role_policies::{self, few, holders};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::identity::role_chain::RoleChains;
use crate::model::{EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PERM-004",
    slug: "assume-any-role",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Permission,
    needs: &[SourceKind::Iam, SourceKind::Pods],
    references: &[NHI5, PR_AA_05],
    check,
};

/// So many roles are named; the rest is counted.
const NAMED: usize = 20;

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let chains = LazyCell::new(|| RoleChains::new(context.inventory, &context.trusts));
    for it in context.pod_roles() {
        let Some(wide) = it.wide(Family::AssumeRole).next() else { continue };
        let reachable = chains.step(context.inventory, &context.trusts, &it.role.arn);
        let sure: Vec<EntityKey> =
            reachable.iter().filter(|it| it.1.is_yes()).filter_map(|it| EntityKey::role(&it.0)).collect();
        let names: Vec<String> = sure.iter().map(ToString::to_string).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let perhaps = reachable.len() - sure.len();
        let found = out
            .report(
                it.key.clone(),
                Severity::Medium.or(Severity::High, !sure.is_empty()),
                match sure.len() {
                    0 => format!("may assume any role ({}); none that was read lets it in for sure", wide.resource),
                    1 => format!("may assume any role ({}), and {} lets it in", wide.resource, names[0]),
                    many => format!("may assume any role ({}), and {many} let it in", wide.resource),
                },
            )
            .also_all(sure.iter().take(NAMED).cloned())
            .also_all(holders(context, &it.key))
            .certain_if(wide.certain && it.held.is_yes())
            .impact("every role that trusts the account as a whole is one call away");
        let places = role_policies::granting(context, &it.role, "sts:AssumeRole", &wide.resource);
        for place in &places {
            found.evidence(&it.key, place.path(), place.value.clone());
        }
        let shown = if names.is_empty() { "none".to_owned() } else { few(&names) };
        found.evidence(&it.key, "roles that let it in", shown);
        if perhaps > 0 {
            found.evidence(&it.key, "roles that let it in under conditions", perhaps.to_string());
        }
        for key in &wide.keys {
            found.evidence(&it.key, "only if", key.as_str());
        }
        found.fixes([fix::by_hand(format!(
            "in the statement of {}: Resource: the ARNs of the roles that {} takes",
            places.first().map_or("its policy", |it| it.origin.name()),
            it.role.name
        ))]);
        found.fixes(places.first().map(|place| place.origin.rewriting(&it.role)));
    }
}
