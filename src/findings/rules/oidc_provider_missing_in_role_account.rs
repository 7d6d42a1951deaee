//! The role's account has no identity provider for this cluster
//!
//! ## What it checks
//! A workload tries a role by web identity, or is meant to, and the identity providers of the role's account, read whole,
//! hold none for the cluster's issuer. The account of the role counts, not that of the cluster.
//!
//! ## Why it matters
//! No role of that account can be taken with a token of this cluster: STS answers `InvalidIdentityToken: No
//! OpenIDConnect provider found in your account`.
//!
//! ## How to fix
//! Create the identity provider for the issuer in the account that owns the role.
//!
//! ## For newcomers
//! A token of the cluster is signed by the cluster. AWS believes it only where somebody registered that signer: the OIDC
//! identity provider in IAM. Every account that owns roles for pods needs its own registration.

use crate::findings::reference::{NHI4, PR_AA_03, PR_AA_04};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::identity::Source;
use crate::identity::web_identity::{find_provider, role_parts};
use crate::model::{Arn, EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "IRSA-003",
    slug: "oidc-provider-missing-in-role-account",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Irsa,
    needs: &[SourceKind::ProviderList, SourceKind::Cluster, SourceKind::ServiceAccounts, SourceKind::Pods],
    references: &[NHI4, PR_AA_03, PR_AA_04],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for workload in &context.workloads {
        let Some(description) = workload.cluster.description() else { continue };
        let issuer = description.issuer_path();
        if issuer.is_empty() {
            continue;
        }
        for seat in workload.seats() {
            let wanted = [seat.identity.attempted.as_ref(), seat.identity.declared.as_ref()];
            let roles = wanted.into_iter().flatten().filter(|it| it.source == Source::Irsa);
            for role in roles.filter_map(|it| it.role.as_ref()) {
                let Some(Arn { account, partition, .. }) = role_parts(role) else { continue };
                if description.arn.split(':').nth(1).is_some_and(|own| own != partition) {
                    continue;
                }
                let Some(facts) = context.inventory.accounts.get(account) else {
                    out.cannot([context.account_source(account, SourceKind::ProviderList)]);
                    continue;
                };
                if !matches!(find_provider(facts, issuer), Lookup::Absent) {
                    continue;
                }
                let cluster = EntityKey::plain(Thing::Cluster, &workload.cluster.label);
                let provider = EntityKey::scoped(Thing::Provider, &facts.id, &issuer.into());
                let region = description.arn.split(':').nth(3).unwrap_or_default();
                let audience = seat.audience().unwrap_or_else(|| "sts.amazonaws.com".into());
                out.report(
                    workload.key.clone(),
                    Severity::High,
                    format!("account {account} has no identity provider for the issuer of {}", workload.cluster.label),
                )
                .also_all(EntityKey::role(role))
                .also(workload.account_key())
                .evidence(&cluster, "cluster.identity.oidc.issuer", description.issuer.as_str())
                .evidence(&provider, "OpenIDConnectProviderList", format!("{} others, not this one", facts.provider_list.len()))
                .impact(format!("no role of account {account} can be taken with a token of this cluster"))
                .fixes([
                    fix::aws(format!(
                        "# with credentials of account {account}\naws iam create-open-id-connect-provider --url {} --client-id-list {}",
                        fix::quoted(&description.issuer),
                        fix::quoted(&audience)
                    )),
                    fix::eksctl(format!(
                        "# only for roles in the cluster's own account\neksctl utils associate-iam-oidc-provider --cluster {} --region {} --approve",
                        fix::quoted(&description.name),
                        fix::quoted(region)
                    )),
                    fix::terraform(format!(
                        "resource \"aws_iam_openid_connect_provider\" \"{}\" {{\n  # provider alias of account {account}\n  url            = \"{}\"\n  client_id_list = [\"{audience}\"]\n}}",
                        fix::identifier(&description.name),
                        description.issuer
                    )),
                ]);
            }
        }
    }
}
