//! What one permission set allows and another does not, as sets of actions on resources under conditions.

use crate::base::Name;
use crate::iam::catalogue::Catalogue;
use crate::iam::condition::Condition;
use crate::iam::pattern::ArnGlob;
use crate::iam::permissions::actions::{ActionSet, Region};
use crate::iam::permissions::notation::notation;
use crate::iam::permissions::requirement::{All, Requirement};
use crate::iam::permissions::resources::ResourceSet;
use crate::iam::permissions::{Permissions, Row, Status};

/// Actions of one line that are named; the rest is counted.
const NAMED: usize = 8;

/// What a row hangs on, in a form that two permission sets share: conditions as text, values in order.
struct Terms {
    holds: Vec<String>,
    fails: Vec<Vec<String>>,
    opaque: Vec<String>,
}

impl Terms {
    fn of(requirement: &Requirement, permissions: &Permissions) -> Terms {
        let texts = |ids: &All| {
            let conditions = ids.iter().filter_map(|id| permissions.conditions.get(id.0 as usize));
            let mut texts: Vec<String> = conditions.map(|it| condition_text(it)).collect();
            texts.sort();
            texts
        };
        let mut fails: Vec<Vec<String>> = requirement.fails.iter().map(texts).collect();
        fails.sort();
        Terms { holds: texts(&requirement.holds), fails, opaque: texts(&requirement.opaque) }
    }

    /// Whatever meets `other` meets this. A no may be too careful.
    fn is_implied_by(&self, other: &Terms) -> bool {
        self.holds.iter().all(|it| other.holds.contains(it))
            && self.fails.iter().all(|it| other.fails.contains(it))
            && self.opaque.iter().all(|it| other.opaque.contains(it))
    }
}

/// A condition without its place: operator and key in one case, values sorted, since any of them may match.
pub(super) fn condition_text(condition: &Condition) -> String {
    let mut values: Vec<&str> = condition.values.iter().map(Name::as_str).collect();
    values.sort_unstable();
    values.dedup();
    format!("{} {} {values:?}", condition.written.to_ascii_lowercase(), condition.folded)
}

/// A row under one of its resource patterns.
struct Piece<'a> {
    row: &'a Row,
    resources: ResourceSet,
}

fn pieces(row: &Row) -> impl Iterator<Item = Piece<'_>> {
    let except = row.resources.except();
    row.resources.any_of().iter().filter_map(move |pattern: &ArnGlob| {
        let resources = ResourceSet::new([pattern.clone()], except.iter().cloned())?;
        Some(Piece { row, resources })
    })
}

/// What `wide` allows and `narrow` does not, each in one line, sorted. Whatever `wide` allows beyond `narrow` is in some
/// line; a line may say a little more than that.
pub(super) fn beyond(catalogue: &Catalogue, wide: &Permissions, narrow: &Permissions) -> Vec<String> {
    let known: Vec<(&Row, Terms)> = narrow.rows.iter().map(|row| (row, Terms::of(&row.requirement, narrow))).collect();
    let mut lines = Vec::new();
    for row in &wide.rows {
        let terms = Terms::of(&row.requirement, wide);
        // Only as sure: what was unknown and is certain now is told by the roles' documents, not here.
        let covering: Vec<&Row> =
            known.iter().filter(|(_, it)| it.is_implied_by(&terms)).map(|(row, _)| *row).collect();
        // Patterns that lack the same actions share a line.
        let mut left: Vec<(ActionSet, Vec<String>)> = Vec::new();
        for piece in pieces(row) {
            let covers: Vec<&ActionSet> = covering
                .iter()
                .filter(|row| row.resources.contains(&piece.resources))
                .map(|row| &row.actions)
                .collect();
            let actions = without(&piece.row.actions, &covers);
            if actions.known.is_empty() && actions.regions.is_empty() {
                continue;
            }
            let pattern = piece.resources.any_of().iter().map(ToString::to_string);
            match left.iter_mut().find(|(set, _)| *set == actions) {
                Some((_, patterns)) => patterns.extend(pattern),
                None => left.push((actions, pattern.collect())),
            }
        }
        lines.extend(left.into_iter().map(|(actions, patterns)| line(catalogue, &actions, patterns, row, wide)));
    }
    lines.sort();
    lines.dedup();
    lines
}

fn without(actions: &ActionSet, covers: &[&ActionSet]) -> ActionSet {
    let known = actions.known.iter().filter(|id| !covers.iter().any(|set| set.known.binary_search(id).is_ok()));
    let within = |region: &&Region| !covers.iter().any(|set| set.regions.iter().any(|outer| covered(region, outer)));
    ActionSet { known: known.copied().collect(), regions: actions.regions.iter().filter(within).cloned().collect() }
}

/// Every name of `inner` is one of `outer`.
fn covered(inner: &Region, outer: &Region) -> bool {
    outer.within.contains(&inner.within)
        && outer
            .except
            .iter()
            .all(|out| inner.except.iter().any(|inner_out| inner_out.contains(out)) || out.disjoint(&inner.within))
}

fn line(
    catalogue: &Catalogue,
    actions: &ActionSet,
    mut patterns: Vec<String>,
    row: &Row,
    permissions: &Permissions,
) -> String {
    let notation = notation(catalogue, actions);
    let mut names = notation.exact;
    names.extend(notation.loose.into_iter().flat_map(|loose| loose.within));
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    patterns.sort();
    let mut text = names.join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text.push_str(" on ");
    text.push_str(&patterns.join(", "));
    let except: Vec<String> = row.resources.except().iter().map(ToString::to_string).collect();
    if !except.is_empty() {
        text.push_str(&format!(" except {}", except.join(", ")));
    }
    let keys = permissions.keys(row);
    if !keys.is_empty() {
        let keys: Vec<&str> = keys.iter().map(Name::as_str).collect();
        text.push_str(&format!(" depending on {}", keys.join(", ")));
    }
    if row.status() == Status::Unknown {
        text.push_str(" (not certain)");
    }
    text
}
