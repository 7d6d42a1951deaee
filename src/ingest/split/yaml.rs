//! Kubernetes lists and objects in YAML, as `kubectl get -o yaml` prints them, read item by item.
//!
//! Lists are cut at the lines where their items begin: in block style everything inside an item is indented further
//! than its dash. Each item is then brought into JSON and read like any other, so that YAML has no rules of its own.

use std::fmt;
use std::io::{self, BufRead};

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess};
use serde_json::Value;
use serde_saphyr::options::DuplicateKeyPolicy;

use super::{LIMIT, Place};
use crate::ingest::problem::{Problem, Step};

/// A piece of a YAML stream.
#[derive(Debug)]
pub struct Piece {
    pub text: Vec<u8>,
    pub place: Place,
    /// Position in the list, or in the stream for a document that is no list.
    pub index: u32,
    pub part: Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// An element of a list; the dash in front of it is part of the text.
    Item,
    /// A document without a list.
    Document,
    /// What a document held besides its list.
    Around,
    /// Longer than [`LIMIT`]; its text is left out.
    TooLong,
}

/// Cuts a stream of YAML documents into pieces.
pub struct Pieces<R> {
    input: R,
    offset: u64,
    line: u32,
    /// A line that was read and belongs to the next piece.
    pending: Option<Vec<u8>>,
    around: Vec<u8>,
    around_place: Place,
    /// Indentation of the dashes of the list that is being read.
    list: Option<usize>,
    listed: bool,
    index: u32,
    documents: u32,
    ended: bool,
}

/// What a line means at the place where it stands.
enum Line {
    Separator,
    ListKey,
    Dash(usize),
    Other,
}

impl<R: BufRead> Pieces<R> {
    pub fn new(input: R) -> Pieces<R> {
        let start = Place { offset: 0, line: 1, column: 1 };
        Pieces {
            input,
            offset: 0,
            line: 0,
            pending: None,
            around: Vec::new(),
            around_place: start,
            list: None,
            listed: false,
            index: 0,
            documents: 0,
            ended: false,
        }
    }

