//! The demo: a snapshot that is built into the program and read by the same code as any other.

use std::sync::{Arc, LazyLock};

use include_dir::{Dir, DirEntry, include_dir};

use super::files::Files;

static DEMO: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets/demo");

/// The files of `assets/demo`, paths relative to it.
pub fn files() -> Files {
    let mut files = Vec::new();
    gather(&DEMO, &mut files);
    files.sort_unstable();
    Files::Embedded(Arc::from(files))
}

/// What was otherwise in the demo a day before: file, text as it is, text as it was.
const EARLIER: &[(&str, &str, &str)] = &[
    ("world.json", "2026-02-12T02:58:14Z", "2026-02-11T02:58:14Z"),
    // The objects of the bucket were lost with version 4 of payments-api-read.
    (
        "aws/iam.json",
        r#""Action":["s3:GetObject"],"Resource":"arn:aws:s3:::acme-invoices"}"#,
        r#""Action":["s3:GetObject"],"Resource":"arn:aws:s3:::acme-invoices/*"}"#,
    ),
    // The trust policy of payments-worker-role was opened to the whole namespace.
    ("aws/iam.json", "system:serviceaccount:payments:*", "system:serviceaccount:payments:payments-worker"),
    // Written in another order, which changes nothing.
    (
        "aws/iam.json",
        r#""route53:ListHostedZones","route53:ListResourceRecordSets""#,
        r#""route53:ListResourceRecordSets","route53:ListHostedZones""#,
    ),
    ("clusters/prod-eu1/describe-pod-identity-association.jsonl", "role/data-etl-admin", "role/data-quality-role"),
    (
        "clusters/prod-eu1/rolebindings.json",
        r#""name":"runner","namespace":"ci"},{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"dev"}"#,
        r#""name":"runner","namespace":"ci"}"#,
    ),
    // The same pod of its owner, under the name it had before a restart.
    ("clusters/prod-eu1/pods.json", "payments-api-7d9c6b5f4-x2lqk", "payments-api-7d9c6b5f4-b7k2p"),
];

/// The demo as it was a day before: what the Diff screen compares it with.
pub fn earlier() -> Files {
    static FILES: LazyLock<Vec<(&'static str, Vec<u8>)>> = LazyLock::new(|| {
        let mut files = Vec::new();
        gather(&DEMO, &mut files);
        files.sort_unstable();
        files.into_iter().map(|(path, content)| (path, before(path, content))).collect()
    });
    Files::Embedded(FILES.iter().map(|(path, content)| (*path, content.as_slice())).collect())
}

fn before(path: &str, content: &[u8]) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(content).into_owned();
    for (_, is, was) in EARLIER.iter().filter(|it| it.0 == path) {
        text = text.replace(is, was);
    }
    text.into_bytes()
}

fn gather(directory: &'static Dir<'static>, out: &mut Vec<(&'static str, &'static [u8])>) {
    for entry in directory.entries() {
        match entry {
            DirEntry::Dir(directory) => gather(directory, out),
            DirEntry::File(file) => {
                // What is written for readers of the repository is no part of the snapshot.
                if let Some(path) = file.path().to_str().filter(|path| !path.ends_with(".md")) {
                    out.push((path, file.contents()));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ingest::{Options, Snapshot};

    use super::*;

    #[test]
    fn each_change_since_the_day_before_is_in_the_demo() {
        let Files::Embedded(files) = files() else { panic!("it is built in") };
        for (path, is, _) in EARLIER {
            let (_, content) = files.iter().find(|it| it.0 == *path).expect(path);
            assert_eq!(String::from_utf8_lossy(content).matches(is).count(), 1, "{path}: {is}");
        }
    }

    #[test]
    fn the_demo_is_read_without_a_loss() {
        let snapshot = Snapshot::open(files(), Options::default()).expect("the demo has files");
        assert_eq!(snapshot.notes(), []);
        let inventory = snapshot.load();
        assert!(inventory.clusters.len() >= 2 && inventory.accounts.len() >= 2);
        assert!(inventory.now.is_some());
        for (source, report) in inventory.coverage.sources() {
            assert_eq!(report.losses, [], "{source}");
        }
    }
}
