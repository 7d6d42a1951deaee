//! What a person should look at: identities that do not work, documents that do not parse, sources that were not read.

use crate::identity::Verdict;
use crate::identity::resolve::PodIdentity;
use crate::model::{EntityKey, Inventory};

use super::groups::Group;

pub use crate::findings::Severity;

/// Something wrong, and the thing it is wrong with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    /// Short name, such as `identity-broken`.
    pub slug: &'static str,
    /// The group, role or cluster to land on.
    pub subject: EntityKey,
    /// One sentence.
    pub text: String,
}

/// Finds the problems and counts them in the groups. Groups end up in their default order.
pub(super) fn find(inventory: &Inventory, pods: &[PodIdentity], groups: &mut [Group]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for group in groups.iter_mut() {
        let start = problems.len();
        of_identity(group, &mut problems);
        let own = &problems[start..];
        group.problems = u32::try_from(own.len()).unwrap_or(u32::MAX);
        group.worst = own.iter().map(|problem: &Problem| problem.severity).min();
    }
    let _ = pods;
    groups.sort_by(|a, b| {
        let place = |it: &Group| (it.cluster.clone(), it.namespace.clone());
        let worst = |it: &Group| it.worst.map_or(u8::MAX, |severity| severity as u8);
        place(a)
            .cmp(&place(b))
            .then_with(|| worst(a).cmp(&worst(b)))
            .then_with(|| a.name.cmp(&b.name))
            .then_with(|| a.key.cmp(&b.key))
    });
    let order: rustc_hash::FxHashMap<&EntityKey, usize> =
        groups.iter().enumerate().map(|(at, group)| (&group.key, at)).collect();
    problems.sort_by_key(|problem| (order.get(&problem.subject).copied().unwrap_or(usize::MAX), problem.severity));
    super::documents::problems(inventory, &mut problems);
    problems
}

fn of_identity(group: &Group, problems: &mut Vec<Problem>) {
    let identity = &group.identity;
    let (severity, slug) = match identity.verdict {
        Verdict::Broken => (Severity::High, "identity-broken"),
        Verdict::FallsBack => (Severity::High, "identity-falls-back"),
        Verdict::Unknown => (Severity::Info, "identity-unknown"),
        Verdict::Works | Verdict::None if !identity.drift.is_empty() => (Severity::Medium, "identity-drifted"),
        Verdict::Works | Verdict::None => return,
    };
    problems.push(Problem { severity, slug, subject: group.key.clone(), text: identity.why.clone() });
}
