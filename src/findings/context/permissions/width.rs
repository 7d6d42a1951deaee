//! Which rights reach beyond single things, by the actions that rules ask about.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::Name;
use crate::findings::Context;
use crate::iam::catalogue::{ActionId, Catalogue, Risk, risk};
use crate::iam::pattern::ArnGlob;
use crate::iam::permissions::cell::Mark;
use crate::iam::permissions::{Permissions, Row};
use crate::iam::privilege::is_broad_pattern;
use crate::iam::{Document, Effect};

/// What rules ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    PassRole,
    AssumeRole,
    Secrets,
    DataRead,
    DataWrite,
    /// Opens resources to others: the risk class of the catalogue.
    Exposure,
}

/// Rights to secrets (PERM-005).
const SECRETS: &[&str] = &[
    "kms:Decrypt",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "ssm:GetParameterHistory",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
];

/// Rights to read data (PERM-006).
const DATA_READ: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:ExportTableToPointInTime",
    "dynamodb:GetItem",
    "dynamodb:GetRecords",
    "dynamodb:PartiQLSelect",
    "dynamodb:Query",
    "dynamodb:Scan",
    "rds-db:connect",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "sqs:ReceiveMessage",
];

/// Rights to change or delete data (PERM-006).
const DATA_WRITE: &[&str] = &[
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:DeleteTable",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "s3:DeleteBucket",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutLifecycleConfiguration",
    "s3:PutObject",
    "sqs:DeleteMessage",
    "sqs:DeleteQueue",
    "sqs:PurgeQueue",
    "sqs:SendMessage",
];

/// How far a right reaches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Width {
    /// Broad, as protocols.md section 4 says it.
    Broad,
    /// Everything below a path, such as `role/team/*`.
    Path,
    /// What is named after a namespace of a cluster in which none of the role's pods are.
    Team(Name),
}

/// One right that reaches beyond single things.
#[derive(Clone, Debug)]
pub struct Wide {
    pub family: Family,
    pub action: ActionId,
    pub width: Width,
    /// The pattern that is that wide.
    pub resource: String,
    /// Lower-case condition keys on which it hangs, sorted.
    pub keys: Vec<Name>,
    /// It hangs on nothing that the caller cannot bring about.
    pub certain: bool,
}

struct Asked {
    families: FxHashMap<ActionId, Family>,
    /// Lower-case names by service prefix.
    by_service: FxHashMap<&'static str, Vec<(&'static str, ActionId)>>,
}

static ASKED: LazyLock<Asked> = LazyLock::new(|| {
    let catalogue = Catalogue::bundled();
    let mut families = FxHashMap::default();
    let mut by_service: FxHashMap<&str, Vec<(&str, ActionId)>> = FxHashMap::default();
    let exposure = risk::actions(Risk::ResourceExposure).map(|it| (it, Family::Exposure));
    let listed = [(SECRETS, Family::Secrets), (DATA_READ, Family::DataRead), (DATA_WRITE, Family::DataWrite)];
    let listed = listed.into_iter().flat_map(|(names, family)| names.iter().map(move |it| (*it, family)));
    let own = [("iam:PassRole", Family::PassRole), ("sts:AssumeRole", Family::AssumeRole)];
    for (name, family) in exposure.chain(listed).chain(own) {
        let Some(id) = catalogue.find(name) else { continue };
        let action = catalogue.action(id);
        families.insert(id, family);
        by_service.entry(action.service().prefix()).or_default().push((action.lower_name(), id));
    }
    Asked { families, by_service }
});

/// Names of namespaces that stand for teams: those of all clusters that are not the platform's.
pub(super) fn namespaces<'c>(context: &'c Context<'_>) -> FxHashSet<&'c str> {
    let all = context.clusters().flat_map(|cluster| cluster.namespaces.iter());
    let names = all.map(|it| it.meta.name.as_str());
    names.filter(|name| !name.starts_with("kube-") && !matches!(*name, "default" | "amazon-guardduty")).collect()
}

