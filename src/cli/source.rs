//! The estate that a command asks: loaded from a directory of dumps, a saved snapshot, or the demo.

use std::io::{self, Read};
use std::path::Path;

use crate::estate::{Estate, derive};
use crate::ingest::{Data, Input, InputError, Options, demo};
use crate::model::Inventory;

use super::args::SourceArgs;
use super::failure::{Failure, Kind};

/// Reads the data and derives the estate from it.
pub fn estate(args: &SourceArgs) -> Result<Estate, Failure> {
    let inventory = inventory(args)?;
    Ok(derive(&inventory, &|| false).expect("nobody stops it"))
}

/// Reads the data, which must speak of a cluster or an account, and of the cluster that was asked for.
pub fn inventory(args: &SourceArgs) -> Result<Inventory, Failure> {
    let inventory = data(args)?.load().map_err(unreadable)?;
    check(&inventory, args)?;
    Ok(inventory)
}

/// The data that the flags name, looked through but not read.
pub fn data(args: &SourceArgs) -> Result<Data, Failure> {
    input(args)?.open(options(args)).map_err(unreadable)
}

pub fn options(args: &SourceArgs) -> Options {
    Options { at: args.at, threads: None }
}

/// What the flags name.
pub fn input(args: &SourceArgs) -> Result<Input, Failure> {
    if args.demo {
        return Ok(Input::Files(demo::files()));
    }
    let Some(path) = &args.snapshot else {
        return Err(Failure::usage("no data to read").hint(
            "pass --snapshot PATH, a directory that `rolewalk snapshot script` makes or a saved snapshot, or --demo",
        ));
    };
    at(path)
}

/// What stands at a path; `-` is stdin.
pub fn at(path: &Path) -> Result<Input, Failure> {
    if path != Path::new("-") {
        return Ok(Input::at(path));
    }
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(Kind::Unreadable, format!("cannot read stdin: {error}")))?;
    Ok(Input::Bytes(bytes.into()))
}

pub fn unreadable(error: InputError) -> Failure {
    Failure::new(Kind::Unreadable, error.to_string())
}

fn check(inventory: &Inventory, args: &SourceArgs) -> Result<(), Failure> {
    if let Some(cluster) = &args.cluster
        && !inventory.clusters.contains_key(cluster.as_str())
    {
        let names: Vec<&str> = inventory.clusters.keys().map(|name| name.as_str()).collect();
        return Err(Failure::usage(format!("there is no cluster `{cluster}` in the data"))
            .hint(format!("clusters: {}", names.join(", "))));
    }
    if inventory.clusters.is_empty() && inventory.accounts.is_empty() {
        return Err(Failure::new(Kind::Unreadable, "nothing could be read")
            .hint("the directory should hold `clusters/NAME/` and `aws/`; `rolewalk snapshot script` makes one"));
    }
    Ok(())
}
