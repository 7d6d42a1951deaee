//! The AWS files of a world directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Every JSON file, by its path in the layout; the values of a stream as an array.
pub struct World {
    files: BTreeMap<String, Value>,
    /// Directory of each cluster by region and name.
    clusters: BTreeMap<(String, String), String>,
    /// Directory of each account by id.
    accounts: BTreeMap<String, String>,
}

impl World {
    pub fn read(root: &Path) -> World {
        let mut world = World { files: BTreeMap::new(), clusters: BTreeMap::new(), accounts: BTreeMap::new() };
        for directory in ["aws", "accounts", "clusters"] {
            world.directory(root, directory);
        }
        for (path, value) in &world.files {
            let (directory, file) = path.rsplit_once('/').unwrap();
            let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            if file == "describe-cluster.json" {
                let region = text("/cluster/arn").split(':').nth(3).unwrap_or_default().to_owned();
                world.clusters.insert((region, text("/cluster/name")), directory.to_owned());
            }
            if file == "get-caller-identity.json" {
                world.accounts.insert(text("/Account"), directory.to_owned());
            }
        }
        world
    }

    fn directory(&mut self, root: &Path, directory: &str) {
        let Ok(entries) = fs::read_dir(root.join(directory)) else { return };
        for entry in entries.map(Result::unwrap) {
            let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
            let aws = ["describe-", "list-"].iter().any(|start| entry.file_name().to_string_lossy().starts_with(start));
            if entry.path().is_dir() {
                self.directory(root, &path);
            } else if path.ends_with(".jsonl") {
                let text = fs::read_to_string(entry.path()).unwrap();
                let values = text.lines().filter(|line| !line.trim().is_empty());
                let values = values.map(|line| serde_json::from_str::<Value>(line).unwrap());
                self.files.insert(path, values.collect());
            } else if path.ends_with(".json") && (aws || !path.starts_with("clusters/")) {
                let text = fs::read(entry.path()).unwrap();
                self.files.insert(path, serde_json::from_slice(&text).unwrap());
            }
        }
    }

    pub fn file(&self, directory: &str, name: &str) -> Option<&Value> {
        self.files.get(&format!("{directory}/{name}"))
    }

    pub fn cluster(&self, region: &str, name: &str) -> Option<&str> {
        self.clusters.get(&(region.to_owned(), name.to_owned())).map(String::as_str)
    }

    /// The directory of the account that a key is of: `AKIA` and the account's id, or any other key for the first.
    pub fn account(&self, key: &str) -> &str {
        self.accounts.get(key.trim_start_matches("AKIA")).map_or("aws", String::as_str)
    }
}
