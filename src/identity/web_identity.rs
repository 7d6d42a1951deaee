//! Whether a projected token gets its role from STS: IRSA's preconditions and the trust policy (R46 to R74).

use std::sync::Arc;

use crate::base::{Name, Truth};
use crate::model::facts::iam::{Provider, Role};
use crate::model::{AccountFacts, Arn, ClusterFacts, EntityKey, Inventory, Kind, Lookup, SourceId, SourceKind};

use super::answer::Evidence;
use super::environment::Variable;
use super::trace::{Check, Trace};
use super::trust::Trusts;

/// Who presents which token for which role.
pub struct Question<'a> {
    pub role: &'a Name,
    pub audience: &'a Name,
    pub namespace: &'a Name,
    pub account: &'a Name,
    /// `AWS_ROLE_SESSION_NAME` of the container (R67).
    pub session: &'a Variable,
}

/// The role's shape, partition, existence, provider, audience and trust, in the order STS looks at them. The first
/// that fails is the cause to show.
pub fn check(
    inventory: &Inventory,
    cluster: &ClusterFacts,
    trusts: &Trusts,
    question: &Question<'_>,
    trace: &mut Trace,
) -> Check {
    let Some(parts) = role_parts(question.role) else {
        trace.step("R46", "the role ARN is well-formed", Truth::No, || (question.role.to_string(), vec![]));
        return Check::no(
            "R46",
            format!("`{}` is not a role ARN: STS answers `Request ARN is invalid`", question.role),
        );
    };
    trace.step("R46", "the role ARN is well-formed", Truth::Yes, || (question.role.to_string(), vec![]));
    let partition = partition(cluster, parts, trace);
    let account_key = Name::from(parts.account);
    let Some(account) = inventory.accounts.get(&account_key) else {
        let source = SourceId::new(&format!("accounts/{account_key}"), SourceKind::Iam);
        trace
            .step("R52", "the role exists", Truth::Unknown, || (format!("account {account_key} was not read"), vec![]));
        let unread = Check::unknown("R52", format!("account {account_key} of the role was not read"), vec![source]);
        return partition.and(unread);
    };
    let (exists, role) = existing(account, question.role, parts, trace);
    let provider = provider(account, cluster, question.audience, trace);
    let so_far = partition.and(exists).and(provider);
    let Some(role) = role else { return so_far };
    so_far.and(trusts.web_identity(inventory, cluster, role, question, trace))
}

/// The parts of a well-formed role ARN: partition, twelve digits, a name (R46).
pub fn role_parts(role: &str) -> Option<Arn<'_>> {
    let arn = Arn::parse(role)?;
    let digits = arn.account.len() == 12 && arn.account.bytes().all(|byte| byte.is_ascii_digit());
    let name = arn.resource.strip_prefix("role/")?;
    let shape = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&byte));
    (arn.service == "iam"
        && arn.region.is_empty()
        && digits
        && shape
        && !name.is_empty()
        && !name.ends_with('/')
        && arn.partition.starts_with("aws"))
    .then_some(arn)
}

/// R47: STS of one partition cannot assume into another.
fn partition(cluster: &ClusterFacts, role: Arn<'_>, trace: &mut Trace) -> Check {
    let Some(own) = super::cluster_arn(cluster) else {
        return Check::unknown("R47", "the cluster was not described", vec![cluster.source(SourceKind::Cluster)]);
    };
    let same = own.partition == role.partition;
    trace.step("R47", "role and cluster are in one partition", same.into(), || {
        let object = EntityKey::plain(Kind::Cluster, &cluster.label);
        let evidence = Evidence { object, path: "cluster.arn".into(), value: own_arn(cluster) };
        (format!("{} and {}", role.partition, own.partition), vec![evidence])
    });
    if same {
        Check::yes("R47", "role and cluster are in one partition")
    } else {
        Check::no("R47", format!("the role is in partition {}, the cluster in {}", role.partition, own.partition))
    }
}

fn own_arn(cluster: &ClusterFacts) -> String {
    cluster.description().map(|it| it.arn.to_string()).unwrap_or_default()
}

