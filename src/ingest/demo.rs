//! The demo: a snapshot that is built into the program and read by the same code as any other.

use std::sync::Arc;

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
