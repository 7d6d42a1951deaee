//! The estate that a command asks: loaded from files or the demo.

use crate::estate::{Estate, derive};
use crate::ingest::{self, Options, Snapshot};
use crate::model::Inventory;

use super::args::SourceArgs;
use super::failure::{Failure, Kind};

/// Reads the data and derives the estate from it.
pub fn estate(args: &SourceArgs) -> Result<Estate, Failure> {
    let inventory = snapshot(args)?.load();
    check(&inventory, args)?;
    Ok(derive(&inventory, &|| false).expect("nobody stops it"))
}

/// The directory or demo that the flags name, looked through but not read.
pub fn snapshot(args: &SourceArgs) -> Result<Snapshot, Failure> {
    let options = Options { at: args.at, threads: None };
    if args.demo {
        return Ok(Snapshot::open(ingest::demo::files(), options).expect("the demo has files"));
    }
    let Some(directory) = &args.snapshot else {
        return Err(Failure::usage("no data to read")
            .hint("pass --snapshot DIR, a directory that `rolewalk snapshot script` makes, or --demo"));
    };
    Snapshot::open(ingest::files::Files::Disk(directory.clone()), options)
        .map_err(|error| Failure::new(Kind::Unreadable, error.to_string()))
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