/// R52: STS finds the role by its whole ARN, path included.
fn existing<'a>(
    account: &'a AccountFacts,
    arn: &Name,
    parts: Arn<'_>,
    trace: &mut Trace,
) -> (Check, Option<&'a Arc<Role>>) {
    let name = parts.resource.rsplit('/').next().unwrap_or_default();
    let found = account.role(name);
    let (check, role) = match found {
        Lookup::Found(role) if role.arn == *arn => (Check::yes("R52", "the role exists"), Some(role)),
        Lookup::Found(role) => {
            let text = format!("no role has this ARN; `{}` has another path", role.arn);
            (Check::no("R52", text), None)
        }
        Lookup::Absent => (Check::no("R52", format!("role `{name}` does not exist in account {}", account.id)), None),
        Lookup::Unknown => {
            let missing = vec![account.source(SourceKind::Iam)];
            (Check::unknown("R52", format!("the roles of account {} were not read", account.id), missing), None)
        }
    };
    trace.step("R52", "the role exists", check.truth, || {
        let object = EntityKey::scoped(Kind::Role, &account.id, &name.into());
        (
            check.why.clone(),
            vec![Evidence { object, path: "Arn".into(), value: role.map_or(arn, |it| &it.arn).to_string() }],
        )
    });
    (check, role)
}

/// R48, R49: the role's account must have a provider for this cluster's issuer that registers the token's audience.
fn provider(account: &AccountFacts, cluster: &ClusterFacts, audience: &Name, trace: &mut Trace) -> Check {
    let Some(issuer) = cluster.description().map(|it| it.issuer_path()).filter(|issuer| !issuer.is_empty()) else {
        let missing = vec![cluster.source(SourceKind::Cluster)];
        trace.step("R48", "the issuer is an identity provider", Truth::Unknown, || {
            ("the cluster's issuer was not read".into(), vec![])
        });
        return Check::unknown("R48", "the issuer of the cluster was not read", missing);
    };
    let found = find_provider(account, issuer);
    let check = match &found {
        Lookup::Found(provider) => match &provider.client_ids {
            None => Check::unknown(
                "R49",
                "the client ids of the identity provider were not read",
                vec![account.source(SourceKind::Providers)],
            ),
            Some(ids) if ids.contains(audience) => Check::yes("R49", "the provider registers the token's audience"),
            Some(ids) => {
                let shown = if audience.is_empty() { "the API server's own" } else { audience.as_str() };
                let ids: Vec<&str> = ids.iter().map(Name::as_str).collect();
                Check::no("R49", format!("the token's audience is {shown}, the provider registers {}", ids.join(", ")))
            }
        },
        Lookup::Absent => {
            let text = format!("account {} has no identity provider for {issuer}", account.id);
            Check::no("R48", text)
        }
        Lookup::Unknown => Check::unknown(
            "R48",
            "the identity providers of the role's account were not read",
            vec![account.source(SourceKind::ProviderList)],
        ),
    };
    trace.step(check.rule, "the issuer is an identity provider for the audience", check.truth, || {
        let evidence = match &found {
            Lookup::Found(provider) => vec![Evidence {
                object: EntityKey::scoped(Kind::Provider, &account.id, &provider.url),
                path: "ClientIDList".into(),
                value: format!("{:?}", provider.client_ids),
            }],
            _ => vec![],
        };
        (check.why.clone(), evidence)
    });
    check
}

/// The account's provider for an issuer: host without regard to case, path exactly (R48).
pub fn find_provider<'a>(account: &'a AccountFacts, issuer: &str) -> Lookup<'a, Provider> {
    let same = |url: &str| {
        let (host, path) = url.split_once('/').unwrap_or((url, ""));
        let (own_host, own_path) = issuer.split_once('/').unwrap_or((issuer, ""));
        host.eq_ignore_ascii_case(own_host) && path == own_path
    };
    if let Some(provider) = account.providers.iter().find(|provider| same(&provider.url)) {
        return Lookup::Found(provider);
    }
    account.provider_list.answer(account.provider_list.iter().find(|provider| same(&provider.url)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_role_arns_are_role_arns() {
        assert!(role_parts("arn:aws:iam::111122223333:role/team/api").is_some());
        for wrong in [
            "api",
            "arn:aws:iam::1111:role/api",
            "arn:aws:iam::111122223333:user/api",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:role/a b",
            "arn:aws:sts::111122223333:assumed-role/api/x",
            " arn:aws:iam::111122223333:role/api",
            "arn:aws:iam::111122223333:role/api\"",
        ] {
            assert!(role_parts(wrong).is_none(), "{wrong}");
        }
    }
}
