//! The role annotation is no role ARN
//!
//! ## What it checks
//! The value of `eks.amazonaws.com/role-arn` has not the shape `arn:PARTITION:iam::ACCOUNT:role/NAME`: quotes or blanks
//! around it, another kind of ARN, an account that is not twelve digits, a bare name, or what a template left behind. A
//! bare name is legal where a self-hosted webhook composes ARNs, which EKS's own does not.
//!
//! ## Why it matters
//! The webhook warns in its log and injects the value as it is. Every call then fails with `Request ARN is invalid` or
//! AccessDenied.
//!
//! ## How to fix
//! Write the role's whole ARN into the annotation and restart the workload.
//!
//! ## For newcomers
//! Nothing checks an annotation when it is written: it is plain text to Kubernetes. What is wrong with it only shows when
//! the application asks AWS for credentials.

use crate::findings::context::account_of_cluster;
use crate::findings::reference::{NHI4, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, account_roles, fix};
use crate::identity::injection::ROLE_ANNOTATION;
use crate::identity::web_identity::role_parts;
use crate::model::{Arn, ClusterFacts, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "IRSA-006",
    slug: "malformed-role-annotation",
    severity: Severity::High,
    kind: Kind::Broken,
    category: Category::Irsa,
    needs: &[SourceKind::ServiceAccounts],
    references: &[NHI4, PR_AA_01],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for it in account_roles::annotated(context) {
        let Some(fault) = fault(context, &it.role) else { continue };
        let bare = !it.role.contains(':') && role_name(&it.role);
        if bare && composes_arns(it.cluster) {
            continue;
        }
        for subject in it.subjects() {
            let found = out
                .report(subject.clone(), Severity::High, format!("the role annotation {fault}"))
                .also(it.account.clone())
                .evidence(&it.account, format!("metadata.annotations[{ROLE_ANNOTATION}]"), visible(&it.role))
                .impact("the value is injected as it is, and STS refuses it for every call");
            if let Some(arn) = meant(context, it.cluster, &it.role) {
                found.fixes([fix::annotate(&it.account, &arn)]);
            } else {
                found.fixes([fix::annotate(&it.account, "arn:PARTITION:iam::ACCOUNT:role/NAME")]);
            }
            found.fixes(context.workload(&subject).map(fix::restart));
        }
    }
}

/// What is wrong with a value; `None` for a role ARN of some account.
fn fault(context: &Context<'_>, value: &str) -> Option<String> {
    let residue = ["${", "{{", "<", "REPLACE_ME", "CHANGEME"].into_iter().find(|it| value.contains(it));
    if let Some(residue) = residue {
        return Some(format!("still holds what a template should have filled in (`{residue}`)"));
    }
    if let Some(arn) = role_parts(value) {
        let sample = ["000000000000", "111111111111", "123456789012"].contains(&arn.account)
            && !context.inventory.accounts.contains_key(arn.account)
            && !context.clusters().any(|cluster| account_of_cluster(cluster) == Some(arn.account));
        return sample.then(|| format!("names the sample account {} of the documentation", arn.account));
    }
    if value.trim() != value {
        return Some("has blanks around the ARN, which nobody trims".into());
    }
    if value.contains(['"', '\'', '`']) {
        return Some("has quotes inside its value".into());
    }
    let Some(arn) = Arn::parse(value) else {
        return Some(if value.starts_with("arn:") {
            "is an ARN with parts missing".into()
        } else if role_name(value) {
            "is a bare role name, which the webhook of EKS does not complete".into()
        } else {
            "is no ARN".into()
        });
    };
    let kind = arn.resource.split('/').next().unwrap_or_default();
    Some(match (arn.service, kind) {
        ("sts", _) => "is the ARN of a session (`assumed-role`), not of the role".into(),
        ("iam", "role") if !arn.region.is_empty() => "has a region, which role ARNs have not".into(),
        ("iam", "role") if arn.account.len() != 12 || !arn.account.bytes().all(|it| it.is_ascii_digit()) => {
            format!("has the account `{}`, which is not twelve digits", arn.account)
        }
        ("iam", "role") => "has characters in the role's name that no role has".into(),
        ("iam", kind) => format!("is the ARN of a {}, not of a role", kind.trim_end_matches(':')),
        (service, _) => format!("is an ARN of {service}, not of a role"),
    })
}

fn role_name(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|it| it.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&it))
}

/// A webhook that is not the one EKS ships may complete bare names (R17).
fn composes_arns(cluster: &ClusterFacts) -> bool {
    let own = |it: &crate::model::facts::webhook::Webhook| it.name == "iam-for-pods.amazonaws.com";
    let injects = |it: &crate::model::facts::webhook::Webhook| it.name.starts_with("pod-identity-webhook");
    let mut all = cluster.webhooks.iter().flat_map(|it| it.webhooks.iter());
    !all.clone().any(own) && all.any(injects)
}

/// Blanks and control characters made visible.
fn visible(value: &str) -> String {
    value.chars().flat_map(|it| if it == ' ' { '␠'.to_string().chars().collect::<Vec<_>>() } else { it.escape_debug().collect() }).collect()
}

/// The role that the value most likely means: trimmed of blanks and quotes, or by its bare name.
fn meant(context: &Context<'_>, cluster: &ClusterFacts, value: &str) -> Option<String> {
    let trimmed = value.trim_matches(|it: char| it.is_whitespace() || "\"'`".contains(it));
    if role_parts(trimmed).is_some() {
        return Some(trimmed.to_owned());
    }
    let name = trimmed.rsplit(['/', ':']).find(|it| !it.is_empty())?;
    let own = crate::identity::cluster_arn(cluster)?;
    match context.inventory.accounts.get(own.account)?.role(name) {
        Lookup::Found(role) => Some(role.arn.to_string()),
        _ => None,
    }
}
