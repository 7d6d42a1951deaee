//! Access to another account is allowed on one side only
//!
//! ## What it checks
//! A role of pods names a role or a resource of another account, and the trust or resource policy there does not let it in;
//! or a policy of another account names the role, and the role has no right to make the call. Where the other account was
//! not read, nothing can be said.
//!
//! ## Why it matters
//! Between accounts both sides must allow. One of them looks right, so people look no further.
//!
//! ## How to fix
//! Add what is missing on the other side.
//!
//! ## For newcomers
//! Within an account one policy is enough. Another account does not believe it: there the resource must name the caller too.

use std::collections::BTreeMap;

use crate::base::{Name, Truth};
use crate::findings::context::PodRole;
use crate::findings::reference::{PR_AA_05, ZT6};
use crate::findings::role_policies::{self, holders};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::catalogue::Catalogue;
use crate::iam::pattern::Action;
use crate::iam::{Effect, PrincipalPattern, Request, Resource, decide};
use crate::model::facts::iam::Role;
use crate::model::{AccountFacts, Arn, EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PERM-010",
    slug: "cross-account-one-sided",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::Permission,
    needs: &[SourceKind::Iam, SourceKind::Pods],
    references: &[PR_AA_05, ZT6],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in context.pod_roles() {
        from_here(context, it, out);
    }
    from_there(context, out);
}

/// What the role's own statements name in other accounts, by literal ARNs.
fn from_here(context: &Context<'_>, it: &PodRole, out: &mut Sink<'_>) {
    let mut asked: BTreeMap<(Name, String), role_policies::Place> = BTreeMap::new();
    for policy in role_policies::of(context, &it.role) {
        for statement in policy.document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)) {
            let Some(resources) = statement.resources.as_ref().filter(|it| !it.negated) else { continue };
            for resource in &resources.entries {
                let foreign = Arn::parse(&resource.written).is_some_and(|arn| is_foreign(&it.role, arn));
                if !foreign || resource.written.contains(['*', '?', '$']) {
                    continue;
                }
                let service = Arn::parse(&resource.written).map_or("", |arn| arn.service);
                let wanted = if service == "iam" { "sts" } else { service };
                for action in statement.actions.values().filter(|it| it.service() == Some(wanted)) {
                    let Some(action) = literal(action, &resource.written) else { continue };
                    let place = role_policies::Place {
                        origin: policy.origin.clone(),
                        statement: statement.index,
                        value: role_policies::said(statement),
                    };
                    asked.entry((resource.written.clone(), action)).or_insert(place);
                }
            }
        }
    }
    for ((resource, action), place) in asked {
        let answer = may(context, it, &action, &resource);
        let object = EntityKey::role(&resource).unwrap_or_else(|| EntityKey::plain(Thing::Resource, &resource));
        let account = Arn::parse(&resource).map_or("", |arn| arn.account);
        let (message, certain) = match answer {
            Truth::Yes => continue,
            Truth::No => (format!("names {action} on {resource}, and the policy there does not let it in"), true),
            Truth::Unknown if is_read(context, account, &resource) => continue,
            Truth::Unknown => (format!("names {action} on {resource}, and account {account} must allow it too"), false),
        };
        let side = if object.kind == Thing::Role { "AssumeRolePolicyDocument" } else { "resource policy" };
        out.report(it.key.clone(), Severity::Medium, message)
            .also(object.clone())
            .also_all(holders(context, &it.key))
            .certain_if(certain && it.held.is_yes())
            .evidence(&it.key, format!("{}.{action}", place.path()), place.value.clone())
            .evidence(&object, side, if certain { "does not allow the role" } else { "not read" })
            .impact("calls to the other account are denied")
            .fixes([fix::by_hand(format!(
                "in account {account}, let {} in: {action} in the policy of {resource}",
                it.role.arn
            ))]);
    }
}

/// One action of a pattern that goes with the resource.
fn literal(action: &crate::iam::pattern::ActionPattern, resource: &str) -> Option<String> {
    if role_policies::is_literal(action) {
        return Some(action.as_str().to_owned());
    }
    let assumes = resource.contains(":role/") && action.matches(&Action::new("sts:AssumeRole")).is_yes();
    assumes.then(|| "sts:AssumeRole".to_owned())
}

fn is_foreign(role: &Role, arn: Arn<'_>) -> bool {
    arn.account.len() == 12
        && arn.account != role.account.as_str()
        && (arn.service != "iam" || arn.resource.starts_with("role/"))
}

/// Whether what stands there was read: the role, or the policy of the resource.
fn is_read(context: &Context<'_>, account: &str, resource: &str) -> bool {
    let Some(facts) = context.inventory.accounts.get(account) else { return false };
    if EntityKey::role(resource).is_some() {
        return !matches!(context.inventory.role(resource), Lookup::Unknown);
    }
    facts.resource_policies.iter().any(|it| *it.arn == *resource)
}

