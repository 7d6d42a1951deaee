//! Text with meaning: what the screens show, before anybody decides about cells and colours.

use crate::base::{Name, text};
use crate::estate::Severity;
use crate::model::EntityKey;
use crate::rbac::Power;

/// What a piece of text means. Themes turn it into a style.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    Plain,
    /// Labels and what is beside the point.
    Dim,
    /// Headings.
    Strong,
    Severity(Severity),
    /// It works.
    Good,
    /// It does not.
    Bad,
    /// It was not read.
    Unknown,
}

/// A text of one tone. Always free of what a terminal would obey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub tone: Tone,
}

/// A line of a pane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub pieces: Vec<Piece>,
    /// The selection can stand on lines that lead somewhere.
    pub target: Option<Target>,
}

/// What a line leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    Thing(EntityKey),
    /// A service in the access column of a role.
    Service(EntityKey, Name),
    /// A document of a role, by its position.
    Document(EntityKey, usize),
    /// A place in the stored text of a thing, as evidence names it.
    Place(EntityKey, String),
    /// What somebody may do in Kubernetes: one power, or everything.
    Rights(EntityKey, Option<Power>),
    /// A command of the table, by its position.
    Command(usize),
}

impl Target {
    /// The thing to speak of: for services and documents the role that has them.
    pub fn key(&self) -> Option<&EntityKey> {
        match self {
            Target::Thing(key)
            | Target::Service(key, _)
            | Target::Document(key, _)
            | Target::Place(key, _)
            | Target::Rights(key, _) => Some(key),
            Target::Command(_) => None,
        }
    }
}

impl Line {
    pub fn plain(text: impl AsRef<str>) -> Line {
        Line::default().with(text, Tone::Plain)
    }

    pub fn dim(text: impl AsRef<str>) -> Line {
        Line::default().with(text, Tone::Dim)
    }

    pub fn strong(text: impl AsRef<str>) -> Line {
        Line::default().with(text, Tone::Strong)
    }

    /// A dim label in a column of its own, and a text.
    pub fn label(label: &str, width: usize, text: impl AsRef<str>) -> Line {
        Line::default().with(format!("{label:<width$}  "), Tone::Dim).with(text, Tone::Plain)
    }

    /// Adds a piece; foreign text becomes harmless here.
    #[must_use]
    pub fn with(mut self, text: impl AsRef<str>, tone: Tone) -> Line {
        self.pieces.push(Piece { text: text::clean(text.as_ref()).into_owned(), tone });
        self
    }

    #[must_use]
    pub fn to(mut self, target: Target) -> Line {
        self.target = Some(target);
        self
    }

    /// The text without tones.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }
}
