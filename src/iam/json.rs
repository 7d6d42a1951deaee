//! A small JSON reader that knows where every value stands, so that a viewer can point at a statement.
//!
//! Linear in the text, nesting bounded, numbers kept as written. It exists because serde_json gives no positions.

use std::borrow::Cow;

/// Deepest nesting that is read; the policy grammar itself needs six levels.
pub const MAX_DEPTH: usize = 64;
/// Longest text that is read, in bytes: far above every quota of iam-evaluation.md section 13.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// A byte range of the stored text, with the line (from 1) on which it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    pub start: u32,
    pub end: u32,
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node<'t> {
    pub span: Span,
    pub value: Value<'t>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value<'t> {
    Null,
    Bool(bool),
    /// The literal text: `10` and `10.0` stay different (rule P3).
    Number(&'t str),
    Text(Cow<'t, str>),
    List(Vec<Node<'t>>),
    /// Members in written order, repeated names included.
    Map(Vec<Member<'t>>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Member<'t> {
    pub key: Cow<'t, str>,
    pub key_span: Span,
    pub node: Node<'t>,
}

/// Where and why the text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub at: usize,
    pub line: u32,
    pub found: String,
    pub expected: &'static str,
}

impl Value<'_> {
    /// What a message calls a value of this kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "an array",
            Value::Map(_) => "an object",
        }
    }
}

/// Reads one JSON value and nothing after it.
///
/// # Errors
/// The first place where the text stops being JSON, or passes [`MAX_DEPTH`] or [`MAX_BYTES`].
pub fn read(text: &str) -> Result<Node<'_>, Fault> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, line: 1 };
    if text.len() > MAX_BYTES {
        return Err(Fault { at: 0, line: 1, found: format!("{} bytes", text.len()), expected: "at most 8 MiB" });
    }
    let node = reader.value(0)?;
    reader.space();
    match reader.bytes.get(reader.at) {
        None => Ok(node),
        Some(_) => Err(reader.fault("the end of the text")),
    }
}

/// Column (from 1, in characters) of a byte offset in the text.
pub fn column(text: &str, at: usize) -> u32 {
    let at = floor_boundary(text, at);
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    u32::try_from(text[start..at].chars().count()).unwrap_or(u32::MAX - 1) + 1
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    line: u32,
}

