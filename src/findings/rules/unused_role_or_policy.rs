//! A role for pods that nothing uses
//!
//! ## What it checks
//! The trust policy lets in tokens of a known cluster, no service account and no association names the role, no pod has it,
//! and it was last used never or more than 90 days before the data. Roles younger than that are left alone. Of workloads
//! that run rarely their templates count as use.
//!
//! ## Why it matters
//! It waits for whoever obtains a token that its trust policy admits, and nobody would miss it.
//!
//! ## How to fix
//! Delete the role with its policies. CloudTrail tells who took it last, where IAM does not.
//!
//! ## For newcomers
//! IAM remembers the last use of a role for 400 days at most, and some hours late. A role without one has most likely been
//! forgotten when its application went.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::findings::reference::{NHI1, PR_AA_01};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, account_roles, fix};
use crate::identity::injection::association_role;
use crate::model::facts::iam::Role;
use crate::model::{ClusterFacts, EntityKey, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "PERM-012",
    slug: "unused-role-or-policy",
    severity: Severity::Low,
    kind: Kind::Open,
    category: Category::Permission,
    needs: &[
        SourceKind::Iam,
        SourceKind::ServiceAccounts,
        SourceKind::Pods,
        SourceKind::AssociationList,
        SourceKind::Associations,
        SourceKind::Cluster,
    ],
    references: &[NHI1, PR_AA_01],
    check,
};

/// 90 days (protocols.md section 4).
const WINDOW: SignedDuration = SignedDuration::from_hours(90 * 24);

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let mut named: BTreeSet<EntityKey> =
        account_roles::annotated(context).filter_map(|it| EntityKey::role(&it.role)).collect();
    for association in context.clusters().flat_map(|cluster| cluster.associations.iter()) {
        let base = association.details.as_ref().map(|it| it.role.clone());
        named.extend(base.into_iter().chain(association_role(association)).filter_map(|arn| EntityKey::role(&arn)));
    }
    let mut seen: BTreeSet<&EntityKey> = BTreeSet::new();
    for it in context.web_statements() {
        if named.contains(&it.key) || !seen.insert(&it.key) || context.users_of_role(&it.key).next().is_some() {
            continue;
        }
        let Some((last, certain)) = last_use(&it.role, context.inventory.now) else { continue };
        let clusters: Vec<&str> = context
            .web_statements()
            .iter()
            .filter(|other| other.key == it.key)
            .map(|other| other.cluster.label.as_str())
            .collect();
        let whole = context.clusters().all(is_whole);
        out.report(
            it.key.clone(),
            Severity::Low,
            format!("no service account and no pod uses the role; last use: {last}"),
        )
        .evidence(&it.key, "RoleLastUsed", last)
        .evidence(&it.key, "clusters whose tokens it takes", clusters.join(", "))
        .evidence(&it.key, "accounts, associations and pods that name it", "0")
        .certain_if(certain && whole)
        .impact("a way in that nobody needs and nobody watches")
        .fixes(removal(&it.role));
    }
}

/// When it was last used, in words, and whether that is known; `None` when it is in use, or too young to tell.
fn last_use(role: &Role, now: Option<Timestamp>) -> Option<(String, bool)> {
    let is_old = |time: Timestamp| now.map(|now| now.duration_since(time) > WINDOW);
    if role.created.and_then(is_old) == Some(false) {
        return None;
    }
    match role.last_used.as_ref().map(|it| it.at) {
        None => Some(("not said".into(), false)),
        Some(None) => Some(("never while IAM kept track".into(), true)),
        Some(Some(at)) => match is_old(at) {
            Some(true) => Some((at.to_string(), true)),
            Some(false) => None,
            None => Some((at.to_string(), false)),
        },
    }
}

fn is_whole(cluster: &ClusterFacts) -> bool {
    cluster.pods.is_complete()
        && cluster.service_accounts.is_complete()
        && cluster.association_list.is_complete()
        && cluster.association_list.iter().all(|listed| cluster.associations.iter().any(|it| it.id == listed.id))
}

fn removal(role: &Role) -> Vec<crate::findings::Fix> {
    let name = fix::quoted(&role.name);
    let mut text = String::new();
    for policy in &role.inline {
        text += &format!("aws iam delete-role-policy --role-name {name} --policy-name {}\n", fix::quoted(&policy.name));
    }
    for arn in &role.attached {
        text += &format!("aws iam detach-role-policy --role-name {name} --policy-arn {}\n", fix::quoted(arn));
    }
    vec![fix::aws(format!("{text}aws iam delete-role --role-name {name}"))]
}
