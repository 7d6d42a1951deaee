//! Reads a Kubernetes source that is written in YAML.

use std::io::BufReader;

use serde_json::Value;

use crate::base::Name;
use crate::ingest::files::{Entry, reason};
use crate::ingest::kinds;
use crate::ingest::problem::Problem;
use crate::ingest::record::Failure;
use crate::ingest::split::yaml::{Part, Piece, Pieces, flow_items, locate, value};
use crate::ingest::stream::Stream;
use crate::model::coverage::Status;
use crate::model::facts::meta::Origin;

use super::{Object, Reader, Refusal};

impl Reader<'_> {
    /// Reads a file again, as YAML.
    pub(super) fn yaml(&mut self, part: &Entry) -> Result<(), Refusal> {
        let stream =
            Stream::open(self.files, &part.path).map_err(|error| Refusal::new(Status::Missing, reason(&error)))?;
        let mut pieces = Pieces::new(BufReader::new(stream));
        loop {
            match pieces.piece() {
                Ok(Some(piece)) => self.piece(part, &piece)?,
                Ok(None) => return Ok(()),
                Err(error) => {
                    let why = format!("`{}` could not be read to its end: {}", part.path, reason(&error));
                    self.why.push(why);
                    return Ok(());
                }
            }
        }
    }

    fn piece(&mut self, part: &Entry, piece: &Piece) -> Result<(), Refusal> {
        let index = piece.index;
        let path = match piece.part {
            Part::Item | Part::TooLong => format!("items[{index}]"),
            Part::Document | Part::Around if index > 0 => format!("[{index}]"),
            Part::Document | Part::Around => String::new(),
        };
        if piece.part == Part::Item {
            self.listed = 1;
        }
        if piece.part == Part::TooLong {
            let problem = Problem::new("", "a value of more than 16 MiB", "at most 16 MiB");
            self.lose(part, &path, piece.place, problem, String::new());
            return Ok(());
        }
        let mut json = match value(piece) {
            Ok(Value::Null) => return Ok(()),
            Ok(json) => json,
            Err(problem) => {
                self.lose(part, &path, piece.place, problem, String::new());
                return Ok(());
            }
        };
        let origin = Origin {
            file: Name::new(&part.path),
            offset: piece.place.offset,
            length: u32::try_from(piece.text.len()).unwrap_or(u32::MAX),
            line: piece.place.line,
            index,
        };
        if piece.part == Part::Item {
            self.converted(part, piece, &path, &json, origin);
            return Ok(());
        }
        let listed = piece.part == Part::Around || json.get("items").is_some();
        for (at, item) in flow_items(&mut json).iter().enumerate() {
            let origin = Origin { index: u32::try_from(at).unwrap_or(u32::MAX), ..origin.clone() };
            self.converted(part, piece, &format!("items[{at}]"), item, origin);
        }
        self.listed |= u32::from(listed);
        let text = json.to_string();
        let object = Object { text: text.as_bytes(), listed, cut: false };
        if let Some(mut problem) = self.object(object, origin)? {
            locate(piece, &mut problem);
            let address = self.address(text.as_bytes(), None);
            self.lose(part, &path, piece.place, problem, address);
        }
        Ok(())
    }

    /// One object, brought into JSON.
    fn converted(&mut self, part: &Entry, piece: &Piece, path: &str, json: &Value, origin: Origin) {
        let text = json.to_string();
        let kind = self.context.source.kind;
        if let Err(Failure::Bad { mut problem, .. }) =
            kinds::read(kind, Some(0), text.as_bytes(), true, &mut self.context, origin)
        {
            locate(piece, &mut problem);
            let object = self.address(text.as_bytes(), Some(0));
            self.lose(part, path, piece.place, problem, object);
        }
    }
}
