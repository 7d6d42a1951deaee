//! The token's audience is not registered with the identity provider
//!
//! ## What it checks
//! A container tries a role by web identity, the provider for the cluster's issuer exists in the role's account, and the
//! audience of the token at the path of `AWS_WEB_IDENTITY_TOKEN_FILE` is not in the provider's list of client ids.
//!
//! ## Why it matters
//! Every call fails at STS with `InvalidIdentityToken: Incorrect token audience`, before any trust policy is looked at.
//!
//! ## How to fix
//! Register the audience with the provider, or set the one that is registered on the service account
//! (`eks.amazonaws.com/audience`) and restart. Token, provider and trust policy must say the same, in China too.
//!
//! ## For newcomers
//! The audience of a token says whom it is meant for. It is a label, not an address: what counts is that the three
//! places agree.

use crate::findings::reference::{NHI4, PR_AA_04};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::identity::injection::AUDIENCE_ANNOTATION;
use crate::identity::web_identity::{find_provider, role_parts};
use crate::model::{EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "IRSA-004",
    slug: "token-audience-not-registered",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Irsa,
    needs: &[SourceKind::Providers, SourceKind::Cluster, SourceKind::Pods],
    references: &[NHI4, PR_AA_04],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        let Some(description) = workload.cluster.description() else { continue };
        for seat in workload.seats() {
            let Some(role) = seat.web_role() else { continue };
            let (Some(parts), Some(audience)) = (role_parts(role), seat.audience()) else { continue };
            let Some(account) = context.inventory.accounts.get(parts.account) else {
                out.cannot([context.account_source(parts.account, SourceKind::Providers)]);
                continue;
            };
            let Lookup::Found(provider) = find_provider(account, description.issuer_path()) else { continue };
            let Some(clients) = &provider.client_ids else { continue };
            if clients.contains(&audience) {
                continue;
            }
            let shown = if audience.is_empty() { "the API server's own" } else { audience.as_str() };
            let listed = clients.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", ");
            let object = EntityKey::scoped(Thing::Provider, &account.id, &provider.url);
            let found = out
                .report(
                    workload.key.clone(),
                    Severity::High,
                    format!("the token's audience is {shown}; the provider in account {} registers {listed}", account.id),
                )
                .also_all(EntityKey::role(role))
                .also(object.clone())
                .evidence(&workload.key, "spec.volumes.projected.serviceAccountToken.audience", shown)
                .evidence(&object, "ClientIDList", if listed.is_empty() { "empty" } else { &listed })
                .show([seat.env_evidence(workload, "AWS_WEB_IDENTITY_TOKEN_FILE")])
                .impact("STS refuses the token of every call with `Incorrect token audience`");
            if let Some(first) = clients.first() {
                found.fixes([fix::kubectl(format!(
                    "kubectl -n {} annotate serviceaccount {} {AUDIENCE_ANNOTATION}={} --overwrite",
                    fix::quoted(workload.namespace),
                    fix::quoted(workload.service_account),
                    fix::quoted(first)
                ))]);
                found.fixes([fix::restart(workload)]);
            }
            if !audience.is_empty() {
                found.fixes([fix::aws(format!(
                    "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {} --client-id {}",
                    fix::quoted(&provider.arn),
                    fix::quoted(&audience)
                ))]);
            }
        }
    }
}
