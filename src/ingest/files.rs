//! The files of a snapshot: a directory on disk, or one that is built into the program.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

/// Where the files of a snapshot are.
#[derive(Clone, Debug)]
pub enum Files {
    Disk(PathBuf),
    /// Paths with `/` between their parts, and contents.
    Embedded(Arc<[(&'static str, &'static [u8])]>),
}

/// One file below the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the root, `/` between its parts.
    pub path: String,
    /// Bytes as stored.
    pub size: u64,
    pub modified: Option<Timestamp>,
}

/// What a walk over the files found, sorted by path.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    pub entries: Vec<Entry>,
    /// Every directory below the root, also an empty one.
    pub directories: Vec<String>,
    /// Paths that could not be looked at, and why.
    pub unreadable: Vec<(String, String)>,
}

/// The layout is three directories deep; what lies further down is not of it.
const DEPTH: usize = 4;

impl Files {
    /// Lists everything. Fails only when the root itself cannot be listed.
    pub fn walk(&self) -> io::Result<Walk> {
        let mut walk = Walk::default();
        match self {
            Files::Disk(root) => {
                let names = list(root)?;
                let mut above = vec![fs::canonicalize(root).unwrap_or_else(|_| root.clone())];
                descend(root, "", names, &mut above, &mut walk);
            }
            Files::Embedded(files) => {
                for (path, bytes) in files.iter() {
                    let mut rest = *path;
                    while let Some((directory, _)) = rest.rsplit_once('/') {
                        walk.directories.push(directory.to_owned());
                        rest = directory;
                    }
                    walk.entries.push(Entry { path: (*path).to_owned(), size: bytes.len() as u64, modified: None });
                }
            }
        }
        walk.entries.sort_by(|a, b| a.path.cmp(&b.path));
        walk.directories.sort();
        walk.directories.dedup();
        Ok(walk)
    }

    pub fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Files::Disk(root) => Ok(Box::new(fs::File::open(root.join(path))?)),
            Files::Embedded(files) => {
                let found = files.iter().find(|(name, _)| *name == path);
                let (_, bytes) = found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
                Ok(Box::new(*bytes))
            }
        }
    }
}

fn list(directory: &Path) -> io::Result<Vec<Result<String, String>>> {
    fs::read_dir(directory)?
        .map(|entry| Ok(entry?.file_name().into_string().map_err(|name| name.to_string_lossy().into_owned())))
        .collect()
}

fn descend(
    directory: &Path,
    prefix: &str,
    names: Vec<Result<String, String>>,
    above: &mut Vec<PathBuf>,
    out: &mut Walk,
) {
    for name in names {
        let name = match name {
            Ok(name) => name,
            Err(lossy) => {
                out.unreadable.push((format!("{prefix}{lossy}"), "its name is not UTF-8".to_owned()));
                continue;
            }
        };
        let (path, relative) = (directory.join(&name), format!("{prefix}{name}"));
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) => {
                out.unreadable.push((relative, reason(&error)));
                continue;
            }
        };
        if metadata.is_file() {
            let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
            out.entries.push(Entry { path: relative, size: metadata.len(), modified });
        } else if metadata.is_dir() {
            out.directories.push(relative.clone());
            if above.len() >= DEPTH {
                continue;
            }
            let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            if above.contains(&real) {
                out.unreadable.push((relative, "a symbolic link that leads back up".to_owned()));
                continue;
            }
            match list(&path) {
                Ok(names) => {
                    above.push(real);
                    descend(&path, &format!("{relative}/"), names, above, out);
                    above.pop();
                }
                Err(error) => out.unreadable.push((relative, reason(&error))),
            }
        } else {
            // Opening a pipe or a device could wait for ever.
            out.unreadable.push((relative, "neither a file nor a directory".to_owned()));
        }
    }
}

/// Why a file could not be read, in our words where the cause is a common one.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "not found".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied by the file system".to_owned(),
        _ if error.raw_os_error() == Some(40) => "a symbolic link that leads in a circle".to_owned(),
        _ => error.to_string().to_lowercase(),
    }
}