    /// The next line with its break; `None` at the end. `offset` and `line` are then those of this line.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if let Some(line) = self.pending.take() {
            return Ok(Some(line));
        }
        let mut line = Vec::new();
        io::Read::take(&mut self.input, LIMIT as u64 + 1).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        self.line = self.line.saturating_add(1);
        self.offset += line.len() as u64;
        Ok(Some(line))
    }

    /// Where the line that was read last begins.
    fn place(&self, line: &[u8]) -> Place {
        Place { offset: self.offset - line.len() as u64, line: self.line, column: 1 }
    }

    fn judge(&self, line: &[u8]) -> Line {
        let text = line.trim_ascii_end();
        if text == b"---" || text == b"..." || text.starts_with(b"--- ") {
            return Line::Separator;
        }
        let indentation = text.iter().take_while(|byte| **byte == b' ').count();
        let body = &text[indentation..];
        let dash = body == b"-" || body.starts_with(b"- ");
        match self.list {
            Some(at) if dash && indentation == at => return Line::Dash(indentation),
            Some(_) => {}
            // Directly behind `items:`, or at the very top of a document.
            None if dash && (self.listed && self.around.ends_with(b"items:\n") || self.around.is_empty()) => {
                return Line::Dash(indentation);
            }
            None => {}
        }
        if !self.listed && (text == b"items:" || text.starts_with(b"items: #")) {
            return Line::ListKey;
        }
        Line::Other
    }

    /// The next piece, in file order; what stands around a list comes when its document ends.
    pub fn piece(&mut self) -> io::Result<Option<Piece>> {
        if self.ended {
            return Ok(None);
        }
        loop {
            let Some(line) = self.line()? else {
                self.ended = true;
                return Ok(self.document());
            };
            match self.judge(&line) {
                Line::Separator => {
                    let document = self.document();
                    // What follows on the line of the dashes is the document's first.
                    let rest = line.strip_prefix(b"--- ").unwrap_or(b"\n");
                    self.around_place = self.place(&line);
                    if !rest.trim_ascii().is_empty() {
                        self.around.extend_from_slice(b"    ");
                        self.around.extend_from_slice(rest);
                    } else {
                        self.around_place.line += 1;
                        self.around_place.offset = self.offset;
                    }
                    if document.is_some() {
                        return Ok(document);
                    }
                }
                Line::ListKey => {
                    self.listed = true;
                    self.around.extend_from_slice(b"items:\n");
                }
                Line::Dash(indentation) => {
                    self.list = Some(indentation);
                    self.listed = true;
                    return self.item(line, indentation).map(Some);
                }
                Line::Other => {
                    let blank = line.trim_ascii().is_empty() || line.trim_ascii_start().starts_with(b"#");
                    if blank && self.around.is_empty() {
                        self.around_place.line = self.line.saturating_add(1);
                        self.around_place.offset = self.offset;
                        continue;
                    }
                    if self.around.len() + line.len() > LIMIT {
                        self.ended = true;
                        let place = self.around_place;
                        return Ok(Some(Piece { text: Vec::new(), place, index: self.index, part: Part::TooLong }));
                    }
                    self.around.extend_from_slice(&line);
                }
            }
        }
    }

    /// An item: its first line and everything that is indented further than its dash.
    fn item(&mut self, first: Vec<u8>, indentation: usize) -> io::Result<Piece> {
        let place = self.place(&first);
        let (mut text, mut part) = (first, Part::Item);
        if text.len() > LIMIT {
            self.ended = true;
            part = Part::TooLong;
        }
        while let Some(line) = self.line()? {
            let depth = line.iter().take_while(|byte| **byte == b' ').count();
            let inside = depth > indentation || line.trim_ascii().is_empty() || line.starts_with(b"#");
            if !inside {
                self.pending = Some(line);
                break;
            }
            if text.len() + line.len() > LIMIT {
                part = Part::TooLong;
                text.clear();
            } else {
                text.extend_from_slice(&line);
            }
        }
        self.index += 1;
        Ok(Piece { text, place, index: self.index - 1, part })
    }

    /// What stands around the list of the document that ends here, or the document itself.
    fn document(&mut self) -> Option<Piece> {
        let text = std::mem::take(&mut self.around);
        let listed = std::mem::take(&mut self.listed);
        self.list = None;
        if text.trim_ascii().is_empty() {
            return None;
        }
        self.documents += 1;
        let part = if listed { Part::Around } else { Part::Document };
        Some(Piece { text, place: self.around_place, index: self.documents - 1, part })
    }
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        // YAML 1.2, as kubectl writes it: `n` and `yes` are text.
        strict_booleans: true,
        with_snippet: false,
        budget: serde_saphyr::budget! { max_depth: 128 },
    }
}

/// The text of an item without the dash in front, columns kept.
fn without_dash(text: &str) -> String {
    match text.split_once('-') {
        Some((blank, rest)) if blank.trim().is_empty() => format!("{blank} {rest}"),
        _ => text.to_owned(),
    }
}

/// A piece as a JSON value. It is one object, and bounded by [`LIMIT`].
pub fn value(piece: &Piece) -> Result<Value, Problem> {
    let text = std::str::from_utf8(&piece.text).map_err(|error| {
        let line = memchr::memchr_iter(b'\n', &piece.text[..error.valid_up_to()]).count() + 1;
        let mut problem = Problem::new("", "text that is not UTF-8", "UTF-8");
        (problem.line, problem.column) = (u32::try_from(line).unwrap_or(u32::MAX), 1);
        problem
    })?;
    let text = if piece.part == Part::Item { without_dash(text) } else { text.to_owned() };
    serde_saphyr::from_str_with_options(&text, options()).map_err(|error| {
        let said = error.without_snippet().to_string();
        // It tells a place in the piece; ours is that in the file.
        let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
        let said: String = said.lines().next().unwrap_or_default().chars().take(200).collect();
        let mut problem = Problem::new("", format!("YAML that does not parse ({said})"), "");
        problem.set_place(error.location());
        problem
    })
}

