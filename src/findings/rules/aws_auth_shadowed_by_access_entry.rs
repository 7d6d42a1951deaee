//! A line of aws-auth is dead beside an access entry
//!
//! ## What it checks
//! In mode API_AND_CONFIG_MAP a principal stands in `aws-auth` and has an access entry, and the two give it different groups,
//! or the entry gives access policies too (R172).
//!
//! ## Why it matters
//! The entry wins, so edits to the map have no effect; who reads the map believes something else.
//!
//! ## How to fix
//! Keep one of the two: the entry.
//!
//! ## For newcomers
//! EKS has two lists of who may enter. While a cluster moves from the old to the new one, it asks the new one first.

use std::collections::BTreeSet;

use crate::base::Name;
use crate::findings::principals;
use crate::findings::reference::{NHI4, PR_AA_01, PR_AA_05};
use crate::findings::{Category, Context, Kind, Rule, Severity, Sink, fix};
use crate::graph::authorization::Ineffective;
use crate::model::{EntityKey, Kind as Thing};

pub(super) static RULE: Rule = Rule {
    id: "AUTH-006",
    slug: "aws-auth-shadowed-by-access-entry",
    severity: Severity::Medium,
    kind: Kind::Both,
    category: Category::Auth,
    needs: principals::NEEDS,
    references: &[NHI4, PR_AA_01, PR_AA_05],
    check,
};

fn check(context: &Context<'_>, out: &mut Sink<'_>) {
    let all = principals::all(context);
    for mapped in all.iter().filter(|it| it.mapping.reason == Some(Ineffective::Overridden)) {
        let mut entries = all.iter().filter(|it| it.is_access_entry() && it.cluster.label == mapped.cluster.label);
        let Some(entry) = entries.find(|it| it.key == mapped.key) else { continue };
        if entry.mapping.reason == Some(Ineffective::NotDescribed) {
            continue;
        }
        let groups = |it: &principals::Mapped<'_>| it.mapping.groups.iter().cloned().collect::<BTreeSet<Name>>();
        // Groups that make a node come with the type of the entry.
        let node = |group: &Name| group.starts_with("system:node") || group == "system:bootstrappers";
        let (mut old, mut new) = (groups(mapped), groups(entry));
        if old.iter().all(node) && (new.is_empty() || new.iter().all(node)) {
            old.clear();
            new.clear();
        }
        if old == new && entry.policies().is_empty() {
            continue;
        }
        let label = &mapped.cluster.label;
        out.report(
            mapped.key.clone(),
            Severity::Medium,
            format!("what aws-auth of {label} says of {} is dead: its access entry wins", mapped.key),
        )
        .also(EntityKey::plain(Thing::Cluster, label))
        .show([mapped.evidence(mapped.shown()), entry.evidence(entry.shown())])
        .impact("edits to the map have no effect, and who reads it believes something else")
        .fixes([mapped.removed(), fix::by_hand(format!("take the line of {} out of aws-auth", mapped.mapping.principal))]);
    }
}
