//! Reading generated worlds and the files they were saved to, against a reader that only parses the same files into the
//! same types on one thread.
//!
//! `cargo bench --bench ingest`. Worlds are made by `tests/testbed/make_world.py` and kept under the target directory;
//! `huge` takes 580 MB there and is left out unless `ROLEWALK_BENCH_HUGE` is set. `-- --memory PATH` reads one directory
//! or file and prints the highest memory use of the process instead.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, reason = "a benchmark talks and may fail")]

#[path = "../tests/it/testbed.rs"]
mod testbed;

use std::path::PathBuf;

use rolewalk::ingest::files::Files;
use rolewalk::ingest::saved::{self, Saved};
use rolewalk::ingest::{Input, Options, Snapshot, reference};

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--memory").skip(1);
    if let Some(directory) = arguments.next() {
        return memory(&directory);
    }
    divan::main();
}

fn memory(directory: &str) {
    let start = std::time::Instant::now();
    let inventory = Input::at(directory.as_ref()).open(Options::default()).unwrap().load().unwrap();
    let pods: usize = inventory.clusters.values().map(|cluster| cluster.pods.len()).sum();
    println!("{pods} pods in {:?}", start.elapsed());
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    }
    std::mem::forget(inventory);
}

const SIZES: &[&str] = &["large", "huge"];

fn world(size: &str) -> Option<PathBuf> {
    if size == "huge" && std::env::var_os("ROLEWALK_BENCH_HUGE").is_none() {
        eprintln!("skipped: huge, without ROLEWALK_BENCH_HUGE");
        return None;
    }
    testbed::world(size, 1)
}

/// From the look at the directory to the inventory, all cores.
#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn load(bencher: divan::Bencher<'_, '_>, size: &str) {
    let Some(world) = world(size) else { return };
    bencher.bench_local(|| Snapshot::open(Files::Disk(world.clone()), Options::default()).unwrap().load());
}

/// The same inventory from the file it was saved to, reading the file included.
#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn load_saved(bencher: divan::Bencher<'_, '_>, size: &str) {
    let Some(world) = world(size) else { return };
    let inventory = Snapshot::open(Files::Disk(world), Options::default()).unwrap().load();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("world.rwsnap");
    std::fs::write(&file, saved::encode(&inventory)).unwrap();
    eprintln!("{size}: {} bytes saved", std::fs::metadata(&file).unwrap().len());
    drop(inventory);
    bencher.bench_local(|| Saved::open(&file).unwrap().load(Options::default()).unwrap());
}

/// From the inventory to the bytes of its file.
#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn save(bencher: divan::Bencher<'_, '_>, size: &str) {
    let Some(world) = world(size) else { return };
    let inventory = Snapshot::open(Files::Disk(world), Options::default()).unwrap().load();
    bencher.bench_local(|| saved::encode(&inventory));
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn load_on_one_thread(bencher: divan::Bencher<'_, '_>, size: &str) {
    let Some(world) = world(size) else { return };
    let options = Options { threads: Some(1), ..Options::default() };
    bencher.bench_local(|| Snapshot::open(Files::Disk(world.clone()), options).unwrap().load());
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn reference_parse(bencher: divan::Bencher<'_, '_>, size: &str) {
    let Some(world) = world(size) else { return };
    let snapshot = Snapshot::open(Files::Disk(world), Options::default()).unwrap();
    bencher.bench_local(|| reference::parse(&snapshot).unwrap());
}
