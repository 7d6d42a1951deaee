//! A line of aws-auth matches nobody
//!
//! ## What it checks
//! `aws-auth` names a role with its path, a session instead of its role, an account that has not twelve digits, something
//! that is no role or user at all, or the same principal twice; or a part of the map is no YAML of the expected form
//! (R172). An access entry for the same principal makes it a matter of upkeep.
//!
//! ## Why it matters
//! Whom the line means gets Unauthorized. A map that does not parse locks out everybody in it, nodes among them.
//!
//! ## How to fix
//! Write the role without its path, or make an access entry, which takes the full ARN.
//!
//! ## For newcomers
//! The authenticator compares texts. AWS puts the path into the ARN of a role and leaves it out of the ARN of its
//! sessions; the map must be written the second way.

use crate::findings::reference::{NHI4, PR_AA_01, PR_AA_03};
use crate::findings::principals::{self, Mapped};
use crate::findings::{Category, Context, Fix, Kind, Rule, Severity, Sink, fix};
use crate::graph::authorization::{Ineffective, MappingOrigin};
use crate::model::{Arn, EntityKey, Kind as Thing, SourceKind};

pub(super) static RULE: Rule = Rule {
    id: "AUTH-005",
    slug: "aws-auth-entry-never-matches",
    severity: Severity::Medium,
    kind: Kind::Broken,
    category: Category::Auth,
    needs: &[SourceKind::Cluster, SourceKind::ConfigMaps],
    references: &[NHI4, PR_AA_01, PR_AA_03],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let all = principals::all(context);
    for mapped in all.iter().filter(|it| !it.is_access_entry()) {
        let Some((what, corrected)) = wrong(mapped) else { continue };
        let entry = all.iter().find(|it| it.is_access_entry() && it.key == mapped.key && it.cluster.label == mapped.cluster.label);
        let severity = if entry.is_some() { Severity::Info } else { Severity::Medium };
        let label = &mapped.cluster.label;
        let written = &mapped.mapping.principal;
        let right = corrected.clone().unwrap_or_else(|| "none".into());
        out.report(mapped.key.clone(), severity, format!("aws-auth of {label} names {written}, which never matches: {what}"))
            .also(EntityKey::plain(Thing::Cluster, label))
            .show([mapped.evidence(written.as_str())])
            .evidence(&mapped.key, "corrected form", right)
            .evidence(&mapped.key, "access entry", if entry.is_some() { "there is one" } else { "none" })
            .impact("whom the line means gets Unauthorized")
            .fixes(corrected.and_then(|arn| rewritten(mapped, &arn)))
            .fixes([fix::by_hand(format!("take the line of {written} out of aws-auth, or make an access entry for it"))]);
    }
    for cluster in context.clusters() {
        let authorization = context.authorization(cluster);
        if !authorization.damaged_map {
            continue;
        }
        let key = EntityKey::plain(Thing::Cluster, &cluster.label);
        out.report(key.clone(), Severity::Medium, format!("aws-auth of {} does not parse", cluster.label))
            .evidence(&key, "aws-auth", "a part of it is no YAML list of the expected form")
            .impact("everybody whom that part maps is locked out, nodes among them")
            .fixes([fix::by_hand("kubectl -n kube-system edit configmap aws-auth   # and mend the YAML".to_owned())]);
    }
}

/// Why the line matches nobody, and the ARN that would, as far as one follows.
fn wrong(mapped: &Mapped<'_>) -> Option<(&'static str, Option<String>)> {
    let written = &mapped.mapping.principal;
    let arn = Arn::parse(written);
    let bare = |partition: &str, account: &str| format!("arn:{partition}:iam::{account}:role/{}", mapped.key.name);
    match mapped.mapping.reason {
        Some(Ineffective::Path) => Some(("a role stands there without its path", arn.map(|it| bare(it.partition, it.account)))),
        Some(Ineffective::Replaced) => Some(("a later line for the same principal replaces it", None)),
        Some(Ineffective::Malformed) => match arn {
            Some(it) if it.service == "sts" => Some(("a session is not its role", Some(bare(it.partition, it.account)))),
            _ => Some(("it is no role or user", None)),
        },
        Some(Ineffective::Mode) => None,
        _ => {
            let digits = arn.is_some_and(|it| it.account.len() == 12 && it.account.bytes().all(|it| it.is_ascii_digit()));
            (!digits).then_some(("an account has twelve digits", None))
        }
    }
}

/// The map with the corrected ARN in it.
fn rewritten(mapped: &Mapped<'_>, corrected: &str) -> Option<Fix> {
    let key = match mapped.mapping.origin {
        MappingOrigin::MapRoles(_) => "mapRoles",
        _ => return None,
    };
    let maps = mapped.cluster.config_maps.iter();
    let map = maps.into_iter().find(|it| it.meta.namespace == "kube-system" && it.meta.name == "aws-auth")?;
    let text = map.values.get(key)?.replace(mapped.mapping.principal.as_str(), corrected);
    let patch = serde_json::json!({ "data": { key: text } }).to_string();
    Some(fix::kubectl(format!("kubectl -n kube-system patch configmap aws-auth --type merge -p {}", fix::quoted(&patch))))
}
