//! Files that the program writes: whole or not at all, readable by their owner alone, nothing overwritten unasked.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What to do when the file exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    Refuse,
    Replace,
}

/// Writes a file with mode 0600: first beside its place, then moved there, so that nobody ever sees half of it.
///
/// # Errors
/// `AlreadyExists` when it exists and was not to be replaced; whatever the file system says.
pub fn write(path: &Path, content: &[u8], existing: Existing) -> io::Result<()> {
    if existing == Existing::Refuse && path.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let beside = beside(path)?;
    let written = write_new(&beside, content).and_then(|()| match existing {
        Existing::Replace => fs::rename(&beside, path),
        // A link fails when the name was taken meanwhile; a rename would replace it.
        Existing::Refuse => fs::hard_link(&beside, path).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            // Some file systems know no links.
            _ => fs::rename(&beside, path),
        }),
    });
    let _ = fs::remove_file(&beside);
    written?;
    // The new name lasts once its directory is on disk too; some file systems cannot be asked for that.
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = fs::File::open(directory).and_then(|directory| directory.sync_all());
    Ok(())
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn beside(path: &Path) -> io::Result<PathBuf> {
    let name =
        path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "this is no name of a file"))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.part", std::process::id()));
    Ok(path.with_file_name(hidden))
}

/// Makes a directory and those above it, open to their owner alone. One that exists stays as it is.
///
/// # Errors
/// Whatever the file system says.
pub fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The path with a leading `~/` put in full, as a person types it on the command line of the screens.
pub fn expand(typed: &str) -> PathBuf {
    match (typed.strip_prefix("~/"), etcetera::home_dir()) {
        (Some(rest), Ok(home)) => home.join(rest),
        _ => PathBuf::from(typed),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_written_for_its_owner_alone_and_nothing_else_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("pods.csv");
        write(&file, b"a,b\n", Existing::Refuse).expect("written");
        assert_eq!(fs::read(&file).expect("read"), b"a,b\n");
        assert_eq!(fs::metadata(&file).expect("exists").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 1);
    }

    #[test]
    fn an_existing_file_is_replaced_only_when_asked() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("pods.csv");
        write(&file, b"old", Existing::Refuse).expect("written");
        let refused = write(&file, b"new", Existing::Refuse).expect_err("it exists");
        assert_eq!((refused.kind(), fs::read(&file).expect("read")), (io::ErrorKind::AlreadyExists, b"old".to_vec()));
        write(&file, b"new", Existing::Replace).expect("replaced");
        assert_eq!(fs::read(&file).expect("read"), b"new");
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 1);
    }

    #[test]
    fn a_dangling_link_counts_as_existing() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("link");
        std::os::unix::fs::symlink(directory.path().join("nowhere"), &file).expect("linked");
        assert_eq!(write(&file, b"x", Existing::Refuse).expect_err("exists").kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let directory = tempfile::tempdir().expect("a directory");
        assert!(write(&directory.path().join("missing/pods.csv"), b"x", Existing::Refuse).is_err());
        assert!(write(Path::new("/"), b"x", Existing::Replace).is_err());
        assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 0);
    }
}
