//! A service account may take a role that no manifest mentions
//!
//! ## What it checks
//! The trust policy admits a service account that exists, and the role is neither its annotation nor injected into any of
//! its pods.
//!
//! ## Why it matters
//! The annotation is not the boundary: whoever holds a token of the account with the right audience takes every role
//! whose trust admits it. One compromised pod yields a second role. It is critical where that role is sensitive and
//! stronger than the one the pods have.
//!
//! ## How to fix
//! Take the subject out of the trust policy of the role that is not used.
//!
//! ## For newcomers
//! The annotation only says which role a pod is given. What it could ask for is decided by the trust policies, and they
//! are not asked about annotations.

use crate::base::Name;
use crate::findings::context::is_stronger;
use crate::findings::reference::{NHI5, NHI9, PR_AA_05, ZT3};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, revocation};
use crate::identity::injection::ROLE_ANNOTATION;
use crate::identity::Source;
use crate::model::{EntityKey, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "TRUST-019",
    slug: "latent-role",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Trust,
    needs: &[SourceKind::Iam, SourceKind::ServiceAccounts, SourceKind::Pods, SourceKind::Cluster, SourceKind::ProviderList],
    references: &[NHI5, NHI9, PR_AA_05, ZT3],
    check,
};

/// So many accounts are named; the rest is counted.
const NAMED: usize = 20;

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in context.web_statements() {
        // Without the provider STS refuses every token (R48).
        let account = context.inventory.accounts.get(&it.role.account);
        if it.provider.is_none() && account.is_some_and(|it| it.provider_list.is_complete()) {
            continue;
        }
        let latent: Vec<EntityKey> =
            it.admitted(context).into_iter().filter(|key| !has(context, it, key)).collect();
        if latent.is_empty() {
            continue;
        }
        let sensitive = context.is_known_sensitive(&it.role);
        let stronger = sensitive
            && latent.iter().any(|key| {
                let mut users = context.users_of_account(key);
                users.any(|workload| workload.roles().iter().all(|other| is_stronger(context, &it.key, other)))
            });
        let tokens = latent.iter().filter(|key| context.users_of_account(key).any(|it| it.runs())).count();
        let found = out
            .report(
                it.key.clone(),
                Severity::Medium.or(Severity::Critical, stronger),
                match &latent[..] {
                    [one] => format!("{one} may take the role, and no manifest says so"),
                    many => format!("{} service accounts may take the role, and no manifest says so", many.len()),
                },
            )
            .also_all(latent.iter().take(NAMED).cloned())
            .evidence(&it.key, it.path("Condition"), "admits them")
            .evidence(&it.key, "class", context.privilege_of(&it.role).class.as_str())
            .evidence(&it.key, "accounts with running pods", format!("{tokens} of {}", latent.len()))
            .impact(format!("a compromised pod of those accounts yields {} as well", it.role.name));
        let shown: Vec<String> = latent
            .iter()
            .take(NAMED)
            .map(|key| format!("{key} ({})", annotated(context, key).map_or("none", Name::as_str)))
            .collect();
        found.evidence(&it.key, it.path("accounts, with their annotation"), shown.join(", "));
        match revocation::without(context, &it.key, &latent) {
            Some(taken) => drop(found.fixes([taken])),
            None if !it.used_by(context).is_empty() => drop(found.fixes(it.pinned(context))),
            None => {}
        }
        found.fixes([fix::by_hand("take the subjects that do not need the role out of its trust policy")]);
    }
}

/// The role is the account's annotation, its association's, or injected into one of its pods.
fn has(context: &Context<'_>, it: &crate::findings::subjects::WebStatement, account: &EntityKey) -> bool {
    // ARNs of it may be written in several ways; each ends with its name.
    let is_it = |role: &str| role.ends_with(&*it.role.name) && EntityKey::role(role).as_ref() == Some(&it.key);
    annotated(context, account).is_some_and(|role| is_it(role))
        || context.users_of_account(account).filter(|user| user.roles().contains(&it.key)).any(|workload| {
            workload.seats().any(|seat| {
                let mut own = seat.credentials().filter(|it| it.source != Source::NodeRole);
                own.any(|credential| credential.role.as_ref().is_some_and(|role| is_it(role)))
            })
        })
}

fn annotated<'c>(context: &Context<'c>, account: &EntityKey) -> Option<&'c Name> {
    let cluster = context.inventory.clusters.get(&account.scope)?;
    let Lookup::Found(found) = cluster.service_account(&account.namespace, &account.name) else { return None };
    found.meta.annotations.get(ROLE_ANNOTATION).filter(|it| !it.is_empty())
}
