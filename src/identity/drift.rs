//! What is declared now against what a running pod carries (R112 to R117).

use jiff::Timestamp;

use crate::base::Name;

use super::injection::Declared;

/// What a running container carries of an injected identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed<'a> {
    Nothing,
    WebIdentity { role: Option<&'a Name>, audience: Option<&'a Name> },
    Agent,
}

/// Facts of one container that drift is judged by.
pub struct Situation<'a> {
    pub declared: &'a Declared,
    pub observed: Observed<'a>,
    /// The container is left out by the pod's own skip list or label.
    pub skipped: bool,
    /// The pod's template sets the variables itself: that is no drift.
    pub by_hand: bool,
    pub pod_created: Option<Timestamp>,
}

/// Letters of rule R113, sorted. Nothing is claimed where what is declared was not read.
pub fn letters(situation: &Situation<'_>) -> Vec<char> {
    let Situation { declared, observed, skipped, by_hand, pod_created } = situation;
    let mut letters = Vec::new();
    if *skipped {
        if *observed != Observed::Nothing && !by_hand {
            letters.push('i');
        }
        return letters;
    }
    match (declared, observed) {
        (Declared::Unknown(_) | Declared::Elsewhere(_), _) => {}
        (Declared::Irsa { .. }, Observed::Nothing) => letters.push('a'),
        (Declared::Irsa { role, audience }, Observed::WebIdentity { role: seen, audience: token }) => {
            if !by_hand && seen.is_some_and(|seen| seen != role) {
                letters.push('b');
            }
            if token.is_some_and(|token| token != audience) {
                letters.push('h');
            }
        }
        (Declared::Nothing, Observed::WebIdentity { .. }) if !by_hand => letters.push('c'),
        (Declared::PodIdentity(_), Observed::WebIdentity { .. }) => letters.push('d'),
        (Declared::Irsa { .. } | Declared::Nothing, Observed::Agent) if !by_hand => letters.push('e'),
        (Declared::PodIdentity(_), Observed::Nothing) => letters.push('f'),
        (Declared::PodIdentity(association), Observed::Agent) => {
            let changed = association.details.as_ref().is_some_and(|details| {
                let modified = details.modified.filter(|modified| details.created.is_some_and(|it| *modified > it));
                modified.zip(*pod_created).is_some_and(|(modified, created)| modified > created)
            });
            if changed {
                letters.push('g');
            }
        }
        _ => {}
    }
    letters
}
