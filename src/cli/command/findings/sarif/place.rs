//! Where results stand: in the manifest that defines the thing, else in the file of the snapshot that it was read from.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::base::text::clean;
use crate::cli::args::SourceArgs;
use crate::cli::command::findings::record::FindingRecord;
use crate::cli::source;
use crate::estate::Estate;
use crate::ingest::manifests::Manifests;
use crate::model::{EntityKey, Kind, SourceKind};

use super::Message;

/// Paths are below the directory that the command was run in.
const ROOT: &str = "SRCROOT";
/// Paths are names of sources; nothing of these names lies on this machine.
const SNAPSHOT: &str = "SNAPSHOT";

/// What stands in a path of a URI as it is (RFC 3986, unreserved), and the slash between its parts.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// A `location`.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<MessageText>,
    physical_location: Physical,
    logical_locations: [Logical; 1],
}

#[derive(Clone, Serialize)]
struct MessageText {
    text: String,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

/// An entry of `originalUriBaseIds`.
#[derive(Serialize)]
pub struct Base {
    description: Message,
}

/// Finds places.
pub struct Places<'a> {
    estate: &'a Estate,
    manifests: Option<(PathBuf, Manifests)>,
    /// The directory of dumps that the data came from.
    dumps: Option<PathBuf>,
    live: bool,
    known: RefCell<FxHashMap<EntityKey, Physical>>,
}

impl<'a> Places<'a> {
    /// `manifests` with the directory they were read from.
    pub fn new(estate: &'a Estate, data: &SourceArgs, manifests: Option<(PathBuf, Manifests)>) -> Places<'a> {
        Places {
            estate,
            manifests,
            dumps: data.snapshot.clone().filter(|path| path.is_dir()),
            live: source::is_live(data),
            known: RefCell::default(),
        }
    }

    pub fn bases(&self) -> BTreeMap<&'static str, Base> {
        let base = |text: &str| Base { description: Message::new(text) };
        let mut bases = BTreeMap::from([(ROOT, base("The directory that the command was run in."))]);
        if self.dumps.is_none() {
            let what = if self.live {
                "Names of the sources that were asked; there are no files of these names."
            } else {
                "The snapshot that was read; its files are not on this machine."
            };
            bases.insert(SNAPSHOT, base(what));
        }
        bases
    }

    /// The manifest of the subject, else of its workload; else the stored text of the subject.
    pub fn of_finding(&self, row: &FindingRecord) -> Location {
        let manifest = self.manifest(row.key()).or_else(|| self.manifest(row.workload()?));
        let physical = manifest.unwrap_or_else(|| self.stored(row.key()));
        Location { id: None, message: None, physical_location: physical, logical_locations: [logical(&row.subject)] }
    }

    /// One thing that speaks for a finding, with what was seen there.
    pub fn of_evidence(&self, id: usize, address: &str, seen: String) -> Location {
        let key = EntityKey::parse(address).unwrap_or_else(|| EntityKey::plain(Kind::Resource, address));
        Location {
            id: Some(id),
            message: Some(MessageText { text: clean(&seen).into_owned() }),
            physical_location: self.manifest(&key).unwrap_or_else(|| self.stored(&key)),
            logical_locations: [logical(address)],
        }
    }

    fn manifest(&self, key: &EntityKey) -> Option<Physical> {
        let (directory, manifests) = self.manifests.as_ref()?;
        let site = manifests.find(key)?;
        Some(physical(below(directory, &site.file), Some(site.line)))
    }

    fn stored(&self, key: &EntityKey) -> Physical {
        if let Some(known) = self.known.borrow().get(key) {
            return known.clone();
        }
        let found = match self.estate.origin(key) {
            Some(origin) => self.source(&origin.file, Some(origin.line)),
            None => self.source(&self.source_of(key), None),
        };
        self.known.borrow_mut().insert(key.clone(), found.clone());
        found
    }

