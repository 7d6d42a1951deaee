//! What is asked: an action or an access level, and a resource, which may hold wildcards.

use crate::base::Name;
use crate::iam::catalogue::Level;

/// An action, or every action of an access level that the resource can be used with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Such as `s3:GetObject`.
    Action(Name),
    Level(Level),
}

/// Words for levels, the first of each as it is written back.
const LEVELS: [(Level, &[&str]); 5] = [
    (Level::List, &["list"]),
    (Level::Read, &["read"]),
    (Level::Write, &["write"]),
    (Level::Tagging, &["tag", "tagging"]),
    (Level::Permissions, &["permissions", "permissions-management"]),
];

impl What {
    /// Reads `s3:GetObject` or `write`. `None` for anything else; an action has no wildcards.
    pub fn parse(text: &str) -> Option<What> {
        if let Some((level, _)) = LEVELS.iter().find(|(_, words)| words.iter().any(|it| it.eq_ignore_ascii_case(text)))
        {
            return Some(What::Level(*level));
        }
        let plain = |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
        let (service, name) = text.split_once(':')?;
        (plain(service) && plain(name)).then(|| What::Action(text.into()))
    }

    /// As the command line takes it.
    pub fn word(&self) -> &str {
        match self {
            What::Action(action) => action,
            What::Level(level) => level_word(*level),
        }
    }

    /// The words for levels, in their order.
    pub fn levels() -> impl Iterator<Item = &'static str> {
        LEVELS.iter().map(|(_, words)| words[0])
    }
}

pub fn level_word(level: Level) -> &'static str {
    LEVELS.iter().find(|(it, _)| *it == level).map_or("", |(_, words)| words[0])
}

/// Who can do this on that?
///
/// A resource with `*` or `?` asks for *some* resource that fits it. A bucket, table or other container that is asked
/// about with an action of what is inside asks for something inside: AWS never sees that action on the container.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    pub what: What,
    /// An ARN, or `*` for an action on any resource or without one.
    pub resource: Name,
    /// Context keys that the user sets.
    pub given: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_actions_are_told_apart() {
        assert_eq!(What::parse("write"), Some(What::Level(Level::Write)));
        assert_eq!(What::parse("Tagging"), Some(What::Level(Level::Tagging)));
        assert_eq!(What::parse("s3:GetObject"), Some(What::Action("s3:GetObject".into())));
        for text in ["s3:Get*", "s3", "", "s3:", "a b:c", "writes"] {
            assert_eq!(What::parse(text), None, "{text}");
        }
        for word in What::levels() {
            assert_eq!(What::parse(word).expect(word).word(), word);
        }
    }
}
