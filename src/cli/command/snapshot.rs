//! `rolewalk snapshot ...`: what is saved, and directories of dumps.

mod list;
mod redact;
mod show;

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::args::{Args, OutputArgs, SourceArgs};
use crate::cli::failure::{Failure, Kind, note};
use crate::cli::{ANSWERED, Outcome, output, source};
use crate::ingest;
use crate::ingest::saved::{self, Header, Saved};
use crate::runtime::save::{self, Existing};
use crate::runtime::store::{KEEPING, Store};

#[derive(Debug, Subcommand)]
pub enum SnapshotCommand {
    /// Save the data to a file, or under its cluster and time among the saved snapshots
    Save {
        /// Replaced if it exists
        file: Option<PathBuf>,
    },
    /// List the saved snapshots
    List,
    /// Show what a saved snapshot holds and what was not read
    Show {
        /// A file, or a name that `snapshot list` shows
        file: String,
    },
    /// Check structure and checksums of a saved snapshot, and that nothing secret is in it
    Verify { file: String },
    /// Write a copy in which names are replaced, each everywhere by the same other one, so that it can be shared
    Redact(redact::RedactArgs),
    /// Print the shell script that dumps a live estate into a directory, without Secret values
    Script,
}

pub fn run(command: &SnapshotCommand, args: &Args) -> Outcome {
    match command {
        SnapshotCommand::Save { file } => save(file.as_deref(), &args.source, &args.output),
        SnapshotCommand::List => list::run(&args.output),
        SnapshotCommand::Show { file } => show::run(&open(file)?, &args.output),
        SnapshotCommand::Verify { file } => verify(&open(file)?, file, &args.output),
        SnapshotCommand::Redact(redact) => redact::run(redact, &args.output),
        SnapshotCommand::Script => {
            let mut out = output::open(&args.output)?;
            out.write_all(ingest::script::text().as_bytes())?;
            out.flush()?;
            Ok(ANSWERED)
        }
    }
}

fn save(file: Option<&std::path::Path>, data: &SourceArgs, output: &OutputArgs) -> Outcome {
    let inventory = source::inventory(data)?;
    let bytes = saved::encode(&inventory);
    let (path, removed) = match file {
        Some(path) => {
            write(path, &bytes)?;
            (path.to_owned(), Vec::new())
        }
        None => {
            let store = store()?;
            let kept = store.save(&bytes, &Header::of(&inventory)).map_err(|error| {
                Failure::new(Kind::Unreadable, format!("cannot save in `{}`: {error}", store.directory().display()))
            })?;
            (kept.path, kept.removed)
        }
    };
    if !output.quiet {
        note(&format!("saved {} bytes to {}", bytes.len(), path.display()));
        if !removed.is_empty() {
            note(&format!("removed {} older ones: {KEEPING}", removed.len()));
        }
    }
    Ok(ANSWERED)
}

fn write(path: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    save::write(path, bytes, Existing::Replace)
        .map_err(|error| Failure::new(Kind::Unreadable, format!("cannot write `{}`: {error}", path.display())))
}

pub fn store() -> Result<Store, Failure> {
    Store::of_user()
        .map_err(|error| Failure::new(Kind::Unreadable, format!("cannot find the saved snapshots: {error}")))
}

/// The path that a person means: a file, a directory, or the name of a saved snapshot.
pub fn find(typed: &str) -> PathBuf {
    match store() {
        Ok(store) => store.find(typed),
        Err(_) => PathBuf::from(typed),
    }
}

fn open(typed: &str) -> Result<Saved, Failure> {
    let path = find(typed);
    Saved::open(&path).map_err(|error| {
        let failure = Failure::new(Kind::Unreadable, error.to_string());
        if path.is_dir() {
            failure.hint("this is a directory; `snapshot save FILE --snapshot DIR` saves it")
        } else {
            failure
        }
    })
}

fn verify(saved: &Saved, file: &str, output: &OutputArgs) -> Outcome {
    let verified = saved.verify().map_err(|error| Failure::new(Kind::Unreadable, error.to_string()))?;
    if let Some((last, others)) = verified.forbidden.split_last() {
        others.iter().for_each(|line| note(&format!("forbidden: {line}")));
        let message = format!("`{file}` holds what must not be saved: {last}");
        return Err(Failure::new(Kind::Condition, message).hint("remove the file; nothing of it should be shared"));
    }
    let mut out = output::open(output)?;
    writeln!(out, "{file}: whole, schema {}, nothing secret found", saved.schema())?;
    out.flush()?;
    Ok(ANSWERED)
}
