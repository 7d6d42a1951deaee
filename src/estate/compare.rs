//! Two estates side by side: what `diff` and the Diff screen ask.

use crate::analysis::diff::{self, Diff, Mark, MarkKind, Side};
use crate::model::Kind;

use super::{Estate, Severity};

/// What changed from one estate to the other in terms of access.
pub fn diff(before: &Estate, after: &Estate) -> Diff {
    let (old, new) = (marks(before), marks(after));
    let side = |estate, marks| -> Side<'_> {
        let estate: &Estate = estate;
        Side { inventory: &estate.inventory, pods: &estate.pods, marks }
    };
    diff::diff(side(before, &old), side(after, &new))
}

/// Problems that stay under their name from one load to the next: not those of single pods, which come and go, and not
/// gaps, which [`Diff::rights`] tells.
fn marks(estate: &Estate) -> Vec<Mark> {
    let lasting = estate.problems.iter().filter(|it| it.severity != Severity::Info && it.subject.kind != Kind::Pod);
    lasting
        .map(|problem| Mark {
            kind: MarkKind::Finding,
            name: problem.slug,
            subject: problem.subject.clone(),
            severity: problem.severity.code(),
            text: problem.text.clone(),
            certain: true,
        })
        .collect()
}
