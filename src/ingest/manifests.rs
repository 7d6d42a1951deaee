//! Manifests in a working copy: which file, and which line of it, defines an object of a cluster.
//!
//! A manifest says neither which cluster it is for nor, often, which namespace. So an object is looked for by kind and
//! name; a namespace that is written must agree, and of several files the one whose path names the cluster comes first.

use std::fs;
use std::io::{self, BufReader, Read};
use std::path::Path;

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::base::Name;
use crate::model::{EntityKey, Kind};

use super::files::reason;
use super::split::yaml::{self, Part, Piece, Pieces};

/// Where an object is defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Below the directory that was read, `/` between its parts.
    pub file: Name,
    /// 1-based.
    pub line: u32,
    /// Empty where the manifest names none.
    namespace: Name,
}

/// What the manifests below a directory define.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// In the order of files and lines.
    sites: FxHashMap<(Kind, Name), Vec<Site>>,
    /// Documents that define something.
    pub objects: usize,
    /// Files that could not be read or parsed (templates, mostly), by path, and why.
    pub unread: Vec<(String, String)>,
}

/// Kinds as manifests write them.
const KINDS: &[(&str, Kind)] = &[
    ("Pod", Kind::Pod),
    ("Deployment", Kind::Deployment),
    ("StatefulSet", Kind::StatefulSet),
    ("DaemonSet", Kind::DaemonSet),
    ("ReplicaSet", Kind::ReplicaSet),
    ("Job", Kind::Job),
    ("CronJob", Kind::CronJob),
    ("ServiceAccount", Kind::ServiceAccount),
    ("Namespace", Kind::Namespace),
    ("Role", Kind::RbacRole),
    ("RoleBinding", Kind::RoleBinding),
    ("ClusterRole", Kind::ClusterRole),
    ("ClusterRoleBinding", Kind::ClusterRoleBinding),
];

/// Directories nested deeper are left out: nobody keeps manifests there, and a loop ends.
const DEPTH: usize = 24;

/// Files larger than this hold no manifests that a person wrote. Bytes.
const LARGEST: u64 = 8 << 20;

impl Manifests {
    /// Reads every `.yaml`, `.yml` and `.json` file below a directory; hidden directories and symbolic links to
    /// directories are left out. Fails only when the directory itself cannot be listed.
    pub fn read(directory: &Path) -> io::Result<Manifests> {
        let mut manifests = Manifests::default();
        let mut files = Vec::new();
        let names = list(directory)?;
        descend(directory, "", names, 0, &mut files, &mut manifests.unread);
        files.sort();
        for file in &files {
            if let Err(why) = manifests.read_file(&directory.join(file), file) {
                manifests.unread.push((file.clone(), why));
            }
        }
        Ok(manifests)
    }

