//! How surely a right is held: at once, or under condition keys that are not known before the request.

use crate::base::{Name, Truth};

/// A right that is certain, or hangs on something.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Held {
    /// It hangs on `keys`, or on something that could not be read.
    pub open: bool,
    /// Lower case, sorted.
    pub keys: Vec<Name>,
}

impl Held {
    pub fn surely() -> Held {
        Held::default()
    }

    /// Perhaps, for a reason that is no condition key.
    pub fn perhaps() -> Held {
        Held { open: true, keys: Vec::new() }
    }

    /// The right that goes with a truth; none for no.
    pub fn from(truth: Truth) -> Option<Held> {
        match truth {
            Truth::No => None,
            Truth::Unknown => Some(Held::perhaps()),
            Truth::Yes => Some(Held::surely()),
        }
    }

    pub fn on(keys: impl IntoIterator<Item = Name>) -> Held {
        let mut keys: Vec<Name> = keys.into_iter().collect();
        keys.sort_unstable();
        keys.dedup();
        Held { open: true, keys }
    }

    /// Both are needed.
    pub fn and(&self, other: &Held) -> Held {
        if !other.open && other.keys.is_empty() {
            return self.clone();
        }
        let mut both = Held::on(self.keys.iter().chain(&other.keys).cloned());
        both.open = self.open || other.open;
        both
    }

    /// The surer of two ways to the same right, and of equals the one of fewer keys.
    pub fn best(ways: impl IntoIterator<Item = Held>) -> Option<Held> {
        ways.into_iter().min_by(|a, b| (a.open, a.keys.len()).cmp(&(b.open, b.keys.len())).then_with(|| a.cmp(b)))
    }
}
