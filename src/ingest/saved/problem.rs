//! Why a saved snapshot cannot be read: the file, the place in it, what was found and what was expected.

use std::fmt;

use super::pack::Bad;

/// What is wrong with a file that should be a saved snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Such as `byte 24 (header)`; empty for the file as a whole.
    pub place: String,
    pub found: String,
    pub expected: String,
}

impl Damage {
    pub fn new(place: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> Damage {
        Damage { place: place.into(), found: found.into(), expected: expected.into() }
    }

    /// A value of a frame that does not read back.
    pub fn inside(frame: &str, bad: Bad) -> Damage {
        Damage::new(format!("{frame}, byte {} unpacked", bad.at), bad.found, bad.expected)
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "found {}, expected {}", self.found, self.expected)
    }
}

impl std::error::Error for Damage {}
