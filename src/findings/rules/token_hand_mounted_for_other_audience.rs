//! A token for AWS is mounted by hand where nothing declares a role
//!
//! ## What it checks
//! A container mounts a projected token whose audience the cluster's identity provider registers, its service account has
//! neither role annotation nor association, and roles trust that account: the pod can become them.
//!
//! ## Why it matters
//! Every inventory that reads annotations says that this pod has no role. The access is there, and nobody reviews it.
//!
//! ## How to fix
//! Declare the role on the service account and let the webhook mount the token, or remove the volume.
//!
//! ## For newcomers
//! What the annotation of EKS does for a pod can be written into the pod by hand: a volume with a token for AWS. IAM sees
//! the token, not the annotation, so the trust policy alone decides.

use crate::findings::reference::{NHI4, PR_AA_04, ZT7};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::identity::{Source, Via, chain};
use crate::identity::web_identity::find_provider;
use crate::model::{EntityKey, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "POD-008",
    slug: "token-hand-mounted-for-other-audience",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Pod,
    needs: &[SourceKind::Pods, SourceKind::ServiceAccounts, SourceKind::AssociationList, SourceKind::Iam],
    references: &[NHI4, PR_AA_04, ZT7],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in context.workloads.iter().filter(|it| it.runs()) {
        for seat in workload.seats().filter(|seat| seat.identity.declared.is_none()) {
            let Some(audience) = chain::audiences(&seat.entry.spec, seat.container)
                .into_iter()
                .find(|audience| is_registered(context, &seat, audience))
            else {
                continue;
            };
            let identity = seat.identity;
            let own = identity.identity.role.as_ref().filter(|_| identity.identity.source == Source::Irsa);
            let latent = identity.reachable.iter().filter(|it| matches!(it.via, Via::Token | Via::LatentTrust));
            let mut roles: Vec<_> = own.into_iter().chain(latent.map(|it| &it.role)).collect();
            roles.dedup();
            let Some(first) = roles.first() else { continue };
            let certain = own.is_some() || identity.reachable.iter().any(|it| it.role == **first && it.certainty.is_yes());
            let account = workload.account_key();
            let found = out
                .report(
                    workload.key.clone(),
                    Severity::Medium,
                    format!("container {} holds a token for {audience} by hand and can become {first}", seat.container.name),
                )
                .also(account.clone())
                .also_all(roles.iter().filter_map(|role| EntityKey::role(role)))
                .evidence(&workload.key, "spec.volumes[].projected.sources[].serviceAccountToken.audience", audience.as_str())
                .evidence(&account, "metadata.annotations[eks.amazonaws.com/role-arn]", "not set")
                .impact("inventories that read annotations do not see this access")
                .fixes([fix::annotate(&account, first), fix::restart(workload)])
                .certain_if(certain);
            for role in &roles {
                found.evidence(&workload.key, "could become", role.as_str());
            }
        }
    }
}

/// Some account that was read has the cluster's provider with this audience.
fn is_registered(context: &Context<'_>, seat: &crate::findings::Seat<'_>, audience: &str) -> bool {
    let Some(description) = seat.cluster.description() else { return false };
    let issuer = description.issuer_path();
    !issuer.is_empty()
        && context.inventory.accounts.values().any(|account| match find_provider(account, issuer) {
            Lookup::Found(provider) => {
                provider.client_ids.as_ref().is_some_and(|ids| ids.iter().any(|id| id == audience))
            }
            Lookup::Absent | Lookup::Unknown => false,
        })
}