impl<'t> Reader<'t> {
    fn space(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' => {}
                b'\n' => self.line += 1,
                _ => return,
            }
            self.at += 1;
        }
    }

    fn fault(&self, expected: &'static str) -> Fault {
        let found = match self.text.get(floor_boundary(self.text, self.at)..).and_then(|rest| rest.chars().next()) {
            None => "the end of the text".to_owned(),
            Some(character) => format!("`{}`", crate::base::text::clean(character.encode_utf8(&mut [0; 4]))),
        };
        Fault { at: self.at, line: self.line, found, expected }
    }

    fn span(&self, start: usize, line: u32) -> Span {
        // MAX_BYTES keeps offsets far below u32::MAX.
        let short = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span { start: short(start), end: short(self.at), line }
    }

    fn value(&mut self, depth: usize) -> Result<Node<'t>, Fault> {
        self.space();
        if depth > MAX_DEPTH {
            return Err(Fault {
                at: self.at,
                line: self.line,
                found: "deeper nesting".to_owned(),
                expected: "at most 64 levels",
            });
        }
        let (start, line) = (self.at, self.line);
        let value = match self.bytes.get(self.at) {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => return Err(self.fault("a JSON value")),
        };
        Ok(Node { span: self.span(start, line), value })
    }

    fn word(&mut self, word: &'static str, value: Value<'t>) -> Result<Value<'t>, Fault> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.fault("a JSON value"))
        }
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if start == self.at { Err(self.fault("a digit")) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Value<'t>, Fault> {
        let start = self.at;
        if self.bytes[self.at] == b'-' {
            self.at += 1;
        }
        self.digits()?;
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Value::Number(&self.text[start..self.at]))
    }

    fn list(&mut self, depth: usize) -> Result<Value<'t>, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take(b']') {
                return Ok(Value::List(items));
            }
            if !self.take(b',') {
                return Err(self.fault("`,` or `]`"));
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value<'t>, Fault> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(Value::Map(members));
        }
        loop {
            self.space();
            if self.bytes.get(self.at) != Some(&b'"') {
                return Err(self.fault("a member name in quotes"));
            }
            let (start, line) = (self.at, self.line);
            let key = self.string()?;
            let key_span = self.span(start, line);
            self.space();
            if !self.take(b':') {
                return Err(self.fault("`:`"));
            }
            let node = self.value(depth + 1)?;
            members.push(Member { key, key_span, node });
            self.space();
            if self.take(b'}') {
                return Ok(Value::Map(members));
            }
            if !self.take(b',') {
                return Err(self.fault("`,` or `}`"));
            }
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.bytes.get(self.at) == Some(&byte);
        if there {
            self.at += 1;
        }
        there
    }

    fn string(&mut self) -> Result<Cow<'t, str>, Fault> {
        self.at += 1;
        let start = self.at;
        let mut owned: Option<String> = None;
        let mut run = start;
        loop {
            match self.bytes.get(self.at) {
                None => return Err(self.fault("the end of the string, `\"`")),
                Some(b'"') => {
                    let tail = &self.text[run..self.at];
                    self.at += 1;
                    return Ok(match owned {
                        None => Cow::Borrowed(tail),
                        Some(mut text) => {
                            text.push_str(tail);
                            Cow::Owned(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_default();
                    text.push_str(&self.text[run..self.at]);
                    self.at += 1;
                    let character = self.escape()?;
                    owned.get_or_insert_default().push(character);
                    run = self.at;
                }
                // A raw line break inside a string is no JSON, but hand-made dumps hold it and its meaning is clear.
                Some(b'\n') => {
                    self.line += 1;
                    self.at += 1;
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let character = match self.bytes.get(self.at) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.fault("an escape such as `\\n` or `\\u0041`")),
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode(&mut self) -> Result<char, Fault> {
        let high = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&high) {
            if !(self.take(b'\\') && self.take(b'u')) {
                return Err(self.fault("the second half of a surrogate pair"));
            }
            let low = self.hex()?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(self.fault("the second half of a surrogate pair"));
            }
            0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| self.fault("a Unicode character"))
    }

    fn hex(&mut self) -> Result<u32, Fault> {
        let digits = self.bytes.get(self.at..self.at + 4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let Some(digits) = digits else {
            return Err(self.fault("four hexadecimal digits"));
        };
        let code = digits.iter().fold(0, |code, digit| code * 16 + char::from(*digit).to_digit(16).unwrap_or(0));
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_where_they_stand() {
        let text = "{\r\n  \"a\": [1.0, \"x\\u00e9\\ud83d\\ude00\"]\n}";
        let node = read(text).expect("is JSON");
        let Value::Map(members) = &node.value else { panic!("an object") };
        assert_eq!(members[0].key_span.line, 2);
        let Value::List(items) = &members[0].node.value else { panic!("an array") };
        assert_eq!(items[0].value, Value::Number("1.0"));
        assert_eq!(items[1].value, Value::Text("xé😀".into()));
        let span = items[1].span;
        assert_eq!(&text[span.start as usize..span.end as usize], "\"x\\u00e9\\ud83d\\ude00\"");
    }

    #[test]
    fn a_fault_names_line_and_expectation() {
        let fault = read("{\n \"a\": }").expect_err("is no JSON");
        assert_eq!((fault.line, fault.expected, fault.found.as_str()), (2, "a JSON value", "`}`"));
        assert_eq!(column("{\n \"a\": }", fault.at), 7);
        assert_eq!(read("{} x").expect_err("is no JSON").expected, "the end of the text");
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = "[".repeat(100_000);
        assert_eq!(read(&deep).expect_err("is too deep").expected, "at most 64 levels");
    }
}
