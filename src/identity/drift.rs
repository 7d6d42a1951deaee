//! What is declared now against what a running pod carries (R112 to R117).

use jiff::Timestamp;

use crate::base::Name;
use crate::model::facts::pod::Container;

use super::injection::Declared;
use super::subject::Subject;

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
    /// The template of the owner sets identity variables that the pod has otherwise, or not any more (R113 j).
    pub rolling: bool,
}

/// Letters of rule R113, sorted. Nothing is claimed where what is declared was not read.
pub fn letters(situation: &Situation<'_>) -> Vec<char> {
    let Situation { declared, observed, skipped, by_hand, pod_created, rolling } = situation;
    let mut letters = Vec::new();
    if *rolling {
        letters.push('j');
    }
    if *skipped {
        if *observed != Observed::Nothing && !by_hand {
            letters.insert(0, 'i');
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
    letters.sort_unstable();
    letters
}

/// What a letter of R113 says.
pub fn meaning(letter: char) -> &'static str {
    match letter {
        'a' => "a role is declared and nothing was injected: the pod is older, or the webhook missed it; restart it",
        'b' => "the annotation names another role than the pod carries",
        'c' => "the pod carries a role that nothing declares any more",
        'd' => "an association exists, the pod carries web identity",
        'e' => "the pod asks the Pod Identity agent, and no association is declared any more",
        'f' => "the association is younger than the pod; restart it",
        'g' => "the association changed since the pod was made: its role reaches the pod at the next refresh",
        'h' => "the token has another audience than is declared",
        'i' => "the container is in the skip list and carries an injected identity",
        'j' => "the owner's template sets other identity variables: a rollout is on its way",
        _ => "",
    }
}

/// Variables by which a template chooses an identity.
const IDENTITY_VARIABLES: [&str; 4] =
    ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_ACCESS_KEY_ID"];

/// R113 j: what the owner's template sets now is not what the pod was made with.
pub(super) fn is_rolling(subject: &Subject<'_>, container: &Container) -> bool {
    let Some(current) = subject.current else { return false };
    let Some(now) = current.containers.iter().find(|it| it.name == container.name) else { return false };
    let set = |of: &Container, name: &str| of.env.iter().rfind(|it| it.name == name).map(|it| it.value.clone());
    let made = subject.template.and_then(|it| it.containers.iter().find(|it| it.name == container.name));
    IDENTITY_VARIABLES.iter().any(|name| {
        let wanted = set(now, name);
        match made {
            Some(made) => set(made, name) != wanted,
            None => wanted.is_some() && set(container, name) != wanted,
        }
    })
}