    fn source(&self, path: &str, line: Option<u32>) -> Physical {
        match &self.dumps {
            Some(directory) => physical(below(directory, path), line),
            None => {
                // Live, the name of an object follows that of its source.
                let path = if self.live { path.split('#').next().unwrap_or(path) } else { path };
                let line = line.filter(|_| !self.live);
                physical(Artifact { uri: encoded(path), uri_base_id: Some(SNAPSHOT) }, line)
            }
        }
    }

    /// The source that would hold a thing.
    fn source_of(&self, key: &EntityKey) -> String {
        let inventory = &self.estate.inventory;
        let label = if key.kind == Kind::Cluster { &key.name } else { &key.scope };
        let kind = match key.kind {
            Kind::Cluster => SourceKind::Cluster,
            Kind::Namespace => SourceKind::Namespaces,
            Kind::Node => SourceKind::Nodes,
            Kind::Deployment => SourceKind::Deployments,
            Kind::StatefulSet => SourceKind::StatefulSets,
            Kind::DaemonSet => SourceKind::DaemonSets,
            Kind::ReplicaSet => SourceKind::ReplicaSets,
            Kind::Job => SourceKind::Jobs,
            Kind::CronJob => SourceKind::CronJobs,
            Kind::Pod | Kind::Container => SourceKind::Pods,
            Kind::ServiceAccount => SourceKind::ServiceAccounts,
            Kind::RbacRole => SourceKind::Roles,
            Kind::RoleBinding => SourceKind::RoleBindings,
            Kind::ClusterRole => SourceKind::ClusterRoles,
            Kind::ClusterRoleBinding | Kind::User | Kind::Group => SourceKind::ClusterRoleBindings,
            Kind::Association => SourceKind::AssociationList,
            Kind::Provider => SourceKind::ProviderList,
            Kind::Role | Kind::IamUser | Kind::Policy | Kind::Resource | Kind::Finding => SourceKind::Iam,
        };
        let source = match inventory.clusters.get(label) {
            Some(cluster) => Some(cluster.source(kind)),
            None => inventory.accounts.get(label).or(inventory.accounts.values().next()).map(|it| it.source(kind)),
        };
        source.map_or_else(|| "world.json".to_owned(), |it| it.to_string())
    }
}

fn physical(artifact_location: Artifact, line: Option<u32>) -> Physical {
    let region = line.filter(|line| *line > 0).map(|start_line| Region { start_line });
    Physical { artifact_location, region }
}

fn logical(address: &str) -> Logical {
    let key = EntityKey::parse(address);
    Logical {
        name: key.as_ref().map_or_else(|| address.to_owned(), |key| key.name.to_string()),
        fully_qualified_name: address.to_owned(),
        kind: key.map_or("resource", |key| key.kind.word()),
    }
}

/// A file below a directory as it was given: relative to where the command was run, or absolute.
fn below(directory: &Path, file: &str) -> Artifact {
    let mut parts: Vec<String> = Vec::new();
    for part in directory.components() {
        match part {
            Component::CurDir => {}
            Component::RootDir => parts.push(String::new()),
            part => parts.push(part.as_os_str().to_string_lossy().into_owned()),
        }
    }
    parts.push(file.to_owned());
    let path = encoded(&parts.join("/"));
    match directory.is_absolute() {
        true => Artifact { uri: format!("file://{path}"), uri_base_id: None },
        false => Artifact { uri: path, uri_base_id: Some(ROOT) },
    }
}

fn encoded(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uris() {
        let uri = |directory: &str, file: &str| below(Path::new(directory), file).uri;
        assert_eq!(uri("./k8s/", "a b/c#d.yaml"), "k8s/a%20b/c%23d.yaml");
        assert_eq!(uri("../x", "é:.json"), "../x/%C3%A9%3A.json");
        assert_eq!(uri("/srv/dumps", "aws/iam.json"), "file:///srv/dumps/aws/iam.json");
        assert_eq!(uri(".", "a.yaml"), "a.yaml");
    }
}
