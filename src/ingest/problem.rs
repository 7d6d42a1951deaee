//! What is wrong with an object, in the words of a [`Loss`]: place, what was found and what was expected.
//!
//! Only types and positions are named, never the text that stood there: it could be a secret.

use std::borrow::Cow;

use serde_json::error::Category;
use serde_path_to_error::Segment;

/// A flaw of one object, before it is known where the object stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// Inside the object, such as `spec.containers[0].name`.
    pub path: String,
    /// The path step by step, where the parser said it.
    pub steps: Vec<Step>,
    /// 1-based, counted from the beginning of the object; 0 when not known.
    pub line: u32,
    pub column: u32,
    pub found: String,
    pub expected: String,
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Member(String),
    Item(usize),
}

impl Problem {
    pub fn new(path: &str, found: impl Into<String>, expected: impl Into<String>) -> Problem {
        Problem { path: path.to_owned(), found: found.into(), expected: expected.into(), ..Problem::default() }
    }

    /// The same problem seen from around the part that has it; its line there is not known.
    pub fn inside(self, path: &str) -> Problem {
        let dot = if self.path.is_empty() { "" } else { "." };
        Problem { path: format!("{path}{dot}{}", self.path), steps: Vec::new(), line: 0, column: 0, ..self }
    }

    pub fn of_json(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
        let path = error.path().to_string();
        let steps = error.path().iter().filter_map(|segment| match segment {
            Segment::Map { key } => Some(Step::Member(key.clone())),
            Segment::Seq { index } => Some(Step::Item(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        let (found, expected) = words(error.inner());
        Problem {
            path: if path == "." { String::new() } else { path },
            steps: steps.collect(),
            line: u32::try_from(error.inner().line()).unwrap_or(u32::MAX),
            column: u32::try_from(error.inner().column()).unwrap_or(u32::MAX),
            found,
            expected,
        }
    }
}

/// What serde_json says, as (found, expected).
fn words(error: &serde_json::Error) -> (String, String) {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    match error.classify() {
        Category::Eof => ("the end of the file".to_owned(), "the rest of a value".to_owned()),
        Category::Io => ("unreadable data".to_owned(), String::new()),
        Category::Syntax => {
            if let Some(expected) = text.strip_prefix("expected ") {
                return ("something else".to_owned(), expected.to_owned());
            }
            let (found, expected) = match text {
                "control character (\\u0000-\\u001F) found while parsing a string" => {
                    ("a control character in a string", "`\"`, or the character escaped")
                }
                "invalid unicode code point" | "lone leading surrogate in hex escape" => {
                    ("bytes or an escape that are not Unicode text", "UTF-8")
                }
                "invalid escape" => ("an escape that JSON does not have", ""),
                "invalid number" | "number out of range" => ("a number that JSON does not have", ""),
                "key must be a string" => ("a member without a name in quotes", "a member name"),
                "trailing comma" => ("a comma with nothing behind it", "a value"),
                "recursion limit exceeded" => ("more than 128 levels of nesting", "an object"),
                other => (other, ""),
            };
            (found.to_owned(), expected.to_owned())
        }
        Category::Data => {
            let (found, expected) = match text.split_once(", expected ") {
                Some((found, expected)) => (found, expected),
                None => (text, ""),
            };
            let found = found.trim_start_matches("invalid type: ").trim_start_matches("invalid value: ");
            let expected = match expected {
                "i64" => "a whole number",
                other => other,
            };
            (kind_of(found).into_owned(), expected.to_owned())
        }
    }
}

/// `string "x"` becomes `a string`: the value stays out of messages.
fn kind_of(found: &str) -> Cow<'_, str> {
    let word = found.split([' ', '`']).next().unwrap_or(found);
    Cow::Borrowed(match word {
        "string" => "a string",
        "integer" => "a whole number",
        "floating" => "a number with a fraction",
        "boolean" => "a boolean",
        "null" => "null",
        "sequence" => "a list",
        "map" => "an object",
        _ => return Cow::Owned(found.chars().take(80).collect()),
    })
}

/// The kind of a JSON value by its first byte.
pub fn kind_of_byte(byte: u8) -> &'static str {
    match byte {
        b'{' => "an object",
        b'[' => "a list",
        b'"' => "a string",
        b't' | b'f' => "a boolean",
        b'n' => "null",
        b'-' | b'0'..=b'9' => "a number",
        b'<' => "HTML or XML",
        _ => "something that is not JSON",
    }
}