fn may(context: &Context<'_>, it: &PodRole, action: &str, resource: &str) -> Truth {
    let account = Arn::parse(resource).map_or("", |arn| arn.account);
    if let (Some(_), Lookup::Absent) = (EntityKey::role(resource), context.inventory.role(resource)) {
        return Truth::No;
    }
    if !is_read(context, account, resource) {
        return Truth::Unknown;
    }
    let documents = &context.trusts.documents;
    let mut session = it.session(context);
    session.at_resource(context.inventory, documents, resource);
    let wildcard_only =
        Catalogue::bundled().find(action).is_some_and(|id| Catalogue::bundled().action(id).wildcard_only());
    let request = Request {
        principal: session.principal.clone(),
        action: Action::new(action),
        resource: if wildcard_only { Resource::None } else { Resource::Arn(resource.into()) },
        resource_account: Some(account.into()),
        context: session.context.clone(),
    };
    decide(&request, &session.policies).decision.truth()
}

/// Trust and resource policies that name a role of pods in another account, which has no right to make the call.
fn from_there(context: &Context<'_>, out: &mut Sink<'_>) {
    if context.inventory.accounts.len() < 2 {
        return;
    }
    let of_pods =
        |arn: &str| EntityKey::role(arn).and_then(|key| context.pod_role(&key)).filter(|it| *it.role.arn == *arn);
    for account in context.inventory.accounts.values() {
        let others =
            |text: &str| context.inventory.accounts.keys().any(|id| *id != account.id && text.contains(id.as_str()));
        for role in account.roles.iter().filter(|it| it.trust.as_ref().is_some_and(|text| others(text))) {
            let trust = context.trust(role);
            for it in
                named(&trust).into_iter().filter_map(|arn| of_pods(&arn)).filter(|it| it.role.account != role.account)
            {
                one_sided(context, it, account, "sts:AssumeRole", &role.arn, out);
            }
        }
        for policy in account.resource_policies.iter() {
            let Some(text) = policy.text.as_ref().filter(|text| others(text)) else { continue };
            let document = context.trusts.documents.get(crate::iam::DocumentKind::Resource, text);
            for statement in document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)) {
                let Some(action) = statement.actions.values().find(|it| role_policies::is_literal(it)) else {
                    continue;
                };
                let principals = statement.principals.iter().filter(|it| !it.negated).flat_map(|it| it.values());
                let arns = principals.filter_map(|it| match it {
                    PrincipalPattern::Role(arn) => Some(arn.clone()),
                    _ => None,
                });
                for it in arns.filter_map(|arn| of_pods(&arn)).filter(|it| it.role.account != account.id) {
                    let resource = statement.resources.iter().flat_map(|it| &it.entries).find(|it| {
                        let object = it.written.strip_suffix("/*").unwrap_or(&it.written);
                        !object.contains(['*', '?'])
                    });
                    let resource = resource.map_or_else(|| policy.arn.to_string(), |it| it.written.replace("/*", "/x"));
                    one_sided(context, it, account, action.as_str(), &resource, out);
                }
            }
        }
    }
}

fn named(trust: &crate::iam::Document) -> Vec<Name> {
    let allows = trust.statements.iter().filter(|it| it.effect == Some(Effect::Allow));
    let principals = allows.flat_map(|it| &it.principals).filter(|it| !it.negated).flat_map(|it| it.values());
    let mut arns: Vec<Name> = principals
        .filter_map(|it| match it {
            PrincipalPattern::Role(arn) => Some(arn.clone()),
            _ => None,
        })
        .collect();
    arns.sort();
    arns.dedup();
    arns
}

/// The other side names the role; reports when the role's own policies do not allow the call.
fn one_sided(
    context: &Context<'_>,
    it: &PodRole,
    account: &AccountFacts,
    action: &str,
    resource: &str,
    out: &mut Sink<'_>,
) {
    let session = it.session(context);
    // Its own side alone: as if the resource were its account's own and asked nobody.
    let request = Request {
        principal: session.principal.clone(),
        action: Action::new(action),
        resource: Resource::Arn(resource.into()),
        resource_account: Some(it.role.account.clone()),
        context: session.context.clone(),
    };
    let mut policies = session.policies.clone();
    let everybody = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"ACCOUNT"},"Action":"*","Resource":"*"}}"#
        .replace("ACCOUNT", &it.role.account);
    let trust = everybody.replace(r#","Resource":"*""#, "");
    let (kind, text) = match action.starts_with("sts:") {
        true => (crate::iam::DocumentKind::Trust, trust),
        false => (crate::iam::DocumentKind::Resource, everybody),
    };
    policies.resource = Some(crate::iam::Policy {
        name: "the other side".into(),
        document: context.trusts.documents.get(kind, &text.into()),
    });
    if !decide(&request, &policies).decision.truth().is_no() {
        return;
    }
    let object = EntityKey::role(resource).unwrap_or_else(|| EntityKey::plain(Thing::Resource, resource));
    out.report(
        it.key.clone(),
        Severity::Medium,
        format!("account {} lets it {action} on {resource}, and its own policies do not", account.id),
    )
    .also(object.clone())
    .also_all(holders(context, &it.key))
    .certain_if(it.held.is_yes() && !session.unread.identity)
    .evidence(
        &object,
        if action.starts_with("sts:") { "AssumeRolePolicyDocument" } else { "resource policy" },
        it.role.arn.as_str(),
    )
    .evidence(&it.key, action, "no policy of the role allows it")
    .impact("calls to the other account are denied")
    .fixes([fix::aws(format!(
        "aws iam put-role-policy --role-name {} --policy-name other-account --policy-document {}",
        fix::quoted(&it.role.name),
        fix::quoted(&format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}}}"#
        ))
    ))]);
}
