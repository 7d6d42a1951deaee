//! What is dangerous about an action beyond its access level: a small overlay, kept by hand in `assets/risk.tsv`.
//!
//! The levels of the service reference say `Write` for `iam:CreateAccessKey` and for `kms:Decrypt`, and `Read` for a secret
//! and for a tag alike (iam-evaluation.md section 10).

use std::collections::HashMap;
use std::sync::OnceLock;

use rustc_hash::FxBuildHasher;

static OVERLAY: &str = include_str!("../../../assets/risk.tsv");

/// A way in which an action is dangerous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Returns credentials, tokens or secrets, or a way to sign in.
    CredentialExposure,
    /// Reads what a resource holds, not only how it is configured.
    DataRead,
    /// Loses data, or the trace of what happened.
    Destructive,
    /// A step of one of the ways to gain more than one has (iam-evaluation.md section 11).
    Escalation,
    /// Opens a resource to others.
    ResourceExposure,
}

impl Risk {
    pub const ALL: [Risk; 5] =
        [Risk::CredentialExposure, Risk::DataRead, Risk::Destructive, Risk::Escalation, Risk::ResourceExposure];

    /// The name in the overlay.
    pub fn name(self) -> &'static str {
        match self {
            Risk::CredentialExposure => "credential-exposure",
            Risk::DataRead => "data-read",
            Risk::Destructive => "destructive",
            Risk::Escalation => "escalation",
            Risk::ResourceExposure => "resource-exposure",
        }
    }
}

const PASSES_ROLE: &str = "passes-role";

#[derive(Default)]
struct Entry {
    risks: Vec<Risk>,
    passes_role: bool,
}

/// The lines of the overlay: class and full action name.
fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    OVERLAY.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'))
}

type ByName = HashMap<&'static str, Entry, FxBuildHasher>;

/// Prefix to lower-case name to entry.
fn overlay() -> &'static HashMap<&'static str, ByName, FxBuildHasher> {
    static LOWER: OnceLock<String> = OnceLock::new();
    static ENTRIES: OnceLock<HashMap<&'static str, ByName, FxBuildHasher>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let lower = LOWER.get_or_init(|| OVERLAY.to_ascii_lowercase());
        let mut all: HashMap<&'static str, ByName, FxBuildHasher> = HashMap::default();
        for line in lower.lines().filter(|line| !line.starts_with('#')) {
            let Some((class, (prefix, name))) =
                line.split_once('\t').and_then(|(class, it)| Some((class, it.split_once(':')?)))
            else {
                continue;
            };
            let entry = all.entry(prefix).or_default().entry(name).or_default();
            entry.passes_role |= class == PASSES_ROLE;
            entry.risks.extend(Risk::ALL.into_iter().find(|risk| risk.name() == class));
        }
        all
    })
}

fn entry(prefix: &str, lower_name: &str) -> Option<&'static Entry> {
    overlay().get(prefix)?.get(lower_name)
}

/// The risks of an action, prefix and name in lower case; most have none.
pub fn of(prefix: &str, lower_name: &str) -> &'static [Risk] {
    entry(prefix, lower_name).map_or(&[], |it| &it.risks)
}

pub(super) fn passes_role(prefix: &str, lower_name: &str) -> bool {
    entry(prefix, lower_name).is_some_and(|it| it.passes_role)
}

/// The full names of the actions with this risk, sorted without regard to case.
pub fn actions(risk: Risk) -> impl Iterator<Item = &'static str> {
    lines().filter(move |(class, _)| *class == risk.name()).map(|(_, action)| action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam::catalogue::Catalogue;

    #[test]
    fn every_action_of_the_overlay_exists_as_the_catalogue_writes_it() {
        let catalogue = Catalogue::bundled();
        for (class, action) in lines() {
            let known = catalogue.find(action).map(|id| catalogue.action(id).to_string());
            assert_eq!(known.as_deref(), Some(action), "{class}");
        }
    }

    #[test]
    fn the_overlay_is_sorted_and_every_class_is_known_and_used() {
        let all: Vec<(&str, String)> = lines().map(|(class, action)| (class, action.to_lowercase())).collect();
        assert!(all.is_sorted_by(|a, b| a < b), "sort assets/risk.tsv by class, then action");
        let names = Risk::ALL.map(Risk::name);
        assert!(all.iter().all(|(class, _)| names.contains(class) || *class == PASSES_ROLE));
        assert!(Risk::ALL.into_iter().all(|risk| actions(risk).count() > 10));
        assert_eq!(all.len(), OVERLAY.lines().filter(|line| !line.starts_with('#')).count());
    }

    #[test]
    fn a_dangerous_action_says_why() {
        assert_eq!(of("kms", "decrypt"), [Risk::CredentialExposure, Risk::DataRead]);
        assert_eq!(of("iam", "passrole"), [Risk::Escalation]);
        assert!(of("s3", "listallmybuckets").is_empty());
        assert!(passes_role("cloudformation", "createstack"));
        assert!(!passes_role("s3", "getobject"));
    }
}
