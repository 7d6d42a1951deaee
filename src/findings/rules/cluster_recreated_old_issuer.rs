//! A trust policy names the issuer of a cluster that is gone
//!
//! ## What it checks
//! A trust policy lets in tokens of an EKS issuer that is of no live cluster, for a service account that exists in a live
//! one and is given this role, and the live cluster's own issuer is not let in. Where clusters of the issuer's region were
//! not all read, it may be one of those, and is only told.
//!
//! ## Why it matters
//! A cluster that is created again gets a new issuer, and every role that trusts the old one refuses.
//!
//! ## How to fix
//! Put the new issuer into the trust policies, and register it as an identity provider.
//!
//! ## For newcomers
//! The address of the issuer contains a number that EKS draws for each cluster. The name of the cluster may be the same, the
//! number is not.

use crate::base::Name;
use crate::findings::account_roles::{self, Annotated};
use crate::findings::reference::{NHI1, PR_AA_03};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::{Effect, PrincipalPattern};
use crate::identity::injection::DEFAULT_AUDIENCE;
use crate::identity::trust::token_context;
use crate::model::{EntityKey, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "DRIFT-006",
    slug: "cluster-recreated-old-issuer",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Drift,
    needs: &[SourceKind::Iam, SourceKind::Cluster, SourceKind::ClusterList, SourceKind::ServiceAccounts],
    references: &[NHI1, PR_AA_03],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in account_roles::annotated(context) {
        let Some(description) = it.cluster.description() else { continue };
        let Lookup::Found(role) = context.inventory.role(&it.role) else { continue };
        // Most trust policies name the cluster's own issuer.
        let live = description.issuer_path();
        if live.is_empty() || role.trust.as_ref().is_none_or(|text| !text.contains("oidc-provider")) {
            continue;
        }
        let (subject, audience) = (subject(&it), Name::from(DEFAULT_AUDIENCE));
        let Some((index, old)) = old_issuer(context, role, &subject) else { continue };
        let token = token_context(context.inventory, live, &subject, &audience);
        if !context.trusts.admits_token(role, live, &token).is_no() {
            continue;
        }
        let region = old.strip_prefix("oidc.eks.").and_then(|rest| rest.split(".amazonaws").next()).unwrap_or_default();
        let key = EntityKey::role(&role.arn);
        for workload in it.subjects() {
            out.report(
                workload,
                Severity::High,
                format!(
                    "{} trusts {old}, the issuer of no cluster that is there; {} has {live}",
                    role.name, it.cluster.label
                ),
            )
            .also(it.account.clone())
            .also_all(key.clone())
            .certain_if(is_known(context, region))
            .evidence(
                &key.clone().unwrap_or_else(|| it.account.clone()),
                format!("AssumeRolePolicyDocument.Statement[{index}].Principal.Federated"),
                old.as_str(),
            )
            .evidence(&EntityKey::plain(crate::model::Kind::Cluster, &it.cluster.label), "identity.oidc.issuer", live)
            .evidence(&it.account, "subject", subject.as_str())
            .impact("no pod of the account obtains the role")
            .fixes(role.trust.as_ref().map(|text| fix::update_trust(&role.name, &text.replace(&old, live))))
            .fixes([fix::eksctl(format!(
                "eksctl utils associate-iam-oidc-provider --cluster {} --approve",
                fix::quoted(&description.name)
            ))]);
        }
    }
}

fn subject(it: &Annotated<'_>) -> String {
    format!("system:serviceaccount:{}:{}", it.account.namespace, it.account.name)
}

/// The statement that would let the subject in if the issuer it names were there, and that issuer.
fn old_issuer(context: &Context<'_>, role: &crate::model::facts::iam::Role, subject: &str) -> Option<(usize, String)> {
    let document = context.trust(role);
    let audience = Name::from(DEFAULT_AUDIENCE);
    for statement in document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)) {
        let principals = statement.principals.iter().filter(|it| !it.negated).flat_map(|it| it.values());
        for principal in principals {
            let PrincipalPattern::Federated(arn) = principal else { continue };
            let Some(issuer) = arn.split_once(":oidc-provider/").map(|it| it.1) else { continue };
            if !issuer.starts_with("oidc.eks.") || is_live(context, issuer) {
                continue;
            }
            let token = token_context(context.inventory, issuer, subject, &audience);
            if context.trusts.admits_token(role, issuer, &token).is_yes() {
                return Some((statement.index, issuer.to_owned()));
            }
        }
    }
    None
}

fn is_live(context: &Context<'_>, issuer: &str) -> bool {
    context
        .clusters()
        .filter_map(|cluster| cluster.description())
        .any(|it| it.issuer_path().eq_ignore_ascii_case(issuer))
}

/// Every cluster of the region, in every account that was read, has been described.
fn is_known(context: &Context<'_>, region: &str) -> bool {
    let mut regions = context.inventory.accounts.values().filter_map(|account| account.regions.get(region)).peekable();
    let described = |name: &Name| context.clusters().filter_map(|it| it.description()).any(|it| it.name == *name);
    regions.peek().is_some()
        && regions.all(|it| it.clusters.is_complete() && it.clusters.iter().all(|name| described(name)))
}
