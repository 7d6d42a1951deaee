//! Saved snapshots: everything that was understood of an estate in one compressed file, read back many times faster
//! than the dumps it came from.
//!
//! The file holds the inventory and nothing else: facts, readings, coverage with its losses, the time of the data.
//! Facts have no field for a secret, so neither has the file. The stored text of Kubernetes and AWS objects is not part
//! of it either, since no masking of free text is certain; policy documents are facts and come back to the letter.
//! `frame` is the outer form, `pack` the form of a value, `tables` what values share, `places` the lists.
//!
//! To add a field to a fact: 1. name it in `facts`; 2. raise [`frame::SCHEMA`] and keep reading the schema before it;
//! 3. record a new `tests/fixtures/saved`.

mod coverage;
mod facts;
mod forbidden;
mod frame;
mod header;
mod pack;
mod places;
mod problem;
mod read;
pub mod redact;
mod tables;
mod write;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::model::coverage::{SourceReport, Status};
use crate::model::{Inventory, SourceId};

use super::Options;
use super::files::reason;

pub use frame::SCHEMA;
pub use header::Header;
pub use problem::Damage;

/// The end of the name of a saved snapshot.
pub const EXTENSION: &str = "rwsnap";

/// A file that is no saved snapshot, or not a whole one.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    #[error("cannot read the saved snapshot `{file}`: {why}")]
    Unreadable { file: String, why: String },
    #[error("cannot read the saved snapshot `{file}`: {damage}")]
    Damaged { file: String, damage: Damage },
}

/// A saved snapshot whose header was read.
#[derive(Clone, Debug)]
pub struct Saved {
    file: String,
    bytes: std::sync::Arc<[u8]>,
    outline: frame::Outline,
    header: Header,
}

/// What `snapshot verify` says of a whole file.
#[derive(Debug)]
pub struct Verified {
    pub inventory: Inventory,
    /// What has no place in a saved snapshot, each in one line; empty when all is well.
    pub forbidden: Vec<String>,
}

/// The bytes of a saved snapshot. The same inventory gives the same bytes.
pub fn encode(inventory: &Inventory) -> Vec<u8> {
    write::write(inventory, &Header::of(inventory))
}

/// The bytes of a saved snapshot in which names were replaced, by [`redact::redact`].
pub fn encode_redacted(inventory: &Inventory) -> Vec<u8> {
    write::write(inventory, &Header { redacted: true, ..Header::of(inventory) })
}

/// Reads only the header of a file.
pub fn header(path: &Path) -> Result<Header, SavedError> {
    let file = path.display().to_string();
    let unreadable = |error: io::Error| SavedError::Unreadable { file: file.clone(), why: reason(&error) };
    let mut input = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    while let Some(more) = frame::wanted(&bytes) {
        let before = bytes.len();
        input.by_ref().take(more as u64).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() < before + more {
            break;
        }
    }
    parse(&bytes).map(|(_, header)| header).map_err(|damage| SavedError::Damaged { file, damage })
}

fn parse(bytes: &[u8]) -> Result<(frame::Outline, Header), Damage> {
    let outline = frame::outline(bytes)?;
    let header = serde_json::from_str(&outline.header)
        .map_err(|error| Damage::new("header", error.to_string(), "the header of a saved snapshot"))?;
    Ok((outline, header))
}

impl Saved {
    /// Reads a file and its header; the rest is looked at by [`Saved::load`].
    pub fn open(path: &Path) -> Result<Saved, SavedError> {
        let file = path.display().to_string();
        match std::fs::read(path) {
            Ok(bytes) => Saved::from_bytes(file, bytes),
            Err(error) => Err(SavedError::Unreadable { file, why: reason(&error) }),
        }
    }

    /// A file that is in memory; `file` is what messages call it.
    pub fn from_bytes(file: impl Into<String>, bytes: Vec<u8>) -> Result<Saved, SavedError> {
        let file = file.into();
        match parse(&bytes) {
            Ok((outline, header)) => Ok(Saved { file, bytes: bytes.into(), outline, header }),
            Err(damage) => Err(SavedError::Damaged { file, damage }),
        }
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Number of the format of this file.
    pub fn schema(&self) -> u32 {
        self.outline.schema
    }

    /// Bytes of the file.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    fn contents(&self) -> Result<read::Contents, SavedError> {
        read::read(&self.bytes, &self.outline).map_err(|damage| SavedError::Damaged { file: self.file.clone(), damage })
    }

    /// Everything that was saved, on all cores.
    pub fn load(&self, options: Options) -> Result<Inventory, SavedError> {
        let mut inventory = self.contents()?.inventory;
        if let Some(at) = options.at {
            inventory.now = Some(at);
            let mut report = SourceReport::new(Status::Ok);
            report.count = 1;
            report.why = super::GIVEN_BY_HAND.to_owned();
            inventory.coverage.set(SourceId::world(), report);
        }
        Ok(inventory)
    }

    /// Reads everything, checks that it says what its header says, and looks for what must not be in it.
    pub fn verify(&self) -> Result<Verified, SavedError> {
        let read::Contents { inventory, texts } = self.contents()?;
        let mut found = Header::of(&inventory);
        found.version.clone_from(&self.header.version);
        found.redacted = self.header.redacted;
        if found != self.header {
            let damage = Damage::new("header", "another estate than the frames hold", "what the frames hold");
            return Err(SavedError::Damaged { file: self.file.clone(), damage });
        }
        let forbidden = forbidden::look(&inventory, &texts);
        Ok(Verified { inventory, forbidden })
    }
}
