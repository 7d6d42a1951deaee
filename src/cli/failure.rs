//! Why a command gave no answer, and the exit code that says so (documented in the help of the program).

use std::io;
use std::process::ExitCode;

use crate::base::text::clean;

/// The kind fixes the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The condition that was asked for does not hold.
    Condition,
    /// A flag, an address, a query, or no terminal.
    Usage,
    /// The single verdict is unknown, or `--strict` and something was not read.
    Unknown,
    /// Nothing could be read.
    Unreadable,
    /// A mistake of this program.
    Bug,
    /// The reader of the pipe is gone.
    Pipe,
}

impl Kind {
    pub fn code(self) -> u8 {
        match self {
            Kind::Condition => 1,
            Kind::Usage => 2,
            Kind::Unknown => 3,
            Kind::Unreadable => 4,
            Kind::Bug => 5,
            Kind::Pipe => 141,
        }
    }
}

/// An error with what to do about it.
#[derive(Debug)]
pub struct Failure {
    pub kind: Kind,
    /// Lower case, no final period; empty when there is nothing to say.
    pub message: String,
    pub hints: Vec<String>,
}

impl Failure {
    pub fn new(kind: Kind, message: impl Into<String>) -> Failure {
        Failure { kind, message: message.into(), hints: Vec::new() }
    }

    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Kind::Usage, message)
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hints.push(hint.into());
        self
    }

    /// Writes the message to stderr and gives the exit code.
    pub fn report(&self) -> ExitCode {
        if !self.message.is_empty() {
            note(&format!("error: {}", self.message));
            for hint in &self.hints {
                note(&format!("hint: {hint}"));
            }
        }
        ExitCode::from(self.kind.code())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::new(Kind::Pipe, "");
        }
        Failure::new(Kind::Unreadable, format!("cannot write the answer: {error}"))
    }
}

/// Says something beside the answer, cleaned of what a terminal would obey.
pub fn note(text: &str) {
    use io::Write;
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(io::stderr().lock(), "{}", clean(text));
}
