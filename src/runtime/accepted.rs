//! The file of accepted findings on disk: read, and changed row by row.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::findings::Acceptance;
use crate::findings::acceptance::{Change, change, read as parse};

use super::save::{self, Existing};

/// Reads the file.
///
/// # Errors
/// In one line: it is not there, or cannot be read.
pub fn read(path: &Path) -> Result<Vec<Acceptance>, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    parse(&text).map_err(|error| error.to_string())
}

/// Reads the file; one that is not there accepts nothing.
///
/// # Errors
/// In one line: it is there and cannot be read.
pub fn read_if_there(path: &Path) -> Result<Vec<Acceptance>, String> {
    match path.try_exists() {
        Ok(false) => Ok(Vec::new()),
        _ => read(path),
    }
}

/// Changes one row of the file as it stands now, which another may have written meanwhile, and gives what it then
/// holds. The file is replaced whole; a link to it stays a link, and its mode stays.
///
/// # Errors
/// In one line: it cannot be read, is laid out in a way that cannot be changed by the row, or cannot be written.
pub fn write(path: &Path, wanted: &Change) -> Result<Vec<Acceptance>, String> {
    let file: PathBuf = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (text, mode) = match fs::read_to_string(&file) {
        Ok(text) => (text, fs::metadata(&file).ok().map(|it| it.permissions())),
        Err(error) if error.kind() == ErrorKind::NotFound => (String::new(), None),
        Err(error) => return Err(error.to_string()),
    };
    let changed = change(&text, wanted).map_err(|error| error.to_string())?;
    let existing = if mode.is_some() { Existing::Replace } else { Existing::Refuse };
    save::write(&file, changed.as_bytes(), existing).map_err(|error| error.to_string())?;
    if let Some(mode) = mode {
        // It is kept in git and read by others; what only its owner may read stays so.
        fs::set_permissions(&file, mode).map_err(|error| error.to_string())?;
    }
    parse(&changed).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::model::EntityKey;

    fn acceptance(print: &str) -> Acceptance {
        Acceptance {
            fingerprint: print.into(),
            rule: "IRSA-001".into(),
            subject: EntityKey::parse("role/111122223333:api").expect("an address"),
            reason: "sandbox".into(),
            by: "ann".into(),
            until: "2027-03-31".parse().expect("a date"),
        }
    }

    #[test]
    fn a_row_is_added_and_taken_back_and_the_file_keeps_its_mode_and_its_link() {
        let directory = tempfile::tempdir().expect("a directory");
        let (file, link) = (directory.path().join("accepted.yaml"), directory.path().join("link.yaml"));
        assert_eq!(read_if_there(&file), Ok(Vec::new()));
        assert_eq!(write(&file, &Change::Accept(acceptance("aaaa"))), Ok(vec![acceptance("aaaa")]));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("set");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        assert_eq!(write(&link, &Change::Accept(acceptance("bbbb"))).expect("written").len(), 2);
        assert_eq!(read(&file).expect("read").len(), 2);
        assert!(link.symlink_metadata().expect("there").is_symlink());
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o644);
        assert_eq!(write(&file, &Change::Withdraw("aaaa".into())), Ok(vec![acceptance("bbbb")]));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_written_over() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("accepted.yaml");
        fs::write(&file, "what: ever\n").expect("written");
        assert!(write(&file, &Change::Accept(acceptance("aaaa"))).is_err());
        assert_eq!(fs::read_to_string(&file).expect("read"), "what: ever\n");
    }
}