    fn read_file(&mut self, path: &Path, file: &str) -> Result<(), String> {
        let input = fs::File::open(path).map_err(|error| reason(&error))?.take(LARGEST);
        let mut pieces = Pieces::new(BufReader::new(input));
        let mut failed = None;
        while let Some(piece) = pieces.piece().map_err(|error| reason(&error))? {
            match yaml::value(&piece) {
                Ok(mut value) if piece.part == Part::Document => {
                    let items = yaml::flow_items(&mut value);
                    self.note(file, &piece, &value);
                    items.iter().for_each(|item| self.note(file, &piece, item));
                }
                Ok(value) if piece.part == Part::Item => self.note(file, &piece, &value),
                Ok(_) => {}
                // The other documents of the file may still be sound.
                Err(problem) => failed = failed.or(Some(problem.found)),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn note(&mut self, file: &str, piece: &Piece, value: &Value) {
        let Some(kind) = value["kind"].as_str().and_then(|kind| KINDS.iter().find(|it| it.0 == kind)) else { return };
        // The kind `Role` is also one of AWS controllers.
        let group = value["apiVersion"].as_str().unwrap_or_default();
        if kind.1 == Kind::RbacRole && !group.starts_with("rbac.authorization.k8s.io/") {
            return;
        }
        let Some(name) = value["metadata"]["name"].as_str().filter(|name| !name.is_empty()) else { return };
        let namespace = value["metadata"]["namespace"].as_str().unwrap_or_default();
        self.objects += 1;
        let site = Site { file: file.into(), line: line_of(piece, name), namespace: namespace.into() };
        self.sites.entry((kind.1, name.into())).or_default().push(site);
    }

    /// Where a thing is defined; a container at its pod. Of several manifests that fit, one that names the namespace
    /// comes before one that names none, then one with the cluster in its path, then the first by path.
    pub fn find(&self, key: &EntityKey) -> Option<&Site> {
        let (kind, name) = if key.kind == Kind::Container { (Kind::Pod, &key.pod) } else { (key.kind, &key.name) };
        let sites = self.sites.get(&(kind, name.clone()))?;
        let fits = |it: &&Site| it.namespace.is_empty() || it.namespace == key.namespace;
        let rank = |it: &&Site| {
            let cluster = it.file.split('/').any(|part| part == key.scope.as_str());
            (it.namespace != key.namespace, !cluster)
        };
        sites.iter().filter(fits).min_by_key(rank)
    }
}

/// The line of the name, which is what a reader looks for; else the first line of the document that says something.
fn line_of(piece: &Piece, name: &str) -> u32 {
    let text = String::from_utf8_lossy(&piece.text);
    let says = |line: &str| {
        let line = line.trim_start_matches(['-', ' ', '{', '"']);
        let value = line.strip_prefix("name").map(|rest| rest.trim_start_matches(['"', ' ']));
        let value = value.and_then(|rest| rest.strip_prefix(':')).map(|rest| rest.trim().trim_end_matches(','));
        value.is_some_and(|value| {
            value.trim_matches(['"', '\'']) == name || value.split(" #").next().is_some_and(|it| it.trim() == name)
        })
    };
    let mut lines = text.lines();
    let empty = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    // Labels may hold the same words: the name that counts comes behind `metadata`.
    let metadata = lines.clone().position(|line| line.trim_start_matches(['-', ' ', '"']).starts_with("metadata"));
    let found = metadata.and_then(|from| lines.clone().skip(from).position(says).map(|at| from + at));
    let at = found.or_else(|| lines.position(|line| !empty(line))).unwrap_or(0);
    piece.place.line.saturating_add(u32::try_from(at).unwrap_or(0))
}

fn list(directory: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(directory)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.filter(|name| !name.starts_with('.')).collect())
}

fn descend(
    directory: &Path,
    prefix: &str,
    names: Vec<String>,
    depth: usize,
    out: &mut Vec<String>,
    unread: &mut Vec<(String, String)>,
) {
    for name in names {
        let (path, relative) = (directory.join(&name), format!("{prefix}{name}"));
        let wanted = [".yaml", ".yml", ".json"].iter().any(|it| name.ends_with(it));
        // Links to files are followed, those to directories are not: they may lead back up.
        match fs::symlink_metadata(&path) {
            Ok(it) if it.is_dir() && depth < DEPTH => match list(&path) {
                Ok(names) => descend(&path, &format!("{relative}/"), names, depth + 1, out, unread),
                Err(error) => unread.push((relative, reason(&error))),
            },
            Ok(it) if it.is_dir() => unread.push((relative, "nested too deep".to_owned())),
            Ok(_) if !wanted => {}
            Ok(_) => match fs::metadata(&path) {
                Ok(it) if it.is_file() && it.len() <= LARGEST => out.push(relative),
                Ok(it) if it.is_file() => unread.push((relative, "too large for a manifest".to_owned())),
                Ok(_) => {}
                Err(error) => unread.push((relative, reason(&error))),
            },
            Err(error) => unread.push((relative, reason(&error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifests(files: &[(&str, &str)]) -> Manifests {
        let directory = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Manifests::read(directory.path()).unwrap()
    }

    fn place(manifests: &Manifests, address: &str) -> Option<String> {
        let site = manifests.find(&EntityKey::parse(address).unwrap())?;
        Some(format!("{}:{}", site.file, site.line))
    }

    #[test]
    fn an_object_is_found_at_the_line_of_its_name() {
        let found = manifests(&[
            (
                "a.yaml",
                "# one\n---\nkind: Deployment\nmetadata:\n  labels:\n    app: x\n  name: api\n  namespace: shop\n",
            ),
            ("b/list.yaml", "kind: List\nitems:\n- kind: ServiceAccount\n  metadata:\n    name: api # ours\n"),
            ("c.json", "{\"kind\":\"Pod\",\n \"metadata\":{\n  \"name\": \"one\",\n  \"namespace\":\"shop\"}}"),
            ("d.json", "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"flat\"}}"),
            ("e.txt", "kind: Pod\nmetadata: {name: no}\n"),
        ]);
        assert_eq!(place(&found, "deployment/prod/shop/api").as_deref(), Some("a.yaml:7"));
        assert_eq!(place(&found, "sa/prod/shop/api").as_deref(), Some("b/list.yaml:5"));
        assert_eq!(place(&found, "pod/prod/shop/one").as_deref(), Some("c.json:3"));
        assert_eq!(place(&found, "pod/prod/any/flat").as_deref(), Some("d.json:1"));
        assert_eq!(place(&found, "pod/prod/shop/no"), None);
        assert_eq!(place(&found, "deployment/prod/other/api"), None, "its namespace is another");
        assert_eq!(found.objects, 4);
    }

    #[test]
    fn of_several_the_one_for_the_cluster_is_taken() {
        let text = "kind: ServiceAccount\nmetadata:\n  name: api\n";
        let found = manifests(&[("base/sa.yaml", text), ("prod/sa.yaml", text), ("staging/sa.yaml", text)]);
        assert_eq!(place(&found, "sa/prod/shop/api").as_deref(), Some("prod/sa.yaml:3"));
        assert_eq!(place(&found, "sa/dev/shop/api").as_deref(), Some("base/sa.yaml:3"));
    }

    #[test]
    fn a_template_does_not_hide_the_rest_of_its_file() {
        let text = "kind: Pod\nmetadata: {{ x }}: {{\n---\nkind: Pod\nmetadata:\n  name: one\n";
        let found = manifests(&[("t.yaml", text), (".git/x.yaml", "kind: Pod\nmetadata: {name: hidden}\n")]);
        assert_eq!(place(&found, "pod/c/n/one").as_deref(), Some("t.yaml:6"));
        assert_eq!(found.unread.len(), 1);
        assert_eq!(place(&found, "pod/c/n/hidden"), None);
    }
}
