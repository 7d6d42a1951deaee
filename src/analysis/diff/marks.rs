//! Findings and powers over Kubernetes: new, gone, remaining.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::Name;
use crate::model::{EntityKey, SourceId};

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
    /// What judged it: the rule, or the cluster that the power is in. See [`Marks::blind`].
    pub judge: Name,
    /// Tells it from others of its subject, such as `trust-open-to-cluster`.
    pub name: Name,
    pub subject: EntityKey,
    /// Severity, such as `HIGH`; empty where there is none.
    pub severity: &'static str,
    /// One sentence.
    pub text: String,
    /// It was evaluated on what was read whole. One that is not neither appears nor vanishes.
    pub certain: bool,
}

/// Everything of the kind that one side has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    pub all: Vec<Mark>,
    /// Judges that could not look everywhere, with what they lacked: what they do not say here may hold all the same.
    pub blind: BTreeMap<(MarkKind, Name), BTreeSet<SourceId>>,
}

impl Marks {
    fn index(&self) -> BTreeMap<(MarkKind, &Name, &EntityKey), &Mark> {
        let mut index = BTreeMap::new();
        for mark in &self.all {
            index.entry((mark.kind, &mark.name, &mark.subject)).or_insert(mark);
        }
        index
    }

    /// Whether a mark that is not here could have been seen here, as far as `other` saw it.
    fn could_see(&self, mark: &Mark, other: &Marks) -> bool {
        let judge = (mark.kind, mark.judge.clone());
        let (Some(lacked), there) = (self.blind.get(&judge), other.blind.get(&judge)) else { return true };
        lacked.iter().all(|source| there.is_some_and(|there| there.contains(source)))
    }
}

/// Pushes what is new and fixed; what a side could not have seen is not comparable. Returns how many findings remain. A
/// mark is met again by kind, name and subject; how often it stands there does not count.
pub(super) fn compare(before: &Marks, after: &Marks, common: &Common<'_>, found: &mut Found) -> usize {
    let (old, new) = (before.index(), after.index());
    let comparable = |mark: &Mark| mark.certain && common.has(&mark.subject);
    for (key, mark) in new.iter().filter(|(_, mark)| comparable(mark)) {
        let unseen = old.get(key).is_some_and(|it| !it.certain) || !before.could_see(mark, after);
        match old.get(key) {
            Some(earlier) if earlier.certain => {
                if earlier.severity != mark.severity {
                    found.changes.push(graver(earlier, mark));
                }
            }
            _ if unseen => {
                found.unread(mark.subject.clone(), format!("{} may have held already: less was read before", mark.name))
            }
            _ => found.changes.push(change(mark, Sign::Appeared)),
        }
    }
    for (key, mark) in old.iter().filter(|(_, mark)| comparable(mark)) {
        match new.get(key) {
            Some(later) if later.certain => {}
            None if after.could_see(mark, before) => found.changes.push(change(mark, Sign::Vanished)),
            _ => found.unread(mark.subject.clone(), format!("{} may still hold: less was read after", mark.name)),
        }
    }
    let remains = |(key, mark): &(&(MarkKind, &Name, &EntityKey), &&Mark)| {
        mark.kind == MarkKind::Finding && mark.certain && old.get(*key).is_some_and(|it| it.certain)
    };
    new.iter().filter(remains).count()
}

/// The same finding with another severity.
fn graver(earlier: &Mark, mark: &Mark) -> Change {
    let text = format!("{} is {} now, was {}: {}", mark.name, mark.severity, earlier.severity, mark.text);
    Change {
        topic: Topic::Finding,
        sign: Sign::Changed,
        subject: mark.subject.clone(),
        text,
        gained: Vec::new(),
        lost: Vec::new(),
        certain: true,
        documents: Vec::new(),
    }
}

fn change(mark: &Mark, sign: Sign) -> Change {
    let line = match mark.kind {
        MarkKind::Finding => vec![format!("{} {}: {}", mark.severity, mark.name, mark.text)],
        MarkKind::Rbac => vec![mark.text.clone()],
    };
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
