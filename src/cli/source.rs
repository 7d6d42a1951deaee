//! The estate that a command asks: loaded from a directory of dumps, a saved snapshot, the demo, or live clusters and
//! accounts.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use crate::estate::{Estate, derive};
use crate::iam::catalogue::Catalogue;
use crate::ingest::live::aws::Access;
use crate::ingest::live::kube::context::{NoCluster, Wish};
use crate::ingest::live::{self, Live, Patience};
use crate::ingest::{Data, Input, InputError, Options, demo};
use crate::model::{Inventory, SourceId, Status};
use crate::runtime::store::{self, Store};

use super::args::SourceArgs;
use super::failure::{Failure, Kind, note};

/// Reads the data and derives the estate from it.
pub fn estate(args: &SourceArgs) -> Result<Estate, Failure> {
    let inventory = inventory(args)?;
    Ok(derive(&inventory, &|| false).expect("nobody stops it"))
}

/// Reads the data, which must speak of a cluster or an account, and of the cluster that was asked for.
pub fn inventory(args: &SourceArgs) -> Result<Inventory, Failure> {
    let inventory = if is_live(args) { live(args)?.load() } else { data(args)?.load().map_err(unreadable)? };
    check(&inventory, args)?;
    if saves(args) && store::is_worth_saving(&inventory) {
        let saved = Store::of_user().map_err(|error| format!("cannot save a snapshot: {error}"));
        if let (Err(error), false) = (saved.and_then(|store| store.save_load(&inventory)), args.quiet) {
            note(&error);
        }
    }
    Ok(inventory)
}

/// Every complete live load saves one snapshot. Not where the time of the data was given by hand: it would stand under a
/// time at which nobody read it.
pub fn saves(args: &SourceArgs) -> bool {
    is_live(args) && !args.no_save && args.at.is_none()
}

/// The data is asked for over the network: no files are named.
pub fn is_live(args: &SourceArgs) -> bool {
    !args.demo && args.snapshot.is_none()
}

/// The clusters and accounts that the flags name. Touches no network.
pub fn live(args: &SourceArgs) -> Result<Live, Failure> {
    if args.offline {
        return Err(Failure::usage("no data to read without the network")
            .hint("pass --snapshot DIR, a directory that `rolewalk snapshot script` makes, or --demo"));
    }
    Live::open(&live_options(args)).map_err(|error| {
        let unknown = matches!(error, NoCluster::Unknown { .. });
        let kind = if unknown { Kind::Usage } else { Kind::Unreadable };
        let failure = Failure::new(kind, error.to_string());
        match error {
            NoCluster::Unknown { .. } => failure,
            NoCluster::NoCurrent(_) => failure.hint("pass --context NAME, or --all-contexts"),
            NoCluster::None | NoCluster::Unreadable(_) => {
                failure.hint("pass --kubeconfig FILE, --snapshot DIR for files, or --demo")
            }
        }
    })
}

/// How live sources are read.
pub fn live_options(args: &SourceArgs) -> live::Options {
    let patience = Patience::default();
    let wish = Wish {
        kubeconfig: args.kubeconfig.clone(),
        contexts: args.context.clone(),
        all_contexts: args.all_contexts,
        namespace: args.namespace.clone(),
    };
    let patience = match args.timeout.map(Duration::from_secs_f64) {
        Some(request) => Patience { request, credentials: patience.credentials.min(request), ..patience },
        None => patience,
    };
    let refresh_aws = args.refresh_aws.map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    let only = args.cluster.iter().cloned().collect();
    live::Options { wish, patience, at: args.at, no_aws: args.no_aws, aws: access(args), refresh_aws, only }
}

/// One for each profile; none where no flag speaks of AWS.
fn access(args: &SourceArgs) -> Vec<Access> {
    let of = |profile: Option<&String>| Access {
        profile: profile.cloned(),
        region: args.region.clone(),
        endpoint_url: args.endpoint_url.clone(),
        ..Access::default()
    };
    if args.profile.is_empty() && (args.region.is_some() || args.endpoint_url.is_some()) {
        return vec![of(None)];
    }
    args.profile.iter().map(|profile| of(Some(profile))).collect()
}

/// Whether a thing of a cluster and namespace, which may be empty, is one that `--cluster` and `--namespace` ask for.
pub fn within(args: &SourceArgs, cluster: &str, namespace: &str) -> bool {
    let fits = |wanted: Option<&str>, part: &str| wanted.is_none_or(|wanted| wanted == part);
    fits(args.cluster.as_deref(), cluster) && fits(args.namespace.as_deref(), namespace)
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
    if is_live(args) {
        return check_live(inventory);
    }
    if inventory.clusters.is_empty() && inventory.accounts.is_empty() {
        return Err(Failure::new(Kind::Unreadable, "nothing could be read")
            .hint("the directory should hold `clusters/NAME/` and `aws/`; `rolewalk snapshot script` makes one"));
    }
    Ok(())
}

/// Live, clusters are known before anything was read of them.
fn check_live(inventory: &Inventory) -> Result<(), Failure> {
    let mut sources = inventory.coverage.sources().filter(|(source, _)| **source != SourceId::world());
    if sources.any(|(_, report)| report.read_at.is_some() || report.count > 0) {
        return Ok(());
    }
    let mut failure = Failure::new(Kind::Unreadable, "nothing could be read");
    let mut whys: Vec<&str> = inventory
        .coverage
        .gaps()
        .filter(|gap| gap.report.status != Status::Skipped)
        .map(|gap| gap.report.why.as_str())
        .collect();
    whys.sort_unstable();
    whys.dedup();
    for why in whys.into_iter().take(5) {
        failure = failure.hint(why);
    }
    Err(failure)
}

/// Puts the catalogue of a file in the place of the built-in one. Before anything else: everybody asks the same one.
pub fn catalogue(file: &Path) -> Result<(), Failure> {
    let shown = file.display();
    let bytes = std::fs::read(file).map_err(|error| Failure::usage(format!("cannot read `{shown}`: {error}")))?;
    let catalogue = Catalogue::read(&bytes).map_err(|error| {
        Failure::usage(format!("`{shown}` is no action catalogue: {error}"))
            .hint("`cargo run --example catalogue` in the sources makes one")
    })?;
    if !catalogue.install() {
        return Err(Failure::new(Kind::Bug, "the action catalogue was asked for before it was chosen"));
    }
    Ok(())
}
