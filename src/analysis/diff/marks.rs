//! Findings and other marks: new, fixed, remaining.

use std::collections::BTreeMap;

use crate::model::EntityKey;

use super::{Change, Common, Found, Sign, Topic};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    Finding,
    Rbac,
}

/// Something that an estate has or has not, under a name that stays: a finding of a rule, a power of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub kind: MarkKind,
    /// Rule or power, such as `identity-broken`.
    pub name: &'static str,
    pub subject: EntityKey,
    /// Severity, such as `HIGH`; empty where there is none.
    pub severity: &'static str,
    /// One sentence.
    pub text: String,
    /// It was evaluated on what was read whole. A mark that is not and is missing on one side may merely be unread there.
    pub certain: bool,
}

/// Pushes what is new and fixed; what a side that read less does not have may merely not have been seen there. Returns how many remain. A mark is met again by kind, name and subject; how often it
/// stands there does not count.
pub(super) fn compare(before: &[Mark], after: &[Mark], common: &Common<'_>, found: &mut Found) -> usize {
    let index = |marks: &'_ [Mark]| -> BTreeMap<(MarkKind, &'static str, EntityKey), usize> {
        let mut index = BTreeMap::new();
        for (at, mark) in marks.iter().enumerate() {
            index.entry((mark.kind, mark.name, mark.subject.clone())).or_insert(at);
        }
        index
    };
    let (old, new) = (index(before), index(after));
    for (key, at) in &new {
        if !old.contains_key(key) {
            if common.blind_before {
                found.unread(key.2.clone(), format!("{} may have been there already: less was read before", key.1));
            } else {
                found.changes.push(change(&after[*at], Sign::Appeared));
            }
        }
    }
    for (key, at) in &old {
        if !new.contains_key(key) {
            if common.blind_after {
                found.unread(key.2.clone(), format!("{} may still be there: less was read after", key.1));
            } else {
                found.changes.push(change(&before[*at], Sign::Vanished));
            }
        }
    }
    new.keys().filter(|key| old.contains_key(key)).count()
}

fn change(mark: &Mark, sign: Sign) -> Change {
    let line = vec![format!("{} {}: {}", mark.severity, mark.name, mark.text).trim_start().to_owned()];
    // A power over Kubernetes is access; a finding tells of access that other changes list, so it weighs nothing itself.
    let (topic, is_access) = match mark.kind {
        MarkKind::Finding => (Topic::Finding, false),
        MarkKind::Rbac => (Topic::Rbac, true),
    };
    let text = match sign {
        Sign::Vanished if !is_access => format!("fixed: {}", line[0]),
        Sign::Appeared if !is_access => format!("new: {}", line[0]),
        _ => line[0].clone(),
    };
    let (gained, lost) = match (is_access, sign) {
        (true, Sign::Appeared) => (line, Vec::new()),
        (true, _) => (Vec::new(), line),
        (false, _) => (Vec::new(), Vec::new()),
    };
    let (subject, certain) = (mark.subject.clone(), mark.certain);
    Change { topic, sign, subject, text, gained, lost, certain, documents: Vec::new() }
}
