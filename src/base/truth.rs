//! Three answers, not two: what was not read is never "no".

use std::ops::Not;

/// Kleene's three-valued logic (identity.md section 0, iam-evaluation.md rule T1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Truth {
    /// It does not hold, whatever else turns out.
    No,
    /// What would settle it was not read, or is not known before the request is made.
    #[default]
    Unknown,
    /// It holds, whatever else turns out.
    Yes,
}

impl Truth {
    /// No if either is no, else unknown if either is unknown.
    pub fn and(self, other: Truth) -> Truth {
        self.min(other)
    }

    /// Yes if either is yes, else unknown if either is unknown.
    pub fn or(self, other: Truth) -> Truth {
        self.max(other)
    }

    pub fn is_yes(self) -> bool {
        self == Truth::Yes
    }

    pub fn is_no(self) -> bool {
        self == Truth::No
    }

    pub fn is_unknown(self) -> bool {
        self == Truth::Unknown
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Truth {
        if value { Truth::Yes } else { Truth::No }
    }
}

impl Not for Truth {
    type Output = Truth;

    fn not(self) -> Truth {
        match self {
            Truth::No => Truth::Yes,
            Truth::Unknown => Truth::Unknown,
            Truth::Yes => Truth::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, No, Unknown, Yes};

    const ALL: [Truth; 3] = [No, Unknown, Yes];

    #[test]
    fn unknown_is_decided_only_by_the_value_that_decides_alone() {
        assert_eq!(Unknown.and(No), No);
        assert_eq!(Unknown.and(Yes), Unknown);
        assert_eq!(Unknown.or(Yes), Yes);
        assert_eq!(Unknown.or(No), Unknown);
        assert_eq!(!Unknown, Unknown);
    }

    #[test]
    fn and_and_or_are_each_others_mirror() {
        for a in ALL {
            for b in ALL {
                assert_eq!(!(a.and(b)), (!a).or(!b));
            }
        }
    }
}
