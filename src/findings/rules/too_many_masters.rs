//! Too many principals own the cluster
//!
//! ## What it checks
//! More than three IAM principals hold AmazonEKSClusterAdminPolicy, Edit or Admin for the whole cluster, `system:masters`,
//! or another binding of everything; or a machine is among them: a role of pods or nodes, or one that a service or a
//! pipeline takes. Roles of single sign-on count as one.
//!
//! ## Why it matters
//! Each of them is the cluster, with every role of every pod. A machine holds its power at night, too.
//!
//! ## How to fix
//! Give access policies for the namespaces that are meant, and keep one way in for emergencies.
//!
//! ## For newcomers
//! Administrators of a cluster are listed in AWS. The list is short on the first day and is seldom read again.

use std::collections::BTreeMap;

use crate::findings::principals::{self, Holders, Mapped};
use crate::findings::reference::{CIS_4_1_1, NHI5, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::iam::{Effect, PrincipalPattern};
use crate::model::{EntityKey, Kind as Thing, Lookup, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "AUTH-008",
    slug: "too-many-masters",
    severity: Severity::High,
    kind: Kind::Open,
    category: Category::Auth,
    needs: &[
        SourceKind::Cluster,
        SourceKind::AccessEntryList,
        SourceKind::AccessEntries,
        SourceKind::AccessPolicies,
        SourceKind::ConfigMaps,
        SourceKind::ClusterRoles,
        SourceKind::ClusterRoleBindings,
        SourceKind::Iam,
    ],
    references: &[NHI5, PR_AA_05, CIS_4_1_1],
    check,
};

/// Principals that a cluster may have as its owners.
const ALLOWED: usize = 3;

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let holders = principals::holders(context);
    let all = principals::all(context);
    for cluster in context.clusters() {
        let mut owners: BTreeMap<&EntityKey, (&Mapped<'_>, String)> = BTreeMap::new();
        for mapped in all.iter().filter(|it| it.cluster.label == cluster.label) {
            let edits = mapped.edits_system().filter(|it| it.1.is_yes() && it.0.contains("whole cluster"));
            let how = match (mapped.rules_cluster().is_yes(), edits) {
                (true, _) => mapped.shown(),
                (false, Some((policy, _))) => policy,
                (false, None) => continue,
            };
            owners.entry(&mapped.key).or_insert((mapped, how));
        }
        let sso = owners.keys().filter(|it| is_sso(it)).count();
        let count = owners.len() - sso + usize::from(sso > 0);
        let machines: Vec<(&EntityKey, String)> =
            owners.keys().filter_map(|key| Some((*key, machine(context, &holders, key)?))).collect();
        if count <= ALLOWED && machines.is_empty() {
            continue;
        }
        let key = EntityKey::plain(Thing::Cluster, &cluster.label);
        let message = match machines.first() {
            Some((machine, what)) => format!("{count} principals own {}, {machine} among them, {what}", cluster.label),
            None => format!("{count} principals own {}", cluster.label),
        };
        let report = out.report(key.clone(), Severity::High, message);
        report
            .also_all(owners.keys().map(|it| (*it).clone()))
            .evidence(&key, "principals that own it", format!("{count}, of which {ALLOWED} are allowed"))
            .impact("each of them is the whole cluster, with every role of every pod");
        for (mapped, how) in owners.values().take(8) {
            report.show([mapped.evidence(how.clone())]);
        }
        for (machine, what) in machines.iter().take(3) {
            report.evidence(machine, "a machine", what.as_str());
        }
        let shown = machines.first().map(|it| it.0).or_else(|| owners.keys().next().copied());
        if let Some((mapped, _)) = shown.and_then(|key| owners.get(key)) {
            report.fixes([mapped.removed()]);
        }
        report.fixes([fix::by_hand("give the others access policies for the namespaces that they work in".to_owned())]);
    }
}

fn is_sso(key: &EntityKey) -> bool {
    key.name.starts_with("AWSReservedSSO_")
}

/// What makes the principal a machine.
fn machine(context: &Context<'_>, holders: &Holders, key: &EntityKey) -> Option<String> {
    if let Some((holder, _)) = holders.of(context, key) {
        return Some(format!("the role of {holder}"));
    }
    let Some(Lookup::Found(role)) = context.inventory.accounts.get(&key.scope).map(|it| it.role(&key.name)) else {
        return None;
    };
    let document = context.trust(role);
    let allows = document.statements.iter().filter(|it| it.effect == Some(Effect::Allow));
    let clauses = allows.filter_map(|it| it.principals.as_ref()).filter(|it| !it.negated);
    clauses.flat_map(|it| &it.entries).find_map(|entry| match &entry.value {
        PrincipalPattern::Service(name) => Some(format!("which {name} takes")),
        PrincipalPattern::Federated(provider) if provider.contains(":oidc-provider/") => {
            Some(format!("which tokens of {} take", provider.rsplit("oidc-provider/").next().unwrap_or_default()))
        }
        _ => None,
    })
}
