//! One finding: what is wrong with which thing, what shows it, what follows, what to do.

use sha2::{Digest, Sha256};

use crate::base::Name;
use crate::identity::Evidence;
use crate::model::EntityKey;

use super::acceptance::Acceptance;
use super::rule::Rule;
use super::severity::Severity;

/// What a rule found.
#[derive(Clone, Debug)]
pub struct Finding {
    pub rule: &'static Rule,
    pub severity: Severity,
    pub subject: EntityKey,
    /// Other things concerned, sorted.
    pub also: Vec<EntityKey>,
    /// One sentence, lower case, no final period.
    pub message: String,
    /// What was seen, in the order of the argument.
    pub evidence: Vec<Evidence>,
    /// What follows, one sentence.
    pub impact: String,
    /// Ways to mend it, each whole, with the names of this estate filled in.
    pub fix: Vec<Fix>,
    /// Stays the same over collections as long as the same thing is wrong in the same place.
    pub fingerprint: String,
    /// The workload that people know it by.
    pub owner: Option<EntityKey>,
    /// False: the verdict under it is unknown, and the severity is `info` (guard G3).
    pub certain: bool,
    /// Its subject belongs to AWS, EKS or Kubernetes itself (guard G2).
    pub platform: bool,
    /// Somebody accepted it, with a reason, and that has not run out.
    pub accepted: Option<Acceptance>,
    /// How something is gained, for the rule about escalation.
    pub technique: Option<TechniqueUse>,
}

/// A technique of iam-evaluation.md section 11, as somebody can use it (protocols.md section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TechniqueUse {
    pub number: u8,
    /// Ids in the catalogue of pathfinding.cloud.
    pub pathfinding: &'static [&'static str],
    /// The actions, in the order of the attack.
    pub steps: Vec<&'static str>,
    /// Address of what is gained, or words where it has none.
    pub gains: String,
    /// What must exist and is in no input.
    pub needs: Vec<Name>,
}

/// A change that would make the finding go away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fix {
    pub tool: Tool,
    /// Commands or text, ready to be copied.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    Kubectl,
    Aws,
    Terraform,
    Eksctl,
    Helm,
    /// What no command does, in words.
    Hand,
}

impl Tool {
    pub fn word(self) -> &'static str {
        match self {
            Tool::Kubectl => "kubectl",
            Tool::Aws => "aws",
            Tool::Terraform => "terraform",
            Tool::Eksctl => "eksctl",
            Tool::Helm => "helm",
            Tool::Hand => "hand",
        }
    }
}

/// The first 16 hex digits of SHA-256 over id, subject and each evidence's object and path, newline-separated
/// (protocols.md section 4). Values are left out, so that a changed value is still the same finding.
pub fn fingerprint(id: &str, subject: &EntityKey, evidence: &[Evidence]) -> String {
    let mut hash = Sha256::new();
    hash.update(id);
    hash.update("\n");
    hash.update(subject.to_string());
    for it in evidence {
        hash.update("\n");
        hash.update(it.object.to_string());
        hash.update("\n");
        hash.update(&it.path);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_of_id_subject_objects_and_paths() {
        let role = EntityKey::parse("role/111122223333:api").expect("an address");
        let evidence =
            |value: &str| Evidence { object: role.clone(), path: "Statement[0].Condition".into(), value: value.into() };
        let print = fingerprint("TRUST-001", &role, &[evidence("a")]);
        assert_eq!(print, fingerprint("TRUST-001", &role, &[evidence("b")]), "values do not count");
        // printf 'TRUST-001\nrole/111122223333:api\nrole/111122223333:api\nStatement[0].Condition' | sha256sum
        assert_eq!(print, "703ad8b92c617413");
        assert_ne!(print, fingerprint("TRUST-001", &role, &[]));
    }
}