/// The actions of the families that an Allow of the document names on something wide. Never fewer than there are.
pub(super) fn concerning(catalogue: &Catalogue, document: &Document, namespaces: &FxHashSet<&str>) -> Vec<ActionId> {
    let mut found = Vec::new();
    for statement in document.statements.iter().filter(|it| it.effect == Some(Effect::Allow)) {
        let mut named: Vec<ActionId> = Vec::new();
        if statement.actions.negated {
            named.extend(ASKED.families.keys());
        } else {
            for pattern in statement.actions.values() {
                if pattern.is_everything() {
                    named.extend(ASKED.families.keys());
                } else if let (Some(service), Some(name)) = (pattern.service(), pattern.name())
                    && let Some(asked) = ASKED.by_service.get(service)
                {
                    named.extend(asked.iter().filter(|(lower, _)| name.matches(lower)).map(|it| it.1));
                }
            }
        }
        let Some(resources) = statement.resources.as_ref().filter(|it| !it.negated) else {
            found.extend(named);
            continue;
        };
        let patterns: Vec<ArnGlob> = resources.values().map(|it| it.widest(&crate::iam::Context::open())).collect();
        found.extend(named.into_iter().filter(|id| {
            let family = ASKED.families[id];
            patterns.iter().any(|it| width(catalogue, family, *id, it, namespaces, &[]).is_some())
        }));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The wide rights among the rows of a role, whose pods are in these namespaces.
pub(super) fn of_rows(
    catalogue: &Catalogue,
    found: &Permissions,
    namespaces: &FxHashSet<&str>,
    own: &[&str],
) -> Vec<Wide> {
    let mut all: Vec<Wide> = Vec::new();
    for row in &found.rows {
        let keys = found.keys(row);
        for action in &row.actions.known {
            let Some(family) = ASKED.families.get(action).copied() else { continue };
            if is_scoped(family, row, &keys) {
                continue;
            }
            for pattern in row.resources.any_of() {
                let Some(width) = width(catalogue, family, *action, pattern, namespaces, own) else { continue };
                let certain = is_certain(row, &keys);
                let resource = pattern.to_string();
                all.push(Wide { family, action: *action, width, resource, keys: keys.clone(), certain });
            }
        }
    }
    all.sort_by(|a, b| {
        let place = |it: &Wide| (it.family, it.action, it.width.clone(), !it.certain, it.keys.len());
        place(a).cmp(&place(b)).then_with(|| a.resource.cmp(&b.resource))
    });
    all.dedup_by(|later, first| later.action == first.action && later.width == first.width);
    all
}

/// How wide a pattern is for an action; `None` for single things, and for what lies in one's `own` namespaces.
fn width(
    catalogue: &Catalogue,
    family: Family,
    action: ActionId,
    pattern: &ArnGlob,
    namespaces: &FxHashSet<&str>,
    own: &[&str],
) -> Option<Width> {
    // Actions without resource types are authorised against `*` alone (rule W9).
    if catalogue.action(action).wildcard_only() {
        return matches!(pattern, ArnGlob::All).then_some(Width::Broad);
    }
    if is_broad_pattern(catalogue, action, pattern) {
        return Some(Width::Broad);
    }
    let part = pattern.parts().map(|parts| parts[5].to_string())?;
    match family {
        Family::PassRole => part.ends_with("/*").then_some(Width::Path),
        Family::Secrets | Family::Exposure if part.contains(['*', '?']) => {
            let team = team(name_of(&part), namespaces)?;
            (!own.contains(&team)).then(|| Width::Team(team.into()))
        }
        _ => None,
    }
}

/// The name of a resource without the word for its type.
fn name_of(part: &str) -> &str {
    let types = ["secret:", "parameter/", "table/", "repository/", "function:", "role/", "key/", "log-group:"];
    types.iter().find_map(|it| part.strip_prefix(it)).unwrap_or(part)
}

/// The longest name of a namespace with which a name begins, as a word of its own.
fn team<'n>(name: &str, namespaces: &FxHashSet<&'n str>) -> Option<&'n str> {
    let name = name.split(['*', '?', '$']).next().unwrap_or_default().trim_start_matches('/');
    let ends = name.match_indices(['/', '-', '_', '.', ':']).map(|(at, _)| at);
    ends.rev().find_map(|at| namespaces.get(&name[..at])).copied()
}

/// A condition on tags, an entry, a service or an organisation, or a variable, keeps the right to what is one's own. Of
/// rights that open resources the last two only lower it, which the rule says.
fn is_scoped(family: Family, row: &Row, keys: &[Name]) -> bool {
    let variable = row.marks.iter().any(|mark| matches!(mark, Mark::Variable(_)));
    let scoping = |key: &Name| {
        key.contains("resourcetag/")
            || key.contains("existingobjecttag/")
            || matches!(&**key, "dynamodb:leadingkeys" | "aws:resourceorgpaths")
            || key.starts_with("kms:encryptioncontext")
            || (family != Family::Exposure
                && matches!(&**key, "kms:viaservice" | "kms:requestalias" | "kms:resourcealiases"))
    };
    variable || keys.iter().any(scoping)
}

/// Keys of a request that its maker chooses.
const CHOSEN: &[&str] =
    &["aws:requestedregion", "aws:securetransport", "s3:prefix", "secretsmanager:versionstage", "ssm:recursive"];

fn is_certain(row: &Row, keys: &[Name]) -> bool {
    // What a key policy, a trust policy or another account says is asked where it matters (R106).
    let settled = row.marks.iter().all(|mark| matches!(mark, Mark::NotSupplied(_)));
    settled && keys.iter().all(|key| CHOSEN.contains(&&**key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_that_is_asked_exists_and_is_in_one_family() {
        let catalogue = Catalogue::bundled();
        let listed = SECRETS.iter().chain(DATA_READ).chain(DATA_WRITE);
        for name in listed.clone() {
            assert!(catalogue.find(name).is_some(), "{name}");
        }
        let count = listed.count() + risk::actions(Risk::ResourceExposure).count() + 2;
        assert_eq!(ASKED.families.len(), count);
    }

    #[test]
    fn a_name_belongs_to_the_namespace_that_it_begins_with() {
        let namespaces: FxHashSet<&str> = ["shop", "shop-prod", "data"].into_iter().collect();
        assert_eq!(team("shop/db-*", &namespaces), Some("shop"));
        assert_eq!(team("shop-prod/db-*", &namespaces), Some("shop-prod"));
        assert_eq!(team("shopping/*", &namespaces), None);
        assert_eq!(team("shop*", &namespaces), None);
        assert_eq!(team("*", &namespaces), None);
        assert_eq!(name_of("secret:shop/db-*"), "shop/db-*");
    }
}
