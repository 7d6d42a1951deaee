//! A boundary or session policy leaves out what the role's policies grant
//!
//! ## What it checks
//! A policy of the role names actions, and its permissions boundary, or the policy of its Pod Identity association, allows
//! them on nothing. An Allow of everything under a boundary is meant so and left alone.
//!
//! ## Why it matters
//! The call is denied with "no permissions boundary allows" or "no session policy allows", and the policy that people look
//! at says yes.
//!
//! ## How to fix
//! Extend the boundary or the association's policy, or take the actions out of the role's policies.
//!
//! ## For newcomers
//! A boundary grants nothing. It is a second list, and only what stands on both counts.

use crate::findings::context::PodRole;
use crate::findings::reference::{PR_AA_05, ZT4};
use crate::findings::role_policies::{self, few, holders};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::catalogue::{ActionId, Catalogue};
use crate::iam::pattern::ArnGlob;
use crate::iam::permissions::actions::ActionGlob;
use crate::iam::permissions::{Permissions, permissions_of};
use crate::iam::{Effect, Policies};
use crate::identity::session::{Origin, Session};
use crate::model::SourceKind;

pub(super) static RULE: Rule = Rule {
    id: "PERM-009",
    slug: "boundary-or-session-policy-blocks",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::Permission,
    needs: &[SourceKind::Iam, SourceKind::Pods, SourceKind::Associations],
    references: &[PR_AA_05, ZT4],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in context.pod_roles() {
        if it.role.boundary.is_some() {
            let documents = &context.trusts.documents;
            let session = Session::new(context.inventory, documents, &it.role, Origin::default());
            let arn = it.role.boundary.as_ref().map_or("", |it| it.as_str());
            let name = format!("the boundary {}", arn.rsplit('/').next().unwrap_or(arn));
            let only = Policies { boundary: session.policies.boundary.clone(), ..identity(&session) };
            blocked(context, it, &session, &only, &name, &format!("PermissionsBoundary[{arn}]"), out);
        }
        for way in it.ways.iter().filter(|way| has_policy(way)) {
            let documents = &context.trusts.documents;
            let session = Session::new(context.inventory, documents, &it.role, way.origin());
            let Some(association) = &way.association else { continue };
            let only = Policies { session: session.policies.session.clone(), ..identity(&session) };
            let name = format!("the policy of association {}", association.id);
            blocked(context, it, &session, &only, &name, &format!("association[{}].policy", association.id), out);
        }
    }
}

fn identity(session: &Session) -> Policies {
    Policies { identity: session.policies.identity.clone(), ..Policies::default() }
}

fn has_policy(way: &crate::findings::context::Way) -> bool {
    way.association.as_ref().and_then(|it| it.details.as_ref()).is_some_and(|it| it.policy.is_some())
}

/// Reports what the identity policies grant and `limited`, with one layer more, leaves nothing of.
fn blocked(
    context: &Context<'_>,
    it: &PodRole,
    session: &Session,
    limited: &Policies,
    name: &str,
    path: &str,
    out: &mut Sink<'_>,
) {
    let unreadable =
        limited.boundary.iter().chain(&limited.session).any(|it| crate::iam::access::is_damaged(&it.document));
    if unreadable {
        // What it leaves is not known.
        out.cannot([context.account_source(&it.role.account, SourceKind::Iam)]);
        return;
    }
    let catalogue = Catalogue::bundled();
    let named = named(context, it, catalogue);
    let ids: Vec<ActionId> =
        named.iter().flat_map(|(ids, _)| ids).copied().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    if ids.is_empty() {
        return;
    }
    let may = |policies: &Policies| permissions_of(catalogue, &ids, &session.principal, policies, &session.context);
    let (before, after) = (may(&identity(session)), may(limited));
    for (ids, place) in &named {
        let gone: Vec<ActionId> = ids
            .iter()
            .filter(|id| grants(catalogue, &before, **id) && !grants(catalogue, &after, **id))
            .copied()
            .collect();
        if gone.is_empty() {
            continue;
        }
        let names: Vec<String> = gone.iter().map(|id| catalogue.action(*id).to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let damaged = session.unread.identity;
        out.report(
            it.key.clone(),
            Severity::Medium,
            format!("{name} leaves out what {} grants: {}", place.origin.name(), few(&names)),
        )
        .also_all(holders(context, &it.key))
        .certain_if(it.held.is_yes() && !damaged)
        .evidence(&it.key, format!("{}.{path}", place.path()), place.value.clone())
        .evidence(&it.key, path, format!("allows none of {}", few(&names)))
        .impact("these calls are denied although the role's own policy names them")
        .fixes([
            fix::by_hand(format!("add to {name}: {}", few(&names))),
            fix::by_hand(format!("or take them out of {} ({})", place.origin.name(), place.path())),
        ]);
    }
}

fn grants(catalogue: &Catalogue, found: &Permissions, id: ActionId) -> bool {
    found.rows.iter().any(|row| {
        row.actions.known.binary_search(&id).is_ok()
            && row.resources.any_of().iter().any(|pattern| {
                matches!(pattern, ArnGlob::All)
                    || catalogue.action(id).resources().any(|(kind, _)| !kind.pattern().disjoint(pattern))
            })
    })
}

/// The actions that statements of the role name by their service, statement by statement.
fn named(context: &Context<'_>, it: &PodRole, catalogue: &Catalogue) -> Vec<(Vec<ActionId>, role_policies::Place)> {
    let mut found = Vec::new();
    for policy in role_policies::of(context, &it.role).iter().filter(|it| it.origin.is_own()) {
        for statement in policy.document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)) {
            if statement.actions.negated {
                continue;
            }
            let globs =
                statement.actions.values().filter_map(ActionGlob::of).filter(|it| *it != ActionGlob::Everything);
            let mut ids: Vec<ActionId> = globs.flat_map(|glob| glob.known(catalogue)).collect();
            ids.sort_unstable();
            ids.dedup();
            let place = role_policies::Place {
                origin: policy.origin.clone(),
                statement: statement.index,
                value: role_policies::said(statement),
            };
            found.push((ids, place));
        }
    }
    found
}
