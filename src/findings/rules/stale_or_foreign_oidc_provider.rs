//! An identity provider belongs to no known cluster
//!
//! ## What it checks
//! The account has an OIDC provider with an issuer of EKS that is the issuer of no cluster that was read; or a provider of
//! a known cluster registers a client id that nothing there uses. Where clusters of that region, or other accounts, were
//! not read, it may be one of theirs, and is only told.
//!
//! ## Why it matters
//! Tokens of a foreign or dead cluster are accepted as identities wherever a trust policy names it. An issuer that is
//! gone cannot sign any more; one that lives elsewhere can.
//!
//! ## How to fix
//! Delete the provider and the statements that name it.
//!
//! ## For newcomers
//! Deleting a cluster does not delete its registration in IAM. It stays until somebody cleans up.

use std::collections::BTreeSet;

use crate::base::Name;
use crate::findings::context::role_key;
use crate::findings::reference::{NHI1, NHI8, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::identity::injection::{AUDIENCE_ANNOTATION, DEFAULT_AUDIENCE};
use crate::model::facts::iam::Provider;
use crate::model::facts::pod::{Projection, VolumeSource};
use crate::model::{AccountFacts, ClusterFacts, EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "TRUST-014",
    slug: "stale-or-foreign-oidc-provider",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Trust,
    needs: &[SourceKind::ProviderList, SourceKind::Cluster, SourceKind::ClusterList, SourceKind::Iam],
    references: &[NHI1, NHI8, PR_AA_01],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for account in context.inventory.accounts.values() {
        for provider in &account.provider_list {
            let Some(region) = region(&provider.url) else { continue };
            let owner = context.clusters().find(|cluster| {
                cluster.description().is_some_and(|it| it.issuer_path().eq_ignore_ascii_case(&provider.url))
            });
            let key = EntityKey::scoped(Thing::Provider, &account.id, &provider.url);
            let message;
            let mut certain = true;
            match owner {
                None => {
                    certain = all_clusters_read(context, region);
                    message = "the provider's issuer is of no cluster that was read".to_owned();
                }
                Some(cluster) => {
                    let unused = unused(account, provider, cluster);
                    if unused.is_empty() {
                        continue;
                    }
                    message = format!("nothing in {} uses the client ids {}", cluster.label, unused.join(", "));
                }
            }
            let trusting: Vec<EntityKey> = match owner {
                Some(_) => Vec::new(),
                None => account
                    .roles
                    .iter()
                    .filter(|role| role.trust.as_ref().is_some_and(|text| text.contains(provider.arn.as_str())))
                    .map(|role| role_key(role))
                    .collect(),
            };
            let subjects = if trusting.is_empty() { vec![key.clone()] } else { trusting.clone() };
            for subject in subjects {
                let described = account.providers.iter().find(|it| it.arn == provider.arn).unwrap_or(provider);
                let created = described.created.map_or_else(|| "not said".to_owned(), |it| it.to_string());
                let found = out
                    .report(subject, Severity::Medium, message.clone())
                    .also(key.clone())
                    .evidence(&key, "Url", provider.url.as_str())
                    .evidence(&key, "CreateDate", created)
                    .evidence(&key, "roles that trust it", trusting.len().to_string())
                    .certain_if(certain);
                match owner {
                    None => found
                        .impact("tokens of a cluster that nobody here knows are accepted as identities")
                        .fixes([fix::aws(format!(
                            "aws iam delete-open-id-connect-provider --open-id-connect-provider-arn {}",
                            fix::quoted(&provider.arn)
                        ))]),
                    Some(_) => found
                        .impact("tokens minted for those audiences are accepted, and nobody needs them")
                        .fixes(unused_fixes(account, provider, owner)),
                };
            }
        }
    }
}

/// The region in the issuer of an EKS cluster; `None` for any other provider.
fn region(url: &str) -> Option<&str> {
    let (host, rest) = url.split_once('/')?;
    let region = host.strip_prefix("oidc.eks.")?.split(".amazonaws.com").next()?;
    rest.starts_with("id/").then_some(region)
}

/// Every cluster of the region, in every account that was read, has been described.
fn all_clusters_read(context: &Context<'_>, region: &str) -> bool {
    let known: BTreeSet<&str> =
        context.clusters().filter_map(|cluster| cluster.description()).map(|it| it.name.as_str()).collect();
    let mut accounts = context.inventory.accounts.values();
    accounts.all(|account| {
        account
            .regions
            .get(region)
            .is_some_and(|it| it.clusters.is_complete() && it.clusters.iter().all(|name| known.contains(name.as_str())))
    })
}

/// Client ids that no token and no service account of the cluster asks for.
fn unused(account: &AccountFacts, provider: &Provider, cluster: &ClusterFacts) -> Vec<String> {
    let described = account.providers.iter().find(|it| it.arn == provider.arn);
    let Some(ids) = described.and_then(|it| it.client_ids.as_ref()) else { return Vec::new() };
    if ids.iter().all(|id| id == DEFAULT_AUDIENCE) || !cluster.pods.is_complete() || !cluster.service_accounts.is_complete() {
        return Vec::new();
    }
    let mut used: BTreeSet<&Name> = BTreeSet::new();
    used.extend(cluster.service_accounts.iter().filter_map(|it| it.meta.annotations.get(AUDIENCE_ANNOTATION)));
    for volume in cluster.pods.iter().flat_map(|pod| &pod.spec.volumes) {
        if let VolumeSource::Projected(parts) = &volume.source {
            used.extend(parts.iter().filter_map(|it| match it {
                Projection::Token { audience, .. } => Some(audience),
                _ => None,
            }));
        }
    }
    ids.iter().filter(|id| *id != DEFAULT_AUDIENCE && !used.contains(id)).map(ToString::to_string).collect()
}

fn unused_fixes(account: &AccountFacts, provider: &Provider, owner: Option<&ClusterFacts>) -> Vec<crate::findings::Fix> {
    let ids = owner.map(|cluster| unused(account, provider, cluster)).unwrap_or_default();
    ids.iter()
        .map(|id| {
            fix::aws(format!(
                "aws iam remove-client-id-from-open-id-connect-provider --open-id-connect-provider-arn {} --client-id {}",
                fix::quoted(&provider.arn),
                fix::quoted(id)
            ))
        })
        .collect()
}
