//! `rolewalk snapshot redact FILE OUT`: a copy that can be shared.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::cli::args::OutputArgs;
use crate::cli::failure::{Failure, Kind, note};
use crate::cli::{ANSWERED, Outcome};
use crate::ingest::Options;
use crate::ingest::saved::{encode_redacted, redact};

#[derive(Debug, ClapArgs)]
pub struct RedactArgs {
    /// A file, or a name that `snapshot list` shows
    pub file: String,
    /// Where the copy goes; replaced if it exists
    pub out: PathBuf,
    /// Give the same names as every other snapshot redacted with this text; keep it to yourself
    #[arg(long, value_name = "TEXT")]
    pub key: Option<String>,
}

pub fn run(args: &RedactArgs, output: &OutputArgs) -> Outcome {
    let saved = super::open(&args.file)?;
    let inventory =
        saved.load(Options::default()).map_err(|error| Failure::new(Kind::Unreadable, error.to_string()))?;
    let key = match &args.key {
        Some(key) => key.as_bytes().to_vec(),
        None => random()?,
    };
    let (redacted, _) = redact::redact(&inventory, &key);
    let bytes = encode_redacted(&redacted);
    super::write(&args.out, &bytes)?;
    if !output.quiet {
        note(&format!("saved {} bytes to {}", bytes.len(), args.out.display()));
        note("names were replaced; times, counts, regions, private addresses and the structure of the estate were not");
    }
    Ok(ANSWERED)
}

/// A key that nobody knows.
fn random() -> Result<Vec<u8>, Failure> {
    let mut key = vec![0; 32];
    let read = File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut key));
    read.map_err(|error| Failure::new(Kind::Unreadable, format!("cannot read random bytes: {error}")))?;
    Ok(key)
}
