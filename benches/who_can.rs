//! What a question over ten thousand roles costs, once the estate is warm.
//!
//! `ROLEWALK_WORLD=DIR` chooses another world than `huge`, which is made below the target directory when it is missing.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use divan::Bencher;
use rolewalk::analysis::who_can::{Question, What};
use rolewalk::estate::{Estate, derive, who_can};
use rolewalk::ingest::{self, Options};

fn main() {
    divan::main();
}

static ESTATE: LazyLock<Estate> = LazyLock::new(|| {
    let directory = std::env::var_os("ROLEWALK_WORLD").map(PathBuf::from).unwrap_or_else(huge);
    let inventory = ingest::load(&directory, Options::default()).expect("the world opens");
    let estate = derive(&inventory, &|| false).expect("nobody stops it");
    who_can::roster(&estate);
    estate
});

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

const QUESTIONS: &[&str] = &[
    // A bucket that one application names, beside everybody who may touch every bucket.
    "write arn:aws:s3:::web-auth-data",
    "read arn:aws:s3:::web-auth-data",
    "s3:GetObject arn:aws:s3:::web-auth-data/k",
    "s3:GetObject arn:aws:s3:::web-*/*",
    "write arn:aws:sqs:eu-west-1:111122223333:orders",
    "iam:PassRole arn:aws:iam::111122223333:role/prod-general-node",
    "kms:Decrypt arn:aws:kms:eu-west-1:111122223333:key/1",
    "permissions arn:aws:iam::111122223333:role/prod-general-node",
    "ec2:DescribeInstances *",
    // Every node role may, so every workload that can reach one is a row.
    "eks:DescribeCluster arn:aws:eks:eu-west-1:111122223333:cluster/prod",
];

#[divan::bench(args = QUESTIONS, sample_count = 20, sample_size = 1)]
fn ask(bencher: Bencher<'_, '_>, text: &str) {
    let estate = &*ESTATE;
    let (what, resource) = text.split_once(' ').expect("two words");
    let question = Question { what: What::parse(what).expect("known"), resource: resource.into(), given: Vec::new() };
    bencher.bench(|| who_can::ask(estate, &question));
}

/// What the first question pays beside: every document parsed, every role's session put together.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn roster(bencher: Bencher<'_, '_>) {
    let inventory = &ESTATE.inventory;
    let cold = || derive(inventory, &|| false).expect("nobody stops it");
    bencher.with_inputs(cold).bench_refs(|estate| {
        who_can::roster(estate);
    });
}
