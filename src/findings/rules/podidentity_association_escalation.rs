//! A principal can put a role of its choice into a pod
//!
//! ## What it checks
//! A role or user may create or change Pod Identity associations of a cluster and pass roles that trust Pod Identity (R178).
//! It is critical where one of those roles is sensitive. Administrators of the account are told where a pod has their
//! role; a pipeline of the platform weighs less.
//!
//! ## Why it matters
//! With any pod in any namespace the principal gains those roles. The trust of a Pod Identity role names no cluster and no
//! account unless somebody wrote conditions, so the association is the only lock.
//!
//! ## How to fix
//! Limit `iam:PassRole` by path and by `iam:PassedToService`; pin the trusts to namespace, account and cluster.
//!
//! ## For newcomers
//! Pod Identity keeps the link from account to role in EKS. Whoever may write links and pass roles hands out roles.

use crate::base::Truth;
use crate::findings::reference::{NHI5, PR_AA_05, ZT6};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, principals};
use crate::graph::escalation::{Gain, Gained, proofs};
use crate::iam::Effect;
use crate::model::{EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "AUTH-003",
    slug: "podidentity-association-escalation",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Auth,
    needs: &[SourceKind::Cluster, SourceKind::AssociationList, SourceKind::Iam],
    references: &[NHI5, PR_AA_05, ZT6],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let holders = principals::holders(context);
    let gains = context.gains();
    let mut by_principal: Vec<(&EntityKey, Vec<&Gain>)> = Vec::new();
    for gain in gains.all().iter().filter(|it| matches!(it.to, Gained::Association { .. })) {
        match by_principal.last_mut().filter(|it| it.0 == &gain.from) {
            Some(known) => known.1.push(gain),
            None => by_principal.push((&gain.from, vec![gain])),
        }
    }
    for (key, own) in by_principal {
        let best = own.iter().max_by_key(|it| it.certainty).copied().unwrap_or(own[0]);
        let Gained::Association { cluster, roles } = &best.to else { continue };
        let mut passable: Vec<&EntityKey> = Vec::new();
        for gain in own.iter().filter(|it| it.certainty == best.certainty) {
            if let Gained::Association { roles, .. } = &gain.to {
                passable.extend(roles.iter());
            }
        }
        passable.sort();
        passable.dedup();
        let sensitive = passable.iter().copied().find(|role| is_sensitive(context, role));
        let held = holders.of(context, key);
        let pipeline = held.is_none() && is_pipeline(context, key);
        let severity = match (pipeline, sensitive) {
            (true, _) => Severity::Medium,
            (false, Some(_)) => Severity::Critical,
            (false, None) => Severity::High,
        };
        let cluster = EntityKey::plain(Thing::Cluster, cluster);
        let example = sensitive.or_else(|| roles.iter().next());
        let example = example.map_or_else(|| "roles".to_owned(), ToString::to_string);
        let more = if passable.len() > 1 { format!(" or {} more", passable.len() - 1) } else { String::new() };
        let actions: Vec<&str> = best.technique.actions().collect();
        let shown: Vec<String> = passable.iter().take(5).map(ToString::to_string).collect();
        let report = out.report(
            key.clone(),
            severity,
            format!("{key} can associate {example}{more} with a service account of {cluster}"),
        );
        report
            .also_all(held.map(|it| it.0))
            .also(cluster.clone())
            .evidence(key, "actions", actions.join(" and "))
            .evidence(key, "roles that it may pass and that trust Pod Identity", format!("{} in all: {}", passable.len(), shown.join(", ")))
            .certain_if(best.certainty.is_yes())
            .impact("any of these roles, in any pod that the principal can start or get into")
            .fixes([fix::by_hand(format!(
                "allow {key} to pass roles of one path alone, to pods.eks.amazonaws.com by iam:PassedToService, and pin the trusts of the others"
            ))]);
        for proof in proofs(context.inventory, best, None).iter().take(4) {
            let path = format!("{} Statement[{}]", proof.policy, proof.statement);
            report.evidence(&proof.object, path, format!("{} on {}", proof.action, proof.resource));
        }
    }
    administrators(context, &holders, out);
}

/// Administrators gain nothing in their account, which they have; a pod that has their role can do this as well.
fn administrators(context: &Context<'_>, holders: &principals::Holders, out: &mut Sink<'_>) {
    let mut found: Vec<(&EntityKey, Truth)> = context.gains().administrators().collect();
    found.sort();
    // Roles that Pod Identity hands out, by the words of their trust.
    let trusting: Vec<EntityKey> = context
        .roles()
        .filter(|role| role.trust.as_ref().is_some_and(|text| text.contains("pods.eks.")))
        .filter(|role| {
            let document = context.trust(role);
            document.statements.iter().any(|it| it.effect == Some(Effect::Allow))
        })
        .map(|role| crate::findings::context::role_key(role))
        .collect();
    for (key, truth) in found {
        let here: Vec<&EntityKey> = trusting.iter().filter(|it| it.scope == key.scope && *it != key).collect();
        let Some((holder, held)) = holders.of(context, key).filter(|_| !here.is_empty()) else { continue };
        let mut clusters = context.clusters().filter(|cluster| {
            crate::findings::context::account_of_cluster(cluster).is_some_and(|account| key.scope == *account)
        });
        let Some(cluster) = clusters.next() else { continue };
        let sensitive = here.iter().copied().find(|role| is_sensitive(context, role));
        let example = sensitive.unwrap_or(here[0]);
        let severity = Severity::High.or(Severity::Critical, sensitive.is_some());
        let cluster = EntityKey::plain(Thing::Cluster, &cluster.label);
        out.report(key.clone(), severity, format!("{key} of {holder} can associate {example} with a service account of {cluster}"))
            .also(holder)
            .also(cluster)
            .evidence(key, "identity policies", "administrator of the account")
            .evidence(key, "roles that it may pass and that trust Pod Identity", format!("{} in all", here.len()))
            .certain_if(truth.is_yes() && held.is_yes())
            .impact("any of these roles, in any pod that the principal can start or get into")
            .fixes([fix::by_hand(format!("name the actions that {key} needs in the place of everything"))]);
    }
}

fn is_sensitive(context: &Context<'_>, role: &EntityKey) -> bool {
    match context.inventory.accounts.get(&role.scope).map(|it| it.role(&role.name)) {
        Some(Lookup::Found(role)) => context.is_known_sensitive(role),
        _ => false,
    }
}

/// Its name or tags say that the platform's pipeline works with it.
fn is_pipeline(context: &Context<'_>, key: &EntityKey) -> bool {
    let says = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["pipeline", "terraform", "atlantis", "platform"].iter().any(|word| text.contains(word))
    };
    let tagged = match context.inventory.accounts.get(&key.scope).map(|it| it.role(&key.name)) {
        Some(Lookup::Found(role)) => role.tags.iter().any(|(_, value)| says(value)),
        _ => false,
    };
    tagged || says(&key.name)
}
