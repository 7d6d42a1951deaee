//! The estate that a command asks: loaded from files or the demo.

use crate::estate::{Estate, derive};
use crate::ingest;
use crate::model::Inventory;

use super::args::SourceArgs;
use super::failure::{Failure, Kind};

/// Reads the data and derives the estate from it.
pub fn estate(args: &SourceArgs) -> Result<Estate, Failure> {
    let mut inventory = inventory(args)?;
    if let Some(at) = args.at {
        inventory.now = Some(at);
    }
    Ok(derive(&inventory, &|| false).expect("nobody stops it"))
}

fn inventory(args: &SourceArgs) -> Result<Inventory, Failure> {
    let inventory = if args.demo {
        return Err(Failure::usage("no demo yet"));
    } else if let Some(directory) = &args.snapshot {
        ingest::load(directory, ingest::Options { at: args.at, threads: None }).map_err(|error| Failure::new(Kind::Unreadable, error.to_string()))?
    } else {
        return Err(Failure::usage("no data to read")
            .hint("pass --snapshot DIR, a directory that `rolewalk snapshot script` makes, or --demo"));
    };
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
    Ok(inventory)
}
