//! What the identities of a generated world cost, beside the same pods asked one by one without sharing.
//!
//! `ROLEWALK_WORLD=DIR` chooses another world than `huge`, which is made below the target directory when it is missing.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use divan::Bencher;
use rolewalk::estate::{Estate, derive};
use rolewalk::findings::{self, rules};
use rolewalk::identity::resolve;
use rolewalk::ingest::{self, Options};
use rolewalk::model::Inventory;

fn main() {
    divan::main();
}

static INVENTORY: LazyLock<Inventory> = LazyLock::new(|| {
    let directory = std::env::var_os("ROLEWALK_WORLD").map(PathBuf::from).unwrap_or_else(huge);
    ingest::load(&directory, Options::default()).expect("the world opens")
});

static ESTATE: LazyLock<Estate> = LazyLock::new(|| derive(&INVENTORY, &|| false).expect("nobody stops it"));

fn huge() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let directory = root.join("target/worlds/huge-1");
    if !directory.join("world.json").is_file() {
        let script = root.join("tests/testbed/make_world.py");
        let mut python = Command::new("python3");
        let made = python.arg(script).args(["--size", "huge", "--seed", "1", "--out"]).arg(&directory).status();
        assert!(made.is_ok_and(|it| it.success()), "no world could be made");
    }
    directory
}

/// All pods, in parallel, pods alike answered once.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn all_identities(bencher: Bencher<'_, '_>) {
    let inventory = &*INVENTORY;
    bencher.counter(divan::counter::ItemsCount::new(pods(inventory))).bench(|| resolve::all(inventory));
}

/// What every command derives: identities, groups, rights, problems.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn estate(bencher: Bencher<'_, '_>) {
    let inventory = &*INVENTORY;
    bencher.counter(divan::counter::ItemsCount::new(pods(inventory))).bench(|| derive(inventory, &|| false));
}

/// Every rule, over what was derived before.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn all_rules(bencher: Bencher<'_, '_>) {
    let estate = &*ESTATE;
    let derived = estate.derived();
    bencher.bench(|| findings::run_with(&INVENTORY, &estate.pods, derived).all.len());
}

/// Who may do what in every cluster, one after the other.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn authorizations(bencher: Bencher<'_, '_>) {
    let inventory = &*INVENTORY;
    bencher.bench(|| {
        let all = inventory.clusters.values().map(|cluster| rolewalk::graph::authorization::of(cluster));
        all.map(|it| it.powers.len()).sum::<usize>()
    });
}

/// Every pod by itself: what the sharing saves.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn one_by_one(bencher: Bencher<'_, '_>) {
    let inventory = &*INVENTORY;
    bencher.counter(divan::counter::ItemsCount::new(pods(inventory))).bench(|| resolve::one_by_one(inventory));
}

/// Gains of all roles and users (iam-evaluation.md section 11).
#[divan::bench(sample_count = 10, sample_size = 1)]
fn escalation(bencher: Bencher<'_, '_>) {
    let inventory = &*INVENTORY;
    let roles: usize = inventory.accounts.values().map(|account| account.roles.len()).sum();
    bencher.counter(divan::counter::ItemsCount::new(roles)).bench(|| rolewalk::graph::escalation::gains(inventory));
}

fn pods(inventory: &Inventory) -> usize {
    inventory.clusters.values().map(|cluster| cluster.pods.len()).sum()
}

/// What several rules share, before the first of them runs.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn findings_shared(bencher: Bencher<'_, '_>) {
    let derived = ESTATE.derived();
    bencher
        .with_inputs(|| findings::Context::new(&INVENTORY, &ESTATE.pods).with(derived))
        .bench_refs(|context| context.prepare());
}

/// Every rule by itself, on a context that is prepared; what else several of them share is paid by each.
#[divan::bench(args = rules::ALL.iter().map(|it| it.rule.slug), sample_count = 3, sample_size = 1)]
fn one_rule(bencher: Bencher<'_, '_>, slug: &str) {
    let estate = &*ESTATE;
    let derived = estate.derived();
    let entry = *rules::find(slug).expect("a rule of the registry");
    bencher
        .with_inputs(|| {
            let context = findings::Context::new(&INVENTORY, &estate.pods).with(derived);
            context.prepare();
            context
        })
        .bench_refs(|context| findings::engine::run(context, &[entry]).all.len());
}

/// What is worked out before the first rule runs.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn findings_context(bencher: Bencher<'_, '_>) {
    bencher.bench(|| findings::Context::new(&INVENTORY, &ESTATE.pods).workloads.len());
}
