//! What `--snapshot` names: a directory of dumps, or a file that an inventory was saved to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::Inventory;
use crate::model::facts::meta::Origin;
use crate::model::feed::{Change, Delta, Place};
use crate::model::source::SourceId;

use super::files::Files;
use super::saved::{Saved, SavedError};
use super::{OpenError, Options, Snapshot};

/// Where stored data is, not yet looked at.
#[derive(Clone, Debug)]
pub enum Input {
    Files(Files),
    Saved(PathBuf),
    /// A saved snapshot that came over stdin.
    Bytes(Arc<[u8]>),
}

/// Stored data, looked at but not yet read.
#[derive(Clone, Debug)]
pub enum Data {
    Directory(Snapshot),
    Saved(Saved, Options),
}

/// Stored data that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    #[error(transparent)]
    Directory(#[from] OpenError),
    #[error(transparent)]
    Saved(#[from] SavedError),
}

impl Input {
    /// A directory or a file, whichever stands there.
    pub fn at(path: &Path) -> Input {
        if path.is_file() { Input::Saved(path.to_owned()) } else { Input::Files(Files::Disk(path.to_owned())) }
    }

    pub fn open(&self, options: Options) -> Result<Data, InputError> {
        Ok(match self {
            Input::Files(files) => Data::Directory(Snapshot::open(files.clone(), options)?),
            Input::Saved(path) => Data::Saved(Saved::open(path)?, options),
            Input::Bytes(bytes) => Data::Saved(Saved::from_bytes("stdin", bytes.to_vec())?, options),
        })
    }
}

impl Data {
    /// Reads everything into an inventory.
    pub fn load(&self) -> Result<Inventory, InputError> {
        Ok(match self {
            Data::Directory(snapshot) => snapshot.load(),
            Data::Saved(saved, options) => saved.load(*options)?,
        })
    }

    /// Reads everything and reports it as it comes; a saved snapshot comes whole.
    pub fn read(&self, sink: impl Fn(Delta) + Sync) -> Result<(), InputError> {
        match self {
            Data::Directory(snapshot) => snapshot.read(sink),
            Data::Saved(saved, options) => {
                let change = Change::Restored(Box::new(saved.load(*options)?));
                sink(Delta { place: Place::World, source: SourceId::world(), change });
            }
        }
        Ok(())
    }

    /// Files that are no part of the layout or could not be looked at, and why.
    pub fn notes(&self) -> &[(String, String)] {
        match self {
            Data::Directory(snapshot) => snapshot.notes(),
            Data::Saved(..) => &[],
        }
    }

    /// The stored text of one object with its secrets masked.
    ///
    /// # Errors
    /// Why it cannot be shown, in one line.
    pub fn raw(&self, origin: &Origin) -> Result<String, String> {
        match self {
            Data::Directory(snapshot) => snapshot.raw(origin),
            Data::Saved(..) if origin.file.is_empty() => Err("its text was not kept".to_owned()),
            Data::Saved(..) => Err(format!(
                "a saved snapshot keeps what was understood, not the text: that stands in `{}`, line {}, of the \
                 directory it was saved from",
                origin.file, origin.line
            )),
        }
    }
}
