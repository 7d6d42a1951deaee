//! Policy documents: an object, JSON text, or percent-encoded JSON text (P1), kept as text.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::base::Name;
use crate::model::facts::iam::PolicyText;

/// A document as it came.
#[derive(Clone, Copy, Default)]
pub enum Document<'de> {
    /// Not there, or null.
    #[default]
    Absent,
    /// As it stands in a file: an object, or text.
    Stored(&'de RawValue),
    /// As a service sent it.
    Text(&'de str),
}

impl<'de> Deserialize<'de> for Document<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Document<'de>, D::Error> {
        <&RawValue>::deserialize(deserializer).map(Document::Stored)
    }
}

impl Document<'_> {
    pub fn text(self) -> Option<PolicyText> {
        match self {
            Document::Absent => None,
            Document::Stored(raw) => Some(Name::new(&decoded(raw.get()))),
            Document::Text(text) => Some(Name::new(&plain(text))),
        }
    }
}

/// The document itself.
fn decoded(raw: &str) -> Cow<'_, str> {
    if !raw.starts_with('"') {
        return to_margin(raw);
    }
    // A RawValue has been read as JSON before; should it not be text after all, it is kept as it stands.
    let Ok(text) = serde_json::from_str::<String>(raw) else { return Cow::Borrowed(raw) };
    Cow::Owned(plain(&text).into_owned())
}

/// Encoding is undone once; `+` is a plus, not a space.
fn plain(text: &str) -> Cow<'_, str> {
    let body = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    // Hand-made dumps sometimes leave the brackets as they are.
    if (body.starts_with('%') || body.starts_with("{%22"))
        && let Ok(plain) = percent_decode_str(body).decode_utf8()
    {
        return Cow::Owned(plain.into_owned());
    }
    Cow::Borrowed(body)
}

/// Takes the indentation off that an object has because of where it stands in its file: that of its closing bracket.
/// A line break is never part of a JSON string, so nothing else is touched; equal documents get equal texts.
fn to_margin(raw: &str) -> Cow<'_, str> {
    let Some((first, rest)) = raw.split_once('\n') else { return Cow::Borrowed(raw) };
    let indentation = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let surplus = rest.lines().last().map_or(0, indentation);
    if surplus == 0 {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    text.push_str(first);
    for line in rest.lines() {
        text.push('\n');
        text.push_str(&line[surplus.min(indentation(line))..]);
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_becomes_the_same_text() {
        let plain = r#"{"Statement":[]}"#;
        assert_eq!(decoded(plain), plain);
        assert_eq!(decoded(r#""{\"Statement\":[]}""#), plain);
        assert_eq!(decoded(r#""%7B%22Statement%22%3A%5B%5D%7D""#), plain);
        assert_eq!(decoded(r#""%7B%22a%22%3A%22b+c%252B%22%7D""#), r#"{"a":"b+c%2B"}"#);
        assert_eq!(decoded("\"\u{feff}{}\""), "{}");
    }

    #[test]
    fn the_indentation_of_the_file_is_taken_off() {
        let stored = "{\n            \"Version\": \"2012-10-17\",\n            \"Statement\": []\n        }";
        assert_eq!(decoded(stored), "{\n    \"Version\": \"2012-10-17\",\n    \"Statement\": []\n}");
        assert_eq!(decoded("{\n}"), "{\n}");
    }
}
