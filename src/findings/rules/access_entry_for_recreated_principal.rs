//! An access entry is bound to a role that was made again since
//!
//! ## What it checks
//! An access entry is older than the role or user of the same ARN (R173).
//!
//! ## Why it matters
//! The entry keeps the unique id of the principal that was. It looks right and admits nobody: Unauthorized, and for a role
//! of nodes, nodes that do not join.
//!
//! ## How to fix
//! Delete the entry and create it again.
//!
//! ## For newcomers
//! Two roles of one name, one after the other, have the same ARN and are not the same. EKS remembers which one was meant.

use jiff::Timestamp;

use crate::findings::principals;
use crate::findings::reference::{NHI1, PR_AA_01, PR_AA_03};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::model::{EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "AUTH-011",
    slug: "access-entry-for-recreated-principal",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::Auth,
    needs: &[SourceKind::Cluster, SourceKind::AccessEntryList, SourceKind::AccessEntries, SourceKind::Iam],
    references: &[NHI1, PR_AA_01, PR_AA_03],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let nodes = principals::node_roles(context);
    for mapped in principals::all(context).iter().filter(|it| it.is_access_entry() && !it.mapping.counts.is_no()) {
        let key = &mapped.key;
        let entries = mapped.cluster.access_entries.items();
        let entry = entries.iter().find(|it| it.principal == mapped.mapping.principal);
        let Some(details) = entry.and_then(|it| it.details.as_ref()) else { continue };
        let Some(account) = context.inventory.accounts.get(&key.scope) else {
            out.cannot([context.account_source(&key.scope, SourceKind::Iam)]);
            continue;
        };
        let made: Option<Timestamp> = match key.kind {
            Thing::Role => match account.role(&key.name) {
                Lookup::Found(role) => role.created,
                _ => None,
            },
            Thing::IamUser => match account.user(&key.name) {
                Lookup::Found(user) => user.created,
                _ => None,
            },
            _ => None,
        };
        let (Some(mapped_at), Some(made)) = (details.created, made) else { continue };
        if mapped_at >= made {
            continue;
        }
        let label = &mapped.cluster.label;
        let node = nodes.contains_key(&(label.clone(), key.clone()));
        let cluster = fix::quoted(fix::cluster_name(mapped.cluster));
        let principal = fix::quoted(&mapped.mapping.principal);
        let mut again = format!("aws eks create-access-entry --cluster-name {cluster} --principal-arn {principal} --type {}", fix::quoted(&details.kind));
        if !details.groups.is_empty() && details.kind == "STANDARD" {
            let groups: Vec<String> = details.groups.iter().map(|it| fix::quoted(it)).collect();
            again.push_str(&format!(" --kubernetes-groups {}", groups.join(" ")));
        }
        let severity = Severity::Medium.or(Severity::High, node);
        out.report(key.clone(), severity, format!("the access entry of {label} for {key} is older than {key}"))
            .also(EntityKey::plain(Thing::Cluster, label))
            .evidence(key, format!("access entry of {label}: createdAt"), mapped_at.to_string())
            .evidence(key, "CreateDate", made.to_string())
            .certain_if(mapped.mapping.counts.is_yes())
            .impact(if node { "nodes of this role do not join" } else { "Unauthorized, although the entry looks right" })
            .fixes([fix::aws(format!(
                "aws eks delete-access-entry --cluster-name {cluster} --principal-arn {principal}\n{again}"
            ))]);
    }
}