/// Where the value that `steps` lead to stands in the piece.
pub fn locate(piece: &Piece, problem: &mut Problem) {
    (problem.line, problem.column) = (0, 0);
    let Ok(text) = std::str::from_utf8(&piece.text) else { return };
    let text = if piece.part == Part::Item { without_dash(text) } else { text.to_owned() };
    let steps = problem.steps.clone();
    // The walk ends in an error at the value that is looked for, and the parser says where that was.
    let walked = serde_saphyr::with_deserializer_from_str_with_options(&text, options(), |deserializer| {
        Follow(&steps).deserialize(deserializer)
    });
    if let Err(error) = walked {
        problem.set_place(error.location());
    }
}

impl Problem {
    fn set_place(&mut self, location: Option<serde_saphyr::Location>) {
        if let Some(location) = location {
            self.line = u32::try_from(location.line()).unwrap_or(u32::MAX);
            self.column = u32::try_from(location.column()).unwrap_or(u32::MAX);
        }
    }
}

/// Walks along a path and fails at its end.
struct Follow<'a>(&'a [Step]);

impl<'de> DeserializeSeed<'de> for Follow<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Follow<'_> {
    fn here<E: de::Error>(self) -> Result<(), E> {
        Err(E::custom("here"))
    }
}

impl<'de> de::Visitor<'de> for Follow<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((Step::Member(wanted), rest)) = self.0.split_first() else { return self.here() };
        while let Some(key) = map.next_key::<String>()? {
            if key == *wanted {
                map.next_value_seed(Follow(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Some((Step::Item(wanted), rest)) = self.0.split_first() else { return self.here() };
        for _ in 0..*wanted {
            seq.next_element::<IgnoredAny>()?;
        }
        seq.next_element_seed(Follow(rest))?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        self.here()
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        self.here()
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        self.here()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        self.here()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        self.here()
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.here()
    }
}

/// A document whose list stands in one line, as flow: its items, taken out.
pub fn flow_items(value: &mut Value) -> Vec<Value> {
    match value.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<String> {
        let mut pieces = Pieces::new(text.as_bytes());
        let mut out = Vec::new();
        while let Some(piece) = pieces.piece().unwrap() {
            let json = value(&piece).map(|it| it.to_string()).unwrap_or_else(|problem| problem.found);
            out.push(format!("{:?} {} line {}: {json}", piece.part, piece.index, piece.place.line));
        }
        out
    }

    #[test]
    fn a_list_is_cut_at_its_dashes() {
        let text = "apiVersion: v1\nitems:\n- a: 1\n  b: |\n    - x\n    items:\n- a: 2\n  c:\n  - d\nkind: List\n";
        assert_eq!(
            pieces(text),
            [
                r#"Item 0 line 3: {"a":1,"b":"- x\nitems:\n"}"#,
                r#"Item 1 line 7: {"a":2,"c":["d"]}"#,
                r#"Around 0 line 1: {"apiVersion":"v1","items":null,"kind":"List"}"#,
            ]
        );
    }

    #[test]
    fn documents_and_indented_lists_and_bare_lists_are_read_too() {
        assert_eq!(
            pieces("---\n# one\na: 1\n---\nitems:\n  - b: 1\n  -\n    b: 2\nkind: List\n---\n- c: 1\n"),
            [
                r#"Document 0 line 3: {"a":1}"#,
                r#"Item 0 line 6: {"b":1}"#,
                r#"Item 1 line 7: {"b":2}"#,
                r#"Around 1 line 5: {"items":null,"kind":"List"}"#,
                r#"Item 2 line 11: {"c":1}"#,
            ]
        );
    }

    #[test]
    fn the_place_of_a_value_is_found_again() {
        let text = "- metadata:\n    name: x\n  spec:\n    ports:\n    - 1\n    - two\n";
        let mut pieces = Pieces::new(text.as_bytes());
        let piece = pieces.piece().unwrap().unwrap();
        let mut problem = Problem::new("spec.ports[1]", "a string", "a number");
        problem.steps = vec![Step::Member("spec".into()), Step::Member("ports".into()), Step::Item(1)];
        locate(&piece, &mut problem);
        assert_eq!((problem.line, problem.column), (6, 7));
    }

    #[test]
    fn a_deep_nest_is_an_error_and_not_a_crash() {
        let deep = "[".repeat(10_000);
        let mut pieces = Pieces::new(deep.as_bytes());
        let piece = pieces.piece().unwrap().unwrap();
        assert!(value(&piece).is_err());
    }
}
