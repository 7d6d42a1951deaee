//! A cluster admits a principal that does not exist, or a whole account
//!
//! ## What it checks
//! An access entry or a line of `aws-auth` that counts names a role or user that its account, which was read, does not
//! have; or `aws-auth` maps a whole account. It weighs more where the line gives every right of the cluster, or editing in
//! all of it.
//!
//! ## Why it matters
//! `aws-auth` goes by the name: whoever makes a role of that name in that account is let in. An access entry is bound to
//! the role that was, and is merely dead.
//!
//! ## How to fix
//! Delete the line of the map, or the access entry.
//!
//! ## For newcomers
//! Roles come and go, and nobody tells the clusters. What remains is a promise to whoever bears the name next.

use crate::findings::reference::{NHI1, PR_AA_01, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix, principals};
use crate::graph::authorization::MappingOrigin;
use crate::model::{EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "AUTH-007",
    slug: "stale-mapping",
    severity: Severity::Medium,
    kind: Kind::Open,
    category: Category::Auth,
    needs: &[
        SourceKind::Cluster,
        SourceKind::AccessEntryList,
        SourceKind::AccessEntries,
        SourceKind::AccessPolicies,
        SourceKind::ConfigMaps,
        SourceKind::Iam,
    ],
    references: &[NHI1, PR_AA_01, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    for mapped in principals::all(context).iter().filter(|it| !it.mapping.counts.is_no()) {
        let key = &mapped.key;
        let whole = matches!(mapped.mapping.origin, MappingOrigin::MapAccounts(_));
        let gone = match key.kind {
            Thing::Role | Thing::IamUser => {
                let Some(account) = context.inventory.accounts.get(&key.scope) else {
                    out.cannot([context.account_source(&key.scope, SourceKind::Iam)]);
                    continue;
                };
                match key.kind {
                    Thing::Role => matches!(account.role(&key.name), Lookup::Absent),
                    _ => matches!(account.user(&key.name), Lookup::Absent),
                }
            }
            _ => false,
        };
        if !gone && !whole {
            continue;
        }
        let by_name = !mapped.is_access_entry();
        let powerful = mapped.rules_cluster().is_yes() || mapped.edits_system().is_some();
        let severity = if powerful && by_name { Severity::High } else { Severity::Medium };
        let label = &mapped.cluster.label;
        let cluster = EntityKey::plain(Thing::Cluster, label);
        let (subject, message) = if whole {
            (cluster.clone(), format!("aws-auth of {label} admits every user of an account: {}", mapped.mapping.principal))
        } else {
            let place = if by_name { "aws-auth" } else { "an access entry" };
            (key.clone(), format!("{place} of {label} names {key}, which does not exist"))
        };
        let impact = match (whole, by_name) {
            (true, _) => "every user of that account is a user of the cluster, now and later",
            (false, true) => "whoever makes a principal of that name in that account is let in",
            (false, false) => "the entry is bound to a principal that is gone: dead, and misleading",
        };
        out.report(subject.clone(), severity, message)
            .also(cluster)
            .show([mapped.evidence(mapped.shown())])
            .evidence(&subject, "IAM", if whole { "any user" } else { "no such principal in its account" })
            .certain_if(mapped.mapping.counts.is_yes())
            .impact(impact)
            .fixes([mapped.removed(), fix::by_hand(format!("take {} out of what admits it", mapped.mapping.principal))]);
    }
}
